"""The server of the page: a few requests, answered one at a time, by default on the loopback address alone."""

import json
import logging
import socket
import sys
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import torch
import uvicorn
from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from data.errors import UserError
from reproductions import papers, runs
from reproductions.explain import places
from reproductions.explain.page import page as explained
from reproductions.explain.trained import take_steps
from reproductions.page import alignments, images, published, request, timelines
from reproductions.page.catalogue import Catalogue, overview
from reproductions.page.connections import KEEP_ALIVE, Connection
from reproductions.page.guard import Guarded, client_of
from reproductions.page.published import Published
from reproductions.page.turns import Turns
from reproductions.runs import Run
from reproductions.tasks.images.trained import TrainedClassifier

log = logging.getLogger(__name__)

HOST, PORT = "127.0.0.1", 2017
LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")
KEPT_BYTES = 48 * 1024 * 1024  # of answers
POLICY_OF_STEPS = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
STATIC = Path(__file__).parent / "static"


class Desk:
    """Serialises the requests to the models: a bounded queue, and a bounded cache of answers."""

    def __init__(self) -> None:
        self.catalogue = Catalogue()
        self.published = Published()
        self._turns = Turns()
        self._kept: OrderedDict[tuple[Any, ...], bytes] = OrderedDict()
        self._bytes = 0

    async def ask(self, asked: Request, work: Callable[..., bytes], *arguments: Any) -> Response:
        """The JSON that ``work`` makes in a thread; raises HTTPException 429 if too many requests wait."""
        async with self._turns.turn(client_of(asked.scope)):
            if await asked.is_disconnected():
                return Response(status_code=400)  # nobody reads it
            content = await to_thread.run_sync(work, *arguments)
        return Response(content, media_type="application/json")

    def keep(self, key: tuple[Any, ...], make: Callable[[], dict[str, Any]]) -> bytes:
        """The answer under this key from the cache, or a new one."""
        if key not in self._kept:
            content = json.dumps(make(), ensure_ascii=False, allow_nan=False).encode()
            self._kept[key] = content
            self._bytes += len(content)
            while self._bytes > KEPT_BYTES and len(self._kept) > 1:
                self._bytes -= len(self._kept.popitem(last=False)[1])
        self._kept.move_to_end(key)
        return self._kept[key]

    def run(self, name: str | None, task: str) -> Run:
        """The run of this name; raises UserError if there is none, or if it is one of another task."""
        run = self.catalogue.find(name)
        if run.task != task:
            does = papers.TASKS
            raise UserError(f"{name} is a run of {run.paper}, which {does[run.task]}: choose one that {does[task]}.")
        return run

    def align(self, name: str | None, text: str, target: str | None) -> bytes:
        """The attention of a translator over a target."""
        run = self.run(name, "translation")
        key = ("align", run.name, run.saved, text, target)
        return self.keep(key, lambda: alignments.align(self.catalogue.model(run), text, target))

    def look(self, name: str | None, picture: bytes | str | None, asked: str | None) -> bytes:
        """Where a classifier, of a run or published, looked in an uploaded image or in a scene of the gallery, by its name."""
        run = None if name == published.SOURCE else self.run(name, "images")

        def make() -> dict[str, Any]:
            classifier: TrainedClassifier = self.published.classifier() if run is None else self.catalogue.model(run)
            if isinstance(picture, bytes):
                given = images.uploaded(picture, classifier.preprocessing.size)
            else:
                given = images.offered(picture, classifier, images.kept(classifier, run))
            return images.look(classifier, given, asked)

        key = picture if isinstance(picture, str | None) else sha256(picture).hexdigest()
        return self.keep(("look", name, run and run.saved, key, asked), make)

    def gallery(self, name: str | None) -> bytes:
        """The scenes on offer, and the one to begin with for the classifier of a run; published weights know none of them."""
        run = None if name == published.SOURCE else self.run(name, "images")

        def make() -> dict[str, Any]:
            classifier = None if run is None else self.catalogue.model(run)
            return images.gallery(classifier, run)

        return self.keep(("gallery", name, run and run.saved), make)

    def explain(self, name: str | None, text: str, place: str | None, layer: int | None, head: int | None) -> bytes:
        """The five steps of one attention of a Transformer, as a page of its own that links to its other attentions."""
        run = self.catalogue.find(name)
        place, layer, head = places.choose(run, place, layer, head)
        shown = {"run": name, "text": text, "place": place, "layer": layer, "head": head}

        def address(what: str, choice: object) -> str:
            return "" if choice == shown[what] else "explain?" + urlencode(shown | {what: choice})

        others = {
            what: [(choice, address(what, choice)) for choice in choices]
            for what, choices in places.choices_of(run).items()
        }
        steps = take_steps(self.catalogue.model(run), text, place, layer, head, None)
        return explained(steps, f"Computed just now from {run.name}.", others).encode()

    def overview(self) -> bytes:
        """What the page starts with: runs, sentences, colours, limits."""
        return json.dumps(overview(*self.catalogue.runs()), ensure_ascii=False, allow_nan=False).encode()


