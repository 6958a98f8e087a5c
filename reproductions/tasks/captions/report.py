"""What a report says of a captioner."""

from collections.abc import Mapping
from typing import Any

from reproductions.tasks.report import of_examples


def learned(scores: Mapping[str, Any]) -> str:
    """How many captions of a split are wholly true, and whether it looks at what it writes about."""
    text = f"writes a wholly true caption for {100 * scores['true']:.1f} % of {of_examples(scores, 'images')} "
    text += f"(BLEU {scores['bleu']:.1f})."
    if "attention/auroc" in scores:  # some word of a caption is true
        text += " While it writes a word about an object, it looks there "
        text += (
            f"{scores['attention/energy_gain']:.1f} times as much as chance (AUROC {scores['attention/auroc']:.3f})."
        )
    return text
