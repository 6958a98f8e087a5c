"""A view makes one (T, S) alignment matrix of a model's (L, H, T, S) maps, and says in words how.

In a Transformer the layer, the head and the step at which the weights are read decide whether the picture looks like an
alignment at all (Chen et al. 2020, SHIFT-ATT; Luong et al. 2015, footnote 14). So the view is chosen by alignment error rate
on validation data and printed in every caption.

L layers, H heads, T target positions, S source positions; pieces where a tokeniser splits words.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.errors import UserError
from data.links import Links
from reproductions.evaluation.arrays import Floats, Ints
from reproductions.evaluation.measures.alignment import AlignmentScores, alignment_scores, hard_positions
from reproductions.evaluation.views.part import TEXT, Part, Which, every_part

SHIFTS = {0: "read as each word is written", 1: "read one step later"}
WITH_NORMS = "weights times value norms"
_TEXT = re.compile(rf"{TEXT} shift(?P<shift>0|1)(?P<norms> norms)?")


@dataclass(frozen=True)
class View:
    """Layer and head, counted from 1, or their mean; the step at which a word's weights are read; and whether values count.

    shift 0: the step that writes the word. shift 1: one step later, when the word is the decoder's input.
    norms: each weight times the norm of its value (Kobayashi et al. 2020), rows rescaled to sum 1. A large weight on a small
    value, as many weights on ``</s>``, contributes little.
    """

    layer: Which
    head: Which
    shift: Literal[0, 1] = 0
    norms: bool = False

    @property
    def part(self) -> Part:
        return Part(self.layer, self.head)

    def __str__(self) -> str:
        """For storing: "L2 Hmean shift1"; `View.parse` reads it."""
        return f"{self.part} shift{self.shift}{' norms' if self.norms else ''}"

    @classmethod
    def parse(cls, text: str) -> "View":
        """The inverse of `str`. Raises UserError for any other text."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise UserError(f"{text!r} is not a view; write it like 'L2 Hmean shift1' or 'Lmean H3 shift0 norms'")
        return cls(*Part.of(match), 1 if match["shift"] == "1" else 0, match["norms"] is not None)

    def describe(self, layers: int, heads: int) -> str:
        """In words, for a caption: "layer 2 of 6 · mean of 8 heads · read one step later".

        A single layer or head is left out. Raises UserError for a layer or head that the model does not have.
        """
        self.part.check_exists(self, layers, heads)
        parts = self.part.describe(layers, heads)
        step, weighed = SHIFTS[self.shift], [WITH_NORMS] if self.norms else []
        return " · ".join([*parts, *weighed, step if parts or weighed else f"attention {step}"])

    def apply(self, maps: Floats, norms: Floats) -> Floats:
        """(L, H, T, S), and the norms (L, H, S) of the values -> (T, S).

        With shift 1, row t holds the weights of step t + 1; the last row keeps its own. T and S are pieces: apply the view
        before `merge_pieces`.
        """
        self.part.check_exists(self, *maps.shape[:2])
        weights = self.part.select(maps * norms[:, :, None] if self.norms else maps)
        if self.norms:
            total = weights.sum(axis=1, keepdims=True)
            weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
        return np.concatenate([weights[1:], weights[-1:]]) if self.shift else weights


def naive_view(layers: int, heads: int) -> View:
    """The view that nobody has chosen: the mean of the last layer's heads, as each word is written."""
    return View(layers, "mean" if heads > 1 else 1)


def every_view(layers: int, heads: int) -> list[View]:
    """Each layer and their mean, each head and their mean, both shifts, without and with norms; no mean of one."""
    shifts: tuple[Literal[0, 1], ...] = (0, 1)
    parts = every_part(layers, heads)
    return [View(*part, shift, norms) for norms in (False, True) for shift in shifts for part in parts]


