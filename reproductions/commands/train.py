"""What the commands of the command line do."""

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import yaml

from data.errors import UserError
from data.sources.reading import decoded
from reproductions import runs
from reproductions.commands import report as run_report
from reproductions.commands.figures import bahdanau2014 as figures
from reproductions.commands.figures import cheng2016 as language_figures
from reproductions.commands.figures import vit2021 as image_figures
from reproductions.commands.figures import xu2015 as caption_figures
from reproductions.commands.lightning import STOPPED, ReproductionCLI
from reproductions.evaluation import files, plots
from reproductions.runs import Run
from reproductions.tasks.task import restore

log = logging.getLogger(__name__)

CONFIGS = Path("configs")
CONVERTERS = ("vit2021",)  # papers with a weights.py
EMBEDDED = ("accord", "shapes", "captions")  # what a paper is trained on if nothing else is asked for


def lightning(arguments: Sequence[str]) -> int:
    """Run a Lightning command line; returns 130 where Ctrl-C ended it, and 143 where SIGTERM did."""
    sys.argv[1:] = arguments  # not passed by value: the processes of further devices are started with sys.argv
    try:
        ReproductionCLI()
    except tuple(STOPPED) as stop:
        return STOPPED[type(stop)]
    return 0


def config_of(paper: str, data: str | None, variant: str) -> Path:
    """The YAML file of a paper, corpus and variant; a user's own files take ``own.yaml``, nothing the embedded corpus.

    Raises UserError listing what there is.
    """
    folder, path = CONFIGS / paper, config_path(paper, data, variant)
    if path.is_file():
        return path
    if not folder.is_dir():
        known = sorted(path.name for path in CONFIGS.iterdir() if path.is_dir()) if CONFIGS.is_dir() else []
        raise UserError(
            f"There is no paper {paper!r} under {CONFIGS.resolve()}; there are: {', '.join(known) or 'none'}."
        )
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    own = (
        ""
        if data and is_path(data)
        else " A file or folder of your own is given by its path, with a slash or a dot in it."
    )
    raise UserError(f"There is no {path}; {folder} has: {', '.join(known)}.{own}")


def config_path(paper: str, data: str | None, variant: str) -> Path:
    """Where the YAML file of a paper, corpus and variant would lie, as for :func:`config_of`."""
    folder = CONFIGS / paper
    corpus = data or next((name for name in EMBEDDED if (folder / f"{name}.yaml").is_file()), EMBEDDED[0])
    if not (folder / f"{corpus}.yaml").is_file() and is_path(corpus):
        corpus = "own"
    return folder / f"{'-'.join(part for part in (corpus, variant) if part)}.yaml"


def is_path(corpus: str) -> bool:
    """Whether it looks like a path of the user's, not like the name of a corpus."""
    return "." in corpus or "/" in corpus or Path(corpus).is_dir()


def train(  # noqa: PLR0913 - what the command line takes
    paper: str,
    data: str | None = None,
    variant: str = "",
    weights: str | None = None,
    heads: int | None = None,
    resume: bool = False,
    overrides: Sequence[str] = (),
) -> int:
    """Train, from the beginning or from trained weights, or continue the newest run; then say how it went."""
    config = config_of(paper, data, variant)
    own = data if data is not None and config.stem.startswith("own") and is_path(data) else None
    _check_weights(weights, heads, variant, resume)
    if resume:
        run = runs.find(paper, config.stem, having="checkpoints/last.ckpt", corpus=own)
        sys.stdout.write(f"Continuing {run.folder}\n")
        arguments = ["fit", "--config", str(run.config), "--ckpt_path", str(run.last)]
    else:
        run = runs.create(paper, config.stem)
        arguments = ["fit", "--config", str(config)] if weights is None else _finetuning(config, weights, heads)
        arguments += ["--run.folder", str(run.folder)]
        if own is not None:
            arguments += ["--data.init_args.corpus", own]
    status = lightning([*arguments, *overrides])
    if status:
        saved = "its state is saved, continue with --resume" if run.last.is_file() else "nothing was saved yet"
        sys.stderr.write(f"\nStopped {run.folder}; {saved}.\n")
    return status or report(run)


def _check_weights(weights: str | None, heads: int | None, variant: str, resume: bool) -> None:
    """Raise UserError for options that contradict one another."""
    if resume and weights is not None:
        raise UserError("--weights begins a new run and --resume continues one: give one of them.")
    if variant and weights is not None:
        raise UserError(f"--variant {variant} chooses a network and --weights brings one: give one of them.")
    if heads is not None and weights is None:
        raise UserError(f"--heads {heads} is of trained weights: name them with --weights.")


