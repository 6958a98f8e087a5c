"""Lightning's command line with one folder a run, a tracker that never asks, and nothing overridden in silence."""

import json
import logging
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI, SaveConfigCallback
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.utilities import rank_zero_only
from lightning.pytorch.utilities.exceptions import MisconfigurationException, SIGTERMException

from data.errors import UserError
from data.translation import TranslationData
from reproductions import checkpoints, tracking
from reproductions.arguments import Parser
from reproductions.averaging import Snapshots, average, snapshots
from reproductions.evaluation.files import write_text
from reproductions.evaluation.log import EvaluationLog
from reproductions.runs import Run, stamp
from reproductions.settings import check_sizes
from reproductions.trainer import Progress, Reseed, StopBetweenSteps, Throughput, keep_checkpoints

log = logging.getLogger(__name__)

LINKED = ("source_vocabulary", "target_vocabulary")  # of a model; the data decides them
STOPPED = {KeyboardInterrupt: 130, SIGTERMException: 143}  # exit status as a shell gives it: 128 + number of the signal


@dataclass(frozen=True)
class RunSettings:
    """Where a run lies, and how it is tracked, stopped and drawn.

    Attributes:
        folder: of the run.
        project: of Weights & Biases.
        wandb: "online", "offline" or "disabled"; None goes online if there is a key, and offline otherwise.
        tags: for the tracker, beside paper and corpus.
        pictures: indices of the sentences whose alignments are drawn, in each split.
        monitor: the score that chooses the best checkpoint.
        patience: validations without a better score before training stops.
        checkpoint_every: steps between two writings of last.ckpt.
        average: at the end, average the weights of so many snapshots, and keep the average as best.ckpt unless a single
            checkpoint scores better in validation; 0 for none.
        snapshot_every: steps between two snapshots.
    """

    folder: str
    project: str = "attention-then-and-now"
    wandb: str | None = None
    tags: tuple[str, ...] = ()
    pictures: tuple[int, ...] = (0, 1, 2, 3)
    monitor: str = "valid/bleu"
    patience: int = 10
    checkpoint_every: int = 200
    average: int = 0
    snapshot_every: int = 1500

    def __post_init__(self) -> None:
        check_sizes(self, "patience", "checkpoint_every", "snapshot_every")
        if self.average < 0:
            raise ValueError(f"run.average must be 0 or more snapshots, not {self.average}")


