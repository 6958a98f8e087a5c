"""What the benchmarks print: operations counted as PyTorch counts them, words never padding, one line to read back."""

import json
from subprocess import CompletedProcess
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from page_runs import write, write_classifier
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import attention, clock, decode, first_run, gpu, images, machine, models, scale, train
from benchmarks import corpus as corpora
from benchmarks.fixed_length import LENGTH, FixedLength, lengths
from benchmarks.interleave import interleave, parse_peers, table
from data.errors import UserError
from data.prepared.ids import FlatIds
from data.tokenizers import EOS
from data.translation import PairedIds
from reproductions.attention import over_source
from reproductions.experiments.timeline import cost
from reproductions.transformer2017 import training as transformer2017

V = 50
SIZES = models.Sizes(hidden=64, layers=2, ff=128)
SMALL = models.Sizes(hidden=16, layers=1, ff=16)


def corpus(sentences=40, longest=9):
    generator = np.random.default_rng(0)

    def side():
        lengths = generator.integers(3, longest, sentences)
        return FlatIds.of([[*generator.integers(3, V, length).tolist(), EOS] for length in lengths])

    pairs = PairedIds(side(), side())
    test = corpora.TestSet("toy, test", pairs, lambda ids: " ".join(map(str, ids)), ["3 4"] * sentences)
    return corpora.Corpus(pairs, V, V, test)


@pytest.mark.parametrize("model", ["rnnsearch", "transformer"])
def test_operations_are_those_that_pytorch_counts(model):
    """One pair of 9 and 9 positions: without padding both counts are of the same products."""
    ids = FlatIds.of([[*range(3, 11), EOS]])
    pairs = PairedIds(ids, ids)
    module = models.build(model, SIZES, corpora.Corpus(pairs, V, V, corpus().test))
    batch = pairs.__getitems__(np.array([0]))
    with FlopCounterMode(display=False) as counter:
        loss, _, _ = module.loss(batch)
        loss.backward()
    counted = 9 * sum(models.flop(model, SIZES, V, pairs).values())
    # PyTorch does not count the product with v_a, and a first state that is zero takes no gradient.
    assert counted == pytest.approx(counter.get_total_flops(), rel=0.06)


def test_operations_on_an_image_are_those_that_pytorch_counts():
    network = images.Network(32, 4, 3, layers=2, d=48, d_mlp=96, heads=3)
    module = images.ViT2021(10, network, images.RECIPE)
    batch = torch.randn(2, 3, 32, 32)
    with FlopCounterMode(display=False) as counter:
        module.model.classify(module.model.encode(batch, first=1)[0]).sum().backward()  # fused attention goes uncounted
    # The patches take no gradient from the image.
    assert 2 * images.flop(network, 10) == pytest.approx(counter.get_total_flops(), rel=0.06)


@pytest.mark.parametrize("model", ["rnnsearch", "transformer"])
def test_a_clock_counts_real_words_and_stops_the_training(model):
    toy = corpus()
    until = clock.Clock(seconds=0.4, precision="fp32", intervals=2)
    train.fit(models.build(model, SIZES, toy), toy, 60, until)
    assert len(until.rates) == 2 and all(rate > 0 for rate in until.rates)
    assert until.counted <= until.steps * int(toy.train.target.lengths.sum())


def test_the_limit_is_measured_after_each_interval_and_the_highest_counts(monkeypatch):
    limits = iter([3e9, 5e9, 4e9])
    monkeypatch.setattr(machine, "product_limit", lambda _: next(limits))
    toy = corpus()
    until = clock.Clock(seconds=0.3, precision="fp32", intervals=3)
    module = models.build("rnnsearch", SIZES, toy)
    train.fit(module, toy, 60, until)
    assert next(limits, None) is None
    until.rates = [10.0, 20.0, 1000.0]
    result = clock.figures(module, until, train.KEY, 2e8)
    assert result["fraction_of_limit"] == 0.8 and result["limit_gflop_per_s"] == 5


def test_no_fraction_above_the_limit_is_printed():
    assert machine.fraction(5.0, 4.0) == {"disturbed": True}
    rounds = [{"rate": 2, "peak_rss_mib": 1, **machine.fraction(work, 4.0)} for work in (3.0, 5.0)]
    assert "75%" in table({"a": rounds[:1]}, "rate", None)
    disturbed = table({"a": rounds}, "rate", None)
    assert "disturbed" in disturbed and "%" not in disturbed


