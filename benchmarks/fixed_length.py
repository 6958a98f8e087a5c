"""Make any translator write the same number of words for every sentence; warn where compared lengths differ.

A model that has learned little stops early or never, and is fast or slow for that reason alone. With a fixed length every
system takes the same steps, trained or not.
"""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

import torch
from torch import Tensor, nn

from data.errors import UserError
from data.tokenizers import EOS
from reproductions.decoding import Memory, State, Translator

WORDS = 20
LENGTH = "words_a_sentence"  # key in a result: the mean number of words written, without </s>
UNFAIR = 1.1  # how many times as long one system's translations may be as another's


class FixedLength:
    """A translator that never writes ``</s>`` and stops after ``words`` words.

    Raises UserError for more words than the model can write.
    """

    def __init__(self, model: Translator, words: int) -> None:
        most = int(model.limit(torch.tensor([10**6])))
        if not 1 <= words <= most:
            raise UserError(
                f"Every sentence is to get {words} words, and this model writes from 1 to {most:,}: choose another."
            )
        self.model, self.words = model, words
        W = model.head.weight
        bias = W.new_zeros(len(W)) if model.head.bias is None else model.head.bias.detach().clone()
        bias[EOS] = -torch.inf
        self.head = nn.Linear(W.shape[1], len(W), device="meta")
        self.head.weight, self.head.bias = nn.Parameter(W.detach(), False), nn.Parameter(bias, False)

    def limit(self, source_lengths: Tensor) -> Tensor:
        """The same number of words for each sentence (B)."""
        return torch.full_like(source_lengths, self.words)

    def encode(self, source: Tensor, mask: Tensor) -> tuple[Memory, State]:
        """The model's own."""
        return self.model.encode(source, mask)

    def step(self, memory: Memory, state: State, previous: Tensor | None) -> tuple[Tensor, Tensor, State]:
        """The model's own."""
        return self.model.step(memory, state, previous)


def lengths(results: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """The mean length of each system's translations, from its results, and whether their speeds can be compared."""
    means = {
        name: mean(r[LENGTH] for r in rounds) for name, rounds in results.items() if all(LENGTH in r for r in rounds)
    }
    without = [name for name in results if name not in means]
    line = "Mean words per sentence: " + ", ".join(
        f"{name} {f'{means[name]:.1f}' if name in means else 'unknown'}" for name in results
    )
    if len(means) > 1 and max(means.values()) > UNFAIR * min(means.values()):
        return f"{line}.\nThe ratio is NOT FAIR: lengths differ by more than {UNFAIR - 1:.0%}, and longer takes longer."
    if without and len(results) > 1:
        return f"{line}.\nWhether the ratio is fair is unknown: {', '.join(without)} printed no {LENGTH}."
    return f"{line}."
