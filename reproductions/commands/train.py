"""Train a paper's model, evaluate it, and print its scores and where its pictures are."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TextIO

import yaml

from data.cores import cores
from data.errors import UserError
from data.sources.paths import place
from reproductions import papers, runs
from reproductions.commands import lightning, several, weights
from reproductions.commands.configs import config_of
from reproductions.commands.weights import Trained
from reproductions.experiments import side_by_side
from reproductions.experiments.side_by_side import Training

CONVERTERS = ("vit2021",)  # papers with a weights.py


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paper", help="a folder of configs/, for example bahdanau2014")
    parser.add_argument(
        "--data",
        help="translation: accord (default), multi30k, tatoeba, bible, wmt14, path.tsv, a.en,a.fr, or several, as "
        "bible,tatoeba; "
        "classification: shapes (default), cifar10, or path/to/folder; captions: captions (default)",
    )
    parser.add_argument(
        "--variant",
        default="",
        help="for example rnnencdec or lstm, the baselines without attention; hard, Xu's other attention; or plain, "
        "ViT's patches as in the paper",
    )
    weights.options(parser, "start ViT from trained weights")
    parser.add_argument(
        "--seeds", type=int, nargs="+", metavar="SEED",
        help="train one run per seed, side by side on the cores; what is finished is kept, what was interrupted goes on",
    )  # fmt: skip
    parser.add_argument("--resume", action="store_true", help="continue the newest run of this paper and data")
    parser.add_argument(
        "--nodes", type=int, help="machines; for two or more, print what to run on each, see docs/scale.md"
    )
    parser.add_argument("--devices", type=int, help="GPUs of each machine, or processes without one")


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Train, or print what to run on each of several nodes; the options in ``rest`` override the configuration.

    Raises UserError as :func:`train`, and for a number of processes that there cannot be.
    """
    if options.seeds:
        if options.nodes or options.devices or several.started_by_torchrun():
            raise UserError(
                "--seeds trains several runs, one process each: leave out --nodes and --devices, and torchrun."
            )
        given = options.paper, options.data, options.variant, options.seeds, rest, _trained(options)
        return _train_group(of_seeds(*given))
    processes = several.started_by_torchrun()
    if processes is None:
        processes = several.wanted(options.nodes, options.devices)
        if processes is not None and processes.nodes > 1:
            config_of(options.paper, options.data, options.variant)
            sys.stdout.write(several.text(processes, [*_typed(options), *rest]))
            return 0
    alone = options.paper, options.data, options.variant, _trained(options), options.resume
    return train(*alone, rest, processes)


def _typed(options: argparse.Namespace) -> list[str]:
    """The command again, without the number of processes: torchrun gives that."""
    values = {name: getattr(options, name) for name in ("data", "variant", "weights", "heads", "size")}
    named = [f"--{name}={value}" for name, value in values.items() if value]
    return ["train", options.paper, *named, *(["--resume"] if options.resume else [])]


def train(
    paper: str,
    data: str | None = None,
    variant: str = "",
    trained: Trained | None = None,
    resume: bool = False,
    overrides: Sequence[str] = (),
    processes: several.Processes | None = None,
) -> int:
    """Train from scratch or from pretrained weights, or continue the newest run; then print its scores.

    Of several processes each takes its share of the configuration's batch. Those that torchrun starts again with the same id
    continue their run.

    Returns the exit status. Raises UserError for a paper, data or variant that has no configuration, for options that
    contradict each other, and where there is no run to continue.
    """
    config = config_of(paper, data, variant)
    own = _own(config, data)
    if resume:
        run = runs.find(paper, config.stem, having=runs.LAST, corpus=own)
    else:
        used, settings = _settings(config, own, trained)
        run = runs.create(paper, config.stem, several.name())
    folder = ["--run.folder", str(run.folder)]  # a config.yaml may name the folder that it was copied from
    continued = run.last.is_file()
    if continued:
        _say(f"Continuing {run.folder}\n")
        arguments = ["fit", "--config", str(run.config), "--ckpt_path", str(run.last), *folder]
    else:
        if several.started_by_torchrun() and several.rank() == 0:
            run.config.unlink(missing_ok=True)  # of an attempt that was killed before its first checkpoint
        arguments = ["fit", "--config", str(used), *folder, *settings]
    if processes is not None:
        arguments += several.arguments(Path(arguments[2]), processes, continued)
    status = lightning.execute([*arguments, *overrides])
    if status:
        saved = "its state is saved, continue with --resume" if run.last.is_file() else "nothing was saved yet"
        _say(f"\nStopped {run.folder}; {saved}.\n", sys.stderr)
        return status
    from reproductions.commands import ending

    _say(ending.text(run))
    return 0


