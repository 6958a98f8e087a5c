"""The page's server: what it answers about runs and sentences, and what it keeps. Traffic stays on this machine."""

import gc
import json
import os
import re
import shutil
import socket
import threading
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from page_runs import LUONG, NOW, PLAIN, REFERENCE, RUNG, SEES, SENTENCE, THEN, ask, weights_of, write

from data.accord import FIXED
from data.errors import UserError
from reproductions.__main__ import run as command
from reproductions.evaluation.measures.alignment import alignment_error_rate
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.evaluation.views.alignment import View, every_view
from reproductions.page import catalogue, server
from reproductions.page.alignments import STEPS, align
from reproductions.runs import Run
from reproductions.tasks.task import restore

# --- What it answers --------------------------------------------------------------------------------------------------


def test_the_overview_lists_the_runs_and_sentences_and_changes_with_the_folder(page):
    address, folder = page
    _, _, overview = ask(address, "/api/overview")
    assert [run["name"] for run in overview["runs"]] == [RUNG, SEES, LUONG, PLAIN, NOW, THEN], "the newest first"
    listed = {run["name"]: run for run in overview["runs"]}
    assert all(run["ready"] for run in overview["runs"])
    assert (listed[NOW]["title"], listed[THEN]["year"]) == ("Transformer", 2014)
    kinds = {name: (listed[name]["mechanism"], listed[name]["attends"]) for name in (THEN, LUONG, PLAIN)}
    assert kinds == {THEN: (None, True), LUONG: ("Luong, Pham and Manning 2015", True), PLAIN: (None, False)}
    assert overview["examples"]["accord, fr"][0] == {"source": SENTENCE, "target": REFERENCE}
    added = write(folder, "bahdanau2014", "20260108-000000-000000", attention="none")
    try:
        _, _, overview = ask(address, "/api/overview")
        assert overview["runs"][0]["title"] == "RNNencdec", "a new run needs no restart"
    finally:
        shutil.rmtree(added)
    assert len(ask(address, "/api/overview")[2]["runs"]) == 6


def test_without_runs_the_overview_says_where_it_looked(page, tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "none"))
    _, _, overview = ask(page[0], "/api/overview")
    assert overview["runs"] == [] and overview["folder"].endswith("none") and "bahdanau2014" in overview["translators"]


def test_both_models_answer_over_the_same_target_with_gold(page):
    then, now = (
        ask(page[0], "/api/align", {"run": name, "text": SENTENCE, "target": REFERENCE})[2] for name in (THEN, NOW)
    )
    assert then["source"] == now["source"] == [*FIXED[0].source, "</s>"]
    assert then["target"] == now["target"] == [*FIXED[0].target, "</s>"]
    assert len(then["views"]) == 4 and len(now["views"]) == 3 * 3 * 4
    for answer in (then, now):
        weights = weights_of(answer)
        assert (weights.sum(axis=2) <= 1).all() and weights.sum(axis=2) == pytest.approx(1, abs=1e-3)
        assert {tuple(link) for link in answer["gold"]["sure"]} == FIXED[0].links.sure
        assert {tuple(link) for link in answer["gold"]["possible"]} == FIXED[0].links.possible
        assert len(answer["probabilities"]) == len(answer["target"])
        assert np.log(answer["probabilities"]).sum() == pytest.approx(answer["score"], abs=0.2)


