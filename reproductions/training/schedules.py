"""Learning-rate schedules that several papers share: the factor of the learning rate after a number of steps."""

import math
from typing import Literal

Schedule = Literal["constant", "linear", "cosine", "steps"]


def part_of_peak(done: int, total: float, warmup: int, schedule: Schedule) -> float:
    """Linear warm-up, then a fall until the last step; "steps" divides by ten after a half and three quarters of all."""
    step = done + 1
    if step <= warmup:
        return step / warmup
    part = min(1.0, (step - warmup) / max(1, total - warmup))
    if schedule == "steps":
        return 0.1 ** ((step > total / 2) + (step > total * 3 / 4))
    return {"constant": 1.0, "linear": 1 - part, "cosine": 0.5 * (1 + math.cos(math.pi * part))}[schedule]


def warmed(done: int, total: float, warmup: int, schedule: Literal["constant", "cosine"]) -> float:
    """A fall from the first step on, times a linear warm-up."""
    warm = min(1.0, (done + 1) / (warmup + 1))
    if schedule == "constant":
        return warm
    return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, done / total)))
