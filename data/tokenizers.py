"""Texts to ids and back, by words or by byte-pair pieces of words; both work on the words of data.words.

Three ids are the same everywhere: pad 0, unk 1, eos 2. There is no start symbol. A tokeniser is stored as JSON.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import tokenizers

from data import stored
from data.errors import UserError
from data.progress import counting
from data.words import LANGUAGES, join, split, tokens_of

PAD, UNK, EOS = 0, 1, 2
SPECIALS = ("<pad>", "<unk>", "</s>")
_VERSION = 1
_AT_ONCE = 1000  # words that are handed to the library at once
_REMEMBERED = 500_000  # words whose pieces are kept, so that memory stays bounded for any corpus
_REMEDY = "restore it, or delete its directory to have it made anew"


class Words(NamedTuple):
    """The words that ids stand for, "</s>" included; piece i belongs to word ``word_of_piece[i]``."""

    words: tuple[str, ...]
    word_of_piece: tuple[int, ...]

    def as_tokens(self, text: str) -> "Words":
        """The same pieces of this text, as parts of what white space separates, "</s>" still included.

        Raises UserError as :func:`tokens_of`.
        """
        tokens, words = text.split(), [word for word in self.words if word != SPECIALS[EOS]]
        places = [*tokens_of(words, tokens), len(tokens)]
        return Words((*tokens, *self.words[len(words) :]), tuple(places[word] for word in self.word_of_piece))


class Tokenizer(ABC):
    """Texts to ids and back, in one language; a subclass says how words become ids.

    ``entries`` are the texts of the ids in order. Raises ValueError unless they are distinct strings, the three specials first.
    """

    kind: ClassVar[str]
    pad, unk, eos = PAD, UNK, EOS

    def __init__(self, entries: Sequence[str], language: str) -> None:
        if tuple(entries[: len(SPECIALS)]) != SPECIALS or len(set(entries)) != len(entries):
            raise ValueError(f"Entries must start with {SPECIALS} and occur once, unlike {str(entries[:5]):.200}")
        if not all(isinstance(entry, str) for entry in entries):
            raise ValueError("Every entry must be a string.")
        self.entries = tuple(entries)
        self.language = language

    def __len__(self) -> int:
        return len(self.entries)

    def encode(self, text: str) -> list[int]:
        """Ids of a text, ``eos`` last."""
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of many texts, ``eos`` last in each."""
        return self.encode_words([split(text, self.language) for text in texts])

    @abstractmethod
    def encode_words(self, sentences: Sequence[Sequence[str]]) -> list[list[int]]:
        """Ids of sentences that were already split into words, ``eos`` last in each."""

    @abstractmethod
    def words(self, ids: Sequence[int]) -> Words:
        """The words of ids, up to and including the first ``eos``; an unknown word reads "<unk>"."""

    @abstractmethod
    def surface(self, text: str) -> Words:
        """The words of a text as written and "</s>", with the word that each piece of ``encode(text)`` belongs to."""

    def unknown(self, text: str) -> list[int]:
        """Places of the words of ``surface(text)`` that become ``unk``."""
        pieces = zip(self.encode(text), self.surface(text).word_of_piece, strict=True)
        return sorted({word for piece, word in pieces if piece == self.unk})

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids up to the first ``eos``, spaced as its language spaces it."""
        return join([word for word in self.words(ids).words if word != SPECIALS[EOS]], self.language)

    def in_language(self, language: str) -> "Tokenizer":
        """The same vocabulary for texts of another language."""
        return type(self)(**self.fields(), language=language)

    def fields(self) -> dict[str, Any]:
        """The vocabulary in JSON types, by the names of the constructor's arguments."""
        return {"entries": list(self.entries)}

    def fingerprint(self) -> str:
        """Digest of kind and vocabulary, independent of the language: where it agrees, ids mean the same."""
        text = json.dumps([self.kind, self.fields()], ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def save(self, folder: Path, name: str) -> None:
        """Write ``<folder>/<name>.json``."""
        content = {"kind": self.kind, "version": _VERSION, "language": self.language, **self.fields()}
        (folder / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


class WordTokenizer(Tokenizer):
    """One id per word; words outside the vocabulary are ``unk``."""

    kind = "words"

    def __init__(self, entries: Sequence[str], language: str) -> None:
        super().__init__(entries, language)
        self._ids = {entry: i for i, entry in enumerate(self.entries)}

    @classmethod
    def learn(
        cls, frequencies: Mapping[str, int], language: str, vocabulary: int, min_frequency: int
    ) -> "WordTokenizer":
        """The most frequent words, at most ``vocabulary`` entries; ties in alphabetical order."""
        frequent = [word for word, count in frequencies.items() if count >= min_frequency and word not in SPECIALS]
        frequent.sort(key=lambda word: (-frequencies[word], word))
        return cls([*SPECIALS, *frequent[: vocabulary - len(SPECIALS)]], language)

    def encode_words(self, sentences: Sequence[Sequence[str]]) -> list[list[int]]:
        ids = self._ids
        return [[*(ids.get(word, UNK) for word in words), EOS] for words in sentences]

    def words(self, ids: Sequence[int]) -> Words:
        words = [self.entries[i] for i in _until_eos(ids)]
        return Words(tuple(words), tuple(range(len(words))))

    def surface(self, text: str) -> Words:
        words = (*split(text, self.language), SPECIALS[EOS])
        return Words(words, tuple(range(len(words))))


class BPETokenizer(Tokenizer):
    """Byte-pair pieces of words (Sennrich, Haddow and Birch 2016); the first piece of a word starts with "▁".

    A word with a character that training never had is a single ``unk``. ``merges`` are the learned pairs, in order. Raises
    ValueError for a merge whose pieces are not entries.
    """

    kind = "bpe"
    _START = "▁"

    def __init__(self, entries: Sequence[str], merges: Sequence[tuple[str, str]], language: str) -> None:
        super().__init__(entries, language)
        ids = {entry: i for i, entry in enumerate(self.entries)}
        self.merges = tuple((left, right) for left, right in merges)
        for left, right in self.merges:
            if not {left, right, left + right} <= ids.keys():
                raise ValueError(f"The merge of {left!r} and {right!r} is not covered by the entries.")
        model = tokenizers.models.BPE(vocab=ids, merges=list(self.merges), unk_token=SPECIALS[UNK])
        self._library = tokenizers.Tokenizer(model)
        self._pieces = lru_cache(_REMEMBERED)(self._ids_of_word)

    @classmethod
    def learn(
        cls, frequencies: Mapping[str, int], language: str, vocabulary: int, min_frequency: int
    ) -> "BPETokenizer":
        """At most ``vocabulary`` entries, including the specials and all single characters."""
        learner = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token=SPECIALS[UNK]))
        learner.pre_tokenizer = tokenizers.pre_tokenizers.CharDelimiterSplit(" ")
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=vocabulary,
            min_frequency=min_frequency,
            special_tokens=list(SPECIALS),
            show_progress=False,
        )
        learner.train_from_iterator(cls._repeated(frequencies), trainer)
        model = json.loads(learner.to_str())["model"]
        pairs = (merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"])
        merges = [(left, right) for left, right in pairs]
        return cls(sorted(model["vocab"], key=model["vocab"].__getitem__), merges, language)

    def encode_words(self, sentences: Sequence[Sequence[str]]) -> list[list[int]]:
        pieces = self._pieces
        return [[*(i for word in words for i in pieces(word)), EOS] for words in sentences]

    def _ids_of_word(self, word: str) -> list[int]:
        """The ids of a word's pieces, a single ``unk`` if one is unknown."""
        ids: list[int] = self._library.encode([self._marked(word)], is_pretokenized=True).ids
        return [UNK] if UNK in ids else ids

    def words(self, ids: Sequence[int]) -> Words:
        words: list[str] = []
        word_of_piece = []
        starts = True  # whether the next piece starts a word even without the mark
        for i in _until_eos(ids):
            piece = self.entries[i]
            special = i < len(SPECIALS)
            if starts or special or piece.startswith(self._START):
                words.append(piece)
            else:
                words[-1] += piece
            starts = special
            word_of_piece.append(len(words) - 1)
        # A mark alone, which an untrained model may generate, is a word without characters.
        return Words(tuple(word.removeprefix(self._START) or SPECIALS[UNK] for word in words), tuple(word_of_piece))

    def surface(self, text: str) -> Words:
        words = split(text, self.language)
        word_of_piece = [number for number, word in enumerate(words) for _ in self._pieces(word)]
        return Words((*words, SPECIALS[EOS]), (*word_of_piece, len(words)))

    def fields(self) -> dict[str, Any]:
        return {"entries": list(self.entries), "merges": [list(merge) for merge in self.merges]}

    @classmethod
    def _repeated(cls, frequencies: Mapping[str, int]) -> Iterator[str]:
        """Each word as often as it occurs, with spaces between: the library counts words itself, and takes no counts."""
        with counting("learning pieces", sum(frequencies.values()), "words") as progress:
            for word, count in frequencies.items():
                for many in [_AT_ONCE] * (count // _AT_ONCE) + [count % _AT_ONCE]:
                    yield " ".join([cls._marked(word)] * many)
                    progress.done += many

    @classmethod
    def _marked(cls, word: str) -> str:
        # A mark in the text itself must not look like the start of a word.
        return cls._START + word.replace(cls._START, "_")


def _until_eos(ids: Sequence[int]) -> list[int]:
    """Ids up to and including the first ``eos``."""
    ids = [int(i) for i in ids]
    return ids[: ids.index(EOS) + 1] if EOS in ids else ids


# Kind -> module and class; torchtext is imported only where it is asked for.
KINDS = {
    "words": ("data.tokenizers", "WordTokenizer"),
    "bpe": ("data.tokenizers", "BPETokenizer"),
    "torchtext": ("data.torchtext_tokenizer", "TorchtextTokenizer"),
}


def learn_tokenizer(
    kind: str, frequencies: Mapping[str, int], language: str, vocabulary: int, min_frequency: int = 1
) -> Tokenizer:
    """A tokeniser learned from how often each word occurs; raises UserError for an unknown kind or a bad size."""
    if vocabulary <= len(SPECIALS):
        raise UserError(f"vocabulary={vocabulary} has no room for words: {len(SPECIALS)} entries are specials.")
    if min_frequency < 1:
        raise UserError(f"min_frequency={min_frequency} must be at least 1.")
    tokenizer: Tokenizer = _class_of(kind).learn(frequencies, language, vocabulary, min_frequency)
    return tokenizer


def load_tokenizer(folder: Path, name: str) -> Tokenizer:
    """Read what ``save(folder, name)`` wrote; raises UserError naming the file if it is missing or damaged."""
    path = folder / f"{name}.json"
    try:
        content = stored.read(path)
    except FileNotFoundError:
        raise UserError(f"There is no tokeniser {path}.") from None
    except ValueError as error:
        raise UserError(f"{path} is not JSON ({error}): {_REMEDY}.") from None
    fields = content if isinstance(content, dict) else {}
    kind = str(fields.pop("kind", None))
    if fields.pop("version", None) != _VERSION or kind not in KINDS:
        raise UserError(f"{path} is not a tokeniser of version {_VERSION}: {_REMEDY}.")
    tokenizer_class = _class_of(kind)
    try:
        if fields.get("language") not in LANGUAGES:
            raise ValueError(f"its language is {fields.get('language')!r:.60}, none of {', '.join(LANGUAGES)}")
        tokenizer: Tokenizer = tokenizer_class(**fields)
    except (TypeError, ValueError) as error:
        raise UserError(f"{path} is a damaged tokeniser ({error}): {_REMEDY}.") from None
    return tokenizer


def _class_of(kind: str) -> Any:
    if kind not in KINDS:
        raise UserError(f"There is no tokeniser {kind!r}: choose one of {', '.join(KINDS)}.")
    module, name = KINDS[kind]
    return getattr(import_module(module), name)
