"""From a model's evaluation step to answers and maps over images: records, scores, pictures."""
