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


def recorded(folder: Path, *words: str) -> list[str]:
    """The arguments that ``make`` with these words gives Python; ``folder`` holds a Python that only writes them down."""
    recorder, record = folder / "python", folder / "recorded.json"
    recorder.write_text(RECORDER)
    recorder.chmod(0o755)
    record.unlink(missing_ok=True)
    command = ["make", *words, f"PY={recorder}", "-o", ".venv/.installed"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment() | {"RECORDED": str(record)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    arguments: list[str] = json.loads(record.read_text())
    return arguments
