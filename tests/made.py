"""What ``make`` would start, without starting it."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUTER = ("MAKE", "MFLAGS", "ARGS", "DATA", "RUN", "VIEW", "RESUME", "SENTENCE", "PYTHON")
RECORDER = f"""#!{sys.executable}
import json, os, sys
json.dump(sys.argv[1:], open(os.environ["RECORDED"], "w"))
"""


def environment() -> dict[str, str]:
    """The environment, without the variables of a ``make`` that runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OUTER)}


def started(folder: Path, *words: str) -> tuple[subprocess.CompletedProcess[str], list[str] | None]:
    """How ``make`` with these words ends, and the arguments that it gives Python, None if it starts none.

    ``folder`` holds a Python that only writes them down.
    """
    recorder, record = folder / "python", folder / "recorded.json"
    recorder.write_text(RECORDER)
    recorder.chmod(0o755)
    record.unlink(missing_ok=True)
    command = ["make", *words, f"PY={recorder}", "-o", ".venv/.installed", "-o", ".venv-torchtext/.installed"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment() | {"RECORDED": str(record)}, capture_output=True, text=True, check=False
    )
    return done, json.loads(record.read_text()) if record.exists() else None


def recorded(folder: Path, *words: str) -> list[str]:
    """The arguments that ``make`` with these words gives Python."""
    done, arguments = started(folder, *words)
    assert done.returncode == 0 and arguments is not None, done.stderr
    return arguments
