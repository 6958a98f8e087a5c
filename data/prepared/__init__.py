"""Raw data -> arrays on disk, once.

folder      where settings are prepared, and what a damaged folder is
text        pairs of sentences -> ids of both sides
images      images -> pixels, masks, labels
captions    images with captions -> both
"""
