"""The five steps as text for a terminal, in shades where it has colours."""

import numpy as np

from reproductions.explain.steps import Matrix, Steps

SHADES = " ░▒▓█"
SHOWN = 6  # numbers of a vector, and keys of a list
LONGEST = 12  # letters of a word


def text(steps: Steps) -> str:
    """All steps; the followed query's numbers in full."""
    t, (first, *others) = steps.followed, steps.said
    lines = [steps.where, f"Followed: “{steps.word}”, query {t + 1} of {len(steps.queries)}", *_heading(1, first)]
    given = [("q", steps.word, steps.Q[t]), *(("k", *pair) for pair in zip(steps.keys, steps.K, strict=True))]
    given += [("v", *pair) for pair in zip(steps.keys, steps.V, strict=True)]
    lines += [f"  {name} {word[:LONGEST]:<{LONGEST}} {_vector(vector)}" for name, word, vector in given]
    for number, (step, row) in enumerate(zip(others[:2], (steps.scores, steps.scaled), strict=True), start=2):
        lines += [*_heading(number, step), *_list(steps, row[t])]
    lines += [*_heading(4, others[2]), *_list(steps, steps.weights[t], bars=True), "", *_grid(steps)]
    lines += [*_heading(5, others[3]), f"  context of “{steps.word}”: {_vector(steps.context[t])}"]
    return "\n".join(lines) + "\n"


def _heading(number: int, step: tuple[str, str, str]) -> list[str]:
    title, formula, says = step
    return ["", f"{number}  {title}    {formula}", f"   {says}"]


def _vector(vector: Matrix) -> str:
    shown = " ".join(f"{x:6.2f}" for x in vector[:SHOWN])
    return f"[{shown}{' ...' if len(vector) > SHOWN else ''}]"


def _list(steps: Steps, row: Matrix, bars: bool = False) -> list[str]:
    """A row of a matrix, a key a line in the order of the sentence."""
    lines = []
    for s, word in enumerate(steps.keys):
        value = f"{row[s]:8.3f}" if steps.mask[steps.followed, s] else "  hidden"
        lines.append(f"  {word[:LONGEST]:<{LONGEST}}{value}{'  ' + '█' * round(40 * row[s]) if bars else ''}".rstrip())
    return lines


def _grid(steps: Steps) -> list[str]:
    """All weights as shades: a row a query, a column a key."""
    marks = np.minimum((steps.weights * len(SHADES)).astype(int), len(SHADES) - 1)
    lines = [f"  all weights, from {SHADES[1]} (a fifth) to {SHADES[-1]}; columns are: {' '.join(steps.keys)}"]
    for t, word in enumerate(steps.queries):
        arrow = "→" if t == steps.followed else " "
        lines.append(f"{arrow} {word[:LONGEST]:<{LONGEST}}|{''.join(2 * SHADES[mark] for mark in marks[t])}|")
    return lines
