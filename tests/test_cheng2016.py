"""The LSTMN and its LSTM against the paper; reading, scoring and agreement; whole runs from the command line."""

import math

import numpy as np
import pytest
import torch
from older_runs.make import ACCORD
from page_runs import write
from torch import nn
from toy_run import overrides
from translators import shaken
from written import lines, scored

from data.accord.agreement import Agreement, agreements
from data.errors import UserError
from data.language import LanguageData
from data.sources import corpora
from data.tokenizers import EOS, Words
from data.translation import TranslationData
from reproductions import runs
from reproductions.__main__ import run as command
from reproductions.cheng2016.model import LSTMN, Network
from reproductions.cheng2016.training import Cheng2016
from reproductions.commands.figures import cheng2016 as language_figures
from reproductions.commands.figures.cheng2016 import of_encoder
from reproductions.evaluation.records.sentence import Agreed, ReadSentence
from reproductions.tasks.language.collect import attended, reach, read
from reproductions.tasks.language.report import sections
from reproductions.tasks.language.scores import details, scores
from reproductions.tasks.task import restore
from reproductions.training import checkpoints
from reproductions.transformer2017.inside import inside

V, N, M, A = 11, 5, 4, 6


def model(**options):
    return shaken(LSTMN(V, Network(hidden=N, embedding=M, alignment=A, **options)))


def words(seed=1):
    return torch.randint(3, V, (3, 7), generator=torch.Generator().manual_seed(seed))


# --- the model --------------------------------------------------------------------------------------------------------


def test_its_number_of_parameters_is_that_of_the_equations():
    gates, output = 4 * N * (M + N) + 4 * N, N * V + V
    attention = A * (N + M + N) + A + A  # W_h, W_x, W_h~; a bias; v
    count = {kind: sum(p.numel() for p in model(attention=kind).parameters()) for kind in ("intra", "none")}
    assert count == {"intra": V * M + gates + output + attention, "none": V * M + gates + output}


def test_the_lstm_is_torch_s():
    built, theirs = model(attention="none"), nn.LSTM(M, N, batch_first=True).double()
    ours = [block for block in (built.unit.W_x.weight, built.unit.W_h.weight, built.unit.W_x.bias)]
    i_f_c_o = torch.cat([torch.arange(k * N, (k + 1) * N) for k in (0, 1, 3, 2)])  # the order of torch's gates
    with torch.no_grad():
        for to, block in zip((theirs.weight_ih_l0, theirs.weight_hh_l0, theirs.bias_ih_l0), ours, strict=True):
            to.copy_(block[i_f_c_o])
        theirs.bias_hh_l0.zero_()
    y = words()
    x = torch.cat([torch.zeros(3, 1, M), built.E(y[:, :-1])], dim=1)
    h, maps = built.features(y)
    torch.testing.assert_close(h, theirs(x)[0])
    assert maps.shape == (3, 0, 0, 7, 7)


def test_an_lstmn_that_attends_to_the_last_entry_alone_is_an_lstm():
    lstmn, lstm = model(), model(attention="none")
    lstm.load_state_dict({name: value for name, value in lstmn.state_dict().items() if name in lstm.state_dict()})
    lstmn.attention.score = lambda query, keys: (
        torch.arange(keys.shape[1], dtype=query.dtype).expand(len(query), 1, -1) * 1e4
    )
    torch.testing.assert_close(lstmn(words())[0], lstm(words())[0])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_hand(built, y):
    """Equations (4)-(9) on one sentence, with numpy."""
    P = {name: p.detach().numpy() for name, p in built.named_parameters()}
    tape_h, tape_c, h_tilde, logits, weights = [], [], np.zeros(N), [], []
    for t in range(len(y)):
        x = P["E.weight"][y[t - 1]] if t else np.zeros(M)
        a = [P["attention.v"] @ np.tanh(P["attention.W_h.weight"] @ h + P["attention.W_h.bias"] + P["attention.W_x.weight"] @ x
             + P["attention.W_h_tilde.weight"] @ h_tilde) for h in tape_h]  # fmt: skip
        s = np.exp(a) / np.exp(a).sum() if a else np.zeros(0)
        h_tilde = sum((w * h for w, h in zip(s, tape_h, strict=True)), np.zeros(N))
        c_tilde = sum((w * c for w, c in zip(s, tape_c, strict=True)), np.zeros(N))
        i, f, o, c_hat = np.split(P["unit.W_x.weight"] @ x + P["unit.W_h.weight"] @ h_tilde + P["unit.W_x.bias"], 4)
        c = sigmoid(f) * c_tilde + sigmoid(i) * np.tanh(c_hat)
        tape_c.append(c)
        tape_h.append(sigmoid(o) * np.tanh(c))
        logits.append(P["head.weight"] @ tape_h[-1] + P["head.bias"])
        weights.append(np.pad(s, (0, len(y) - len(s))))
    return np.array(logits), np.array(weights)


