"""Folders, checkpoints, links and timelines that the page's server refuses, each in one sentence, while it shows the others."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from page_runs import SENTENCE, ask, is_alive, write, write_timeline

from reproductions.page.timelines import LARGEST

GOOD, BAD = "bahdanau2014/accord/good", "transformer2017/accord/bad"


@pytest.fixture
def own(page: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Path]:
    """The page over a folder of its own with one good run."""
    folder = tmp_path / "runs"
    write(folder, "bahdanau2014", "good")
    monkeypatch.setenv("RUNS_DIR", str(folder))
    return page[0], folder


def refused(address: str, name: str) -> str:
    """Why the overview does not list a folder; the good run must be listed."""
    status, _, overview = ask(address, "/api/overview")
    assert status == 200 and [run["name"] for run in overview["runs"]] == [GOOD]
    why: str = overview["refused"][name]
    return why


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("hostile", [True, False])
def test_a_checkpoint_that_is_not_ours_is_refused_and_never_run(
    own: tuple[str, Path], tmp_path: Path, hostile: bool
) -> None:
    """By the reader of checkpoints that every command uses; what else it refuses, test_checkpoints.py and test_meaning.py try."""
    address, folder = own
    path, ran = write(folder, "transformer2017", "bad") / "checkpoints" / "best.ckpt", tmp_path / "ran"
    ours = torch.load(path, weights_only=True)
    torch.save({"paper": Bomb(ran)} if hostile else {**ours, "tokenizers": {"source": "0", "target": "0"}}, path)
    status, _, answer = ask(address, "/api/align", {"run": BAD, "text": SENTENCE})
    assert status == 422 and "best.ckpt" in answer["error"] and "Traceback" not in answer["error"]
    assert not ran.exists()
    assert ask(address, "/api/align", {"run": GOOD, "text": SENTENCE})[0] == 200


@pytest.mark.parametrize(("file", "content"), [
    *(("config.yaml", config) for config in (
        "", "[]", "model: 3", "{", "model: {class_path: x}", "model: {class_path: a.b.c}\ndata: {init_args: {}}",
        "!!python/object/apply:os.system ['true']", "\x00")),
    *(("summary.json", summary) for summary in (
        "[]", "{", "[" * 100_000, '{"title": 7}', '{"parameters": "<b>"}', "\xff")),
    *(("evaluation/scores.json", scores) for scores in ("[]", "{", "3")),
])  # fmt: skip
def test_a_run_with_a_damaged_file_is_named_and_the_others_are_shown(
    own: tuple[str, Path], file: str, content: str
) -> None:
    address, folder = own
    path = write(folder, "transformer2017", "bad") / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="latin-1")
    why = refused(address, BAD)
    assert why and (file == "config.yaml" or file in why)


@pytest.mark.parametrize("number", ["NaN", "Infinity", '"<b>"', "null", "true"])
def test_a_score_that_is_no_number_is_left_out(own: tuple[str, Path], number: str) -> None:
    address, folder = own
    path = folder / GOOD / "evaluation" / "scores.json"
    path.parent.mkdir()
    path.write_text(f'{{"test": {{"bleu": {number}, "aer": 0.25}}}}')
    _, _, overview = ask(address, "/api/overview")
    assert overview["runs"][0]["scores"] == {"test": {"aer": 0.25}}


@pytest.mark.parametrize("file", [
    ".", "summary.json", "evaluation", "evaluation/scores.json", "tokenizers", "tokenizers/source.json", "config.yaml",
    "checkpoints", "checkpoints/best.ckpt",
])  # fmt: skip
def test_nothing_of_a_run_is_read_through_a_link_that_leads_out(
    own: tuple[str, Path], tmp_path: Path, file: str
) -> None:
    address, folder = own
    path, outside = write(folder, "transformer2017", "bad") / file, tmp_path / "outside"
    (path.parent if path.suffix else path).mkdir(exist_ok=True)
    if file.endswith("scores.json"):
        path.write_text('{"test": {"bleu": 99.0}}')
    path.rename(outside)
    path.symlink_to(outside)
    assert "leads out" in refused(address, BAD)
    assert ask(address, "/api/align", {"run": BAD, "text": SENTENCE})[0] == 422


def test_a_link_that_leads_round_in_a_circle_is_refused(own: tuple[str, Path]) -> None:
    address, folder = own
    path = write(folder, "transformer2017", "bad") / "summary.json"
    path.unlink()
    path.symlink_to(path)
    assert refused(address, BAD)


# --- Timelines ----------------------------------------------------------------------------------------------------------

DAMAGES = ["[1]", "{nope", "7", "{}", "[" * 100_000, '{"rows": []}', ("bleu", "NaN"), ("aer", '"low"'), ("record", "null"),
           ("bleu_seeds", "3"), ("over_source", "1"), ("year", "null")]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_timeline_is_refused_in_a_sentence(own: tuple[str, Path], damage: str | tuple[str, str]) -> None:
    address, folder = own
    table = write_timeline(folder)
    if isinstance(damage, tuple):
        field, value = damage
        table["rows"][1][field] = "HERE"
        damage = json.dumps(table).replace('"HERE"', value)
    (folder / "timeline" / "timeline.json").write_text(damage)
    status, _, answer = ask(address, "/api/timeline", {})
    assert status == 422 and "damaged" in answer["error"] and "make timeline" in answer["error"]
    assert is_alive(address)


def test_a_timeline_that_is_missing_elsewhere_or_too_large_is_refused(own: tuple[str, Path], tmp_path: Path) -> None:
    address, folder = own
    status, _, answer = ask(address, "/api/timeline", {})
    assert status == 200 and answer["shipped"], "the figures that come with the project"
    assert ask(address, "/api/overview")[2]["timeline"] is None
    write_timeline(folder)
    path = folder / "timeline" / "timeline.json"
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    assert ask(address, "/api/timeline", {})[2]["shipped"], "a link that leads out of the folder of runs"
    path.unlink()
    path.write_bytes(b" " * (LARGEST + 1))
    status, _, answer = ask(address, "/api/timeline", {})
    assert status == 422 and "too large" in answer["error"]
