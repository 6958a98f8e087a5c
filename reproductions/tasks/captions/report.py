"""What a report says of a captioner."""

from collections.abc import Iterator, Mapping
from typing import Any

from data import stored
from data.stored import MEASURE, TEXT, WHOLE
from reproductions.evaluation.measures.captions import OF_OBJECTS
from reproductions.reports import Picture, Section, fixed, percent
from reproductions.runs import SCORES, Run
from reproductions.tasks.report.parts import Example, interval, of_examples

KIND, ANSWERS, TOKENIZER = "images", "captions.jsonl", None
COLUMNS = {
    "bleu": ("BLEU", 2),
    "true": ("wholly true", 3),
    "shape": ("shapes", 3),
    "colour": ("colours", 3),
    "texture": ("textures", 3),
    "count": ("counts", 3),
    "relation": ("relations", 3),
    "relation_vertical": ("above, below", 3),
    "relation_horizontal": ("left, right", 3),
    "perplexity": ("perplexity", 2),
}
PICTURES = {
    "-own": "Where it looks before each word of its own caption",
    "-forced": "Before each word of a true caption",
}
READING = (
    "The lighter a place, the more the model looked there before it wrote the word above. A large weight says where a model "
    "looked, not why it wrote what it wrote."
)
MEASURES = {"pointing": "highest on object", "energy": "map on object", "auroc": "AUROC"}
LOCALISATION = {"words": WHOLE, "localisation": {"*": {"*": {"*": [MEASURE]}}}}


def learned(scores: Mapping[str, Any]) -> str:
    """How many captions of a split are wholly true, and whether it looks at what it writes about."""
    text = f"writes a wholly true caption for {percent(scores.get('true'))} % of {of_examples(scores, KIND)} "
    text += f"(BLEU {fixed(scores.get('bleu'))})."
    if scores.get("attention/auroc") is not None:  # some word of a caption is true
        text += " While it writes a word about an object, it looks there "
        text += f"{fixed(scores.get('attention/energy_gain'))} times as much as chance "
        text += f"(AUROC {fixed(scores['attention/auroc'], 3)})."
    return text


def example(where: str, line: Mapping[str, Any]) -> Example:
    """An image with its caption, and with what is true of it."""
    stored.check(line, {"caption": TEXT, "true": (bool,), "references": [TEXT]}, where)
    says = {"its caption": f"{line['caption']}{', which is true' if line['true'] else ''}"}
    if not line["true"]:
        says["a true caption"] = line["references"][0]
    return Example(f"Image {line['index']}: {line['caption']}", says, right=line["true"])


def sections(run: Run) -> Iterator[Section]:
    """Whether it states relations better than a constant, and where it looks before each kind of word, beside controls."""
    for split, scores in run.scores.items():
        if "relation_beside" in scores:  # some image of the split has two groups, and the run is not an older one
            stored.check(scores, {"relation": MEASURE, "relation_beside": MEASURE}, run.folder / SCORES)
            yield Section("Relations", [
                f"Of the relations in {split}, {percent(scores['relation'])} % are stated correctly. Captions with the right "
                f"phrases that always say “beside” would have {percent(scores['relation_beside'])} %: it holds for every left "
                "and right, and for no above and below."
            ])  # fmt: skip
        if "localisation" not in scores:  # no word of a caption was true
            continue
        stored.check(scores, LOCALISATION, run.folder / SCORES)
        (_, shown), *controls = scores["localisation"].items()
        rows = {
            "all words": shown["all"],
            **{f"words of {role}": shown[role] for role in OF_OBJECTS if shown.get(role)},
        }
        rows |= {name: groups["all"] for name, groups in controls}
        drawn = {
            "localisation": "The maps beside controls, over all words",
            "words": "Before each kind of word",
        }
        paths = {run.evaluation(split, f"{name}.png"): caption for name, caption in drawn.items()}
        yield Section(
            "Where it looks",
            [
                f"Before the {scores['words']:,} words of its own captions of {split} that say something true of an object."
            ],
            ["", *MEASURES.values()],
            [[name, *(interval(row.get(measure)) for measure in MEASURES)] for name, row in rows.items()],
            "In parentheses: 95 % bootstrap interval. Below the maps before each kind of word are controls.",
            [Picture(path, None, caption) for path, caption in paths.items() if path.is_file()],
        )
