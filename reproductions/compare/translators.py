"""Translators over the same sentences: scores, significance, what each model wrote and where it looked."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain, combinations
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from data import stored
from data.errors import UserError
from data.stored import MEASURE, NUMBER, TEXT, WHOLE
from reproductions.compare.comparison import (
    Comparison,
    Difference,
    Drawing,
    Matrices,
    Matrix,
    as_numbers,
    check_same,
    common_splits,
    comparable,
    described,
)
from reproductions.evaluation import plots
from reproductions.evaluation.measures.alignment import (
    aer_of_sums,
    alignment_error_rate,
    alignment_table,
    gold_of,
    links_of,
)
from reproductions.evaluation.measures.attention import agreement, check_same_words, health
from reproductions.evaluation.measures.bootstrap import paired_bootstrap
from reproductions.evaluation.measures.lengths import LengthCurve, bleu_by_length
from reproductions.evaluation.measures.text import bleu_of_sums, bleu_table, sentence_chrf
from reproductions.evaluation.records.translation import AlignedTranslation, Translated, with_end_named
from reproductions.runs import VIEWS, Run

# Settings of the data that runs must share for their scores to be of the same sentences.
SAME = ("corpus", "source_language", "target_language", "pairs", "tokenizer")
FIXED = "fixed"
SENTENCES = 8  # of a corpus without fixed ones: the first of its test split
LENGTHS = ("test", "long")  # splits of Accord and of the Bible that together reach to 60 words
MEASURES = {"bleu": "BLEU", "bleu_tokenised": "BLEU tokenised", "aer": "AER"}
# What is read of the scores of a split.
SCORES = {"bleu": NUMBER, "bleu_interval": [MEASURE], "bleu_signature": TEXT, "bleu_tokenised": MEASURE,
          "bleu_tokenised_signature": TEXT, "chrf": MEASURE, "perplexity": MEASURE, "sentences": WHOLE,
          "sentences_per_s?": MEASURE, "aer?": NUMBER, "aer_interval?": [MEASURE], "aer_naive?": MEASURE,
          "search?": {"width": WHOLE, "alpha": MEASURE}}  # fmt: skip
HEALTH = ("entropy", "confidence", "end_mass", "coverage_deviation", "monotonicity")
OVER_REFERENCE, OVER_OWN = "Every model over the reference, on the same axes", "Each model over its own translation"
COLUMNS = ("run", "BLEU", "BLEU tokenised", "chrF", "AER %", "parameters", "training minutes", "training words/s",
           "sentences/s")  # fmt: skip


@dataclass(frozen=True)
class Sentence:
    """A sentence to show: by name of the run, its translation; and for models with attention, the attention over the
    reference and over the model's own translation.
    """

    index: int
    translated: dict[str, Translated]
    forced: dict[str, AlignedTranslation]
    own: dict[str, AlignedTranslation]


def compare(folders: Sequence[Path]) -> Comparison:
    """Runs of translators side by side; raises UserError for runs that cannot be compared, or with other test sentences."""
    entrants = comparable(folders, SAME)
    splits = common_splits(entrants, SCORES)
    test = splits[0]
    drawn, most = (FIXED, None) if FIXED in splits else (test, SENTENCES)
    pairs = list(_pairs(entrants, test))
    sentences = list(_sentences(entrants, drawn, most))
    rows = [_run(name, run, test) for name, run in entrants.items()]
    differences = [
        Difference(pair["first"], pair["second"], name, pair[measure])
        for pair in pairs
        for measure, name in MEASURES.items()
        if measure in pair
    ]
    return Comparison(
        numbers={
            "corpus": next(iter(entrants.values())).corpus,
            "test": test,
            "splits": splits,
            "runs": rows,
            "differences": pairs,
            "sentences": [_in_numbers(sentence, drawn) for sentence in sentences],
        },
        template="translators.html",
        columns=COLUMNS,
        rows=[_cells(row, test) for row in rows],
        differences=differences,
        lines=[*(_line(row, test) for row in rows),
               *(f"{pair.second} minus {pair.first}: {pair.result['says']}" for pair in differences)],
        drawings=[*_of_all(entrants, splits), *(drawing for each in sentences for drawing in _of_sentence(each, drawn))],
        language=next(iter(entrants.values())).data["target_language"],
        matrices={sentence.index: [*_matrices(sentence, drawn)] for sentence in sentences},
    )  # fmt: skip


def compare_bleu(first: Run, second: Run, split: str) -> dict[str, Any]:
    """BLEU, second minus first, with paired bootstrap; raises UserError unless the sentences are the same."""
    before, after = _translated([first, second], split)
    return _bleu(before, after)


def drawn_by_length(compared: Sequence[Run]) -> list[str]:
    """Of the splits of the first run those that are drawn by length: LENGTHS where all runs have them, else its first."""
    return [split for split in LENGTHS if all(split in run.scores for run in compared)] or [*compared[0].scores][:1]


def curves_by_length(names: Sequence[str], compared: Sequence[Run], splits: Sequence[str]) -> list[LengthCurve]:
    """BLEU by length of each run over some splits together; raises UserError unless the sentences are the same."""
    of_splits = [_translated(compared, split) for split in splits]
    of_runs = [chain.from_iterable(of_run) for of_run in zip(*of_splits, strict=True)]
    return [bleu_by_length(name, [*translated]) for name, translated in zip(names, of_runs, strict=True)]


def _translated(entrants: Iterable[Run], split: str) -> list[list[Translated]]:
    """The translations of every run; raises UserError unless they are of the same sentences."""
    entrants = list(entrants)
    translated = [run.translated(split) for run in entrants]
    sentences = [[(record.index, record.source, record.reference) for record in records] for records in translated]
    check_same(entrants, sentences, "sentences")
    return translated


def _pairs(entrants: Mapping[str, Run], test: str) -> Iterator[dict[str, Any]]:
    """For each pair of runs, second minus first on the test split: both BLEUs, and AER if both have gold links."""
    translated = _translated(entrants.values(), test)
    forced = [run.forced(test) for run in entrants.values()]
    has_gold = [bool(records) and all(record.gold is not None for record in records) for records in forced]
    language = next(iter(entrants.values())).data["target_language"]
    for (a, first), (b, second) in combinations(enumerate(entrants), 2):
        bleu, tokenised = (_bleu(translated[a], translated[b], tokens) for tokens in (None, language))
        pair = {"first": first, "second": second, "bleu": bleu, "bleu_tokenised": tokenised}
        if has_gold[a] and has_gold[b]:
            both = [[(record.index, record.reference) for record in forced[run]] for run in (a, b)]
            check_same([entrants[first], entrants[second]], both, "sentences")
            aer = paired_bootstrap(alignment_table(forced[a]), alignment_table(forced[b]), aer_of_sums)
            pair["aer"] = as_numbers(aer, "points of AER", 100)
        yield pair


def _bleu(first: Sequence[Translated], second: Sequence[Translated], language: str | None = None) -> dict[str, Any]:
    """BLEU, second minus first, with paired bootstrap; with a language, of tokenised, lower-cased text."""
    before, after = (bleu_table(records, language) for records in (first, second))
    unit = "BLEU" if language is None else "BLEU (tokenised, lower-cased)"
    return as_numbers(paired_bootstrap(before, after, bleu_of_sums), unit)


def _run(name: str, run: Run, test: str) -> dict[str, Any]:
    summary, scores = run.summary, run.scores
    seconds = summary["training_seconds"]
    search = scores[test].get("search") or run.model["search"]  # that of the test, if the run is not an older one
    return described(name, run) | {
        "training_tokens_per_s": summary.get("target_tokens", math.nan) / seconds if seconds else math.nan,
        "sentences_per_s": scores[test].get("sentences_per_s", math.nan),
        "search": search,
        "searched": ("greedy" if search["width"] == 1 else f"beam {search['width']}, α {search['alpha']}")
        + ", no <unk>" * bool(search.get("forbid_unknown")),
        "averaged": summary.get("averaged"),
        "scores": scores,
        "views": _views(run),
    }


def _views(run: Run) -> dict[str, Any] | None:
    """Validation AER of the chosen view and of the naive one, the mean of the last layer's heads; None without views."""
    views = run.views
    if not views:
        return None
    try:
        rates = {name: scores["aer"] for name, scores in views["views"].items()}
        last = max(int(layer[1:]) for layer in (name.split()[0] for name in rates) if layer != "Lmean")
        mean = f"L{last} Hmean shift0"
        naive = mean if mean in rates else f"L{last} H1 shift0"
        chosen = views["chosen"]
        return {
            "by": views["by"],
            "chosen": chosen,
            "chosen_aer": rates[chosen],
            "naive": naive,
            "naive_aer": rates[naive],
        }
    except (LookupError, ValueError) as error:
        raise stored.damaged(run.folder / VIEWS, repr(error)) from error


