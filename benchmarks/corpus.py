"""The sentences that the benchmarks train on and translate: from the project's own corpora, or pieces made elsewhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.batching import FlatIds
from data.download import data_dir
from data.errors import UserError
from data.tokenizers import EOS, SPECIALS, UNK
from data.translation import PairedIds, TranslationData

TEST = "test_2016_flickr"
_MULTI30K = [f"{split}.{language}.gz" for split in ("train", "val", TEST) for language in ("en", "fr")]


@dataclass(frozen=True)
class Corpus:
    """Sentence pairs to train on and to translate.

    Attributes:
        name: for people.
        source_size, target_size: entries of the vocabularies.
        train, test: ids.
        text: of target ids.
        references: texts of ``test``.
    """

    name: str
    source_size: int
    target_size: int
    train: PairedIds
    test: PairedIds
    text: Callable[[Sequence[int]], str]
    references: list[str]


def choose(pieces: Path | None) -> Corpus:
    """The pieces in a folder; else Multi30k if it lies in the data directory; else Accord."""
    if pieces is not None:
        return from_pieces(pieces)
    there = all((data_dir() / "multi30k" / name).is_file() for name in _MULTI30K)
    split = TEST if there else "test"
    data = TranslationData(
        "multi30k" if there else "accord", tokenizer="bpe", vocabulary=8000, joint=True, test_splits=[split]
    )
    return from_data(data, split)


def from_data(data: TranslationData, split: str) -> Corpus:
    """The training pairs of a data module, and one of its test splits."""
    examples = data.examples(split)
    return Corpus(
        f"{data.settings.corpus}, {split}",
        data.source_size,
        data.target_size,
        data.pairs_of("train"),
        data.pairs_of(split),
        data.target_tokenizer.decode,
        [example.target for example in examples],
    )


def from_pieces(folder: Path) -> Corpus:
    """``vocab.txt``, one piece a line, and ``bpe.SPLIT.en`` and ``bpe.SPLIT.fr``, one sentence a line, its pieces between
    spaces, for the splits train and test_2016_flickr.

    Pieces that start a word start with "▁". Special symbols of the vocabulary, ``<...>``, give way to the project's own.
    Raises UserError for a missing file or sides of unequal length.
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

    test = split(TEST)
    references = [text(test.target[i].tolist()) for i in range(len(test))]
    return Corpus(f"pieces, {TEST}", len(entries), len(entries), split("train"), test, text, references)


def _lines(path: Path) -> list[str]:
    try:
        # Not splitlines(), which also ends lines at characters that a piece may hold.
        return path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    except FileNotFoundError:
        raise UserError(f"There is no {path}: --pieces needs vocab.txt, bpe.train.en, bpe.train.fr and the same of "
                        f"{TEST}.") from None
