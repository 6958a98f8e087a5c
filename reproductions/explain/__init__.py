"""Scaled dot-product attention, step by step, with the real numbers of a trained Transformer.

steps       the five steps from queries, keys and values, in numpy
places      where there is such an attention, and which layers and heads a run has
trained     the steps of one attention of a trained Transformer, over a sentence
narration   the steps in words, with the numbers of one query
terminal    the steps as text
page        the steps as one self-contained page with coloured matrices
"""
