import json
import logging
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import wandb_offline
from lightning.pytorch.utilities import rank_zero_only
from PIL import Image
from wandb_server import KEY, Server

from data.errors import UserError
from data.whole import whole
from reproductions.training import tracking
from reproductions.training.tracked import identity, project_of, sync_hint
from reproductions.training.tracking import finish
from reproductions.training.tracking_mode import decide


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A user who has never heard of W&B; gives the home directory, which must stay empty."""
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    tracking.wandb.teardown()
    yield home
    tracking._teardown()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """W&B's server, and a user who has a key for it."""
    running = Server()
    monkeypatch.setenv("WANDB_BASE_URL", running.url)
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    yield running
    running.die()


def start(folder: Path, **options: Any) -> tracking.RunLogger:
    settings: dict[str, Any] = {
        "project": "p",
        "name": "n",
        "group": "g",
        "tags": ["accord"],
        "job_type": "fit",
    }
    logger = tracking.experiment_logger(folder, **{**settings, "config": {"hidden": 8}, **options})
    assert logger is not None
    return logger


def only(folder: Path) -> wandb_offline.OfflineRun:
    (path,) = wandb_offline.files(folder)
    return wandb_offline.read(path)


UNASKED = {"WANDB_BASE_URL": "http://127.0.0.1:9", "WANDB_API_KEY": KEY}  # nothing answers there
OFFLINE = {"WANDB_MODE": "offline", "WANDB_API_KEY": KEY}


@pytest.mark.parametrize(("environment", "asked", "mode", "reason"), [
    ({}, None, "offline", "wandb login"), ({}, "online", "offline", "wandb login"), (UNASKED, None, "online", ""),
    (OFFLINE, None, "offline", ""), (OFFLINE, "online", "online", ""), (OFFLINE, "disabled", "disabled", ""),
    ({"WANDB_API_KEY": "short"}, None, "offline", "WANDB_API_KEY"),
])  # fmt: skip
def test_a_run_is_online_with_a_key_and_what_is_asked_goes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], asked: str | None, mode: str, reason: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    decided = decide(asked)
    assert decided.name == mode and reason in decided.reason


@pytest.mark.parametrize("variable", [True, False])
def test_an_unknown_mode_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch, variable: bool) -> None:
    if variable:
        monkeypatch.setenv("WANDB_MODE", "banana")
    with pytest.raises(UserError, match="banana.*online, offline or disabled"):
        decide(None if variable else "banana")


def test_disabled_is_no_logger_and_every_function_takes_it(tmp_path: Path) -> None:
    options: dict[str, Any] = {"name": "n", "group": None, "tags": [], "job_type": "fit"}
    logger = tracking.experiment_logger(tmp_path, config={}, mode="disabled", **options)
    assert logger is None
    tracking.log_run(logger, ["config.yaml"], "a", {})
    tracking.declare_inputs(logger, [tmp_path])
    tracking.summarise(logger, {})
    tracking.log_picture(logger, "k", tmp_path / "no.png", "c")
    tracking.log_table(logger, "k", ["a"], [[1]])
    finish(logger)
    assert sync_hint(tmp_path) is None


