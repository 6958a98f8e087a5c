"""Figures 3 to 5 of Vaswani et al. (2017): heads of the encoder's self-attention over one sentence of Accord.

Which heads and words are drawn is chosen by a rule, the caption says by which; ``evaluation/measures/heads.py`` has them.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from data.accord import FIXED, Pair, pairs
from data.errors import UserError
from reproductions import runs
from reproductions.commands.figures import printed, run_of
from reproductions.evaluation.arrays import Floats
from reproductions.evaluation.measures.heads import FAR, Pairs, depending, farthest_reach, mean_weights, most_different
from reproductions.evaluation.plots import Connected, connections
from reproductions.evaluation.views.alignment import merge_pieces
from reproductions.tasks.origin import Origin
from reproductions.tasks.task import restore
from reproductions.tasks.translation.collect import TrainedTranslator

READ = 1000  # sentences of the validation split in which the heads of Figure 4 are chosen
LONGEST, APART = 14, 3  # words of the sentence of Figure 4, and between the two of a pair in it
SHOWN = 0  # fixed sentence over which Figure 5 draws two heads
ALL = "all words"  # heading of a panel
Read = tuple[tuple[str, ...], Floats]  # words and maps of a sentence
Reader = Callable[[str], Read]


class Relation(NamedTuple):
    """Words that need another word of their sentence, as Accord knows."""

    name: str  # of the file
    title: str
    says: str
    pairs: Callable[[Pair], Pairs]


RELATIONS = (
    Relation(
        "figure-4-pronoun",
        "What a pronoun stands for",
        "of a pronoun on the noun that it stands for",
        lambda pair: pair.references,
    ),
    Relation(
        "figure-4-agreement",
        "What decides the form of a translation",
        "of a word on another that decides the form of its translation, as a noun that of its article (a possible gold link)",
        lambda pair: depending(pair.links),
    ),
)


def encoder_maps(translator: TrainedTranslator, text: str) -> Read:
    """The N words of a sentence, ``</s>`` last, and how they attend to each other in the encoder, (L, H, N, N)."""
    module, tokenizer = translator.module, translator.source
    ids = torch.tensor([tokenizer.encode(text)])
    with torch.inference_mode():
        _, maps = module.model.annotate(ids, torch.ones_like(ids, dtype=torch.bool), need_weights=True)  # type: ignore[attr-defined]
    words = tokenizer.surface(text)
    return words.words, merge_pieces(maps[0].float().numpy(), words.word_of_piece, words.word_of_piece)


def figures_3_to_5(data: str | None, folder: Path) -> Iterator[Path]:
    """A long-distance dependency, heads that find what a pronoun stands for, and two heads that differ."""
    run = run_of("transformer2017", data or "accord", having=runs.BEST)
    if run.corpus != "accord":
        raise UserError(
            f"Figures 3 to 5 choose heads by the sentences of accord, and {run.folder} was trained on {run.corpus}: train one "
            "with `make train-transformer`."
        )
    translator = restore(run)
    read, model = partial(encoder_maps, translator), str(Origin.of(translator.module))
    fixed = [read(pair.source_text) for pair in FIXED]
    yield from _long_distance(fixed, model, folder)
    if fixed[0][1].shape[1] == 1:
        raise UserError(
            f"Figures 4 and 5 compare the heads of a layer, and {run.folder} has one: train one with several."
        )
    valid = [(pair, read(pair.source_text)[1]) for pair in pairs("valid", READ)]
    for relation in RELATIONS:
        yield from _relation(relation, valid, read, model, folder)
    yield from _two_heads(fixed, model, folder)


def _long_distance(read: Sequence[Read], model: str, folder: Path) -> Iterator[Path]:
    """Figure 3: all heads of one layer, from the one word that looks farthest."""
    pair = farthest_reach(read)
    words, maps = read[pair.sentence]
    word, attended = words[pair.word], words[pair.attended]
    rule = (
        f"Chosen: the largest weight between two words {FAR} or more apart, without punctuation, in {len(read)} sentences and "
        f"every layer and head: head {pair.head + 1} from “{word}” to “{attended}”, {pair.weight:.2f}. Drawn: all heads of this "
        f"layer, from “{word}” alone."
    )
    panel = Connected(f"from “{word}” alone", words, _heads(maps[pair.layer]), pair.word)
    layer = f"{model} · {_layer(pair.layer, maps)}"
    figure = connections([panel], f"A long-distance dependency of “{word}”", layer, rule)
    yield from printed(figure, folder, "figure-3-long-distance")


def _relation(
    relation: Relation, valid: Sequence[tuple[Pair, Floats]], read: Reader, model: str, folder: Path
) -> Iterator[Path]:
    """Figure 4: all lines of the head that finds a relation best; and from one word alone, those of the next best, too."""
    related = [(maps, relation.pairs(pair)) for pair, maps in valid]
    weights = mean_weights(related)
    layer, best = map(int, np.unravel_index(weights.argmax(), weights.shape))
    second = int(np.argsort(-weights[layer])[1])
    chance = np.concatenate([[1 / maps.shape[-1]] * len(pairs) for maps, pairs in related])
    sentence, (one, other) = next(
        (pair, (word, needed))
        for pair in pairs("test")
        for word, needed in relation.pairs(pair)
        if abs(word - needed) >= APART and len(pair.source) <= LONGEST
    )
    words, maps = read(sentence.source_text)
    rule = (
        f"Chosen: the head with the largest mean weight {relation.says}, {weights[layer, best]:.2f} over {len(chance):,} such "
        f"pairs in {len(valid):,} validation sentences (uniform attention: {chance.mean():.2f}); and the next best of its layer, "
        f"{weights[layer, second]:.2f}. Drawn: the first test sentence of at most {LONGEST} words with such a pair {APART} or "
        f"more apart, here “{words[one]}” with “{words[other]}”."
    )
    heads = _heads(maps[layer])
    panels = [
        Connected(ALL, words, {best + 1: heads[best + 1]}),
        Connected(f"from “{words[one]}” alone", words, {each: heads[each] for each in (best + 1, second + 1)}, one),
    ]
    figure = connections(panels, relation.title, f"{model} · {_layer(layer, maps)}", rule)
    yield from printed(figure, folder, relation.name)


def _two_heads(read: Sequence[Read], model: str, folder: Path) -> Iterator[Path]:
    """Figure 5: two heads of one layer that do different things."""
    apart = most_different([maps for _, maps in read])
    words, maps = read[SHOWN]
    rule = (
        f"Chosen: of all pairs of heads in one layer, the two whose attention differs most over {len(read)} sentences: "
        f"Jensen-Shannon divergence {apart.divergence:.2f}, from 0, equal, to 1, never on the same word."
    )
    heads = _heads(maps[apart.layer])
    panels = [Connected(ALL, words, {head + 1: heads[head + 1]}) for head in apart.heads]
    figure = connections(panels, "Two heads of one layer", f"{model} · {_layer(apart.layer, maps)}", rule)
    yield from printed(figure, folder, "figure-5-two-heads")


def _heads(maps: Floats) -> dict[int, Floats]:
    """The maps (H, N, N) of a layer by the number of the head, from 1."""
    return dict(enumerate(maps, start=1))


def _layer(layer: int, maps: Floats) -> str:
    return f"self-attention of the encoder, layer {layer + 1} of {len(maps)}"


FIGURES = (figures_3_to_5,)
