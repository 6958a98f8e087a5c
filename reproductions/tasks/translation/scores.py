"""All scores of one split, under the names they have in the log, in files and in the report."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from reproductions.evaluation.measures.alignment import (
    aer_of_sums,
    alignment_error_rate,
    alignment_table,
    diagonal_baseline,
    gold_mass,
    gold_of,
    reordering,
)
from reproductions.evaluation.measures.attention import health
from reproductions.evaluation.measures.bootstrap import bootstrap
from reproductions.evaluation.measures.text import bleu_of_sums, bleu_statistics, score_records
from reproductions.evaluation.records.translation import AlignedTranslation, Translated


def scores(
    translated: Sequence[Translated],
    forced: Sequence[AlignedTranslation],
    language: str,
    nll: float,
    words: int,
) -> dict[str, float]:
    """Numbers of one split: texts, perplexity, alignment where there is gold, health of the attention.

    Args:
        translated: the translations.
        forced: alignments over the references; empty for a model without attention.
        language: of the target.
        nll, words: -log p of the references in nats, and how many tokens that is.
    """
    text = score_records(translated, language)
    result = {
        "bleu": text.bleu,
        "bleu_tokenised": text.bleu_tokenised,
        "chrf": text.chrf,
        "exact": text.exact,
        "length_ratio": text.length_ratio,
        "perplexity": math.exp(min(nll / words, 700)),
    }
    if forced:
        result |= {f"attention/{name}": value for name, value in asdict(health(forced)).items()}
    if gold := [record for record in forced if record.gold is not None]:
        alignment = alignment_error_rate(gold)
        result |= {"aer": alignment.aer, "precision": alignment.precision, "recall": alignment.recall}
        result |= {"gold_mass": gold_mass(gold), "reordering": reordering(gold).fidelity}
    return {name: float(value) for name, value in result.items()}


def details(translated: Sequence[Translated], forced: Sequence[AlignedTranslation], language: str) -> dict[str, Any]:
    """What a reader needs beside the numbers: signatures, confidence intervals, and what no learning would score."""
    text = score_records(translated, language)
    table = bleu_statistics(
        hypotheses=[record.hypothesis for record in translated], references=[record.reference for record in translated]
    )
    result: dict[str, Any] = {
        "sentences": len(translated),
        "bleu_interval": _interval(bootstrap(table, bleu_of_sums)),
        "bleu_signature": text.bleu_signature,
        "bleu_tokenised_signature": text.bleu_tokenised_signature,
        "chrf_signature": text.chrf_signature,
    }
    if forced:
        result["view"] = forced[0].view
    if gold := [record for record in forced if record.gold is not None]:
        lengths = [(len(record.target_words), len(record.source_words)) for record in gold]
        swaps = reordering(gold)
        result |= {
            "aer_interval": _interval(bootstrap(alignment_table(gold), aer_of_sums)),
            "aer_of_the_diagonal": diagonal_baseline([gold_of(record) for record in gold], lengths).aer,
            "inversions": swaps.swaps,
            "inversions_kept": swaps.kept,
        }
    return result


def _interval(interval: Any) -> list[float]:
    return [float(np.round(value, 4)) for value in (interval.low, interval.high)]
