"""Train a toy run of every paper, pack it into a zip, and write down its trace.

::

    PYTHONPATH=.:tests python -m older_runs.make FOLDER

works at any commit and writes

    FOLDER/<paper>.zip     the run without pictures: <paper>/<config>/<time>/config.yaml, checkpoints/best.ckpt and so on
    FOLDER/<paper>.json    its trace: the names of all its files, and the keys that they and W&B hold

Never replace the zips beside this file: later versions must read what this one wrote. The traces say what a new run
leaves; when that changes on purpose, copy the new trace from FOLDER.
"""

import csv
import io
import json
import os
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import wandb_offline
from toy_run import corpus, overrides

from reproductions.__main__ import run as command
from reproductions.papers import PAPERS

STEPS = 8
NUMBERS = "numbers.tsv"  # the toy corpus: what config.yaml of a kept run says of it, and the checkpoint likewise
BATCHES: dict[str, object] = {"trainer.limit_val_batches": 2, "trainer.limit_test_batches": 2}
ACCORD = BATCHES | {"data.init_args.pairs": 200, "data.init_args.vocabulary": 60, "data.init_args.batch_tokens": 300,
                    "data.init_args.test_splits": '["test","long"]', "run.pictures": "[115]"}  # fmt: skip
IMAGES = BATCHES | {"data.init_args.size": 16, "data.init_args.images": 48, "run.pictures": "[0]"}
# One translator learns numbers from a file, which has no links; the others Accord, which has them.
SETTINGS: dict[str, dict[str, object]] = {
    "bahdanau2014": {"run.pictures": "[0]"},
    "luong2015": ACCORD,
    "transformer2017": ACCORD | {"model.init_args.network.max_length": 96},
    "cheng2016": ACCORD,
    "vit2021": IMAGES | {"model.init_args.network.patch": 4},
    "resnet2016": IMAGES,
    "xu2015": IMAGES | {"run.pictures": "[1,8]"},
}
KEPT = ("config.yaml", "*.json", "*.jsonl", "best.ckpt")
LINES = 2  # of each file of records


def places(work: Path) -> dict[str, str]:
    """The environment of a training below ``work``, tracked on disk."""
    return {"RUNS_DIR": str(work / "runs"), "DATA_DIR": str(work / "data"), "WANDB_MODE": "offline"}


def train(paper: str, work: Path) -> Path:
    """Train a paper with ``places(work)`` as the environment; the folder of the run."""
    data = ["--data", str(corpus(work))] if paper == "bahdanau2014" else []
    variant = ["--variant", "plain"] if paper == "vit2021" else []  # as the kept run
    os.environ.pop("RUN_STAMP", None)
    assert command(["train", paper, *data, *variant, *overrides(STEPS, paper, **SETTINGS[paper])]) == 0
    (folder,) = (work / "runs" / paper).glob("*/*")
    return folder


# --- What a run leaves --------------------------------------------------------------------------------------------------


def trace(folder: Path) -> dict[str, Any]:
    """What a run leaves, as names and keys without their values."""
    files = [path for path in folder.rglob("*") if path.is_file() and "wandb" not in path.relative_to(folder).parts]
    named = {_timeless(path.relative_to(folder).as_posix()): path for path in files}
    (tracked, *_) = wandb_offline.files(folder)
    chosen = json.loads(named["views.json"].read_text(encoding="utf-8"))["chosen"] if "views.json" in named else None
    return {
        "files": sorted(named),
        "keys": {
            name: _keys(path, chosen)
            for name, path in sorted(named.items())
            if path.suffix in (".json", ".jsonl", ".csv")
        },
        "tracked": _tracked(tracked),
    }


def _timeless(name: str) -> str:
    return re.sub(r"\d{8}-\d{6}-\d{6}", "TIME", name)


def _keys(path: Path, chosen: str | None) -> list[str]:
    """Every key of a file, a nested one as a dotted path; of several lines or rows, those of any.

    ``chosen``: the view of a run that chose one.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        return sorted(next(csv.reader(io.StringIO(text))))
    rows = [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else [json.loads(text)]
    return sorted({key for row in rows for key in _dotted(row, _viewed(row, chosen))})


def _viewed(scores: dict[str, Any], chosen: str | None) -> set[str]:
    """The view that a run was scored with, in words, and as it was chosen; none for what holds no scores."""
    words = {split["view"] for split in scores.values() if isinstance(split, dict) and "view" in split}
    return words | {chosen} if words and chosen else words


def _dotted(fields: dict[str, Any], shown: set[str]) -> Iterator[str]:
    for key, value in fields.items():
        name = "VIEW" if key in shown else key  # which one scored best is no matter of the trace
        if isinstance(value, dict) and value:
            inside = set() if key == "heads" else shown  # a table of all of them
            yield from (f"{name}.{below}" for below in _dotted(value, inside))
        else:
            yield name


def _tracked(path: Path) -> dict[str, Any]:
    """What was sent to W&B: kinds of what was logged by key, a table as its columns."""
    run, kinds = wandb_offline.read(path), {}
    for row in run.history:
        for key, value in row.items():
            name, _, field = key.rpartition(".")
            if field == "_type":
                table = path.parent / "files" / row[f"{name}.path"] if value == "table-file" else None
                kinds[name] = value if table is None else json.loads(table.read_text(encoding="utf-8"))["columns"]
            elif not name and not key.startswith("_"):
                kinds[key] = "number"
    about = {"group": run.run.run_group, "job_type": run.run.job_type, "tags": list(run.run.tags)}
    return {"logged": dict(sorted(kinds.items())), "config": sorted(run.config), **about}


# --- What is kept of it -------------------------------------------------------------------------------------------------


def pack(folder: Path, work: Path, path: Path) -> None:
    """Write what is kept of a run, with paths as if ``work`` were the current directory."""
    with zipfile.ZipFile(path, "w") as packed:
        for file in sorted({file for pattern in KEPT for file in folder.rglob(pattern)}):
            inside = file.relative_to(folder).parts
            if "wandb" not in inside and file.name != "wandb.json":
                name = zipfile.ZipInfo(file.relative_to(work / "runs").as_posix())  # and no time of its own
                packed.writestr(name, _content(file, work), zipfile.ZIP_DEFLATED, compresslevel=9)


def _content(file: Path, work: Path) -> bytes:
    if file.suffix == ".ckpt":
        written = io.BytesIO()
        torch.save(_relative(torch.load(file, weights_only=True), work), written)
        return written.getvalue()
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    return _relative("".join(lines[:LINES] if file.suffix == ".jsonl" else lines), work).encode()


def _relative(value: Any, work: Path) -> Any:
    """The same, with every path below ``work`` relative to it."""
    if isinstance(value, str):
        return value.replace(f"{work}/", "")
    if isinstance(value, dict):
        return type(value)((_relative(key, work), _relative(inner, work)) for key, inner in value.items())
    return type(value)(_relative(inner, work) for inner in value) if isinstance(value, (list, tuple)) else value


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name).resolve()
        os.environ.update(places(work))
        for paper in PAPERS:
            trained = train(paper, work)
            pack(trained, work, folder / f"{paper}.zip")
            (folder / f"{paper}.json").write_text(json.dumps(trace(trained), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
