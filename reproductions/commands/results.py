"""The numbers of README and docs: train what is missing, write docs/results.json and every table; or check the runs at hand."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from data.errors import UserError
from reproductions import runs
from reproductions.commands import trainings
from reproductions.commands.equations import ROOT
from reproductions.commands.train import of_seeds
from reproductions.experiments.side_by_side import Training, train
from reproductions.papers import CONFIGS
from reproductions.runs import Run

RUNS = CONFIGS / "results.yaml"
KEYS = {"paper", "data", "variant", "arguments", "weights", "seeds"}


class Group(NamedTuple):
    """One name of configs/results.yaml."""

    name: str
    topic: str
    trainings: Sequence[Training]

    def scored(self) -> list[Run]:
        """The seeds that have scores."""
        return [run for training in self.trainings if (run := training.scored())]

    def part(self) -> str:
        """How many seeds have scores, in words."""
        return f"{self.name}: {len(self.scored())} of {len(self.trainings)} seeds have scores"

    def missing(self) -> list[Training]:
        return [training for training in self.trainings if training.scored() is None]


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", help="topics or names of configs/results.yaml, timeline or trial; default: all")
    parser.add_argument(
        "--check", action="store_true", help="train nothing: hold the runs at hand against docs/results.json"
    )
    parser.add_argument("--untrained", action="store_true", help="train nothing: write down what is at hand")
    parser.add_argument(
        "--benchmark", type=Path, metavar="FILE",
        help="train nothing: write down what a benchmark printed to a file, under its name without ending",
    )  # fmt: skip
    parser.add_argument(
        "--interventions", action="store_true", help="train nothing: write down what `make intervene` measured"
    )
    trainings.options(parser)


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Returns the exit status, 1 for a contradiction. Raises UserError for a name that there is not, and a damaged file."""
    from reproductions.experiments import results

    groups = chosen(options.only)
    claimed = results.read(ROOT / results.FILE)
    if options.check:
        return check(groups, claimed)
    if (options.benchmark or options.interventions) and not options.only:
        groups = []
    if options.benchmark:
        claimed.setdefault("measurements", {})[options.benchmark.stem] = results.benchmark(options.benchmark)
    if options.interventions:
        from reproductions.experiments.interventions import report

        measured = report.measurement(runs.runs_dir() / runs.INTERVENED)
        claimed.setdefault("measurements", {})[runs.INTERVENED] = results.rounded(measured)
    try:
        if not (options.untrained or options.benchmark or options.interventions):
            sys.stdout.write("".join(f"{line}\n" for line in account(groups, claimed, options)))
            every = [training for group in groups for training in group.trainings]
            if status := train(every, options.jobs, options.again, rest):
                return status
    finally:
        write(groups, claimed)
    return 0


def chosen(only: str | None) -> list[Group]:
    """The groups of configs/results.yaml, or those of a topic or name. Raises UserError for a key or name that there is not."""
    groups: list[Group] = []
    for topic, names in yaml.safe_load(RUNS.read_text(encoding="utf-8")).items():
        for name, given in names.items():
            if strange := given.keys() - KEYS:
                raise UserError(
                    f"{RUNS}: {name} has {', '.join(sorted(strange))}; its keys are {', '.join(sorted(KEYS))}."
                )
            arguments = given.get("arguments", "").split()
            seeds = of_seeds(given["paper"], given.get("data"), given.get("variant", ""), given["seeds"], arguments)
            if "weights" in given:
                before = next(group.trainings for group in groups if group.name == given["weights"])
                seeds = [replace(training, weights=start) for training, start in zip(seeds, before, strict=True)]
            groups.append(Group(name, topic, seeds))
    named = None if only is None else only.split()
    for topic in (runs.TIMELINE, runs.TRIAL):
        if named is None or topic in named:
            training = trainings.part(topic, "training")
            groups.append(Group(topic, topic, training.trainings(training.FULL)))
    for name in named or []:
        if not any(name in (group.topic, group.name) for group in groups):
            topics = dict.fromkeys(group.topic for group in groups)
            raise UserError(f"There is no {name!r} in {RUNS}: choose {', '.join(topics)}, or a name below one of them.")
    return [group for group in groups if named is None or group.topic in named or group.name in named]