def test_every_view_is_that_of_the_project_and_so_is_its_aer(page):
    translator = restore(Run(page[1] / NOW))
    answer = align(translator, SENTENCE, REFERENCE)
    ids, target = (torch.tensor([side.encode(text)]) for side, text in
                   ((translator.source, SENTENCE), (translator.target, REFERENCE)))  # fmt: skip
    mask = torch.ones_like(ids, dtype=torch.bool)
    with torch.inference_mode():
        maps = translator.module.model.features(ids, mask, target)[1][0].numpy()
        norms = translator.module.norms(ids, mask)[0].numpy()
    assert answer["views"] == [str(view) for view in every_view(2, 2)]
    for name, weights, numbers in zip(answer["views"], weights_of(answer), answer["numbers"], strict=True):
        expected = View.parse(name).apply(maps, norms)
        assert weights == pytest.approx(expected, abs=2 / STEPS)
        record = AlignedTranslation(
            tuple(answer["source"]), tuple(answer["target"]), expected, "m", name, True, "fixed", 0, gold=FIXED[0].links
        )
        assert numbers["aer"] == pytest.approx(alignment_error_rate([record]).aer, abs=1e-5)


@pytest.mark.parametrize("name", [THEN, NOW])
def test_its_own_translation_forced_looks_where_it_looked_while_decoding(page, name):
    translator = restore(Run(page[1] / name))
    ids = torch.tensor([translator.source.encode(SENTENCE)])
    written = translator.module.translate(ids, torch.ones_like(ids, dtype=torch.bool))[0]
    own = align(translator, SENTENCE, None)
    assert own["text"] and not own["forced"]
    assert weights_of(own)[0] == pytest.approx(written.maps[0, 0].numpy(), abs=2 / STEPS)
    forced = align(translator, SENTENCE, own["text"])
    length = len(forced["target"]) - 1  # without </s>, which a translation that was cut off lacks
    assert forced["target"][:length] == own["target"][:length], "its text is read back as its words"
    both = (weights_of(answer)[:, : length - 1] for answer in (forced, own))  # views look one step ahead, too
    assert next(both) == pytest.approx(next(both), abs=1e-4)
    assert np.log(forced["probabilities"][: len(own["target"])]).sum() == pytest.approx(own["score"], abs=0.2)


def test_a_model_without_attention_translates_and_shows_none(page):
    answer = align(restore(Run(page[1] / PLAIN)), SENTENCE, REFERENCE)
    assert answer["views"] == [] and answer["gold"] is None and "weights" not in answer and answer["score"] < 0


def test_unknown_words_are_named(page):
    _, _, answer = ask(page[0], "/api/align", {"run": NOW, "text": "The zebra was signed.", "target": REFERENCE})
    assert [answer["source"][s] for s in answer["unknown"]["source"]] == ["zebra"] and answer["unknown"]["target"] == []
    assert answer["unknown"]["named"] == "The model does not know: zebra."
    assert answer["gold"] is None and "aer" not in answer["numbers"][0]


def test_the_timeline_is_answered_as_it_was_written(page):
    address, folder = page
    status, _, table = ask(address, "/api/timeline", {})
    assert status == 200 and table == json.loads((folder / "timeline/timeline.json").read_text(encoding="utf-8"))
    assert ask(address, "/api/overview")[2]["timeline"]


# --- What it keeps ----------------------------------------------------------------------------------------------------


class Model:
    """Stands for a restored model."""


def test_a_run_that_goes_on_training_is_read_again_and_few_models_are_kept(page, monkeypatch):
    best, restored = page[1] / NOW / "checkpoints" / "best.ckpt", []

    def restoring(_):
        model = Model()
        restored.append(weakref.ref(model))
        return model

    monkeypatch.setattr(catalogue, "restore", restoring)
    runs = catalogue.Catalogue()
    assert runs.model(runs.find(NOW)) is runs.model(runs.find(NOW)) and len(restored) == 1
    for second in range(2 * catalogue.MODELS):
        os.utime(best, (1, 1 + second))
        runs.model(runs.find(NOW))
    gc.collect()
    assert len(restored) == 1 + 2 * catalogue.MODELS, "a newer checkpoint is another model"
    assert sum(model() is not None for model in restored) == catalogue.MODELS


