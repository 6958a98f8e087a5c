"""Draw a contact sheet of Shapes: ``python -m data.shapes --sample 40 --out sheet.png``."""

import argparse
import sys
from pathlib import Path

from data.errors import UserError
from data.shapes.contact_sheet import contact_sheet


def main(arguments: list[str] | None = None) -> int:
    """Write a contact sheet; returns the status the process exits with: 2 for a user's mistake."""
    parser = argparse.ArgumentParser(prog="python -m data.shapes", description=__doc__)
    parser.add_argument("--sample", type=int, default=40, metavar="N", help="how many training scenes (default 40)")
    parser.add_argument("--out", type=Path, default=Path("shapes.png"), metavar="FILE", help="default shapes.png")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=48, metavar="PIXELS", help="of a scene (default 48)")
    options = parser.parse_args(arguments)
    try:
        if options.sample < 1:
            raise UserError(f"A contact sheet needs at least one scene, not {options.sample}.")
        sheet = contact_sheet(options.sample, options.seed, options.size)
        try:
            options.out.parent.mkdir(parents=True, exist_ok=True)
            sheet.save(options.out)
        except (OSError, ValueError) as error:
            raise UserError(f"{options.out} cannot be written ({error}): name a file that ends in .png.") from None
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(f"{options.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
