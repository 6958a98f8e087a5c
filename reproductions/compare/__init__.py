"""Finished runs over the same sentences or images, as numbers and pictures.

comparison      what a comparison is, and which runs can be compared
translators     scores, significance, the same words on the same axes, BLEU by length, views
classifiers     accuracy, where each model looks beside controls, the same images map beside map
seeds           groups of runs that differ in their seed alone

In translators and classifiers, ``compare`` makes a :class:`comparison.Comparison` of the folders of runs.
"""