def _say(text: str, file: TextIO | None = None) -> None:
    """Write a text once, though several processes have it."""
    if several.rank() == 0:
        (file or sys.stdout).write(text)


def of_seeds(
    paper: str,
    data: str | None,
    variant: str,
    seeds: Sequence[int],
    overrides: Sequence[str] = (),
    trained: Trained | None = None,
) -> list[Training]:
    """One training per seed. Raises UserError for a seed that is negative or named twice, and as :func:`train`."""
    for seed in seeds:
        if seed < 0 or seeds.count(seed) > 1:
            raise UserError(
                f'Seed {seed} {"is negative" if seed < 0 else "is named twice"}: name each once, as in SEEDS="1 2 3".'
            )
    config = config_of(paper, data, variant)
    used, settings = _settings(config, _own(config, data), trained)
    return [Training(paper, config.stem, used, (*settings, *overrides), seed=seed) for seed in seeds]


def _train_group(group: Sequence[Training]) -> int:
    jobs = min(cores(), len(group))
    if status := side_by_side.train(group, jobs, threads=cores() // jobs):
        return status
    from reproductions.commands import ending

    scored = [run for training in group if (run := training.scored())]
    without = "No run has scores: the data has no examples to test them on.\n"
    sys.stdout.write(ending.of_group(scored) if scored else without)
    return 0


def _own(config: Path, data: str | None) -> str | None:
    """What takes the place of the corpus in ``own.yaml``, if that is the configuration."""
    return data if data != "own" and config.stem.startswith("own") else None


def _settings(config: Path, own: str | None, trained: Trained | None) -> tuple[Path, list[str]]:
    """The file that configures a new run, and options that override it. Raises UserError for files that are not there."""
    if own is not None:
        _check_files(config.parent.name, own)
    used, settings = (config, []) if trained is None else _finetuning(config, trained)
    return used, [*settings, *([] if own is None else ["--data.init_args.corpus", own])]


def _trained(options: argparse.Namespace) -> Trained | None:
    """The trained weights to start from, if any. Raises UserError for options that contradict each other."""
    if options.resume and options.weights is not None:
        raise UserError("--weights begins a new run and --resume continues one: give one of them.")
    if options.variant and options.weights is not None:
        raise UserError(f"--variant {options.variant} chooses a network and --weights brings one: give one of them.")
    return weights.given(options)


def _check_files(paper: str, corpus: str) -> None:
    """Raise UserError for files that are not there, nor at their address; what they hold is checked when they are read."""
    from data.sources import corpora, download, image_files

    if papers.of(paper).task != "images":
        corpora.find_corpus(corpus).edition(download.data_dir())
    elif not place(corpus).is_file():  # the data says what is wrong with an archive
        image_files.roots_of(place(corpus))


def _finetuning(config: Path, trained: Trained) -> tuple[Path, list[str]]:
    """The configuration that fine-tunes pretrained weights, and options that override it.

    The recipe is that of ``config`` if it is one for fine-tuning, else the paper's; the network is that of the weights with a
    new linear head (Section 3.2), and images are as large as it reads. ``config`` names the images.
    """
    paper = config.parent.name
    if paper not in CONVERTERS:
        raise UserError(f"There is no converter of trained weights for {paper}, only for {', '.join(CONVERTERS)}.")
    loaded = import_module(f"reproductions.{paper}.weights").load(*trained)
    network = asdict(loaded.network) | {"head": "linear"}
    for regularisation in ("dropout", "drop_path"):  # the recipe's
        network.pop(regularisation)
    data = yaml.safe_load(config.read_text(encoding="utf-8"))["data"]["init_args"]
    settings = {"data.init_args.corpus": data["corpus"], "data.init_args.size": network.pop("image_size")}
    settings |= {"run.weights": trained.source} | ({} if trained.heads is None else {"run.heads": trained.heads})
    settings |= {f"model.init_args.network.{name}": value for name, value in network.items()}
    finetune = config if config.stem.endswith("finetune") else config.with_name("finetune.yaml")
    return finetune, [f"--{name}={value}" for name, value in settings.items()]
