"""Runs side by side: the page, its numbers, its pictures, and what cannot be compared. The runs are those of two papers of a
task that every test reads.
"""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import wandb
from older_runs.make import STEPS
from trained import ROOT, translate_perfectly
from wandb_offline import read as tracked

from data.accord import FIXED
from data.errors import UserError
from reproductions import reports, runs
from reproductions.__main__ import run as command
from reproductions.commands import compare as comparing
from reproductions.compare import classifiers, translators
from reproductions.compare.classifiers import answers, shown
from reproductions.compare.comparison import Matrix, comparable
from reproductions.evaluation.measures.alignment import alignment_error_rate
from reproductions.evaluation.measures.localisation import MEASURES
from reproductions.reports import template

TRANSLATORS, CLASSIFIERS = ("luong2015", "transformer2017"), ("resnet2016", "vit2021")
each_pair = pytest.mark.parametrize("papers", [TRANSLATORS, CLASSIFIERS], ids=["translators", "classifiers"])


def compare(out, *entrants):
    return command(["compare", *(str(run.folder) for run in entrants), "--out", str(out)])


def numbers_in(folder):
    return json.loads((folder / "comparison.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def compared(trained, tmp_path_factory):
    """By pair of papers: the folder of a comparison of their runs, tracked offline, and its numbers."""
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(translators, "SENTENCES", 2)
        patch.setenv("WANDB_MODE", "offline")
        for papers in (TRANSLATORS, CLASSIFIERS):
            folder = tmp_path_factory.mktemp("compared")
            assert compare(folder, *map(trained, papers)) == 0
            wandb.teardown()
            made[papers] = folder, numbers_in(folder)
    return made


# --- The page -----------------------------------------------------------------------------------------------------------


@each_pair
def test_a_comparison_is_one_page_that_needs_nothing_else(compared, trained, papers):
    folder, numbers = compared[papers]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", page), "the page refers to something outside"
    assert [run["name"] for run in numbers["runs"]] == [trained(paper).summary["title"] for paper in papers]
    # BLEU by length, and five matrices a sentence; or all measures, and one strip.
    pictures, matrices = page.count("<img"), page.count('class="matrix"')
    assert (pictures, matrices) == ((1, 2 * 5) if papers == TRANSLATORS else (1 + 1, 0))
    subject = 'class="matrix"' if papers == TRANSLATORS else "<img"
    assert page.index(subject) < page.index("<h2 id="), "the subject stands before the numbers"
    assert "width=device-width" in page and "does not prove" in page
    named = [table for table in re.findall("<table.*?</table>", page, re.S) if "data-name=" in table]
    assert named and all("stacked" in table.split(">")[0] for table in named), "a narrow screen names each number"


def test_a_matrix_shows_every_weight_its_gold_links_and_the_largest_of_each_word():
    words = {"source": ("zone", "<i>"), "target": ("Area", "x")}
    gold = {"sure": frozenset({(0, 0)}), "possible": frozenset({(0, 0), (1, 0)})}
    largest = frozenset({(0, 0), (1, 1)})
    weights = Matrix("RNNsearch", "", weights=[[0.75, 0.25], [0.4, 0.6]], **words, **gold, largest=largest)
    change = Matrix("Difference", "", weights=[[-0.5, 0.5], [0.001, 0.0]], **words)
    drawn = str(template("reproductions.compare", "matrix.html").module.side_by_side([weights, change], "one"))
    cells = re.findall(r'<td class="([^"]*)"(?: style="--w:(\d+)%")?', drawn)
    marks = [(*sorted(names.split()), share) for names, share in cells]
    assert marks[:4] == [("hit", "sure", "75"), ("25",), ("possible", "40"), ("miss", "60")]
    assert marks[4:] == [("less", "50"), ("50",), ("",), ("",)]
    assert "Area ← zone: 75 %" in drawn and "Area ← zone: −50 %" in drawn
    assert "&lt;i&gt;" in drawn and "<i>" not in drawn
    assert drawn.count('type="radio"') == 2, "a narrow screen shows one at a time"


def test_matrices_stand_side_by_side_and_what_is_wider_than_a_phone_fades_until_it_is_scrolled(browser, tmp_path):
    sentence = [(*words, "(end)") for words in (FIXED[0].source, FIXED[0].target)]
    style = (Path(reports.__file__).parent / "report.css").read_text(encoding="utf-8")

    def show(width, source, target):
        matrix = Matrix("RNNsearch", "", source, target, [[0.0] * len(source)] * len(target))
        drawn = template("reproductions.compare", "matrix.html").module.side_by_side([matrix] * 3, "one")
        page = tmp_path / f"{width}.html"
        page.write_text(
            f'<style>{style}</style><main><section class="sentence">{drawn}</section></main>', encoding="utf-8"
        )
        browser.size(width)
        browser.open(page.as_uri())
        assert browser.run("document.documentElement.scrollWidth") <= width
        return browser.run("[...document.querySelectorAll('figure')].map((e) => e.getBoundingClientRect().bottom)")

    assert len(set(show(1250, *sentence))) == 1, "two models and their difference in one row"
    faded = "getComputedStyle(document.querySelector('figure')).maskImage !== 'none'"
    show(390, *sentence)
    assert not browser.run(faded)
    show(390, ["zone"] * 40, ["Area"] * 40)
    browser.until(faded)
    browser.run("document.querySelector('figure').scrollLeft = 9999")
    browser.until(f"!({faded})")
    edge = (
        "[...document.querySelectorAll('figcaption, tbody th')].slice(0, 2).map((e) => e.getBoundingClientRect().left)"
    )
    assert min(browser.run(edge)) >= 0, "the words of the target stay"


@each_pair
def test_the_tracker_holds_the_same_table_and_pictures(compared, papers):
    folder, _ = compared[papers]
    (offline,) = (folder / "wandb").glob("offline-run-*/*.wandb")
    keys = {key for row in tracked(offline).history for key in row}
    assert any("test/compared" in key for key in keys)
    assert {f"compare/{path.stem}.caption" for path in folder.glob("*.png")} <= keys


@each_pair
@pytest.mark.usefixtures("undrawn")
def test_a_run_beside_a_copy_of_itself_differs_in_nothing_significant(trained, tmp_path, papers, capsys, monkeypatch):
    """And of any number of runs each has a name of its own."""
    monkeypatch.setattr(translators, "SENTENCES", 1)
    other, run = map(trained, papers)
    copy = runs.Run(shutil.copytree(run.folder, tmp_path / "again", ignore=shutil.ignore_patterns("wandb", "pictures")))
    settings = copy.config.read_text(encoding="utf-8")
    copy.config.write_text(settings.replace(f"max_steps: {STEPS}", "max_steps: 1000"), encoding="utf-8")
    assert compare(tmp_path / "out", run, copy, other) == 0
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("stopped at") == 1 and f"stopped at {STEPS} of 1,000 steps" in page
    said = capsys.readouterr().out
    assert run.summary["title"] in said and "each run has one seed" in said
    assert re.search(r"the difference is (not )?significant, p [≤=] ", said)
    numbers = numbers_in(tmp_path / "out")
    assert len({one["name"] for one in numbers["runs"]}) == 3 and len(numbers["differences"]) == 3
    same = numbers["differences"][0]
    differences = (same["bleu"],) if papers == TRANSLATORS else (same["accuracy"], *same["looks"]["all"].values())
    for difference in differences:
        assert difference["difference"] == 0 and "is not significant" in difference["says"]


# --- Its numbers --------------------------------------------------------------------------------------------------------


def test_each_sentence_has_the_measures_of_each_translator_and_the_view_stands_beside_the_naive_one(compared, trained):
    _, numbers = compared[TRANSLATORS]
    assert len(numbers["sentences"]) == 2
    for sentence in numbers["sentences"]:
        assert len(sentence["rows"]) == 2
        assert {"aer", "entropy", "coverage_deviation", "end_mass", "monotonicity", "chrf"} <= set(sentence["rows"][0])
    before, after = (alignment_error_rate(trained(paper).forced("test")).aer for paper in TRANSLATORS)
    assert numbers["differences"][0]["aer"]["difference"] == pytest.approx(after - before) and after != before
    views = numbers["runs"][1]["views"]
    assert views["naive"] == "L2 Hmean shift0" and views["chosen_aer"] <= views["naive_aer"]
    luong, transformer = (run["scores"]["test"] for run in numbers["runs"])
    assert "aer_naive" not in luong and 0 <= transformer["aer_naive"] <= 1


@pytest.mark.usefixtures("undrawn")
def test_another_search_and_another_view_in_the_test_are_said_where_runs_are_compared(
    trained, tmp_path, capsys, monkeypatch
):
    """And the score of the naive view does not depend on the view that is shown."""
    monkeypatch.setattr(translators, "SENTENCES", 1)
    run = trained.copy("transformer2017", tmp_path)
    naive = run.scores["test"]["aer_naive"]
    searched = ["--model.init_args.search.width", "3", "--run.pictures=[]"]
    assert command(["evaluate", str(run.folder), *searched]) == 0
    shown, other = run.scores["test"], trained("luong2015").folder
    assert shown["search"]["width"] == 3 != run.model["search"]["width"] and shown["aer_naive"] == pytest.approx(naive)
    assert compare(tmp_path / "out", run, runs.Run(other)) == 0
    said = capsys.readouterr().out
    transformer = r"Transformer, beam 3, α [\d.]+: .* in the best view of validation \([\d.]+ % in the naive one\)"
    assert re.search(transformer, said)
    assert re.search(r"Luong et al\.\S*.*, greedy: test BLEU", said)


def test_a_difference_in_bleu_is_that_of_the_second_run_to_the_first(trained, tmp_path):
    run, perfect = trained("luong2015"), translate_perfectly(trained.copy("luong2015", tmp_path))
    (pair,) = translators.compare([run.folder, perfect.folder]).numbers["differences"]
    assert pair["bleu"]["difference"] == pytest.approx(100 - run.scores["test"]["bleu"])
    assert pair["bleu"]["says"].startswith("+") and "the difference is significant" in pair["bleu"]["says"]


def test_the_numbers_of_a_classifier_are_those_that_it_was_scored_with(compared, trained):
    _, numbers = compared[CLASSIFIERS]
    for described, paper in zip(numbers["runs"], CLASSIFIERS, strict=True):
        scores = trained(paper).scores["test"]
        assert described["accuracy"]["test"][0] == pytest.approx(scores["accuracy"])
        own, *_ = scores["localisation"].values()
        for measure, interval in described["looks"]["all"].items():
            assert interval == pytest.approx(own["all"][measure], abs=2e-3)
        assert set(described["controls"]) == {*scores["localisation"]} - {"uniform", next(iter(scores["localisation"]))}
        assert (described["training_images"], described["steps"]) == (48, STEPS)
        assert described["augmentation"] == ({"shift": 3, "flip": True} if paper == "resnet2016" else {})
    (image,) = numbers["shown"]
    assert image["index"] == 0 and len(image["rows"]) == 2


def test_the_chosen_view_stands_beside_the_naive_one_and_grad_cam_has_none(compared, trained):
    then, now = (run["chosen"] for run in compared[CLASSIFIERS][1]["runs"])
    assert then["view"] == "grad_cam" and then["candidates"] == 1 and "naive" not in then
    table = trained("vit2021").views["views"]
    assert now["naive"] == "cls L2 Hmean" and now["naive_auroc"] == table["cls L2 Hmean"]["auroc"] <= now["auroc"]
    assert now["candidates"] == len(table) - 1


def test_only_images_that_all_runs_classify_correctly_are_compared_as_such(compared, trained):
    _, numbers = compared[CLASSIFIERS]
    ours, theirs = (answers(trained(paper), "test") for paper in CLASSIFIERS)
    right = ours.right & theirs.right & ours.measured & theirs.measured
    assert numbers["looked"] == {"all": int(ours.measured.sum()), "right": int(right.sum())}
    (difference,) = numbers["differences"]
    place = MEASURES.index("auroc")
    for group, rows in (("all", ours.measured), ("right", right)):
        looks = difference["looks"][group]
        assert bool(looks) == rows.any()
        if looks:
            expected = np.nanmean(theirs.measures[rows, place]) - np.nanmean(ours.measures[rows, place])
            assert looks["auroc"]["difference"] == pytest.approx(expected)
    alone = difference["only_second"] - difference["only_first"]
    assert difference["accuracy"]["difference"] == pytest.approx(alone / numbers["images"]["test"])


def test_without_drawn_images_in_common_the_first_that_all_wrote_down_are_shown(trained):
    attended = {paper: trained(paper).attended("test") for paper in CLASSIFIERS}
    ours, theirs = ({record.index for record in records} for records in attended.values())
    for drawn in ([1_000_000], []):
        assert [strip.popitem()[1].index for strip in shown(attended, drawn)] == sorted(ours & theirs)[:8]


@pytest.mark.usefixtures("undrawn")
def test_images_without_masks_are_compared_by_their_answers(trained, tmp_path, capsys):
    entrants = trained.copies(tmp_path, *CLASSIFIERS).values()
    for run in entrants:
        for name, what in (("answers.jsonl", "attention"), ("attended.jsonl", "mask")):
            path = run.evaluation("test", name)
            lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            path.write_text(
                "".join(f"{json.dumps({**line, what: {} if what == 'attention' else None})}\n" for line in lines)
            )
        scores = {"test": {**run.scores["test"], "localisation": {}}}
        (run.folder / runs.SCORES).write_text(json.dumps(scores), encoding="utf-8")
    assert compare(tmp_path / "out", *entrants) == 0
    assert "points of accuracy" in capsys.readouterr().out
    page, numbers = (tmp_path / "out" / "report.html").read_text(encoding="utf-8"), numbers_in(tmp_path / "out")
    assert numbers["looked"]["all"] == 0 and all(run["looks"]["all"] == {} for run in numbers["runs"])
    assert 'id="looks"' not in page and 'id="removal"' in page
    assert "auroc" not in numbers["shown"][0]["rows"][0]


# --- What is compared ---------------------------------------------------------------------------------------------------


def test_the_corpus_decides_what_is_compared(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    (tmp_path / "photos").mkdir()
    for corpus in ("accord", "multi30k", "mine.en,mine.fr"):
        assert comparing._task_of_data(corpus) == "translation"
    for corpus in ("shapes", "cifar10", str(tmp_path / "photos")):
        assert comparing._task_of_data(corpus) == "images"
    with pytest.raises(UserError, match="no comparison on 'captions'.*accord.*shapes"):
        comparing._task_of_data("captions")


def test_the_newest_scored_run_stands_for_a_paper_and_what_is_missing_is_trained(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))

    def scored(name):
        path = tmp_path / name / runs.SCORES
        path.parent.mkdir(parents=True)
        path.write_text("{}")

    for name in ("shapes/20260101", "shapes-plain/20260103", "shapes/20260102", "cifar10/20270101"):
        scored(f"vit2021/{name}")
    (tmp_path / "vit2021/shapes/20260109").mkdir()  # without scores
    assert comparing._newest_or_trained("vit2021", "shapes").name == "20260102"
    asked = []

    def trains(paper, data):
        asked.append((paper, data))
        scored(f"{paper}/{data}/new")
        return 0

    monkeypatch.setattr(comparing, "train", trains)
    shutil.rmtree(tmp_path / "vit2021")
    assert comparing._newest_or_trained("vit2021", "shapes").name == "new"
    assert comparing._newest_or_trained("resnet2016", "shapes").name == "new"
    assert asked == [("vit2021", "shapes"), ("resnet2016", "shapes")]
    monkeypatch.setattr(comparing, "train", lambda *_: 130)
    with pytest.raises(UserError, match="ended with status 130"):
        comparing._newest_or_trained("resnet2016", "cifar10")


# --- What cannot be compared --------------------------------------------------------------------------------------------


def refusal(capsys, out, *entrants):
    """The one sentence with which a comparison is refused; nothing is written."""
    capsys.readouterr()
    assert compare(out, *entrants) == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert error.startswith("error: ") and not list(out.glob("*"))
    return error


def test_a_comparison_needs_two_different_runs(trained):
    folder = trained("resnet2016").folder
    with pytest.raises(UserError, match="at least two"):
        comparable([folder], classifiers.SAME)
    with pytest.raises(UserError, match="named twice"):
        comparable([folder, folder], classifiers.SAME)


@pytest.mark.parametrize(("papers", "words"), [
    (("resnet2016", "luong2015"), "translates. Name runs that do the same"),
    (("xu2015",), "writes captions; a comparison needs runs of a model that translates or a model that classifies images"),
])  # fmt: skip
def test_runs_of_two_tasks_and_of_a_task_without_a_comparison_are_refused(trained, tmp_path, capsys, papers, words):
    assert words in refusal(capsys, tmp_path / "out", *map(trained, papers))


def replaced(old, new):
    def change(text):
        assert old in text
        return text.replace(old, new)

    return change


def with_another(key):
    """Gives the first line another text under a key."""

    def change(text):
        first, rest = text.split("\n", 1)
        return f"{json.dumps(json.loads(first) | {key: 'Other words.'})}\n{rest}"

    return change


# Papers, a file of the second run, what becomes of its text or None if it is removed, and what is said of it.
REFUSED = [
    (TRANSLATORS, "config.yaml", replaced("tokenizer: words", "tokenizer: bpe"), "cannot be compared: tokenizer is 'words' in"),
    (TRANSLATORS, "config.yaml", replaced("corpus: accord", "corpus: mine.tsv"), "cannot be compared: corpus is 'accord' in"),
    (TRANSLATORS, "config.yaml", lambda _: "hello: world", "config.yaml is damaged or not a run's"),
    (TRANSLATORS, "config.yaml", None, "is not a run: it has no config.yaml"),
    (TRANSLATORS, "checkpoints/best.ckpt", None, "has no checkpoint yet: train it on with RESUME=1"),
    (TRANSLATORS, runs.SCORES, None, "has no scores yet"),
    (TRANSLATORS, "evaluation/test/translations.jsonl", None, "was not tested on 'test'; run `make evaluate"),
    (TRANSLATORS, "evaluation/test/translations.jsonl", with_another("source"), "not tested on the same sentences: sentence "),
    (CLASSIFIERS, "config.yaml", replaced("size: 16", "size: 24"), "cannot be compared: size is 16 in"),
    (CLASSIFIERS, "evaluation/test/attended.jsonl", replaced('"ring"', '"wreath"'), "other classes, 10 and 10, such as ring"),
    (CLASSIFIERS, "evaluation/test/answers.jsonl", with_another("name"), "not tested on the same images: image 0 is "),
    (CLASSIFIERS, "evaluation/test/answers.jsonl", lambda text: text[: text.rindex("\n", 0, -1) + 1], "on 32 images and"),
    (CLASSIFIERS, runs.SCORES, lambda text: json.dumps({"other": json.loads(text)["test"]}), "any common split"),
]  # fmt: skip


@pytest.mark.parametrize(("papers", "name", "change", "words"), REFUSED)
def test_a_run_that_is_spoiled_is_refused_by_name_before_anything_is_written(
    trained, tmp_path, capsys, papers, name, change, words
):
    first, second = papers
    spoiled = trained.copy(second, tmp_path)
    path = spoiled.folder / name
    text = path.read_text(encoding="utf-8") if change else None
    path.unlink()
    if change:
        path.write_text(change(text), encoding="utf-8")
    error = refusal(capsys, tmp_path / "out", trained(first), spoiled)
    assert words in error and (str(spoiled.folder) in error or words == "any common split")
