"""A sentence that a user typed, as ids."""

import torch
from torch import Tensor

from data.errors import UserError
from data.sources.text import LONGEST
from data.tokenizers import Tokenizer


def encode(text: str, tokenizer: Tokenizer, purpose: str) -> Tensor:
    """Ids (1, S) of one sentence, ``</s>`` last, for a purpose such as "translate".

    Raises UserError for an empty sentence and for one of more than ``LONGEST`` words or pieces.
    """
    ids = tokenizer.encode(text)
    if len(ids) < 2:  # </s> alone
        raise UserError(f"There is nothing to {purpose}: the sentence is empty.")
    if len(ids) > LONGEST:
        raise UserError(
            f"The sentence has {len(ids):,} words or pieces, more than {LONGEST:,}: split it into sentences."
        )
    return torch.tensor([ids])
