"""Lightning's command line with one folder per run, a tracker that never asks, and no silent overrides."""

import inspect
import json
import logging
import os
import platform
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from jsonargparse import Namespace
from lightning.pytorch import Callback, LightningDataModule, LightningModule
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.cli import ArgsType, LightningArgumentParser, LightningCLI
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.utilities import rank_zero_only
from lightning.pytorch.utilities.exceptions import MisconfigurationException, SIGTERMException

from data import progress
from data.cores import cores
from data.errors import UserError
from data.sources.paths import check_writable
from reproductions.commands.lightning import machine
from reproductions.commands.lightning.meaning import check_settings
from reproductions.commands.lightning.parser import Parser, innermost
from reproductions.commands.lightning.settings import RunSettings, SaveRun, Trainer
from reproductions.evaluation.files import write_text
from reproductions.runs import BEST, SCORES, SUMMARY, VIEWS, Run, corpus_name, stamp
from reproductions.tasks import task as tasks
from reproductions.tasks.log import EvaluationLog
from reproductions.training import checkpoints, precision, tracking
from reproductions.training.averaging import Snapshots, average, snapshots
from reproductions.training.callbacks import (
    STOPS,
    KnownMonitor,
    Reseed,
    StopBetweenSteps,
    StopIfDiverged,
    Throughput,
    keep_checkpoints,
    write_no_more,
)
from reproductions.training.progress import Progress
from reproductions.training.resume import ResumedValidation
from reproductions.training.threads import Threads

log = logging.getLogger(__name__)

# Arguments of models that come from the data, see its ``sizes``.
LINKED = ("source_vocabulary", "target_vocabulary", "vocabulary", "classes", "network.image_size")
STOPPED = {KeyboardInterrupt: 130, SIGTERMException: 143}  # exit status as a shell gives it: 128 + number of the signal


