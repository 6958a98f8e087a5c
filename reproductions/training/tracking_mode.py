"""How a run is tracked: online, offline or not at all. Imports neither torch nor lightning, so that the answer comes at once."""

import os
import tempfile
from dataclasses import dataclass
from typing import Any, Literal

from data.errors import UserError
from data.whole import temporary_folder

# W&B makes two temporary folders as it is imported, and a process that is killed leaves them behind.
_usual, tempfile.tempdir = tempfile.tempdir, str(temporary_folder("attention-wandb-"))
try:
    import wandb as wandb  # tracking takes it from here
finally:
    tempfile.tempdir = _usual


@dataclass(frozen=True)
class Mode:
    """How a run is tracked and why: "online", "offline" or "disabled"."""

    name: Literal["online", "offline", "disabled"]
    reason: str


def decide(mode: str | None = None) -> Mode:
    """Choose how to track: by ``mode``, else by WANDB_MODE or W&B's settings, else online if there is a key.

    No prompt, no network. An online run without a usable key becomes an offline one.

    Raises:
        UserError: ``mode`` or WANDB_MODE is not online, offline or disabled.
    """
    for name, value in (("the W&B mode", mode), ("WANDB_MODE", os.environ.get("WANDB_MODE") or None)):
        if value not in (None, "online", "offline", "disabled", "run", "dryrun", "shared"):
            raise UserError(f"{name} is {value!r}; use online, offline or disabled")
    options: dict[str, Any] = {} if mode is None else {"mode": mode}
    settings = wandb.setup(wandb.Settings(silent=True, **options)).settings
    reason = "as asked" if mode else "WANDB_MODE" if os.environ.get("WANDB_MODE") else "W&B's settings"
    if settings.mode == "disabled":
        return Mode("disabled", reason)
    if settings.mode in ("offline", "dryrun"):
        return Mode("offline", reason)
    try:
        if wandb.login(prompt=False, verify=False):
            return Mode("online", reason if "mode" in settings.model_fields_set else "an API key was found")
    except wandb.Error as error:
        return Mode("offline", words(error))
    return Mode("offline", "no API key; `wandb login` stores one")


def words(error: BaseException) -> str:
    """The first line of an error, or its type if it has no text."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
