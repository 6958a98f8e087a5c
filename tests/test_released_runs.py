"""The runs that come with the project do what their cards say, and a fresh clone works with them at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance

from data.accord import FIXED
from data.words import join
from reproductions import released
from reproductions.__main__ import run as command
from reproductions.evaluation.measures.text import text_scores
from reproductions.evaluation.records.translation import Translated
from reproductions.page import images
from reproductions.page.catalogue import Catalogue, describe
from reproductions.released.copies import FOLDER
from reproductions.runs import Run
from reproductions.tasks.task import restore

ROOT = Path(__file__).parents[1]
FOLDERS = sorted(path.parent for path in FOLDER.glob("*/README.md"))
MOST = 9_000_000  # bytes of all together
SHOWN = {
    "translation": ("bleu", "BLEU", 1, 2),
    "images": ("accuracy", "accuracy %", 100, 1),
}  # a score, as cards show it


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clone without a run."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))


def card(folder: Path) -> Iterator[dict[str, str]]:
    """Heading -> cell, of each line of its table of scores."""
    lines = [line for line in (folder / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    headings, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    yield from (dict(zip(headings, row, strict=True)) for row in rows)


def test_there_are_three_and_they_are_small() -> None:
    assert sorted(Run(folder).paper for folder in FOLDERS) == ["bahdanau2014", "transformer2017", "vit2021"]
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < MOST


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_card_has_the_scores_of_its_folder(folder: Path) -> None:
    run = Run(folder)
    name, heading, scale, digits = SHOWN[run.task]
    assert {row["split"]: row[heading] for row in card(folder)} == {
        split: f"{scale * scores[name]:.{digits}f}" for split, scores in run.scores.items()
    }


@pytest.mark.parametrize("name", ["rnnsearch-accord", "transformer-accord"])
def test_a_released_translator_has_the_scores_of_its_card(name: str) -> None:
    translator = restore(released.take(FOLDER / name))
    translated = []
    for index, pair in enumerate(FIXED):
        answer, _ = translator.translate(join(pair.source, "en"), index)
        translated.append(Translated(answer.source, join(pair.target, "fr"), answer.hypothesis, index))
    (row,) = (row for row in card(FOLDER / name) if row["split"] == "fixed")
    scores = text_scores(translated, "fr")
    assert [row["BLEU"], row["chrF"]] == [f"{scores.bleu:.2f}", f"{scores.chrf:.2f}"]


def test_the_released_classifier_reads_its_weights_as_they_were_trained() -> None:
    """A drawn ship stays one at every brightness that leaves it visible; CIFAR-10 itself is not part of the project."""
    classifier = restore(released.take(FOLDER / "vit-cifar10"))
    ship = Image.open(ROOT / "docs/runs/vit-cifar10/gallery/ship.png").convert("RGB")
    for brightness in (0.7, 1.0, 1.2):
        seen = classifier.look(ImageEnhance.Brightness(ship).enhance(brightness), "ship.png")
        assert seen.classes[seen.probabilities.argmax()] == "ship" and seen.probabilities.max() > 0.5


def test_the_page_offers_drawn_pictures_to_the_released_classifier_and_begins_with_a_right_answer() -> None:
    run = released.take(FOLDER / "vit-cifar10")
    classifier = restore(run)
    offers = images.gallery(classifier, run)
    drawn = [one["name"] for one in offers["scenes"]]
    assert drawn == sorted(path.stem for path in FOLDER.glob("vit-cifar10/gallery/*")) and len(drawn) > 5
    assert set(drawn) <= set(classifier.preprocessing.classes)
    answer = images.look(classifier, images.offered(offers["begins"], classifier, images.kept(classifier, run)), None)
    assert answer["asked"] == answer["label"] == offers["begins"] and answer["photo"], "drawn as sharp as it is"


def test_a_fresh_clone_translates_explains_looks_and_serves_at_once(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, undrawn: None
) -> None:
    caplog.set_level("INFO", "reproductions.released")
    assert command(["translate", "The man did not see the old dog."]) == 0
    assert capsys.readouterr().out == "L'homme n'a pas vu le vieux chien.\n"
    assert command(["explain", "The man did not see the old dog."]) == 0
    assert command(["look", str(ROOT / "docs/runs/vit-cifar10/gallery/ship.png")]) == 0
    assert "ship.png: ship" in capsys.readouterr().out
    said = [message for message in caplog.messages if message.startswith("Taking the released")]
    assert [line.split()[3] for line in said] == ["RNNsearch", "Transformer", "ViT"]
    assert len(released.stand_in()) == 3
    listed, refused = Catalogue().runs()
    assert len(listed) == 3 and not refused and all(describe(run)["ready"] for run in listed)
