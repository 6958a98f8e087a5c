"""Draw a contact sheet of Shapes: ``python -m data.shapes --sample 40 --out sheet.png``, or of scenes with captions:
``python -m data.shapes --captions 20 --out captions.png``.
"""

import argparse
import sys
from pathlib import Path

from data.errors import UserError
from data.shapes.contact_sheet import caption_sheet, contact_sheet


def main(arguments: list[str] | None = None) -> int:
    """Write a contact sheet; returns the status the process exits with: 2 for a user's mistake."""
    parser = argparse.ArgumentParser(prog="python -m data.shapes", description=__doc__)
    content = parser.add_mutually_exclusive_group()
    content.add_argument("--sample", type=int, default=40, metavar="N", help="how many training scenes (default 40)")
    content.add_argument(
        "--captions", type=int, metavar="N", help="that many scenes with captions and a mask for each word"
    )
    parser.add_argument("--out", type=Path, default=Path("shapes.png"), metavar="FILE", help="default shapes.png")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=48, metavar="PIXELS", help="of a scene (default 48)")
    options = parser.parse_args(arguments)
    try:
        count, draw = (options.sample, contact_sheet) if options.captions is None else (options.captions, caption_sheet)
        if count < 1:
            raise UserError(f"A contact sheet needs at least one scene, not {count}.")
        sheet = draw(count, options.seed, options.size)
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
