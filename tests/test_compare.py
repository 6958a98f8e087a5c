"""Two papers on one corpus, from training to the page that compares them; the view chosen, the snapshots averaged."""

import json
import re
import shutil

import pytest
import torch
import yaml
from toy_run import NETWORK, corpus, overrides
from trained import ROOT

from data.errors import UserError
from reproductions import runs
from reproductions.__main__ import run as command
from reproductions.commands import ladder
from reproductions.commands.figures.curves import curves_of
from reproductions.compare.comparison import comparable
from reproductions.compare.translators import SAME
from reproductions.evaluation import plots
from reproductions.evaluation.records import load
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.experiments.ladder import RUNGS
from reproductions.reports import fixed, percent, unbroken
from reproductions.tasks.task import restore
from reproductions.training import checkpoints, tracking
from reproductions.training.averaging import average, snapshots

PAPERS = ("bahdanau2014", "transformer2017")
WEIGHTS = ("step", "averaged")  # what tells the validations of a run apart
KEPT = {("5", "layers"), ("5", "heads")}  # what a rung is about
# Untrained models write until they may not go on: few sentences, and no beam.
FEW = {
    "data.init_args.pairs": 300,
    "data.init_args.batch_tokens": 600,
    "data.init_args.test_splits": '["test","fixed"]',
    "trainer.limit_val_batches": 2,
    "trainer.limit_test_batches": 3,
    "model.init_args.search.width": 1,
}


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A run of each paper on Accord in miniature, and the folder that they lie in."""
    folder = tmp_path_factory.mktemp("both")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("RUNS_DIR", str(folder / "runs"))
        patch.setenv("DATA_DIR", str(folder / "data"))

        def write_down(_, key, path, caption, step=None):
            with (folder / "captions").open("a") as file:
                file.write(f"{path.parent.name}/{path.name}: {caption}\n")

        patch.setattr(tracking, "log_picture", write_down)
        for paper in PAPERS:
            small = overrides(8, paper, **FEW, **{"run.average": 3, "run.snapshot_every": 2})
            assert command(["train", paper, *small]) == 0
        yield folder


def run_of(both, paper):
    (found,) = (both / "runs").glob(f"{paper}/accord/*")
    return runs.Run(found)


def test_the_view_is_chosen_by_validation_and_stands_in_checkpoint_records_and_picture(both):
    run = run_of(both, "transformer2017")
    told = json.loads((run.folder / "views.json").read_text())
    assert told["by"] == "gold links" and len(told["views"]) == 3 * 3 * 2 * 2
    rates = {view: scores["aer"] for view, scores in told["views"].items()}
    assert rates[told["chosen"]] == min(rates.values())
    assert (run.folder / "views.png").is_file()
    view = checkpoints.read(run.best)["view"]
    assert view in rates
    described = run.scores["test"]["view"]
    for record in load(run.folder / "evaluation" / "test" / "forced.jsonl", AlignedTranslation):
        assert record.view == described
    assert ("norms" in described) == view.endswith("norms")


def test_the_table_of_views_is_that_of_the_best_checkpoint(both):
    run = run_of(both, "transformer2017")
    told, best = json.loads((run.folder / "views.json").read_text()), checkpoints.read(run.best)
    lines = [json.loads(line) for line in (run.folder / "validation.jsonl").read_text().splitlines()]
    assert told["step"] == best["global_step"] and told["chosen"] == best["view"] and told == best["views"]
    (line,) = (line for line in lines if [line.get(key) for key in WEIGHTS] == [told.get(key) for key in WEIGHTS])
    assert told["views"][told["chosen"]]["aer"] == pytest.approx(line["valid/aer"])
    assert told.get("averaged") == (3 if run.summary["averaged"]["kept"] else None)


def test_averaged_weights_are_told_from_those_of_the_last_step_and_are_in_no_curve(both):
    run = run_of(both, "transformer2017")
    lines = [json.loads(line) for line in (run.folder / "validation.jsonl").read_text().splitlines()]
    assert [[line.get(key) for key in WEIGHTS] for line in lines] == [[4, None], [8, None], [8, 3]]
    assert run.summary["averaged"]["score"] == pytest.approx(lines[-1]["valid/bleu"], abs=1e-4)
    (curve,) = curves_of([run], {"valid/perplexity": ("perplexity", "")})
    assert [*zip(curve.steps, curve.values, strict=True)] == [
        (line["step"], line["valid/perplexity"]) for line in lines[:2]
    ]
    assert curve.values[-1] != lines[-1]["valid/perplexity"]
    pictures = sorted(path.name for path in (run.folder / "pictures/valid-1").iterdir())
    assert pictures == ["mean-0000008.png", "step-0000004.png", "step-0000008.png"]
    captions = (both / "captions").read_text().splitlines()
    (mean,) = (caption for caption in captions if caption.startswith("valid-1/mean-0000008.png: Transformer"))
    (last,) = (caption for caption in captions if caption.startswith("valid-1/step-0000008.png: Transformer"))
    assert ": Transformer, mean of 3 snapshots ·" in mean and ": Transformer, step 8 ·" in last


def test_what_another_validation_chose_is_not_taken_for_the_best_checkpoints(both, monkeypatch):
    run, grids = run_of(both, "transformer2017"), []
    monkeypatch.setattr(plots, "view_grid", lambda *drawn, draw=plots.view_grid: grids.append(drawn) or draw(*drawn))
    (run.folder / "views.json").write_text('{"chosen": "of a later validation"}')
    assert command(["evaluate", str(run.folder)]) == 0
    told, best = json.loads((run.folder / "views.json").read_text()), checkpoints.read(run.best)
    assert told["chosen"] == best["view"]
    ((*_, by, diagonal),) = grids
    assert by == "gold links" and diagonal == told["diagonal"] == best["views"]["diagonal"]
    assert diagonal == pytest.approx(run.scores["test"]["aer_of_the_diagonal"], abs=0.1), (
        "other sentences, one language"
    )


def test_a_model_with_one_attention_has_nothing_to_choose(both):
    run = run_of(both, "bahdanau2014")
    assert not (run.folder / "views.json").exists()
    assert checkpoints.read(run.best)["view"] == "L1 H1 shift0"


def test_the_last_snapshots_are_averaged_and_validated(both):
    run = run_of(both, "transformer2017")
    kept = snapshots(run.snapshots)
    assert [path.stem for path in kept] == ["step-00000004", "step-00000006", "step-00000008"]
    told = run.summary["averaged"]
    assert told["snapshots"] == [path.stem for path in kept]
    mean = average(kept)
    one = [torch.load(path, weights_only=True) for path in kept]
    name = "model.head.weight"
    torch.testing.assert_close(mean[name], sum(weights[name] for weights in one) / 3)
    if told["kept"]:
        torch.testing.assert_close(checkpoints.read(run.best)["state_dict"], mean)


def test_a_trained_transformer_translates_as_it_was_scored(both):
    run = run_of(both, "transformer2017")
    translator = restore(run)
    for record in load(run.folder / "evaluation" / "fixed" / "own.jsonl", AlignedTranslation)[:3]:
        _, again = translator.translate(" ".join(record.source_words))
        assert again.target == record.target and again.view == record.view
        assert again.weights == pytest.approx(record.weights, abs=2e-3)


def test_compare_writes_one_page_that_needs_nothing_else(both, tmp_path, capsys):
    assert command(["compare", "--out", str(tmp_path / "page")]) == 0
    told = capsys.readouterr().out
    assert "RNNsearch" in told and re.search(r"the difference is (not )?significant, p [<=] ", told)
    page = (tmp_path / "page" / "report.html").read_text(encoding="utf-8")
    numbers = json.loads((tmp_path / "page" / "comparison.json").read_text(encoding="utf-8"))
    assert [run["name"] for run in numbers["runs"]] == ["RNNsearch", "Transformer"]
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", page), "the page refers to something outside"
    fixed_sentences = len(numbers["sentences"])
    assert page.count("<img") == 1 + 1 + 2 * fixed_sentences  # lengths, views, and two pictures a sentence
    for sentence in numbers["sentences"]:
        assert len(sentence["rows"]) == 2
        assert {"aer", "entropy", "coverage_deviation", "end_mass", "monotonicity", "chrf"} <= set(sentence["rows"][0])
    views = numbers["runs"][1]["views"]
    assert views["naive"] == "L2 Hmean shift0" and views["chosen_aer"] <= views["naive_aer"]
    assert "width=device-width" in page and "does not prove" in page


def test_any_number_of_runs_is_compared_and_each_has_a_name(both, tmp_path):
    first, second = (run_of(both, paper).folder for paper in PAPERS)
    copy = tmp_path / "transformer2017" / "accord" / "again"
    copy.mkdir(parents=True)
    for path in sorted(second.rglob("*")):
        if path.is_file():
            (copy / path.relative_to(second)).parent.mkdir(parents=True, exist_ok=True)
            (copy / path.relative_to(second)).write_bytes(path.read_bytes())
    assert command(["compare", str(first), str(second), str(copy), "--out", str(tmp_path / "three")]) == 0
    numbers = json.loads((tmp_path / "three" / "comparison.json").read_text(encoding="utf-8"))
    names = [run["name"] for run in numbers["runs"]]
    assert len(set(names)) == 3 and names[2] == "Transformer · again"
    assert len(numbers["differences"]) == 3
    same = numbers["differences"][2]["bleu"]
    assert same["difference"] == 0 and "is not significant" in same["says"]


def test_runs_that_cannot_be_compared_are_named_in_one_sentence(both, tmp_path, capsys, monkeypatch):
    first, second = (run_of(both, paper).folder for paper in PAPERS)
    with pytest.raises(UserError, match="at least two"):
        comparable([first], SAME)
    with pytest.raises(UserError, match="named twice"):
        comparable([first, first], SAME)
    with pytest.raises(UserError, match="is not a run"):
        comparable([first, tmp_path], SAME)
    (tmp_path / "config.yaml").write_text("{}")
    with pytest.raises(UserError, match="no checkpoint yet"):
        comparable([first, tmp_path], SAME)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "other"))
    toy = overrides(2, "transformer2017", **{"trainer.val_check_interval": 2})
    assert command(["train", "transformer2017", "--data", str(corpus(tmp_path)), *toy]) == 0
    (other,) = (tmp_path / "other").glob("transformer2017/*/*")
    capsys.readouterr()
    assert command(["compare", str(first), str(other)]) == 2
    error = capsys.readouterr().err.strip()
    assert "cannot be compared: corpus" in error and str(other) in error and "Traceback" not in error


def copied(folder, to):
    """What a comparison reads of a run, to be spoiled."""
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns("wandb", "pictures", "snapshots", "*.png"))
    return to


def with_other_tokeniser(folder):
    text = (folder / "config.yaml").read_text(encoding="utf-8")
    assert "tokenizer: words" in text
    (folder / "config.yaml").write_text(text.replace("tokenizer: words", "tokenizer: bpe"), encoding="utf-8")


def with_other_sentences(folder):
    path = folder / "evaluation/test/translations.jsonl"
    first, *rest = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text(
        "".join([json.dumps(json.loads(first) | {"source": "Other words."}) + "\n", *rest]), encoding="utf-8"
    )


@pytest.mark.parametrize(("spoil", "words"), [
    (with_other_tokeniser, "cannot be compared: tokenizer is 'words' in"),
    (with_other_sentences, "were not tested on the same sentences: sentence "),
    (lambda folder: (folder / "checkpoints/best.ckpt").unlink(), "has no checkpoint yet: train it on with RESUME=1"),
    (lambda folder: (folder / "evaluation/scores.json").unlink(), "has no scores yet"),
    (lambda folder: (folder / "evaluation/scores.json").write_text('{"test": '), "scores.json is damaged"),
    (lambda folder: (folder / "config.yaml").write_text("hello: world"), "config.yaml is damaged or not a run's"),
    (lambda folder: (folder / "config.yaml").unlink(), "is not a run: it has no config.yaml"),
    (lambda folder: shutil.rmtree(folder / "evaluation/test"), "was not tested on 'test'; run `make evaluate"),
])  # fmt: skip
def test_a_run_that_is_spoiled_is_refused_by_name_before_anything_is_written(both, tmp_path, capsys, spoil, words):
    first, spoiled = (
        run_of(both, "bahdanau2014").folder,
        copied(run_of(both, "transformer2017").folder, tmp_path / "spoiled"),
    )
    spoil(spoiled)
    capsys.readouterr()
    assert command(["compare", str(first), str(spoiled), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err.strip()
    assert words in error and str(spoiled) in error and error.startswith("error: ") and len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_without_gold_the_view_is_chosen_by_a_statistical_aligner(both, tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    toy = overrides(4, "transformer2017")
    assert command(["train", "transformer2017", "--data", str(corpus(tmp_path)), *toy]) == 0
    (folder,) = (tmp_path / "runs").glob("transformer2017/*/*")
    told = json.loads((folder / "views.json").read_text())
    assert "statistical aligner" in told["by"]
    assert "aer" not in json.loads((folder / "evaluation" / "scores.json").read_text())["test"]


def test_a_sentence_longer_than_the_positions_is_refused(both, capsys):
    run = run_of(both, "transformer2017")
    assert command(["translate", " ".join(["the"] * 90), "--run", str(run.folder)]) == 2
    error = capsys.readouterr().err
    assert "91 words or pieces" in error and "80 positions" in error


def test_unknown_characters_are_translated_all_the_same(both):
    translated, record = restore(run_of(both, "transformer2017")).translate("the Ω ∑ 漢字 agreement .")
    assert record.source_words[1:4] == ("Ω", "∑", "漢字") and translated.hypothesis


def test_numbers_are_written_with_a_minus_and_dashes():
    assert fixed(-1.25, 1) == "−1.2" and fixed(None) == "–" and fixed(float("nan")) == "–"
    assert percent(0.25) == "25.0"


def test_a_number_stays_with_its_unit():
    said = "+1.0 BLEU (95 % interval 0.4 to 1.7); the difference is significant, p = 0.002"
    assert unbroken(said).replace("\u00a0", "~") == (
        "+1.0~BLEU (95~% interval 0.4 to 1.7); the difference is significant, p~=~0.002"
    )


def small_ladder(folder):
    """The ladder's own configs with networks of a few numbers, and the folder that holds them."""
    for path in sorted((ROOT / "configs" / "ladder").glob("*.yaml")):
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        paper = settings["model"]["class_path"].split(".")[1]
        settings["model"]["init_args"]["network"] |= {
            name: value for name, value in NETWORK[paper].items() if (path.stem[0], name) not in KEPT
        }
        settings["data"]["init_args"] |= {"pairs": 300, "batch_tokens": 600, "test_splits": ["test"]}
        settings["trainer"] |= {
            "max_steps": 3,
            "val_check_interval": 3,
            "enable_progress_bar": False,
            "limit_val_batches": 2,
            "limit_test_batches": 2,
        }
        (folder / "ladder").mkdir(parents=True, exist_ok=True)
        (folder / "ladder" / path.name).write_text(yaml.safe_dump(settings), encoding="utf-8")
    return folder / "ladder"