def account(groups: Sequence[Group], claimed: Mapping[str, Any], options: argparse.Namespace) -> Iterator[str]:
    """What will be trained, and what it costs by the minutes of the last time."""
    total, unknown = 0.0, 0
    for group in groups:
        missing = group.trainings if options.again else group.missing()
        if not missing:
            continue
        minutes = _minutes(group, claimed)
        cost = "unknown" if minutes is None else f"{minutes * len(missing):.0f} minutes"
        total, unknown = total + (minutes or 0) * len(missing), unknown + (minutes is None)
        yield f"{group.name}: {len(missing)} of {len(group.trainings)} trainings to do, {cost}"
    if total or unknown:
        besides = f", besides {unknown} of unknown cost" if unknown else ""
        yield f"In all {total:.0f} minutes of training{besides}, {options.jobs} at a time."
    else:
        yield "Nothing is missing."


def _minutes(group: Group, claimed: Mapping[str, Any]) -> float | None:
    """Of one training, the longest of the last time; in the timeline and the trial their mean."""
    if group.topic == runs.TRIAL:
        measured = claimed.get("measurements", {}).get(runs.TRIAL)
        return measured["minutes"] / len(group.trainings) if measured else None
    if group.topic == runs.TIMELINE:
        return claimed["timeline"]["training_minutes"] / len(group.trainings) if "timeline" in claimed else None
    entry = claimed["runs"].get(group.name)
    return max(seed["minutes"] for seed in entry["seeds"].values()) if entry else None


def write(groups: Sequence[Group], claimed: dict[str, Any]) -> None:
    """Write down every group whose seeds all have scores, and all documents. Raises UserError for a number that is missing."""
    from reproductions.evaluation import files
    from reproductions.experiments import results

    for group in groups:
        scored = group.scored()
        if group.topic not in (runs.TIMELINE, runs.TRIAL):
            claimed["runs"].setdefault(group.name, None)
        if len(scored) < len(group.trainings):
            if scored:
                sys.stdout.write(f"{group.part()}, so that what {results.FILE} says of it stays as it is.\n")
        elif group.topic == runs.TIMELINE:
            claimed["timeline"] = _timeline()
        elif group.topic == runs.TRIAL:
            from reproductions.experiments.trial import report, training

            table, _ = trainings.write(runs.TRIAL, training.FULL)
            claimed.setdefault("measurements", {})[runs.TRIAL] = results.rounded(report.measurement(table))
        else:
            claimed["runs"][group.name] = results.measured(scored)
    files.write_text(ROOT / results.FILE, results.text(claimed))
    for path in documents():
        text = path.read_text(encoding="utf-8")
        try:
            refreshed = _refreshed(path, text, claimed)
        except ValueError as error:
            raise UserError(f"{path.relative_to(ROOT)}: {error}") from error
        if refreshed != text:
            files.write_text(path, refreshed)
            sys.stdout.write(f"Numbers of {path.relative_to(ROOT)}\n")


def _refreshed(path: Path, text: str, claimed: Mapping[str, Any]) -> str:
    """A document with the numbers of the file."""
    from reproductions.experiments import quotes
    from reproductions.experiments.timeline import document

    text = quotes.refreshed(text, claimed)
    if path == ROOT / document.DOCUMENT and "timeline" in claimed:
        text = document.refreshed(text, claimed["timeline"], None)
    return text


def _timeline() -> dict[str, Any]:
    """The table of the timeline, once its report, its document and their pictures are written."""
    from reproductions.experiments.timeline import document, training

    table, _ = trainings.write(runs.TIMELINE, training.FULL)
    document.write(ROOT / document.DOCUMENT, table, document.transformer())
    heavy = ("record", "folders")
    return table | {"rows": [{key: row[key] for key in row if key not in heavy} for row in table["rows"]]}


def documents() -> list[Path]:
    """Those with numbers."""
    return [
        ROOT / "README.md",
        *sorted((ROOT / "docs").glob("*.md")),
        *sorted((ROOT / "reproductions").glob("*/README.md")),
        *sorted((ROOT / "configs").glob("*/*.yaml")),
    ]


def check(groups: Sequence[Group], claimed: Mapping[str, Any]) -> int:
    """Print what contradicts docs/results.json; returns 1 if anything does."""
    from reproductions.experiments import results

    said: list[str] = []
    without = []
    for group in groups:
        scored, entry = group.scored(), claimed["runs"].get(group.name)
        if not (scored and entry):
            without.append(group.name)
            continue
        said += results.contradictions(group.name, entry, scored)
        if group.missing():
            sys.stdout.write(f"{group.part()}; these are checked.\n")
    sys.stdout.write("".join(f"{line}\n" for line in said))
    if without:
        sys.stdout.write(
            f"Not checked, without runs here or numbers there, or a table of its own: {', '.join(without)}.\n"
        )
    checked = len(groups) - len(without)
    sys.stdout.write(f"{checked} of {len(groups)} results are checked; {len(said) or 'no'} contradictions.\n")
    return 1 if said else 0