def test_the_lstmn_is_the_paper_written_with_numpy():
    built, y = model(), words()
    logits, maps = built(y)
    for b in range(len(y)):
        expected, weights = by_hand(built, y[b].numpy())
        np.testing.assert_allclose(logits[b].detach(), expected, atol=1e-12)
        np.testing.assert_allclose(maps[b, 0, 0].detach(), weights, atol=1e-12)


@pytest.mark.parametrize("attention", ["intra", "none"])
def test_stepping_equals_all_at_once(attention):
    built, y = model(attention=attention), words()
    logits, maps = built(y)
    state, x = built.start(len(y)), torch.zeros(len(y), M, dtype=torch.double)
    for t in range(y.shape[1]):
        h, s, state = built.advance(x, built.unit.W_x(x), state)
        torch.testing.assert_close(built.head(h), logits[:, t])
        if attention == "intra":
            torch.testing.assert_close(s, maps[:, 0, 0, t, :t])
        x = built.E(y[:, t])


def test_every_parameter_learns():
    built = model().train()
    built(words())[0].sum().backward()
    unread = built.E.weight.grad.abs().sum(1) == 0
    assert set(torch.arange(V)[~unread].tolist()) == set(words()[:, :-1].flatten().tolist())
    assert all(p.grad.abs().sum() > 0 for name, p in built.named_parameters() if name != "attention.W_h.bias")


def test_a_new_model_remembers():
    module = Cheng2016(V, Network(hidden=N, embedding=M, alignment=A))
    assert module.model.unit.W_x.bias.tolist() == [0.0] * N + [1.0] * N + [0.0] * 2 * N


# --- data -------------------------------------------------------------------------------------------------------------


def test_forms_of_be_agree_with_the_subject_and_the_last_noun_may_mislead():
    text = "The key of these churches was seen , and they were happy because the report is new ."
    assert agreements(text.split()) == [
        Agreement(5, "were", misled=True), Agreement(10, "was", misled=False), Agreement(15, "are", misled=False)]  # fmt: skip
    assert agreements(["Are", "the", "reports", "new", "?"]) == agreements(["Is"]) == agreements([]) == []


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATA_DIR", str(tmp_path_factory.mktemp("data")))
        prepared = LanguageData(pairs=300, batch_tokens=600, test_splits=["test"])
        with pytest.MonkeyPatch.context() as small:
            small.setattr(corpora, "ACCORD_SIZES", {"valid": 50, "test": 150})
            prepared.prepare()
        yield prepared


def test_the_english_of_a_prepared_corpus_is_read_and_nothing_is_prepared_again(data):
    both = TranslationData(pairs=300, batch_tokens=600, test_splits=["test"])
    assert data.folder == both.folder and data.fingerprints() == {"language": both.fingerprints()["source"]}
    assert data.sizes == {"vocabulary": len(both.source_tokenizer)}
    batch = next(iter(data.train_dataloader()))
    english = both.pairs_of("train").source
    for row, mask, index in zip(*batch, strict=True):
        assert row[mask].tolist() == english[int(index)].tolist() and row[mask][-1] == EOS
    assert batch.units == batch.mask.sum() and batch.words.numel() <= 600


def test_a_contrast_names_the_other_form_at_its_place(data):
    examples, places = data.examples("test"), data.contrasts("test")
    assert sum(map(len, places.values())) > 30
    entries = data.tokenizer.entries
    for index, contrasts in places.items():
        written = data.tokenizer.encode(examples[index].source)
        for contrast in contrasts:
            assert {entries[written[contrast.position]], contrast.other} in ({"was", "were"}, {"is", "are"})
            assert entries[contrast.id] == contrast.other
    assert LanguageData(language="fr", other="en", pairs=300, test_splits=["test"]).contrasts("test") == {}


# --- reading and scoring ----------------------------------------------------------------------------------------------


def test_a_model_that_knows_nothing_has_the_perplexity_of_the_vocabulary():
    log_p, ids = torch.full((3, V), -math.log(V)), torch.tensor([4, 5, EOS])
    sentence = read(log_p, ids, Words(("the", "king", "</s>"), (0, 1, 2)), 0)
    assert scores([sentence], [])["perplexity"] == pytest.approx(V)
    assert details([sentence])["perplexity_interval"] == pytest.approx([V, V], abs=1e-3)


