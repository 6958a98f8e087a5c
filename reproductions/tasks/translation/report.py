"""What a report says of a translator."""

from collections.abc import Iterator, Mapping
from typing import Any

from data import stored
from data.stored import MEASURE, TEXT, WHOLE
from reproductions.reports import Section, fixed, percent
from reproductions.runs import SCORES, Run
from reproductions.tasks.report.parts import Example, among, of_examples

KIND, ANSWERS, TOKENIZER = "sentences", "translations.jsonl", "source"
COLUMNS = {
    "bleu": ("BLEU", 2),
    "bleu_tokenised": ("BLEU tok. lc", 2),
    "multi_bleu": ("multi-bleu", 2),
    "chrf": ("chrF", 2),
    "perplexity": ("perplexity", 2),
    "aer": ("AER %", 1),
}
ORDER = {"aer": MEASURE, "aer_of_the_diagonal": MEASURE, "inversions": WHOLE, "inversions_kept": WHOLE}
PICTURES = {"-forced": "Over the reference translation", "-own": "Over the model’s own translation"}
READING = (
    "Each row is a target word, each column a source word: the stronger the blue, the more the model read there as it wrote the "
    "word. Boxes are gold links, solid where sure; a circle marks a row’s largest weight on a link, a cross one elsewhere. A "
    "large weight says where a model read, not why it wrote what it wrote."
)


def learned(scores: Mapping[str, Any]) -> str:
    """How well it translates the sentences of a split, and how often its attention points at a right word."""
    text = f"translates {fixed(scores.get('exact'))} % of {of_examples(scores, KIND)} exactly as the reference "
    text += f"(BLEU {fixed(scores.get('bleu'))})."
    if scores.get("aer") is not None:
        text += f" Its attention points at a right word {percent(scores.get('precision'), 0)} times in 100 "
        naive = scores.get("aer_naive")  # of a model that shows the best of several views
        text += f"(AER {percent(scores['aer'])} %{'' if naive is None else f', in the naive view {percent(naive)} %'})."
    return text


def example(where: str, line: Mapping[str, Any]) -> Example:
    """A sentence with its reference and its translation."""
    stored.check(line, {"source": TEXT, "reference": TEXT, "hypothesis": TEXT}, where)
    says = {"translation": line["hypothesis"], "reference": line["reference"]}
    if line["hypothesis"] == line["reference"]:
        says = {"translation, equal to the reference": line["reference"]}
    return Example(line["source"], says)


def chosen(views: Mapping[str, Any]) -> str:
    """How the view was chosen among all layers, heads and steps."""
    rates = sorted(scores["aer"] for scores in views["views"].values())
    return (
        f"the best of {len(rates)} layers, heads and steps on validation data, by {views['by']}. Its alignment error rate is "
        + among(rates, 1, percent=True)
    )


def sections(run: Run) -> Iterator[Section]:
    """Whether its attention follows the order of the words."""
    scores: dict[str, Any] = next(iter(run.scores.values()), {})
    if "inversions" not in scores:
        return
    stored.check(scores, ORDER, run.folder / SCORES)
    yield Section("Word order", [
        f"A diagonal, which sees no words, has an alignment error rate of {percent(scores['aer_of_the_diagonal'])} %, the shown "
        f"attention {percent(scores['aer'])} %. Of {scores['inversions']:,} neighbours whose order the reference turns round "
        f"the attention turns {scores['inversions_kept']:,}."
    ])  # fmt: skip
