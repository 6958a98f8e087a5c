"""Interventions: what is changed is what is said, what is measured is what is known, and every mistake is a sentence."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from translators import CAPTIONERS, TRANSLATORS, batch, built, rnnsearch, shaken, transformer

from data.errors import UserError
from data.links import Links
from data.tokenizers import UNK
from reproductions.__main__ import run as command
from reproductions.attention import TIMELINE, build
from reproductions.bahdanau2014.model import Network, RNNsearch
from reproductions.compare import translators
from reproductions.compare.comparison import page as page_of
from reproductions.evaluation import plots
from reproductions.evaluation.files import write_json
from reproductions.evaluation.measures.intervention import Intervened, Whole, aligner, measured, spearman, table
from reproductions.evaluation.measures.removal import without_each
from reproductions.experiments.interventions import report
from reproductions.experiments.quotes import written
from reproductions.page.catalogue import Catalogue, describe
from reproductions.reports import MISSING
from reproductions.runs import INTERVENTIONS, digest
from reproductions.tasks.intervening import changed, erase_and_exchange, gradient_times_embedding, intervene, read_again
from reproductions.tasks.task import restore
from reproductions.tasks.translation import intervene as of_translators

ATTENDING = [name for name in TRANSLATORS | CAPTIONERS if not name.endswith("none")]


def owners(mask):
    """Every real position is a candidate but the last, which is </s>."""
    place = torch.arange(mask.shape[1]).expand(mask.shape)
    return place.masked_fill(place >= mask.sum(1, keepdim=True) - 1, -1)


# --- The change -------------------------------------------------------------------------------------------------------


def test_a_change_moves_weight_and_adds_none():
    """Three candidates, the second of two positions, and one position that is none."""
    torch.manual_seed(0)
    weights = torch.rand(1, 2, 1, 5).softmax(-1)
    owner, looked = torch.tensor([[0, 1, 1, 2, -1]]), torch.tensor([2])
    new = erase_and_exchange(weights.expand(-1, -1, 6, -1), owner, looked)
    torch.testing.assert_close(new.sum(-1), torch.ones(1, 2, 6))
    erased, exchanged = new[0, 0, :3], new[0, 0, 3:]
    assert (erased[1, 1:3] == 0).all() and (erased[1, [0, 3, 4]] > weights[0, 0, 0, [0, 3, 4]]).all()
    before = weights[0, 0, 0]
    torch.testing.assert_close(exchanged[1, 1:3].sum(), before[3])
    torch.testing.assert_close(exchanged[1, 3], before[1:3].sum())
    torch.testing.assert_close(exchanged[1, 1] / exchanged[1, 2], before[1] / before[2])
    torch.testing.assert_close(exchanged[2], before)  # with itself


def test_a_word_without_weight_loses_none_and_gets_it_evenly():
    weights = torch.tensor([0.0, 0.0, 1.0])[None, None, None].expand(1, 1, 4, 3)
    new = erase_and_exchange(weights, torch.tensor([[0, 0, 1]]), torch.tensor([1]))[0, 0]
    assert new.tolist() == [[0, 0, 1], [0, 0, 0], [0.5, 0.5, 0], [0, 0, 1]]


# Whose weights, without a word, are those of the other words scaled to the same sum.
SOFTMAX = sorted({*TIMELINE} - {"hard", "intra", "local_monotonic", "local_predictive"})


@pytest.mark.parametrize("name", SOFTMAX)
def test_erasing_a_word_is_attending_without_it(name):
    torch.manual_seed(1)
    mechanism = build(name, 8, 8, 5, 2, 9).eval()
    query, annotations = torch.randn(1, 5, 8), torch.randn(1, 5, 8)
    keys, everything = mechanism.project(annotations), torch.ones(1, 5, 5, dtype=torch.bool)
    query = query[:, :1].expand(-1, 5, -1)
    step = torch.zeros(1, 5, dtype=torch.long)
    masked = mechanism(query, keys, annotations, everything & ~torch.eye(5, dtype=torch.bool), step)

    def erase(weights):
        doubled = torch.cat([weights, weights], dim=2)
        return erase_and_exchange(doubled, torch.arange(5)[None], torch.tensor([0]))[:, :, :5]

    with changed([mechanism.read], erase):
        erased = mechanism(query, keys, annotations, everything, step)
    torch.testing.assert_close(erased.context, masked.context)
    unchanged = mechanism(query, keys, annotations, everything, step)
    assert (unchanged.context - masked.context).abs().max() > 1e-3


def test_one_head_is_changed_and_no_other():
    model, (source, mask, target) = built("transformer"), batch("transformer")
    seen = []

    def note(_, given):
        seen.append(given[0].detach())

    plain = model(source, mask, target)[1]
    with changed(model.reads, lambda weights: weights.roll(1, -1), (1, 2)):
        handles = [read.register_forward_pre_hook(note) for read in model.reads]
        model(source, mask, target)
    for handle in handles:
        handle.remove()
    same = torch.stack([(seen[layer] - plain[:, layer]).abs().amax((0, 2, 3)) < 1e-9 for layer in range(2)])
    assert same.tolist() == [[True] * 4, [True, True, False, True]]
    torch.testing.assert_close(model(source, mask, target)[1], plain)  # and nothing is left behind


# --- Every model ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ATTENDING)
def test_every_model_says_what_its_maps_are_read_by(name):
    """Weights that look at one place alone give what the model gives if it is the only one."""
    model, (source, mask, target) = built(name), batch(name)
    maps = model(source, mask, target)[1]
    assert len(model.reads) == maps.shape[1]
    before = read_again(model, source, mask, target)
    torch.testing.assert_close(
        before, model(source, mask, target)[0].float().log_softmax(-1).gather(2, target[..., None])[..., 0]
    )
    with changed(model.reads, torch.zeros_like):
        assert (read_again(model, source, mask, target) - before).abs().max() > 1e-4


@pytest.mark.parametrize("name", ["rnnsearch additive", "rnnsearch multi_head", "luong local_monotonic", "transformer"])
def test_a_change_acts_on_its_own_step_and_on_every_sentence_by_itself(name):
    """The same alone and in a batch; nothing is lost with a word without weight, nor by an exchange with itself."""
    model, (source, mask, target) = built(name), batch(name)
    owner = owners(mask)
    (read,) = intervene(model, source, mask, target, owner, [None])
    for b, length in enumerate(mask.sum(1).tolist()):
        own = (source[b : b + 1, :length], mask[b : b + 1, :length], target[b : b + 1], owner[b : b + 1, :length])
        (alone,) = intervene(model, *own, [None])
        J = length - 1
        for together, one in zip(read, alone, strict=True):
            torch.testing.assert_close(together[b, :, : one.shape[2]], one[0])
        looked = alone.weights[0, :, :J].argmax(1)
        assert alone.exchanged[0].gather(1, looked[:, None]).abs().max() < 1e-6
        assert (alone.erased[0][alone.weights[0, :, :J] == 0].abs() < 1e-6).all()
    assert read.erased.abs().max() > 1e-4 and read.exchanged.abs().max() > 1e-4


def test_the_effect_of_a_step_is_that_of_changing_all_of_a_sentence_at_its_last_word():
    """Of a target of one word, the change at its step is the change of the whole pass."""
    model, (source, mask, target) = built("rnnsearch dot"), batch("rnnsearch")
    one = target[:, :1]
    (read,) = intervene(model, source, mask, one, owners(mask), [None])
    before = read_again(model, source, mask, one)
    for j in range(2):

        def erase(weights, j=j):
            rest = weights.clone()
            rest[..., j] = 0
            return rest / rest.sum(-1, keepdim=True)

        with changed(model.reads, erase):
            after = read_again(model, source, mask, one)
        whole = mask.sum(1) > j + 1
        torch.testing.assert_close((after - before)[whole, 0], read.erased[whole, 0, j])


def test_under_uniform_attention_no_exchange_does_anything():
    model, (source, mask, target) = shaken(rnnsearch(attention="uniform")), batch("rnnsearch")
    (read,) = intervene(model, source, mask, target, owners(mask), [None])
    assert (
        read.exchanged[0].abs().max() < 1e-6 < read.erased[0].abs().max()
    )  # of the longest sentence: all are candidates
    torch.testing.assert_close(read.weights[1, :, :4], torch.full((6, 4), 0.25))


@pytest.mark.parametrize("made", [rnnsearch, transformer])
def test_gradient_times_embedding_is_the_slope_of_a_longer_embedding(made):
    """Of source words alone, although the Transformer reads and writes with one matrix."""
    model, (source, mask, target) = shaken(made()), batch("rnnsearch")
    found = gradient_times_embedding(model, source, mask, target)
    E = model.encoder.E if made is rnnsearch else model.source.E
    step, j = 1e-3, 1  # log p is in single precision

    def read_with(factor):
        def stretch(_, given, embedded):
            stretched = torch.where(torch.arange(7) == j, factor, 1.0)[:, None]
            return embedded * stretched if given[0].shape == source.shape else embedded

        handle = E.register_forward_hook(stretch)
        log_p = read_again(model, source, mask, target)
        handle.remove()
        return log_p

    slope = (read_with(1 + step) - read_with(1 - step)) / (2 * step)
    assert slope.abs().max() > 0.01
    torch.testing.assert_close(slope, found[:, :, j].float(), atol=2e-3, rtol=0.02)


def test_each_patch_is_taken_from_the_other_image_once():
    here, there = np.zeros((6, 4, 3), np.uint8), np.full((6, 4, 3), 9, np.uint8)
    images = without_each(here, there, (3, 2))
    assert images.shape == (6, 6, 4, 3)
    assert (images[3, 2:4, 2:] == 9).all() and images[3].sum() == 9 * 2 * 2 * 3
    assert (images.sum(0) == 9).all()


# --- The measures -----------------------------------------------------------------------------------------------------


def test_rank_correlation_shares_the_ranks_of_equal_values():
    first = np.array([[1, 2, 3, 4], [1, 2, 2, 3], [5, 5, 5, 5]], np.float32)
    second = np.array([[10, 20, 30, 40], [4, 3, 3, 1], [1, 2, 3, 4]], np.float32)
    assert spearman(first, second).tolist() == pytest.approx([1, -1, 0])
    assert spearman(np.array([[1.0, 2, 3]]), np.array([[1.0, 3, 2]])).tolist() == pytest.approx([0.5])


def intervened(weights, erased, left_out, gold=None):
    arrays = [np.array(each, np.float32) for each in (weights, erased, left_out)]
    return Intervened(arrays[0], arrays[1], arrays[1] * 2), Whole(arrays[2], None, gold)


def test_the_word_looked_at_is_held_against_the_others():
    (row,) = table(*intervened([[0.7, 0.2, 0.1]], [[-3, -0.5, 0.1]], [[-4, 0, -1]]))
    assert row.tolist() == pytest.approx([-3, -0.2, -2.8, -0.4, np.nan, -4, -0.5, -3.5, 1, 0.5], abs=1e-6, nan_ok=True)


def test_a_uniform_row_looks_at_every_word_so_that_no_word_is_another():
    (row,) = table(*intervened([[0.25, 0.25, 0.25]], [[-3, 0, 0]], [[-3, 0, 0]]))
    assert row[2] == row[7] == row[8] == row[9] == 0 and row[0] == -1


def test_the_gold_word_is_looked_at_only_where_the_model_looks_elsewhere():
    gold = Links(frozenset({(0, 1), (1, 1)}), frozenset({(0, 1), (1, 1), (1, 0)}))
    pair = intervened([[0.9, 0.1, 0], [0.9, 0.1, 0]], [[-1, 5, 0], [-1, 7, 0]], [[-1, 0, 0]] * 2, gold)
    assert table(*pair)[:, 4].tolist() == pytest.approx([10, np.nan], nan_ok=True)  # the second is a possible link
    assert "exchanged_gold" in measured([pair[0]], [pair[1]])
    assert "exchanged_gold" not in measured([pair[0]], [pair[1]._replace(gold=None)])


def test_effects_link_words_and_a_word_without_any_is_linked_to_none():
    gold = Links(frozenset({(0, 1), (1, 0)}), frozenset({(0, 1), (1, 0)}))
    whole = Whole(np.zeros((2, 2), np.float32), None, gold)
    assert aligner([np.array([[0, 1], [2, 1]], np.float32)], [whole])[0] == 0
    assert aligner([np.array([[0, 1], [0, 0]], np.float32)], [whole])[0] == pytest.approx(1 / 3, abs=1e-4)
    assert aligner([np.eye(2, dtype=np.float32)], [whole._replace(gold=None)]) is None


def test_a_word_that_is_left_out_is_read_as_an_unknown_word(trained, monkeypatch):
    """All pieces of it; and the pieces of a target word add up."""
    monkeypatch.setattr(of_translators, "SENTENCES", 1)
    run = trained("bahdanau2014")
    (whole,) = of_translators.sample(run, "test").whole
    translator = restore(run)
    (pair,) = of_translators._pairs(run, "test", translator)

    def read(ids):
        source = torch.tensor([ids])
        real = torch.ones_like(source, dtype=torch.bool)
        (log_p,) = read_again(translator.module.model, source, real, torch.tensor([pair.target])).numpy()
        return np.bincount(pair.written.word_of_piece, log_p)[:-1]

    for j in range(len(pair.read.words) - 1):
        unknown = [
            UNK if word == j else piece for piece, word in zip(pair.source, pair.read.word_of_piece, strict=True)
        ]
        np.testing.assert_allclose(whole.left_out[:, j], read(unknown) - read(pair.source), atol=1e-4)


def test_a_source_vocabulary_may_be_the_larger_one(trained, monkeypatch):
    run = trained("bahdanau2014")
    translator = restore(run)
    model = RNNsearch(len(translator.source), 5, Network(hidden=8, embedding=4, alignment=6, maxout=3))
    pair = next(of_translators._pairs(run, "test", translator))
    pair = pair._replace(target=[UNK] * len(pair.target))
    monkeypatch.setattr(of_translators, "restore", lambda _: SimpleNamespace(module=SimpleNamespace(model=model)))
    monkeypatch.setattr(of_translators, "_pairs", lambda *_: [pair])
    assert pair.source[0] > 5 and len(of_translators.sample(run, "test").whole) == 1


# --- The command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(of_translators, "SENTENCES", 3)
    for task in ("captions", "images"):
        monkeypatch.setattr(f"reproductions.tasks.{task}.intervene.IMAGES", 2)


def test_runs_are_measured_once_and_again_if_their_weights_change(trained, place, few, undrawn, capsys, monkeypatch):
    runs = trained.copies(place / "runs", "bahdanau2014", "transformer2017", "vit2021", "xu2015")
    assert command(["intervene"]) == 0
    said = capsys.readouterr().out
    assert "Without gold links, so without those columns: RNNsearch" in said and "layer 2, head 2" in said
    made = json.loads((place / "runs" / "interventions" / report.FILE).read_text(encoding="utf-8"))
    entries = made["runs"]
    assert [len(entry["rows"]) for entry in entries] == [1, 1, 5, 1]
    assert [entry["examples"] for entry in entries] == [2, 2, 3, 2], "all short sentences of two, some of the others"
    assert [entry["unit"] for entry in entries] == ["target words", "words", "target words", "images"]
    assert all(row["measures"].keys() >= {"erased", "exchanged", "left_out", "rank_erased"}
               for entry in entries for row in entry["rows"])  # fmt: skip
    assert {path.suffix for path in (place / "runs" / "interventions").iterdir()} >= {".png", ".pdf", ".html"}

    def never(*_):
        raise AssertionError

    sample = of_translators.sample
    monkeypatch.setattr(of_translators, "sample", never)
    run = runs["bahdanau2014"]
    assert command(["intervene", str(run.folder)]) == 0
    measured_before = run.interventions
    checkpoint = torch.load(run.best, weights_only=False)
    checkpoint["state_dict"]["model.head.bias"] += 1
    torch.save(checkpoint, run.best)
    assert run.interventions == {}
    monkeypatch.setattr(of_translators, "sample", sample)
    assert command(["intervene", str(run.folder)]) == 0
    assert run.interventions["weights"] != measured_before["weights"]


@pytest.mark.parametrize(("paper", "says"), [
    ("cheng2016", "models a language; interventions need a run that translates or writes captions or classifies images."),
    ("resnet2016", "has no attention to intervene on: name another run."),
])  # fmt: skip
def test_what_cannot_be_measured_is_one_sentence(trained, place, capfd, paper, says):
    run = trained(paper)
    capfd.readouterr()
    assert command(["intervene", str(run.folder)]) == 2
    error = capfd.readouterr().err
    assert says in error and error.startswith("error: ") and error.count("\n") == 1


def test_a_model_without_attention_is_one_sentence(trained, place, capfd, monkeypatch):
    run = trained.copy("bahdanau2014", place / "runs")
    monkeypatch.setattr("reproductions.bahdanau2014.model.RNNsearch.reads", [])
    assert command(["intervene", str(run.folder)]) == 2
    assert "RNNsearch, which has no attention to intervene on" in capfd.readouterr().err


def test_damaged_numbers_are_one_sentence(trained, place, capfd):
    run = trained.copy("bahdanau2014", place / "runs")
    (run.folder / INTERVENTIONS).write_text("{", encoding="utf-8")
    assert command(["intervene", str(run.folder)]) == 2
    assert "`make intervene` measures it again" in capfd.readouterr().err


# --- Where it is shown ------------------------------------------------------------------------------------------------


def written_of(run, measures=None, **more):
    """Numbers as `make intervene` leaves them in the folder of a run."""
    measures = measures or {name: [-1.5, -2.0, -1.0] for name in ("erased", "exchanged", "left_out")}
    row = {"part": "all", "measures": measures, "aligners": {"weights": [0.1, 0.05, 0.2]}}
    size = {"split": "test", "examples": 3, "targets": 1234, "unit": "target words", "left_out": "replaced by <unk>"}
    numbers = {"weights": digest(run.best), **size, "rows": [row], "aligners": {"gradient": [0.3, 0.2, 0.4]}}
    write_json(run.folder / INTERVENTIONS, numbers | more)
    return numbers | more


def test_a_comparison_shows_what_was_measured_and_says_how_to_measure(trained, place):
    runs = trained.copies(place / "runs", "luong2015", "transformer2017")
    before = page_of(translators.compare([run.folder for run in runs.values()]), [], "")
    assert "Not measured yet" in before and f"make intervene RUNS={runs['transformer2017'].folder}" in before
    written_of(runs["transformer2017"])
    after = page_of(translators.compare([run.folder for run in runs.values()]), [], "")
    assert "Not measured yet" not in after
    assert after.count("−1.50 <span") == 3 and after.count("<td>–</td>") >= 5  # of the other nothing was measured


def test_the_page_has_the_numbers_of_a_run_and_refuses_damaged_ones(trained, place):
    run = trained.copy("transformer2017", place / "runs")
    assert describe(run)["used"] is None
    written_of(run)
    assert describe(run)["used"] == {"targets": 1234, "erased": -1.5, "exchanged": -1.5, "left_out": -1.5}
    written_of(run, rows="none")
    listed, refused = Catalogue().runs()
    assert listed == [] and "rows must be a list" in refused[run.name]


def test_the_figure_has_no_panel_without_numbers():
    measures = {"erased": [-1.0, -2.0, -0.5], "rank_erased": [0.5, 0.4, 0.6]}
    without, linked = (
        ("a run", True, {"measures": measures, "aligners": rates}) for rates in ({}, {"weights": [0.1, 0, 0.2]})
    )
    for lines, panels in (([without], 2), ([without, linked], 3)):
        assert len(plots.interventions(lines, "title", "note").axes) == panels


def test_documents_take_the_numbers_of_the_table(trained, place):
    run = trained.copy("transformer2017", place / "runs")
    numbers = written_of(run)
    head = numbers["rows"][0] | {"part": "layer 2, head 1"}
    entry = numbers | {"name": "transformer2017", "label": "Transformer", "rows": [numbers["rows"][0], head]}
    origin = {
        "processor": "a processor",
        "threads": 1,
        "device": "cpu",
        "torch": "2",
        "precision": None,
        "date": "2026-01-01",
    }
    write_json(place / report.FILE, {"origin": origin, "runs": [entry]})
    claimed = {"runs": {}, "measurements": {"interventions": report.measurement(place)}}
    for path, said in {"transformer2017.erased": "-1.50", "transformer2017.aer_gradient": "30.0 %",
                       "transformer2017_layer_2_head_1.aer_weights": "10.0 %"}.items():  # fmt: skip
        assert written(claimed, f"interventions.{path}") == said.replace("-", "−")
    assert written({"runs": {}}, "interventions.transformer2017.erased") == MISSING
    with pytest.raises(UserError, match="run `make intervene` first"):
        report.measurement(place / "nothing")
