"""The register of papers: what each folder reproduces stands here, once. No torch.

A new paper is its folder, its configurations and one line here.
"""

from typing import NamedTuple

from data.errors import UserError

VERSION = "0.2.0"  # of the project; stands in every checkpoint since 0.2.0


class Paper(NamedTuple):
    """One reproduction.

    Attributes:
        model: the network's name.
        year: of publication; then comes before now.
        authors: as they are cited.
        module: the LightningModule in ``<folder>/training.py``.
        task: the folder of ``tasks`` that evaluates it.
        train: the make target that trains it.
        variants: what stands for the paper in a comparison, first choice first: the suffix of a configuration's name.
    """

    model: str
    year: int
    authors: str
    module: str
    task: str
    train: str
    variants: tuple[str, ...] = ("",)


PAPERS = {
    "bahdanau2014": Paper(
        "RNNsearch", 2014, "Bahdanau, Cho and Bengio", "Bahdanau2014", "translation", "train-bahdanau"
    ),
    "luong2015": Paper(
        "Luong's translator", 2015, "Luong, Pham and Manning", "Luong2015", "translation", "train-luong"
    ),
    "xu2015": Paper("Show, Attend and Tell", 2015, "Xu et al.", "Xu2015", "captions", "train-xu"),
    "cheng2016": Paper("LSTMN", 2016, "Cheng, Dong and Lapata", "Cheng2016", "language", "train-cheng"),
    "resnet2016": Paper("ResNet", 2016, "He et al.", "ResNet2016", "images", "train-resnet"),
    "transformer2017": Paper(
        "Transformer", 2017, "Vaswani et al.", "Transformer2017", "translation", "train-transformer"
    ),
    "vit2021": Paper("Vision Transformer", 2021, "Dosovitskiy et al.", "ViT2021", "images", "train-vit", ("conv", "")),
}  # folder -> paper

# Folder of ``tasks`` -> what a model of that task does, in words.
TASKS = {
    "translation": "translates",
    "images": "classifies images",
    "captions": "writes captions",
    "language": "models a language",
}


def of(folder: str) -> Paper:
    """The paper of a folder; raises UserError for a paper of another version or project."""
    if folder not in PAPERS:
        raise UserError(f"This version knows no paper {folder!r}; it knows {', '.join(PAPERS)}.")
    return PAPERS[folder]


def train(task: str | None = None) -> str:
    """The make target that trains the oldest paper of a task; of any task if none is given."""
    return next(paper.train for paper in PAPERS.values() if task in (None, paper.task))


def of_task(task: str) -> tuple[str, ...]:
    """The folders of all papers of a task, oldest first."""
    return tuple(folder for folder, paper in PAPERS.items() if paper.task == task)
