"""The figures of Dosovitskiy et al. (2021) about what ViT has learned, drawn from a trained run: Figures 6, 7 and 11."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from data.errors import UserError
from reproductions.commands.evaluate import answered
from reproductions.commands.figures import printed, run_of
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
FIGURE_7 = "figure-7-filters-positions-distance"


def figures_6_7_and_11(data: str | None, folder: Path) -> Iterator[Path]:
    """What the newest run of ViT, on some data or on any, has learned: its attention, filters, positions and distances.

    Without the images of its test, as of a released run, filters and positions alone; then raises the UserError of the test.
    """
    run = run_of("vit2021", data or "*")
    classifier: TrainedClassifier = restore(run)
    model, network = classifier.caption, classifier.module.model
    learned = (
        filter_components(network.filters.detach().numpy()),
        position_similarity(network.positions.detach().numpy(), network.grid),
    )
    uniform = uniform_distance(network.grid, network.network.patch)
    filters = "patch embedding" if network.embed.patched else "first convolution, 3 × 3"
    try:
        images = answered(run).attended(next(iter(run.scores), "test"))[:AVERAGED]
    except UserError:
        yield from printed(plots.figure_7(*learned, None, uniform, model, filters), folder, FIGURE_7)
        raise
    rolled, distances = _rollouts_and_distances(classifier, images)
    yield from printed(plots.figure_6(rolled[:DRAWN]), folder, "figure-6-attention")
    yield from printed(plots.figure_7(*learned, distances, uniform, model, filters), folder, FIGURE_7)
    yield from printed(plots.figure_11(distances, uniform, model), folder, "figure-11-attention-distance")


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


FIGURES = (figures_6_7_and_11,)
