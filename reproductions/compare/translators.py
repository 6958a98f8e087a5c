"""Everything that a comparison of translators measures, as plain data: what the report prints is here, and in comparison.json."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

from data.errors import UserError
from reproductions.compare.contestants import Contestant, common_splits
from reproductions.evaluation.measures.alignment import aer_of_sums, alignment_error_rate, alignment_table
from reproductions.evaluation.measures.attention import agreement, check_same_words, health
from reproductions.evaluation.measures.bootstrap import Comparison, paired_bootstrap
from reproductions.evaluation.measures.lengths import LengthCurve, bleu_by_length
from reproductions.evaluation.measures.text import bleu_of_sums, bleu_statistics, sentence_chrf
from reproductions.evaluation.records.translation import AlignedTranslation, Translated

FIXED = "fixed"
SENTENCES = 8  # of a corpus without fixed ones: the first of its test split
LENGTHS = ("test", "long")  # splits of Accord that together reach from 3 to 60 words
SIGNIFICANT = 0.05
MEASURES = {"bleu": "BLEU", "bleu_tokenised": "BLEU tokenised", "aer": "AER"}
HEALTH = ("entropy", "confidence", "end_mass", "coverage_deviation", "monotonicity")


def compare(contestants: Sequence[Contestant]) -> dict[str, Any]:
    """All numbers of a comparison.

    Raises UserError where the runs were not tested on the same sentences.
    """
    splits = common_splits(contestants)
    test = splits[0]
    return {
        "corpus": contestants[0].data["corpus"],
        "test": test,
        "splits": splits,
        "runs": [_run(one, test) for one in contestants],
        "differences": [_difference(a, b, test) for a, b in combinations(contestants, 2)],
        "sentences": _sentences(contestants, splits),
    }


def table(numbers: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows for the tracker: what each run scored on the test split, and what that took."""
    columns = [
        "run",
        "BLEU",
        "BLEU tokenised",
        "chrF",
        "AER",
        "parameters",
        "training minutes",
        "training words/s",
        "sentences/s",
    ]
    rows = [
        [run["name"], *(run["scores"][numbers["test"]].get(name) for name in ("bleu", "bleu_tokenised", "chrf", "aer")),
         run["parameters"], run["training_minutes"], run["training_tokens_per_s"], run["sentences_per_s"]]
        for run in numbers["runs"]
    ]  # fmt: skip
    return columns, rows


def lines(numbers: dict[str, Any]) -> Iterator[str]:
    """Scores of the test split, and what is significant, in a few lines."""
    test = numbers["test"]
    for run in numbers["runs"]:
        scores = run["scores"][test]
        aer = f", AER {100 * scores['aer']:.1f} %" if "aer" in scores else ""
        yield f"{run['name']}: {test} BLEU {scores['bleu']:.1f}{aer}, {run['parameters']:,} parameters"
    yield from (f"{second} minus {first}: {found['says']}" for first, second, _, found in differences(numbers))


