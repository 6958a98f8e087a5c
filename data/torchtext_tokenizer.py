"""The torchtext backend: words numbered by torchtext's own vocabulary and transforms. It needs the frozen lane.

torchtext ended with 0.18 (April 2024); its library loads with torch 2.3 only. Words have the numbers that WordTokenizer gives
them, so that a training with the one ends with the weights of a training with the other, bit by bit.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import repeat, starmap

from data.errors import UserError
from data.tokenizers import EOS, SPECIALS, UNK, WordTokenizer
from data.words import split

try:
    import torchtext

    torchtext.disable_torchtext_deprecation_warning()
    from torchtext import transforms
    from torchtext.data.utils import get_tokenizer
    from torchtext.vocab import build_vocab_from_iterator
    from torchtext.vocab import vocab as vocab_from_counts
except (ImportError, OSError) as error:  # OSError: its library was built for another torch
    raise UserError(
        "tokenizer=torchtext needs the frozen lane, torchtext 0.18 with torch 2.3: run `make train-bahdanau TORCHTEXT=1`, and "
        "evaluate and translate with it, too, or install with constraints-torchtext.txt; tokenizer=words gives the same ids "
        f"without it ({error})."
    ) from None


class TorchtextTokenizer(WordTokenizer):
    """``torchtext.vocab.Vocab`` behind the interface of WordTokenizer, over the words of data.words."""

    kind = "torchtext"

    def __init__(self, entries: Sequence[str], language: str) -> None:
        super().__init__(entries, language)
        # torchtext 0.18 takes words in a given order only as an ordered dictionary of counts.
        numbers = vocab_from_counts(dict.fromkeys(self.entries, 1))
        numbers.set_default_index(UNK)
        self._numbered = transforms.Sequential(
            transforms.VocabTransform(numbers), transforms.AddToken(EOS, begin=False)
        )
        self._split = get_tokenizer(partial(split, language=language))

    @classmethod
    def learn(
        cls, frequencies: Mapping[str, int], language: str, vocabulary: int, min_frequency: int
    ) -> "TorchtextTokenizer":
        """Like WordTokenizer.learn; ``build_vocab_from_iterator`` breaks ties in the same way."""
        built = build_vocab_from_iterator(
            starmap(repeat, frequencies.items()),
            min_freq=min_frequency,
            specials=list(SPECIALS),
            special_first=True,
            max_tokens=vocabulary,
        )
        return cls(built.get_itos(), language)

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        return self.encode_words([self._split(text) for text in texts])

    def encode_words(self, sentences: Sequence[Sequence[str]]) -> list[list[int]]:
        return self._numbered([list(words) for words in sentences]) if sentences else []
