"""The five steps as text for a terminal."""

from textwrap import wrap

from reproductions.explain.narration import keys, narrate
from reproductions.explain.steps import Steps

LONGEST = 12  # letters of a word in the table of keys
WIDEST = 110  # columns of text
ASCII = str.maketrans({
    "“": '"', "”": '"', "−": "-", "×": "x", "÷": "/", "√": "sqrt ", "ᵀ": "^T", "·": ".", "…": "...", "′": "'", "’": "'", "█": "#",
})  # fmt: skip


def text(steps: Steps, columns: int = 100, unicode: bool = True) -> str:
    """All steps, for a terminal of so many columns, with letters beyond ASCII or without."""
    columns = max(40, min(columns, WIDEST))
    header = f"Followed: “{steps.word}”, query {steps.followed + 1} of {len(steps.queries)}"
    lines = [*_wrapped(steps.unknown, columns), *_wrapped(steps.where, columns), header]
    for place, step in enumerate(narrate(steps), start=1):
        lines += ["", f"{place}  {step.title}"]
        lines += _wrapped(step.formula, columns, "   ") + _wrapped(step.says, columns, "   ")
        lines += _wrapped(step.worked, columns, "   > ")
        if place == 4:
            lines += _table(steps, columns)
    lines += ["", *(line for note in steps.notes for line in _wrapped(note, columns))]
    whole = "\n".join(lines) + "\n"
    return whole if unicode else whole.translate(ASCII).encode("ascii", "replace").decode()


def _table(steps: Steps, columns: int) -> list[str]:
    """Steps 2 to 4 of the followed query, one line per key, with its weight as a bar."""
    longest = max(8, min(40, columns - LONGEST - 34))
    lines = [f"   {'key':<{LONGEST}}{'q · k':>9}{f'÷ √{steps.d_k}':>9}{'weight':>9}"]
    for key in keys(steps):
        numbers = f"   {key.word[:LONGEST]:<{LONGEST}}{key.score:>9}{key.scaled:>9}{key.weight:>9}"
        lines.append(f"{numbers}  {'█' * round(longest * key.share)}".rstrip())
    return lines


def _wrapped(line: str, columns: int, indent: str = "") -> list[str]:
    """A line broken at spaces, with a hanging indent."""
    return wrap(
        line, columns, initial_indent=indent, subsequent_indent=" " * len(indent),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
