"""From a model's evaluation step to the surprisal of each word and intra-attention: records, scores, pictures."""
