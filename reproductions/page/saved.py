"""The whole page as one HTML file: its style and its modules inside it, its data to be put in by the browser."""

import html
import re
from pathlib import Path

KEPT = '<script type="application/json" id="kept">null</script>'
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+\.js)";\n', re.M)
_EXPORT = re.compile(r"^export (?=async |function |const |class )", re.M)


def page(static: Path) -> str:
    """index.html with style.css and main.js, with all that it imports, written into it."""
    text = (static / "index.html").read_text(encoding="utf-8")
    style = (static / "style.css").read_text(encoding="utf-8")
    policy = f'<meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY)}">'
    replaced = {
        '<link rel="stylesheet" href="style.css">': f"{policy}\n<style>\n{style}</style>",
        '<script type="module" src="main.js"></script>': f'{KEPT}\n<script type="module">\n{one_script(static)}</script>',
    }
    for old, new in replaced.items():
        if text.count(old) != 1:
            raise ValueError(f"index.html must hold {old!r} once")
        text = text.replace(old, new)
    return text


def one_script(static: Path, main: str = "main.js") -> str:
    """The modules in one, each after those that it imports; their names must differ, which a test checks."""
    parts: dict[str, str] = {}

    def add(name: str) -> None:
        if name in parts:
            return
        parts[name] = ""
        source = (static / name).read_text(encoding="utf-8")
        for other in _IMPORT.findall(source):
            add(other)
        body = _EXPORT.sub("", _IMPORT.sub("", source)).strip()
        parts[name] = parts.pop(name) or body

    add(main)
    return "\n\n".join(parts.values()) + "\n"
