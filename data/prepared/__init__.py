"""Raw data -> arrays on disk, once.

folder      where settings are prepared, and what the three share: JSON, mapped arrays, damage
ids         sentences as flat arrays of ids
text        pairs of sentences -> ids of both sides
images      images -> pixels, masks, labels
captions    images with captions -> both
"""
