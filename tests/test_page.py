"""The page's server: what it answers, what it refuses and how, what it never touches. Traffic stays on this machine."""

import base64
import http.client
import json
import os
import pickle
import re
import shutil
import socket
import threading
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import numpy as np
import pytest
import torch
from page_runs import serving, write, write_timeline

from data.accord import FIXED
from data.errors import UserError
from data.words import join
from reproductions.__main__ import run as command
from reproductions.evaluation.measures.alignment import alignment_error_rate
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.evaluation.views.alignment import View, every_view
from reproductions.page import server, turns
from reproductions.page.alignments import STEPS, _force, align
from reproductions.page.catalogue import MODELS, Catalogue
from reproductions.page.request import TEXT_LETTERS, TEXT_WORDS
from reproductions.page.timelines import LARGEST
from reproductions.runs import Run
from reproductions.tasks.task import restore

SENTENCE, REFERENCE = join(FIXED[0].source, "en"), join(FIXED[0].target, "fr")
THEN, NOW = "bahdanau2014/accord/20260101-000000-000000", "transformer2017/accord/20260102-000000-000000"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The address of a page with a run of each paper, and the folder of its runs."""
    folder = tmp_path_factory.mktemp("page") / "runs"
    for name in (THEN, NOW):
        paper, _, stamp = name.split("/")
        write(folder, paper, stamp)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNS_DIR", str(folder))
        with serving() as address:
            yield address, folder


def ask(address, path, body=None, headers=None, method=None):
    """(status, headers, body) of one request; a dictionary is sent and read as JSON."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    given = {} if headers is None else dict(headers)
    if isinstance(body, dict):
        body = json.dumps(body)
        given.setdefault("Content-Type", "application/json")
    try:
        connection.request(method or ("GET" if body is None else "POST"), path, body, given)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    kind = answer.headers.get("content-type", "")
    return (
        answer.status,
        answer.headers,
        json.loads(content) if kind.startswith("application/json") else content.decode(),
    )


def alive(address):
    return ask(address, "/api/overview")[0] == 200


def weights_of(answer):
    """(V, T, S)."""
    numbers = np.frombuffer(base64.b64decode(answer["weights"]), "<u2").astype(np.float64) / STEPS
    return numbers.reshape(len(answer["views"]), len(answer["target"]), len(answer["source"]))


# --- What it answers --------------------------------------------------------------------------------------------------


