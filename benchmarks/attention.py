"""Time of one step of each attention mechanism, relative to additive attention: ``make bench``.

    python -m benchmarks.attention

One query per sentence, keys projected beforehand, as in a step of RNNsearch with n units and annotations of 2n; forward
alone, and forward and backward, in processor time of one thread. The mechanisms take turns, round by round. Ends with one
line ``RESULT {json}``.
"""

import sys
from collections.abc import Sequence

import torch

from benchmarks import machine
from reproductions.experiments.timeline.cost import Sizes, formula, times

FIRST = "additive"
MOST = 1.5  # times additive attention: more must have a reason in the mathematics
SIZES = Sizes(query=128, key=256, hidden=128)


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


def main(arguments: Sequence[str]) -> None:
    machine.parser("attention", __doc__).parse_args(arguments)
    torch.set_num_threads(1)
    meter = machine.Meter()
    measured = measure(SIZES)
    print(f"One step over {SIZES.source} words, time per sentence in a batch of {SIZES.sentences}, one thread; "
          f"D = {SIZES.query}, K = {SIZES.key}, n = {SIZES.hidden}:\n")  # fmt: skip
    print(table(measured))
    print(f"\n{verdict(measured)}")
    machine.report(
        {"benchmark": "attention", "mechanisms": measured, "other_cpu": meter.other_cpu(), **machine.facts()}
    )


if __name__ == "__main__":
    sys.exit(machine.run(main))
