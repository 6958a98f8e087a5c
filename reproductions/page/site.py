"""The page without a server: a folder of static files in which the models of a few runs compute in the browser.

::

    index.html, *.js, style.css     the page, with its back end in the browser
    local/                          that back end: plain JavaScript. Three small models need neither the 20 MB of a runtime for
                                    tensors nor its start, and here each line carries its equation, as in Python
    overview.json                   runs, sentences, limits
    timeline.json, timeline/        the timeline, with its pictures
    runs/<run>/model.safetensors    weights in half precision
    runs/<run>/run.json             all else that the browser needs of a run: sizes, vocabularies, views, classes
    runs/<run>/gallery.json         pictures on offer
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from data.accord import FIXED
from data.errors import UserError
from reproductions.evaluation.files import json_text, write_text
from reproductions.evaluation.records.forms import links_to_json
from reproductions.evaluation.views.alignment import every_view
from reproductions.page import images, timelines
from reproductions.page.catalogue import overview
from reproductions.page.guard import POLICY
from reproductions.runs import Run
from reproductions.tasks.images.maps import shown_view, views_of
from reproductions.tasks.images.trained import TrainedClassifier
from reproductions.tasks.origin import Origin
from reproductions.tasks.task import restore
from reproductions.tasks.translation.collect import TrainedTranslator
from reproductions.training import checkpoints, portable

STATIC = Path(__file__).parent / "static"
FILE_BYTES = 64 * 1024 * 1024  # of a picture: it is not sent anywhere
# What the models in static/local compute, of the choices that a network has.
COMPUTED: Mapping[str, Mapping[str, Any]] = {
    "bahdanau2014": {"attention": "additive", "indexing": "groundhog", "unit": "gated"},
    "transformer2017": {"norm": "post", "positions": "sinusoidal"},
    "vit2021": {"pooling": "cls", "positions": "learned", "head": "linear"},
}


def write(folder: Path, chosen: Sequence[Run]) -> None:
    """Write the page with the models of these runs.

    Raises UserError for a folder that holds anything else, and for a run that the browser cannot compute.
    """
    if folder.exists() and not (
        folder.is_dir() and ((folder / "overview.json").is_file() or not any(folder.iterdir()))
    ):
        raise UserError(f"{folder} is no empty folder, and no earlier page: name another one with --out.")
    chosen = [*{run.name: run for run in chosen}.values()]
    described, timeline = [(run, *_described(run)) for run in chosen], timelines.read()  # before anything is removed
    _write_json(folder / "overview.json", _overview(chosen))  # first: by it a page that is cut off is known as one
    for path in folder.iterdir():
        if path.name != "overview.json":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(STATIC, folder, dirs_exist_ok=True)
    start = (STATIC / "index.html").read_text(encoding="utf-8")
    start = start.replace('<html lang="en">', '<html lang="en" data-backend="local">')
    start = start.replace("<meta ", f'<meta http-equiv="content-security-policy" content="{POLICY}">\n<meta ', 1)
    write_text(folder / "index.html", start)
    for run, fields, gallery in described:
        place = folder / "runs" / run.name
        place.mkdir(parents=True)
        portable.write(checkpoints.read(run.best), place / "model.safetensors")
        _write_json(place / "run.json", fields)
        if gallery is not None:
            _write_json(place / "gallery.json", gallery)
    (folder / "timeline.json").write_bytes(timeline)
    if timelines.made() is None:
        shutil.copytree(timelines.PICTURES, folder / timelines.SERVED)


def _write_json(path: Path, content: Any) -> None:
    write_text(path, json_text(content))


def _overview(chosen: Sequence[Run]) -> dict[str, Any]:
    """What the page starts with, and the gold links of the sentences on offer."""
    shown = overview(chosen, {})
    return shown | {
        "folder": "",
        "published": [],
        "limits": shown["limits"] | {"bytes": FILE_BYTES},
        "gold": [{"source": p.source, "target": p.target, "links": links_to_json(p.links)} for p in FIXED],
    }


def _described(run: Run) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What the browser needs of a run besides its weights, and the pictures on offer for a classifier."""
    if run.paper not in COMPUTED:
        raise UserError(
            f"{run.folder} is a run of {run.paper}; in a browser there are {', '.join(COMPUTED)}: name others."
        )
    trained = restore(run)
    module, network = trained.module, trained.module.hparams["network"]
    for name, value in COMPUTED[run.paper].items():
        if network.get(name, value) != value:
            raise UserError(f"{run.folder} has network.{name}: {network[name]}; in a browser there is {value} alone.")
    fields = {"paper": run.paper, "network": network, "model": str(Origin.of(module))}
    of_task = _translator(trained) if isinstance(trained, TrainedTranslator) else _classifier(trained)
    gallery = images.known(trained, run) if isinstance(trained, TrainedClassifier) else None
    return fields | of_task, gallery


def _translator(trained: TrainedTranslator) -> dict[str, Any]:
    module, sides = trained.module, {"source": trained.source, "target": trained.target}
    for side, tokenizer in sides.items():
        if tokenizer.kind != "words":
            raise UserError(
                f"The {side} of {module.title} is split into pieces ({tokenizer.kind}); in a browser there are words."
            )
    L, H = (module.hparams["network"].get(what, 1) for what in ("layers", "heads"))
    views = every_view(L, H)
    return {
        "search": asdict(module.search),
        "most": module.model.max_length,
        "chosen": module.view or str(views[0]),
        "views": [str(view) for view in views],
        "described": [view.describe(L, H) for view in views],
        **{name: {"language": side.language, "entries": side.entries} for name, side in sides.items()},
    }


def _classifier(trained: TrainedClassifier) -> dict[str, Any]:
    """Without views that need gradients, which the browser does not compute."""
    module = trained.module
    views = [view for view in views_of(module) if view.kind in ("cls", "rollout")]
    chosen = shown_view(module)
    return {
        **asdict(trained.preprocessing),
        "grid": module.grid,
        "prefix": module.prefix,
        "layers": module.depth[0],
        "heads": module.depth[1],
        "chosen": str(chosen if chosen in views else views[-1]),
        "views": [str(view) for view in views],
        "described": [view.describe(*module.depth) for view in views],
    }