def test_the_budget_of_cells_gives_the_words_that_were_asked_for():
    toy = corpus(2000, 30)
    cells = train.cells_for(toy.train, 500)
    batches = train.TokenBatches(toy.train.lengths, batch_tokens=cells)
    assert toy.train.target.lengths.sum() / len(batches) == pytest.approx(500, rel=0.05)


@pytest.mark.parametrize("model", ["rnnsearch", "transformer"])
def test_decoding_is_measured_over_every_sentence_in_its_order(model):
    toy = corpus(10)
    chosen = decode.parser().parse_args(["--rounds", "2", "--batch", "7"])
    built = models.build(model, SMALL, toy).model.eval()
    results, _ = decode.measure(built, toy.test, chosen, width=1)
    result = decode.summary(results["here fp32"])
    assert result["sentences"] == 10 and len(result["intervals"]) == 2
    assert result[decode.KEY] == pytest.approx(sum(result["intervals"]) / 2, abs=0.1)
    system = decode.here(built, toy.test, 1, 0.0, "fp32")
    ids, texts = decode.translate(system, toy.test, 7)
    alone, _ = decode.translate(system, toy.test, 1)
    assert ids == alone and len(texts) == 10


@pytest.mark.parametrize("width", [1, 3])
def test_held_to_a_length_every_sentence_gets_it_and_its_best_words(width):
    toy = corpus()
    chosen = decode.parser().parse_args(["--rounds", "1", "--batch", "7"])
    model = models.build("rnnsearch", SMALL, toy).model.eval()
    results, _ = decode.measure(model, toy.test, chosen, width)
    assert results["here fp32"][0][LENGTH] == 20
    ids, _ = decode.translate(decode.here(FixedLength(model, 6), toy.test, width, 0.0, "fp32"), toy.test, 7)
    assert {len(translation) for translation in ids} == {6} and all(EOS not in translation for translation in ids)
    with pytest.raises(UserError, match="is to get 10000000 words, and this model writes from 1 to"):
        FixedLength(model, 10**7)


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize(("norm", "tied", "positions"), [("post", "all", "sinusoidal"), ("pre", "none", "learned")])
def test_ctranslate2_writes_the_same_words_with_the_weights_of_a_transformer(norm, tied, positions, width):
    pytest.importorskip("ctranslate2")
    toy = corpus(12)
    network = transformer2017.Network(
        2, 32, 64, 4, norm=norm, tied=tied, positions=positions, bias=norm == "pre", epsilon=0.1
    )
    torch.manual_seed(3)
    module = transformer2017.Transformer2017(V, V, EOS, network)
    for parameter in module.parameters():  # no bias is zero, no norm one
        parameter.data += 0.1 * torch.randn_like(parameter)
    chosen = decode.parser().parse_args(["--ctranslate2", "--rounds", "1", "--batch", "5"])
    results, equal = decode.measure(module.model.eval(), toy.test, chosen, width)
    assert "CTranslate2 fp32 12" in equal and results["CTranslate2 fp32"][0][LENGTH] == 20
    free = decode.parser().parse_args(["--ctranslate2", "--free", "--rounds", "1", "--batch", "1"])
    assert "CTranslate2 fp32 12" in decode.measure(module.model, toy.test, free, width)[1]


def test_what_ctranslate2_does_not_have_is_refused_in_a_sentence():
    toy, chosen = corpus(), decode.parser().parse_args(["--ctranslate2"])
    with pytest.raises(UserError, match="has no recurrent translator"):
        decode.systems(models.build("rnnsearch", SMALL, toy).model, toy.test, chosen, 1)
    with pytest.raises(UserError, match="without --ctranslate2"):
        decode.check(decode.parser().parse_args(["--ctranslate2", "--width", "1", "--peer", "peer=echo"]))


def test_speeds_over_translations_of_different_length_are_called_unfair():
    fair, longer = [{LENGTH: 20.0}], [{LENGTH: 11.0}]
    assert "NOT FAIR" in lengths({"ours": fair, "peer": longer})
    assert "FAIR" not in lengths({"ours": fair, "peer": fair})
    assert "printed no" in lengths({"ours": fair, "peer": [{}]})