def test_an_offline_run_holds_everything_below_its_folder(tmp_path: Path, nobody: Path) -> None:
    folder = tmp_path / "run"
    logger = start(folder, monitor="valid/bleu")
    for step in range(5):
        logger.log_metrics({"valid/bleu": 10.0 * step, "valid/aer": 0.01 * step}, step=step)
    Image.new("RGB", (30, 20)).save(tmp_path / "map.png")
    (folder / "tokenizers").mkdir()
    for file in ("config.yaml", "tokenizers/source.json"):
        (folder / file).write_text("{}")
    tracking.log_picture(logger, "alignment/valid-0", tmp_path / "map.png", "L'accord · step 4", step=4)
    tracking.log_table(logger, "test/sentences", ["source", "map"], [["The agreement", tmp_path / "map.png"]])
    tracking.summarise(logger, {"parameters": 7, "best": {"valid/bleu": 40.0}})
    tracking.log_run(logger, ["config.yaml", "tokenizers", "none.json"], "luong2015-own café-1", {"corpus": "accord"})
    finish(logger, exit_code=3)

    run = only(folder)
    assert run.values("valid/bleu") == [0, 10, 20, 30, 40] and run.best == ["valid/bleu"]
    assert run.values("valid/aer") == [0, 1, 2, 3, 4], "in per cent"
    assert run.summary["parameters"] == 7 and run.summary["best"] == {"valid/bleu": 40.0}
    assert run.values("trainer/global_step")[:5] == [0, 1, 2, 3, 4]
    assert (run.run.run_group, list(run.run.tags), run.run.job_type) == ("g", ["accord"], "fit")
    assert run.config["hidden"] == 8
    assert run.values("alignment/valid-0.caption") == ["L'accord · step 4"]
    assert [r["trainer/global_step"] for r in run.history if "alignment/valid-0.path" in r] == [4]
    (picture,) = run.values("alignment/valid-0.path")
    (lies,) = folder.rglob(Path(picture).name)
    assert Image.open(lies).size == (30, 20)
    assert run.values("test/sentences.nrows") == [1]
    artifact = run.artifacts["luong2015-own-caf--1"]
    assert [file.path for file in artifact.manifest.contents] == ["config.yaml", "tokenizers/source.json"]
    assert json.loads(artifact.metadata) == {"corpus": "accord"} and {*artifact.aliases} == {"best", "latest"}
    assert run.exit_code == 3
    assert [path for path in nobody.rglob("*") if path.is_file()] == []


def test_what_is_logged_from_the_run_stays_as_it_was_and_takes_no_room_twice(tmp_path: Path) -> None:
    logger, checkpoint, picture = start(tmp_path), tmp_path / "best.ckpt", tmp_path / "map.png"
    for number in range(2):
        checkpoint.write_bytes(b"older")
        tracking.log_run(logger, ["best.ckpt"], f"older{number}", {})
    checkpoint.write_bytes(b"weights" * 1000)
    Image.new("RGB", (30, 20)).save(picture)
    tracking.log_run(logger, ["best.ckpt"], "checkpoint", {})
    tracking.log_picture(logger, "alignment", picture, "step 4", step=4)
    finish(logger)
    assert (checkpoint.stat().st_nlink, picture.stat().st_nlink) == (2, 2)
    older = [path for path in tmp_path.glob("wandb/data/**/*") if path.is_file() and path.read_bytes() == b"older"]
    assert len(older) == 2 and older[0].samefile(older[1])  # what was replaced
    with whole(checkpoint) as partial:
        partial.write_bytes(b"other weights")
    assert b"weights" * 1000 in [path.read_bytes() for path in tmp_path.glob("wandb/data/**/*") if path.is_file()]


def test_the_environment_is_given_back(tmp_path: Path) -> None:
    before = dict(os.environ)
    logger = start(tmp_path / "run")
    assert os.environ["WANDB_DATA_DIR"].startswith(str(tmp_path))
    finish(logger)
    finish(logger)  # twice does no harm
    assert dict(os.environ) == before


def test_a_run_that_was_left_open_does_not_swallow_the_next(tmp_path: Path) -> None:
    start(tmp_path / "broken off").log_metrics({"loss": 1.0}, step=0)
    logger = start(tmp_path / "next")
    logger.log_metrics({"loss": 2.0}, step=0)
    finish(logger)
    logger.log_metrics({"loss": 3.0}, step=1)  # after the end: left out, not an error
    assert only(tmp_path / "broken off").values("loss") == [1.0]
    assert only(tmp_path / "broken off").exit_code == 1
    assert only(tmp_path / "next").values("loss") == [2.0]


