"""What a run wrote down - records, scores, lines - read again, and held against what it says or said at another time."""

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from reproductions.evaluation.records import load
from reproductions.evaluation.records.caption import CaptionedImage
from reproductions.evaluation.records.image import AttendedImage
from reproductions.evaluation.records.sentence import ReadSentence, SelfAttended
from reproductions.evaluation.records.translation import AlignedTranslation, Translated
from reproductions.runs import SCORES, Run

RECORDS = {kind.KIND: kind for kind in (AlignedTranslation, Translated, AttendedImage, CaptionedImage, ReadSentence,
                                        SelfAttended)}  # fmt: skip
SPEED = "_per_s"  # what a score of speed ends in
CLOSE, LAST_DIGIT = 3e-4, 1.5e-4  # relative, for other processors; absolute, for what was rounded to four decimals
RESAMPLED, LOOSE = "first minus this", 0.02  # differences with a p-value, which a tie that rounding breaks may move


def records(path: Path) -> list[Any]:
    """The records of a file, or its lines where they are of no kind."""
    kind = json.loads(path.read_text(encoding="utf-8").partition("\n")[0]).get("kind")
    return lines(path) if kind is None else load(path, RECORDS[kind])


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def differences(older: Any, new: Any, rel: float = CLOSE, place: str = "") -> list[str]:
    """One sentence for each place where two records, or two values from JSON, differ by more than rounding.

    Speeds and version numbers are not compared.
    """
    if isinstance(older, tuple(RECORDS.values())):
        older, new = vars(older), vars(new)  # the same class, for both are of one file
    if isinstance(older, np.ndarray):
        older, new = older.tolist(), new.tolist()
    if isinstance(older, dict) and isinstance(new, dict) and older.keys() == new.keys():
        pairs = [(f"{place}.{key}", older[key], new[key]) for key in older if not key.endswith(SPEED)]
    elif isinstance(older, (list, tuple)) and isinstance(new, (list, tuple)) and len(older) == len(new):
        pairs = [(f"{place}[{i}]", *both) for i, both in enumerate(zip(older, new, strict=True))]
    else:
        return [] if _alike(older, new, rel) else [f"{place}: expected {older!r}, found {new!r}"]
    return [found for where, one, other in pairs
            for found in differences(one, other, LOOSE if RESAMPLED in where else rel, where)]  # fmt: skip


def _alike(older: Any, new: Any, rel: float) -> bool:
    if isinstance(older, float) and isinstance(new, float):
        return math.isclose(older, new, rel_tol=rel, abs_tol=LAST_DIGIT)
    if isinstance(older, str) and isinstance(new, str):
        return re.sub(r"version:\S+", "", older) == re.sub(r"version:\S+", "", new)
    return bool(type(older) is type(new) and older == new)


def answers_again(model: Any, record: Any) -> bool:
    """Whether the record is one of an answer; the model must give the same one."""
    match record:
        case Translated():
            assert model.translate(record.source)[0].hypothesis == record.hypothesis
        case AttendedImage():
            again = model.look(Image.fromarray(record.pixels), record.name)
            assert again.predicted == record.predicted
            assert differences(record.probabilities, again.probabilities) == []
            if record.view == "attention rollout without identity · 2 layers":
                assert again.view == "gradient-weighted rollout · 2 layers"
            else:
                assert again.view == record.view and differences(record.map, again.map) == []
        case CaptionedImage(forced=False):
            words, maps = model.caption(record.pixels)
            assert words == record.words and differences(record.maps, maps) == []
            assert differences(record.maps, model.follow(record.pixels, record.words)) == []
        case ReadSentence():
            again, _ = model.read(" ".join(record.words[:-1]))
            assert differences(record.surprisal, again.surprisal) == []
        case SelfAttended():
            _, again = model.read(" ".join(record.source))
            assert differences(record.weights, again.weights) == []
            return False
        case _:
            return False
    return True


def scored(folder: Path, scores: dict[str, Any]) -> Run:
    """A run that was tested with these scores, and has nothing else."""
    (folder / "evaluation").mkdir(parents=True)
    (folder / SCORES).write_text(json.dumps(scores), encoding="utf-8")
    return Run(folder)
