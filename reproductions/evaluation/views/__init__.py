"""Which part of a model's maps is shown.

part        one layer and head, or the mean of all
alignment   which layer, head and step make the one alignment matrix of a translator; pieces into words
image       which weights and gradients make the one map of an image: rollouts, Grad-CAM, controls
"""