def test_the_ladder_trains_what_is_missing_and_ends_in_a_table_and_a_figure(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(ladder, "CONFIGS", small_ladder(tmp_path))
    assert command(["ladder", "--jobs", "1"]) == 0
    rows = json.loads((tmp_path / "runs/ladder/ladder.json").read_text(encoding="utf-8"))
    assert [row["rung"] for row in rows] == [rung.label for rung in RUNGS.values()]
    assert [row["aer"] is None for row in rows] == [name.split("-")[1] == "rnnencdec" for name in RUNGS]
    assert {row["steps"] for row in rows} == {3}
    told = capsys.readouterr().out
    assert "significant, p" in told and "Transformer, 1 layer, 1 head" in told
    assert (tmp_path / "runs/ladder/ladder.png").is_file() and (tmp_path / "runs/ladder/ladder.pdf").is_file()
    made = sorted((tmp_path / "runs").glob("ladder/*/*/summary.json"))
    assert command(["ladder", "--jobs", "1"]) == 0
    assert sorted((tmp_path / "runs").glob("ladder/*/*/summary.json")) == made


@pytest.fixture
def rungs():
    """The configuration of every rung."""
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in ROOT.glob("configs/ladder/*.yaml")}


def test_all_rungs_of_the_ladder_share_data_budget_and_search(rungs):
    assert sorted(rungs) == list(RUNGS)
    first = rungs["1-rnnencdec"]
    for config in rungs.values():
        assert config["data"] == first["data"] and config["seed_everything"] == first["seed_everything"]
        assert config["model"]["init_args"]["search"] == first["model"]["init_args"]["search"]
        assert config["trainer"]["max_steps"] == first["trainer"]["max_steps"]


def test_what_a_rung_is_said_to_change_is_all_that_it_changes(rungs):
    for name, rung in RUNGS.items():
        for other, what in rung.changes.items():
            if not what.startswith(("attention", "training")):
                continue  # from one paper to the other
            ours, theirs = (rungs[stem]["model"]["init_args"] for stem in (name, other))
            differs = {key for part in ours for key in ours[part] if ours[part][key] != theirs[part][key]}
            assert differs and differs <= ({"attention"} if what == "attention" else set(ours["recipe"]))
