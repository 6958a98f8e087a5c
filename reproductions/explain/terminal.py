"""The five steps as text for a terminal: numbers of the followed query, and matrices as blocks of colour where it has them."""

import os
import shutil
from dataclasses import dataclass
from typing import TextIO

import numpy as np
from matplotlib.colors import Colormap

from reproductions.evaluation.plots.style import DIFFERENCES, WEIGHTS
from reproductions.explain.steps import Matrix, Steps
from reproductions.explain.told import number, told

SHADES = " ░▒▓█"
LONGEST = 12  # letters of a word
GUTTER = LONGEST + 3  # columns before a matrix


@dataclass(frozen=True)
class Screen:
    """What the output can show: its columns, whether it has 24-bit or 256 colours, and letters beyond ASCII."""

    columns: int = 100
    colours: int = 0
    unicode: bool = True

    @classmethod
    def of(cls, stream: TextIO) -> "Screen":
        """That of a stream. NO_COLOR and a dumb terminal have none; neither has what is no terminal."""
        size = shutil.get_terminal_size((100, 40)).columns
        encoding = (getattr(stream, "encoding", None) or "ascii").lower()
        plain = not stream.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM", "dumb") == "dumb"
        deep = os.environ.get("COLORTERM", "") in ("truecolor", "24bit")
        return cls(size, 0 if plain else 2**24 if deep else 256, encoding.startswith("utf"))


PLAIN = Screen()


def text(steps: Steps, screen: Screen = PLAIN) -> str:
    """All steps, the followed query's numbers in full; without colours the vectors are left to the page."""
    t = steps.followed
    lines = [*_wrapped(steps.where, screen, ""), f"Followed: “{steps.word}”, query {t + 1} of {len(steps.queries)}"]
    for place, step in enumerate(told(steps), start=1):
        lines += [
            "",
            _bold(f"{place}  {step.title}", screen),
            *_wrapped(step.formula, screen),
            *_wrapped(step.says, screen),
        ]
        lines += _wrapped(step.worked, screen, "   > ")
        lines += {1: _vectors, 4: _weights}.get(place, _nothing)(steps, screen)
    lines += ["", *(line for note in steps.notes for line in _wrapped(note, screen, ""))]
    shown = "\n".join(lines) + "\n"
    return shown if screen.unicode else shown.translate(ASCII).encode("ascii", "replace").decode()


ASCII = str.maketrans({
    "“": '"', "”": '"', "−": "-", "×": "x", "÷": "/", "√": "sqrt ", "ᵀ": "^T", "·": ".", "…": "...", "′": "'", "█": "#", "▓": "+",
    "▒": ":", "░": ".", "▕": "|", "▏": "|", "→": ">"})  # fmt: skip


def _nothing(_: Steps, __: Screen) -> list[str]:
    return []


