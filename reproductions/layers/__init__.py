"""What a model may use besides attention.

looped          a linear map in a loop, with one matrix product for its gradient
dropout         dropout that draws fewer random numbers
cross_entropy   the loss over the vocabulary, in blocks
checks          checks of the fields of a recipe or a network
"""
