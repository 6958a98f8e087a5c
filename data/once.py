"""A directory that is made once, whichever process comes first, and appears whole or not at all."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock


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