def _vectors(steps: Steps, screen: Screen) -> list[str]:
    """Q, K and V as blocks of colour, side by side where they fit."""
    if not screen.colours:
        return []
    width = max(1, (screen.columns - GUTTER - 4) // (2 * steps.d_k + steps.V.shape[1]))
    if width * steps.d_k + GUTTER > screen.columns:
        return ["   (the vectors are wider than this terminal; the page shows them)"]
    together = GUTTER + width * (2 * steps.d_k + steps.V.shape[1]) + 4 <= screen.columns
    named = (("Q", steps.Q, steps.queries), ("K", steps.K, steps.keys), ("V", steps.V, steps.keys))
    blocks = [[f"{name:<{matrix.shape[1] * min(width, 2)}}", *_blocks(matrix, DIFFERENCES, min(width, 2), screen)]
              for name, matrix, _ in named]  # fmt: skip
    if together and steps.queries == steps.keys:
        words = ["", *steps.keys]
        return [_label(word, i - 1 == steps.followed) + "  ".join(parts) for i, (word, *parts) in
                enumerate(zip(words, *blocks, strict=True))]  # fmt: skip
    return [
        _label(word, words is steps.queries and i - 1 == steps.followed) + part
        for (_, _, words), block in zip(named, blocks, strict=True)
        for i, (word, part) in enumerate(zip(["", *words], block, strict=True))
    ]


def _weights(steps: Steps, screen: Screen) -> list[str]:
    """The followed query's way through steps 2 to 4, a key a line; then the weights of all queries."""
    t, room = steps.followed, max(8, min(40, screen.columns - LONGEST - 34))
    lines = [f"   {'key':<{LONGEST}}{'q · k':>9}{f'÷ √{steps.d_k}':>9}{'weight':>9}"]
    for s, word in enumerate(steps.keys):
        name = f"   {word[:LONGEST]:<{LONGEST}}"
        if not steps.mask[t, s]:
            lines.append(f"{name}{number(steps.scores[t, s]):>9}   hidden        0")
            continue
        weight = steps.weights[t, s]
        row = f"{number(steps.scores[t, s]):>9}{number(steps.scaled[t, s]):>9}{number(weight, 3):>9}"
        lines.append(f"{name}{row}  {'█' * round(room * weight)}".rstrip())
    return [*lines, "", *_grid(steps, screen)]


def _grid(steps: Steps, screen: Screen) -> list[str]:
    """All weights: a row a query, a column a key, in the order of the list above."""
    if 2 * len(steps.keys) + GUTTER + 2 > screen.columns:
        return []
    if screen.colours:
        rows = _blocks(steps.weights, WEIGHTS, 2, screen)
        labels = [_label(word, t == steps.followed) for t, word in enumerate(steps.queries)]
        lines = _wrapped("all weights, 0 white to 1 dark; columns are the keys as listed", screen)
        return lines + [label + row for label, row in zip(labels, rows, strict=True)]
    marks = np.minimum((steps.weights * len(SHADES)).astype(int), len(SHADES) - 1)
    scale = f"all weights, {SHADES[1]} a fifth or more, {SHADES[-1]} four fifths; columns are the keys as listed"
    lines = _wrapped(scale, screen)
    for t, word in enumerate(steps.queries):
        lines.append(f"{_label(word, t == steps.followed)}▕{''.join(2 * SHADES[mark] for mark in marks[t])}▏")
    return lines


def _blocks(matrix: Matrix, colours: Colormap, width: int, screen: Screen) -> list[str]:
    """A row of coloured spaces for each row; signed numbers on a scale of their own, weights from 0 to 1."""
    low, top = (
        (0.0, 1.0) if colours is WEIGHTS else (-float(np.abs(matrix).max() or 1), float(np.abs(matrix).max() or 1))
    )
    shades = (np.asarray(colours((matrix - low) / (top - low)))[..., :3] * 255).round().astype(int)
    return [
        "".join(f"\x1b[48;{_code(shade.tolist(), screen)}m{' ' * width}" for shade in row) + "\x1b[0m" for row in shades
    ]


def _code(shade: list[int], screen: Screen) -> str:
    if screen.colours > 256:
        return "2;" + ";".join(map(str, shade))
    red, green, blue = (round(part / 255 * 5) for part in shade)
    return f"5;{16 + 36 * red + 6 * green + blue}"


def _label(word: str, followed: bool) -> str:
    return f"{'→' if followed else ' '}  {word[:LONGEST]:<{LONGEST}}"


def _bold(line: str, screen: Screen) -> str:
    return f"\x1b[1m{line}\x1b[0m" if screen.colours else line


def _wrapped(line: str, screen: Screen, indent: str = "   ") -> list[str]:
    """Broken at spaces; a line after the first begins below the text of the first."""
    room, lines = max(40, min(screen.columns, 110)) - len(indent), [""]
    for word in line.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return [f"{indent if place == 0 else ' ' * len(indent)}{part}" for place, part in enumerate(lines)]
