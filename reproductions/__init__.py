"""Attention, then and now: the papers of the attention timeline, trained and measured on one set of data.

Shapes, declared once and used in every file::

    B  sentences (or images) in a batch      D  width of a vector
    S  source positions, the keys            K  width of a key
    T  target positions, the queries         V  words in a vocabulary
    L  layers    H  heads    N  real (unpadded) target positions of a batch

Every attention map is ``maps (B, L, H, T, S)``: rows are the target, columns the source, as in Figure 3 of Bahdanau et
al. (2014). A mask is boolean and True where a position may be attended.
"""

import data  # noqa: F401  (declares what torchvision needs, before anything here imports lightning)
