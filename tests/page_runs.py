"""Runs as small as can be, written without training, for the tests of the page; a page that serves them, and questions to it."""

import base64
import http.client
import json
import shutil
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import torch
import uvicorn
import yaml
from toy_run import NETWORK

from data import shapes
from data.accord import FIXED
from data.links import Links
from data.preprocessing import Preprocessing
from data.tokenizers import WordTokenizer
from data.words import join
from reproductions.bahdanau2014 import training as bahdanau
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.page import server
from reproductions.page.alignments import STEPS
from reproductions.transformer2017 import training as transformer
from reproductions.vit2021 import training as vit

NETWORKS = {**NETWORK, "transformer2017": {**NETWORK["transformer2017"], "tied": "target", "max_length": 256}}
# What the page of most tests serves. A run without attention, one that is still training with another paper's attention
# and one of the ladder are newer than the pair that the page must begin with.
THEN, NOW = "bahdanau2014/accord/20260101-000000-000000", "transformer2017/accord/20260102-000000-000000"
PLAIN, LUONG = "bahdanau2014/accord/20260103-000000-000000", "bahdanau2014/accord/20260104-000000-000000"
SEES, RUNG = "vit2021/shapes/20260105-000000-000000", "ladder/2-rnnsearch/20260106-000000-000000"
SENTENCE, REFERENCE = join(FIXED[0].source, "en"), join(FIXED[0].target, "fr")
SUMMARY = {"title": "RNNsearch", "parameters": 1234, "steps": 8, "training_seconds": 1.5, "seed": 1, "device": "cpu",
           "threads": 1, "precision": "32-true"}  # fmt: skip
PAPERS = {"bahdanau2014": (bahdanau, "Bahdanau2014"), "transformer2017": (transformer, "Transformer2017")}


def write_all(root: Path) -> None:
    """Every run of the names above, and a timeline."""
    for name, network in ((THEN, {}), (NOW, {}), (PLAIN, {"attention": "none"}), (LUONG, {"attention": "location"})):
        write(root, *name.split("/")[::2], **network)
    (root / LUONG / "summary.json").unlink()  # as of a training that goes on
    write_classifier(root, SEES.split("/")[2])
    shutil.copytree(root / THEN, root / RUNG)
    write_timeline(root)


def write(root: Path, paper: str, name: str, corpus: str = "accord", **network: object) -> Path:
    """A run of untrained weights below ``root``, as a training would leave it; returns its folder."""
    folder = root / paper / corpus / name
    (folder / "tokenizers").mkdir(parents=True)
    (folder / "checkpoints").mkdir()
    sides = {
        "source": WordTokenizer.learn(Counter(word for pair in FIXED for word in pair.source), "en", 500, 1),
        "target": WordTokenizer.learn(Counter(word for pair in FIXED for word in pair.target), "fr", 500, 1),
    }
    for side, tokenizer in sides.items():
        tokenizer.save(folder / "tokenizers", side)
    training, class_name = PAPERS[paper]
    torch.manual_seed(1)
    sizes = training.Network(**{**NETWORKS[paper], **network})
    module = getattr(training, class_name)(len(sides["source"]), len(sides["target"]), network=sizes)
    checkpoint = {
        "state_dict": module.state_dict(),
        "hyper_parameters": dict(module.hparams),
        "global_step": 7,
        "paper": paper,
        "view": module.view,
        "tokenizers": {side: tokenizer.fingerprint() for side, tokenizer in sides.items()},
    }
    torch.save(checkpoint, folder / "checkpoints" / "best.ckpt")
    languages = {"source_language": "en", "target_language": "fr"}
    settings = {
        "model": {
            "class_path": f"reproductions.{paper}.training.{class_name}",
            "init_args": {"network": asdict(sizes)},
        },
        "data": {"class_path": "data.translation.TranslationData", "init_args": {"corpus": corpus, **languages}},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    (folder / "summary.json").write_text(json.dumps(SUMMARY | {"title": module.title}))
    return folder


def write_classifier(root: Path, name: str) -> Path:
    """A run of a ViT of untrained weights for the embedded images, likewise."""
    folder = root / "vit2021" / "shapes" / name
    (folder / "checkpoints").mkdir(parents=True)
    preprocessing = Preprocessing(24, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), shapes.CLASSES)
    preprocessing.save(folder)
    torch.manual_seed(1)
    network = vit.Network(image_size=24, patch=4, layers=2, d=8, d_mlp=8, heads=2)
    module = vit.ViT2021(len(shapes.CLASSES), network=network)
    torch.nn.init.normal_(module.model.head[-1].weight)
    checkpoint = {
        "state_dict": module.state_dict(),
        "hyper_parameters": dict(module.hparams),
        "global_step": 7,
        "paper": "vit2021",
        "view": "cls L2 Hmean",
        "preprocessing": preprocessing.fingerprint(),
    }
    torch.save(checkpoint, folder / "checkpoints" / "best.ckpt")
    settings = {
        "model": {"class_path": "reproductions.vit2021.training.ViT2021"},
        "data": {"class_path": "data.images.ImageData", "init_args": {"corpus": "shapes"}},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    (folder / "summary.json").write_text(json.dumps(SUMMARY | {"title": module.title}))
    return folder


@contextmanager
def serving(hosts: Sequence[str] = server.LOOPBACK) -> Iterator[str]:
    """The address of a page that runs in a thread, on a free port of the loopback address."""
    running = uvicorn.Server(server.settings(server.application(tuple(hosts)), port=0))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started and thread.is_alive():
        thread.join(0.02)
    try:
        yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}/"
    finally:
        running.should_exit = True
        thread.join(20)