def test_answers_are_kept_within_bounds(monkeypatch):
    monkeypatch.setattr(server, "KEPT_BYTES", 100)
    desk, made = server.Desk(), []
    for key in (1, 2, 1, 3, 4, 1, 4, 1):
        desk.keep((key,), lambda key=key: made.append(key) or {"text": "x" * 30})
    assert made == [1, 2, 3, 4, 1], "two have room: 3 takes the place of 2, which was asked for less lately than 1"


# --- Many at once, headers, and the command ---------------------------------------------------------------------------


def test_twenty_people_at_once_all_get_their_answer(page):
    answers = []

    def one(number):
        text = f"The old houses were bought by the minister on {number % 5} May."
        question = {"run": (THEN, NOW)[number % 2], "text": text, "target": REFERENCE}
        status, _, answer = ask(page[0], "/api/align", question)
        answers.append((status, answer.get("source", [])[:2]))

    people = [threading.Thread(target=one, args=(number,)) for number in range(20)]
    for person in people:
        person.start()
    for person in people:
        person.join(60)
    assert answers == [(200, ["The", "old"])] * 20


def test_every_answer_forbids_what_comes_from_elsewhere(page):
    for path in ("/", "/main.js", "/style.css", "/api/overview", "/nothing"):
        _, headers, _ = ask(page[0], path)
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy and "unsafe" not in policy, path
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
    assert ask(page[0], "/main.js")[1]["content-type"].startswith(("text/javascript", "application/javascript"))


def test_the_command_serves_on_the_loopback_address_and_says_where_a_port_is_taken(monkeypatch, capsys):
    ran = []
    monkeypatch.setattr(server.torch, "set_num_threads", ran.append)
    monkeypatch.setattr(server.uvicorn.Server, "run", lambda _, sockets: ran.append(sockets[0].getsockname()))
    assert command(["page", "--port", "0"]) == 0
    assert ran[0] == 1 and ran[1][0] == "127.0.0.1" and f"http://127.0.0.1:{ran[1][1]}/" in capsys.readouterr().out
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert command(["page", "--port", str(port)]) == 2
    assert f"port {port}" in capsys.readouterr().err
    with pytest.raises(UserError, match="99999"):
        server.serve(port=99_999)
    with pytest.raises(UserError, match="cannot listen on é..x"):
        server.serve("é..x")


def test_who_reads_the_address_can_connect_at_once(monkeypatch):
    connected = []

    def read(line):
        host, port = re.search(r"http://([\d.]+):(\d+)/", line).groups()
        connected.append(socket.create_connection((host, int(port)), timeout=5))

    monkeypatch.setattr(server.torch, "set_num_threads", lambda _: None)
    monkeypatch.setattr(server.uvicorn.Server, "run", lambda *_, **__: None)
    monkeypatch.setattr(server, "sys", SimpleNamespace(stdout=SimpleNamespace(write=read, flush=lambda: None)))
    assert server.serve(port=0) == 0
    assert len(connected) == 1
    connected[0].close()


# --- The files of the page --------------------------------------------------------------------------------------------

MODULES = sorted(server.STATIC.rglob("*.js"))


def test_the_page_holds_no_inline_script_and_refers_to_nothing_outside():
    text = (server.STATIC / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=", text)
    for path in (*MODULES, server.STATIC / "index.html", server.STATIC / "style.css"):
        outside = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"']*", path.read_text(encoding="utf-8")))
        assert outside <= {"http://www.w3.org/2000/svg"}, path


def test_every_module_is_imported_and_makes_no_markup_of_text():
    texts = {path: path.read_text(encoding="utf-8") for path in MODULES}
    imported = {
        path.parent / name for path, text in texts.items() for name in re.findall(r'"(?:\./)?([\w/-]+\.js)"', text)
    }
    assert imported | {server.STATIC / "main.js"} == set(texts)
    for name, text in texts.items():
        markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|console\."
        assert not re.search(markup, text), name
        assert not re.search(r"\bvar\b|[^=!]==[^=]|!=[^=]", text), f"{name}: let, const, === and !=="
