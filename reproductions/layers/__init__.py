"""What a model may use besides attention.

dropout         dropout that draws fewer random numbers
cross_entropy   the loss over the vocabulary, in blocks
checks          checks of the fields of a recipe or a network
"""
