"""Interventions on a translator: as it reads a reference, every word of the source is erased, exchanged and left out."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from data.errors import UserError
from data.links import Links
from data.progress import counted
from data.tokenizers import PAD, UNK, Tokenizer, Words
from reproductions.evaluation.arrays import Floats
from reproductions.evaluation.measures.intervention import Intervened, Whole
from reproductions.evaluation.views.alignment import merge_pieces
from reproductions.runs import Run
from reproductions.tasks.intervening import (
    Attending,
    Head,
    Sample,
    forced,
    gradient_times_embedding,
    intervene,
    parts,
    read_again,
    rounded,
)
from reproductions.tasks.task import restore
from reproductions.tasks.translation.collect import TrainedTranslator

UNIT = "target words"
LEFT_OUT = "replaced by <unk> in the source"
SENTENCES = 100  # of the test split, evenly spread
LONGEST = 40  # words or pieces of a side, of sentences that take part
TOGETHER = 16  # sentences in a batch


class _Pair(NamedTuple):
    """A sentence pair: ids, words, gold links."""

    source: list[int]
    target: list[int]
    read: Words
    written: Words
    gold: Links | None


def sample(run: Run, split: str) -> Sample:
    """Raises UserError for a model without attention, and for a split without sentences that are short enough."""
    translator: TrainedTranslator = restore(run)
    model = translator.module.model
    if not model.reads:
        raise UserError(f"{run.folder} is {run.title}, which has no attention to intervene on: name another run.")
    pairs = sorted(_pairs(run, split, translator), key=lambda pair: len(pair.source))
    batches = [pairs[start : start + TOGETHER] for start in range(0, len(pairs), TOGETHER)]
    (first, mask), (target, _) = _padded([pairs[0].source]), _padded([pairs[0].target])
    _, _, _, maps = next(forced(model, *model.encode(first, mask), target))
    heads = parts(*maps.shape[1:3])
    found: Sample = Sample({name: [] for name in heads}, [])
    for batch in counted(batches, f"intervening on {run.title}", len(batches), "batches"):
        _add(found, batch, model, heads)
    return found


def _pairs(run: Run, split: str, translator: TrainedTranslator) -> Iterator[_Pair]:
    """The sentences that take part, evenly spread over those that are short enough."""
    records = {record.index: record for record in run.forced(split)}
    pairs = []
    for text in run.translated(split):
        record = records[text.index]
        source, target = translator.source.encode(text.source), translator.target.encode(text.reference)
        if 2 < len(source) <= LONGEST and 1 < len(target) <= LONGEST:
            read = _as_recorded(translator.source, text.source, record.source)
            written = _as_recorded(translator.target, text.reference, record.target)
            pairs.append(_Pair(source, target, read, written, record.gold))
    if not pairs:
        raise UserError(f"{run.folder}: no sentence of {split} has at most {LONGEST} words or pieces on each side.")
    yield from (pairs[place] for place in np.linspace(0, len(pairs) - 1, min(SENTENCES, len(pairs))).astype(int))


def _as_recorded(tokenizer: Tokenizer, text: str, words: Sequence[str]) -> Words:
    """The words of a text as a record has them, which gold links count."""
    surface = tokenizer.surface(text)
    return surface if surface.words == tuple(words) else surface.as_tokens(text)


def _padded(sentences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Ids (B, S) and their mask."""
    ids = pad_sequence([torch.tensor(sentence) for sentence in sentences], batch_first=True, padding_value=PAD)
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    return ids, torch.arange(ids.shape[1]) < lengths[:, None]


def _add(found: Sample, batch: Sequence[_Pair], model: Attending, heads: dict[str, Head]) -> None:
    source, mask = _padded([pair.source for pair in batch])
    target, _ = _padded([pair.target for pair in batch])
    owners = [[-1 if word == len(pair.read.words) - 1 else word for word in pair.read.word_of_piece] for pair in batch]
    owner = pad_sequence([torch.tensor(each) for each in owners], batch_first=True, padding_value=-1)
    reads = intervene(model, source, mask, target, owner, [*heads.values()])
    before = read_again(model, source, mask, target)
    left_out = [
        read_again(model, source.masked_fill(owner == j, UNK), mask, target) for j in range(int(owner.max()) + 1)
    ]
    effects = torch.stack(left_out, dim=2) - before[:, :, None]  # (B, T, J)
    gradient = gradient_times_embedding(model, source, mask, target)
    for place, pair in enumerate(batch):
        words = len(pair.read.words) - 1

        def of_pieces(values: Tensor, place: int = place, pair: _Pair = pair) -> Floats:
            whole = values[place, : len(pair.target), : len(pair.source)].numpy()
            return merge_pieces(whole, pair.written.word_of_piece, pair.read.word_of_piece)[:-1, :-1]

        def summed(values: Tensor, place: int = place, pair: _Pair = pair, words: int = words) -> Floats:
            """Over the pieces of a target word, whose log-probabilities add up."""
            of_words = merge_pieces(
                values[place, : len(pair.target), :words].numpy(), pair.written.word_of_piece, range(words)
            )
            return rounded(of_words * np.bincount(pair.written.word_of_piece)[:, None])[:-1]

        for name, read in zip(heads, reads, strict=True):
            found.parts[name].append(Intervened(of_pieces(read.weights), summed(read.erased), summed(read.exchanged)))
        found.whole.append(Whole(summed(effects), of_pieces(gradient), pair.gold))
