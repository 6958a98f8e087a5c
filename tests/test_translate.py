"""The command `translate`: any view drawn, and whatever is wrong with sentence, view or run said in one sentence."""

import io
import os
import pickle
import shutil
import sys

import pytest
import torch
from test_training import ROOT, Malicious
from toy_run import corpus, overrides

from data.sources.text import LONGEST
from data.tokenizers import BPETokenizer
from reproductions import runs
from reproductions.__main__ import run as command
from reproductions.evaluation.views.alignment import every_view
from reproductions.tasks.task import restore

PAPERS = ("bahdanau2014", "transformer2017")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of each paper on numbers, by its name; for reading alone."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("RUNS_DIR", str(folder / "runs"))
        patch.setenv("DATA_DIR", str(folder / "data"))
        numbers = str(corpus(folder))
        for paper in PAPERS:
            assert command(["train", paper, "--data", numbers, *overrides(4, paper)]) == 0
    return {path.parts[-3]: runs.Run(path) for path in (folder / "runs").glob("*/*/*")}


@pytest.fixture(params=PAPERS)
def run(request, trained):
    return trained[request.param]


@pytest.fixture
def copy(run, tmp_path):
    """The same run, to be spoiled."""
    return runs.Run(shutil.copytree(run.folder, tmp_path / "copy"))


