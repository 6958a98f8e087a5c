"""A sentence that a user typed, as ids."""

import torch
from torch import Tensor

from data.errors import UserError
from data.sources.text import LONGEST
from data.tokenizers import Tokenizer


def encode(text: str, tokenizer: Tokenizer, purpose: str, longest: int = LONGEST) -> Tensor:
    """Ids (1, S) of one sentence, ``</s>`` last, for a purpose such as "translate".

    Raises UserError for an empty sentence, and for more than ``longest`` words or pieces, ``</s>`` included.
    """
    ids = tokenizer.encode(text)
    if len(ids) < 2:  # </s> alone
        raise UserError(f"There is nothing to {purpose}: the sentence is empty.")
    if len(ids) > longest:
        raise UserError(
            f"The sentence has {len(ids):,} words or pieces, more than {longest:,}: shorten it or split it."
        )
    return torch.tensor([ids])
