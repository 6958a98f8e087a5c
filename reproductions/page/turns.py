"""The queue before the models: one question at a time, and clients served in rotation."""

from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from starlette.exceptions import HTTPException

from reproductions.page.guard import RETRY_AFTER

PLACES = 64  # questions that may wait or be answered at once
PLACES_EACH = 32  # of one client


class Turns:
    """Gives one question at a time its turn. Clients take turns; the questions of each are answered in order.

    So a client that fills its share of the queue delays another one by two questions at most.
    """

    def __init__(self) -> None:
        self._answering: str | None = None  # the client whose question is being answered
        self._waiting: OrderedDict[str, deque[anyio.Event]] = OrderedDict()  # in the order of their next turns

    @asynccontextmanager
    async def turn(self, client: str) -> AsyncIterator[None]:
        """Wait for a turn and hold it; raises HTTPException 429 where the queue, or the client's share of it, is full."""
        own = len(self._waiting.get(client, ())) + (self._answering == client)
        everyone = sum(map(len, self._waiting.values())) + (self._answering is not None)
        if everyone >= PLACES or own >= PLACES_EACH:
            raise HTTPException(
                429, "The page is busy: too many people ask at once. Try again.", {"Retry-After": RETRY_AFTER}
            )
        if self._answering is None:
            self._answering = client
        else:
            await self._wait(client)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, client: str) -> None:
        called = anyio.Event()
        self._waiting.setdefault(client, deque()).append(called)
        try:
            await called.wait()
        except BaseException:  # cancelled: leave the queue, or hand on the turn that came at the same moment
            if called.is_set():
                self._pass_on()
            else:
                self._waiting[client].remove(called)
                if not self._waiting[client]:
                    del self._waiting[client]
            raise

    def _pass_on(self) -> None:
        if not self._waiting:
            self._answering = None
            return
        self._answering, questions = self._waiting.popitem(last=False)
        questions.popleft().set()
        if questions:
            self._waiting[self._answering] = questions
