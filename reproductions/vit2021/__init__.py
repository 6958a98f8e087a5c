"""Dosovitskiy et al. (2021), "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale"."""

HUB, TIMM, HF = "torchvision:", "timm:", "hf:"  # how the names of published weights begin; others are files or runs
NAMED = (HUB, TIMM, HF)
