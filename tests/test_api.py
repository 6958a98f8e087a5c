"""A trained run in three lines: what the documentation of the functions shows happens, and so does the notebook."""

import doctest
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import toy_run
import yaml
from PIL import Image

from data.errors import UserError
from reproductions import api, runs

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs/attention.ipynb"
WORDS = (["the", "old", "dog"], ["le", "vieux", "chien", "</s>"])


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: Any) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("DATA_DIR", str(trained.data))


def test_every_example_in_the_documentation_is_what_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(api)
    assert result.attempted >= 10 and result.failed == 0


def test_any_matrix_is_drawn_with_its_words_and_a_wrong_one_is_refused() -> None:
    weights = torch.full((4, 3), 1 / 3, dtype=torch.float16, requires_grad=True)
    for given in (weights, weights.tolist(), weights.detach().numpy()):
        drawn = api.draw_attention(given, *WORDS)
        assert Image.open(io.BytesIO(drawn._repr_png_())).format == "PNG"
        texts = {text.get_text() for text in drawn.figure.findobj(lambda artist: hasattr(artist, "get_text"))}
        assert {"dog", "chien", "source →", "target ↓"} <= texts
    with pytest.raises(ValueError, match=r"shape \(3, 4\)"):
        api.draw_attention(weights.detach().numpy().T, *WORDS)
    with pytest.raises(ValueError, match="sum to 1 at most"):
        api.draw_attention(np.eye(4, 3) * 2, *WORDS)


def test_a_run_is_asked_only_for_what_its_model_does() -> None:
    with pytest.raises(UserError, match="classifies images: it cannot translate"):
        api.open_run("vit-cifar10").translate("Hello.")
    with pytest.raises(UserError, match="translates: it cannot look at an image"):
        api.open_run("rnnsearch-accord").look(np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(UserError, match="no/such/run is not a run"):
        api.open_run("no/such/run")


def cells() -> list[dict[str, Any]]:
    """Those of the notebook that hold code."""
    return [cell for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


def test_where_the_project_is_missing_the_notebook_fetches_it_from_the_address_in_its_first_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, run = "".join(cells()[0]["source"]), []
    given = re.search(r'^REPOSITORY = "(.*)"  # @param', first, re.M)
    described = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert given and given[1] == described.get("urls", {}).get("Repository", "") == cited.get("repository-code", "")
    specs = [None, importlib.util.find_spec("reproductions")] * 2
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: specs.pop(0))
    monkeypatch.setattr(subprocess, "run", lambda command, **_: run.append(command))
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="into REPOSITORY above"):
        exec(first.replace(given[0], 'REPOSITORY = ""  # @param'), {})
    specs.pop(0)
    exec(first.replace(given[0], 'REPOSITORY = "https://example.org/a"  # @param'), {})
    assert [command[-2:] for command in run] == [["https://example.org/a", "attention"], ["-e", "attention"]]


def test_the_notebook_runs_from_its_first_cell_to_a_picture_of_ones_own(
    trained: Any, monkeypatch: pytest.MonkeyPatch, undrawn: None, untested: None
) -> None:
    assert len(cells()) == 10 and not any(cell["outputs"] for cell in cells())
    smaller = [*toy_run.overrides(4), f"--data.init_args.corpus={trained.numbers}", "--data.init_args.test_splits=null"]
    monkeypatch.setenv("TRAIN", " ".join(smaller))
    names: dict[str, Any] = {}
    for cell in cells():
        exec(compile("".join(cell["source"]), str(NOTEBOOK), "exec"), names)
    assert names["then"].text.startswith("L'accord sur la zone économique européenne") and names["seen"].label == "ship"
    assert names["mine"].run.folder == runs.find("bahdanau2014").folder and os.getcwd() == str(ROOT)
