"""Figures 2 and 3 and Table 1 of Bahdanau et al. (2014), from trained runs."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from data import stored
from data.errors import UserError
from reproductions import runs
from reproductions.commands.evaluate import answered
from reproductions.commands.figures import printed, run_of, tabulated
from reproductions.compare.translators import FIXED, curves_by_length, drawn_by_length
from reproductions.evaluation import plots
from reproductions.evaluation.plots.style import AS_IN_2014
from reproductions.reports import fixed
from reproductions.runs import Run

DRAWN = 4  # sentences of Figure 3
LIMITS = {30, 50}  # words of the longest training sentence: RNNsearch-30, RNNsearch-50
TRAINS = {"RNNencdec": "train-rnnencdec", "RNNsearch": "train-bahdanau"}  # title -> make target
LONGER = "*"  # marks the model that was trained much longer
# Table 1: BLEU on newstest2014, of all sentences and of those without unknown words.
PUBLISHED = {
    "RNNencdec-30": (13.93, 24.19),
    "RNNsearch-30": (21.50, 31.44),
    "RNNencdec-50": (17.82, 26.71),
    "RNNsearch-50": (26.75, 34.16),
    f"RNNsearch-50{LONGER}": (28.45, 36.15),
}
HEADINGS = ("model", "All", "No UNK", "may write `<unk>`", "steps", "All, paper", "No UNK, paper")


def figure_2(data: str | None, folder: Path) -> Iterator[Path]:
    """BLEU of the generated translations against the length of the source sentence."""
    data = data or "accord"
    search = run_of("bahdanau2014", data)
    encdec = run_of(
        "bahdanau2014",
        data,
        "rnnencdec",
        f"Figure 2 compares RNNsearch with RNNencdec, and RNNencdec has no scored run on {data}: train it with "
        f"`make train-rnnencdec DATA={data}`.",
    )
    compared = [*_of_both_limits(search), *_of_both_limits(encdec)]
    names = [run.title if len(compared) == 2 else _name(run) for run in compared]
    curves = curves_by_length(names, [answered(run) for run in compared], drawn_by_length(compared))
    yield from printed(plots.bleu_by_length(curves), folder, "figure-2-bleu-by-length")


def _name(run: Run) -> str:
    """As in the paper, with the limit of its training sentences: RNNsearch-50."""
    return f"{run.title}-{run.data['max_words']}"


def _of_both_limits(run: Run) -> list[Run]:
    """The run, and the newest of its configuration with the other one of the paper's two limits of training sentences."""
    if (limit := run.data["max_words"]) not in LIMITS:
        return [run]
    alike = runs.every("bahdanau2014", run.folder.parts[-2], runs.SCORES)
    return [run, *[other for other in alike if other.data["max_words"] in LIMITS - {limit}][:1]]


def figure_3(data: str | None, folder: Path) -> Iterator[Path]:
    """Alignments over the model's own translations, in grey as printed; and over the references, with the gold links."""
    run = answered(run_of("bahdanau2014", data or "accord"))
    if FIXED not in run.scores:
        raise UserError(f"{run.folder} has no fixed sentences in its tests; Figure 3 is drawn from a run on accord.")
    own, forced = ([each.printed("fr") for each in records] for records in (run.own(FIXED), run.forced(FIXED)))
    if not own or not forced:
        raise stored.damaged(run.evaluation(FIXED), "a file of alignments has none")
    yield from printed(plots.alignment_grid(own[:DRAWN], style=AS_IN_2014), folder, "figure-3-as-printed")
    yield from printed(plots.alignment_grid(forced[:DRAWN]), folder, "figure-3-with-gold")


def table_1(data: str | None, folder: Path) -> Iterator[Path]:
    """BLEU of each model and limit, of all test sentences and of those whose words the vocabularies know.

    Raises UserError with the command for each of the paper's models that has no run.
    """
    data = data or "accord"
    own = [run for run in runs.every("bahdanau2014", having=runs.SCORES, corpus=data) if run.title in TRAINS]
    named = _named(own or [run_of("bahdanau2014", data)])
    rows = [HEADINGS, *(_row(name, named.get(name)) for name in [*PUBLISHED, *(named.keys() - PUBLISHED.keys())])]
    test = next(iter(next(iter(named.values())).scores))
    notes = [
        f"Ours: split {test} of {data}, `multi_bleu` and `multi_bleu_no_unk`, of the newest run of each model and limit of words "
        f"of its training sentences; {LONGER}: of several lengths of training the longest. The paper's No UNK was decoded "
        'without `<unk>`: `make evaluate RUN=... ARGS="--model.search.forbid_unknown true"`.',
        "The paper: newstest2014, after training on WMT 14; comparable with runs on that corpus alone.",
    ]
    yield tabulated(folder, "table-1", "Table 1 of Bahdanau et al. (2014)", rows, notes)
    if lacking := [name for name in PUBLISHED if name not in named]:
        raise UserError(f"Table 1 lacks {'; '.join(_command(name, data) for name in lacking)}.")


def _named(newest_first: Sequence[Run]) -> dict[str, Run]:
    """The newest run of each model and limit; of RNNsearch-50, where runs differ in their steps, also that with the most."""
    named: dict[str, Run] = {}
    for run in newest_first:
        named.setdefault(_name(run), run)
    starred = next(reversed(PUBLISHED))
    alike = [run for run in newest_first if _name(run) == starred.removesuffix(LONGER)]
    steps = [run.summary.get("steps", 0) for run in alike]
    if len(set(steps)) > 1:
        named[starred] = alike[steps.index(max(steps))]
        named[_name(alike[0])] = next(run for run, done in zip(alike, steps, strict=True) if done < max(steps))
    return named


def _row(name: str, run: Run | None) -> list[str]:
    published = [f"{value:.2f}" for value in PUBLISHED.get(name, ())] or ["–", "–"]
    if run is None:
        return [name, "–", "–", "–", "–", *published]
    scores = next(iter(run.scores.values()))
    values = [scores.get("multi_bleu"), scores.get("multi_bleu_no_unk", scores.get("multi_bleu"))]
    forbidden = scores.get("search", {}).get("forbid_unknown", False)
    steps = f"{run.summary.get('steps', 0):,}"
    return [name, *(fixed(value, 2) for value in values), "no" if forbidden else "yes", steps, *published]


def _command(name: str, data: str) -> str:
    """A model that is missing, and what trains it."""
    title, limit = name.removesuffix(LONGER).rsplit("-", 1)
    longer = " --trainer.max_steps N" if name.endswith(LONGER) else ""
    return f'{name}: `make {TRAINS[title]} DATA={data} ARGS="--data.max_words {limit}{longer}"`'


FIGURES = (figure_2, figure_3, table_1)
