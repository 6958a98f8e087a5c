"""From a corpus to arrays on disk: read and split once, learn the tokenisers, tokenise each word once, store."""

import json
import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import UserError
from data.links import Links
from data.prepared.folder import damaged, load_lines, prepared_folder, save_facts
from data.prepared.ids import FlatIds, write_ids
from data.prepared.spool import SIDES, Spool, number
from data.prepared.workers import mapped
from data.progress import counting
from data.sources.corpora import find_corpus
from data.sources.gold import DEVELOPMENT, with_gold
from data.sources.text import Chunk, Corpus, Example, Request, chunks, warn
from data.tokenizers import Tokenizer, learn_tokenizer

logger = logging.getLogger(__name__)

_VERSION = 1  # of the directory's layout


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
    links: tuple[str, ...] = ()

    def find(self) -> Corpus:
        """The corpus, with its gold links."""
        return with_gold(find_corpus(self.corpus), self.links)

    @property
    def languages(self) -> tuple[str, str]:
        return self.source_language, self.target_language


def prepare_text(settings: TextSettings, data_dir: Path) -> Path:
    """Directory of the prepared corpus, made unless it exists; another edition of the corpus is another directory.

    Raises UserError for faults of the corpus, and if no training pair is left.
    """
    corpus = settings.find()
    name = "-".join((corpus.name, *settings.languages))
    content = {name: value for name, value in asdict(settings).items() if name != "links" or value}
    decisive = [_VERSION, content, corpus.edition(data_dir)]
    return prepared_folder(name, decisive, data_dir, lambda work: _make(settings, corpus, data_dir, work))


def load_ids(folder: Path, split: str) -> tuple[FlatIds, FlatIds]:
    """Source and target ids of a split, mapped from disk; raises UserError if they are damaged."""
    source, target = (FlatIds.load(folder / f"{split}.{side}") for side in SIDES)
    if len(source) != len(target):
        raise damaged(folder, f"{split} has {len(source)} sources and {len(target)} targets")
    return source, target


def load_examples(folder: Path, split: str) -> list[Example]:
    """The raw texts of an evaluation split, with gold links where the corpus has them.

    Raises UserError if the file is missing or damaged.
    """
    return load_lines(folder, f"{split}.jsonl", _example)


def _example(stored: list[Any]) -> Example:
    source, target, links, *spaced = stored
    if links is not None:
        sure, possible = (frozenset((t, s) for t, s in pairs) for pairs in links)
        links = Links(sure=sure, possible=possible)
    return Example(source, target, links, *spaced)


def _make(settings: TextSettings, corpus: Corpus, data_dir: Path, work: Path) -> None:
    splits = tuple(dict.fromkeys(("valid", *settings.test_splits, *{DEVELOPMENT}.intersection(corpus.splits))))
    spool = Spool(work)
    for split in () if spool.counts["read"] else splits:  # before anything is spooled
        _save_examples(corpus, corpus.request(split, *settings.languages, data_dir), work)
    if not spool.complete:
        _read_training(settings, corpus, data_dir, spool)
    evaluation = {split: load_examples(work, split) for split in splits}
    kept, dropped = spool.counts["kept"], spool.counts["dropped"]
    if not kept:
        raise UserError(
            f"{settings.corpus} has no training pair of at most {settings.max_words} words: raise max_words."
        )
    tokenizers = _learn(settings, spool)
    for side, tokenizer in zip(SIDES, tokenizers, strict=True):
        tokenizer.save(work, side)
        write_ids(work / f"train.{side}", kept, _encoded(tokenizer, spool, side))
        for split, examples in evaluation.items():
            texts = [getattr(example, side) for example in examples]
            write_ids(work / f"{split}.{side}", len(texts), [FlatIds.of(tokenizer.encode_batch(texts))])
    spool.remove()
    counts = {"train": kept, **{split: len(examples) for split, examples in evaluation.items()}}
    save_facts(work, settings=asdict(settings), pairs=counts, dropped=dropped, version=_VERSION)
    logger.info(
        "Prepared %s %s-%s: %s pairs (%s longer than %d words dropped), vocabularies of %s and %s entries.",
        settings.corpus, settings.source_language, settings.target_language,
        ", ".join(f"{name} {count:,}" for name, count in counts.items()), f"{dropped:,}", settings.max_words,
        *(f"{len(tokenizer):,}" for tokenizer in tokenizers),
    )  # fmt: skip


