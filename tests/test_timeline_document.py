"""docs/timeline.md: `make docs` writes what was measured, the arithmetic is right, links lead somewhere; and a new mechanism
needs its file and its line alone.
"""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from data.links import Links
from reproductions.attention import TIMELINE, Dot, in_words, over_source
from reproductions.bahdanau2014.model import Network, RNNsearch
from reproductions.bahdanau2014.training import initialise
from reproductions.evaluation.files import write_text
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.experiments import results
from reproductions.experiments.timeline import document

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / document.DOCUMENT).read_text(encoding="utf-8")
MEASURED = dict(re.findall(r"<!-- measured: (\w+) -->\n(.*?)<!-- end -->", TEXT, re.S))
RECORD = AlignedTranslation(
    ("a", "b", "</s>"), ("x", "</s>"), np.full((2, 3), 1 / 3, np.float32), "m", "v", True, "fixed", 0,
    gold=Links(frozenset({(0, 1)}), frozenset({(0, 1)})),
)  # fmt: skip
ROW = {
    "over_source": True, "year": 2014, "paper": "Somebody", "formula": "s h", "parameters": 1234, "products": 5678,
    "products_formula": "S D", "microseconds": 1.25, "bleu_seeds": [40.0, 42.0], "aer_seeds": [0.25, 0.35], "aer": 0.3,
    "right_in_order": 0.8, "right_turned": 0.4, "entropy": 0.5, "inversions": 10, "inversions_kept": 3.0,
    "difference": -2.0, "real": False, "record": RECORD.to_json(),
}  # fmt: skip
FOUND = {
    "sizes": {"window": 7}, "corpus": "accord", "test": 500, "steps": 1200, "seeds": [1, 2], "machine": "cpu",
    "diagonal_aer": 0.406, "noise": 3.1,
    "rows": [*(ROW | {"name": name} for name in over_source()), {"name": "intra", "over_source": False}],
}  # fmt: skip


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("name", MEASURED)
def test_the_row_of_a_kind_has_the_numbers_of_the_table_of_all(name):
    of_kind, _, row, *_ = MEASURED[name].splitlines()
    mine = dict(zip(cells(of_kind), cells(row), strict=True))
    table = re.search(r"<!-- table: -->\n(.*?)<!-- end -->", TEXT, re.S)[1].splitlines()
    (all_of_it,) = [line for line in table if f"| {in_words(name)} |" in line]
    theirs = dict(zip(cells(table[0]), cells(all_of_it), strict=True))
    assert all(theirs[column] == mine[column] for column in ("BLEU", "against additive", "turned pairs followed"))
    assert theirs["AER"].removesuffix(" %") == mine["AER"].split()[0]


@pytest.mark.parametrize("name", TIMELINE)
def test_make_docs_gives_every_kind_its_file_and_its_numbers(name):
    """Also the one that was added a minute ago, about which nobody has written."""
    text = document.refreshed(TEXT, FOUND, None)
    assert f"](../{document._file(name)})" in text
    assert (name in over_source()) == bool(re.search(rf'src="pictures/timeline/{name}.png"', text))


ADDED = """
from importlib import import_module
from reproductions import attention
attention.__path__.append(FOLDER)
attention.TIMELINE["newest"] = import_module("reproductions.attention.newest").Newest
"""
NEWEST = '''
"""A mechanism of tomorrow."""

from torch import Tensor

from reproductions.attention.base import Attention


class Newest(Attention):
    """The negative dot product: far is near."""

    paper = "Nobody"
    year = 2099
    formula = "-sᵀ h"
    products = "S D"
    equal_widths = True

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        return -query @ keys.mT
'''


def test_a_new_mechanism_passes_what_the_tests_demand_of_one_with_its_file_and_its_line_alone(tmp_path):
    """The line is written before the tests begin, so that all that run over the registry run over it."""
    write_text(tmp_path / "attention" / "newest.py", NEWEST)
    write_text(tmp_path / "added.py", ADDED.replace("FOLDER", repr(str(tmp_path / "attention"))))
    suites = [f"tests/test_{name}.py" for name in ("attention", "every_translator", "timeline", "timeline_document")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "added", "-p", "no:cacheprovider", "-n", "0", "-rA", *suites, "-k",
         "newest or listed or in_order_of_year_and_names or once_and_budgets"],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True, text=True,
    )  # fmt: skip
    passed = [line for line in done.stdout.splitlines() if line.startswith("PASSED") and "newest" in line]
    assert done.returncode == 0 and len(passed) >= 20, done.stdout
    assert any("test_make_docs_gives" in line for line in passed)


