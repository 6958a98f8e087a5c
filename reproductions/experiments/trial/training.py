"""What `make trial` trains: translators in both directions on exactly the same pairs, with the same pieces, batches and steps."""

from dataclasses import dataclass

from reproductions import runs
from reproductions.experiments.side_by_side import Training
from reproductions.papers import CONFIGS

DIRECTIONS = (("en", "fr"), ("fr", "en"))
# System -> title, configuration, and what differs from it.
SYSTEMS = {
    "rnnsearch": ("RNNsearch", "rnnsearch", ()),
    "luong": ("Luong et al.", "luong", ()),
    "transformer": ("Transformer", "transformer", ()),
    "guided": ("Transformer, guided", "transformer", ("--model.init_args.recipe.guidance", "0.05")),
}


@dataclass(frozen=True)
class Budget:
    """What is trained, and how long; its name is part of the names of the runs. steps: None for those of the configuration."""

    name: str
    steps: int | None
    options: tuple[str, ...] = ()
    systems: tuple[str, ...] = tuple(SYSTEMS)


FULL = Budget("full", None)
QUICK = Budget("quick", 300, (
    "--data.init_args.pairs", "45000", "--data.init_args.test_splits", "[bible_test,multi30k_test_2016_flickr]",
    "--model.init_args.search.width", "1",
))  # fmt: skip


def training(system: str, direction: tuple[str, str], budget: Budget) -> Training:
    source, target = direction
    _, config, differs = SYSTEMS[system]
    languages = ("--data.init_args.source_language", source, "--data.init_args.target_language", target)
    name = f"{system}-{source}-{target}-{budget.name}"
    return Training(
        runs.TRIAL, name, CONFIGS / runs.TRIAL / f"{config}.yaml", (*languages, *differs, *budget.options), budget.steps
    )


def trainings(budget: Budget) -> list[Training]:
    """All of a budget, system by system, so that an interrupted trial has both directions of the first ones."""
    return [training(system, direction, budget) for system in budget.systems for direction in DIRECTIONS]