def test_the_pieces_of_a_word_add_up_and_still_count_as_tokens():
    log_p = torch.tensor([[-1.0, -9], [-9, -2], [-4, -9]])
    sentence = read(log_p, torch.tensor([0, 1, 0]), Words(("kings", "</s>"), (0, 0, 1)), 7)
    assert sentence.surprisal == (3.0, 4.0) and sentence.tokens == 3 and sentence.index == 7
    assert scores([sentence], [])["perplexity"] == pytest.approx(math.exp(7 / 3))


def test_agreement_is_counted_alone_and_where_the_last_noun_misleads(tmp_path):
    agreed = (Agreed(2, "were", False, True), Agreed(5, "is", True, False))
    sentence = ReadSentence(("a", "</s>"), (1.0, 1.0), 2, 0, agreed)
    counted = scores([sentence], [])
    assert counted["agreement"] == 0.5 and counted["agreement_misled"] == 0
    (section,) = sections(scored(tmp_path / "with", {"test": details([sentence])}))
    assert "1 of 2 forms" in section.text[0] and "0 of 1 where" in section.text[0]
    assert [*sections(scored(tmp_path / "without", {}))] == []


def test_reach_by_hand():
    weights = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [0.25, 0.75, 0, 0], [0.5, 0, 0.5, 0]], dtype=np.float32)
    assert reach(weights) == (2, 0.75 + 0.5, 0.25 + 0.5, (0.25 * 2 + 0.75 * 1) + (0.5 * 3 + 0.5 * 1))
    assert scores([ReadSentence(("a",), (1.0,), 1, 0)], [reach(weights)])["attention/previous"] == 0.625


def test_a_row_holds_what_its_word_looked_at_and_not_the_start():
    weights = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [0.25, 0.75, 0, 0], [0.5, 0.1, 0.4, 0]], dtype=np.float32)
    words, sentence = (
        Words(("the", "kings", "</s>"), (0, 1, 1, 2)),
        ReadSentence(("the", "kings", "</s>"), (1, 1, 1), 4, 3),
    )
    record = attended(weights, words, "LSTMN", "test", sentence)
    assert record.source == record.target == ("the", "kings")
    np.testing.assert_allclose(
        record.weights, [[0, 0], [(0.75 + 0.1) / 2, 0.4 / 2]]
    )  # a word's pieces: summed, then averaged


# --- whole runs -------------------------------------------------------------------------------------------------------


@pytest.fixture
def lstmn(trained):
    return trained("cheng2016")


def test_it_learns_and_validates_agreement_and_how_far_back_it_looks(lstmn):
    first, last = lines(lstmn.folder / "validation.jsonl")
    assert last["valid/perplexity"] < first["valid/perplexity"]
    assert {"valid/agreement", "valid/attention/previous", "valid/attention/distance"} <= first.keys()
    assert (lstmn.folder / "evaluation/test/test-115.png").read_bytes()[:4] == b"\x89PNG"
    assert not checkpoints.read(lstmn.best).keys() & {"view", "views"}, "there is only one"


@pytest.mark.usefixtures("undrawn")
def test_an_lstm_has_scores_and_no_pictures(trained, place):
    few = ACCORD | {"run.pictures": "[0]"}
    assert command(["train", "cheng2016", "--variant", "lstm", *overrides(4, "cheng2016", **few)]) == 0
    run = runs.find("cheng2016", "accord-lstm")
    assert run.summary["title"] == "LSTM" and "perplexity" in run.scores["test"]
    assert "attention/previous" not in run.scores["test"] and not list(run.folder.rglob("*.png"))
    assert restore(run).read("The king slept .")[1] is None


def test_the_same_sentence_is_drawn_as_an_lstmn_and_a_transformer_read_it(trained, lstmn, place, monkeypatch):
    trained.copy("cheng2016", place / "runs")
    transformer = restore(runs.Run(write(place / "runs", "transformer2017", "1")))
    monkeypatch.setattr(language_figures, "DRAWN", 1)
    drawn = list(language_figures.intra_attention(None, place))
    assert {path.name for path in drawn} == {"intra-attention-0.png", "intra-attention-0.pdf"}
    text = "The report was signed ."
    first, second = of_encoder(transformer, text, 0)
    assert first.source == restore(lstmn).read(text)[1].source == tuple(text.split())
    ids = torch.tensor([transformer.source.encode(text)])
    for layer, record in enumerate((first, second)):
        maps = inside(transformer.module.model, "encoder", layer, ids, ids).weights
        np.testing.assert_allclose(record.weights, maps.mean(0)[:-1, :-1], atol=1e-6)


def test_without_an_lstmn_the_command_that_trains_one_is_named(place):
    with pytest.raises(UserError, match="make train-cheng"):
        list(language_figures.intra_attention(None, place))
