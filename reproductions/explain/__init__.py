"""Scaled dot-product attention, step by step, with the real numbers of a trained Transformer.

steps       the five steps from queries, keys and values, in numpy, each kept
trained     the steps of one attention of a trained Transformer, over a sentence
narration   the steps in words, with one query's own numbers
terminal    the steps as text
page        the steps as one page with coloured matrices, which opens without a network
"""
