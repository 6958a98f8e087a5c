"""Print sentence pairs with their word links: ``python -m data.accord --sample 20``."""

import argparse
import sys
from collections.abc import Iterable

from data.accord import FIXED, SPLITS, Pair, pairs
from data.errors import UserError


def numbered(pair: Pair) -> str:
    """English with numbered words; under it French, each word with the numbers of its sure and (possible) links."""
    french = []
    for t, word in enumerate(pair.target):
        sure = sorted(s for i, s in pair.links.sure if i == t)
        possible = sorted(s for i, s in pair.links.possible - pair.links.sure if i == t)
        numbers = ",".join([*map(str, sure), *(f"({s})" for s in possible)])
        french.append(f"{word}[{numbers}]")
    return " ".join(f"{word}[{s}]" for s, word in enumerate(pair.source)) + "\n" + " ".join(french)


def main(arguments: list[str] | None = None) -> int:
    """Print a sample; returns the status the process exits with: 2 for a user's mistake."""
    parser = argparse.ArgumentParser(prog="python -m data.accord", description=__doc__)
    parser.add_argument("--sample", type=int, default=10, metavar="N", help="how many pairs (default 10)")
    parser.add_argument("--split", choices=[*SPLITS, "fixed"], default="train")
    parser.add_argument("--seed", type=int, default=2014)
    options = parser.parse_args(arguments)
    try:
        if options.split == "fixed":
            chosen: Iterable[Pair] = FIXED[: max(0, options.sample)]
        else:
            chosen = pairs(options.split, options.sample, options.seed)
        for pair in chosen:
            sys.stdout.write(numbered(pair) + "\n\n")
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except BrokenPipeError:  # whoever reads, "head" for example, has closed the pipe
        sys.stderr.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