def test_the_overview_lists_the_runs_and_sentences_and_changes_with_the_folder(page):
    address, folder = page
    _, _, told = ask(address, "/api/overview")
    assert [run["name"] for run in told["runs"]] == [NOW, THEN] and all(run["ready"] for run in told["runs"])
    assert told["runs"][0]["title"] == "Transformer" and told["runs"][1]["year"] == 2014
    assert told["examples"]["accord, fr"][0] == {"source": SENTENCE, "target": REFERENCE}
    added = write(folder, "bahdanau2014", "20260103-000000-000000", attention="none")
    try:
        _, _, told = ask(address, "/api/overview")
        assert told["runs"][0]["title"] == "RNNencdec", "a new run needs no restart"
    finally:
        for path in sorted(added.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        added.rmdir()
    assert len(ask(address, "/api/overview")[2]["runs"]) == 2


def test_both_models_answer_over_the_same_target_with_gold(page):
    address, _ = page
    answers = [
        ask(address, "/api/align", {"run": name, "text": SENTENCE, "target": REFERENCE})[2] for name in (THEN, NOW)
    ]
    then, now = answers
    assert then["source"] == now["source"] == [*FIXED[0].source, "</s>"]
    assert then["target"] == now["target"] == [*FIXED[0].target, "</s>"]
    assert len(then["views"]) == 4 and len(now["views"]) == 3 * 3 * 4
    for answer in answers:
        weights = weights_of(answer)
        assert (weights.sum(axis=2) <= 1).all() and weights.sum(axis=2) == pytest.approx(1, abs=1e-3)
        assert {tuple(link) for link in answer["gold"]["sure"]} == FIXED[0].links.sure
        assert {tuple(link) for link in answer["gold"]["possible"]} == FIXED[0].links.possible
        assert len(answer["probabilities"]) == len(answer["target"])
        assert np.log(answer["probabilities"]).sum() == pytest.approx(answer["score"], abs=0.2)


def test_every_view_is_that_of_the_project_and_so_is_its_aer(page):
    _, folder = page
    translator = restore(Run(folder / NOW))
    answer = align(translator, SENTENCE, REFERENCE)
    ids, mask = torch.tensor([translator.source.encode(SENTENCE)]), None
    mask = torch.ones_like(ids, dtype=torch.bool)
    target = torch.tensor([translator.target.encode(REFERENCE)])
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
    _, folder = page
    translator = restore(Run(folder / name))
    ids = torch.tensor([translator.source.encode(SENTENCE)])
    mask = torch.ones_like(ids, dtype=torch.bool)
    written = translator.module.translate(ids, mask)[0]
    forced, nll = _force(translator.module, ids, mask, torch.tensor([written.ids]))
    assert forced.numpy() == pytest.approx(written.maps.numpy(), abs=1e-4)
    own = align(translator, SENTENCE, None)
    assert own["score"] == pytest.approx(-sum(nll), rel=1e-3) and own["text"] and not own["forced"]
    assert weights_of(own)[0] == pytest.approx(written.maps[0, 0].numpy(), abs=2 / STEPS)


def test_a_model_without_attention_translates_and_shows_none(page):
    _, folder = page
    run = write(folder, "bahdanau2014", "20260104-000000-000000", attention="none")
    answer = align(restore(Run(run)), SENTENCE, REFERENCE)
    assert answer["views"] == [] and answer["gold"] is None and "weights" not in answer and answer["score"] < 0
    for path in sorted(run.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    run.rmdir()


def test_unknown_words_are_named(page):
    address, _ = page
    _, _, answer = ask(address, "/api/align", {"run": NOW, "text": "The zebra was signed.", "target": REFERENCE})
    assert [answer["source"][s] for s in answer["unknown"]["source"]] == ["zebra"] and answer["unknown"]["target"] == []
    assert answer["gold"] is None and "aer" not in answer["numbers"][0]


def test_a_run_that_goes_on_training_is_read_again(page):
    _, folder = page
    os.environ["RUNS_DIR"] = str(folder)
    catalogue = Catalogue()
    before = catalogue.model(catalogue.find(NOW))
    assert catalogue.model(catalogue.find(NOW)) is before
    best = folder / NOW / "checkpoints" / "best.ckpt"
    os.utime(best, (1, 2))
    assert catalogue.model(catalogue.find(NOW)) is not before
    for _ in range(2 * MODELS):
        os.utime(best, (1, best.stat().st_mtime + 10))
        catalogue.model(catalogue.find(NOW))
    assert len(catalogue._models) == MODELS


# --- What it refuses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"run": NOW, "text": ""}, 422, "empty"),
        ({"run": NOW, "text": " \n\t "}, 422, "empty"),
        ({"run": NOW, "text": "word " * 100_000}, 413, f"{TEXT_LETTERS:,} characters"),
        ({"run": NOW, "text": "a" * (TEXT_LETTERS + 1)}, 422, f"{TEXT_LETTERS + 1:,} characters"),
        ({"run": NOW, "text": "a " * (TEXT_WORDS + 1)}, 422, f"at most {TEXT_WORDS}"),
        ({"run": NOW, "text": "a \x00 b"}, 422, "U+0000"),
        ({"run": NOW, "text": "bell \x07"}, 422, "U+0007, at position 6"),
        ({"run": NOW, "text": "\ud800"}, 422, "U+D800"),
        ({"run": NOW, "text": SENTENCE, "target": "b \x1b[2J"}, 422, "target holds"),
        ({"run": NOW, "text": 7}, 422, "must be of the type str"),
        ({"run": NOW, "text": SENTENCE, "targets": ""}, 422, "fields run, text, target"),
        ({"run": None, "text": SENTENCE}, 422, "no run"),
        ({"run": "nobody/knows/this", "text": SENTENCE}, 422, "no run"),
        ({"run": f"../{NOW}", "text": SENTENCE}, 422, "no run"),
        ({"run": "/etc/passwd", "text": SENTENCE}, 422, "no run"),
        ({"run": f"{NOW}/../../../../../etc", "text": SENTENCE}, 422, "no run"),
        ({"run": f"{NOW}\x00", "text": SENTENCE}, 422, "no run"),
    ],
)
def test_bad_text_and_bad_names_are_refused_in_one_sentence(page, body, status, says):
    address, _ = page
    found, _, told = ask(address, "/api/align", body)
    assert (found, says in told["error"]) == (status, True), told
    assert alive(address)


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[" * 60_000, "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[]", "application/json", 422),
        (b'{"run": "a", "text": "b"}', "text/plain", 415),
        (b"run=a&text=b", "application/x-www-form-urlencoded", 415),
    ],
)
def test_what_is_no_request_is_refused(page, content, kind, status):
    address, _ = page
    found, _, told = ask(address, "/api/align", content, {"Content-Type": kind})
    assert found == status and told["error"]
    assert alive(address)


