"""The sentences that the benchmarks train on and translate: from the project's corpora, or word pieces made elsewhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.errors import UserError
from data.prepared.ids import FlatIds
from data.sources.corpora import load
from data.sources.download import data_dir
from data.tokenizers import EOS, SPECIALS, UNK, Tokenizer
from data.translation import PairedIds, TranslationData

TEST = "test_2016_flickr"
_MULTI30K = [f"{split}.{language}.gz" for split in ("train", "val", TEST) for language in ("en", "fr")]


@dataclass(frozen=True)
class TestSet:
    """Sentences to translate."""

    name: str  # for tables
    pairs: PairedIds  # ids of source and target
    text: Callable[[Sequence[int]], str]  # turns target ids into text
    references: Sequence[str] = ()  # human translations, of a run's corpus


@dataclass(frozen=True)
class Corpus:
    """Pairs to train on, the sizes of the two vocabularies, and sentences to translate."""

    train: PairedIds
    source_size: int
    target_size: int
    test: TestSet


def choose(pieces: Path | None) -> Corpus:
    """The pieces in a folder; without one, Multi30k if it is in the data directory, or else Accord."""
    if pieces is not None:
        return from_pieces(pieces)
    there = all((data_dir() / "multi30k" / name).is_file() for name in _MULTI30K)
    name, split = ("multi30k", TEST) if there else ("accord", "test")
    data = TranslationData(name, tokenizer="bpe", vocabulary=8000, joint=True, test_splits=[split])
    test = TestSet(f"{name}, {split}", data.pairs_of(split), data.target_tokenizer.decode)
    return Corpus(data.pairs_of("train"), len(data.source_tokenizer), len(data.target_tokenizer), test)


def of_run(settings: dict[str, Any], source: Tokenizer, target: Tokenizer) -> TestSet:
    """The first test split of a run, encoded with its tokenisers; ``settings`` are those of its data module."""
    data = TranslationData(**settings)
    split = data.split_names("test")[0]
    name, languages = settings["corpus"], (settings["source_language"], settings["target_language"])
    examples = list(load(name, split, *languages))
    sides = source.encode_batch([e.source for e in examples]), target.encode_batch([e.target for e in examples])
    pairs = PairedIds(*map(FlatIds.of, sides))
    return TestSet(f"{name}, {split}", pairs, target.decode, [example.target for example in examples])


def from_pieces(folder: Path) -> Corpus:
    """A corpus from ``vocab.txt``, one piece per line, and ``bpe.SPLIT.en`` and ``bpe.SPLIT.fr``, one sentence per line with
    spaces between its pieces, for the splits train and test_2016_flickr.

    Pieces that start a word start with "▁". The project's special symbols replace those of the vocabulary, ``<...>``.
    Raises UserError for a missing file and for sides of unequal length.
    """
    pieces = [piece for piece in _lines(folder / "vocab.txt") if piece and not piece.startswith("<")]
    entries = [*SPECIALS, *pieces]
    ids = {piece: i for i, piece in enumerate(entries)}

    def split(name: str) -> PairedIds:
        sides = []
        for language in ("en", "fr"):
            lines = _lines(folder / f"bpe.{name}.{language}")
            sides.append(FlatIds.of([[*(ids.get(piece, UNK) for piece in line.split()), EOS] for line in lines]))
        if len(sides[0]) != len(sides[1]):
            raise UserError(f"{folder}: split {name} has {len(sides[0])} English and {len(sides[1])} French lines.")
        return PairedIds(*sides)

    def text(sentence: Sequence[int]) -> str:
        return "".join(entries[i] for i in sentence if i != EOS).replace("▁", " ").strip()

    return Corpus(split("train"), len(entries), len(entries), TestSet(f"pieces, {TEST}", split(TEST), text))


def _lines(path: Path) -> list[str]:
    try:
        # Not splitlines(), which also ends lines at characters that a piece may hold.
        return path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    except FileNotFoundError:
        files = f"vocab.txt, bpe.train.en, bpe.train.fr, bpe.{TEST}.en and bpe.{TEST}.fr"
        raise UserError(f"There is no {path}: --pieces needs a folder with {files}.") from None
