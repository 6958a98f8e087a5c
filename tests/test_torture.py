"""A few of the stops of ``make torture``: a stopped, continued or copied training is the undisturbed one."""

from pathlib import Path

import pytest
import torture
from torture import Reference, Stop, Trial

PAPER = "vit2021"  # it films its pictures, its best checkpoint is not its last, and it ends early


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """What an undisturbed training leaves."""
    reference = torture.undisturbed(PAPER, tmp_path_factory.mktemp("torture") / "undisturbed")
    assert [line["step"] for line in reference.left["validation.jsonl"]] == [3, 6], (
        f"early, not after {torture.STEPS} steps"
    )
    return reference


@pytest.mark.parametrize(
    "stops",
    [
        (Stop("validating", 1, "KILL"), Stop("validating", 4, "INT"), Stop("testing", 1, "TERM")),
        (Stop("writing a checkpoint", 2, "KILL"), Stop("ending a validation", 2, "INT")),
    ],
    ids=lambda stops: ", ".join(stop.moment for stop in stops),
)
def test_a_stopped_and_continued_training_is_the_undisturbed_one(
    stops: tuple[Stop, ...], reference: Reference, tmp_path: Path
) -> None:
    assert torture.try_one(Trial(PAPER, stops, tmp_path / "trial"), reference) == []


def test_a_copy_becomes_the_undisturbed_run_and_leaves_its_original_alone(reference: Reference, tmp_path: Path) -> None:
    assert torture.copied(PAPER, reference.left, tmp_path / "copied") == []


def test_a_difference_is_named() -> None:
    undisturbed = {"a.json": [{"step": 4, "bleu": 1.0}], "b.png": "x"}
    assert list(torture.differences(undisturbed, {"a.json": [{"step": 4, "bleu": 2.0}], "c.png": "x"})) == [
        "/a.json[0]/bleu: 1.0 undisturbed, 2.0 after the stop",
        "/b.png is missing",
        "/c.png should not be there",
    ]
