"""Scaled dot-product attention, step by step, with the real numbers of a trained Transformer.

steps      the five steps from queries, keys and values, in numpy, each kept
trained    the steps of a trained Transformer over a sentence
told       the steps in words, with one query's own numbers
terminal   the steps as text
picture    the steps as a figure
page       the steps as one page that opens without a network
"""
