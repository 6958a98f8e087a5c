"""What a report says of a translator."""

from collections.abc import Mapping
from typing import Any

from reproductions.tasks.report import of_examples


def learned(scores: Mapping[str, Any]) -> str:
    """How well it translates the sentences of a split, and how often its attention points at a right word."""
    text = f"translates {scores['exact']:.1f} % of {of_examples(scores, 'sentences')} exactly as the reference "
    text += f"(BLEU {scores['bleu']:.1f})."
    if "aer" in scores:
        text += f" Its attention points at a right word {100 * scores['precision']:.0f} times in 100 "
        text += f"(AER {100 * scores['aer']:.1f} %)."
    return text
