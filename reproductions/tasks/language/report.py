"""What a report says of a language model."""

from collections.abc import Iterator, Mapping
from typing import Any

from data import stored
from data.stored import NUMBER, TEXT, WHOLE
from data.words import join
from reproductions.reports import Section, fixed, percent
from reproductions.runs import SCORES, Run
from reproductions.tasks.report.parts import Example, of_examples

KIND, ANSWERS, TOKENIZER = "sentences", "read.jsonl", "language"
COLUMNS = {
    "perplexity": ("perplexity", 3),
    "agreement": ("agreement", 4),
    "agreement_misled": ("agreement where misled", 4),
}
PICTURES = {"": "The sentence attends to itself"}
READING = (
    "Each row is a word that the model has read, each column a word before it: the stronger the blue, the more of that word’s "
    "state it used. A large weight says where a model read, not why it predicts what it predicts."
)


def learned(scores: Mapping[str, Any]) -> str:
    """How well it predicts the words of a split, and how often it prefers the right form where forms must agree."""
    text = f"predicts each word of {of_examples(scores, KIND)} as if it chose among {fixed(scores.get('perplexity'))} "
    text += "equally likely ones (perplexity)."
    if scores.get("agreement") is not None:
        text += f' It prefers the right form of "be" to the wrong one {percent(scores["agreement"], 0)} times in 100.'
    return text


def example(where: str, line: Mapping[str, Any]) -> Example:
    """A sentence with the word that surprised the model most."""
    stored.check(line, {"words": [TEXT], "surprisal": [NUMBER]}, where)
    nats, word = max(zip(line["surprisal"], line["words"], strict=True))
    return Example(join(line["words"][:-1], "en"), {"most surprising word": f"{word}, {nats:.1f} nats"})


def sections(run: Run) -> Iterator[Section]:
    """Agreement over all splits, because each has few hard cases."""
    counts = [scores["agreements"] for scores in run.scores.values() if "agreements" in scores]
    stored.check(counts, [dict.fromkeys(("right", "of", "misled_right", "misled"), WHOLE)], run.folder / SCORES)
    total = {name: sum(count[name] for count in counts) for name in counts[0]} if counts else {"of": 0}
    if total["of"]:
        yield Section("Agreement", [
            f'Over all splits it prefers {total["right"]:,} of {total["of"]:,} forms of "be" to the wrong number; '
            f"{total['misled_right']} of {total['misled']} where the last noun before has the other number."
        ])  # fmt: skip
