"""What `make timeline` trains: RNNsearch with every mechanism over a source, each with the same budget and seeds."""

from dataclasses import dataclass

from reproductions import runs
from reproductions.attention import over_source
from reproductions.experiments.side_by_side import Training
from reproductions.papers import CONFIGS

PAPER = runs.TIMELINE  # folder below configs/ and runs/
CONFIG = CONFIGS / PAPER / "accord.yaml"


@dataclass(frozen=True)
class Budget:
    """The budget of every training; its name is part of the names of the runs. steps: None for those of the configuration."""

    name: str
    seeds: tuple[int, ...]
    steps: int | None


FULL = Budget("full", (1, 2, 3), None)
QUICK = Budget("quick", (1,), 260)


def training(mechanism: str, seed: int, budget: Budget) -> Training:
    options = (
        "--seed_everything", str(seed), "--data.init_args.seed", str(seed),
        "--model.init_args.network.attention", mechanism,
    )  # fmt: skip
    return Training(PAPER, f"{mechanism}-{budget.name}-seed{seed}", CONFIG, options, budget.steps)


def trainings(budget: Budget) -> list[Training]:
    """All of a budget, seed by seed: an interrupted timeline has every mechanism once before any twice."""
    return [training(name, seed, budget) for seed in budget.seeds for name in over_source()]
