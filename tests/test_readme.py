"""What the documents promise is there."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PAPER = ROOT / "reproductions/bahdanau2014/README.md"
ROWS = re.findall(r"^\| ([^|]+) \| (reproductions/\S+\.py) \| `(.+)` \|$", PAPER.read_text(encoding="utf-8"), re.M)


@pytest.mark.parametrize(("equation", "file", "text"), ROWS)
def test_every_equation_stands_where_the_table_says(equation, file, text):
    assert text in (ROOT / file).read_text(encoding="utf-8"), equation


def test_the_table_of_equations_was_found():
    assert len(ROWS) >= 9


def test_every_make_target_of_the_readme_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"make ([a-z][a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert len(targets) > 8
    for target in targets:
        assert re.search(rf"^{target}:.*## ", makefile, re.M), target


@pytest.mark.parametrize("path", sorted(ROOT.glob("configs/*/*.yaml")), ids=lambda path: path.stem)
def test_every_config_says_how_to_run_it_and_fits_its_constructor(path):
    from reproductions.bahdanau2014.model import Network
    from reproductions.bahdanau2014.training import Bahdanau2014, Recipe
    from reproductions.translation import Search

    text = path.read_text(encoding="utf-8")
    assert text.startswith("# RNN") and re.search(r"#     make train-", text) and "@RESULT@" not in text
    settings = yaml.safe_load(text)["model"]["init_args"]
    network = Network(**settings["network"] | {"hidden": 8, "embedding": 6, "maxout": 6, "alignment": 4})
    Bahdanau2014(20, 20, network=network, recipe=Recipe(**settings["recipe"]), search=Search(**settings["search"]))
