"""The command line: train, evaluate, translate, draw, diagnose.

Everything that a user can get wrong ends in one sentence on standard error and exit status 2.
"""

import argparse
import errno
import logging
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from data.errors import UserError
from reproductions.papers import PAPERS

LIGHTNING = ("fit", "validate", "test")
# Options of the commands that hand others on to Lightning.
OPTIONS = {
    "train": ("-h", "--help", "--data", "--variant", "--weights", "--heads", "--resume"),
    "evaluate": ("-h", "--help"),
    "ladder": ("-h", "--help", "--again", "--jobs"),
    "timeline": ("-h", "--help", "--quick", "--again", "--jobs"),
    **dict.fromkeys(LIGHTNING, ()),
}
HEADS = "of the trained weights, which no file says; those of the published ViT of their width if left out"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR)
NO_MEMORY = ("can't allocate memory", "out of memory")  # what torch says on the CPU and on a GPU
# What takes less memory, by what a run counts.
SMALLER = {
    "tokens": "smaller batches, data.init_args.batch_tokens, or shorter sentences",
    "images": "smaller batches, data.init_args.batch_images, or smaller images, data.init_args.size",
}
# Warnings of libraries about what is meant to be so.
EXPECTED = (
    r"`isinstance\(treespec, LeafSpec\)` is deprecated",  # Lightning calls what torch deprecates
    r"The '?\w+'? does not have many workers",  # workers are slower for tokenised text
    r"Checkpoint directory .* exists and is not empty",  # a resumed run
    r"Glyph \d+ .* missing from font",  # a picture has a box for a letter that its font lacks
    r"Be aware that when using `ckpt_path`, callbacks used to create the checkpoint",  # an evaluation needs none
)


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(prog="python -m reproductions", description=__doc__, allow_abbrev=False)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, help: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=help, description=help, allow_abbrev=False)

    train = add("train", "Train a paper's model, evaluate it, and print scores and pictures.")
    train.add_argument("paper", help="a folder of configs/, for example bahdanau2014")
    train.add_argument(
        "--data",
        help="translation: accord (default), multi30k, tatoeba, wmt14, path.tsv, or a.en,a.fr; "
        "classification: shapes (default), cifar10, or path/to/folder; captions: captions (default)",
    )
    train.add_argument(
        "--variant",
        default="",
        help="for example rnnencdec or lstm, baselines without attention; hard, Xu's other attention; or conv, ViT's other stem",
    )
    train.add_argument(
        "--weights", help="start ViT from trained weights: torchvision:vit_b_16, or a file (.pth, .safetensors)"
    )
    train.add_argument("--heads", type=int, help=HEADS)
    train.add_argument("--resume", action="store_true", help="continue the newest run of this paper and data")

    evaluate = add("evaluate", "Score a trained run on its test splits and draw its alignments.")
    evaluate.add_argument("run", nargs="?", type=Path, help="folder of a run; the newest if left out")

    translate = add(
        "translate", "Translate sentences with a trained run; one a line from standard input if none is given."
    )
    translate.add_argument("sentence", nargs="*")
    translate.add_argument("--run", type=Path, help="folder of a run; the newest if left out")
    translate.add_argument(
        "--picture",
        type=Path,
        help="draw the alignment of the last sentence to this file; if left out, of sentences "
        "that are given here, to pictures/typed.png of the run",
    )
    translate.add_argument("--view", help="which attention to draw, like 'L2 H3 shift1'; the run's own if left out")

    look = add("look", "Classify images with a trained run or with published weights, and draw where it looked.")
    look.add_argument("image", nargs="+", type=Path)
    look.add_argument("--run", type=Path, help="folder of a run; the newest if left out")
    look.add_argument(
        "--weights", help="look with trained weights instead: torchvision:vit_b_16, or a file (.pth, .safetensors)"
    )
    look.add_argument("--heads", type=int, help=HEADS)
    look.add_argument("--asked", metavar="CLASS", help="draw what speaks for this class, not for the predicted one")
    look.add_argument(
        "--out", type=Path, help="folder to draw into; looked/ in that of the run, or of all runs, if left out"
    )

    figures = add(
        "figures",
        "Draw Figures 2 and 3 of Bahdanau et al. (2014), 2 of Xu et al. (2015), intra-attention of Cheng et al. (2016) beside "
        "the Transformer's, and Figures 6, 7 and 11 of Dosovitskiy et al. (2021), from the newest runs.",
    )
    figures.add_argument("--data", help="of the runs; accord, captions, and any images, if left out")
    figures.add_argument("--out", type=Path, help="folder to draw into; runs/figures if left out")

    compare = add("compare", "Then and now: runs over the same sentences or images, as one page, pictures and numbers.")
    compare.add_argument(
        "run", nargs="*", type=Path, help="folders of two or more runs; the newest of each paper if left out"
    )
    compare.add_argument(
        "--data",
        default="accord",
        help="corpus of the newest runs, accord (default), shapes or any other; what is missing is trained first",
    )
    compare.add_argument("--out", type=Path, help="folder to write into; runs/compare/CORPUS/TIME if left out")

    ladder = add("ladder", "From 2014 to 2017, one change at a time: six models, one budget, one table and one figure.")
    ladder.add_argument("--again", action="store_true", help="train every rung anew, also those that have a scored run")
    _add_jobs(ladder)

    timeline = add("timeline", "Every kind of attention in one translator: trained, measured, drawn in order of year.")
    timeline.add_argument("--quick", action="store_true", help="one seed and few steps: minutes, and no verdict")
    timeline.add_argument(
        "--again", action="store_true", help="train every mechanism anew, also those that have a scored run"
    )
    _add_jobs(timeline)

    add("docs", "Bring docs/timeline.md up to date: its code, and numbers and pictures from the newest timeline.")

    explain = add("explain", "Scaled dot-product attention in five steps, with the numbers of a trained Transformer.")
    explain.add_argument("sentence")
    explain.add_argument("--run", type=Path, help="folder of a run of the Transformer; the newest if left out")
    explain.add_argument(
        "--place", default="encoder", help="encoder (default), decoder, or source: its attention to the source"
    )
    explain.add_argument("--layer", type=int, default=1, help="from 1")
    explain.add_argument("--head", type=int, default=1, help="from 1")
    explain.add_argument("--word", help="the query to follow; the one that points most clearly if left out")
    explain.add_argument("--out", type=Path, help="folder to write into; explained/ in that of the run if left out")

    page = add("page", "Serve the page: type a sentence and see where the trained models look.")
    page.add_argument("--host", default="127.0.0.1", help="address to listen on; this machine alone if left out")
    page.add_argument("--port", type=int, default=2017, help="0 takes any free one")

    add("doctor", "Say what is installed, where things lie, what is missing and how to mend it.")
    for name in LIGHTNING:
        commands.add_parser(name, add_help=False, help=f"Lightning's own `{name}`, with every option.")
    return top


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit status."""
    own, rest = _separate(arguments)
    options = parser().parse_args(own)
    _log_to_standard_error()
    return CALLS[options.command](options, rest)


def _module(name: str) -> Any:
    """Imported only now, so that help and the doctor answer even where a package is missing."""
    return import_module(f"reproductions.{name}")


Call = Callable[[argparse.Namespace, list[str]], int]
CALLS: dict[str, Call] = {
    "train": lambda o, rest: _module("commands.train").train(
        o.paper, o.data, o.variant, o.weights, o.heads, o.resume, rest
    ),
    "evaluate": lambda o, rest: _module("commands.train").evaluate(o.run, rest),
    "translate": lambda o, _: _module("commands.train").translate(o.sentence, o.run, o.picture, o.view),
    "look": lambda o, _: _module("commands.look").look(o.image, o.run, o.weights, o.heads, o.asked, o.out),
    "figures": lambda o, _: _module("commands.train").draw(o.data, o.out),
    "compare": lambda o, _: _module("commands.compare").compare(o.data, o.run, o.out),
    "ladder": lambda o, rest: _module("commands.ladder").ladder(o.again, o.jobs, rest),
    "timeline": lambda o, rest: _module("commands.timeline").timeline(o.quick, o.again, o.jobs, rest),
    "docs": lambda *_: _module("commands.docs").docs(),
    "explain": lambda o, _: _module("commands.explain").explain(
        o.sentence, o.run, o.place, o.layer, o.head, o.word, o.out
    ),
    "page": lambda o, _: _module("page.server").serve(o.host, o.port),
    "doctor": lambda *_: _module("commands.doctor").main(),
    **{name: lambda o, rest: _module("commands.train").lightning([o.command, *rest]) for name in LIGHTNING},
}


def _add_jobs(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--jobs", type=int, help="trainings side by side, one core each; one for every core if left out"
    )


def _separate(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The arguments of a command, and those that it hands on to Lightning.

    An option that is not the command's own is Lightning's, and so is the value behind it: in ``evaluate
    --model.search.width 4`` the 4 is not the folder of a run.
    """
    own = OPTIONS.get(arguments[0] if arguments else "")
    if own is None:
        return list(arguments), []
    mine: list[str] = []
    theirs: list[str] = []
    value_is_theirs = False
    for argument in arguments:
        is_option = argument.startswith("-") and not argument[1:2].isdigit()
        if is_option:
            value_is_theirs = argument.split("=")[0] not in own
        (theirs if value_is_theirs else mine).append(argument)
        value_is_theirs = value_is_theirs and is_option and "=" not in argument
    return mine, theirs


