"""The five steps of one attention of a trained Transformer, over a sentence."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from data.errors import UserError
from data.tokenizers import Tokenizer, Words
from data.words import printed, printed_words
from reproductions.evaluation.arrays import Doubles
from reproductions.evaluation.records.translation import END, with_end_named
from reproductions.explain.places import READS
from reproductions.explain.steps import Steps
from reproductions.tasks import typed
from reproductions.transformer2017.inside import inside

LONGEST = 40  # words or pieces: larger matrices are unreadable
START = "<start>"  # the decoder's input before its first word, the zero vector


def take_steps(trained: Any, sentence: str, place: str, layer: int, head: int, word: str | None) -> Steps:
    """The five steps of one head, layer and head counted from 1, over a sentence and the model's own translation of it.

    A query of the decoder is named after the word that it has read, in "decoder", and after the word that it writes, in
    "source". Raises UserError for an empty or long sentence, and for a word that is not there; `places.choose` comes first.
    """
    module = trained.module
    network = module.network
    source = typed.encode(sentence, trained.source, "explain", LONGEST)
    # No position of the decoder reads later ones, so cutting the translation off changes nothing before the cut.
    own = list(module.translate(source, torch.ones_like(source, dtype=torch.bool))[0].ids[:LONGEST])
    computed = inside(module.model, place, layer - 1, source, torch.tensor([own]))  # type: ignore[arg-type]
    Q, K, V = (part[head - 1].double().numpy() for part in (computed.Q, computed.K, computed.V))
    weights, context = (part[head - 1].numpy() for part in (computed.weights, computed.context))
    ids = source[0].tolist()
    sources = _pieces(trained.source, ids, trained.source.surface(sentence))
    targets = _pieces(trained.target, own, trained.target.words(own))
    language = trained.target.language

    def sides(targets: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        given = (START, *targets[:-1])
        return {"encoder": (sources, sources), "decoder": (given, given), "source": (targets, sources)}[place]

    queries, keys = sides(targets)
    notes = []
    if place != "encoder":
        notes.append(f"The target is the model's own translation: “{printed(trained.target.decode(own), language)}”.")
    where = (
        f"{module.title}, step {module.steps:,} · {READS[place]} · layer {layer} of {network.layers} · head {head} of "
        f"{network.heads}"
    )
    query = followed(queries, keys, weights, word)
    queries, keys = map(with_end_named, sides(printed_words(targets, language)))
    steps = Steps(
        queries, keys, Q, K, V, computed.mask.numpy(), query, where, _inputs(place, layer, network.d_model),
        typed.unknown(sentence, trained.source),
    )  # fmt: skip
    apart = max(np.abs(steps.weights - weights).max(), np.abs(steps.context - context).max())
    exact = f"Recomputed from Q, K and V in double precision; the model's own weights and results differ by {apart:.0e} at most."
    return replace(steps, notes=(*notes, exact))


def _inputs(place: str, layer: int, d: int) -> str:
    """The input of the projections, in a sentence."""
    first = "its embedding plus its position" if layer == 1 else f"the output of layer {layer - 1}"
    if place == "source":
        return (
            f"X holds the {d} numbers of each target position after this layer's self-attention, X′ those of each source word "
            "after the encoder. "
        )
    return f"X, which is X′ here, holds {d} numbers for each word: {first}. "


def _pieces(tokenizer: Tokenizer, ids: Sequence[int], words: Words) -> tuple[str, ...]:
    """The name of each position: its word, or for a word of several pieces the piece, with "…" if it continues the word."""
    names, before = [], -1
    for piece, number in zip(ids, words.word_of_piece, strict=True):
        alone = words.word_of_piece.count(number) == 1
        name = words.words[number] if alone else tokenizer.words([piece]).words[0]
        names.append(f"…{name}" if number == before else name)
        before = number
    return tuple(names)


def followed(queries: Sequence[str], keys: Sequence[str], weights: Doubles, word: str | None) -> int:
    """The place of a query, by its word in any case or its number from 1; by default that with the largest weight on another
    word, not on punctuation. Raises UserError if there is no such query.
    """
    if word is None:
        at_words = weights * [key not in (END, START) and any(map(str.isalnum, key)) for key in keys]
        if queries is keys:
            np.fill_diagonal(at_words, 0)
        return int(at_words.max(1).argmax())
    for form in (str, str.casefold):
        if places := [t for t, query in enumerate(queries) if form(query) == form(word)]:
            return places[0]
    numbers = [str(number) for number in range(1, len(queries) + 1)]
    if word in numbers:
        return numbers.index(word)
    choices = ", ".join(f"{number} {query}" for number, query in enumerate(queries, start=1))
    raise UserError(f"There is no query {word!r:.60}: choose a word or its number from {choices}.")
