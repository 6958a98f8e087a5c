"""Run several commands in turn, A B C A B C ..., so that a slower machine slows all of them; ratios are within a round.

A command takes part by printing a line ``RESULT {json}`` that holds the figure in question; its last such line counts.
"""

import argparse
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.machine import report, resident_mib
from data import stored
from data.errors import UserError
from data.stored import MEASURE, NUMBER

Result = dict[str, Any]
PRINT = "let it print one JSON object with numbers"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--peer",
        action="append",
        default=[],
        metavar='"NAME=COMMAND"',
        help="run this command in turn with the project, and print ratios to the first such command; may be repeated",
    )
    parser.add_argument("--rounds", type=int, default=3, help="how many turns each takes (default 3)")


def parse_peers(peers: Sequence[str]) -> dict[str, list[str]]:
    """The commands in ``["name=command", ...]`` by name; raises UserError for anything else."""
    commands = {}
    for peer in peers:
        name, equals, command = peer.partition("=")
        if not (name and equals and command.strip()):
            raise UserError(f'--peer {peer!r} is not "name=command".')
        commands[name] = shlex.split(command)
    return commands


def compare(name: str, options: argparse.Namespace, arguments: Sequence[str], key: str) -> dict[str, list[Result]]:
    """Results of the peers and of benchmark ``name`` with these ``arguments``, each precision in a process of its own."""
    peers = parse_peers(options.peer)
    own = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add_arguments(own)
    command = [sys.executable, "-m", f"benchmarks.{name}", *own.parse_known_args(arguments)[1], "--precision"]
    commands = {**peers, **{f"here {precision}": [*command, precision] for precision in options.precision}}
    return interleave(commands, key, options.rounds if peers else 1)


def interleave(commands: dict[str, list[str]], key: str, rounds: int) -> dict[str, list[Result]]:
    """Results by name, one per round, each with the peak resident memory of its command as ``peak_rss_mib``.

    Raises UserError for a command that fails or prints no result.
    """
    if rounds < 1:
        raise UserError(f"--rounds {rounds} must be at least 1.")
    results: dict[str, list[Result]] = {name: [] for name in commands}
    for number in range(1, rounds + 1):
        for name, command in commands.items():
            result = _run(name, command, key)
            results[name].append(result)
            print(f"round {number}: {name} {result[key]:,} {key}, {_other(result)} of the processors busy elsewhere")
    return results


def table(results: dict[str, list[Result]], key: str, reference: str | None) -> str:
    """One line per command: median and range of the figure, memory, and the ratio to the reference.

    Where other programs disturbed the measurement of the limit, it says that instead of a fraction.
    """
    width = max(map(len, results))
    lines = [f"{'':{width}} {key:>15} {'range':>17} {'peak MiB':>9} {'other CPU':>9} {'of limit':>9}"]
    if reference is not None:
        lines[0] += f"  times {reference}"
    for name, rounds in results.items():
        figures = [result[key] for result in rounds]
        spread = (rounds[0].get("spread") or figures) if len(rounds) == 1 else figures
        fractions = [result["fraction_of_limit"] for result in rounds if "fraction_of_limit" in result]
        of_limit = f"{statistics.median(fractions):.0%}" if fractions else "-"
        line = (
            f"{name:{width}} {statistics.median(figures):15,.1f} {f'{min(spread):,.0f} .. {max(spread):,.0f}':>17} "
            f"{max(result['peak_rss_mib'] for result in rounds):9,.0f} {_other(*rounds):>9} "
            f"{'disturbed' if any(result.get('disturbed') for result in rounds) else of_limit:>9}"
        )
        if reference is not None:
            each = [result[key] / other[key] for result, other in zip(rounds, results[reference], strict=True)]
            line += f"  {statistics.median(each):.2f} ({', '.join(f'{ratio:.2f}' for ratio in each)})"
        lines.append(line)
    return "\n".join(lines)


def report_all(results: dict[str, list[Result]]) -> None:
    """Print every result as a line for other programs."""
    for rounds in results.values():
        for result in rounds:
            report(result)


def _run(name: str, command: list[str], key: str) -> Result:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        try:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        except OSError as error:
            raise UserError(f"{name} could not be started: {error}.") from None
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        printed = output.read()
    results = [result for result in _results(name, printed) if key in result]
    if process.returncode or not results:
        reason = f"ended with status {process.returncode}" if process.returncode else f"printed no RESULT with {key}"
        raise UserError(f"{name} {reason}; the end of what it printed:\n{printed[-2000:]}")
    last = results[-1]
    shares = [NUMBER] if isinstance(last.get("other_cpu"), list) else MEASURE
    kind = {key: NUMBER, "spread?": [NUMBER], "fraction_of_limit?": NUMBER, "other_cpu?": shares}
    stored.check(last, kind, f"The last RESULT of {name}", PRINT)
    if last[key] <= 0:
        raise UserError(f"{name} printed a {key} of {last[key]}; it must be more than 0.")
    return {**last, "system": name, "peak_rss_mib": round(resident_mib(usage))}


def _results(name: str, printed: str) -> Iterator[Result]:
    """What stands on the lines ``RESULT {json}``; raises UserError for a line that is damaged."""
    for line in printed.splitlines():
        if line.startswith("RESULT "):
            try:
                result = stored.parsed(line[7:].encode())
            except ValueError as error:
                raise stored.damaged(f"{line:.60} of {name}", error, PRINT) from error
            stored.check(result, {}, f"{line:.60} of {name}", PRINT)
            yield result


def _other(*results: Result) -> str:
    """The median share of the processors that other processes took, as text; a result holds one or a list."""
    shares: list[float] = []
    for result in results:
        share = result.get("other_cpu")
        shares += share if isinstance(share, list) else [] if share is None else [share]
    return f"{statistics.median(shares):.0%}" if shares else "-"
