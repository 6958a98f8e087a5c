"""Pieces of our own code, as they stand in their files, for documents."""

import ast
import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

ATTENTION = Path("reproductions") / "attention"


def excerpt(file: str, name: str, methods: Sequence[str] = ()) -> str:
    """A function, a class, or a class with some of its methods, without docstrings.

    Args:
        file: of reproductions/attention, without its ending.
        name: of the function or class.
        methods: of the class, in the order in which they are to stand; without any, all of it.

    Raises ValueError for what is not there.
    """
    path, module = ATTENTION / f"{file}.py", find_spec(f"reproductions.attention.{file}")
    if module is None or module.origin is None:
        raise ValueError(f"there is no {path}")
    lines = Path(module.origin).read_text(encoding="utf-8").splitlines()
    found = _named(ast.parse("\n".join(lines)), name, path)
    if not isinstance(found, ast.ClassDef) or not methods:
        return _text(lines, found)
    parts = [_text(lines, _named(found, method, path)) for method in methods]
    return "\n".join([lines[found.lineno - 1], "\n\n".join(parts)])


def _named(tree: ast.Module | ast.ClassDef, name: str, path: Path) -> ast.FunctionDef | ast.ClassDef:
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name:
            return node
    raise ValueError(f"{path} does not hold {name!r}")


def _text(lines: Sequence[str], node: ast.FunctionDef | ast.ClassDef) -> str:
    """The lines of a definition, but those of its docstring, and without remarks to the linter."""
    left_out: set[int] = set()
    for inner in ast.walk(node):
        if isinstance(inner, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(inner) is not None:
            left_out |= set(range(inner.body[0].lineno, (inner.body[0].end_lineno or 0) + 1))
    kept = [number for number in range(node.lineno, (node.end_lineno or 0) + 1) if number not in left_out]
    text = "\n".join(re.sub(r"  # noqa: \S+$", "", lines[number - 1]) for number in kept)
    return re.sub(r"^(class .*:\n)\n+", r"\1", text)
