"""Files from Hugging Face, by its own library, which reads HF_ENDPOINT, HF_TOKEN and HF_HOME as everywhere.

It is imported when a name asks for it, and keeps what it has downloaded.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data.errors import UserError


def download(called: str, name: str, patterns: Sequence[str]) -> Path:
    """The folder with the files of a repository, ``OWNER/NAME`` or ``OWNER/NAME@REVISION``, that fit the patterns.

    ``called``: the name in an error. Raises UserError if there is no such repository, or no answer.
    """
    repository, _, revision = name.partition("@")
    with asking(f"{called} cannot be read", "is it spelled as on the hub, and is there a network?") as hub:
        return Path(hub.snapshot_download(repository, revision=revision or None, allow_patterns=list(patterns)))


@contextmanager
def asking(failed: str, advice: str) -> Iterator[Any]:
    """The library; what goes wrong with it becomes one sentence."""
    try:
        import huggingface_hub
    except ImportError:
        raise UserError(f"{failed}: huggingface_hub is not installed; `pip install huggingface_hub` does.") from None
    try:
        yield huggingface_hub
    except Exception as error:  # noqa: BLE001 - errors of its own, of its HTTP client and of the system, by version
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise UserError(f"{failed} ({said.rstrip('.')}): {advice}") from error
