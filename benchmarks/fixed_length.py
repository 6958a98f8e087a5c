"""Any translator made to write the same number of words for every sentence, and a word on comparisons where they did not.

A model that has learned little stops early, or never, and is fast or slow by that alone. Held to one length, every system
takes the same steps, trained or not.
"""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

import torch
from torch import Tensor, nn

from data.errors import UserError
from data.tokenizers import EOS
from reproductions.decoding import Memory, State, Translator

LENGTH = "words_a_sentence"  # of a result: the mean number of words written, without </s>
UNFAIR = 1.1  # how many times longer one system's translations may be than another's


class FixedLength:
    """A translator that never writes ``</s>`` and stops after so many words.

    Raises UserError for more words than the model can write.
    """

    def __init__(self, model: Translator, words: int) -> None:
        most = int(model.limit(torch.tensor([10**6])))
        if not 1 <= words <= most:
            raise UserError(
                f"--fixed-length {words} must be from 1 to {most:,}, the most words that this model writes."
            )
        self.model, self.words = model, words
        W = model.head.weight
        bias = W.new_zeros(len(W)) if model.head.bias is None else model.head.bias.detach().clone()
        bias[EOS] = -torch.inf
        self.head = nn.Linear(W.shape[1], len(W), device="meta")
        self.head.weight, self.head.bias = nn.Parameter(W.detach(), False), nn.Parameter(bias, False)

    def limit(self, source_lengths: Tensor) -> Tensor:
        """As many words (B) for each."""
        return torch.full_like(source_lengths, self.words)

    def encode(self, source: Tensor, mask: Tensor) -> tuple[Memory, State]:
        """The model's own."""
        return self.model.encode(source, mask)

    def step(self, memory: Memory, state: State, previous: Tensor | None) -> tuple[Tensor, Tensor, State]:
        """The model's own."""
        return self.model.step(memory, state, previous)


def lengths(results: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """How many words each system wrote a sentence, from its results, and whether speeds can be compared at all."""
    known = {
        name: mean(r[LENGTH] for r in rounds) for name, rounds in results.items() if all(LENGTH in r for r in rounds)
    }
    unknown = [name for name in results if name not in known]
    line = "Mean words a sentence: " + ", ".join(
        f"{name} {f'{known[name]:.1f}' if name in known else 'not told'}" for name in results
    )
    if len(known) > 1 and max(known.values()) > UNFAIR * min(known.values()):
        return f"{line}.\nThe ratio is NOT FAIR: lengths differ by more than {UNFAIR - 1:.0%}, and longer takes longer."
    if unknown and len(results) > 1:
        return f"{line}.\nWhether the ratio is fair is not known: {', '.join(unknown)} printed no {LENGTH}."
    return f"{line}."
