"""All scores of one split of sentences, by their names in the log, in files and in the report."""

from collections.abc import Collection
from typing import Any

import numpy as np

from reproductions.evaluation.arrays import Doubles
from reproductions.evaluation.measures.bootstrap import bootstrap
from reproductions.evaluation.measures.text import perplexity, perplexity_of_sums
from reproductions.evaluation.records.sentence import Agreed, ReadSentence
from reproductions.tasks.language.collect import Reach


def scores(read: Collection[ReadSentence], reach: Collection[Reach]) -> dict[str, float]:
    """Numbers of one split: perplexity, agreement where forms must agree, and the reach of the attention, if any."""
    nats, tokens = _sums(read).sum(axis=0)
    result = {"perplexity": perplexity(nats, tokens), "log_likelihood": -nats / tokens}
    agreements = _agreements(read)
    misled = [agreed for agreed in agreements if agreed.misled]
    for name, group in (("agreement", agreements), ("agreement_misled", misled)):
        if group:
            result[name] = sum(agreed.right for agreed in group) / len(group)
    rows = sum(sentence.rows for sentence in reach)
    for name in ("previous", "start", "distance") if rows else ():
        result[f"attention/{name}"] = sum(getattr(sentence, name) for sentence in reach) / rows
    return {name: float(value) for name, value in result.items()}


def details(read: Collection[ReadSentence]) -> dict[str, Any]:
    """Values beside the scores: counts, and a 95 % interval."""
    agreements = _agreements(read)
    return {
        "sentences": len(read),
        "tokens": sum(sentence.tokens for sentence in read),
        "perplexity_interval": bootstrap(_sums(read), perplexity_of_sums).bounds,
        "agreements": {
            "right": sum(agreed.right for agreed in agreements),
            "of": len(agreements),
            "misled_right": sum(agreed.right for agreed in agreements if agreed.misled),
            "misled": sum(agreed.misled for agreed in agreements),
        },
    }


def _sums(read: Collection[ReadSentence]) -> Doubles:
    """(sentences, 2): nats and tokens of each."""
    return np.array([(sum(sentence.surprisal), sentence.tokens) for sentence in read], dtype=np.float64)


def _agreements(read: Collection[ReadSentence]) -> list[Agreed]:
    return [agreed for sentence in read for agreed in sentence.agreements]
