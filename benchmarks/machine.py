"""What this machine can do, what else it is doing, and what all benchmarks share.

Every figure comes with ``other_cpu``, the share of all processor time that other processes took while it was measured. With
few cores a busy neighbour costs far more than its share, because the threads of one matrix product wait for each other:
figures taken above about 0.1 mean little.
"""

import argparse
import json
import os
import platform
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from data.errors import UserError
from reproductions.commands.lightning.machine import commit, processor

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
_SIDE = {"cpu": 2048, "cuda": 8192}  # rows and columns of the square product


def parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """The parser of a benchmark, by its module's name and docstring."""
    return argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def device() -> torch.device:
    """Where the benchmarks compute: a CUDA device if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def wait() -> None:
    """Wait until a CUDA device has finished."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def facts() -> dict[str, Any]:
    """The entries of a result that say where and when it was measured, and with how much memory so far."""
    return {
        "peak_rss_mib": round(peak_mib()),
        "threads": torch.get_num_threads(),
        "device": device().type,
        "torch": torch.__version__,
        "processor": processor(),
        "python": platform.python_version(),
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def product_limit(precision: str, seconds: float = 0.3) -> float:
    """Floating-point operations per second in the fastest of many square products, 2 * side ** 3 each.

    The fastest, not the median: a busy neighbour must not make the limit look close.
    """
    side = _SIDE[device().type]
    a, b = (torch.randn(side, side, device=device()).to(DTYPES[precision]) for _ in range(2))
    best, begun = float("inf"), time.perf_counter()
    while time.perf_counter() < begun + seconds or best == float("inf"):
        wait()
        start = time.perf_counter()
        _ = a @ b
        wait()
        best = min(best, time.perf_counter() - start)
    return 2 * side**3 / best


def fraction(work: float, limit: float) -> dict[str, float | bool]:
    """The entry of a result that says how close the work comes to the limit, both in operations per second.

    Above the limit, which then was measured beside other programs, it says that alone.
    """
    return {"disturbed": True} if work > limit else {"fraction_of_limit": round(work / limit, 3)}


def peak_mib() -> float:
    """Peak memory in MiB so far: of the CUDA device, or else the resident memory of this process."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    return own_resident_mib()


def own_resident_mib() -> float:
    """Peak resident memory of this process so far, in MiB."""
    return resident_mib(resource.getrusage(resource.RUSAGE_SELF))


def resident_mib(usage: resource.struct_rusage) -> float:
    """Peak resident memory in MiB; Linux counts in KiB, macOS in bytes."""
    return usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


class Meter:
    """Reads the share of all processor time that other processes take."""

    def __init__(self) -> None:
        self._last = self._now()

    def other_cpu(self) -> float | None:
        """The share since the last reading, between 0 and 1; None if the system has no /proc/stat."""
        before, self._last = self._last, self._now()
        wall, mine, busy = (now - then for now, then in zip(self._last, before, strict=True))
        if not self._last[2]:
            return None
        return round(max(0.0, busy - mine) / max(wall * (os.cpu_count() or 1), 1e-9), 3)

    @staticmethod
    def _now() -> tuple[float, float, float]:
        """Seconds: by the clock, of this process and its children, and of all processes."""
        stat = Path("/proc/stat")
        busy = 0.0
        if stat.is_file():
            times = [int(field) for field in stat.read_text(encoding="ascii").splitlines()[0].split()[1:9]]
            busy = (sum(times) - times[3] - times[4]) / os.sysconf("SC_CLK_TCK")  # all but idle and waiting
        return time.perf_counter(), sum(os.times()[:4]), busy


def report(result: dict[str, Any]) -> None:
    """Print the result as one line for other programs."""
    print(f"RESULT {json.dumps(result)}", flush=True)


def run(main: Any) -> int:
    """Call a benchmark's ``main``, with a user's mistakes as one sentence on standard error and status 2."""
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0
