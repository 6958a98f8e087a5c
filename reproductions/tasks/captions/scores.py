"""All scores of one split of captions, under the names they have in the log, in files and in the report.

N images, M words that tell something of an object, (gh, gw) the grid of places.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.shapes.grammar import ROLES, meaning
from reproductions.evaluation.measures.bootstrap import bootstrap, mean_of_sums
from reproductions.evaluation.measures.captions import OF_OBJECTS, Judgement
from reproductions.evaluation.measures.localisation import Beside, beside_controls, coverage, means
from reproductions.evaluation.measures.text import bleu_of_sums, bleu_statistics
from reproductions.evaluation.records.caption import CaptionedImage
from reproductions.evaluation.records.translation import without_end
from reproductions.evaluation.views.image import centre, normalised, uniform

Maps = NDArray[np.float32]
SHOWN = "attention"
UNTRAINED = "the same network untrained"


class WordMaps(NamedTuple):
    """The maps of all words that tell something of an object, and what they speak of.

    Attributes:
        maps: (M, gh, gw).
        covered: (M, gh, gw), the part of each place that is covered by what the word speaks of.
        owners: (M), which image each is of.
        roles: (M), what each tells.
        means: (M, gh, gw), the mean map over all words of the same caption.
        untrained: (M, gh, gw) of a network before training, over the same words; None where there is none.
    """

    maps: Maps
    covered: Maps
    owners: NDArray[np.int64]
    roles: NDArray[np.str_]
    means: Maps
    untrained: Maps | None

    @classmethod
    def of(cls, records: Sequence[CaptionedImage], untrained: Mapping[int, Maps] | None = None) -> "WordMaps":
        """From the captions of a split; maps of the untrained network by the index of the image."""
        rows, masks, roles, means, control = [], [], [], [], []
        for record in records:
            mean = record.maps[: len(without_end(record.words))].mean(axis=0) if record.text else None
            for t, word in enumerate(record.words):
                mask = record.mask_of(t)
                if mask is not None:
                    rows.append((record.index, record.maps[t]))
                    masks.append(mask)
                    roles.append(str(meaning(word)[0]))
                    means.append(mean)
                    control.append(untrained[record.index][t] if untrained else record.maps[t])
        grid = records[0].maps.shape[1:]
        maps = np.array([one for _, one in rows], dtype=np.float32).reshape(-1, *grid)
        covered = coverage(np.array(masks, dtype=np.float32).reshape(-1, *records[0].pixels.shape[:2]), grid)
        return cls(
            maps, covered, np.array([index for index, _ in rows], dtype=np.int64), np.array(roles, dtype=np.str_),
            np.array(means, dtype=np.float32).reshape(maps.shape),
            np.array(control, dtype=np.float32).reshape(maps.shape) if untrained else None,
        )  # fmt: skip


def scores(
    own: Sequence[CaptionedImage],
    forced: Sequence[CaptionedImage],
    judged: Mapping[int, Judgement],
    nll: float,
    words: int,
) -> dict[str, float]:
    """Numbers of one split: texts, truth, perplexity, and where attention stands while a word is written.

    Args:
        own: the model's own captions. BLEU is against all true captions of an image.
        forced: the captions to learn, as the model read them.
        judged: what of the own captions is true.
        nll, words: -log p of the captions to learn in nats, and how many tokens that is.
    """
    result = {"bleu": float(bleu_of_sums(_bleu_table(own).sum(axis=0)))}
    result |= {name: float(mean_of_sums(table.sum(axis=0))) for name, table in _truth_tables(judged).items()}
    result["perplexity"] = math.exp(min(nll / words, 700))
    for prefix, records in (("attention", own), ("attention_forced", forced)):
        looked = WordMaps.of(records)
        for group, rows in _groups(looked).items():
            found = means(looked.maps[rows], looked.covered[rows])
            result |= {f"{prefix}/{name}" + f"_{group}" * (group != "all"): value for name, value in found.items()}
        if len(looked.maps):
            result[f"{prefix}/chance"] = float(looked.covered.mean())
    return result


def details(own: Sequence[CaptionedImage], judged: Mapping[int, Judgement]) -> dict[str, Any]:
    """What a reader needs beside the numbers: counts, signature and confidence intervals."""
    intervals = {"bleu": bootstrap(_bleu_table(own), bleu_of_sums)}
    intervals |= {name: bootstrap(table, mean_of_sums) for name, table in _truth_tables(judged).items()}
    return {
        "images": len(own),
        "bleu_signature": "sacreBLEU, 13a, cased, against all true captions of an image (one to four)",
        **{f"{name}_interval": [round(float(one), 4) for one in found[1:]] for name, found in intervals.items()},
    }


def localisation(looked: WordMaps, mean_mask: Maps) -> dict[str, Beside]:
    """The maps beside controls, over all words and over those of each role; mean_mask (h, w) is that of the training images."""
    grid = (looked.maps.shape[1], looked.maps.shape[2])
    fixed = {
        "uniform": uniform(grid),
        "centre": centre(grid),
        "best fixed map": normalised(coverage(mean_mask[None], grid)[0]),
    }
    maps = {SHOWN: looked.maps, "mean over the caption's words": looked.means, **fixed}
    if looked.untrained is not None:
        maps[UNTRAINED] = looked.untrained
    return beside_controls(maps, looked.covered, _groups(looked), looked.owners)


def _groups(looked: WordMaps) -> dict[str, NDArray[np.bool_]]:
    return {"all": np.ones(len(looked.roles), dtype=bool), **{role: looked.roles == role for role in OF_OBJECTS}}


def _truth_tables(judged: Mapping[int, Judgement]) -> dict[str, NDArray[np.float64]]:
    """(N, 2) by name, what is said rightly and what there is to say: of "true" whole captions, of a role its facts."""
    tables = {"true": [(float(one.true), 1.0) for one in judged.values()]}
    for role in ROLES:
        if rows := [one.right[role] for one in judged.values() if role in one.right]:
            tables[role] = [(float(said), float(known)) for said, known in rows]
    return {name: np.array(rows) for name, rows in tables.items()}


def _bleu_table(own: Sequence[CaptionedImage]) -> NDArray[np.float64]:
    return bleu_statistics(hypotheses=[record.text for record in own], references=[record.references for record in own])
