"""Intra-attention of Cheng et al. (2016) beside the self-attention of the Transformer, drawn from trained runs."""

from collections.abc import Iterator
from pathlib import Path

from data.accord import FIXED
from data.errors import UserError
from reproductions import runs
from reproductions.commands.figures import printed, run_of
from reproductions.commands.figures.transformer2017 import encoder_maps
from reproductions.evaluation import plots
from reproductions.evaluation.records.sentence import SelfAttended
from reproductions.tasks.origin import Origin
from reproductions.tasks.task import restore
from reproductions.tasks.translation.collect import TrainedTranslator

DRAWN = 4  # fixed sentences of Accord


def intra_attention(data: str | None, folder: Path) -> Iterator[Path]:
    """The fixed sentences as the LSTMN reads them, beside the encoder of a Transformer on the same corpus if there is one.

    Raises UserError naming the command to run where there is no LSTMN.
    """
    data = data or "accord"
    model = restore(
        run_of("cheng2016", data, otherwise=f"The LSTMN has no scored run on {data}: train it with `make train-cheng`.")
    )
    try:
        beside = [restore(run_of("transformer2017", data, having=runs.BEST))]
    except UserError:
        beside = []
    for index, pair in enumerate(FIXED[:DRAWN]):
        _, record = model.read(pair.source_text, "fixed", index)
        records = [record]
        for translator in beside:
            records += of_encoder(translator, pair.source_text, index)
        yield from printed(plots.alignment_strip(records), folder, f"intra-attention-{index}")


def of_encoder(translator: TrainedTranslator, text: str, index: int) -> Iterator[SelfAttended]:
    """How the words of a sentence attend to each other in each layer of a Transformer's encoder: the mean of its heads."""
    words, maps = encoder_maps(translator, text)
    for number, weights in enumerate(maps.mean(axis=1)[:, :-1, :-1], start=1):
        yield SelfAttended(
            source=words[:-1],
            target=words[:-1],
            weights=weights,
            model=str(Origin.of(translator.module)),
            view=f"encoder, layer {number} of {len(maps)} · mean of {maps.shape[1]} heads · the rest of a row lies on </s>",
            forced=True,
            split="fixed",
            index=index,
        )


FIGURES = (intra_attention,)
