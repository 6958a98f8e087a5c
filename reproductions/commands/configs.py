"""Which YAML file configures a paper, corpus and variant."""

from pathlib import Path

from data.errors import UserError
from data.sources.corpora import CORPORA
from reproductions.papers import CONFIGS, PAPERS

EMBEDDED = ("accord", "shapes", "captions")  # the corpora that need no download; a paper has one of them


def config_of(paper: str, data: str | None, variant: str) -> Path:
    """The YAML file of a paper, corpus and variant; without data, that of the embedded corpus.

    ``own.yaml`` is that of paths, and of mixtures and corpora of sentences that have none of their own.

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
    sentences = paper in PAPERS and PAPERS[paper].task == "translation" and is_text(corpus)
    if is_path(corpus) or sentences and not [*folder.glob(f"{corpus}*.yaml")]:
        corpus = "own"
    return folder / f"{'-'.join(part for part in (corpus, variant) if part)}.yaml"


def is_text(corpus: str) -> bool:
    """Whether it names a corpus of sentence pairs, or a mixture with one."""
    return any(part.strip() in CORPORA for part in corpus.split(","))


def is_path(corpus: str) -> bool:
    """Whether it looks like a path of the user's rather than the name of a corpus."""
    return "." in corpus or "/" in corpus or Path(corpus).is_dir()
