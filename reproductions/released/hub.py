"""Released runs on Hugging Face, under names such as ``OWNER/NAME``, or ``OWNER/NAME@REVISION`` to read an earlier one.

Its library is imported when a name asks for it, and reads HF_ENDPOINT, HF_TOKEN and HF_HOME as everywhere.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data.errors import UserError

READ = (
    "*.yaml",
    "*.json",
    "*.jsonl",
    "*.safetensors",
    "*.md",
)  # of a repository; nothing else belongs to a released run


def download(name: str) -> Path:
    """The folder of a released run, from the hub or from what was downloaded before; raises UserError if it has none."""
    repository, _, revision = name.partition("@")
    with _asking(f"hf:{name} cannot be read", "is it spelled OWNER/NAME, and is there a network?") as hub:
        return Path(hub.snapshot_download(repository, revision=revision or None, allow_patterns=list(READ)))


def upload(folder: Path, name: str, private: bool) -> str:
    """Make the repository unless it exists, put a released run into it in one commit, and return its address.

    Raises UserError if the hub refuses.
    """
    with _asking(f"{folder} cannot be published as {name}", "`hf auth login` stores a token that may write") as hub:
        api = hub.HfApi()
        address = api.create_repo(name, private=private, exist_ok=True)
        api.upload_folder(repo_id=name, folder_path=folder, commit_message="A released run", allow_patterns=list(READ))
        return str(address)


@contextmanager
def _asking(failed: str, advice: str) -> Iterator[Any]:
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
