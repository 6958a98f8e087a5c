"""docs/timeline.md: its code is our code, its numbers and pictures those of docs/timeline.json, its arithmetic right, its
links lead somewhere; and a new mechanism needs its file and its line alone.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from data.errors import UserError
from data.links import Links
from reproductions.attention import TIMELINE, Dot, over_source
from reproductions.bahdanau2014.model import Network, RNNsearch
from reproductions.bahdanau2014.training import initialise
from reproductions.evaluation.files import write_text
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.experiments.timeline import document, numbers
from reproductions.experiments.timeline.excerpts import excerpt

TEXT = (document.ROOT / document.DOCUMENT).read_text(encoding="utf-8")
NUMBERS = numbers.read(document.ROOT / document.NUMBERS)
MENDS = "`make docs` mends it"
GENERATED = re.compile(r"<!-- [a-z]+:.*?<!-- end -->", re.S)

RECORD = AlignedTranslation(
    ("a", "b", "</s>"), ("x", "</s>"), np.full((2, 3), 1 / 3, np.float32), "m", "v", True, "fixed", 0,
    gold=Links(frozenset({(0, 1)}), frozenset({(0, 1)})),
)  # fmt: skip
ROW = {
    "over_source": True, "year": 2014, "paper": "Somebody", "formula": "s h", "parameters": 1234, "products": 5678,
    "products_formula": "S D", "microseconds": 1.25, "bleu_seeds": [40.0, 42.0], "bleu": 41.0, "aer_seeds": [0.25, 0.35],
    "aer": 0.3, "right_in_order": 0.8, "right_turned": 0.4, "entropy": 0.5, "inversions": 10, "inversions_kept": 3.0,
    "difference": -2.0, "real": False, "says": "Says so.", "record": RECORD.to_json(),
}  # fmt: skip
FOUND = {
    "sizes": {"window": 7},
    "corpus": "accord", "test": 500, "steps": 1200, "seeds": [1, 2], "machine": "cpu", "diagonal_aer": 0.406, "noise": 3.1,
    "rows": [*(ROW | {"name": name} for name in over_source()), {"name": "intra", "over_source": False}],
}  # fmt: skip


BLEU = re.search(r"\d\d\.\d \(\d\d\.\d to \d\d\.\d\)", TEXT)[0]  # of the first kind, over its seeds


def test_the_document_is_as_make_docs_leaves_it():
    assert document.refreshed(TEXT, NUMBERS) == TEXT, MENDS


@pytest.mark.parametrize(
    ("shown", "changed"),
    [("return query @ keys.mT", "return query @ keys"), (BLEU, "99.5 (99.4 to 99.6)"), ("step 2,800", "step 9")],
)  # fmt: skip
def test_code_and_numbers_that_were_changed_by_hand_are_put_right(shown, changed):
    stale = TEXT.replace(shown, changed, 1)
    assert stale != TEXT and document.refreshed(stale, NUMBERS) == TEXT


def test_the_pictures_are_those_that_were_drawn():
    pictures = [*(document.ROOT / document.PICTURES).glob("*.png"), document.ROOT / document.FIGURE]
    assert {path.name: numbers.digest(path) for path in pictures} == NUMBERS["pictures"], MENDS


@pytest.mark.parametrize("name", NUMBERS["kinds"])
def test_every_kind_that_was_there_has_its_equation_its_code_and_its_numbers(name):
    code = TEXT.index(f"<!-- code: {document._file(name)} ")
    assert "```math" in TEXT[TEXT.rindex("\n#", 0, code) : code]
    assert (f"<!-- measured: {name} -->" in TEXT) == (name in over_source())


@pytest.mark.parametrize("name", TIMELINE)
def test_make_docs_gives_every_kind_its_code_and_its_numbers(name):
    """Also the one that was added a minute ago, about which nobody has written."""
    text = document.refreshed(TEXT, NUMBERS | {"kinds": list(TIMELINE)})
    assert f"](../reproductions/attention/{document._file(name)}.py)" in text
    assert (f"<!-- measured: {name} -->" in text) or "Not measured yet" in text or name not in over_source()


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
    suites = [f"tests/test_{name}.py" for name in ("attention", "luong2015", "timeline", "timeline_document")]
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "added", "-p", "no:cacheprovider", "-n", "0", "-rA", *suites, "-k",
         "newest or listed or in_order_of_year_and_names or refused_with_those or as_make_docs or once_and_budgets"],
        cwd=document.ROOT, env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{document.ROOT}"},
        capture_output=True, text=True,
    )  # fmt: skip
    passed = [line for line in told.stdout.splitlines() if line.startswith("PASSED") and "newest" in line]
    assert told.returncode == 0 and len(passed) >= 20, told.stdout
    assert any("test_make_docs_gives" in line for line in passed)


def test_a_kind_that_nobody_has_written_about_gets_a_section(monkeypatch):
    class Other(Dot):
        """Like dot."""

    Other.__module__ = "reproductions.attention.elsewhere"
    monkeypatch.setitem(TIMELINE, "an_other", Other)
    monkeypatch.setattr(document, "excerpt", lambda *_: "class Other(Dot):")
    text = document.refreshed(TEXT, NUMBERS | {"kinds": list(TIMELINE)})
    section = text[text.index("### An other") :]
    for part in ("Like dot. Luong, Pham and Manning (2015)", "class Other(Dot):", "elsewhere.py", "Not measured yet"):
        assert part in section


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
    blocks = re.findall(r"```python\n(.*?)```", GENERATED.sub("", TEXT), re.S)
    names = {}
    for block in blocks:
        exec(block, names)
    torch.testing.assert_close(names["scores"], torch.tensor([2 * np.log(3), 0.0]).float())
    torch.testing.assert_close(names["scaled"], torch.tensor([np.log(3), 0.0]).float())
    torch.testing.assert_close(names["weights"], torch.tensor([3 / 4, 1 / 4]))
    torch.testing.assert_close(names["context"], torch.tensor([3.0, 2.0]))


def test_links_and_pictures_lead_somewhere():
    folder = (document.ROOT / document.DOCUMENT).parent
    anchors = {
        re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in re.findall(r"^#+ (.*)$", TEXT, re.M)
    }
    links = [*re.findall(r"\]\(([^)]+)\)", TEXT), *re.findall(r'src="([^"]+)"', TEXT)]
    assert len(links) > 15
    for link in links:
        assert link[1:] in anchors if link.startswith("#") else (folder / link).exists(), link
    for picture in (document.ROOT / document.PICTURES).glob("*.png"):
        assert picture.stat().st_size < 100_000, picture


def test_numbers_and_pictures_come_from_the_timeline(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(document, "ROOT", tmp_path)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    path = write_text(tmp_path / document.DOCUMENT, TEXT)
    numbers.write(tmp_path / document.NUMBERS, NUMBERS)
    assert document.docs() == 0 and path.read_text(encoding="utf-8") == TEXT  # no timeline: left as it was
    assert "numbers as they were" in capsys.readouterr().out
    write_text(tmp_path / "runs/timeline/timeline.json", document.json.dumps(FOUND))
    monkeypatch.setattr(document, "AT_HOME", {"transformer": ("nothing", "nowhere")})
    document.docs()
    text = path.read_text(encoding="utf-8")
    measured = re.search(r"<!-- measured: general -->\n(.*?)<!-- end -->", text, re.S)[1]
    for shown in (
        "41.0 (40.0 to 42.0)",
        "30.0 (25.0 to 35.0) %",
        "80 %",
        "40 %",
        "0.50",
        "1,234",
        "S D = 5,678",
        "Says so.",
    ):
        assert shown in measured
    picture = Path(re.search(r'src="([^"]+)"', measured)[1])
    assert (path.parent / picture).is_file()
    table = re.search(r"<!-- table: -->\n(.*?)<!-- end -->", text, re.S)[1]
    assert table.count("\n| 2014 |") == len(over_source()) and "−2.0, within noise" in table and "40.6 %" in table
    assert (
        "D = 7" in table and "step 2,800" in text
    )  # the Transformer's run is not there, and what was seen of it stays
    assert document.refreshed(text, numbers.read(tmp_path / document.NUMBERS)) == text


def test_where_nothing_was_measured_the_document_says_so(tmp_path):
    text = document.refreshed(TEXT, numbers.read(tmp_path / "nothing.json"))
    assert text.count(document.NOT_YET) == len(over_source()) + 2 and "step 2,800" not in text


@pytest.mark.parametrize(
    ("part", "error"),
    [
        ("code: dot Dot weigh", "dot.py does not hold 'weigh'"),
        ("code: nothing Dot", "there is no reproductions/attention/nothing.py"),
        ("measured: klingon", "no mechanism 'klingon'"),
        ("seen: dot", "no run shows 'dot', only transformer"),
        ("poem: dot", "one of code, measured, table, seen, others, not 'poem'"),
    ],
)
def test_a_part_that_cannot_be_made_is_named(part, error):
    with pytest.raises(ValueError, match=error):
        document.refreshed(f"<!-- {part} -->\n<!-- end -->", NUMBERS)


def test_a_document_that_cannot_be_made_is_a_sentence_to_the_user(tmp_path, monkeypatch):
    monkeypatch.setattr(document, "ROOT", tmp_path)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    write_text(tmp_path / document.DOCUMENT, "<!-- code: dot Dash -->\n<!-- end -->")
    with pytest.raises(UserError, match="docs/timeline.md: .*does not hold 'Dash'"):
        document.docs()


def test_an_excerpt_has_no_docstring_and_no_remark_to_the_linter():
    assert excerpt("soft", "Soft") == 'class Soft(Additive):\n    paper = "Xu et al."\n    year = 2015'
    whole = excerpt("hard", "Hard", ["draw", "weigh"])
    assert whole.startswith("class Hard(Soft):\n    def draw(") and "noqa" not in whole and '"""' not in whole
    assert whole.index("def draw") < whole.index("def weigh")