def _log_to_standard_error() -> None:
    """Show what our own packages say, each line once; of what Lightning says, leave out what helps nobody."""
    handler = logging.StreamHandler()
    for name in ("data", "reproductions"):
        logging.getLogger(name).setLevel(logging.INFO)
        logging.getLogger(name).handlers = [handler]
    logging.getLogger("lightning.pytorch.utilities.rank_zero").addFilter(_is_no_advertisement)
    for message in EXPECTED:
        warnings.filterwarnings("ignore", message)


def _is_no_advertisement(record: logging.LogRecord) -> bool:
    return "Tip:" not in record.getMessage()


def _less(arguments: Sequence[str]) -> str:
    """What takes less memory: for the papers that a command names, by what their runs count, else for all."""
    of = _module("tasks.task").of
    named = {of(paper).unit for paper in PAPERS if any(paper in argument for argument in arguments)}
    return ", or ".join(text for unit, text in SMALLER.items() if unit in (named or SMALLER))


def run(arguments: Sequence[str]) -> int:
    """:func:`main`, with a user's mistakes as sentences."""
    try:
        return main(arguments)
    except UserError as error:
        message = str(error)
    except OSError as error:
        if error.errno in FULL:
            message = (
                f"The disk is full: {error.filename or 'a file'} could not be written. Free some space and run the same "
                "again; a training that had begun goes on with --resume, from its last complete checkpoint."
            )
        elif error.errno in CLOSED and error.filename:
            message = f"{error.filename} cannot be used: {error.strerror}."
        else:
            raise
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not any(sign in str(error) for sign in NO_MEMORY):
            raise
        message = (
            f"The memory does not suffice ({str(error).splitlines()[0] if str(error) else 'nothing more is known'}): give "
            f"{_less(arguments)}. The last complete checkpoint is still there."
        )
    sys.stderr.write(f"error: {message}\n")
    return 2


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(run(sys.argv[1:]))