class SaveRun(SaveConfigCallback):
    """Write config.yaml and the tokenisers into the folder of the run, before the first step."""

    def save_config(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:  # noqa: ARG002
        run = Run(Path(self.config.run.folder))
        if stage != "fit":
            return
        data: TranslationData = trainer.datamodule  # type: ignore[attr-defined]
        run.tokenizers.mkdir(parents=True, exist_ok=True)
        data.source_tokenizer.save(run.tokenizers, "source")
        data.target_tokenizer.save(run.tokenizers, "target")
        write_text(run.config, self.parser.dump(self.config, skip_none=False))


class ReproductionCLI(LightningCLI):
    """``fit``, ``validate`` and ``test`` with typed YAML: an unknown key or a wrong type is an error that names it.

    Sizes of vocabularies flow from the data into the model. Differences from LightningCLI: no abbreviated options; a
    checkpoint never overrides what the command line asks for.
    """

    def __init__(self) -> None:
        self.throughput = Throughput()
        self.tracker: tracking.RunLogger | None = None
        commands = self.subcommands()
        try:
            super().__init__(
                LightningModule,
                LightningDataModule,
                subclass_mode_model=True,
                subclass_mode_data=True,
                save_config_callback=SaveRun,
                save_config_kwargs={"save_to_log_dir": False, "overwrite": True},
                seed_everything_default=1,
                auto_configure_optimizers=False,
                parser_class=Parser,
                parser_kwargs={"allow_abbrev": False, **{name: {"allow_abbrev": False} for name in commands}},
            )
        except BaseException as error:
            tracking.finish(self.tracker, exit_code=STOPPED.get(type(error), 1))
            raise
        tracking.finish(self.tracker)

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        parser.add_class_arguments(RunSettings, "run")
        parser.link_arguments(
            "data", "model.init_args.source_vocabulary", compute_fn=_source_size, apply_on="instantiate"
        )
        parser.link_arguments(
            "data", "model.init_args.target_vocabulary", compute_fn=_target_size, apply_on="instantiate"
        )

    def instantiate_classes(self) -> None:
        """Build what the configuration names; a constructor that refuses a value speaks to the user."""
        given = self.config[self.subcommand].model.init_args
        for name in LINKED:
            if given.get(name) is not None:
                raise UserError(f"model.init_args.{name} comes from the data; leave it out of the settings.")
        try:
            super().instantiate_classes()
        except (ValueError, MisconfigurationException) as error:
            raise UserError(" ".join(str(innermost(error)).split())) from error

    def _parse_ckpt_path(self) -> None:
        """Do not merge a checkpoint's hyperparameters over the command line, as Lightning would without a word."""

    @property
    def settings(self) -> RunSettings:
        return self.config_init[self.subcommand].run  # type: ignore[no-any-return]

    @property
    def run(self) -> Run:
        """The folder of this run."""
        return Run(Path(self.settings.folder))

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """The trainer of the configuration, with the loggers and callbacks that every run has."""
        settings, folder = self.settings, self.run.folder
        config = self.config_init[self.subcommand]
        self._check_before_anything_is_written()
        mine: list[Callback] = [EvaluationLog(folder, settings.pictures)]
        if config.trainer.enable_progress_bar is not False:
            mine.append(Progress(refresh_rate=10 if sys.stdout.isatty() else 100))
        if self.subcommand == "fit":
            mine += [
                Reseed(config.seed_everything),
                self.throughput,
                StopBetweenSteps(),
                EarlyStopping(settings.monitor, mode="max", patience=settings.patience),
                *keep_checkpoints(self.run.best.parent, settings.monitor, settings.checkpoint_every),
            ]
            if settings.average:
                mine.append(Snapshots(self.run.snapshots, settings.average, settings.snapshot_every))
        kwargs["callbacks"] = [*(config.trainer.callbacks or []), *mine]
        kwargs["logger"] = self._loggers()
        if config.trainer.enable_model_summary is None:  # a table of one module, with a column of zeros
            kwargs["enable_model_summary"] = False
        kwargs["plugins"] = [*(config.trainer.plugins or []), checkpoints.WholeFiles()]
        # The batch sampler knows its rank itself, and the whole configuration is logged once.
        return super().instantiate_trainer(
            **kwargs, default_root_dir=str(folder), use_distributed_sampler=False, enable_autolog_hparams=False
        )

    def _loggers(self) -> list[Any]:
        settings, folder = self.settings, self.run.folder
        config = json.loads(self._parser(self.subcommand).dump(self.config[self.subcommand], format="json"))
        paper, corpus = config["model"]["class_path"].split(".")[1], config["data"]["init_args"]["corpus"]
        self.tracker = tracking.experiment_logger(
            folder,
            project=settings.project,
            name="-".join(folder.parts[-3:]),
            group=paper,
            tags=[paper, Path(corpus).name, *settings.tags],
            job_type=self.subcommand,
            config=config,
            mode=settings.wandb,
        )
        csv = CSVLogger(folder, name="metrics", version=f"{self.subcommand}-{stamp()}")
        return [csv] if self.tracker is None else [csv, self.tracker]

    def _check_before_anything_is_written(self) -> None:
        """One clear sentence for a folder that holds another run, and before Lightning opens a checkpoint that is
        damaged, foreign, or trained on other words or with other settings.
        """
        fit, path = self.subcommand == "fit", self.config[self.subcommand].ckpt_path
        if path is None:
            if fit and rank_zero_only.rank == 0 and self.run.config.exists():
                raise UserError(
                    f"{self.run.folder} holds a run already: continue it with --ckpt_path {self.run.last}, or give "
                    "another --run.folder."
                )
            return
        data: TranslationData = self.datamodule
        fingerprints = {"source": data.source_tokenizer.fingerprint(), "target": data.target_tokenizer.fingerprint()}
        checkpoint = checkpoints.read(Path(path))
        checkpoints.check_tokenizers(path, checkpoint, fingerprints)
        parts = ("network", "recipe") if fit else ("network",)
        checkpoints.check_settings(path, checkpoint, dict(self.model.hparams), parts)

    def _run_subcommand(self, subcommand: str) -> None:
        """Run it; Lightning turns Ctrl-C into an exit with status 1, which says as little as any other failure."""
        self.config_init[subcommand].weights_only = True
        if rank_zero_only.rank == 0:
            log.info("%s, %s parameters, in %s", self.model.title, f"{parameters(self.model):,}", self.run.folder)
        try:
            super()._run_subcommand(subcommand)
        except SIGTERMException:  # a SystemExit too, and what it says is right
            raise
        except SystemExit as error:
            if self.trainer.interrupted:
                raise KeyboardInterrupt from error
            raise

    def after_fit(self) -> None:
        """Average the last snapshots, test the best checkpoint, and write down what the run cost."""
        self.trainer.save_checkpoint(self.run.last, weights_only=False)
        summary = self._summary()
        summary["averaged"] = self._average()
        if self.trainer.is_global_zero:
            write_text(self.run.folder / "summary.json", json.dumps(summary, indent=1) + "\n")
        if self.run.best.exists():
            best = str(self.run.best)
            self.trainer.test(self.model, datamodule=self.datamodule, ckpt_path=best, verbose=False, weights_only=True)
        self._send_artifacts()

    def _average(self) -> dict[str, Any] | None:
        """Validate the average of the last snapshots; it is the best checkpoint unless a single one scores better."""
        self.trainer.strategy.barrier()
        paths = snapshots(self.run.snapshots, self.trainer.global_step)[-self.settings.average :]
        if self.settings.average < 2 or len(paths) < 2:
            return None
        best, monitor = self.trainer.checkpoint_callbacks[0].best_model_score, self.settings.monitor
        self.model.load_state_dict(average(paths))
        self.trainer.validate(self.model, datamodule=self.datamodule, verbose=False)
        score = float(self.trainer.callback_metrics[monitor])
        kept = best is None or score >= float(best)
        if kept:
            self.trainer.save_checkpoint(self.run.best, weights_only=True)
        return {"snapshots": [path.stem for path in paths], "score": score, "kept": kept}

    def _summary(self) -> dict[str, Any]:
        best = self.trainer.checkpoint_callbacks[0].best_model_score
        return {
            "title": self.model.title,
            "parameters": parameters(self.model),
            "steps": self.trainer.global_step,
            "epochs": self.trainer.current_epoch,
            "best": None if best is None else {self.settings.monitor: float(best)},
            "training_seconds": round(self.throughput.seconds, 1),
            "target_tokens": self.throughput.tokens,
            "seed": self.config[self.subcommand].seed_everything,
            "precision": self.trainer.precision,
            "devices": self.trainer.world_size,
            "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "python": platform.python_version(),
        }

    def _send_artifacts(self) -> None:
        if not self.trainer.is_global_zero:
            return
        paper = self.model.paper
        if self.run.best.exists():
            tracking.log_artifact(self.tracker, self.run.best, f"{paper}-checkpoint", "model")
        tracking.log_artifact(self.tracker, self.run.tokenizers, f"{paper}-tokenizers", "tokenizer")


def parameters(model: LightningModule) -> int:
    """How many numbers are trained; a shared matrix counts once."""
    return sum(parameter.numel() for parameter in model.parameters())


def innermost(error: BaseException) -> BaseException:
    """The error that jsonargparse wrapped, with its own words."""
    cause = error.__cause__ or error.__context__
    return innermost(cause) if isinstance(cause, ValueError) else error


def _source_size(data: TranslationData) -> int:
    return data.source_size


def _target_size(data: TranslationData) -> int:
    return data.target_size
