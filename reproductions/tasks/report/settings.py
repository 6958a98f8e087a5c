"""What was trained, how it differs from the paper and from the shipped configuration, and on which machine."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from reproductions import papers
from reproductions.reports import Section
from reproductions.runs import Run

HERE = Path(__file__).parents[2]
DEPARTURES = re.compile(r"^## Departures from the paper\n(.*?)^## ", re.M | re.S)


def goes_on(run: Run) -> bool:
    """Whether the training has not come to its end, or was continued since."""
    return not run.summary or any(line["step"] > run.summary["steps"] for line in run.validations)


def state(run: Run) -> str:
    """How far its training went: "1,800 steps in 6.2 minutes" or "step 600 of 1,800, goes on"."""
    summary, planned = run.summary, run.planned
    if goes_on(run):
        last = run.validations[-1]["step"] if run.validations else 0
        return f"step {last:,}{f' of {planned:,}' if planned else ''}, goes on"
    of = f" of {planned:,}" if planned and planned > summary["steps"] else ""
    return f"{summary['steps']:,}{of} steps in {summary['training_seconds'] / 60:.1f} minutes"


def sections(run: Run) -> Iterator[Section]:
    """All of it, folded."""
    yield from _departures(run)
    yield _settings(run)
    yield _machine(run)


def _shipped(run: Run) -> Path:
    """The configuration that the run began with, if it is one of the project's."""
    config = run.folder.resolve().parent
    return papers.CONFIGS / config.parent.name / f"{config.name}.yaml"


def _departures(run: Run) -> Iterator[Section]:
    """What differs from the paper, as its README says, and how far the configuration is scaled down, as its head says."""
    readme = HERE / run.paper / "README.md"
    table = DEPARTURES.search(readme.read_text(encoding="utf-8")) if readme.is_file() else None
    if table is None:
        return
    head, _, *rows = (line[2:-2].split(" | ") for line in table[1].splitlines() if line.startswith("| "))
    yield Section("Departures from the paper", _scaled_down(run), head, rows, folded=True, prose=True)


def _scaled_down(run: Run) -> list[str]:
    """The paragraphs at the head of the shipped configuration, without its command."""
    if not _shipped(run).is_file():
        return []
    head = re.match(r"(#.*\n)*", _shipped(run).read_text(encoding="utf-8"))
    assert head is not None
    paragraphs = re.split(r"\n\n", re.sub(r"^# ?", "", head[0], flags=re.M).strip())
    return [" ".join(paragraph.split()) for paragraph in paragraphs if "make train-" not in paragraph]


def _settings(run: Run) -> Section:
    """What was set otherwise than in the shipped configuration."""
    path = _shipped(run)
    shipped = dict(_flat(yaml.safe_load(path.read_text(encoding="utf-8")))) if path.is_file() else {}
    settings = dict(_flat(run.settings))
    rows = [
        [name, str(settings[name]), str(value)]
        for name, value in shipped.items()
        if name in settings and settings[name] != value and name != "run.folder"
    ]
    name = f"configs/{'/'.join(path.parts[-2:])}"
    text = f"Set otherwise than in {name}:" if rows else f"As in {name}." if shipped else ""
    return Section("Settings", [text], ["setting", "here", "there"] if rows else [], rows, folded=True, prose=True)


def _flat(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Each setting by its full name, as on the command line."""
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _machine(run: Run) -> Section:
    """Size and cost of the training, the machine, and what computed."""
    if goes_on(run):
        return Section("Machine and size", ["They are known at the end of the training."], folded=True, prose=True)
    summary = run.summary
    rows = [
        ["trained parameters", f"{summary['parameters']:,}"],
        ["training", state(run)],
        ["seed", str(summary["seed"])],
        ["device", " · ".join(str(summary[key]) for key in ("device", "processor") if key in summary)],
        ["threads", str(summary["threads"])],
        ["precision", ": ".join(str(summary[key]) for key in ("precision", "precision_reason") if key in summary)],
        ["versions", " · ".join(f"{name} {summary[name]}" for name in ("torch", "python") if name in summary)],
        *([["commit", summary["commit"]]] if summary.get("commit") else []),
    ]
    note = ""
    if averaged := summary.get("averaged"):
        kept = "it is the best checkpoint" if averaged["kept"] else "a single checkpoint scored higher and is the best"
        note = (
            f"The mean of {len(averaged['snapshots'])} snapshots scored {averaged['score']:.2f} in validation: {kept}."
        )
    return Section("Machine and size", headings=["", ""], rows=rows, note=note, folded=True, prose=True)