def _cells(row: Mapping[str, Any], test: str) -> list[Any]:
    """Scores and cost of a run, in the order of COLUMNS."""
    scores = [row["scores"][test].get(name) for name in ("bleu", "bleu_tokenised", "chrf")]
    scores.append(100 * row["scores"][test]["aer"] if "aer" in row["scores"][test] else None)
    cost = [row[name] for name in ("parameters", "training_minutes", "training_tokens_per_s", "sentences_per_s")]
    return [row["name"], *scores, *cost]


def _line(row: Mapping[str, Any], test: str) -> str:
    scores = row["scores"][test]
    aer = f", AER {100 * scores['aer']:.1f} %" if "aer" in scores else ""
    if "aer_naive" in scores:
        aer += f" in the best view of validation ({100 * scores['aer_naive']:.1f} % in the naive one)"
    return f"{row['name']}, {row['searched']}: {test} BLEU {scores['bleu']:.1f}{aer}, {row['parameters']:,} parameters"


def _sentences(entrants: Mapping[str, Run], split: str, most: int | None) -> Iterator[Sentence]:
    """The first sentences of a split, ``most`` of them or all; raises UserError if models split one into different words."""
    forced = {name: _printed(run, run.forced(split)) for name, run in entrants.items()}
    own = {name: _printed(run, run.own(split)) for name, run in entrants.items()}
    for each in zip(*(translated[:most] for translated in _translated(entrants.values(), split)), strict=True):
        index = each[0].index
        over_reference, over_own = (
            {name: records[index] for name, records in runs.items() if index in records} for runs in (forced, own)
        )
        if len(over_reference) > 1:
            try:
                check_same_words(list(over_reference.values()))
            except ValueError as error:
                raise UserError(f"These runs split sentences into different words: {error}.") from error
        yield Sentence(index, dict(zip(entrants, each, strict=True)), over_reference, over_own)


