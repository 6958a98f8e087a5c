"""Which YAML file configures a paper, corpus and variant."""

from pathlib import Path

from data.errors import UserError

CONFIGS = Path("configs")
EMBEDDED = ("accord", "shapes", "captions")  # the corpora that need no download; a paper has one of them


def config_of(paper: str, data: str | None, variant: str) -> Path:
    """The YAML file of a paper, corpus and variant. Paths use ``own.yaml``; without data, the embedded corpus is used.

    Raises UserError listing what there is.
    """
    folder, path = CONFIGS / paper, config_path(paper, data, variant)
    if path.is_file():
        return path
    if not folder.is_dir():
        papers = sorted(path.name for path in CONFIGS.iterdir() if path.is_dir()) if CONFIGS.is_dir() else []
        raise UserError(
            f"There is no paper {paper!r} under {CONFIGS.resolve()}; there are: {', '.join(papers) or 'none'}."
        )
    configs = sorted(path.stem for path in folder.glob("*.yaml"))
    hint = (
        "" if data and is_path(data) else " Name files or a folder of your own by a path with a slash or a dot in it."
    )
    raise UserError(f"There is no {path}; {folder} has: {', '.join(configs)}.{hint}")


def config_path(paper: str, data: str | None, variant: str) -> Path:
    """Where the file of :func:`config_of` would lie."""
    folder = CONFIGS / paper
    corpus = data or next((name for name in EMBEDDED if (folder / f"{name}.yaml").is_file()), EMBEDDED[0])
    if not (folder / f"{corpus}.yaml").is_file() and is_path(corpus):
        corpus = "own"
    return folder / f"{'-'.join(part for part in (corpus, variant) if part)}.yaml"


def is_path(corpus: str) -> bool:
    """Whether it looks like a path of the user's rather than the name of a corpus."""
    return "." in corpus or "/" in corpus or Path(corpus).is_dir()
