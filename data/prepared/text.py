"""From a corpus to arrays on disk: read once, learn the tokenisers, tokenise in chunks, store."""

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

from data.batching import FlatIds, FlatIdsWriter
from data.errors import UserError
from data.links import Links
from data.prepared.folder import damaged, made_once, prepared_folder
from data.sources.text import Example, find, load
from data.tokenizers import Tokenizer, learn_tokenizer, load_tokenizer
from data.words import split

logger = logging.getLogger(__name__)

_VERSION = 1  # of the directory's layout
_CHUNK = 4096  # sentences tokenised at a time
_SIDES = ("source", "target")


@dataclass(frozen=True)
class Settings:
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

    def folder(self, data_dir: Path) -> Path:
        """Where these settings are prepared: another edition of the corpus is another directory."""
        corpus = find(self.corpus)
        name = f"{corpus.name}-{self.source_language}-{self.target_language}"
        return prepared_folder(name, [_VERSION, asdict(self), corpus.edition(data_dir)], data_dir)


def prepare(settings: Settings, data_dir: Path) -> Path:
    """Directory of the prepared corpus, made unless it is there; many processes may call at once.

    It appears whole or not at all. Raises UserError for faults of the corpus, and if no training pair is
    left.
    """
    folder = settings.folder(data_dir)
    return made_once(folder, lambda work: _make(settings, data_dir, work))


def load_ids(folder: Path, split_name: str) -> tuple[FlatIds, FlatIds]:
    """Source and target ids of a split, mapped from disk."""
    source, target = (FlatIds.load(folder / f"{split_name}.{side}") for side in _SIDES)
    if len(source) != len(target):
        counts = f"{split_name} has {len(source)} sources and {len(target)} targets"
        raise damaged(folder, counts)
    return source, target


def load_tokenizers(folder: Path) -> tuple[Tokenizer, Tokenizer]:
    """Source and target tokeniser."""
    return load_tokenizer(folder, "source"), load_tokenizer(folder, "target")


def load_examples(folder: Path, split_name: str) -> list[Example]:
    """The raw texts of an evaluation split, with gold links where the corpus has them.

    Raises UserError if the file is missing or damaged.
    """
    path, examples = folder / f"{split_name}.jsonl", []
    try:
        for line in path.read_bytes().splitlines():
            source, target, links = json.loads(line)
            if links is not None:
                sure, possible = (frozenset((t, s) for t, s in some) for some in links)
                links = Links(sure=sure, possible=possible)
            examples.append(Example(source, target, links))
    except FileNotFoundError:
        raise damaged(folder, f"it has no {path.name}") from None
    except (ValueError, TypeError):  # no JSON, or other JSON
        raise damaged(folder, f"{path.name}, line {len(examples) + 1:,}") from None
    return examples


def _make(settings: Settings, data_dir: Path, work: Path) -> None:
    evaluation = {name: _save_examples(settings, data_dir, work, name) for name in ("valid", *settings.test_splits)}
    spool = work / "train.words"
    kept, dropped = _spool_training(settings, data_dir, spool)
    if not kept:
        raise UserError(
            f"{settings.corpus} has no training pair of at most {settings.max_words} words: raise max_words."
        )
    tokenizers = _learn(settings, spool)
    for side, tokenizer in zip(_SIDES, tokenizers, strict=True):
        tokenizer.save(work, side)
    _encode(tokenizers, _spooled(spool), work, "train", kept)
    spool.unlink()
    for name, count in evaluation.items():
        _encode(tokenizers, _split_examples(settings, work, name), work, name, count)
    counts = {"train": kept, **evaluation}
    stored = {"settings": asdict(settings), "pairs": counts, "dropped": dropped, "version": _VERSION}
    (work / "settings.json").write_text(json.dumps(stored, indent=2), encoding="utf-8")
    logger.info(
        "Prepared %s %s-%s: %s pairs (%s longer than %d words dropped), vocabularies of %s and %s entries.",
        settings.corpus, settings.source_language, settings.target_language,
        ", ".join(f"{name} {count:,}" for name, count in counts.items()), f"{dropped:,}", settings.max_words,
        *(f"{len(tokenizer):,}" for tokenizer in tokenizers),
    )  # fmt: skip


def _save_examples(settings: Settings, data_dir: Path, work: Path, split_name: str) -> int:
    """Write the raw evaluation texts, so that scores and ids are of the same sentences for ever."""
    count = 0
    with (work / f"{split_name}.jsonl").open("w", encoding="utf-8") as file:
        for example in load(settings.corpus, split_name, settings.source_language, settings.target_language, data_dir):
            links = example.links and [sorted(example.links.sure), sorted(example.links.possible)]
            file.write(json.dumps([example.source, example.target, links], ensure_ascii=False) + "\n")
            count += 1
    if not count:
        raise UserError(f"The split {split_name!r} of {settings.corpus} is empty: give a larger corpus.")
    return count


def _spool_training(settings: Settings, data_dir: Path, spool: Path) -> tuple[int, int]:
    """Write the words of the training pairs that are short enough; return how many were kept and dropped.

    The corpus is generated or streamed once only, and split into words once only; the words are read twice.
    """
    kept = dropped = 0
    languages = settings.source_language, settings.target_language
    examples = load(settings.corpus, "train", *languages, data_dir, settings.pairs)
    with spool.open("w", encoding="utf-8") as file:
        for example in tqdm(examples, total=settings.pairs, desc="reading", unit=" pairs", leave=False):
            source, target = split(example.source, languages[0]), split(example.target, languages[1])
            # White space and invisible characters alone make no word.
            if not (source and target) or max(len(source), len(target)) > settings.max_words:
                dropped += 1
                continue
            file.write(f"{' '.join(source)}\t{' '.join(target)}\n")
            kept += 1
    return kept, dropped


def _spooled(spool: Path) -> Iterator[tuple[list[str], list[str]]]:
    with spool.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            source, target = line[:-1].split("\t")
            yield source.split(" "), target.split(" ")


def _split_examples(settings: Settings, work: Path, split_name: str) -> Iterator[tuple[list[str], list[str]]]:
    for example in load_examples(work, split_name):
        yield split(example.source, settings.source_language), split(example.target, settings.target_language)


def _learn(settings: Settings, spool: Path) -> tuple[Tokenizer, Tokenizer]:
    sizes: tuple[Any, ...] = (settings.vocabulary, settings.min_frequency)
    if settings.joint:
        both = chain.from_iterable(_spooled(spool))
        shared = learn_tokenizer(settings.tokenizer, both, settings.source_language, *sizes)
        return shared, shared.in_language(settings.target_language)
    source = learn_tokenizer(settings.tokenizer, (s for s, _ in _spooled(spool)), settings.source_language, *sizes)
    target = learn_tokenizer(settings.tokenizer, (t for _, t in _spooled(spool)), settings.target_language, *sizes)
    return source, target


def _encode(
    tokenizers: tuple[Tokenizer, Tokenizer],
    pairs: Iterator[tuple[list[str], list[str]]],
    work: Path,
    split_name: str,
    count: int,
) -> None:
    writers = [FlatIdsWriter(work / f"{split_name}.{side}") for side in _SIDES]
    with tqdm(total=count, desc=f"tokenising {split_name}", unit=" pairs", leave=False) as progress:
        while chunk := list(islice(pairs, _CHUNK)):
            for writer, tokenizer, sentences in zip(writers, tokenizers, zip(*chunk, strict=True), strict=True):
                writer.append(tokenizer.encode_words(sentences))
            progress.update(len(chunk))
    for writer in writers:
        writer.close()
