"""How many processors this process may use: in a container, or a job of a cluster, fewer than the machine has."""

import os
from pathlib import Path

_LIMIT = Path("/sys/fs/cgroup/cpu.max")  # microseconds of processor time, or "max", in a period of so many microseconds


def cores() -> int:
    """Number of processors that this process may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = _LIMIT.read_text(encoding="ascii").split()
    except OSError:
        return allowed
    return allowed if quota == "max" else max(1, min(allowed, int(quota) // int(period)))
