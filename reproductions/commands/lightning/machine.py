"""Which processor trains, and which commit of the code."""

import platform
import re
import subprocess
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")  # of Linux


def processor() -> str:
    """The name of the processor; where the system does not say it, its architecture."""
    names = re.findall(r"^model name\s*: (.*)", CPUINFO.read_text(encoding="utf-8") if CPUINFO.is_file() else "", re.M)
    return names[0] if names else platform.processor() or platform.machine()


def commit() -> str | None:
    """The commit of the code, with "-dirty" behind it if files have changed since; None outside a repository."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
