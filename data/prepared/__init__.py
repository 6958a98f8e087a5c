"""Raw data -> arrays on disk, once.

folder      where settings are prepared, and what the three share: JSON, mapped arrays, damage
workers     a function of many chunks on every core
ids         sentences as flat arrays of ids
spool       the words of training pairs on disk, numbered; resumed after an interruption
text        pairs of sentences -> ids of both sides
aligner     word links of pairs without gold, by a statistical aligner
links       the training pairs of a prepared text -> their links
images      images -> pixels, masks, labels
captions    images with captions -> both
"""
