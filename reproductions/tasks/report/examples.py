"""The sentences or images that a report shows."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from data import stored
from data.stored import WHOLE
from data.tokenizers import load_tokenizer
from data.words import printed
from reproductions.reports import Picture
from reproductions.runs import Run
from reproductions.tasks.report.parts import Example

FEW = 8  # the first examples of a split, which are shown in any case


def tested(run: Run, task: Any, split: str) -> Iterator[Example]:
    """The first few examples of a split, and those that a test has drawn."""
    folder, language = run.evaluation(split), run.data.get("target_language")
    tokenizer = load_tokenizer(run.folder / "tokenizers", task.TOKENIZER) if task.TOKENIZER else None
    drawn = {int(match[1]) for path in folder.glob("*.png") if (match := re.match(rf"{split}-(\d+)\b", path.name))}
    for place, (where, line) in enumerate(stored.lines(run.tested(split, task.ANSWERS))):
        stored.check(line, {"index": WHOLE}, where)
        index = line["index"]
        if index in drawn or place < FEW:
            named = {folder / f"{split}-{index}{end}.png": caption for end, caption in task.PICTURES.items()}
            pictures = [Picture(path, index, caption) for path, caption in named.items() if path.is_file()]
            example = task.example(where, line)
            says = {name: printed(text, language) for name, text in example.says.items()}
            example = replace(example, says=says, pictures=pictures)
            if tokenizer is not None:
                words = tokenizer.surface(example.title).words
                unknown = dict.fromkeys(words[place] for place in tokenizer.unknown(example.title))
                example = replace(example, unknown=list(unknown))
            yield example


def followed(run: Run) -> Iterator[Example]:
    """The examples that validations have drawn, at the latest step."""
    for folder in sorted((run.folder / "pictures").glob("*-*/")):
        split, _, index = folder.name.partition("-")
        if drawn := sorted(folder.glob("step-*.png")):
            step = int(drawn[-1].stem.removeprefix("step-"))
            picture = Picture(drawn[-1], int(index), f"At step {step:,}")
            yield Example(f"{split.capitalize()} {index}", {}, [picture])
