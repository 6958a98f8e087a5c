"""A translation of one sentence, and the attention over a target in every view, as plain data.

L layers, H heads, T target words, S source words, V views; pieces where a tokeniser splits words.
"""

import base64
import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from data.accord import FIXED
from data.errors import UserError
from data.tokenizers import SPECIALS, UNK, Words
from data.translation import TranslationBatch
from reproductions.evaluation.measures.alignment import alignment_error_rate
from reproductions.evaluation.measures.attention import health
from reproductions.evaluation.records.forms import links_to_json
from reproductions.evaluation.records.translation import AlignedTranslation, without_end
from reproductions.evaluation.views.alignment import every_view
from reproductions.tasks import typed
from reproductions.tasks.translation.collect import TrainedTranslator, TranslationMaps

STEPS = 65_535  # weights are sent as 16-bit integers, in units of 1 / STEPS
MOST_WEIGHTS = 4_000_000  # in one answer
GOLD = {(pair.source, pair.target): pair.links for pair in FIXED}


def align(translator: TrainedTranslator, text: str, target: str | None) -> dict[str, Any]:
    """Attention of every view over ``target``, which the model is fed, or over its own translation for None.

    Raises UserError for a sentence that the model cannot read.
    """
    module = translator.module
    source = translator.source.surface(text)
    ids = torch.tensor([translator.source.encode(text)])
    mask = torch.ones_like(ids, dtype=torch.bool)
    if target is None:
        hypothesis = module.translate(ids, mask)[0]
        written, words = hypothesis.ids, translator.target.words(hypothesis.ids)
        unknown = [place for place, word in enumerate(words.words) if word == SPECIALS[UNK]]
        maps, nll = hypothesis.maps, None
    else:
        written, words = translator.target.encode(target), translator.target.surface(target)
        unknown = translator.target.unknown(target)
        maps, nll = _force(module, ids, mask, torch.tensor([written]))
    shared: dict[str, Any] = {
        "model": f"{module.title}, step {module.steps:,}",
        "source": list(source.words),
        "target": list(words.words),
        "unknown": {
            "source": translator.source.unknown(text),
            "target": unknown,
            "named": typed.unknown(text, translator.source),
        },
        "score": hypothesis.log_probability if nll is None else -sum(nll),
        "probabilities": None if nll is None else _word_probabilities(nll, words),
        "forced": target is not None,
        "text": translator.target.decode(written) if target is None else target,
    }
    if module.view is None:
        return {**shared, "views": [], "gold": None}
    looked = TranslationMaps(maps.float().numpy(), module.norms(ids, mask)[0].numpy(), source, words)
    return {**shared, **_views(shared, looked, module.view)}


@torch.inference_mode()
def _force(module: Any, source: Tensor, mask: Tensor, target: Tensor) -> tuple[Tensor, list[float]]:
    """Maps (L, H, T, S) over a given target, and the -log p of each of its pieces, in nats."""
    everywhere, index = torch.ones_like(target, dtype=torch.bool), torch.zeros(1, dtype=torch.int64)
    _, nll, maps = module.loss(TranslationBatch(source, mask, target, everywhere, index), need_weights=True)
    return maps[0], nll.tolist()


def _views(shared: dict[str, Any], looked: TranslationMaps, chosen: str) -> dict[str, Any]:
    """Weights (V, T, S) over words, and the measures of each view."""
    layers, heads = looked.maps.shape[:2]
    views, source, target = every_view(layers, heads), looked.source.words, looked.target.words
    if len(views) * len(target) * len(source) > MOST_WEIGHTS:
        raise UserError(
            f"{len(source)} source words, {len(target)} target words and {len(views)} views are more weights than the page "
            "shows at once: shorten the sentence."
        )
    stack = np.stack([looked.matrix(view) for view in views])
    gold = GOLD.get((without_end(source), without_end(target)))
    record = AlignedTranslation(
        source=source,
        target=target,
        weights=stack[0],
        model=shared["model"],
        view="",
        forced=shared["forced"] or gold is not None,
        split="page",
        index=0,
        gold=gold,
        score=shared["score"],
    )
    integers = np.floor(stack.clip(0, 1) * STEPS).astype("<u2")  # rounded down, so that no row sums to more than 1
    return {
        "layers": layers,
        "heads": heads,
        "chosen": chosen,
        "views": [str(view) for view in views],
        "described": [looked.describe(view) for view in views],
        "weights": base64.b64encode(integers.tobytes()).decode(),
        "numbers": [
            _numbers(replace(record, weights=weights, view=str(view)))
            for view, weights in zip(views, stack, strict=True)
        ],
        "gold": None if gold is None else links_to_json(gold),
    }


def _numbers(record: AlignedTranslation) -> dict[str, float | None]:
    """Measures of one matrix: health of the attention, and agreement with gold links, if any."""
    measured = asdict(health([record]))
    if record.gold is not None:
        scores = alignment_error_rate([record])
        measured |= {"aer": scores.aer, "precision": scores.precision, "recall": scores.recall}
    return {name: None if math.isnan(value) else round(value, 5) for name, value in measured.items()}


def _word_probabilities(nll: list[float], words: Words) -> list[float]:
    """Probability of each target word, from the -log p of its pieces."""
    sums = [0.0] * len(words.words)
    for piece, word in zip(nll, words.word_of_piece, strict=True):
        sums[word] += piece
    return [round(math.exp(-value), 5) for value in sums]