def ask(
    address: str,
    path: str,
    body: dict[str, Any] | bytes | None = None,
    headers: Mapping[str, str] | None = None,
    method: str | None = None,
) -> tuple[int, Message, Any]:
    """(status, headers, content) of one request; a dictionary is sent as JSON, and JSON is read."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    sent = dict(headers or {})
    if isinstance(body, dict):
        body = json.dumps(body).encode()
        sent.setdefault("Content-Type", "application/json")
    try:
        connection.request(method or ("GET" if body is None else "POST"), path, body, sent)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    is_json = answer.headers.get("content-type", "").startswith("application/json")
    return answer.status, answer.headers, json.loads(content) if is_json else content.decode()


def is_alive(address: str) -> bool:
    return ask(address, "/api/overview")[0] == 200


def weights_of(answer: dict[str, Any]) -> np.ndarray:
    """(V, T, S): the weights of every view in an answer about a sentence."""
    numbers = np.frombuffer(base64.b64decode(answer["weights"]), "<u2").astype(np.float64) / STEPS
    return numbers.reshape(len(answer["views"]), len(answer["target"]), len(answer["source"]))


def write_timeline(root: Path) -> dict[str, Any]:
    """A ``timeline.json`` of two kinds of attention and one that reads no source, below the folder of runs."""
    source, target = [*FIXED[0].source, "</s>"], [*FIXED[0].target, "</s>"]
    rows: list[dict[str, Any]] = []
    for number, name in enumerate(("additive", "location")):
        weights = np.zeros((len(target), len(source)))
        weights[np.arange(len(target)), np.minimum(np.arange(len(target)) + number, len(source) - 1)] = 1
        gold = Links(frozenset({(0, 0)}), frozenset({(0, 0), (1, 1)}))
        record = AlignedTranslation(
            tuple(source), tuple(target), weights, name, "attention", True, "fixed", 0, gold=gold
        )
        rows.append({
            "name": name, "year": 2014 + number, "paper": "Somebody", "formula": "s + h", "over_source": True,
            "says": f"What {name} can do.", "bleu": 50.0, "bleu_seeds": [49.0, 51.0], "aer": 0.2, "aer_seeds": [0.1, 0.3],
            "entropy": 0.1, "inversions": 10, "inversions_kept": 5.0, "parameters": 1234, "products": 567,
            "record": record.to_json(),
        })  # fmt: skip
    rows.append(
        {"name": "intra", "year": 2016, "paper": "Others", "formula": "-", "over_source": False, "says": "Elsewhere."}
    )
    table = {
        "corpus": "accord",
        "sentence": " ".join(source[:-1]),
        "seeds": [1, 2],
        "steps": 9,
        "sizes": {"source": 20},
        "rows": rows,
    }
    (root / "timeline").mkdir(parents=True, exist_ok=True)
    (root / "timeline" / "timeline.json").write_text(json.dumps(table), encoding="utf-8")
    return table
