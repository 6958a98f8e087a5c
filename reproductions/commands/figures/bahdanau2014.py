"""The figures of Bahdanau et al. (2014), drawn from trained runs."""

from collections.abc import Iterator
from pathlib import Path

from data import stored
from data.errors import UserError
from reproductions import runs
from reproductions.commands.figures import printed, scored
from reproductions.compare.translators import FIXED, LENGTHS, curves_by_length
from reproductions.evaluation import plots
from reproductions.evaluation.plots.style import AS_IN_2014
from reproductions.runs import Run

DRAWN = 4  # sentences of Figure 3
LIMITS = {30, 50}  # words of the longest training sentence: RNNsearch-30, RNNsearch-50


def draw(data: str | None, folder: Path) -> Iterator[Path]:
    """Draw Figure 3, which needs RNNsearch alone, and Figure 2; yields each file as it is written.

    Raises UserError naming the command to run where a run is missing.
    """
    data = data or "accord"
    search = runs.find("bahdanau2014", data, having=runs.SCORES)
    if FIXED in search.scores:
        yield from figure_3(search, folder)
    encdec = scored(
        "bahdanau2014",
        f"{data}-rnnencdec",
        f"Figure 2 compares RNNsearch with RNNencdec, and RNNencdec has no scored run on {data}: train it with "
        f"`make train-rnnencdec DATA={data}`.",
    )
    yield from figure_2([*_of_both_limits(search), *_of_both_limits(encdec)], folder)
    if FIXED not in search.scores:
        raise UserError(f"{search.folder} has no fixed sentences in its tests; Figure 3 is drawn from a run on accord.")


def _of_both_limits(run: Run) -> list[Run]:
    """The run, and the newest of its configuration with the other one of the paper's two limits of training sentences."""
    if (limit := run.data["max_words"]) not in LIMITS:
        return [run]
    alike = runs.every("bahdanau2014", run.folder.parts[-2], runs.SCORES)
    return [run, *[other for other in alike if other.data["max_words"] in LIMITS - {limit}][:1]]


def figure_2(compared: list[Run], folder: Path) -> Iterator[Path]:
    """BLEU of the generated translations against the length of the source sentence."""
    names = [run.title if len(compared) == 2 else f"{run.title}-{run.data['max_words']}" for run in compared]
    curves = curves_by_length(names, compared, LENGTHS)
    yield from printed(plots.bleu_by_length(curves), folder, "figure-2-bleu-by-length")


def figure_3(run: Run, folder: Path) -> Iterator[Path]:
    """Alignments over the model's own translations, in grey as printed; and over the references, with the gold links."""
    own, forced = ([each.printed("fr") for each in records] for records in (run.own(FIXED), run.forced(FIXED)))
    if not own or not forced:
        raise stored.damaged(run.evaluation(FIXED), "a file of alignments has none")
    yield from printed(plots.alignment_grid(own[:DRAWN], style=AS_IN_2014), folder, "figure-3-as-printed")
    yield from printed(plots.alignment_grid(forced[:DRAWN]), folder, "figure-3-with-gold")