def refused(capsys, run, *arguments):
    """The one sentence with which the command refuses; nothing but the answers before it is on standard output."""
    capsys.readouterr()
    assert command(["translate", "--run", str(run.folder), *arguments]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    assert errors == lines[-1:] and "Traceback" not in "".join(lines)
    return errors[0]


def test_each_view_of_a_model_is_another_look_at_one_translation(trained):
    translator = restore(trained["transformer2017"])
    found = [translator.translate("one two .", view=str(view)) for view in every_view(2, 2)]
    assert len({translated.hypothesis for translated, _ in found}) == 1
    assert [record.view for _, record in found] == [view.describe(2, 2) for view in every_view(2, 2)]
    steps = 1 if len(found[0][1].target) == 1 else 2  # one word alone is read at one step
    assert len({record.weights.tobytes() for _, record in found}) == len(found) // 2 * steps


def test_the_view_that_is_asked_for_is_drawn(trained, tmp_path, caplog):
    for view in ("L1 H2 shift1", "Lmean Hmean shift0 norms"):
        drawn = tmp_path / f"{view}.png"
        arguments = [
            "one two .",
            "--run",
            str(trained["transformer2017"].folder),
            "--view",
            view,
            "--picture",
            str(drawn),
        ]
        assert command(["translate", *arguments]) == 0
        assert drawn.read_bytes()[:4] == b"\x89PNG"
    assert "layer 1 of 2 · head 2 of 2 · read one step later" in caplog.text and "value norms" in caplog.text


def test_a_typed_sentence_is_drawn_into_the_run(copy, caplog):
    assert command(["translate", "one two .", "--run", str(copy.folder)]) == 0
    assert (copy.folder / "pictures" / "typed.png").read_bytes()[:4] == b"\x89PNG"
    assert "typed.png" in caplog.text and "read" in caplog.text


@pytest.mark.parametrize("view", ["L9 H1 shift0", "L1 H9 shift0", "L1 H1 shift2", "nonsense", "", "L0 H1 shift0"])
def test_a_view_that_does_not_exist_is_refused_with_those_that_do(trained, capsys, view):
    error = refused(capsys, trained["transformer2017"], "one two .", "--view", view)
    assert repr(view) in error
    assert "L1 or L2 or Lmean; H1 or H2 or Hmean; shift0 or shift1" in error and "norms" in error


def test_a_model_with_one_attention_has_the_views_of_one(trained, capsys):
    assert "L1; H1; shift0 or shift1" in refused(capsys, trained["bahdanau2014"], "one .", "--view", "L2 H1 shift0")


def test_a_view_without_a_picture_has_nothing_to_say(trained, capsys):
    assert "--picture" in refused(capsys, trained["transformer2017"], "--view", "L1 H1 shift0")


@pytest.mark.parametrize("text", ["", " ", "\n", "\u200b"])
def test_an_empty_sentence_is_refused(run, capsys, text):
    assert "sentence 1: There is nothing to translate" in refused(capsys, run, text)


def test_unknown_characters_are_translated_all_the_same(run, capsys):
    assert command(["translate", "Ω ∑ 漢字 \U0001f642 \x07 one .", "--run", str(run.folder)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_sentence_longer_than_the_positions_is_refused_with_both_numbers(trained, capsys):
    error = refused(capsys, trained["transformer2017"], " ".join(["one"] * 90))
    assert "91 words or pieces" in error and "80 positions" in error


def test_an_endless_sentence_is_refused_before_it_fills_the_memory(run, capsys):
    error = refused(capsys, run, " ".join(["one"] * 100_000))
    assert "100,001 words or pieces" in error and f"{LONGEST:,}" in error and "split it" in error


@pytest.mark.parametrize("fault", [MemoryError("Unable to allocate 9.0 TiB"), RuntimeError(
    "[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
    torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 9.00 GiB.\nSee the documentation")])  # fmt: skip
def test_a_memory_that_does_not_suffice_is_one_sentence(trained, capsys, monkeypatch, fault):
    def fail(*_):
        raise fault

    monkeypatch.setattr("reproductions.training.translation.Translation.translate", fail)
    error = refused(capsys, trained["bahdanau2014"], "one .")
    assert "memory does not suffice" in error and "9" in error and "batch_tokens" in error


def test_other_faults_of_the_code_are_not_called_a_lack_of_memory(trained, monkeypatch):
    def fail(*_):
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr("reproductions.training.translation.Translation.translate", fail)
    with pytest.raises(RuntimeError, match="shapes"):
        command(["translate", "one .", "--run", str(trained["bahdanau2014"].folder)])


@pytest.mark.parametrize(("raw", "words"), [
    (b"one \xff .\n", "not UTF-8 (byte 0xff at 5)"), (b"one \0 .\n", "NUL byte"), (b"\n", "nothing to translate"),
    (b"one " * 2000 + b"\n", "2,001 words")])  # fmt: skip
def test_a_bad_line_is_named_and_the_lines_before_it_are_translated(run, capsys, monkeypatch, raw, words):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one two .\nthree .\n" + raw + b"four .\n")))
    capsys.readouterr()
    assert command(["translate", "--run", str(run.folder)]) == 2
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 2
    assert told.err.strip().startswith("error: standard input, line 3: ") and words in told.err


def test_bytes_that_are_no_text_on_the_command_line_are_named(run, capsys):
    assert "sentence 1: It is not UTF-8 (byte 0xe9 at 4)" in refused(capsys, run, os.fsdecode(b"caf\xe9 ."))


def test_a_checkpoint_that_is_cut_foreign_or_hostile_is_named(copy, tmp_path, capsys):
    whole, victim = copy.best.read_bytes(), tmp_path / "executed"
    for content in (whole[: len(whole) // 2], b"", b"text", pickle.dumps(Malicious(victim))):
        copy.best.write_bytes(content)
        error = refused(capsys, copy, "one .")
        assert str(copy.best) in error and "use another checkpoint" in error
    torch.save({"state_dict": {}, "hook": Malicious(victim)}, copy.best)
    assert "could run code" in refused(capsys, copy, "one .")
    assert not victim.exists()
    copy.best.unlink()
    assert "no checkpoint" in refused(capsys, copy, "one .")


def test_a_tokeniser_that_does_not_fit_the_checkpoint_is_named(copy, capsys):
    side, language = ("source", "en") if copy.paper == "transformer2017" else ("target", "fr")
    BPETokenizer.learn([["other", "words"]], language, 30, 1).save(copy.folder / "tokenizers", side)
    error = refused(capsys, copy, "one .")
    assert f"The {side} tokeniser does not fit" in error and "best.ckpt" in error


def test_a_folder_that_is_no_run_is_named(tmp_path, capsys):
    assert command(["translate", "one .", "--run", str(tmp_path)]) == 2
    assert f"{tmp_path} is not a run" in capsys.readouterr().err
