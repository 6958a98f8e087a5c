"""What a task is: how the models of some papers are evaluated, and how a trained one is restored.

To add a task, write a folder like ``language`` and name it in ``reproductions/papers.py``::

    collect.py          from a batch of the evaluation step to records, in a ``Collection``
    scores.py           numbers of one split, as plain functions of what was collected
    task.py             a ``Split`` and a ``Task``; ``TASK`` names the class of the task

``EvaluationLog`` in ``log.py`` calls them in this order::

    in validation       in a test
    task.begin          task.begin              for each split
    split.add           split.add               for each batch
    task.choose                                 once
    split.scores        split.scores            for each split
                        split.details           for each split
    split.followed      split.records, table, figures
    task.draw_views     task.draw_views         once, where the task chose a view
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from lightning.pytorch import Trainer
from matplotlib.figure import Figure

from reproductions import papers
from reproductions.evaluation.files import FOLLOWED_DPI
from reproductions.runs import Run
from reproductions.tasks.gather import Collection
from reproductions.tasks.origin import Origin
from reproductions.tasks.untrained import untrained

M = TypeVar("M")  # a module
D = TypeVar("D")  # a data module
C = TypeVar("C", bound=Collection)
R = TypeVar("R")


@dataclass(frozen=True)
class Stage(Generic[M, D]):
    """One validation, or one test."""

    name: str  # "validate" or "test", as data modules call it
    module: M  # the model, in evaluation mode
    data: D  # the data module of the run
    origin: Origin  # which weights are evaluated
    pictures: tuple[int, ...] = ()  # indices of the examples to draw in every split
    precision: Callable[[], AbstractContextManager[Any]] = nullcontext  # makes the context in which the module computes

    @classmethod
    def of(cls, trainer: Trainer, module: Any, pictures: tuple[int, ...]) -> "Stage[M, D]":
        """The stage that a trainer begins; a test takes the step from the loaded checkpoint."""
        if trainer.testing:
            name, origin = "test", Origin.of(module)
        else:
            name, origin = "validate", Origin(module.title, trainer.global_step, module.averaged)
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        return cls(name, module, data, origin, pictures, trainer.precision_plugin.forward_context)

    @property
    def testing(self) -> bool:
        return self.name == "test"

    @cached_property
    def untrained(self) -> M:
        """The same network before any training, as a control."""
        return untrained(self.module)


class Drawn(NamedTuple):
    """A picture: its file in the folder of the run, and its key in the tracker, the same through training; ``small`` is that of
    :func:`reproductions.evaluation.files.save`.
    """

    file: str
    key: str
    figure: Figure
    caption: str
    dpi: int = FOLLOWED_DPI
    small: bool = False


class Table(NamedTuple):
    """A table for the tracker. A cell that is a Path shows the picture there."""

    name: str
    columns: list[str]
    rows: list[list[Any]]


@dataclass
class Split(ABC, Generic[M, D, C]):
    """One split under evaluation.

    ``collected`` holds its examples: those of this process while batches are added, then those of all processes.
    """

    stage: Stage[M, D]
    name: str
    collected: C

    @property
    def title(self) -> str:
        """For pictures of the whole split: "RNNsearch, step 1,200 · test"."""
        return f"{self.stage.origin} · {self.name}"

    @property
    def control(self) -> M | None:
        """In a test, the same network before training."""
        return self.stage.untrained if self.stage.testing else None

    @property
    def leads(self) -> bool:
        """Whether the report shows examples of this split, "fixed" or else the first: they are drawn in every way."""
        data: Any = self.stage.data
        names = data.split_names(self.stage.name)
        return self.name == ("fixed" if "fixed" in names else names[0])

    def drawn(self, records: Mapping[int, R]) -> list[tuple[int, R]]:
        """Index and record of each example to draw; a test draws every example of the split "fixed"."""
        everything = self.name == "fixed" and self.stage.testing
        return [(index, record) for index, record in records.items() if everything or index in self.stage.pictures]

    def through_training(self, index: int, figure: Figure, caption: str, shows: str = "attention") -> Drawn:
        """A picture of one example at this step, for :meth:`followed`; ``shows`` names its kind for the tracker."""
        example = f"{self.name}-{index}"
        return Drawn(f"pictures/{example}/{self.stage.origin.picture}", f"{shows}/{example}", figure, caption)

    @abstractmethod
    def add(self, outputs: Any, batch: Any) -> None:
        """Collect one batch: what the module's ``validation_step`` or ``test_step`` returned, and the batch."""

    @abstractmethod
    def scores(self) -> dict[str, float]:
        """Numbers for curves, by their names in the log, in files and in the report."""

    @abstractmethod
    def followed(self) -> Iterator[Drawn]:
        """Pictures that a validation draws: chosen examples at this step."""

    @abstractmethod
    def details(self) -> dict[str, Any]:
        """Values of scores.json besides the scores: counts, confidence intervals, signatures."""

    @abstractmethod
    def records(self) -> dict[str, Any]:
        """File name -> content: for .jsonl records, or plain values, one per line; for .json one plain value."""

    @abstractmethod
    def table(self, folder: Path) -> Table:
        """The tracker's table; pictures of its rows are written into ``folder``."""

    def figures(self) -> Iterator[tuple[str, Figure]]:
        """Name and figure of each picture of the whole split that a test draws."""
        yield from ()


class Task(ABC):
    """What the models of some papers do. Each run has its own object, which may keep results computed from the data."""

    monitor: ClassVar[str]  # the score that chooses the best checkpoint if the configuration names none
    unit: ClassVar[str]  # of throughput, in the log
    counted: ClassVar[str]  # of throughput, in summary.json
    kept: ClassVar[str]  # file or folder of a run that holds what was derived from its data
    columns: ClassVar[Mapping[str, tuple[str, int]]]  # score -> heading and digits; % shows fractions times 100
    headline: ClassVar[Mapping[str, tuple[str, int]]]  # the few of a validation that a training shows while it runs
    filmed: ClassVar[bool] = False  # pictures through training become a film at its end

    def check(self, module: Any, data: Any) -> None:  # noqa: B027 - most models read whatever the data holds
        """Before a training, raise UserError for data that the model cannot read."""

    @abstractmethod
    def begin(self, stage: Stage[Any, Any], name: str) -> Split[Any, Any, Any]:
        """A split of this name, with nothing collected yet."""

    def choose(self, splits: Sequence[Any]) -> None:  # noqa: B027 - most tasks have nothing to choose
        """Choose in validation the view of the attention, set ``view`` and ``views`` of the module, and show it in the splits."""

    def draw_views(self, module: Any) -> Drawn | None:
        """The views of ``module.views`` as a picture; None without any to compare."""
        return None

    @abstractmethod
    def restore(self, folder: Path, checkpoint: Path) -> Any:
        """The trained model with an interface such as text in, text out; raises UserError for a file that does not fit."""


def of(paper: str) -> Task:
    """The task of a paper; raises UserError for a paper of another version or project."""
    return import_module(f"reproductions.tasks.{papers.of(paper).task}.task").TASK()


def restore(run: Run) -> Any:
    """The trained model of a run; raises UserError for a file that is missing or does not fit."""
    return of(run.paper).restore(run.folder, run.best)
