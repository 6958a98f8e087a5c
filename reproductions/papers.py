"""The register of papers, the only one: what each folder reproduces, and where its configurations are. No torch.

A new paper is its folder, its configurations and one line here.
"""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from data.errors import UserError

VERSION = "0.2.0"  # of the project; every checkpoint since 0.2.0 says which version wrote it


class Paper(NamedTuple):
    """One reproduction."""

    folder: str  # of ``reproductions``, ``configs`` and the runs
    model: str  # the name of the network
    year: int  # of publication
    authors: str  # as they are cited
    module: str  # the LightningModule in ``<folder>/training.py``
    task: str  # the folder of ``tasks`` that evaluates it
    train: str  # the make target that trains it

    @property
    def class_path(self) -> str:
        """The model as configurations name it."""
        return f"reproductions.{self.folder}.training.{self.module}"


_PAPERS = (
    Paper("bahdanau2014", "RNNsearch", 2014, "Bahdanau, Cho and Bengio", "Bahdanau2014", "translation", "train-bahdanau"),
    Paper("luong2015", "Luong's translator", 2015, "Luong, Pham and Manning", "Luong2015", "translation", "train-luong"),
    Paper("xu2015", "Show, Attend and Tell", 2015, "Xu et al.", "Xu2015", "captions", "train-xu"),
    Paper("cheng2016", "LSTMN", 2016, "Cheng, Dong and Lapata", "Cheng2016", "language", "train-cheng"),
    Paper("resnet2016", "ResNet", 2016, "He et al.", "ResNet2016", "images", "train-resnet"),
    Paper("transformer2017", "Transformer", 2017, "Vaswani et al.", "Transformer2017", "translation", "train-transformer"),
    Paper("vit2021", "ViT", 2021, "Dosovitskiy et al.", "ViT2021", "images", "train-vit"),
)  # fmt: skip
PAPERS = {paper.folder: paper for paper in _PAPERS}  # oldest first


def _root() -> Path:
    """Where configs and docs are: within the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    return package if (package / "configs").is_dir() else package.parent


def _configs() -> Path:
    """The folder of configurations, relative where that is shorter."""
    folder = _root() / "configs"
    with suppress(OSError, ValueError):  # the current directory was removed, or lies elsewhere
        return folder.relative_to(Path.cwd())
    return folder


CONFIGS, DOCS = _configs(), _root() / "docs"

# Folder of ``tasks`` -> what its models do, in words.
TASKS = {
    "translation": "translates",
    "images": "classifies images",
    "captions": "writes captions",
    "language": "models a language",
}


def of(folder: str) -> Paper:
    """The paper of a folder; raises UserError for a paper of another version or project."""
    if folder not in PAPERS:
        raise UserError(f"This version, {VERSION}, has no paper {folder!r}; it has {', '.join(PAPERS)}.")
    return PAPERS[folder]


def train(task: str | None = None) -> str:
    """The make target that trains the oldest paper of a task; of any task if none is given."""
    return next(paper.train for paper in PAPERS.values() if task in (None, paper.task))


def of_task(task: str) -> tuple[str, ...]:
    """The folders of all papers of a task, oldest first."""
    return tuple(folder for folder, paper in PAPERS.items() if paper.task == task)


def then_and_now(task: str) -> tuple[str, str]:
    """The oldest and the newest paper of a task, which are compared."""
    first, *_, last = of_task(task)
    return first, last
