"""Released runs on Hugging Face, under names such as ``OWNER/NAME``, or ``OWNER/NAME@REVISION`` to read an earlier one."""

from pathlib import Path

from data.sources import hugging_face

# Of a repository; nothing else belongs to a released run.
READ = ("*.yaml", "*.json", "*.jsonl", "*.safetensors", "*.md", "gallery/*.png")


def download(name: str) -> Path:
    """The folder of a released run, from the hub or from what was downloaded before; raises UserError if it has none."""
    return hugging_face.download(f"hf:{name}", name, READ)


def upload(folder: Path, name: str, private: bool) -> str:
    """Make the repository unless it exists, put a released run into it in one commit, and return its address.

    Raises UserError if the hub refuses.
    """
    with hugging_face.asking(
        f"{folder} cannot be published as {name}", "`hf auth login` stores a token that may write"
    ) as hub:
        api = hub.HfApi()
        address = api.create_repo(name, private=private, exist_ok=True)
        api.upload_folder(repo_id=name, folder_path=folder, commit_message="A released run", allow_patterns=list(READ))
        return str(address)
