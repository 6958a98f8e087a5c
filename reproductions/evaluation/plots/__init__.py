"""Pictures: a record or a curve in, a matplotlib Figure out. No path, no step, no logger, no pyplot.

    alignment         one record, as Figure 3 of Bahdanau et al. 2014 with labels and numbers
    alignment_strip   several models over the same words, on the same axes: then and now
    difference        two models over the same words, and one minus the other
    alignment_grid    several sentences on one page
    attended          one image, where a classifier looked, and both over one another
    attended_strip    one image and where several classifiers looked, side by side: then and now
    heads             every layer and head over one image
    image_view_grid   how well each layer, head and rollout finds the object
    film              maps over one image in a row: through the layers, or through training
    captioned         an image and a map for each word of its caption, as Figure 3 of Xu et al. 2015; several models
    located_words     how well each kind of word is located
    figure_6          images and what is attended to, as Figure 6 of Dosovitskiy et al. 2021
    figure_7          filters, positions and attention distance, as their Figure 7
    figure_11         attention distance by head and depth, as their Figure 11
    beside_controls   how well maps find the object, beside controls
    removal           how the probability of a class goes as patches go or come, beside controls
    confusion         which classes are taken for which, and whether probabilities hold
    bleu_by_length    Figure 2 of Bahdanau et al. 2014 with bootstrap bands
    rungs             several measures of several systems, as bars
    training_curves   losses and scores over training
    view_grid         alignment error rate of every layer, head and shift

Source across, target down; one scale, 0 to 1, for every weight between words. Maps over images have their own, from 0 to
the highest patch.
"""

from reproductions.evaluation.plots.attended import attended, attended_strip
from reproductions.evaluation.plots.bars import rungs
from reproductions.evaluation.plots.captions import captioned, located_words
from reproductions.evaluation.plots.curves import Curve, bleu_by_length, training_curves
from reproductions.evaluation.plots.heads import film, heads
from reproductions.evaluation.plots.localisation import beside_controls, confusion
from reproductions.evaluation.plots.overlay import Photo
from reproductions.evaluation.plots.pages import alignment, alignment_grid, alignment_strip, difference
from reproductions.evaluation.plots.removal import removal
from reproductions.evaluation.plots.selection import image_view_grid, view_grid
from reproductions.evaluation.plots.vit import figure_6, figure_7, figure_11

__all__ = [
    "Curve",
    "Photo",
    "alignment",
    "alignment_grid",
    "alignment_strip",
    "attended",
    "attended_strip",
    "beside_controls",
    "bleu_by_length",
    "captioned",
    "confusion",
    "difference",
    "figure_11",
    "figure_6",
    "figure_7",
    "film",
    "heads",
    "image_view_grid",
    "located_words",
    "removal",
    "rungs",
    "training_curves",
    "view_grid",
]