def test_markup_in_a_sentence_comes_back_as_the_text_it_is(page):
    address, _ = page
    _, headers, answer = ask(
        address, "/api/align", {"run": NOW, "text": "<script>alert(1)</script> & <b>", "target": "<i>"}
    )
    assert "script" in answer["source"] and headers["content-type"] == "application/json"


def test_a_body_is_counted_not_believed(page):
    """100 MB announced, or sent in pieces without saying how many: both end early, with 413."""
    address, _ = page
    host = urlsplit(address)
    head = b"POST /api/align HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    for length, piece in ((b"Content-Length: 104857600\r\n\r\n", b""),
                          (b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 0x10000 + b"\r\n")):  # fmt: skip
        with socket.create_connection((host.hostname, host.port), timeout=20) as raw:
            raw.sendall(head + length)
            try:
                for _ in range(100):
                    raw.sendall(piece)
            except OSError:
                pass  # the server has closed the connection in the middle, as it should
            try:
                assert raw.recv(4096).startswith(b"HTTP/1.1 413 ")
            except ConnectionResetError:
                assert piece, "an announced length needs no reset"
    assert alive(address)


def test_an_upload_that_breaks_off_leaves_the_server_alive(page):
    address, _ = page
    host = urlsplit(address)
    for _ in range(5):
        with socket.create_connection((host.hostname, host.port), timeout=20) as raw:
            raw.sendall(
                b"POST /api/align HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
            )
    assert alive(address)


@pytest.mark.parametrize(
    "path",
    ["/../server.py", "/%2e%2e/server.py", "/..%2fserver.py", "/static/../../server.py", "//etc/passwd", "/nothing", "/%00",
     "/....//server.py", "/api/nothing"],
)  # fmt: skip
def test_no_file_outside_the_page_is_served(page, path):
    address, _ = page
    status, _, content = ask(address, path)
    assert 400 <= status < 500 and "import" not in str(content)


def test_other_methods_and_other_hosts_are_refused(page):
    address, _ = page
    assert ask(address, "/api/align")[0] in (404, 405)
    assert ask(address, "/api/overview", method="DELETE")[0] == 405
    assert ask(address, "/api/overview", headers={"Host": "rebound.example"})[0] == 400
    assert ask(address, "/api/overview", headers={"Host": "localhost:1"})[0] == 200


# --- What it reads ----------------------------------------------------------------------------------------------------


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (Path(self.path),))


@pytest.fixture
def own_runs(tmp_path, monkeypatch):
    """A folder of runs with one good run, and a page over it."""
    folder = tmp_path / "runs"
    write(folder, "bahdanau2014", "good")
    monkeypatch.setenv("RUNS_DIR", str(folder))
    with serving() as address:
        yield address, folder


def broken_checkpoint(path, how, tmp_path):
    if how == "truncated":
        path.write_bytes(path.read_bytes()[:900])
    elif how == "text":
        path.write_text("not a checkpoint")
    elif how == "foreign":
        torch.save({"state_dict": {}, "epoch": 3}, path)
    elif how == "pickle":
        path.write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
    elif how == "torch pickle":
        torch.save({"paper": Bomb(tmp_path / "ran")}, path)
    elif how == "other words":
        checkpoint = torch.load(path, weights_only=True)
        torch.save({**checkpoint, "tokenizers": {"source": "0", "target": "0"}}, path)
    else:
        checkpoint = torch.load(path, weights_only=True)
        torch.save({**checkpoint, "state_dict": {}}, path)


@pytest.mark.parametrize("how", ["truncated", "text", "foreign", "pickle", "torch pickle", "other words", "no weights"])
def test_a_checkpoint_that_is_not_ours_is_refused_and_never_run(own_runs, tmp_path, how):
    address, folder = own_runs
    bad = write(folder, "transformer2017", "bad")
    broken_checkpoint(bad / "checkpoints" / "best.ckpt", how, tmp_path)
    status, _, told = ask(address, "/api/align", {"run": "transformer2017/accord/bad", "text": SENTENCE})
    assert status == 422 and "best.ckpt" in told["error"] and "Traceback" not in told["error"]
    assert not (tmp_path / "ran").exists()
    assert ask(address, "/api/align", {"run": "bahdanau2014/accord/good", "text": SENTENCE})[0] == 200


