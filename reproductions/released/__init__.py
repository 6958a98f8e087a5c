"""Runs that travel. A released run is a folder of what restores and describes it::

    config.yaml         every setting
    model.safetensors   weights in half precision, see ``training.portable``
    tokenizers/         or preprocessing.json: what was derived from the data
    evaluation/         scores.json, of these weights
    summary.json, views.json, validation.jsonl
    gallery/            optional: pictures for a classifier, each named after its class
    README.md           the model card, made from these

copies      commands work in a copy, an ordinary run under ``runs/released/``
writing     from a run to such a folder
card        the model card
hub         from and to Hugging Face
"""

from reproductions.released.copies import GIVEN, chosen, is_copy, located, offered, stand_in, take