def application(hosts: tuple[str, ...] = LOOPBACK, embed: str | None = None) -> Guarded:
    """The page as an ASGI application.

    ``hosts``: the names that it answers to, so that no other site can use it; ``embed``: a site that may show it in a frame.
    """
    desk = Desk()

    async def begin(asked: Request) -> Response:
        return await desk.ask(asked, desk.overview)

    async def align(asked: Request) -> Response:
        given = await request.fields(asked, run=str, text=str, target=str)
        target = (
            given["target"] if given["target"] is None else request.sentence(given["target"], "target", request.LONGER)
        )
        return await desk.ask(asked, desk.align, given["run"], request.sentence(given["text"], "sentence"), target)

    async def look(asked: Request) -> Response:
        given = await request.fields(asked, run=str, scene=str, speaks=str)
        return await desk.ask(asked, desk.look, given["run"], given["scene"], given["speaks"])

    async def look_at(asked: Request) -> Response:
        request.file_type(asked)
        content = await request.body(asked, images.IMAGE_BYTES, "The picture")
        return await desk.ask(
            asked, desk.look, asked.query_params.get("run"), content, asked.query_params.get("speaks")
        )

    async def gallery(asked: Request) -> Response:
        given = await request.fields(asked, run=str)
        return await desk.ask(asked, desk.gallery, given["run"])

    async def explain(asked: Request) -> Response:
        if asked.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            raise HTTPException(403, "Open the five steps from this page.")
        given = asked.query_params.get
        layer, head = (
            None if number is None else int(number[:9]) if number.isdecimal() else 0
            for number in map(given, ("layer", "head"))
        )
        text = request.sentence(given("text"), "sentence")
        answer = await desk.ask(asked, desk.explain, given("run"), text, given("place"), layer, head)
        answer.headers["content-type"] = "text/html; charset=utf-8"
        answer.headers["content-security-policy"] = POLICY_OF_STEPS
        return answer

    async def timeline(asked: Request) -> Response:
        return await desk.ask(asked, timelines.read)

    routes = [
        Route("/api/overview", begin),
        Route("/api/align", align, methods=["POST"]),
        Route("/api/look", look, methods=["POST"]),
        Route("/api/look-at", look_at, methods=["POST"]),
        Route("/api/gallery", gallery, methods=["POST"]),
        Route("/api/timeline", timeline, methods=["POST"]),
        Route("/explain", explain),
        Mount(f"/{timelines.SERVED}", StaticFiles(directory=timelines.PICTURES, check_dir=False)),
        Mount("/", StaticFiles(directory=STATIC, html=True)),
    ]
    trusted = Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    handlers = {HTTPException: _refused, UserError: _mistaken, Exception: _failed}
    # Guarded lies around it all, so that an answer to a fault has its headers too.
    return Guarded(Starlette(routes=routes, middleware=[trusted], exception_handlers=handlers), embed)


def serve(host: str = HOST, port: int = PORT, embed: str | None = None) -> int:
    """Serve until Ctrl-C; raises UserError if the address is not available."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # before the address is printed, so that a reader can connect at once
    except (OSError, OverflowError, TypeError) as error:  # a TypeError: the host cannot be a name
        listener.close()
        raise UserError(
            f"The page cannot listen on {host}, port {port}: {error}. Give another --port or --host."
        ) from None
    local = host in LOOPBACK
    shown = f"[{host}]" if family == socket.AF_INET6 else host
    sys.stdout.write(
        f"The page: http://{shown}:{listener.getsockname()[1]}/  (Ctrl-C ends it; runs: {runs.runs_dir()})\n"
    )
    if not local:
        sys.stdout.write("This is not a loopback address: everyone who can reach this machine can use the page.\n")
    sys.stdout.flush()
    torch.set_num_threads(1)  # one sentence is too little work to share
    served = application(LOOPBACK if local else ("*",), embed)
    with listener:
        uvicorn.Server(settings(served)).run(sockets=[listener])
    return 0


def settings(served: Guarded, **others: Any) -> uvicorn.Config:
    """How uvicorn serves the page: ``Connection`` limits its clients, and no request is written to the window."""
    return uvicorn.Config(
        served,
        http=Connection,
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        backlog=100,  # connections that are accepted at once are all open for a moment
        **others,
    )


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def _mistaken(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 422)


async def _failed(_: Request, error: Exception) -> Response:
    log.error("A request failed.", exc_info=error)
    return JSONResponse({"error": "The page could not do that; the window that it runs in shows the reason."}, 500)