def test_a_resumed_offline_run_is_a_new_one_of_the_same_group_that_names_the_first(tmp_path: Path) -> None:
    finish(start(tmp_path))
    first = identity(tmp_path)
    finish(start(tmp_path))
    second = identity(tmp_path)
    assert first and second and first.id != second.id
    runs = {run.run.run_id: run for run in map(wandb_offline.read, wandb_offline.files(tmp_path))}
    assert "resumed_from" not in runs[first.id].config
    assert runs[second.id].config["resumed_from"] == first.id
    assert runs[first.id].run.run_group == runs[second.id].run.run_group


@pytest.mark.parametrize("content", ["", '{"id": "a', "[1]", '{"no": 1}'])
def test_half_an_identity_costs_one_line_and_not_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    (tmp_path / "wandb.json").write_text(content)
    finish(start(tmp_path))
    assert f"{tmp_path / 'wandb.json'} is damaged" in caplog.text and identity(tmp_path) is not None
    assert [path.name for path in tmp_path.iterdir() if "wandb.json" in path.name] == ["wandb.json"]


def test_a_table_is_cut_where_it_is_long_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "MOST_ROWS", 3)
    logger = start(tmp_path)
    with caplog.at_level(logging.INFO):
        tracking.log_table(logger, "long", ["index"], [[number] for number in range(5)])
    tracking.log_table(logger, "short", ["index"], [[0]])
    finish(logger)
    (table,) = tmp_path.glob("wandb/offline-run-*/files/media/table/long_*.table.json")
    assert json.loads(table.read_text())["data"] == [[0], [1], [2]]
    assert "the table long has the first 3 of 5 rows" in caplog.text and "short" not in caplog.text


def test_a_tag_that_is_too_long_for_the_tracker_is_cut(tmp_path: Path) -> None:
    finish(start(tmp_path, tags=["t" * 64, "u" * 65]))
    assert list(only(tmp_path).run.tags) == ["t" * 64, "u" * 63 + "…"]


def test_a_resumed_online_run_is_the_same_one(tmp_path: Path, server: Server) -> None:
    logger = start(tmp_path)
    logger.log_metrics({"loss": 1.0}, step=0)
    finish(logger)
    first = identity(tmp_path)
    assert first and first.mode == "online" and first.uploaded
    assert [row["loss"] for row in server.rows[first.id] if "loss" in row] == [1.0]
    assert sync_hint(tmp_path) is None

    finish(start(tmp_path))
    assert identity(tmp_path) == first
    assert {variables["name"] for variables in server.variables("UpsertBucket")} == {first.id}


def test_what_an_artifact_of_a_run_holds_is_uploaded_and_declared_as_the_input_of_what_is_made_from_it(
    tmp_path: Path, server: Server
) -> None:
    logger = start(tmp_path / "run", project=None)
    (tmp_path / "run/config.yaml").write_text("a: 1\n")
    tracking.log_run(logger, ["config.yaml"], "bahdanau2014-accord-1", {"scores": {"test": {"bleu": 92.0}}})
    finish(logger)
    artifact = server.artifacts["bahdanau2014-accord-1"]
    assert artifact["files"]["config.yaml"] == b"a: 1\n"
    assert json.loads(artifact["metadata"])["scores"]["test"]["bleu"] == 92.0
    assert {one["alias"] for one in artifact["aliases"]} == {"best", "latest"}

    comparison = start(tmp_path / "comparison", project=project_of(tmp_path / "run"))
    tracking.declare_inputs(comparison, [tmp_path / "run", tmp_path / "never tracked"])
    again = start(tmp_path / "run", job_type="test")
    finish(again)
    assert server.used == ["bahdanau2014-accord-1"]
    assert [query["jobType"] for query in server.variables("UpsertBucket") if query["jobType"]] == ["fit"] * 2


