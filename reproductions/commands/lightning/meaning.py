"""Settings that have the right type and cannot be meant, refused before anything is written."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from jsonargparse import Namespace

from data.errors import UserError
from data.sources.paths import check_regular, place
from data.sources.reading import decoded

MOST_SEED = 2**32 - 1  # of numpy
MOST_BYTES, MOST_ALIASES = 1_000_000, 20  # of a configuration; aliases of aliases grow without bound


class Meant(NamedTuple):
    """What the value of a setting must be, if it has one."""

    holds: Callable[[Any], bool]
    words: str


POSITIVE = Meant(lambda value: value > 0, "must be more than 0")
ENDLESS = Meant(lambda value: value > 0 or value == -1, "must be at least 1, or -1 for no limit")
SETTINGS = {
    "seed_everything": Meant(
        lambda value: isinstance(value, bool) or 0 <= value <= MOST_SEED, f"must be between 0 and {MOST_SEED:,}"
    ),
    "trainer.max_steps": ENDLESS,
    "trainer.max_epochs": ENDLESS,
    "trainer.devices": Meant(
        lambda value: not isinstance(value, int) or value > 0 or value == -1, "must be at least 1, or -1 for all"
    ),
    "trainer.num_nodes": POSITIVE,
    "trainer.val_check_interval": POSITIVE,
    "trainer.check_val_every_n_epoch": POSITIVE,
    "trainer.accumulate_grad_batches": POSITIVE,
    "trainer.log_every_n_steps": POSITIVE,
    "trainer.limit_train_batches": POSITIVE,
    "trainer.limit_val_batches": POSITIVE,
    "trainer.limit_test_batches": POSITIVE,
    "trainer.overfit_batches": Meant(lambda value: value >= 0, "must not be negative"),
    "trainer.gradient_clip_val": Meant(lambda value: value >= 0, "must not be negative"),
    "trainer.fast_dev_run": Meant(
        lambda value: not value, "would write no run: for a short one, set --trainer.max_steps 2 instead; it"
        " must be false"),
    "model.init_args.eos": Meant(lambda value: value == 2, "must be 2, the end of a sentence in every tokeniser"),
    "data.init_args.seed": Meant(lambda value: value >= 0, "must not be negative"),
}  # fmt: skip


def check_settings(settings: Namespace) -> None:
    """Raise UserError for the first setting that cannot be meant."""
    for name, meant in SETTINGS.items():
        value = settings.get(name)
        if isinstance(value, str) and value.lstrip("-").isdigit():  # devices
            value = int(value)
        if value is not None and not isinstance(value, str) and not meant.holds(value):
            raise UserError(f"{name} {meant.words}, not {value!r}.")


def check_files(arguments: Sequence[str]) -> None:
    """Check each configuration that the arguments name; raises UserError if one is no text, or too large to be one."""
    named = [
        *zip(arguments, arguments[1:], strict=False),
        *(argument.split("=", 1) for argument in arguments if "=" in argument),
    ]
    for option, value in named:
        if option in ("--config", "-c"):
            _check_file(place(value))


def _check_file(path: Path) -> None:
    check_regular(path)
    if not path.is_file():
        return  # jsonargparse says so
    if path.stat().st_size > MOST_BYTES:
        raise UserError(f"{path} is no configuration: it has {path.stat().st_size:,} bytes.")
    content = decoded(path.read_bytes(), str(path))
    try:
        aliases = sum(isinstance(token, yaml.AliasToken) for token in yaml.scan(content))
    except yaml.YAMLError:
        return  # jsonargparse says what is wrong, and where
    if aliases > MOST_ALIASES:
        raise UserError(f"{path} has {aliases} aliases, more than {MOST_ALIASES}: write the values out.")
