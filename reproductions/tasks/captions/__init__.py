"""From a model's evaluation step to captions and a map for each word: records, scores, pictures."""
