"""``precision: auto``: bfloat16 where this machine computes it fast, single precision elsewhere."""

import time
from typing import NamedTuple

import torch

AUTO = "auto"
AMPERE = (8, 0)  # the first compute capability with bfloat16
WORTH = 1.25  # times as fast; below it, the conversions of a training cost what the products gain
SIDE, ROUNDS = 256, 15  # of the products that are timed on a CPU: some milliseconds in all


class Machine(NamedTuple):
    """Whether a machine computes bfloat16 fast, and how that is known."""

    bf16: bool
    because: str

    @property
    def precision(self) -> str:
        """Lightning's name of the precision to train in."""
        return "bf16-mixed" if self.bf16 else "32-true"


def of_machine(kind: str = "auto") -> Machine:
    """What the accelerator that Lightning takes computes fast; a GPU is asked, a CPU is timed.

    Args:
        kind: Lightning's name of the accelerator, such as "auto", "gpu" or "cpu".
    """
    if kind in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        fast = torch.cuda.get_device_capability() >= AMPERE
        return Machine(fast, f"{torch.cuda.get_device_name()} {'computes' if fast else 'does not compute'} bfloat16")
    if kind in ("auto", "gpu", "mps") and torch.backends.mps.is_available():
        return Machine(False, "PyTorch trains in single precision on Apple's GPU")
    gain = cpu_gain()
    return Machine(gain >= WORTH, f"this processor multiplies matrices {gain:.2g} times as fast in bfloat16")


def cpu_gain() -> float:
    """How many times as fast one thread of this processor multiplies matrices in bfloat16 as in single precision."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # waiting for another thread on a busy machine would be timed, too
    single = torch.ones(SIDE, SIDE)
    matrices, best = (single, single.bfloat16()), [float("inf"), float("inf")]
    try:
        for _ in range(ROUNDS):
            for i, matrix in enumerate(matrices):
                start = time.perf_counter()
                matrix @ matrix
                best[i] = min(best[i], time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    return best[0] / best[1]