@pytest.mark.parametrize(
    "config", ["", "[]", "model: 3", "{", "model: {class_path: x}", "model: {class_path: a.b.c}\ndata: {init_args: {}}",
               "!!python/object/apply:os.system ['true']", "\x00"],
)  # fmt: skip
def test_a_folder_that_is_no_run_of_ours_is_named_and_the_others_are_shown(own_runs, config):
    address, folder = own_runs
    strange = folder / "some" / "other" / "thing"
    strange.mkdir(parents=True)
    (strange / "config.yaml").write_text(config)
    _, _, told = ask(address, "/api/overview")
    assert [run["name"] for run in told["runs"]] == ["bahdanau2014/accord/good"]
    assert list(told["refused"]) == ["some/other/thing"]


def test_a_link_out_of_the_folder_of_runs_is_no_run(own_runs, tmp_path):
    address, folder = own_runs
    outside = write(tmp_path / "elsewhere", "transformer2017", "secret")
    (folder / "transformer2017" / "accord").mkdir(parents=True)
    (folder / "transformer2017" / "accord" / "linked").symlink_to(outside)
    _, _, told = ask(address, "/api/overview")
    assert "leads out" in told["refused"]["transformer2017/accord/linked"] and len(told["runs"]) == 1
    assert ask(address, "/api/align", {"run": "transformer2017/accord/linked", "text": SENTENCE})[0] == 422


@pytest.mark.parametrize(
    ("file", "content"),
    [("summary.json", "[]"), ("summary.json", "{"), ("summary.json", "[" * 100_000), ("summary.json", '{"title": 7}'),
     ("summary.json", '{"parameters": "<b>"}'), ("summary.json", "\xff"), ("evaluation/scores.json", "[]"),
     ("evaluation/scores.json", "{"), ("evaluation/scores.json", "3")],
)  # fmt: skip
def test_a_run_with_a_damaged_file_is_named_and_the_others_are_shown(own_runs, file, content):
    address, folder = own_runs
    path = write(folder, "transformer2017", "bad") / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="latin-1")
    status, _, told = ask(address, "/api/overview")
    assert status == 200 and [run["name"] for run in told["runs"]] == ["bahdanau2014/accord/good"]
    assert file in told["refused"]["transformer2017/accord/bad"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", '"<b>"', "null", "true"])
def test_a_score_that_is_no_number_is_left_out(own_runs, number):
    address, folder = own_runs
    path = folder / "bahdanau2014" / "accord" / "good" / "evaluation" / "scores.json"
    path.parent.mkdir()
    path.write_text(f'{{"test": {{"bleu": {number}, "aer": 0.25}}, "noted": "by hand"}}')
    _, _, told = ask(address, "/api/overview")
    assert told["runs"][0]["scores"] == {"test": {"aer": 0.25}}


@pytest.mark.parametrize(
    "file",
    ["summary.json", "evaluation", "evaluation/scores.json", "tokenizers", "tokenizers/source.json", "config.yaml", "checkpoints",
     "checkpoints/best.ckpt"],
)  # fmt: skip
def test_no_file_of_a_run_is_read_through_a_link_that_leads_out(own_runs, tmp_path, file):
    address, folder = own_runs
    path, outside = write(folder, "transformer2017", "linked") / file, tmp_path / "outside"
    (path.parent if path.suffix else path).mkdir(exist_ok=True)
    if file.endswith("scores.json"):
        path.write_text('{"test": {"bleu": 99.0}}')
    path.rename(outside)
    path.symlink_to(outside)
    _, _, told = ask(address, "/api/overview")
    assert "leads out" in told["refused"]["transformer2017/accord/linked"] and len(told["runs"]) == 1
    assert ask(address, "/api/align", {"run": "transformer2017/accord/linked", "text": SENTENCE})[0] == 422


def test_a_link_that_leads_round_in_a_circle_is_refused(own_runs):
    address, folder = own_runs
    path = write(folder, "transformer2017", "round") / "summary.json"
    path.unlink()
    path.symlink_to(path)
    _, _, told = ask(address, "/api/overview")
    assert "transformer2017/accord/round" in told["refused"] and len(told["runs"]) == 1


def test_an_attention_that_is_another_papers_is_told_with_that_paper(own_runs):
    address, folder = own_runs
    write(folder, "bahdanau2014", "location", attention="location")
    write(folder, "bahdanau2014", "none", attention="none")
    _, _, told = ask(address, "/api/overview")
    runs = {run["time"]: (run["mechanism"], run["attends"]) for run in told["runs"]}
    assert runs == {"good": (None, True), "location": ("Luong, Pham and Manning 2015", True), "none": (None, False)}


def test_without_runs_the_overview_says_where_it_looked(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "none"))
    with serving() as address:
        _, _, told = ask(address, "/api/overview")
    assert told["runs"] == [] and told["folder"].endswith("none") and "bahdanau2014" in told["translators"]


# --- Many at once, and headers ----------------------------------------------------------------------------------------