def differences(numbers: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """First, second, what was measured, and the second minus the first."""
    for pair in numbers["differences"]:
        yield from (
            (pair["first"], pair["second"], name, pair[measure])
            for measure, name in MEASURES.items()
            if measure in pair
        )


def length_curves(contestants: Sequence[Contestant], numbers: dict[str, Any]) -> list[LengthCurve]:
    """BLEU against source length, on the test split and on that of long sentences if there is one."""
    splits = [split for split in numbers["splits"] if split == numbers["test"] or split in LENGTHS]
    return [
        bleu_by_length(one.name, [record for split in splits for record in one.translated(split)])
        for one in contestants
    ]


def _run(one: Contestant, test: str) -> dict[str, Any]:
    summary = one.summary
    seconds = summary["training_seconds"]
    return {
        "name": one.name,
        "folder": str(one.folder),
        "paper": one.paper,
        "parameters": summary["parameters"],
        "steps": summary["steps"],
        "training_minutes": seconds / 60,
        "training_tokens_per_s": summary["target_tokens"] / seconds if seconds else math.nan,
        "sentences_per_s": one.scores[test].get("sentences_per_s", math.nan),
        "search": one.search,
        "averaged": summary.get("averaged"),
        "seed": summary["seed"],
        "device": f"{summary['device']}, {summary['threads']} threads, {summary['precision']}",
        "scores": one.scores,
        "views": _views(one),
    }


def _views(one: Contestant) -> dict[str, Any] | None:
    """How far the chosen view and the naive one, last layer and mean of heads, are off in validation."""
    if not one.views:
        return None
    rates = {name: scores["aer"] for name, scores in one.views["views"].items()}
    naive = _naive(rates)
    return {
        "by": one.views["by"],
        "chosen": one.views["chosen"],
        "chosen_aer": rates[one.views["chosen"]],
        "naive": naive,
        "naive_aer": rates[naive],
    }


def _naive(rates: dict[str, float]) -> str:
    """The last layer, all heads, read as each word is written."""
    layers = [int(name.split()[0][1:]) for name in rates if name.split()[0] != "Lmean"]
    last = max(layers)
    mean = f"L{last} Hmean shift0"
    return mean if mean in rates else f"L{last} H1 shift0"


def _difference(first: Contestant, second: Contestant, test: str) -> dict[str, Any]:
    """Second minus first on the test split, with paired bootstrap: both BLEUs, and AER where both have gold."""
    result = {
        "first": first.name,
        "second": second.name,
        "bleu": compare_bleu(first, second, test),
        "bleu_tokenised": compare_bleu(first, second, test, first.data["target_language"]),
    }
    ours_forced, theirs_forced = first.forced(test), second.forced(test)
    if all(found and all(record.gold is not None for record in found) for found in (ours_forced, theirs_forced)):
        aer = paired_bootstrap(alignment_table(ours_forced), alignment_table(theirs_forced), aer_of_sums)
        result["aer"] = aer._asdict() | {"says": says(aer, "points of AER", 100)}
    return result


def compare_bleu(first: Contestant, second: Contestant, split: str, language: str | None = None) -> dict[str, Any]:
    """BLEU, second minus first, with paired bootstrap; with a language, that of tokenised, lower-cased text.

    Raises UserError unless the sentences are the same.
    """
    ours, theirs = first.translated(split), second.translated(split)
    _check_same_sentences(first, second, ours, theirs)
    compared = paired_bootstrap(_bleu_table(ours, language), _bleu_table(theirs, language), bleu_of_sums)
    return compared._asdict() | {
        "says": says(compared, "BLEU" if language is None else "BLEU (tokenised, lower-cased)")
    }


def says(compared: Comparison, unit: str, scale: float = 1, digits: int = 1) -> str:
    """The difference is, or is not, significant: in words."""
    difference, low, high = (f"{scale * x:.{digits}f}".replace("-", "−") for x in compared[:3])
    p = "p < 0.001" if compared.p_value < 0.001 else f"p = {compared.p_value:.3f}"
    sign = "+" if compared.difference > 0 else ""
    verdict = "is" if compared.p_value < SIGNIFICANT else "is not"
    return f"{sign}{difference} {unit} (95 % interval {low} to {high}); the difference {verdict} significant, {p}"


def _check_same_sentences(
    first: Contestant, second: Contestant, ours: Sequence[Translated], theirs: Sequence[Translated]
) -> None:
    for one, other in zip(ours, theirs, strict=False):
        if (one.index, one.source, one.reference) != (other.index, other.source, other.reference):
            raise UserError(
                f"{first.folder} and {second.folder} were not tested on the same sentences: sentence {one.index} is "
                f"{one.source!r} in one, {other.source!r} in the other. Train both on the same data."
            )
    if len(ours) != len(theirs):
        raise UserError(
            f"{first.folder} was tested on {len(ours):,} sentences and {second.folder} on {len(theirs):,}: test both alike."
        )


def _bleu_table(translated: Sequence[Translated], language: str | None) -> Any:
    hypotheses, references = ([getattr(one, side) for one in translated] for side in ("hypothesis", "reference"))
    return bleu_statistics(hypotheses=hypotheses, references=references, language=language)


def chosen_sentences(splits: Sequence[str]) -> tuple[str, int | None]:
    """The split that is shown sentence by sentence, and how many of it; None for all."""
    return (FIXED, None) if FIXED in splits else (splits[0], SENTENCES)


def _sentences(contestants: Sequence[Contestant], splits: Sequence[str]) -> list[dict[str, Any]]:
    """Each shown sentence: what every model wrote and where it looked, in numbers."""
    split, count = chosen_sentences(splits)
    translated = [one.translated(split)[:count] for one in contestants]
    forced = [{record.index: record for record in one.forced(split)} for one in contestants]
    shown = []
    for together in zip(*translated, strict=True):
        index = together[0].index
        looked = [records[index] for records in forced if index in records]
        if len(looked) > 1:
            _check_words(looked)
        rows = []
        for one, sentence, records in zip(contestants, together, forced, strict=True):
            row: dict[str, Any] = {
                "name": one.name,
                "translation": sentence.hypothesis,
                "exact": sentence.hypothesis == sentence.reference,
                "chrf": sentence_chrf(hypothesis=sentence.hypothesis, reference=sentence.reference),
            }
            if index in records:
                row |= _measured(records[index])
            rows.append(row)
        agree = [{"first": a.model, "second": b.model, **agreement(a, b)._asdict()} for a, b in combinations(looked, 2)]
        shown.append({
            "split": split, "index": index, "source": together[0].source, "reference": together[0].reference,
            "rows": rows, "agreement": agree,
        })  # fmt: skip
    return shown


def _measured(record: AlignedTranslation) -> dict[str, float]:
    measured = asdict(health([record]))
    row = {name: measured[name] for name in HEALTH}
    if record.gold is not None:
        row["aer"] = alignment_error_rate([record]).aer
    return row


def _check_words(looked: Sequence[AlignedTranslation]) -> None:
    try:
        check_same_words(looked)
    except ValueError as error:
        raise UserError(f"These runs split sentences into different words: {error}.") from error
