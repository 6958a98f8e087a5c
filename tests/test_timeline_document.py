"""docs/timeline.md: its code is our code, its arithmetic right, its links lead somewhere."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from data.errors import UserError
from data.links import Links
from reproductions.attention import TIMELINE, over_source
from reproductions.evaluation.files import write_text
from reproductions.evaluation.records import AlignedTranslation
from reproductions.timeline import document
from reproductions.timeline.excerpts import excerpt

TEXT = (document.ROOT / document.DOCUMENT).read_text(encoding="utf-8")
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
    "corpus": "accord", "test": 500, "steps": 1200, "seeds": [1, 2], "machine": "cpu", "diagonal_aer": 0.406, "noise": 3.1,
    "rows": [*(ROW | {"name": name} for name in over_source()), {"name": "intra", "over_source": False}],
}  # fmt: skip


def test_the_code_in_the_document_is_the_code_in_its_files():
    assert document.refreshed(TEXT, None) == TEXT, "`make docs` mends it"


def test_code_that_has_changed_is_put_right():
    stale = TEXT.replace("return query @ keys.mT", "return query @ keys", 1)
    assert stale != TEXT and document.refreshed(stale, None) == TEXT


@pytest.mark.parametrize("name", TIMELINE)
def test_every_kind_has_its_equation_its_code_and_its_numbers(name):
    kind = TIMELINE[name]
    file = kind.__module__.split(".")[-1]
    code = TEXT.index(f"<!-- code: {file} {kind.__name__}")
    assert "```math" in TEXT[TEXT.rindex("\n#", 0, code) : code]
    assert (f"<!-- measured: {name} -->" in TEXT) == (name in over_source())


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
    assert document.docs() == 0 and path.read_text(encoding="utf-8") == TEXT  # no timeline: left as it was
    assert "numbers as they were" in capsys.readouterr().out
    write_text(tmp_path / "runs/timeline/timeline.json", document.json.dumps(FOUND))
    monkeypatch.setattr(document, "AT_HOME", {"multi_head": ("nothing", "nowhere")})
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
    assert document.refreshed(text, FOUND) == text


@pytest.mark.parametrize(
    ("part", "error"),
    [
        ("code: dot Dot weigh", "dot.py does not hold 'weigh'"),
        ("code: nothing Dot", "there is no reproductions/attention/nothing.py"),
        ("measured: klingon", "has not measured 'klingon'"),
        ("seen: dot", "no run shows 'dot'"),
        ("poem: dot", "one of code, measured, table, seen, not 'poem'"),
    ],
)
def test_a_part_that_cannot_be_made_is_named(part, error):
    with pytest.raises(ValueError, match=error):
        document.refreshed(f"<!-- {part} -->\n<!-- end -->", FOUND)


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
