"""The command `translate`: any view drawn, and whatever is wrong with sentence, view or run said in one sentence."""

import io
import os
import sys

import pytest
import torch
from page_runs import write

from data.links import pharaoh
from data.sources.text import LONGEST
from data.tokenizers import BPETokenizer
from reproductions.__main__ import run as command
from reproductions.evaluation.measures.alignment import links_of, relative
from reproductions.evaluation.views.alignment import every_view
from reproductions.runs import Run
from reproductions.tasks.task import restore

PAPERS = ("bahdanau2014", "transformer2017")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of each paper, untrained; for reading alone."""
    folder = tmp_path_factory.mktemp("made")
    return {paper: Run(write(folder, paper, "1", max_length=80)) for paper in PAPERS}


@pytest.fixture(params=PAPERS)
def run(request, made):
    return made[request.param]


def refused(capsys, run, *arguments):
    """The one sentence with which the command refuses; nothing but the answers before it is on standard output."""
    capsys.readouterr()
    assert command(["translate", "--run", str(run.folder), *arguments]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    assert errors == lines[-1:] and "Traceback" not in "".join(lines)
    return errors[0]


def test_each_view_of_a_model_is_another_look_at_one_translation(tmp_path):
    translator = restore(Run(write(tmp_path, "transformer2017", "1", max_length=12)))
    found = [translator.translate("one two .", view=str(view)) for view in every_view(2, 2)]
    assert len({translated.hypothesis for translated, _ in found}) == 1
    assert [record.view for _, record in found] == [view.describe(2, 2) for view in every_view(2, 2)]
    assert len(found[0][1].target) > 1 and len({record.weights.tobytes() for _, record in found}) == len(found)


def test_the_view_that_is_asked_for_is_drawn(made, tmp_path, caplog):
    for view in ("L1 H2 shift1", "Lmean Hmean shift0 norms"):
        drawn = tmp_path / f"{view}.png"
        given = ["--run", str(made["transformer2017"].folder), "--view", view, "--picture", str(drawn)]
        assert command(["translate", "one two .", *given]) == 0
        assert drawn.read_bytes()[:4] == b"\x89PNG"
    assert "layer 1 of 2 · head 2 of 2 · read one step later" in caplog.text and "value norms" in caplog.text


def test_each_typed_sentence_is_drawn_into_the_run_in_a_file_named_after_it(run, caplog):
    assert command(["translate", "one two .", "Où est-il ?", "/ / /", "--run", str(run.folder)]) == 0
    drawn = {path.name: path.read_bytes()[:4] for path in (run.folder / "pictures").iterdir()}
    assert drawn == dict.fromkeys(("typed-1-one-two.png", "typed-2-O-est-il.png", "typed-3-.png"), b"\x89PNG")
    assert "typed-1-one-two.png" in caplog.text and "read" in caplog.text


@pytest.mark.usefixtures("undrawn")
def test_links_are_printed_between_the_words_that_white_space_separates(run, capsys):
    given = ["The man's dog, signed.", "--run", str(run.folder), "--view", "L1 H1 shift0", "--links"]
    assert command(["translate", *given]) == 0
    translation, links = capsys.readouterr().out.strip().split(" ||| ")
    pairs = [[*map(int, link.split("-"))] for link in links.split()]
    assert len(pairs) > 1 and all(s < 4 and t < len(translation.split()) for s, t in pairs)
    _, record = restore(run).translate(given[0], view="L1 H1 shift0", tokens=True)
    assert links == pharaoh(links_of(record, relative)) != pharaoh(links_of(record))


@pytest.mark.parametrize(("sentence", "named"), [
    ("The zebra was signed by a zebra , Ada .", "The model does not know: zebra, Ada."),
    ("The \x1b[31mred " + "a" * 99 + " .", "Warning: most words of this sentence are unknown. "
     f"The model does not know: '\\x1b', [, 31mred, {'a' * 60}."),
    ("Asdf qwer .", "Warning: the model knows no word of this sentence, so its answer has nothing to do with it."),
    ("The agreement was signed .", ""),
])  # fmt: skip
@pytest.mark.usefixtures("undrawn")
def test_words_that_the_model_does_not_know_are_named(run, caplog, monkeypatch, sentence, named):
    assert command(["translate", sentence, "--run", str(run.folder)]) == 0
    assert [line for line in caplog.messages if "know" in line] == [named] * bool(named)
    caplog.clear()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"The .\n{sentence}\n".encode())))
    assert command(["translate", "--run", str(run.folder)]) == 0
    assert [line for line in caplog.messages if "know" in line] == [f"standard input, line 2: {named}"] * bool(named)


@pytest.mark.usefixtures("undrawn")
def test_unknown_characters_are_translated_all_the_same(run, capsys):
    assert command(["translate", "Ω ∑ 漢字 \U0001f642 \x07 one .", "--run", str(run.folder)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


VIEWS = "L1 or L2 or Lmean; H1 or H2 or Hmean; shift0 or shift1"
REFUSED = [  # paper, what is asked for, what is said of it
    *(("bahdanau2014", [text], ["sentence 1: There is nothing to translate"]) for text in ("", " \n", "\u200b")),
    ("bahdanau2014", [os.fsdecode(b"caf\xe9 .")], ["sentence 1: It is not UTF-8 (byte 0xe9 at 4)"]),
    ("bahdanau2014", ["one " * 100_000], [f"100,001 words or pieces, more than {LONGEST:,}: shorten it"]),
    *(("transformer2017", ["one two .", "--view", view], [VIEWS, repr(view)]) for view in (
        "L9 H1 shift0", "L1 H9 shift0", "L1 H1 shift2", "nonsense", "", "L0 H1 shift0")),
    ("transformer2017", ["one " * 90], ["91 words or pieces", "80 positions"]),
    ("transformer2017", ["--view", "L1 H1 shift0"], ["--picture"]),
    ("bahdanau2014", ["one .", "--view", "L2 H1 shift0"], ["L1; H1; shift0 or shift1"]),
]  # fmt: skip


@pytest.mark.parametrize(("paper", "arguments", "words"), REFUSED)
def test_what_cannot_be_translated_or_drawn_is_refused_in_a_sentence(made, capsys, paper, arguments, words):
    said = refused(capsys, made[paper], *arguments)
    assert [part for part in words if part not in said] == []


@pytest.mark.parametrize("fault", [MemoryError("Unable to allocate 9.0 TiB"), RuntimeError(
    "[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
    torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 9.00 GiB.\nSee the documentation")])  # fmt: skip
def test_too_little_memory_is_one_sentence(made, capsys, monkeypatch, fault):
    def fail(*_):
        raise fault

    monkeypatch.setattr("reproductions.training.translation.Translation.translate", fail)
    error = refused(capsys, made["bahdanau2014"], "one .")
    assert "not enough memory" in error and "9" in error and "batch_tokens" in error


def test_other_faults_of_the_code_are_not_called_a_lack_of_memory(made, monkeypatch):
    def fail(*_):
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr("reproductions.training.translation.Translation.translate", fail)
    with pytest.raises(RuntimeError, match="shapes"):
        command(["translate", "one .", "--run", str(made["bahdanau2014"].folder)])


@pytest.mark.parametrize(("raw", "words"), [
    (b"one \xff .\n", "not UTF-8 (byte 0xff at 5)"), (b"one \0 .\n", "NUL byte"), (b"\n", "nothing to translate"),
    (b"one " * 2000 + b"\n", "2,001 words")])  # fmt: skip
def test_a_bad_line_is_named_and_the_lines_before_it_are_translated(run, capsys, monkeypatch, raw, words):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"The man .\nThe .\n" + raw + b"four .\n")))
    capsys.readouterr()
    assert command(["translate", "--run", str(run.folder)]) == 2
    written = capsys.readouterr()
    assert len(written.out.splitlines()) == 2
    assert written.err.strip().startswith("error: standard input, line 3: ") and words in written.err


def test_a_tokeniser_that_does_not_fit_the_checkpoint_is_named(tmp_path, capsys):
    for paper, side, language in zip(PAPERS, ("target", "source"), ("fr", "en"), strict=True):
        run = Run(write(tmp_path, paper, "1"))
        BPETokenizer.learn({"other": 1, "words": 1}, language, 30, 1).save(run.folder / "tokenizers", side)
        error = refused(capsys, run, "one .")
        assert f"The {side} tokeniser does not fit" in error and "best.ckpt" in error
