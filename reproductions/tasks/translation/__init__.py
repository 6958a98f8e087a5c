"""From a model's evaluation step to translations and alignments: records, scores, pictures."""
