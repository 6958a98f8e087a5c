"""A sentence that a user typed, as ids."""

import torch
from torch import Tensor

from data.errors import UserError
from data.sources.reading import empty
from data.sources.text import LONGEST
from data.tokenizers import Tokenizer


def encode(text: str, tokenizer: Tokenizer, purpose: str, longest: int = LONGEST) -> Tensor:
    """Ids (1, S) of one sentence, as :func:`ids_of`."""
    return torch.tensor([ids_of(text, tokenizer, purpose, longest)])


def ids_of(text: str, tokenizer: Tokenizer, purpose: str, longest: int = LONGEST) -> list[int]:
    """Ids of one sentence, ``</s>`` last, for a purpose such as "translate".

    Raises UserError for an empty sentence, and for more than ``longest`` words or pieces, ``</s>`` included.
    """
    ids = tokenizer.encode(text)
    if len(ids) < 2:  # </s> alone
        raise empty(purpose)
    if len(ids) > longest:
        raise UserError(
            f"The sentence has {len(ids):,} words or pieces, more than {longest:,}: shorten it or split it."
        )
    return ids


def unknown(text: str, tokenizer: Tokenizer) -> str:
    """One line that names the words of a sentence that the model does not know, or warns that it knows none; "" if it knows
    all.
    """
    words, places = tokenizer.surface(text).words, tokenizer.unknown(text)
    if not places:
        return ""
    lettered = {place for place, word in enumerate(words[:-1]) if any(map(str.isalnum, word))}
    if lettered.issubset(places):
        return "Warning: the model knows no word of this sentence, so its answer has nothing to do with it."
    # A terminal obeys no character of a word, and one word fills no screen.
    named = dict.fromkeys(
        word if word.isprintable() else ascii(word) for word in (words[place][:60] for place in places)
    )
    most = (
        "Warning: most words of this sentence are unknown. "
        if 2 * len(lettered.intersection(places)) > len(lettered)
        else ""
    )
    return f"{most}The model does not know: {', '.join(named)}."