def test_a_kind_that_nobody_has_written_about_gets_a_section(monkeypatch):
    class Other(Dot):
        """Like dot."""

    Other.__module__ = "reproductions.attention.elsewhere"
    monkeypatch.setitem(TIMELINE, "an_other", Other)
    text = document.refreshed(TEXT, FOUND, None)
    section = text[text.index("### An other") :]
    for part in (
        "Like dot. Luong, Pham and Manning (2015)",
        "](../reproductions/attention/elsewhere.py)",
        document.NOT_YET,
    ):
        assert part in section
    assert document.refreshed(text, FOUND, None) == text


def test_before_its_first_step_an_unscaled_product_points_more_than_a_scaled_one():
    """As docs/timeline.md says: the largest of 15 weights, on average, of the timeline's translator."""
    largest = {}
    for name in ("dot", "scaled_dot"):
        torch.manual_seed(1)
        model = RNNsearch(99, 99, Network(hidden=128, embedding=96, maxout=128, alignment=128, attention=name)).eval()
        initialise(model, "unit")
        words = torch.randint(3, 99, (2, 32, 15), generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            maps = model.features(words[0], torch.ones(32, 15, dtype=torch.bool), words[1])[1]
        largest[name] = maps.amax(-1).mean().item()
    assert largest == pytest.approx({"dot": 0.29, "scaled_dot": 0.08}, abs=0.02)


def test_the_arithmetic_of_the_document_is_right():
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    names = {}
    for block in blocks:
        exec(block, names)
    torch.testing.assert_close(names["scores"], torch.tensor([2 * np.log(3), 0.0]).float())
    torch.testing.assert_close(names["scaled"], torch.tensor([np.log(3), 0.0]).float())
    torch.testing.assert_close(names["weights"], torch.tensor([3 / 4, 1 / 4]))
    torch.testing.assert_close(names["context"], torch.tensor([3.0, 2.0]))


def test_links_and_pictures_lead_somewhere_and_code_is_in_its_file():
    folder = (ROOT / document.DOCUMENT).parent
    anchors = {
        re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in re.findall(r"^#+ (.*)$", TEXT, re.M)
    }
    links = [*re.findall(r"\]\(([^)]+)\)", TEXT), *re.findall(r'src="([^"]+)"', TEXT)]
    assert len(links) > 15
    for link in links:
        file, _, anchor = link.partition("#")
        assert (folder / file).exists() if file else anchor in anchors, link
    for picture in (folder / document.PICTURES).glob("*.png"):
        assert picture.stat().st_size < 100_000, picture
    code = re.findall(r"((?:`[\w.]+`(?:, )?)+) in\s\[`\w+\.py`\]\(([^)]+)\)", TEXT)
    assert len(code) >= len(TIMELINE)
    for names, file in code:
        defined = {node.name for node in ast.walk(ast.parse((folder / file).read_text())) if hasattr(node, "name")}
        assert set(re.findall(r"\w+", names)) <= defined, f"{names} in {file}"


def test_the_document_has_the_numbers_of_the_file():
    claimed = results.read(ROOT / results.FILE)["timeline"]
    assert document.refreshed(TEXT, claimed, None) == TEXT, "`make results ARGS=--untrained` writes it"
    row = next(row for row in claimed["rows"] if row["name"] == "hard")
    row["bleu_seeds"][0] += 1
    assert document.refreshed(TEXT, claimed, None) != TEXT


def test_numbers_and_pictures_come_from_the_timeline(tmp_path):
    path = write_text(tmp_path / document.DOCUMENT, TEXT)
    document.write(path, FOUND, None)
    text = path.read_text(encoding="utf-8")
    measured = re.search(r"<!-- measured: general -->\n(.*?)<!-- end -->", text, re.S)[1]
    assert cells(measured.splitlines()[2]) == [
        "41.0 (40.0 to 42.0)", "−2.0, within noise", "30.0 (25.0 to 35.0) %", "80 %", "40 %", "30 %", "0.50", "1,234",
        "S D = 5,678", "1.2 µs",
    ]  # fmt: skip
    assert (path.parent / re.search(r'src="([^"]+)"', measured)[1]).is_file()
    table = re.search(r"<!-- table: -->\n(.*?)<!-- end -->", text, re.S)[1]
    assert table.count("\n| 2014 |") == len(over_source()) and "40.6 %" in table and "D = 7" in table
    assert "step 2,800" in text, "the Transformer is not there, and what was seen of it stays"
    assert "The picture is of m: v." in document.refreshed(text, FOUND, RECORD)