def _finetuning(config: Path, weights: str, heads: int | None) -> list[str]:
    """Arguments that train on from weights: the paper's recipe for it, their network, images of the size that it reads.

    ``config`` is that of a training from scratch on the same images.
    """
    paper = config.parent.name
    if paper not in CONVERTERS:
        raise UserError(f"There is no converter of trained weights for {paper}, only for {', '.join(CONVERTERS)}.")
    network = asdict(import_module(f"reproductions.{paper}.weights").load(weights, heads).network)
    for regularisation in ("dropout", "drop_path"):  # the recipe's
        network.pop(regularisation)
    data = yaml.safe_load(config.read_text(encoding="utf-8"))["data"]["init_args"]
    given = {"data.init_args.corpus": data["corpus"], "data.init_args.size": network.pop("image_size")}
    given |= {"run.weights": weights} | ({} if heads is None else {"run.heads": heads})
    given |= {f"model.init_args.network.{name}": value for name, value in network.items()}
    return [
        "fit",
        "--config",
        str(config.with_name("finetune.yaml")),
        *(f"--{name}={value}" for name, value in given.items()),
    ]


def evaluate(folder: Path | None, overrides: Sequence[str]) -> int:
    """Score the best checkpoint of a run on its test splits."""
    run = runs.find() if folder is None else runs.at(folder)
    if not run.best.is_file():
        raise UserError(f"{run.folder} has no {run.best.name}: its training has not reached a validation yet.")
    arguments = ["test", "--config", str(run.config), "--ckpt_path", str(run.best), "--run.folder", str(run.folder)]
    status = lightning([*arguments, *overrides])
    return status or report(run)


def report(run: Run) -> int:
    """Print the scores of a run, and where its pictures lie."""
    sys.stdout.write(run_report.text(run))
    return 0


def translate(
    sentences: Sequence[str], folder: Path | None, picture: Path | None = None, view: str | None = None
) -> int:
    """Translate sentences, or the lines of standard input; of what was typed, draw where the model looked."""
    run = runs.find(task="translation") if folder is None else runs.at(folder, "translation")
    if folder is None:
        log.info("Translating with %s", run.folder)
    translator = restore(run)
    if translator.module.view is None and (picture is not None or view is not None):
        raise UserError(
            f"{translator.module.title} has no attention: leave --picture and --view out, there is nothing to draw."
        )
    if sentences and translator.module.view is not None:
        picture = picture or run.folder / "pictures" / "typed.png"
    if view is not None and picture is None:
        raise UserError(f"--view {view} says what a picture shows: name its file with --picture.")
    for number, (where, raw) in enumerate(_typed(sentences)):
        try:
            translated, record = translator.translate(decoded(raw, "It").strip(), number, view)
        except UserError as error:
            raise UserError(f"{where}: {error}") from error
        sys.stdout.write(translated.hypothesis + "\n")
        sys.stdout.flush()
        if record is not None and picture is not None:
            files.save(plots.alignment(record), picture)
            log.info("Drawn, %s: %s", record.view, picture)
    return 0


def _typed(sentences: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """What is to be translated, and where it stands."""
    if sentences:
        yield from ((f"sentence {number}", os.fsencode(text)) for number, text in enumerate(sentences, start=1))
    else:
        yield from ((f"standard input, line {number:,}", raw) for number, raw in enumerate(sys.stdin.buffer, start=1))


def draw(data: str | None, folder: Path | None) -> int:
    """Draw the figures of each paper that has a scored run; what one of them lacks is said and does not stop the others.

    Raises UserError if nothing could be drawn.
    """
    drawers = {
        "bahdanau2014": figures.bahdanau2014,
        "xu2015": caption_figures.xu2015,
        "cheng2016": language_figures.cheng2016,
        "vit2021": image_figures.vit2021,
    }
    there = [paper for paper in drawers if any(runs.runs_dir().glob(f"{paper}/*/*/{runs.SCORES}"))] or ["bahdanau2014"]
    missing: list[UserError] = []
    for paper in there:
        given = data or ("accord" if paper == "bahdanau2014" else None)
        try:
            for path in drawers[paper](given, folder or runs.runs_dir() / "figures"):
                sys.stdout.write(f"{path}\n")
        except UserError as error:
            missing.append(error)
    if len(missing) == len(there):
        raise missing[0]
    for error in missing:
        sys.stderr.write(f"{error}\n")
    return 0