class ReproductionCLI(LightningCLI):
    """``fit``, ``validate`` and ``test`` with typed YAML: an unknown key or a wrong type is an error that names it.

    The data gives the model its sizes. Unlike LightningCLI, it has no abbreviated options, and a checkpoint never overrides
    the command line.
    """

    def __init__(self) -> None:
        self.throughput = Throughput()
        self.tracker: tracking.RunLogger | None = None
        self.precision_reason = "the settings name it"
        self.stop = StopBetweenSteps()
        commands = self.subcommands()
        try:
            super().__init__(
                LightningModule,
                LightningDataModule,
                subclass_mode_model=True,
                subclass_mode_data=True,
                trainer_class=Trainer,
                save_config_callback=SaveRun,
                save_config_kwargs={"save_to_log_dir": False, "overwrite": True},
                seed_everything_default=1,
                auto_configure_optimizers=False,
                parser_class=Parser,
                parser_kwargs={"allow_abbrev": False, **{name: {"allow_abbrev": False} for name in commands}},
            )
        except BaseException as error:
            self._finish(STOPPED.get(type(error), 1))
            raise
        self._finish()

    def _finish(self, exit_code: int = 0) -> None:
        with progress.doing("completing the files of Weights & Biases"):
            tracking.finish(self.tracker, exit_code)

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        parser.add_class_arguments(RunSettings, "run")
        for name in LINKED:  # a link whose target the model does not have is left out
            size = partial(_size, name)
            parser.link_arguments("data", f"model.init_args.{name}", compute_fn=size, apply_on="instantiate")

    def parse_arguments(self, parser: LightningArgumentParser, args: ArgsType) -> None:
        super().parse_arguments(parser, args)
        settings = self.config[self.config["subcommand"]]
        check_settings(settings)
        self._choose_precision(settings.trainer)
        if torch.get_num_threads() > cores() and "OMP_NUM_THREADS" not in os.environ:
            torch.set_num_threads(cores())
            log.info("Threads %d: this process may use no more processors.", cores())

    def _choose_precision(self, trainer: Namespace) -> None:
        """Replace ``precision: auto`` by what this machine computes fast; warn of a precision that it computes slowly."""
        asked = str(trainer.precision)
        if asked != precision.AUTO and not asked.startswith("bf16"):
            return
        machine = precision.of_machine(trainer["accelerator"])
        if asked == precision.AUTO:
            self.precision_reason = machine.because
            trainer.precision = machine.precision
            sys.argv.append(f"--trainer.precision={machine.precision}")  # further devices' processes read it, and agree
            log.info("Precision %s: %s.", machine.precision, machine.because)
        elif not machine.bf16:
            log.warning("Precision %s is slow here: %s. `auto` takes %s.", asked, machine.because, machine.precision)

    def instantiate_classes(self) -> None:
        """Build what the configuration names. Raises UserError where a constructor refuses a value."""
        model = self.config[self.subcommand].model
        size = self.config[self.subcommand].data.init_args.get("size")
        patch = model.init_args.get("network.patch")
        if size and patch and size % patch:  # before any image is read
            raise UserError(f"Images of {size} pixels cannot be cut into patches of {patch}: give another --data.size.")
        for name in LINKED:
            if model.init_args.get(name) not in (None, _default(model.class_path, name)):
                raise UserError(f"model.init_args.{name} comes from the data; leave it out of the settings.")
        try:
            with progress.doing("preparing"):
                return super().instantiate_classes()
        except (ValueError, MisconfigurationException) as error:
            cause = innermost(error)
        if isinstance(cause, UserError) or not isinstance(cause, (ValueError, MisconfigurationException)):
            raise cause
        raise UserError(" ".join(str(cause).split())) from cause

    def _parse_ckpt_path(self) -> None:
        """Keep the command line; Lightning would silently merge the checkpoint's hyperparameters over it."""

    @property
    def settings(self) -> RunSettings:
        return self.config_init[self.subcommand].run

    @property
    def task(self) -> tasks.Task:
        return tasks.of(self.model.paper)

    @property
    def monitor(self) -> str:
        return self.settings.monitor or self.task.monitor

    @property
    def run(self) -> Run:
        return Run(Path(self.settings.folder))

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """The trainer of the configuration, with the loggers and callbacks that every run has."""
        settings, folder = self.settings, self.run.folder
        config = self.config_init[self.subcommand]
        self._check_before_anything_is_written()
        mine: list[Callback] = [EvaluationLog(self.task, folder, settings.pictures)]
        if config.trainer.enable_progress_bar is not False:
            mine.append(Progress(self.task.headline, self.monitor))
        if self.subcommand == "fit":
            self.throughput.unit = self.task.unit
            mine += [
                Reseed(config.seed_everything),
                self.throughput,
                self.stop,
                StopIfDiverged(),
                KnownMonitor(self.monitor),
                ResumedValidation(folder / "validation.jsonl"),
                EarlyStopping(self.monitor, mode="max", patience=settings.patience),
                *keep_checkpoints(self.run.best.parent, self.monitor, settings.checkpoint_every),
            ]
            if torch.get_num_threads() > 1:
                mine.append(Threads())
            if settings.average:
                mine.append(Snapshots(self.run.snapshots, settings.average, settings.snapshot_every))
        kwargs["callbacks"] = [*(config.trainer.callbacks or []), *mine]
        kwargs["logger"] = self._loggers()
        if config.trainer.enable_model_summary is None:  # it would be a table of one row
            kwargs["enable_model_summary"] = False
        kwargs["plugins"] = [*(config.trainer.plugins or []), checkpoints.WholeFiles()]
        # The batch sampler knows its rank itself, and the whole configuration is logged once.
        return super().instantiate_trainer(  # type: ignore[return-value]
            **kwargs, default_root_dir=str(folder), use_distributed_sampler=False, enable_autolog_hparams=False
        )

    def _loggers(self) -> list[Any]:
        settings, folder = self.settings, self.run.folder
        config = json.loads(self._parser(self.subcommand).dump(self.config[self.subcommand], format="json"))
        paper, corpus = self.model.paper, config["data"]["init_args"]["corpus"]
        self.tracker = tracking.experiment_logger(
            folder,
            project=settings.project,
            name=self.run.name.replace("/", "-"),
            group=self.run.experiment,
            tags=[*dict.fromkeys((paper, self.run.table, corpus_name(corpus), *settings.tags))],
            job_type=self.subcommand,  # type: ignore[arg-type]
            config=config,
            monitor=self.monitor,
            mode=settings.wandb,
        )
        if self.subcommand != "fit":
            tracking.declare_inputs(self.tracker, [folder])
        csv = CSVLogger(folder, name="metrics", version=f"{self.subcommand}-{stamp()}")
        return [csv] if self.tracker is None else [csv, self.tracker]

    def _check_before_anything_is_written(self) -> None:
        """Raise UserError for a folder that holds another run, and for a checkpoint that is damaged or foreign, or that was
        trained on other words or images or with other settings.
        """
        fit, path = self.subcommand == "fit", self.config[self.subcommand].ckpt_path
        if path is None:
            if fit and rank_zero_only.rank == 0 and self.run.config.exists():  # type: ignore[attr-defined]
                raise UserError(
                    f"{self.run.folder} holds a run already: continue it with --ckpt_path {self.run.last}, or give "
                    "another --run.folder."
                )
            if not fit and self.run.best.is_file():  # type: ignore[attr-defined]
                raise UserError(
                    f"Without a checkpoint this would score weights that nobody trained: give --ckpt_path {self.run.best}."
                )
            check_writable(self.run.folder)
            return
        checkpoint = checkpoints.read(Path(path))
        if fit and "optimizer_states" not in checkpoint:
            raise UserError(f"{path} holds weights alone; continue a training with the {self.run.last.name} beside it.")
        checkpoints.check_fingerprints(path, checkpoint, self.datamodule.fingerprints())
        parts = ("network", "recipe") if fit else ("network",)
        checkpoints.check_settings(path, checkpoint, dict(self.model.hparams), parts)
        checkpoints.check_weights(path, checkpoint, self.model)
        check_writable(self.run.folder)

    def _run_subcommand(self, subcommand: str) -> None:
        """Run it; Lightning turns Ctrl-C into an exit with status 1, like any failure: raise KeyboardInterrupt instead."""
        self.config_init[subcommand].weights_only = True
        if rank_zero_only.rank == 0:  # type: ignore[attr-defined]
            log.info("%s, %s parameters, in %s", self.model.title, f"{parameters(self.model):,}", self.run.folder)
        try:
            super()._run_subcommand(subcommand)
        except SIGTERMException:  # a SystemExit, too, with the right status
            raise
        except SystemExit as error:
            if self.trainer.interrupted:
                raise KeyboardInterrupt from error
            raise
        except RuntimeError as error:
            if self.stop.asked is not None and self.trainer.world_size > 1:  # another process has stopped first
                raise STOPS[self.stop.asked] from error
            raise

    def before_fit(self) -> None:
        """Note the code that trains, and load trained weights into a new run that asks for them; a continued run has its own."""
        self.commit = machine.commit()  # now: a checkout may move on while it trains
        source = self.settings.weights
        if source is None or self.config["fit"].ckpt_path is not None:
            return
        if not hasattr(self.model, "start_from"):
            raise UserError(f"run.weights is {source!r}, but {self.model.title} has no converter of trained weights.")
        prepared = self.datamodule.preprocessing
        fresh = self.model.start_from(source, prepared.mean, prepared.std, self.settings.heads)
        log.info("Starting from %s%s", source, f"; new: {', '.join(fresh)}" if fresh else "")

    def after_fit(self) -> None:
        """Average the last snapshots, write the summary, test the best checkpoint, and remove the snapshots."""
        self.trainer.save_checkpoint(self.run.last, weights_only=False)
        write_no_more(self.trainer)  # what follows loads other weights: averaged ones, and the best
        summary = self._summary()
        summary["averaged"] = self._average()
        if summary["best"] is None and not summary["averaged"]:
            summary["best"] = self._validate_once()
        tracking.summarise(self.tracker, summary)
        if self.trainer.is_global_zero:
            write_text(self.run.folder / SUMMARY, json.dumps(summary, indent=1) + "\n")
        if self.run.best.exists():
            best = str(self.run.best)
            self.trainer.test(self.model, datamodule=self.datamodule, ckpt_path=best, verbose=False, weights_only=True)
        if self.trainer.is_global_zero:
            self._send_artifact(summary)
            for path in snapshots(self.run.snapshots):
                path.unlink()

    def _average(self) -> dict[str, Any] | None:
        """Validate the average of the last snapshots, and keep it as the best checkpoint unless a single one scores higher."""
        self.trainer.strategy.barrier()
        paths = snapshots(self.run.snapshots, self.trainer.global_step)[-self.settings.average :]
        if self.settings.average < 2 or len(paths) < 2:
            before = self.run.summary  # of the same steps, if the training had ended already
            return before.get("averaged") if before.get("steps") == self.trainer.global_step else None
        best = self.trainer.checkpoint_callbacks[0].best_model_score  # type: ignore[attr-defined]
        self.model.load_state_dict(average(paths))
        self.model.averaged = len(paths)
        self.trainer.validate(self.model, datamodule=self.datamodule, verbose=False)
        self.model.averaged = 0
        score = float(self.trainer.callback_metrics[self.monitor])
        kept = best is None or score >= float(best)
        if kept:
            self.trainer.save_checkpoint(self.run.best, weights_only=True)
        return {"snapshots": [path.stem for path in paths], "score": score, "kept": kept}

    def _validate_once(self) -> dict[str, float]:
        """Validate and keep the last weights of a training that ended before its first validation, so that it is scored."""
        self.trainer.validate(self.model, datamodule=self.datamodule, verbose=False)
        self.trainer.save_checkpoint(self.run.best, weights_only=True)
        return {self.monitor: float(self.trainer.callback_metrics[self.monitor])}

    def _summary(self) -> dict[str, Any]:
        best = self.trainer.checkpoint_callbacks[0].best_model_score  # type: ignore[attr-defined]
        return {
            "title": self.model.title,
            "parameters": parameters(self.model),
            "steps": self.trainer.global_step,
            "epochs": self.trainer.current_epoch,
            "best": None if best is None else {self.monitor: float(best)},
            "training_seconds": round(self.throughput.seconds, 4),
            self.task.counted: self.throughput.units,
            "seed": self.config[self.subcommand].seed_everything,
            "precision": self.trainer.precision,
            "precision_reason": self.precision_reason,
            "devices": self.trainer.world_size,
            "commit": self.commit,
            "processor": machine.processor(),
            "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "python": platform.python_version(),
        }

    def _send_artifact(self, summary: dict[str, Any]) -> None:
        """Log what restores the run: settings, best checkpoint, what was derived from the data, and scores."""
        about = {
            "paper": self.model.paper,
            "corpus": corpus_name(self.run.corpus),
            "scores": self.run.scores,
            **summary,
        }
        files = ("config.yaml", BEST, self.task.kept, SUMMARY, VIEWS, SCORES)
        tracking.log_run(self.tracker, files, self.run.name.replace("/", "-"), about)


def parameters(model: LightningModule) -> int:
    """The number of trained parameters; a shared matrix counts once."""
    return sum(parameter.numel() for parameter in model.parameters())


def _default(class_path: str, name: str) -> Any:
    """The default of a field of a model's argument, such as ``network.image_size``; None for an argument itself, because
    those that come from the data have no default.
    """
    module, _, leaf = class_path.rpartition(".")
    argument, _, inside = name.partition(".")
    arguments = inspect.signature(getattr(import_module(module), leaf)).parameters
    default = arguments[argument].default if argument in arguments else None
    return getattr(default, inside, None) if inside else None


def _size(name: str, data: Any) -> int | None:
    return data.sizes.get(name)
