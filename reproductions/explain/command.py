"""``make explain``: one attention of a trained Transformer over a sentence, in the terminal, as a figure and as a page."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from data.errors import UserError
from reproductions import runs
from reproductions.evaluation import files
from reproductions.explain.page import page
from reproductions.explain.picture import figure
from reproductions.explain.steps import Steps
from reproductions.explain.terminal import text
from reproductions.runs import Run
from reproductions.transformer2017.inside import PLACES, inside

PAPER = "transformer2017"
READS = {
    "encoder": "source words reading one another",
    "decoder": "target words reading those before them",
    "source": "target words reading the source",
}
LONGEST = 40  # words of a sentence: a page of larger matrices says nothing


def explain(  # noqa: PLR0913 - what the command line takes
    sentence: str, folder: Path | None, place: str, layer: int, head: int, word: str | None, out: Path | None
) -> int:
    """Print the five steps, and write them as a figure and as a page.

    Raises UserError for a run that is no Transformer, a sentence that is empty or long, and for a place, layer, head or word
    that there is not.
    """
    run = _run(folder)
    steps = take_steps(run.restore(), sentence, place, layer, head, word)
    where = out or run.folder / "explained"
    drawn = files.save(figure(steps), where / "steps.png", dpi=170)
    made = f"Made on {datetime.now(UTC):%Y-%m-%d} with make explain."
    written = files.write_text(where / "steps.html", page(steps, made))
    sys.stdout.write(f"{text(steps)}\nPage: {written}\nPicture: {drawn}\n")
    return 0


def _run(folder: Path | None) -> Run:
    try:
        run = runs.find(PAPER) if folder is None else runs.at(folder)
    except UserError as error:
        raise UserError(
            f"{error} Scaled dot-product attention is the Transformer's: `make train-transformer`."
        ) from error
    if run.paper != PAPER:
        raise UserError(
            f"{run.folder} is a run of {run.paper}; scaled dot-product attention is the Transformer's: name one."
        )
    return run


def take_steps(trained: Any, sentence: str, place: str, layer: int, head: int, word: str | None) -> Steps:
    """The five steps of one head, layer and head counted from 1, over a sentence and the model's own translation of it."""
    if not sentence.split():
        raise UserError("There is nothing to explain: the sentence is empty.")
    source = trained.source.surface(sentence)
    if len(source.words) > LONGEST:
        raise UserError(
            f"The sentence has {len(source.words)} words with </s>, more than {LONGEST}: give a shorter one."
        )
    network = trained.module.network
    _check("place", place, PLACES)
    _check("layer", layer, range(1, network.layers + 1))
    _check("head", head, range(1, network.heads + 1))
    ids = torch.tensor([trained.source.encode(sentence)])
    hypothesis = trained.module.translate(ids, torch.ones_like(ids, dtype=torch.bool))[0]
    found = inside(trained.module.model, place, layer - 1, ids, torch.tensor([list(hypothesis.ids)]))  # type: ignore[arg-type]
    Q, K, V = (part[head - 1].double().numpy() for part in (found.Q, found.K, found.V))
    sources = _pieces(trained.source, ids[0].tolist(), source)
    targets = _pieces(trained.target, hypothesis.ids, trained.target.words(hypothesis.ids))
    given = ["<start>", *targets[:-1]]  # what each position of the decoder has read last
    queries = sources if place == "encoder" else given if place == "decoder" else targets
    keys = given if place == "decoder" else sources
    weights = found.weights[head - 1].numpy()
    where = f"{trained.module.title}, layer {layer}, head {head}: {READS[place]}"
    return Steps(tuple(queries), tuple(keys), Q, K, V, found.mask.numpy(), _followed(queries, weights, word), where)


def _pieces(tokenizer: Any, ids: Sequence[int], words: Any) -> list[str]:
    """What each position stands for: the word, where it is one piece, else the piece."""
    alone = [words.word_of_piece.count(number) == 1 for number in words.word_of_piece]
    return [
        words.words[number] if whole else tokenizer.entries[piece]
        for piece, number, whole in zip(ids, words.word_of_piece, alone, strict=True)
    ]


def _followed(queries: Sequence[str], weights: Any, word: str | None) -> int:
    """The query that was asked for, or the one that points most clearly, ``</s>`` and the start aside."""
    if word is not None:
        if word not in queries:
            raise UserError(f"There is no query {word!r}: choose from {', '.join(queries)}.")
        return list(queries).index(word)
    clear = [-1.0 if query in ("</s>", "<start>") else row.max() for query, row in zip(queries, weights, strict=True)]
    return int(np.argmax(clear))


def _check(what: str, value: Any, known: Sequence[Any]) -> None:
    if value not in known:
        raise UserError(f"There is no {what} {value}: choose from {', '.join(map(str, known))}.")
