"""What a tested split of images leaves behind: scores, answers, records, pictures, and the tracker's table."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from data.images import ImageData
from reproductions.evaluation import files, plots, records
from reproductions.evaluation.measures.localisation import Beside, plain
from reproductions.evaluation.records.image import AttendedImage
from reproductions.evaluation.views.image import ImageView
from reproductions.tasks.gather import Origin
from reproductions.tasks.images.collect import CollectedImages, Naming, layer_views, record
from reproductions.tasks.images.films import depth_film
from reproductions.tasks.images.scores import Truth, answers, details, every_view, figures, scores
from reproductions.training import tracking
from reproductions.training.classification import Classification

FURTHER = {"removal": "attention", "asked": "asked", "grounds": "grounds"}  # question -> what its scores are called
KEPT = 128  # records of a test split that are written down beside those drawn: Figure 11 is a mean over so many


@dataclass(frozen=True)
class Tested:
    """One split, as a model answered it.

    Attributes:
        module: in evaluation mode.
        data: which the split is of.
        split: its name.
        collected: answers and maps.
        views: of the maps.
        place: of the view that is shown, among them.
        origin: of the weights.
        truth: masks; None where there are none.
        beside: the view beside its controls; empty without masks.
        further: what was asked besides, by name: "removal" of ``image_removal``, "asked" of ``image_asked``, "grounds" of
            ``image_grounds``; each of them where it was.
    """

    module: Classification
    data: ImageData
    split: str
    collected: CollectedImages
    views: Sequence[ImageView]
    place: int
    origin: Origin
    truth: Truth | None = None
    beside: Mapping[str, Beside] = field(default_factory=dict)
    further: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """For titles."""
        return f"{self.module.title}, {self.origin}"

    @property
    def view(self) -> str:
        """In words."""
        return self.views[self.place].describe(*self.module.depth)

    def values(self) -> dict[str, float]:
        """Numbers for a curve."""
        found = scores(self.collected, self.place, self.truth)
        for question, told in self.further.items():
            shown = next(iter(told["maps"].values()))
            found |= {f"{FURTHER[question]}/{name}": value for name, (value, *_) in shown["all"].items()}
        return found

    @cached_property
    def table(self) -> dict[str, Any]:
        """Every view against the masks; empty without masks."""
        return {} if self.truth is None else every_view(self.collected, self.views, self.truth)

    def heads(self) -> dict[str, Any]:
        """The rows of the table that are of one layer and one head, where there are several."""
        single = [str(view) for view in self.views if isinstance(view.layer, int) and isinstance(view.head, int)]
        return {view: self.table[view] for view in single} if self.table and len(single) > 1 else {}

    def known(self) -> dict[str, Any]:
        """All that scores.json says of the split."""
        told = self.values() | self.origin.line | details(self.collected, self.place, self.truth) | {"view": self.view}
        parts = {"localisation": plain(self.beside), "heads": self.heads(), **self.further}
        return told | {name: part for name, part in parts.items() if part}

    def attended(self, indices: Sequence[int]) -> list[AttendedImage]:
        """The images of certain indices with their maps, as the view shows them; those that were not looked into left out."""
        said = {answer.index: answer for answer in self.collected.answers}
        examples, naming = self.data.examples(self.split), Naming(self.model, self.view, self.split)
        return [
            record(said[index], self.collected.maps[index][self.place], examples, self.data.classes, naming)
            for index in indices
            if index in self.collected.maps
        ]


def write(tested: Tested, folder: Path, pictures: Sequence[int], logger: tracking.RunLogger | None) -> None:
    """Write a split into its folder, and its pictures and table to the tracker; ``pictures``: indices of those drawn."""
    classes, collected, split = tested.data.classes, tested.collected, tested.split
    lines = answers(collected, tested.data.examples(split).names, classes, tested.place, tested.truth)
    files.write_text(folder / "answers.jsonl", "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines))
    attended = tested.attended(sorted({*collected.looked[:KEPT], *pictures}))
    records.save(attended, folder / "attended.jsonl")
    if tested.table:
        files.write_json(folder / "views.json", tested.table)
    drawn = [one for one in attended if one.index in pictures]
    columns = ["index", "name", "class", "predicted", "probability", "attention", "heads", "layers"]
    tracking.log_table(logger, f"{split}/images", columns, [_row(tested, one, folder) for one in drawn])
    for name, figure in _figures(tested):
        path = files.save(figure, folder / f"{name}.png")
        tracking.log_picture(logger, f"{split}/{name}", path, f"{tested.model} · {split}")


def _row(tested: Tested, one: AttendedImage, folder: Path) -> list[Any]:
    """Draw one image, where the model looked in it, and every layer and head; a row of the tracker's table."""
    stem = f"{tested.split}-{one.index}"
    path = files.save(plots.attended(one), folder / f"{stem}.png")
    sure = round(float(one.probabilities[one.predicted]), 3)
    heads, layers = _every_head(tested, one, folder / stem), _every_layer(tested, one, folder / stem)
    return [one.index, one.name, one.classes[one.label], one.classes[one.predicted], sure, path, heads, layers]


def _every_head(tested: Tested, one: AttendedImage, stem: Path) -> Path | None:
    """Every layer and head over one image; None for a model without, or with a single one."""
    L, H = tested.module.depth
    views = [view for view in tested.views if isinstance(view.layer, int) and isinstance(view.head, int)]
    if len(views) < L * H or L * H == 1:
        return None
    maps = tested.collected.maps[one.index][[tested.views.index(view) for view in views]]
    drawn = plots.heads(
        one.pixels, maps.reshape(L, H, *tested.module.grid), one.model, f"{one.name} · attention of each head"
    )
    return files.save(drawn, stem.with_name(f"{stem.name}-heads.png"))


def _every_layer(tested: Tested, one: AttendedImage, stem: Path) -> Path | None:
    """The mean of the heads of each layer as a row of pictures and as a film; None for a model without layers."""
    views = layer_views(tested.module)
    if len(views) < 2:
        return None
    maps = tested.collected.maps[one.index][[tested.views.index(view) for view in views]]
    return depth_film(one.pixels, maps, (one.model, f"{one.name} · attention through the layers"), stem).strip


def _figures(tested: Tested) -> Iterator[tuple[str, Any]]:
    """Pictures of the whole split, by name."""
    title = f"{tested.model} · {tested.split}"
    yield from figures(tested.collected, tested.beside, tested.data.classes, title)
    if tested.heads():
        table = {view: tested.table[str(view)]["all"] for view in tested.views}
        counted = f"{len(tested.collected.maps):,} images, with 95 % bootstrap intervals."
        yield "views", plots.image_view_grid(table, tested.views[tested.place], title, counted)
    if known := tested.further.get("removal"):
        note = (
            f"Mean over {known['images']} images. In place of a patch comes {known['instead']}. Bands and numbers in "
            "parentheses are 95 % bootstrap intervals."
        )
        yield "removal", plots.removal(known["changed"], known["maps"], title, note)
