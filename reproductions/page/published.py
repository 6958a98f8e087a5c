"""Published weights, offered beside the runs: a thread downloads them at the first question."""

from threading import Thread
from typing import Any

from starlette.exceptions import HTTPException

from data.errors import UserError
from data.sources.download import part_of
from reproductions.papers import PAPERS
from reproductions.tasks.images.pretrained import pretrained
from reproductions.tasks.images.trained import TrainedClassifier
from reproductions.vit2021 import weights

SOURCE = "torchvision:vit_b_16"  # the only one, so that at most one large model is in memory
TITLE = "ViT-B/16"
AGAIN = 1  # seconds after which a browser may ask again


class Published:
    """The classifier with published weights; for one thread at a time."""

    def __init__(self) -> None:
        self._fetching: Fetching | None = None

    def classifier(self) -> TrainedClassifier:
        """The classifier, without waiting: the first call starts the download.

        Raises HTTPException 503 until it is there, and UserError if the download failed; the next call tries again.
        """
        if self._fetching is None:
            self._fetching = Fetching()
            self._fetching.start()
        if self._fetching.is_alive():
            raise HTTPException(503, self._fetching.state, {"Retry-After": str(AGAIN)})
        if self._fetching.classifier is None:
            failed, self._fetching = self._fetching, None
            raise failed.error
        return self._fetching.classifier


class Fetching(Thread):
    """Downloads and builds the classifier; ends with ``classifier`` or with ``error``."""

    def __init__(self) -> None:
        super().__init__(daemon=True)  # the page can be stopped meanwhile
        self.classifier: TrainedClassifier | None = None
        self.error = UserError(f"{SOURCE} could not be opened; the window that the page runs in shows the reason.")

    def run(self) -> None:
        try:
            self.classifier = pretrained(SOURCE)
        except UserError as error:
            self.error = error

    @property
    def state(self) -> str:
        """Progress, in a sentence."""
        published = weights.published(SOURCE)
        kept, whole = weights.kept_at(published), published.meta["_file_size"]
        if kept.is_file():
            return f"The published weights of {TITLE} are being read."
        try:
            here = part_of(kept).stat().st_size / 2**20
        except FileNotFoundError:  # the download has not begun, or has just ended
            here = 0
        return f"The published weights of {TITLE} are being fetched, this once: {here:.0f} of {whole:.0f} MiB."


def offered() -> list[dict[str, Any]]:
    """The offer of published weights; ``fetched``: whether they are on this machine already."""
    published = weights.published(SOURCE)
    paper = PAPERS["vit2021"]
    return [
        {
            "name": SOURCE,
            "title": TITLE,
            "year": paper.year,
            "authors": paper.authors,
            "parameters": published.meta["num_params"],
            "mebibytes": round(published.meta["_file_size"]),
            "fetched": weights.kept_at(published).is_file(),
        }
    ]
