"""Configurations that an earlier version wrote."""

from importlib import import_module

import yaml

from data.errors import UserError
from reproductions.papers import PAPERS, VERSION
from reproductions.training.module import Reproduction


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
