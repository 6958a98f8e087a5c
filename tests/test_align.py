"""The command `align`: the links of any sentence pairs, line by line, and one sentence for each line that is no pair."""

import gzip
import io
import sys
from types import SimpleNamespace

import pytest
from page_runs import write

from data.links import pharaoh
from data.tokenizers import load_tokenizer
from reproductions.__main__ import run as command
from reproductions.commands import align
from reproductions.evaluation.measures.alignment import hard_links, relative
from reproductions.evaluation.measures.symmetrisation import HEURISTICS, turned
from reproductions.evaluation.views.alignment import every_view
from reproductions.runs import Run
from reproductions.tasks.task import restore
from reproductions.tasks.translation.forced import Aligner

PAIRS = [
    ("The agreement was signed in August 1992 .", "L' accord a été signé en août 1992 ."),
    ("The", "L'"),
    ("one, two", "L'accord sur la zone, l'accord-cadre (signé) ."),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of each paper, untrained; for reading alone."""
    folder = tmp_path_factory.mktemp("made")
    papers = {"bahdanau2014": {}, "transformer2017": {}, "none": {"attention": "none"}}
    runs = {
        name: Run(write(folder, "bahdanau2014" if name == "none" else name, name, **network))
        for name, network in papers.items()
    }
    runs["reverse"] = Run(write(folder, "bahdanau2014", "reverse"))
    for side, language in (("source", "fr"), ("target", "en")):
        tokenizers = runs["reverse"].folder / "tokenizers"
        load_tokenizer(tokenizers, side).in_language(language).save(tokenizers, side)
    return runs


@pytest.fixture
def aligned(made, capsys, caplog, monkeypatch):
    """Runs the command on bytes as standard input, or on a file: exit status, lines, warnings and the error."""

    def run(given, *arguments, paper="transformer2017"):
        capsys.readouterr()
        caplog.clear()
        if isinstance(given, bytes):
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        else:
            arguments = (str(given), *arguments)
        status = command(["align", "--run", str(made[paper].folder), *arguments])
        written = capsys.readouterr()
        warnings = [record.getMessage() for record in caplog.records if record.name == align.__name__]
        return status, written.out.split("\n")[:-1], warnings, written.err.strip().splitlines()[-1:]

    return run


def test_a_run_links_the_words_of_its_test_as_its_evaluation_does(trained):
    for paper in ("bahdanau2014", "transformer2017"):
        run = trained(paper)
        records, aligner = run.forced("test"), Aligner(restore(run))
        pairs = [aligner.read(" ".join(record.source_words), " ".join(record.target_words)) for record in records]
        for record, looked, links in zip(records, aligner.maps(pairs), aligner.links(pairs), strict=True):
            weights = looked.matrix(aligner.view)
            assert weights == pytest.approx(record.weights, abs=2e-5)  # written with five digits
            assert links == hard_links(relative(weights))


@pytest.mark.parametrize("paper", ["bahdanau2014", "transformer2017"])
def test_the_links_of_a_pair_do_not_depend_on_the_pairs_beside_it(made, paper):
    translator = restore(made[paper])
    for view in every_view(2, 2) if paper == "transformer2017" else every_view(1, 1):
        aligner = Aligner(translator, str(view))
        pairs = [aligner.read(*pair) for pair in PAIRS]
        assert aligner.links(pairs) == [aligner.links([pair])[0] for pair in pairs]
        for (source, target), links in zip(PAIRS, aligner.links(pairs), strict=True):
            assert all(t < len(target.split()) and s < len(source.split()) for t, s in links)


GOOD = b"The agreement ||| L' accord\n"


@pytest.mark.parametrize(("raw", "words"), [
    (b"no pair at all\n", "0 separators '|||'"), (b"\n", "0 separators"), (b"a|||b\n", "0 separators"),
    (b"a ||| b ||| c ||| d\n", "3 separators"), (b" ||| b\n", "in the source: the sentence is empty"),
    (b"a |||\n", "in the target: the sentence is empty"), (b"one " * 10_000 + b"||| b\n", "10,001 words"),
    (b"caf\xe9 ||| b\n", "not UTF-8 (byte 0xe9 at 4)"), (b"a \0 ||| b\n", "NUL"),
    ("a \u200b ||| b\n".encode(), "Word 2, '\\u200b', has no visible character"),
])  # fmt: skip
def test_a_line_that_is_no_pair_stays_empty_and_is_named_and_the_rest_is_aligned(aligned, raw, words):
    _, (links,), *_ = aligned(GOOD)
    status, lines, warnings, error = aligned(GOOD + raw + GOOD)
    assert (status, lines) == (2, [links, "", links]) and links
    assert len(warnings) == 1 and warnings[0].startswith("standard input, line 2: ") and words in warnings[0]
    assert error[0].startswith("error: 1 of 3 lines are not aligned")
    assert aligned(raw)[:2] == (2, [""])


def test_a_file_is_read_as_standard_input_is_packed_or_not(aligned, tmp_path):
    expected = aligned(GOOD * 3)
    assert expected[0] == 0 and expected[3] == []
    path, packed = tmp_path / "pairs.txt", tmp_path / "pairs.txt.gz"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD * 2 + GOOD.strip())
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert aligned(path) == aligned(packed) == expected
    packed.write_bytes(packed.read_bytes()[:-9])
    assert "cut short" in aligned(packed)[3][0] and "no sentence pairs" in aligned(tmp_path / "none")[3][0]


def test_pairs_are_printed_as_they_come(made, monkeypatch):
    """No more than one chunk is read before its links are written: of any number of pairs, memory holds one chunk."""
    written = io.StringIO()

    def lines():
        for number in range(20):
            assert len(written.getvalue().splitlines()) == number // 4 * 4
            yield GOOD

    monkeypatch.setattr(align, "CHUNK", 4)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=lines()))
    monkeypatch.setattr(sys, "stdout", written)
    assert command(["align", "--run", str(made["bahdanau2014"].folder)]) == 0
    assert len(written.getvalue().splitlines()) == 20


def test_a_view_or_a_run_that_cannot_align_is_refused(aligned):
    assert (
        "the view L9 H1 shift0 asks for layer 9, but the model has layers 1 to 2"
        in aligned(GOOD, "--view", "L9 H1 shift0")[3][0]
    )
    assert "RNNencdec has no attention to link words by" in aligned(GOOD, paper="none")[3][0]
    assert aligned(GOOD, "--view", "L1 H2 shift1")[0] == 0


def test_two_runs_of_opposite_directions_are_symmetrised(made, aligned):
    there, here = (Aligner(restore(made[name])) for name in ("transformer2017", "reverse"))
    ahead = there.links([there.read(*pair) for pair in PAIRS])
    back = here.links([here.read(target, source) for source, target in PAIRS])
    given = "".join(f"{source} ||| {target}\n" for source, target in PAIRS).encode()
    reverse = ("--reverse", str(made["reverse"].folder))
    for name, heuristic in HEURISTICS.items():
        expected = [pharaoh(heuristic(*pair)) for pair in zip(ahead, map(turned, back), strict=True)]
        assert aligned(given, *reverse, "--symmetrise", name)[:2] == (0, expected)
    assert aligned(given, *reverse) == aligned(given, *reverse, "--symmetrise", "grow-diag") != aligned(given)


def test_two_runs_that_do_not_go_in_opposite_directions_are_refused(made, aligned):
    said = aligned(GOOD, "--reverse", str(made["bahdanau2014"].folder))[3][0]
    assert "Transformer translates en to fr and RNNsearch en to fr: name a reverse run that translates fr to en" in said
    assert "need a second run" in aligned(GOOD, "--symmetrise", "union")[3][0]


def test_links_are_printed_source_first():
    assert pharaoh({(0, 2), (1, 0), (1, 10), (3, 2)}) == "0-1 2-0 2-3 10-1"