def named(text: str, layers: int, heads: int) -> View:
    """The view of this name; raises UserError with all views of a model of this size if it has no such view."""
    views = {str(view): view for view in every_view(layers, heads)}
    if text not in views:
        parts = zip(*(name.split()[:3] for name in views), strict=True)
        choices = "; ".join(" or ".join(dict.fromkeys(part)) for part in parts)
        raise UserError(
            f"There is no view {text!r:.60}. This model has {choices}; each also with norms: write it like {next(iter(views))!r} "
            f"or {list(views)[-1]!r}."
        )
    return views[text]


class Pieces(NamedTuple):
    """The word of each piece of one sentence, from the tokeniser: (0, 1, 1, 2) if the second word has two pieces."""

    target: Sequence[int]
    source: Sequence[int]


class Choice(NamedTuple):
    """The view with the lowest alignment error rate, and the scores of every view that was tried."""

    view: View
    table: Mapping[View, AlignmentScores]


def choose_view(
    maps: Sequence[Floats], norms: Sequence[Floats], golds: Sequence[Links], pieces: Sequence[Pieces]
) -> Choice:
    """Choose the view with the lowest alignment error rate. Use validation data, never the test set.

    maps    (L, H, T, S) per sentence, from forced decoding of the reference, both sides ending in ``</s>``
    norms   (L, H, S) per sentence, of the values
    golds   links between words: gold, or those of a statistical aligner
    pieces  word of each piece

    A tie goes to the earlier view; the order of `every_view` prefers plain weights, shift 0 and single layers. Raises
    UserError for no sentences or no sure links.
    """
    if not maps or len({len(maps), len(norms), len(golds), len(pieces)}) > 1:
        raise UserError(
            f"a view is chosen on sentences with gold links, but there are {len(maps)} maps, "
            f"{len(norms)} norms, {len(golds)} gold and {len(pieces)} pieces"
        )
    views = every_view(*maps[0].shape[:2])
    counts = np.zeros((len(views), len(maps), 4), dtype=np.int64)
    for number, (sentence, of_values, gold, words) in enumerate(zip(maps, norms, golds, pieces, strict=True)):
        stack = np.stack([view.apply(sentence, of_values) for view in views])  # (views, T, S)
        counts[:, number] = _counts(merge_pieces(stack, *words), gold)
    table = {view: alignment_scores(rows) for view, rows in zip(views, counts.tolist(), strict=True)}
    if not any(gold.sure for gold in golds):
        raise UserError("a view cannot be chosen: the gold of these sentences has no sure links")
    return Choice(min(table, key=lambda view: table[view].aer), table)


def merge_pieces(weights: Floats, target: Sequence[int], source: Sequence[int]) -> Floats:
    """(..., T, S) over pieces -> (..., T, S) over words: sum over source pieces, mean over target pieces.

    target and source give the word of each piece, from 0 without gaps. Rows that sum to 1 still do.
    """
    columns = np.add.reduceat(weights, _starts(source), axis=-1)
    rows: Floats = np.add.reduceat(columns, _starts(target), axis=-2)
    return rows / np.bincount(target).astype(np.float32)[:, None]


def _starts(words: Sequence[int]) -> NDArray[np.intp]:
    return np.flatnonzero(np.diff(words, prepend=-1))


def _counts(stack: Floats, gold: Links) -> Ints:
    """(views, T, S) over words -> (views, 4): the counts of `alignment_counts` for each view."""
    views, rows, columns = stack.shape[0], stack.shape[1] - 1, stack.shape[2] - 1
    positions = hard_positions(stack[:, :-1])  # (views, T - 1)
    linked = positions >= 0
    hits = []
    for links in (gold.sure, gold.possible):
        is_gold = np.zeros((rows, columns + 1), dtype=bool)
        is_gold[tuple(zip(*links, strict=True)) if links else ([], [])] = True
        hits.append(is_gold[np.arange(rows), positions].sum(axis=1))  # -1, no link, is </s>: never gold
    sure = np.full(views, len(gold.sure), dtype=np.int64)
    return np.stack([linked.sum(axis=1), sure, *hits], axis=1)
