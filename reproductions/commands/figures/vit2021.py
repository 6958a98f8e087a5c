"""The figures of Dosovitskiy et al. (2021) about what ViT has learned, drawn from a trained run: Figures 6, 7 and 11."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from reproductions import runs
from reproductions.commands.figures import printed
from reproductions.evaluation import plots
from reproductions.evaluation.measures.vit import (
    attention_distance,
    filter_components,
    position_similarity,
    uniform_distance,
)
from reproductions.evaluation.records.image import AttendedImage
from reproductions.evaluation.views.image import ImageView
from reproductions.tasks.images.maps import at_once, every_map
from reproductions.tasks.images.trained import TrainedClassifier
from reproductions.tasks.task import restore

AVERAGED = 128  # images that the attention distance is a mean over (Appendix D.7)
DRAWN = 12  # images of Figure 6


def draw(data: str | None, folder: Path) -> Iterator[Path]:
    """Draw the figures of the newest run of ViT, on some data or on any; yields each file as it is written.

    Raises UserError where there is none.
    """
    run = runs.find("vit2021", data or "*", having=runs.SCORES)
    classifier: TrainedClassifier = restore(run)
    images = run.attended(next(iter(run.scores), "test"))[:AVERAGED]
    model = classifier.caption
    rolled, distances = _rollouts_and_distances(classifier, images)
    network = classifier.module.model
    uniform = uniform_distance(network.grid, network.network.patch)
    components = filter_components(network.filters.detach().numpy())
    similarity = position_similarity(network.positions.detach().numpy(), network.grid)
    filters = "patch embedding" if network.embed.patched else "first convolution, 3 × 3"
    drawn = {
        "figure-6-attention": plots.figure_6(rolled[:DRAWN]),
        "figure-7-filters-positions-distance": plots.figure_7(
            components, similarity, distances, uniform, model, filters
        ),
        "figure-11-attention-distance": plots.figure_11(distances, uniform, model),
    }
    for name, figure in drawn.items():
        yield from printed(figure, folder, name)


def _rollouts_and_distances(
    classifier: TrainedClassifier, images: list[AttendedImage]
) -> tuple[list[AttendedImage], "np.ndarray[tuple[int, int], np.dtype[np.float64]]"]:
    """The images with their attention rollout, as in Figure 6, and the distances (L, H), mean over the images."""
    module, view = classifier.module, ImageView("rollout")
    rolled, distances, batch = [], [], at_once(module)
    for start in range(0, len(images), batch):
        some = images[start : start + batch]
        answer = module.look(classifier.preprocessing.tensor(np.stack([image.pixels for image in some])))
        maps = answer.maps.numpy()
        distances.append(attention_distance(maps, module.prefix, module.grid, module.model.network.patch))
        for i, image in enumerate(some):
            rollout = every_map(module, answer, i, [view])[0]
            described = view.describe(*module.depth)
            rolled.append(replace(image, map=rollout, view=described, model=classifier.caption))
    return rolled, np.concatenate(distances).mean(axis=0)
