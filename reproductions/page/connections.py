"""Connections that end: a limit on how many there are, and on how long each may take to send and to read.

uvicorn has neither: it limits how long a connection may be idle, and refuses everybody once there are many connections.
"""

import asyncio
import json
from collections import Counter
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from reproductions.page.guard import HEADERS

CONNECTIONS = 200  # one that comes beyond these takes the place of one that is not being answered
SECONDS = {"headers": 10.0, "body": 30.0, "answer": 30.0}  # that a client may take to send or to read each
KEEP_ALIVE = 5  # seconds that a connection may be idle between two requests
CHECK = 0.5  # seconds between two looks at a connection


class Connection(H11Protocol):
    """uvicorn's protocol, with limits and with security headers on the answers that no application sees.

    Where a connection stands is read from h11's states after each arrival and at each look; a client that is late is
    answered 408 and disconnected. A request that has arrived whole has no limit here: it waits for the models.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock; if there are too many connections, close one."""
        super().connection_made(transport)
        self._awaited: str | None = "headers"
        self._since = self.loop.time()
        self._clock = self.loop.call_later(CHECK, self._look)
        self._make_room()

    def connection_lost(self, error: Exception | None) -> None:
        """Stop the clock."""
        self._clock.cancel()
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Note where the connection stood before these bytes and where it stands after them."""
        self._note()
        super().data_received(data)
        self._note()

    def send_400_response(self, _: str) -> None:
        """Answer what h11 cannot read; uvicorn calls this."""
        self._refuse(400, "The request is not valid HTTP.")

    def _note(self) -> None:
        """Note what the client has to do next, and since when; None while the page has to answer."""
        awaited = {h11.IDLE: "headers", h11.SEND_BODY: "body"}.get(self.conn.their_state)
        if self.transport.get_write_buffer_size():
            awaited = "answer"
        if awaited != self._awaited:
            self._awaited, self._since = awaited, self.loop.time()

    def _look(self) -> None:
        self._clock = self.loop.call_later(CHECK, self._look)
        self._note()
        if self._awaited is None or self.loop.time() - self._since <= SECONDS[self._awaited]:
            return
        begun = self._awaited == "body" or self.conn.trailing_data[0]
        if self._awaited != "answer" and begun and not self.transport.is_closing():
            self._refuse(408, f"The request took too long: its {self._awaited} did not arrive in time. Send it again.")
        else:
            self.transport.abort()

    def _make_room(self) -> None:
        """Close the connection that its client has kept waiting longest, of the client with the most of them."""
        alive: list[Any] = [other for other in self.connections if not other.transport.is_closing()]
        if len(alive) <= CONNECTIONS:
            return
        late = [other for other in alive if other._awaited is not None]
        count = Counter(other.client and other.client[0] for other in late)
        closed = max(late, key=lambda other: (count[other.client and other.client[0]], -other._since))
        closed.transport.abort()

    def _refuse(self, status: int, sentence: str) -> None:
        """Answer in the page's form and close; once an answer has begun, only close."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()
            return
        content = json.dumps({"error": sentence}).encode()
        headers = [
            *HEADERS.items(),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
            (b"connection", b"close"),
        ]
        for event in (h11.Response(status_code=status, headers=headers), h11.Data(data=content), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
