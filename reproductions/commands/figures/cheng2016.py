"""Intra-attention of Cheng et al. (2016) beside the self-attention of the Transformer, drawn from trained runs."""

from collections.abc import Iterator
from pathlib import Path

import torch

from data.accord import FIXED
from reproductions import runs
from reproductions.commands.figures import printed, scored
from reproductions.evaluation import plots
from reproductions.evaluation.records.sentence import SelfAttended
from reproductions.evaluation.views.alignment import merge_pieces
from reproductions.tasks.task import restore
from reproductions.tasks.translation.collect import TrainedTranslator

DRAWN = 4  # fixed sentences of Accord


def draw(data: str | None, folder: Path) -> Iterator[Path]:
    """Draw the fixed sentences as the LSTMN reads them, beside the encoder of the newest Transformer on the same corpus where
    there is one; yields each file as it is written.

    Raises UserError naming the command to run where there is no LSTMN.
    """
    data = data or "accord"
    model = restore(
        scored("cheng2016", data, f"The LSTMN has no scored run on {data}: train it with `make train-cheng`.")
    )
    beside = [restore(run) for run in runs.every("transformer2017", data)[:1]]
    for index, pair in enumerate(FIXED[:DRAWN]):
        _, record = model.read(pair.source_text, "fixed", index)
        records = [record]
        for translator in beside:
            records += of_encoder(translator, pair.source_text, index)
        yield from printed(plots.alignment_strip(records), folder, f"intra-attention-{index}")


def of_encoder(translator: TrainedTranslator, text: str, index: int) -> Iterator[SelfAttended]:
    """How the words of a sentence attend to each other in each layer of a Transformer's encoder: the mean of its heads."""
    module, tokenizer = translator.module, translator.source
    ids = torch.tensor([tokenizer.encode(text)])
    with torch.inference_mode():
        _, maps = module.model.annotate(ids, torch.ones_like(ids, dtype=torch.bool), need_weights=True)  # type: ignore[attr-defined]
    layers = maps[0].mean(dim=1).numpy()  # (L, S, S)
    words, pieces = tokenizer.surface(text).words[:-1], tokenizer.surface(text).word_of_piece[:-1]
    for number, weights in enumerate(layers, start=1):
        yield SelfAttended(
            source=words,
            target=words,
            weights=merge_pieces(weights[:-1, :-1], pieces, pieces),
            model=f"{module.title}, step {module.steps:,}",
            view=f"encoder, layer {number} of {len(layers)} · mean of {maps.shape[2]} heads · the rest of a row lies on </s>",
            forced=True,
            split="fixed",
            index=index,
        )