def _printed(run: Run, records: Sequence[AlignedTranslation]) -> dict[int, AlignedTranslation]:
    """Records by index, as their target's language is printed."""
    return {record.index: record.printed(run.data["target_language"]) for record in records}


def _in_numbers(sentence: Sentence, split: str) -> dict[str, Any]:
    """Each model's translation, and measures of its attention over the reference."""
    first = next(iter(sentence.translated.values()))
    rows = [
        {
            "name": name,
            "translation": record.hypothesis,
            "exact": record.hypothesis == record.reference,
            "chrf": sentence_chrf(hypothesis=record.hypothesis, reference=record.reference),
            **(_measured(sentence.forced[name]) if name in sentence.forced else {}),
        }
        for name, record in sentence.translated.items()
    ]
    pairs = combinations(sentence.forced.values(), 2)
    return {
        "split": split,
        "index": sentence.index,
        "source": first.source,
        "reference": first.reference,
        "rows": rows,
        "agreement": [{"first": a.model, "second": b.model, **agreement(a, b)._asdict()} for a, b in pairs],
    }


def _measured(record: AlignedTranslation) -> dict[str, float]:
    measured = asdict(health([record]))
    aer = {} if record.gold is None else {"aer": alignment_error_rate([record]).aer}
    return {name: measured[name] for name in HEALTH} | aer


def _of_all(entrants: Mapping[str, Run], splits: Sequence[str]) -> Iterator[Drawing]:
    """BLEU by length, over the test split and any split of long sentences."""
    tested = [split for split in splits if split == splits[0] or split in LENGTHS]
    draw = partial(plots.bleu_by_length, curves_by_length([*entrants], [*entrants.values()], tested))
    caption = "BLEU against the length of the source sentence, with 95 % bootstrap bands"
    yield Drawing("bleu-by-length.png", None, caption, draw, draw)


def _of_sentence(sentence: Sentence, split: str) -> Iterator[Drawing]:
    """All models over the reference on the same axes, their differences, and each model over its own words."""

    def drawing(kind: str, caption: str, draw: Callable[..., Figure]) -> Drawing:
        name = f"{split}-{sentence.index}-{kind}.png"
        return Drawing(name, sentence.index, caption, draw, partial(draw, notes=False))

    forced, own = [*sentence.forced.values()], [*sentence.own.values()]
    if len(forced) == 2:
        draw = partial(plots.difference, forced[0], forced[1])
        yield drawing("same-words", f"{OVER_REFERENCE}, and the difference", draw)
    elif forced:
        yield drawing("same-words", OVER_REFERENCE, partial(plots.alignment_strip, forced))
        for number, other in enumerate(forced[1:], start=2):
            draw = partial(plots.difference, forced[0], other)
            yield drawing(f"difference-{number}", f"{other.model} against {forced[0].model}", draw)
    if own:
        yield drawing("own-words", OVER_OWN, partial(plots.alignment_grid, own))


def _matrices(sentence: Sentence, split: str) -> Iterator[Matrices]:
    """The same for the page."""
    forced, own = [*sentence.forced.values()], [*sentence.own.values()]
    if forced:
        changes = [_change(forced[0], other) for other in forced[1:]]
        file = f"{split}-{sentence.index}-same-words"
        yield Matrices(OVER_REFERENCE, [*map(_matrix, forced), *changes], file)
    if own:
        yield Matrices(OVER_OWN, [*map(_matrix, own)], f"{split}-{sentence.index}-own-words")


def _matrix(record: AlignedTranslation) -> Matrix:
    matrix = Matrix(record.model, record.view, *_words(record), record.weights.tolist())
    if record.gold is None:
        return matrix
    gold = gold_of(record)
    return matrix._replace(sure=gold.sure, possible=gold.possible, largest=links_of(record))


def _words(record: AlignedTranslation) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Source and target, for a reader."""
    return with_end_named(record.source), with_end_named(record.target)


def _change(first: AlignedTranslation, second: AlignedTranslation) -> Matrix:
    subtitle = f"blue where {second.model} looks more, violet where {first.model} does"
    return Matrix("Difference", subtitle, *_words(first), (second.weights - first.weights).tolist())
