"""A directory that is made once, whichever process comes first, and appears whole or not at all."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock

from data.errors import UserError
from data.sources.download import writable


def prepared_folder(name: str, decisive: list[Any], data_dir: Path) -> Path:
    """Where the directory lies, or will, whose content ``decisive`` decides: anything else in it is another directory."""
    digest = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]
    folder = Path("prepared") / f"{name}-{digest}"
    return data_dir / folder if (data_dir / folder).exists() else writable(data_dir) / folder


def damaged(folder: Path, what: object) -> UserError:
    """The error to raise where a prepared directory is not what was written."""
    return UserError(f"{folder} is damaged ({what}): delete it to have it made anew.")


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """``folder``, made by ``make``, which fills the directory that it is given, unless it is there; many processes may call
    at once.
    """
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(folder.name + ".lock")):
        if not folder.exists():
            # Under the lock nobody else works here: what lies there is left of a run that was killed.
            work = folder.with_name(folder.name + ".part")
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            try:
                make(work)
                os.rename(work, folder)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    return folder
