"""Pictures: a record or a curve in, a matplotlib Figure out. No path, no step, no logger, no pyplot.

Source across, target down; weights between words share one scale, 0 to 1. A map over an image has a scale of its own, from 0 to
its highest patch.
"""

from reproductions.evaluation.plots.attended import attended, attended_strip
from reproductions.evaluation.plots.bars import rungs
from reproductions.evaluation.plots.captions import captioned
from reproductions.evaluation.plots.connections import Connected, connections
from reproductions.evaluation.plots.curves import bleu_by_length, learning_curves
from reproductions.evaluation.plots.heads import film, heads
from reproductions.evaluation.plots.interventions import interventions
from reproductions.evaluation.plots.localisation import beside_controls, confusion, located_words
from reproductions.evaluation.plots.overlay import Photo
from reproductions.evaluation.plots.pages import alignment, alignment_grid, alignment_strip, difference
from reproductions.evaluation.plots.removal import removal
from reproductions.evaluation.plots.selection import image_view_grid, view_grid
from reproductions.evaluation.plots.vit import figure_6, figure_7, figure_11
