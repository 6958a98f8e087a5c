"""Published weights, offered beside the runs: fetched by a thread of their own when they are first asked for, then kept."""

import time
from pathlib import Path
from threading import Thread
from typing import Any

from starlette.exceptions import HTTPException

from data.errors import UserError
from reproductions.papers import PAPERS
from reproductions.tasks.images.pretrained import pretrained
from reproductions.tasks.images.trained import TrainedClassifier
from reproductions.vit2021 import weights

SOURCE = "torchvision:vit_b_16"  # the only one, so that one large model is in memory at most
TITLE = "ViT-B/16"
AGAIN = 1  # seconds after which a browser may ask again


class Published:
    """The classifier of published weights, which is asked for by one thread at a time."""

    def __init__(self) -> None:
        self._fetching: Fetching | None = None

    def classifier(self) -> TrainedClassifier:
        """The classifier, at once: the first question begins to fetch it.

        Raises HTTPException 503 until it is there, and UserError, once, where it could not be had; then it is fetched anew.
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
    """Fetches and builds the classifier; ends with ``classifier``, or with an ``error``."""

    def __init__(self) -> None:
        super().__init__(daemon=True)  # a page that is ended does not wait for it
        self.classifier: TrainedClassifier | None = None
        self.error = UserError(f"{SOURCE} could not be opened; the reason stands in the window that the page runs in.")
        self._began = time.time()

    def run(self) -> None:
        try:
            self.classifier = pretrained(SOURCE)
        except UserError as error:
            self.error = error

    @property
    def state(self) -> str:
        """What it does, in a sentence."""
        known = weights.published(SOURCE)
        kept, whole = weights.kept_at(known), known.meta["_file_size"]
        if kept.is_file():
            return f"The published weights of {TITLE} are being read."
        here = self._arrived(kept) / 2**20
        return f"The published weights of {TITLE} are being fetched, this once: {here:.0f} of {whole:.0f} MiB."

    def _arrived(self, kept: Path) -> int:
        """How many bytes lie beside the file that torch hub will make of them."""
        try:
            begun = [path.stat() for path in kept.parent.glob(f"{kept.name}.*.partial")]
        except OSError:  # it became that file just now
            return 0
        return max((one.st_size for one in begun if one.st_mtime >= self._began), default=0)


def offered() -> list[dict[str, Any]]:
    """What can be asked for, as the page lists it beside runs; ``fetched``: it is on this machine already."""
    known = weights.published(SOURCE)
    paper = PAPERS["vit2021"]
    return [
        {
            "name": SOURCE,
            "title": TITLE,
            "year": paper.year,
            "authors": paper.authors,
            "parameters": known.meta["num_params"],
            "mebibytes": round(known.meta["_file_size"]),
            "fetched": weights.kept_at(known).is_file(),
        }
    ]