def _save_examples(corpus: Corpus, request: Request, work: Path) -> None:
    """Write the raw evaluation texts, so that scores and ids always belong to the same sentences."""
    count = 0
    with (work / f"{request.split}.jsonl").open("w", encoding="utf-8") as file:
        for chunk in chunks(corpus, request):
            for example in chunk.examples:
                links = example.links and [sorted(example.links.sure), sorted(example.links.possible)]
                file.write(json.dumps([*example[:2], links, example.spaced], ensure_ascii=False) + "\n")
            count += len(chunk.examples)
    if not count:
        raise UserError(f"The split {request.split!r} of {corpus.name} is empty: give a larger corpus.")


def _read_training(settings: TextSettings, corpus: Corpus, data_dir: Path, spool: Spool) -> None:
    """Stream the training pairs and split them into words, once; those that are short enough complete the spool."""
    read = spool.counts["read"]
    if read:
        logger.info("The preparation of %s goes on after the %s pairs that were read.", settings.corpus, f"{read:,}")
    limit = settings.pairs and settings.pairs - spool.counts["kept"] - spool.counts["dropped"]
    request = corpus.request("train", *settings.languages, data_dir)._replace(start=read, limit=limit)
    texts = (
        Chunk([Example(*example[:2]) for example in chunk.examples], chunk.counts) for chunk in chunks(corpus, request)
    )
    numbered = mapped(partial(number, languages=settings.languages, max_words=settings.max_words), texts)
    total = settings.pairs or corpus.length(request)
    with closing(numbered), counting("reading train", total, "pairs", begun=read) as progress:
        for pairs in numbered:
            spool.append(pairs)
            progress.done = spool.counts["read"]
    spool.end()
    warn(corpus, spool.counts)


def _learn(settings: TextSettings, spool: Spool) -> list[Tokenizer]:
    """The tokenisers of source and target."""

    def learn(language: str, frequencies: Mapping[str, int]) -> Tokenizer:
        return learn_tokenizer(settings.tokenizer, frequencies, language, settings.vocabulary, settings.min_frequency)

    frequencies = [spool.frequencies(side) for side in SIDES]
    if settings.joint:
        shared = learn(settings.source_language, frequencies[0] + frequencies[1])
        return [shared, shared.in_language(settings.target_language)]
    with ThreadPoolExecutor() as both:  # pieces are learned outside of Python
        return list(both.map(learn, settings.languages, frequencies))


def _encoded(tokenizer: Tokenizer, spool: Spool, side: str) -> Iterator[FlatIds]:
    """The ids of the training sentences of a side, chunk by chunk: those of each word are worked out once."""
    ids_of = {"": [tokenizer.eos]}
    with counting(f"tokenising train.{side}", spool.counts["kept"], "sentences") as progress:
        for words, numbers, lengths in spool.sentences(side):
            new = [word for word in words if word not in ids_of]
            ids_of.update(zip(new, (ids[:-1] for ids in tokenizer.encode_words([[word] for word in new])), strict=True))
            ids = FlatIds.of([ids_of[word] for word in words])
            starts = np.cumsum(lengths) - lengths
            sizes = np.add.reduceat(ids.lengths[numbers], starts)
            yield FlatIds(ids.joined(numbers), np.concatenate([[0], np.cumsum(sizes)]))
            progress.done += len(lengths)