def test_twenty_people_at_once_all_get_their_answer(page):
    address, _ = page
    found = []

    def one(number):
        text = f"The old houses were bought by the minister on {number % 5} May."
        status, _, told = ask(
            address, "/api/align", {"run": (THEN, NOW)[number % 2], "text": text, "target": REFERENCE}
        )
        found.append((status, told.get("source", [])[:2]))

    people = [threading.Thread(target=one, args=(number,)) for number in range(20)]
    for person in people:
        person.start()
    for person in people:
        person.join(60)
    assert found == [(200, ["The", "old"])] * 20


def test_more_than_may_wait_are_told_so(page, monkeypatch):
    address, _ = page
    monkeypatch.setattr(turns, "PLACES", 0)
    status, headers, told = ask(address, "/api/overview")
    assert status == 429 and headers["retry-after"] and "busy" in told["error"]


def test_answers_are_kept_within_bounds(monkeypatch):
    monkeypatch.setattr(server, "KEPT_BYTES", 100)
    desk, made = server.Desk(), []
    for key in (1, 2, 1, 3, 4, 1):
        desk.keep((key,), lambda key=key: made.append(key) or {"text": "x" * 30})
    assert made == [1, 2, 3, 4, 1], "two have room: 3 takes the place of 2, which was asked for less lately than 1"
    assert list(desk._kept) == [(4,), (1,)] and desk._bytes == sum(map(len, desk._kept.values())) == 84


def test_every_answer_forbids_what_comes_from_elsewhere(page):
    address, _ = page
    for path in ("/", "/main.js", "/style.css", "/api/overview", "/nothing"):
        _, headers, _ = ask(address, path)
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy and "unsafe" not in policy, path
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
    assert ask(address, "/main.js")[1]["content-type"].startswith(("text/javascript", "application/javascript"))


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

MODULES = sorted(server.STATIC.glob("*.js"))


def test_the_page_holds_no_inline_script_and_refers_to_nothing_outside():
    text = (server.STATIC / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=", text)
    for path in (*MODULES, server.STATIC / "index.html", server.STATIC / "style.css"):
        outside = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"']*", path.read_text(encoding="utf-8")))
        assert outside <= {"http://www.w3.org/2000/svg"}, path


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_makes_no_markup_of_text(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|console\.", text
    )
    assert not re.search(r"\bvar\b|[^=!]==[^=]|!=[^=]", text), "let, const, === and !=="


def test_every_module_is_imported():
    texts = [path.read_text(encoding="utf-8") for path in MODULES]
    imported = {name for text in texts for name in re.findall(r'from "\./([\w-]+\.js)"', text)}
    assert imported | {"main.js"} == {path.name for path in MODULES}


def test_the_timeline_is_told_as_it_was_written_and_its_absence_in_a_sentence(page, tmp_path):
    address, folder = page
    status, _, told = ask(address, "/api/timeline", {})
    assert status == 422 and "make timeline" in told["error"]
    assert ask(address, "/api/overview")[2]["timeline"] is None
    table = write_timeline(folder)
    try:
        status, _, told = ask(address, "/api/timeline", {})
        assert status == 200 and told == table
        assert ask(address, "/api/overview")[2]["timeline"]
        path = folder / "timeline" / "timeline.json"
        path.rename(tmp_path / "elsewhere.json")
        path.symlink_to(tmp_path / "elsewhere.json")
        assert ask(address, "/api/timeline", {})[0] == 422, "a link that leads out of the folder of runs"
        path.unlink()
        path.write_bytes(b" " * (LARGEST + 1))
        status, _, told = ask(address, "/api/timeline", {})
        assert status == 422 and "too large" in told["error"]
    finally:
        shutil.rmtree(folder / "timeline")


@pytest.mark.parametrize(
    "damage",
    ["[1]", "{nope", "7", "{}", "[" * 100_000, '{"rows": []}', ("bleu", "NaN"), ("aer", '"low"'), ("record", "null"),
     ("bleu_seeds", "3"), ("over_source", "1"), ("year", "null")],
)  # fmt: skip
def test_a_timeline_that_is_damaged_is_refused_in_a_sentence(own_runs, damage):
    address, folder = own_runs
    table = write_timeline(folder)
    if isinstance(damage, tuple):
        field, value = damage
        table["rows"][1][field] = "HERE"
        damage = json.dumps(table).replace('"HERE"', value)
    (folder / "timeline" / "timeline.json").write_text(damage)
    status, _, told = ask(address, "/api/timeline", {})
    assert status == 422 and "damaged" in told["error"] and "make timeline" in told["error"]
    assert alive(address)
