"""All scores of one split of translations, by their names in the log, in files and in the report."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

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
from reproductions.evaluation.measures.text import TextScores, bleu_of_sums, bleu_table, multi_bleu, perplexity
from reproductions.evaluation.records.translation import AlignedTranslation, Translated
from reproductions.tasks.translation.collect import CollectedTranslations

SIGNED = ("bleu", "bleu_tokenised", "multi_bleu", "chrf")


def scores(collected: CollectedTranslations, text: TextScores, language: str) -> dict[str, float]:
    """Numbers of one split: its texts', perplexity, health of the attention, and alignment if there is gold.

    ``language``: of the target.
    """
    names = ("bleu", "bleu_tokenised", "multi_bleu", "chrf", "exact", "length_ratio")
    result = {name: getattr(text, name) for name in names}
    if language == "de":
        result["multi_bleu_compounds"] = multi_bleu(list(collected.translated.values()), language, compounds=True)
    if known := _without_unknown_words(collected):
        result["multi_bleu_no_unk"] = multi_bleu(known, language)
    result["perplexity"] = perplexity(collected.nll, collected.words)
    if collected.forced:
        behaviour = health(list(collected.forced.values()))
        result |= {f"attention/{name}": value for name, value in asdict(behaviour).items()}
    if gold := _with_gold(collected.forced):
        alignment = alignment_error_rate(gold)
        result |= {"aer": alignment.aer, "precision": alignment.precision, "recall": alignment.recall}
        result |= {"gold_mass": gold_mass(gold), "reordering": reordering(gold).fidelity}
        if collected.naive:
            result["aer_naive"] = alignment_error_rate(_with_gold(collected.naive)).aer
    return {name: float(value) for name, value in result.items()}


def details(collected: CollectedTranslations, text: TextScores) -> dict[str, Any]:
    """Values beside the scores: speed, signatures, confidence intervals, and the score of the diagonal."""
    translated = list(collected.translated.values())
    result: dict[str, Any] = {
        "sentences_per_s": round(len(translated) / max(collected.seconds, 1e-9), 1),
        "sentences": len(translated),
        "bleu_interval": bootstrap(bleu_table(translated), bleu_of_sums).bounds,
        **{f"{name}_signature": getattr(text, f"{name}_signature") for name in SIGNED},
    }
    if known := _without_unknown_words(collected):
        result["sentences_no_unk"] = len(known)
    if collected.forced:
        result["view"] = next(iter(collected.forced.values())).view
    if gold := _with_gold(collected.forced):
        lengths = [(len(record.target_words), len(record.source_words)) for record in gold]
        swaps = reordering(gold)
        result |= {
            "aer_interval": bootstrap(alignment_table(gold), aer_of_sums).bounds,
            "aer_of_the_diagonal": diagonal_baseline([gold_of(record) for record in gold], lengths).aer,
            "inversions": swaps.swaps,
            "inversions_kept": swaps.kept,
        }
    return result


def _without_unknown_words(collected: CollectedTranslations) -> list[Translated]:
    """The sentences whose source and reference the vocabularies know entirely; empty if these are all.

    "No UNK" in Table 1 of Bahdanau et al. (2014), which was decoded with `search.forbid_unknown`.
    """
    known = [one for index, one in collected.translated.items() if index not in collected.unknown]
    return known if collected.unknown else []


def sentence_aer(record: AlignedTranslation | None) -> float | None:
    """AER of one sentence in per cent; None without a map, without gold, or without any link."""
    aer = math.nan if record is None or record.gold is None else alignment_error_rate([record]).aer
    return None if math.isnan(aer) else round(100 * aer, 1)


def _with_gold(records: Mapping[int, AlignedTranslation]) -> list[AlignedTranslation]:
    return [record for record in records.values() if record.gold is not None]
