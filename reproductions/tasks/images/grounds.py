"""The same objects on another ground: does the model say the same, as surely, and look at the same place?"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from reproductions.evaluation.measures.bootstrap import bootstrap, counted, mean_of_sums
from reproductions.tasks.images.collect import TOGETHER, look_through
from reproductions.tasks.images.scores import Subject, right, words

IMAGES = 200  # evenly spread over those that were looked into
DIFFERENT = "maps of two different images"

Values = NDArray[np.float64]


def swap_grounds(subject: Subject) -> dict[str, Any]:
    """What changes when the ground does, as plain types for JSON; for the class predicted on the first ground.

    same_answer   part of the images whose predicted class stays
    lead          logit of that class above the highest of the others, on the first ground: what a change is to be held against
    change        its logit on the other ground minus that on the first
    moved         the same without its sign
    correlation   of the two maps, over patches; beside it that of maps of different images, which have both changed

    The split must have twins on another ground, and at least one image that was looked into.
    """
    chosen, examples = subject.spread(IMAGES), subject.examples
    assert examples.elsewhere is not None
    image = subject.preprocessing.tensor(examples.elsewhere[chosen]).to(subject.module.device)
    said = subject.answers(chosen)
    predicted, rows = np.array([answer.predicted for answer in said]), np.arange(len(said))
    before = np.stack([answer.logits for answer in said]).astype(np.float64)
    after = torch.cat([subject.module.logits(some).cpu() for some in image.split(TOGETHER)]).double().numpy()
    there = look_through(subject.module, image, [subject.shown], torch.from_numpy(predicted))[:, 0]
    here = np.stack([subject.collected.maps[index][subject.place] for index in chosen])
    change = (after - before)[rows, predicted]
    ranked = np.sort(before, axis=1)
    values = {
        "same_answer": (after.argmax(axis=1) == predicted).astype(np.float64),
        "lead": ranked[:, -1] - ranked[:, -2],
        "change": change,
        "moved": np.abs(change),
        "correlation": correlation(here, there),
    }
    groups = {"all": np.ones(len(said), dtype=bool), "right": right(said, chosen)}
    chance = {"correlation": correlation(here, np.roll(here, 1, axis=0))}
    told = {words(subject.shown): _told(values, groups), DIFFERENT: _told(chance, groups)}
    return {"images": len(said), "maps": told}


def correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> Values:
    """(N): of maps (N, gh, gw) with maps, over patches (Pearson); 0 where one is the same everywhere."""
    centred = [
        maps.reshape(len(maps), -1) - maps.mean(axis=(1, 2), dtype=np.float64)[:, None] for maps in (first, second)
    ]
    lengths = np.prod([np.linalg.norm(one, axis=1) for one in centred], axis=0)
    product = (centred[0] * centred[1]).sum(axis=1)
    found: Values = np.divide(product, lengths, out=np.zeros_like(product), where=lengths > 0)
    return found


def _told(values: Mapping[str, Values], groups: Mapping[str, NDArray[np.bool_]]) -> dict[str, Any]:
    """By group and name the mean with its 95 % interval."""
    return {
        group: {
            name: [round(part, 4) for part in bootstrap(counted(one[chosen]), mean_of_sums)]
            for name, one in values.items()
        }
        for group, chosen in groups.items()
        if chosen.any()
    }
