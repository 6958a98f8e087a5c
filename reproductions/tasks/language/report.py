"""What a report says of a language model."""

from collections.abc import Mapping
from typing import Any

from reproductions.tasks.report import of_examples


def learned(scores: Mapping[str, Any]) -> str:
    """How well it predicts the words of a split, and how often it prefers the right form where forms must agree."""
    text = f"predicts each word of {of_examples(scores, 'sentences')} as if it chose among {scores['perplexity']:.1f} "
    text += "equally likely ones (perplexity)."
    if "agreement" in scores:
        text += f' It prefers the right form of "be" to the wrong one {100 * scores["agreement"]:.0f} times in 100.'
    return text
