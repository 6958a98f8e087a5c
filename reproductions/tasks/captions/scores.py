"""All scores of one split of captions, by their names in the log, in files and in the report.

N images, M words that correctly describe an object, (gh, gw) the grid of places.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from data.shapes.grammar import ROLES, meaning
from reproductions.evaluation import plots
from reproductions.evaluation.arrays import Bools, Doubles, Floats, Ints
from reproductions.evaluation.measures.bootstrap import bootstrap, mean_of_sums
from reproductions.evaluation.measures.captions import HORIZONTAL, OF_OBJECTS, VERTICAL
from reproductions.evaluation.measures.localisation import Beside, beside_controls, coverage, means
from reproductions.evaluation.measures.text import (
    ORDERS,
    bleu_of_sums,
    bleu_statistics,
    bleu_without_brevity,
    perplexity,
)
from reproductions.evaluation.records.caption import CaptionedImage
from reproductions.evaluation.records.translation import without_end
from reproductions.evaluation.views.image import BEST_FIXED, fixed_maps
from reproductions.tasks.captions.collect import CollectedCaptions
from reproductions.tasks.captions.report import MEASURES
from reproductions.tasks.untrained import UNTRAINED

SHOWN, MEAN = "attention", "mean over the caption's words"


class WordMaps(NamedTuple):
    """The maps of all words that correctly describe an object, and where that object is."""

    maps: Floats  # (M, gh, gw)
    covered: Floats  # (M, gh, gw), the share of each place that the object covers
    owners: Ints  # (M), the index of the image
    roles: NDArray[np.str_]  # (M), what the word describes, such as "colour"
    means: Floats  # (M, gh, gw), the mean map over all words of the same caption
    untrained: Floats | None  # (M, gh, gw) of a network before training, over the same words; None without one

    @classmethod
    def of(cls, captions: Mapping[int, CaptionedImage], untrained: Mapping[int, Floats] | None = None) -> "WordMaps":
        """From the captions of a split, and the maps of the untrained network over the same words."""
        maps, masks, owners, roles, means, control = [], [], [], [], [], []
        for index, record in captions.items():
            mean = record.maps[: len(without_end(record.words))].mean(axis=0) if record.text else None
            for t, word in enumerate(record.words):
                mask = record.mask_of(t)
                if mask is not None:
                    maps.append(record.maps[t])
                    masks.append(mask)
                    owners.append(index)
                    roles.append(str(meaning(word)[0]))
                    means.append(mean)
                    control.append(untrained[index][t] if untrained else record.maps[t])
        first = next(iter(captions.values()))
        grid = first.maps.shape[1:]

        def stacked(rows: Sequence[Any], shape: tuple[int, ...] = grid) -> Floats:
            return np.array(rows, dtype=np.float32).reshape(-1, *shape)

        return cls(
            maps=stacked(maps),
            covered=coverage(stacked(masks, first.pixels.shape[:2]), grid),
            owners=np.array(owners, dtype=np.int64),
            roles=np.array(roles, dtype=np.str_),
            means=stacked(means),
            untrained=stacked(control) if untrained else None,
        )


def scores(captions: CollectedCaptions) -> dict[str, float]:
    """Numbers of one split: BLEU of the own captions against all true ones, BLEU-1 to BLEU-4 as the paper has them,
    their truth, perplexity of the captions to learn, and where the model looks while it writes or reads a word.
    """
    counts = _bleu_table(captions).sum(axis=0)
    result = {"bleu": float(bleu_of_sums(counts))}
    result |= {f"bleu_{order}": float(bleu_without_brevity(counts, order)) for order in range(1, ORDERS + 1)}
    result |= {name: float(mean_of_sums(facts.sum(axis=0))) for name, facts in _truth_tables(captions).items()}
    result["perplexity"] = perplexity(captions.nll, captions.words)
    for prefix, records in (("attention", captions.own), ("attention_forced", captions.forced)):
        looked = WordMaps.of(records)
        for group, rows in _groups(looked).items():
            measures = means(looked.maps[rows], looked.covered[rows])
            result |= {f"{prefix}/{name}" + f"_{group}" * (group != "all"): value for name, value in measures.items()}
        if len(looked.maps):
            result[f"{prefix}/chance"] = float(looked.covered.mean())
    return result


def details(captions: CollectedCaptions) -> dict[str, Any]:
    """Values beside the scores: counts, signature and confidence intervals."""
    intervals = {"bleu": bootstrap(_bleu_table(captions), bleu_of_sums)}
    intervals |= {name: bootstrap(facts, mean_of_sums) for name, facts in _truth_tables(captions).items()}
    return {
        "images": len(captions),
        "bleu_signature": "sacreBLEU, 13a, cased, against all true captions of an image (one to four)",
        **{f"{name}_interval": interval.bounds for name, interval in intervals.items()},
    }


def localisation(looked: WordMaps, mean_mask: Floats) -> dict[str, Beside]:
    """The maps beside controls, over all words and over those of each role; mean_mask: (h, w), of the training images."""
    grid = (looked.maps.shape[1], looked.maps.shape[2])
    maps = {SHOWN: looked.maps, MEAN: looked.means, **fixed_maps(mean_mask, grid)}
    if looked.untrained is not None:
        maps[UNTRAINED] = looked.untrained
    return beside_controls(maps, looked.covered, _groups(looked), looked.owners)


def figures(located: Mapping[str, Beside], title: str, words: int) -> Iterator[tuple[str, Figure]]:
    """Pictures of a whole split, by name: the maps beside controls over all words, and before each kind of word."""
    note = f"{words:,} words that say something true of an object, in the model's own captions."
    everything = {name: {"all": row.measures["all"]} for name, row in located.items()}
    yield "localisation", plots.beside_controls(everything, title, note)
    series = {name: of_words(located[name].measures) for name in (SHOWN, MEAN, BEST_FIXED)}
    yield "words", plots.located_words(series, title, note)


def of_words(groups: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, dict[str, Sequence[float]]]:
    """Kind of word -> measure -> value and interval, of a map, for the measures that a picture of words shows."""
    roles = [role for role in OF_OBJECTS if groups.get(role)]
    return {role: {name: groups[role][name] for name in MEASURES if name in groups[role]} for role in roles}


def _groups(looked: WordMaps) -> dict[str, Bools]:
    return {"all": np.ones(len(looked.roles), dtype=bool), **{role: looked.roles == role for role in OF_OBJECTS}}


def _truth_tables(captions: CollectedCaptions) -> dict[str, Doubles]:
    """(N, 2) by name, numbers of true statements and of facts to state: "true" counts whole captions, a role its facts,
    "relation_beside" what a caption would have that always says "beside" between the right phrases.
    """
    judged = captions.judged.values()
    tables = {"true": [(float(judgement.true), 1.0) for judgement in judged]}
    for role in (*ROLES, VERTICAL, HORIZONTAL):
        if rows := [judgement.right[role] for judgement in judged if role in judgement.right]:
            tables[role] = [(float(said), float(to_say)) for said, to_say in rows]
    if "relation" in tables:
        related = (judgement.right for judgement in judged if "relation" in judgement.right)
        tables["relation_beside"] = [(float(HORIZONTAL in right), 1.0) for right in related]
    return {name: np.array(rows) for name, rows in tables.items()}


def _bleu_table(captions: CollectedCaptions) -> Doubles:
    own = captions.own.values()
    return bleu_statistics(hypotheses=[record.text for record in own], references=[record.references for record in own])
