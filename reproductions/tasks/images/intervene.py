"""Interventions on a Vision Transformer: every patch of some test images is erased, exchanged and blurred.

What counts is the row of [class], in every head of every layer, and log p of the class that the model predicts: T = 1. P patches,
S = prefix + P tokens.
"""

from functools import partial

import torch
from torch import Tensor

from data.errors import UserError
from reproductions.evaluation.measures import removal
from reproductions.evaluation.measures.intervention import Intervened, Whole
from reproductions.evaluation.records.image import AttendedImage
from reproductions.runs import Run
from reproductions.tasks.images.questions import BLUR
from reproductions.tasks.images.trained import TrainedClassifier
from reproductions.tasks.intervening import Sample, changed, erase_and_exchange, of_candidates, of_images, rounded
from reproductions.tasks.task import restore

UNIT = "images"
LEFT_OUT = "blurred in the image"
IMAGES = 32  # of the test split, evenly spread


def sample(run: Run, split: str) -> Sample:
    """Raises UserError for a network without attention, and for one that does not read its answer from a class token."""
    classifier: TrainedClassifier = restore(run)
    if not classifier.module.model.reads:
        raise UserError(f"{run.folder} is {run.title}, which has no attention to intervene on: name another run.")
    if not classifier.module.class_token:
        raise UserError(f"{run.folder} is {run.title}: interventions need a row of [class], network.pooling: cls.")
    return of_images(run.title, run.attended(split), IMAGES, partial(_of, classifier))


@torch.no_grad()
def _of(classifier: TrainedClassifier, record: AttendedImage) -> tuple[Intervened, Whole]:
    module, prepared = classifier.module, classifier.preprocessing
    P = module.grid[0] * module.grid[1]
    owner = torch.arange(-module.prefix, P).clamp(min=-1)[None]
    image = prepared.tensor(record.pixels[None])

    def log_p(logits: Tensor) -> Tensor:
        return logits.float().log_softmax(1)[:, record.predicted]

    logits, maps = module.model.look(image)
    weights = torch.stack(maps, dim=1)[:, :, :, 0].mean((1, 2))  # (1, S)
    looked = of_candidates(weights, owner, P).argmax(1)

    def change(weights: Tensor) -> Tensor:
        """Of [class] alone: weights (2 P, H, T, S), one variant each."""
        row = erase_and_exchange(torch.einsum("vhs->hvs", weights[:, :, 0])[None], owner, looked)[0]
        return torch.cat([torch.einsum("hvs->vhs", row)[:, :, None], weights[:, :, 1:]], dim=2)

    with changed(module.model.reads, change):
        variants, _ = module.model.look(image.expand(2 * P, -1, -1, -1))
    changes = (log_p(variants) - log_p(logits)).view(2, 1, P).numpy()
    blurred = removal.blurred(record.pixels, max(1, record.pixels.shape[1] // BLUR))
    without = prepared.tensor(removal.without_each(record.pixels, blurred, module.grid))
    left_out = (log_p(module.logits(without)) - log_p(logits))[None].numpy()
    return Intervened(weights[:, module.prefix :].numpy(), *map(rounded, changes)), Whole(rounded(left_out))
