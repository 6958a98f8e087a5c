"""The parser of a run's settings: its errors as one sentence, and configurations that an earlier version wrote."""

import re
from importlib import import_module
from typing import Any, NoReturn

import yaml
from jsonargparse import Namespace
from lightning.pytorch.cli import LightningArgumentParser

from data.errors import UserError
from reproductions.papers import PAPERS, VERSION
from reproductions.training.module import Reproduction


class Parser(LightningArgumentParser):
    """Lightning's parser, whose errors are one sentence instead of fifty lines of usage."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise UserError; a parser inside this one raises ArgumentError, which jsonargparse handles itself."""
        if not self.exit_on_error:
            super().error(message, ex)
        raise UserError(f"{sentence(message)}; `.venv/bin/python -m reproductions fit --help` lists every setting.")

    def parse_string(self, content: str = "", *given: Any, **named: Any) -> Namespace:
        """Parse a configuration, also one that an earlier version wrote; raises UserError as :func:`without_retired`."""
        return super().parse_string(without_retired(content), *given, **named)


def sentence(message: str) -> str:
    """The core of a message of jsonargparse: which key, what was expected, what was given.

    jsonargparse tries a class with arguments as each type that the setting allows, and lists every failure; the last one
    that names a class is about what the user wrote.
    """
    keys = re.findall(r'^Parser key "([\w.]+)":', message)
    *_, inner = re.split(r"Problem with given class_path '[\w.]+':", message)
    inner = re.split(r"\n\s+- |\n\s+Given value", inner)[0]
    inner = re.sub(r'Parser key "([\w.]+)":', r"\1:", inner)
    inner = re.sub(r"<class '([\w.]+)'>", r"\1", inner)
    inner = re.sub(r"Expected an? (?:typing\.)?(.+?)\. Got value: ", r"expected \1, not ", " ".join(inner.split()))
    return inner if not keys or inner.startswith(f"{keys[0]}:") else f"{keys[0]}: {inner}"


def innermost(error: BaseException) -> BaseException:
    """Unwrap jsonargparse's ValueError; a UserError is returned as it is."""
    if isinstance(error, UserError):
        return error
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if isinstance(cause, ValueError):
        return innermost(cause)
    # jsonargparse wraps anything raised while a linked argument is computed in a ValueError, even a full disk or a bug.
    return error.__cause__ if isinstance(error, ValueError) and error.__cause__ is not None else error


def without_retired(content: str) -> str:
    """A configuration as YAML, without the settings that this version does not have and that had no effect.

    Raises UserError if one had an effect, or if this version does not have the model.
    """
    try:
        model = (settings := yaml.safe_load(content))["model"]
        module, _, name = model["class_path"].rpartition(".")
        arguments = model["init_args"]
    except (yaml.YAMLError, LookupError, TypeError, AttributeError):
        return content  # without a model; or the parser says what is wrong
    if not module.startswith("reproductions."):
        return content
    try:
        kind = getattr(import_module(module), name)
    except (ModuleNotFoundError, AttributeError) as error:
        models = ", ".join(paper.class_path for paper in PAPERS.values())
        raise UserError(f"This version, {VERSION}, has no model {module}.{name}; it has {models}.") from error
    if not issubclass(kind, Reproduction) or not kind.drop_retired(arguments, "The configuration"):
        return content
    return yaml.safe_dump(settings, sort_keys=False)
