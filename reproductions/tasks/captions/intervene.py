"""Interventions on a captioner: every place of some test images is erased, exchanged and blurred as it reads a true caption.

T words of a caption, P = gh * gw places.
"""

from functools import partial

import torch

from reproductions.evaluation.measures import removal
from reproductions.evaluation.measures.intervention import Intervened, Whole
from reproductions.evaluation.records.caption import CaptionedImage
from reproductions.evaluation.records.translation import without_end
from reproductions.runs import Run
from reproductions.tasks.captions.collect import TrainedCaptioner
from reproductions.tasks.images.questions import BLUR
from reproductions.tasks.intervening import Sample, intervene, of_images, read_again, rounded
from reproductions.tasks.task import restore

UNIT = "words"
LEFT_OUT = "blurred in the image"
IMAGES = 24  # of the test split, evenly spread


def sample(run: Run, split: str) -> Sample:
    captioner: TrainedCaptioner = restore(run)
    records = run.records(split, "forced.jsonl", CaptionedImage)
    return of_images(run.title, records, IMAGES, partial(_of, captioner))


def _of(captioner: TrainedCaptioner, record: CaptionedImage) -> tuple[Intervened, Whole]:
    model, prepared = captioner.module.model, captioner.preprocessing
    target = torch.tensor(captioner.tokenizer.encode_words([without_end(record.words)]))  # (1, T + 1), with </s>
    places = torch.arange(record.maps[0].size)[None]
    real = torch.ones_like(places, dtype=torch.bool)
    image = prepared.tensor(record.pixels[None])
    (read,) = intervene(model, image, real, target, places, [None])
    blurred = removal.blurred(record.pixels, max(1, record.pixels.shape[1] // BLUR))
    without = prepared.tensor(removal.without_each(record.pixels, blurred, captioner.module.grid))
    count = len(without)
    changes = read_again(model, without, real.expand(count, -1), target.expand(count, -1))
    changes = changes - read_again(model, image, real, target)
    left_out = torch.stack(changes.unbind(0), dim=1)  # (T + 1, P)
    weights, erased, exchanged = (part[0, :-1].numpy() for part in read)
    return Intervened(weights, rounded(erased), rounded(exchanged)), Whole(rounded(left_out[:-1].numpy()))
