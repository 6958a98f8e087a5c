"""Train, evaluate and draw the models of the attention papers.

Every mistake of the user ends in one sentence on standard error and exit status 2.
"""

import argparse
import errno
import logging
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from data import progress
from data.errors import UserError
from data.sources.paths import shortened
from reproductions.commands import several
from reproductions.papers import PAPERS

COMMAND = "attention"  # as pip installs it
# Commands in the order of the help; each is a file of ``commands``.
COMMANDS = (
    "train", "evaluate", "report", "translate", "align", "look", "figures", "compare", "ladder", "timeline", "trial",
    "intervene", "results", "explain", "page", "site", "release", "publish", "doctor",
)  # fmt: skip
LIGHTNING = ("fit", "validate", "test")
# Those that give Lightning the options that are not their own.
HAND_ON = ("train", "evaluate", "release", "ladder", "timeline", "trial", "intervene", *LIGHTNING)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# What is wrong with a path.
CLOSED = (
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOENT, errno.ENAMETOOLONG,
    errno.ELOOP,
)  # fmt: skip
# What torch says on the CPU and on a GPU, and of sizes beyond any memory.
NO_MEMORY = ("can't allocate memory", "out of memory", "size calculation overflowed", "integer multiplication overflow")
# What gloo, NCCL and torch's store say of a process that has gone or never came.
ALONE = ("gloo", "NCCL", "clients joined", "client socket", "Connection reset by peer")
# How to use less memory, by what a run counts.
SMALLER = {
    "tokens": "smaller batches, data.init_args.batch_tokens or batch_sentences, or shorter sentences",
    "images": "smaller batches, data.init_args.batch_images, or smaller images, data.init_args.size",
}
# Lightning's loggers that say which device there is, what was restored and which seed; their parents set their own level.
TALKATIVE = (
    "pytorch.utilities.rank_zero", "fabric.utilities.rank_zero", "fabric.utilities.seed", "fabric.utilities.distributed",
)  # fmt: skip
# Warnings of libraries about what is intended here.
EXPECTED = (
    r"`isinstance\(treespec, LeafSpec\)` is deprecated",  # Lightning calls what torch deprecates
    r"The '?\w+'? does not have many workers",  # workers are slower for tokenised text
    r"Checkpoint directory .* exists and is not empty",  # a resumed run
    r"It is recommended to use `self\.log\('.*', \.\.\., sync_dist=True\)`",  # all processes have gathered the same scores
    r"Glyph \d+ .* missing from font",  # a picture shows a box for a letter that its font lacks
    r"Be aware that when using `ckpt_path`, callbacks used to create the checkpoint",  # an evaluation needs none
)


def parsers() -> tuple[argparse.ArgumentParser, Mapping[str, argparse.ArgumentParser]]:
    """The parser of the command line, and that of each command."""
    top = argparse.ArgumentParser(prog=_called(), description=__doc__, allow_abbrev=False)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        text = (_module(name).__doc__ or "").strip()
        parser = commands.add_parser(name, help=text.partition("\n")[0], description=text, allow_abbrev=False)
        _module(name).options(parser)
    for name in LIGHTNING:
        commands.add_parser(name, add_help=False, help=f"Lightning's own `{name}`, with every option.")
    return top, commands.choices


