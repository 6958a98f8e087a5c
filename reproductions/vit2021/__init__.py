"""Dosovitskiy et al. (2021), "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale"."""

HUB = "torchvision:"  # how the name of published weights begins; others are files
