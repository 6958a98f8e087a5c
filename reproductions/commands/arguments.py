"""What is wrong with the settings of a run, in one sentence."""

import re
from typing import NoReturn

from lightning.pytorch.cli import LightningArgumentParser

from data.errors import UserError


class Parser(LightningArgumentParser):
    """Lightning's parser, whose errors are one sentence instead of fifty lines of usage."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raises UserError; of the parsers inside this one, whose errors it weighs itself, ArgumentError."""
        if not self.exit_on_error:
            super().error(message, ex)
        raise UserError(f"{sentence(message)}; `.venv/bin/python -m reproductions fit --help` lists every setting.")


def sentence(message: str) -> str:
    """What matters of a message of jsonargparse: which key, what was expected, what was given.

    A class with arguments is tried as each type that may stand there, and each failure is listed; the last one that
    names a class is the user's.
    """
    keys = re.findall(r'^Parser key "([\w.]+)":', message)
    *_, inner = re.split(r"Problem with given class_path '[\w.]+':", message)
    inner = re.split(r"\n\s+- |\n\s+Given value", inner)[0]
    inner = re.sub(r'Parser key "([\w.]+)":', r"\1:", inner)
    inner = re.sub(r"<class '([\w.]+)'>", r"\1", inner)
    inner = re.sub(r"Expected an? (?:typing\.)?(.+?)\. Got value: ", r"expected \1, not ", " ".join(inner.split()))
    return inner if not keys or inner.startswith(f"{keys[0]}:") else f"{keys[0]}: {inner}"