def _called() -> str:
    """How this program was started."""
    return COMMAND if Path(sys.argv[0]).stem == COMMAND else "python -m reproductions"


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit status."""
    top, commands = parsers()
    own, rest = _separate(arguments, commands)
    options = top.parse_args(own)
    if options.command not in LIGHTNING and any(argument.split("=")[0] == "--run.folder" for argument in rest):
        raise UserError(f"{options.command} names the folder of a run itself; RUNS_DIR=... names that of all runs.")
    _log_to_standard_error()
    status: int = _module(options.command).run(options, rest)
    return status


def _module(command: str) -> Any:
    return import_module(f"reproductions.commands.{'lightning' if command in LIGHTNING else command}")


def _separate(arguments: Sequence[str], commands: Mapping[str, argparse.ArgumentParser]) -> tuple[list[str], list[str]]:
    """The arguments of a command, and those that it hands on to Lightning.

    An option that is not the command's own is Lightning's, and so is the value behind it: in ``evaluate
    --model.search.width 4`` the 4 is not the folder of a run.
    """
    command = arguments[0] if arguments else ""
    if command not in HAND_ON:
        return list(arguments), []
    mine = commands[command]._option_string_actions
    own: list[str] = []
    rest: list[str] = []
    for_lightning = False
    for argument in arguments:
        is_option = argument.startswith("-") and not argument[1:2].isdigit()
        if is_option:
            for_lightning = argument.split("=")[0] not in mine
        (rest if for_lightning else own).append(argument)
        for_lightning = for_lightning and is_option and "=" not in argument
    return own, rest


def _log_to_standard_error() -> None:
    """Show what our own packages log, each line once, and of Lightning the warnings alone, without the expected ones."""
    first = several.rank() == 0  # of several processes, which all do the same
    progress.LINE.hidden = not first
    logging.raiseExceptions = False  # a full disk would print a traceback for every line that W&B cannot log
    handler = logging.StreamHandler()
    handler.addFilter(_is_alone)
    for name in ("data", "reproductions"):
        logging.getLogger(name).setLevel(logging.INFO if first else logging.WARNING)
        logging.getLogger(name).handlers = [handler]
    for name in TALKATIVE:
        logging.getLogger(f"lightning.{name}").setLevel(logging.WARNING)
        logging.getLogger(f"lightning.{name}").addFilter(_is_alone)
    for message in EXPECTED:
        warnings.filterwarnings("ignore", message)


def _is_alone(_: logging.LogRecord) -> bool:
    """True, once the line that says what is being done has made room."""
    progress.clear()
    return True


def _less(arguments: Sequence[str]) -> str:
    """How to use less memory: for the papers that the command names, or for all if it names none."""
    task = import_module("reproductions.tasks.task")
    units = {task.of(paper).unit for paper in PAPERS if any(paper in argument for argument in arguments)}
    return ", or ".join(text for unit, text in SMALLER.items() if unit in (units or SMALLER))


def run(arguments: Sequence[str]) -> int:
    """:func:`main`, with a user's mistakes as sentences."""
    if sys.stdout is None:
        sys.stderr.write("error: standard output is closed, so there is nowhere to write to.\n")
        return 2
    alone = False
    try:
        return main(arguments)
    except BrokenPipeError:  # the reader of the output has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except UserError as error:
        message = str(error)
    except OSError as error:
        if error.errno in FULL:
            message = (
                f"The disk is full: {error.filename or 'a file'} could not be written. Free some space and run the same "
                "again; a training that had begun continues with --resume, from its last complete checkpoint."
            )
        elif error.errno in CLOSED and error.filename:
            message = f"{shortened(error.filename)} cannot be used: {error.strerror}."
        else:
            raise
    except (MemoryError, RuntimeError) as error:
        words = str(error).splitlines()[0] if str(error) else "torch says no more"
        alone = any(sign in str(error) for sign in ALONE)
        if isinstance(error, MemoryError) or any(sign in str(error) for sign in NO_MEMORY):
            message = (
                f"There is not enough memory ({words}): use {_less(arguments)}. "
                "The last complete checkpoint is still there."
            )
        elif alone:
            message = (
                f"Another process of this run does not answer ({words}): it has ended, and says why, or its node never "
                "arrived. The same command again continues from the last checkpoint."
            )
        else:
            raise
    several.let_another_speak(follows=alone)
    sys.stderr.write(f"error: {_on_one_line(message)}\n")
    return 1 if alone else 2  # to start the processes again helps in the first case alone, see commands/torchrun.py


def _on_one_line(text: str) -> str:
    """The text with each character that a terminal would obey, such as a line feed in a file's name, as Python writes it."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def attention() -> int:
    """The command ``attention`` of the installed package."""
    os.environ.setdefault("PYTHONUNBUFFERED", "1")  # for the processes that this one starts
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(attention())
