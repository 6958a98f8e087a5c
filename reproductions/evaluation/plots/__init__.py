"""Pictures: a record or a curve in, a matplotlib Figure out. No path, no step, no logger, no pyplot.

    alignment         one record, as Figure 3 of Bahdanau et al. 2014 with labels and numbers
    alignment_strip   several models over the same words, on the same axes: then and now
    difference        two models over the same words, and one minus the other
    alignment_grid    several sentences on one page
    bleu_by_length    Figure 2 of Bahdanau et al. 2014 with bootstrap bands
    rungs             several measures of several systems, as bars
    training_curves   losses and scores over training
    view_grid         alignment error rate of every layer, head and shift

Source across, target down; one scale, 0 to 1, for every weight.
"""

from reproductions.evaluation.plots.bars import rungs
from reproductions.evaluation.plots.curves import Curve, bleu_by_length, training_curves
from reproductions.evaluation.plots.pages import alignment, alignment_grid, alignment_strip, difference
from reproductions.evaluation.plots.selection import view_grid

__all__ = [
    "Curve",
    "alignment",
    "alignment_grid",
    "alignment_strip",
    "bleu_by_length",
    "difference",
    "rungs",
    "training_curves",
    "view_grid",
]
