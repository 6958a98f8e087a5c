"""From a corpus to arrays on disk: read once, learn the tokenisers, tokenise in chunks, store."""

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from data.errors import UserError
from data.links import Links
from data.prepared.folder import damaged, load_lines, prepared_folder, save_facts
from data.prepared.ids import FlatIds, FlatIdsWriter
from data.progress import counted, counting
from data.sources.text import Example, find_corpus, load
from data.tokenizers import Tokenizer, learn_tokenizer
from data.words import split as split_words

logger = logging.getLogger(__name__)

_VERSION = 1  # of the directory's layout
_CHUNK = 4096  # sentences tokenised at a time
_SIDES = ("source", "target")
Sentence = list[str]  # its words


@dataclass(frozen=True)
class TextSettings:
    """What decides the content of a prepared directory; the fields are those of TranslationData."""

    corpus: str
    source_language: str
    target_language: str
    tokenizer: str
    vocabulary: int
    min_frequency: int
    joint: bool
    pairs: int | None
    max_words: int
    test_splits: tuple[str, ...]

    @property
    def languages(self) -> tuple[str, str]:
        return self.source_language, self.target_language


def prepare_text(settings: TextSettings, data_dir: Path) -> Path:
    """Directory of the prepared corpus, made unless it exists; another edition of the corpus is another directory.

    Raises UserError for faults of the corpus, and if no training pair is left.
    """
    corpus = find_corpus(settings.corpus)
    name = "-".join((corpus.name, *settings.languages))
    decisive = [_VERSION, asdict(settings), corpus.edition(data_dir)]
    return prepared_folder(name, decisive, data_dir, lambda work: _make(settings, data_dir, work))


def load_ids(folder: Path, split: str) -> tuple[FlatIds, FlatIds]:
    """Source and target ids of a split, mapped from disk; raises UserError if they are damaged."""
    source, target = (FlatIds.load(folder / f"{split}.{side}") for side in _SIDES)
    if len(source) != len(target):
        raise damaged(folder, f"{split} has {len(source)} sources and {len(target)} targets")
    return source, target


def load_examples(folder: Path, split: str) -> list[Example]:
    """The raw texts of an evaluation split, with gold links where the corpus has them.

    Raises UserError if the file is missing or damaged.
    """
    return load_lines(folder, f"{split}.jsonl", _example)


def _example(stored: list[Any]) -> Example:
    source, target, links = stored
    if links is not None:
        sure, possible = (frozenset((t, s) for t, s in pairs) for pairs in links)
        links = Links(sure=sure, possible=possible)
    return Example(source, target, links)


def _make(settings: TextSettings, data_dir: Path, work: Path) -> None:
    evaluation = {split: _save_examples(settings, data_dir, work, split) for split in ("valid", *settings.test_splits)}
    kept, dropped = _spool_training(settings, data_dir, work)
    if not kept:
        raise UserError(
            f"{settings.corpus} has no training pair of at most {settings.max_words} words: raise max_words."
        )
    tokenizers = _learn(settings, work)
    for side, tokenizer in zip(_SIDES, tokenizers, strict=True):
        tokenizer.save(work, side)
        _encode(tokenizer, _spooled(work, side), work / f"train.{side}", kept)
        _spool(work, side).unlink()
        for split, count in evaluation.items():
            texts = (getattr(example, side) for example in load_examples(work, split))
            sentences = (split_words(text, tokenizer.language) for text in texts)
            _encode(tokenizer, sentences, work / f"{split}.{side}", count)
    counts = {"train": kept, **evaluation}
    save_facts(work, settings=asdict(settings), pairs=counts, dropped=dropped, version=_VERSION)
    logger.info(
        "Prepared %s %s-%s: %s pairs (%s longer than %d words dropped), vocabularies of %s and %s entries.",
        settings.corpus, settings.source_language, settings.target_language,
        ", ".join(f"{name} {count:,}" for name, count in counts.items()), f"{dropped:,}", settings.max_words,
        *(f"{len(tokenizer):,}" for tokenizer in tokenizers),
    )  # fmt: skip


def _save_examples(settings: TextSettings, data_dir: Path, work: Path, split: str) -> int:
    """Write the raw evaluation texts, so that scores and ids always belong to the same sentences."""
    count = 0
    with (work / f"{split}.jsonl").open("w", encoding="utf-8") as file:
        for example in load(settings.corpus, split, *settings.languages, data_dir):
            links = example.links and [sorted(example.links.sure), sorted(example.links.possible)]
            file.write(json.dumps([example.source, example.target, links], ensure_ascii=False) + "\n")
            count += 1
    if not count:
        raise UserError(f"The split {split!r} of {settings.corpus} is empty: give a larger corpus.")
    return count


def _spool_training(settings: TextSettings, data_dir: Path, work: Path) -> tuple[int, int]:
    """Write the words of the training pairs that are short enough, a file a side; return how many were kept and dropped.

    The corpus is streamed and split into words only once; the words are then read twice.
    """
    kept = dropped = 0
    examples = load(settings.corpus, "train", *settings.languages, data_dir, settings.pairs)
    source_spool, target_spool = (_spool(work, side) for side in _SIDES)
    with source_spool.open("w", encoding="utf-8") as sources, target_spool.open("w", encoding="utf-8") as targets:
        for example in counted(examples, "reading train", settings.pairs, "pairs"):
            source = split_words(example.source, settings.source_language)
            target = split_words(example.target, settings.target_language)
            # A side of white space and invisible characters has no word.
            if not (source and target) or max(len(source), len(target)) > settings.max_words:
                dropped += 1
                continue
            sources.write(" ".join(source) + "\n")
            targets.write(" ".join(target) + "\n")
            kept += 1
    return kept, dropped


def _spool(work: Path, side: str) -> Path:
    return work / f"train.{side}.words"


def _spooled(work: Path, side: str) -> Iterator[Sentence]:
    with _spool(work, side).open(encoding="utf-8", newline="\n") as file:
        for line in file:
            yield line[:-1].split(" ")


def _learn(settings: TextSettings, work: Path) -> tuple[Tokenizer, Tokenizer]:
    def learn(language: str, sentences: Iterable[Sentence]) -> Tokenizer:
        return learn_tokenizer(settings.tokenizer, sentences, language, settings.vocabulary, settings.min_frequency)

    source, target = (_spooled(work, side) for side in _SIDES)
    if settings.joint:
        shared = learn(settings.source_language, chain.from_iterable(zip(source, target, strict=True)))
        return shared, shared.in_language(settings.target_language)
    return learn(settings.source_language, source), learn(settings.target_language, target)


def _encode(tokenizer: Tokenizer, sentences: Iterator[Sentence], stem: Path, count: int) -> None:
    writer = FlatIdsWriter(stem)
    with counting(f"tokenising {stem.name}", count, "sentences") as progress:
        while chunk := list(islice(sentences, _CHUNK)):
            writer.append(tokenizer.encode_words(chunk))
            progress.done += len(chunk)
    writer.close()
