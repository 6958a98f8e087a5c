"""Time of one step of each attention mechanism, relative to additive attention: ``make bench``.

    python -m benchmarks.attention
    python -m benchmarks.attention --hidden 1000 --alignment 1000 --sentences 80 --source 30

One query per sentence, keys projected beforehand, as in a step of RNNsearch with n units and annotations of 2n; forward
alone, and forward and backward, in processor time of one thread. The mechanisms take turns, round by round. Ends with one
line ``RESULT {json}``.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import torch

from benchmarks import machine
from reproductions.experiments.timeline.cost import Sizes, formula, times

FIRST = "additive"
MOST = 1.5  # times additive attention: more must have a reason in the mathematics


def measure(sizes: Sizes) -> dict[str, dict[str, float]]:
    """Per mechanism: microseconds per sentence and their ratio to additive, forward, and forward and backward."""
    forward, learning = times(sizes), times(sizes, learning=True)
    return {
        name: {
            "us": round(forward[name], 3),
            "ratio": round(forward[name] / forward[FIRST], 3),
            "learning_us": round(learning[name], 3),
            "learning_ratio": round(learning[name] / learning[FIRST], 3),
        }
        for name in forward
    }


def table(measured: dict[str, dict[str, float]]) -> str:
    """One line per mechanism."""
    lines = [f"{'':<18}{'forward':>10}{'times':>8}{'and back':>10}{'times':>8}   products of a step"]
    for name, row in measured.items():
        lines.append(
            f"{name:<18}{row['us']:>8.2f}µs{row['ratio']:>8.2f}{row['learning_us']:>8.2f}µs{row['learning_ratio']:>8.2f}"
            f"   {formula(name)}"
        )
    return "\n".join(lines)


def verdict(measured: dict[str, dict[str, float]]) -> str:
    """Which mechanisms are too slow."""
    slow = [name for name, row in measured.items() if max(row["ratio"], row["learning_ratio"]) > MOST]
    if slow:
        return f"Slower than {MOST} times {FIRST}: {', '.join(slow)}."
    return f"None is slower than {MOST} times {FIRST}."


def parser() -> argparse.ArgumentParser:
    top = machine.parser("attention", __doc__)
    top.add_argument("--hidden", type=int, default=128, help="n, units of the decoder (default 128)")
    top.add_argument("--alignment", type=int, default=128, help="units of a hidden layer in a score (default 128)")
    top.add_argument("--window", type=int, default=10, help="D of local attention (default 10)")
    top.add_argument("--sentences", type=int, default=64, help="per batch (default 64)")
    top.add_argument("--source", type=int, default=20, help="words per sentence (default 20)")
    return top


def main(arguments: Sequence[str]) -> None:
    options = parser().parse_args(arguments)
    machine.check_positive(options, "hidden", "alignment", "window", "sentences", "source")
    machine.use_threads(1)
    given = (options.alignment, options.window, options.sentences, options.source)
    sizes = Sizes(options.hidden, 2 * options.hidden, *given)
    meter = machine.Meter()
    measured = measure(sizes)
    result: dict[str, Any] = {
        "benchmark": "attention",
        "mechanisms": measured,
        "hidden": options.hidden,
        "source": options.source,
        "sentences": options.sentences,
        "other_cpu": meter.other_cpu(),
        "threads": 1,
        "torch": torch.__version__,
    }
    print(f"One step over {sizes.source} words, time per sentence in a batch of {sizes.sentences}, one thread; "
          f"D = {sizes.query}, K = {sizes.key}, n = {sizes.hidden}:\n")  # fmt: skip
    print(table(measured))
    print(f"\n{verdict(measured)}")
    machine.report(result)


if __name__ == "__main__":
    sys.exit(machine.run(main))
