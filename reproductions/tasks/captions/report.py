"""The lines below the table of scores: where a captioner looks before each kind of word, beside controls."""

from collections.abc import Mapping
from typing import Any

from reproductions.evaluation.measures.captions import OF_OBJECTS
from reproductions.tasks.images.report import table

LOOKS = {"pointing": "highest on object", "energy": "map on object", "auroc": "AUROC"}


def notes(scores: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Of every split, with 95 % intervals; nothing of looks where no word of a caption was true."""
    lines: list[str] = []
    for split, known in scores.items():
        lines += ["", f"BLEU of {split}: {known['bleu_signature']}."]
        if "localisation" not in known:
            continue
        (_, shown), *controls = known["localisation"].items()
        rows = {"all words": shown["all"], **{f"  {role}": shown[role] for role in OF_OBJECTS if shown.get(role)}}
        rows |= {name: groups["all"] for name, groups in controls}
        heading = (
            f"Where it looks before the {known['words']:,} words of its own captions of {split} that tell something true of an "
            "object:"
        )
        lines += ["", heading, *table(rows, LOOKS)]
    return lines
