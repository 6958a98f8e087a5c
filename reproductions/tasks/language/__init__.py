"""Language models: the surprisal of each word, and intra-attention."""