def test_an_artifact_that_the_server_answers_with_nonsense_costs_the_artifact_alone(
    tmp_path: Path, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.confused = True
    logger = start(tmp_path)
    (tmp_path / "config.yaml").write_text("a: 1\n")
    tracking.log_run(logger, ["config.yaml"], "name", {})
    logger.log_metrics({"loss": 1.0}, step=0)
    finish(logger)
    assert "W&B does not have the artifact name" in caplog.text and not logger.lost
    tracked = identity(tmp_path)
    assert tracked and tracked.uploaded and tracked.artifact is None
    assert [row["loss"] for row in server.rows[tracked.id] if "loss" in row] == [1.0]


def test_the_variables_of_the_tracker_name_project_group_and_further_tags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PROJECT": "mine", "RUN_GROUP": "ours", "TAGS": "quick, tried"}.items():
        monkeypatch.setenv(f"WANDB_{name}", value)
    finish(start(tmp_path, project=None))
    run = only(tmp_path).run
    assert (run.project, run.run_group, list(run.tags)) == ("mine", "ours", ["accord", "quick", "tried"])


def test_a_second_process_of_a_run_tracks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rank_zero_only, "rank", 1)
    logger = start(tmp_path)
    logger.log_metrics({"loss": 1.0}, step=0)
    finish(logger)
    assert wandb_offline.files(tmp_path) == []
    monkeypatch.setattr(rank_zero_only, "rank", 0)


def test_a_server_that_is_not_there_costs_seconds_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setattr(tracking, "INIT_TIMEOUT", 2.0)
    logger = start(tmp_path)
    logger.log_metrics({"loss": 1.0}, step=0)
    finish(logger)
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1 and "did not start online" in warnings[0]
    assert only(tmp_path).values("loss") == [1.0]  # and the failed start has left no second folder
    tracked = identity(tmp_path)
    assert tracked and tracked.mode == "offline"


def test_a_server_that_dies_in_mid_run_loses_nothing_and_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = Server()
    monkeypatch.setenv("WANDB_BASE_URL", first.url)
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setattr(tracking, "FINISH_TIMEOUT", 2.0)
    folder = tmp_path / "a folder"
    logger = start(folder)
    logger.log_metrics({"loss": 0.0}, step=0)
    first.die()
    began = time.monotonic()
    for step in range(1, 200):
        logger.log_metrics({"loss": float(step)}, step=step)
    finish(logger)
    assert time.monotonic() - began < 30  # W&B alone would wait for ever
    assert only(folder).values("loss") == [float(step) for step in range(200)]

    hint, tracked = sync_hint(folder), identity(folder)
    assert hint and tracked and not tracked.uploaded
    assert hint in caplog.text
    second = Server()
    logs = os.environ["HOME"]  # `wandb sync` writes its own logs below the working directory by default
    environment = {**os.environ, "WANDB_BASE_URL": second.url, "WANDB_API_KEY": KEY, "WANDB_DIR": logs}
    subprocess.run(shlex.split(hint), env=environment, check=True, timeout=60, capture_output=True)
    second.die()
    assert [row["loss"] for row in second.rows[tracked.id] if "loss" in row] == [float(step) for step in range(200)]
    assert sync_hint(folder) is None


IMPORTED = "import time; import reproductions.training.tracking_mode; print('imported', flush=True); time.sleep(60)"


def test_the_folders_that_wandb_makes_at_its_import_are_removed_by_the_next_process(tmp_path: Path) -> None:
    (temporary := tmp_path / "tmp").mkdir()
    places = {**os.environ, "TMPDIR": str(temporary)}
    killed = subprocess.Popen([sys.executable, "-c", IMPORTED], stdout=subprocess.PIPE, env=places)
    assert killed.stdout is not None and killed.stdout.readline() == b"imported\n"
    killed.kill()
    killed.communicate()
    assert list(temporary.glob("attention-wandb-*"))
    subprocess.run([sys.executable, "-c", "import reproductions.training.tracking_mode"], env=places, check=True)
    assert list(temporary.iterdir()) == []