def test_decoding_takes_the_newest_run_that_translates_and_refuses_a_classifier(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    monkeypatch.setattr("benchmarks.corpus.of_run", lambda *_: corpus().test)
    monkeypatch.setattr("benchmarks.corpus.choose", lambda _: corpus())
    parse = decode.parser().parse_args
    classifier = write_classifier(tmp_path, "20260103-000000-000000")
    assert decode.chosen(parse(["--miniature"]))[1].name == "toy, test", "no run translates, so the model is a new one"
    with pytest.raises(UserError, match="--free needs a run"):
        decode.chosen(parse(["--free"]))
    translator = write(tmp_path, "bahdanau2014", "20260101-000000-000000")
    decode.chosen(parse([]))
    assert f"Translating with {translator}" in capsys.readouterr().out
    decode.chosen(parse(["--miniature"]))
    assert not capsys.readouterr().out, "a miniature is a new model"
    with pytest.raises(UserError, match="is a run of vit2021, which classifies images"):
        decode.chosen(parse(["--run", str(classifier)]))


def test_the_scale_of_the_data_layer_is_one_line_and_its_memory_is_that_of_the_process(capsys, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)  # the data layer takes none of a device's memory
    monkeypatch.setenv("DATA_DIR", "nowhere")
    with pytest.raises(UserError, match="pairs=0 must be at least 1"):
        scale.main(["--pairs", "0"])
    scale.main(["--pairs", "300"])
    result = json.loads(capsys.readouterr().out.splitlines()[-1].removeprefix("RESULT "))
    assert 250 < result["kept"] <= 300 and result["batching_pairs_per_s"] > 0
    assert 0.05 < result["peak_rss_gib_preparing"] <= result["peak_rss_gib"] < 16


def test_a_first_run_is_timed_on_a_fresh_clone_without_what_the_caller_has(tmp_path, capsys, monkeypatch):
    def run(command, cwd, env, check):
        ran.append(" ".join(command[:2]))
        assert not {"RUNS_DIR", "MAKEFLAGS"} & {*env} and env["DATA_DIR"] not in {str(tmp_path), ""}
        if command[0] == "git":
            (cwd / "clone").mkdir()
        if command[-1] == "train-bahdanau":
            folder = write(cwd / "runs", "bahdanau2014", "20260101-000000-000000")
            (folder / "evaluation").mkdir()
            (folder / "evaluation" / "scores.json").write_text(json.dumps({"test": {"bleu": 92.5, "aer": 0.08}}))
        return CompletedProcess(command, 0 if command[-1] not in fails else 2)

    ran, fails = [], set()
    monkeypatch.setattr(first_run, "subprocess", SimpleNamespace(run=run))
    for name in ("RUNS_DIR", "MAKEFLAGS", "DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    first_run.main([])
    assert ran == ["git clone", "make setup", "make train-bahdanau"]
    result = json.loads(capsys.readouterr().out.splitlines()[-1].removeprefix("RESULT "))
    assert result["bleu"] == 92.5 and result["precision"] == "32-true" and result["training_minutes"] == 0.03
    assert 0 <= result["setup_minutes"] <= result["minutes"] < 1
    fails.add("setup")
    with pytest.raises(UserError, match="`make setup` ended with status 2"):
        first_run.main([])


def test_every_attention_is_measured_beside_additive(capsys, monkeypatch):
    monkeypatch.setattr(cost, "ROUNDS", 2)
    monkeypatch.setattr(cost, "CALLS", 2)
    monkeypatch.setattr(attention, "SIZES", cost.Sizes(8, 16, 8, sentences=3, source=5))
    attention.main([])
    out = capsys.readouterr().out
    measured = json.loads(out.splitlines()[-1].removeprefix("RESULT "))["mechanisms"]
    assert list(measured) == list(over_source())
    assert measured["additive"]["ratio"] == measured["additive"]["learning_ratio"] == 1
    assert all(row["us"] > 0 and row["learning_us"] > row["us"] for row in measured.values())
    slow = {name: {"ratio": 0.9, "learning_ratio": ratio} for name, ratio in (("dot", 1.4), ("hard", 1.6))}
    assert attention.verdict(slow) == "Slower than 1.5 times additive: hard."


@pytest.mark.parametrize(("kind", "called"), [("rnnsearch", ["step"]), ("transformer", ["features", "step"])])
def test_what_every_step_calls_is_compiled_and_trains(kind, called, monkeypatch):
    compiled, calls = [], set()

    def compile(function, dynamic, backend):
        compiled.append(function.__name__)
        return lambda *given, **named: calls.add(function.__name__) or function(*given, **named)

    monkeypatch.setattr(torch, "compile", compile)
    toy = corpus()
    module = models.build(kind, SIZES, toy)
    models.compile_steps(module.model, "eager")
    module.loss(toy.train.__getitems__(np.arange(4)))[0].backward()
    decode.here(module.model.eval(), toy.test, 1, 0.0, "fp32")(np.arange(4))
    assert compiled == called and calls == set(called)


def test_the_parts_for_a_gpu_are_commands_of_the_benchmarks():
    parsers = {"train": train.parser(), "images": images.parser(), "decode": decode.parser()}
    for _, command in gpu.PARTS.values():
        name, *words = command.split()
        options = parsers[name].parse_args([*words, "--precision", "bf16", "--miniature", "--compile"])
        assert options.compile and options.miniature and options.precision == ["bf16"]


def test_a_part_that_fails_on_a_gpu_is_named_and_the_others_go_on(capsys, monkeypatch):
    def measured(commands, key, rounds):
        (name,) = commands
        if "--compile" in name:
            raise UserError("no compiler")
        return {name: [{key: 1000, "fraction_of_limit": 0.25}]}

    monkeypatch.setattr(gpu, "interleave", measured)
    monkeypatch.setattr(gpu, "trained", lambda command: f"trained {command}")
    monkeypatch.setenv("RUNS_DIR", "nowhere")
    gpu.main(["--quick"])
    out = capsys.readouterr().out
    assert "| ViT, training, images per second | 1,000 | failed | 25.0% |" in out and "no compiler" in out
    assert f"trained {gpu.QUICK_CIFAR10}" in out
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(UserError, match="make bench-gpu QUICK=1"):
        gpu.main([])


def test_on_a_gpu_vit_trains_in_the_time_that_is_left(capsys, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda: "a card")
    monkeypatch.setattr(gpu, "interleave", lambda commands, key, _: {name: [{key: 1280}] for name in commands})
    monkeypatch.setattr(gpu, "trained", lambda command: command)
    monkeypatch.setenv("RUNS_DIR", "nowhere")
    gpu.main([])
    out = capsys.readouterr().out
    assert "a card, bfloat16" in out and "--trainer.max_time 00:00:02:00" in out
    assert (
        "--data cifar10 --trainer.max_steps 3000 --trainer.val_check_interval 750 --trainer.max_time 00:00:05:00" in out
    )


def test_a_peer_needs_a_name_and_a_command():
    with pytest.raises(UserError, match="nameless"):
        parse_peers(["nameless"])
    assert parse_peers(["joey=python x.py --a 'b c'"]) == {"joey": ["python", "x.py", "--a", "b c"]}


def test_a_result_is_one_line_that_can_be_read_back(capsys):
    machine.report({"benchmark": "x", "value": 1.5})
    line = capsys.readouterr().out.strip()
    assert json.loads(line.removeprefix("RESULT ")) == {"benchmark": "x", "value": 1.5}


def test_peers_that_print_numbers_stand_in_one_table(capsys):
    lines = ['RESULT {"benchmark": "another"}', 'RESULT {"rate": 2.5, "spread": [], "other_cpu": [0.5, 0.25]}']
    results = interleave({"a": ["printf", "%s\n%s\n", *lines], "b": ["echo", 'RESULT {"rate": 5}']}, "rate", 1)
    table_of_both = table(results, "rate", "a").splitlines()
    assert table_of_both[1].endswith("1.00 (1.00)") and table_of_both[2].endswith("2.00 (2.00)")


BROKEN = {
    "{'rate': 1}": "RESULT {'rate': 1} of peer is damaged (Expecting property name",
    "[1]": "it must be a dict, not [1]",
    "{}": "peer printed no RESULT with rate",
    '{"rate": "fast"}': "rate must be int or float, not 'fast'",
    '{"rate": NaN}': "rate must be int or float, not None",
    '{"rate": 0}': "peer printed a rate of 0; it must be more than 0",
    '{"rate": 1, "spread": 2}': "spread must be a list, not 2",
    '{"rate": 1, "fraction_of_limit": null}': "fraction_of_limit must be int or float",
    '{"rate": 1, "other_cpu": ["much"]}': "other_cpu must be int or float, not 'much'",
}


@pytest.mark.parametrize(("result", "fault"), BROKEN.items(), ids=BROKEN)
def test_a_peer_whose_result_is_broken_is_named_in_a_sentence(result, fault):
    with pytest.raises(UserError) as refused:
        interleave({"peer": ["echo", f"RESULT {result}"]}, "rate", 1)
    assert fault in str(refused.value)
