"""A corpus and settings so small that a whole run takes seconds; what the tests of training and command line share."""

import random
from pathlib import Path

NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
FRENCH = ["un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"]


def corpus(folder: Path, lines: int = 400) -> Path:
    """A TSV of English numbers and the same in French, reversed."""
    drawn = random.Random(0)
    path = folder / "numbers.tsv"
    with path.open("w", encoding="utf-8") as file:
        for _ in range(lines):
            chosen = [drawn.randrange(10) for _ in range(drawn.randint(2, 6))]
            file.write(" ".join(NUMBERS[i] for i in chosen) + " .\t")
            file.write(" ".join(FRENCH[i] for i in reversed(chosen)) + " .\n")
    return path


def overrides(steps: int, **more: object) -> list[str]:
    """Arguments that shrink any translation config."""
    settings = {
        "model.init_args.network.hidden": 12,
        "model.init_args.network.embedding": 8,
        "model.init_args.network.maxout": 8,
        "model.init_args.network.alignment": 8,
        "model.init_args.recipe.learning_rate": 0.01,
        "data.init_args.batch_tokens": 160,
        "trainer.max_steps": steps,
        "trainer.val_check_interval": 4,
        "trainer.enable_progress_bar": "false",
        "trainer.log_every_n_steps": 2,
        "trainer.precision": "32-true",
        "run.checkpoint_every": 3,
    }
    return [f"--{name}={value}" for name, value in {**settings, **more}.items()]
