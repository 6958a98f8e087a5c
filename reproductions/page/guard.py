"""What every request passes through: security headers on its answer, bounds on its headers and on bodies in memory."""

from collections import Counter

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'none'"
HEADERS = {
    b"content-security-policy": f"{POLICY}; frame-ancestors 'none'".encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cache-control": b"no-cache",
}
HEADER_COUNT, HEADER_BYTES = 100, 16 * 1024  # browsers send about twenty headers, in 2 KiB
BODY_BYTES = 96 * 1024 * 1024  # of all requests that have not been answered, so that their pictures fit in memory
BODY_BYTES_EACH = 64 * 1024 * 1024  # of one client's
RETRY_AFTER = "2"  # seconds


class Guarded:
    """Adds headers that forbid a browser to load or run anything from elsewhere, and bounds requests.

    ``embed``: the site that may show the page in a frame; None for none.

    Answers 431 to a request with too many headers; raises HTTPException 429 in the application that reads a body for which
    there is no room.
    """

    def __init__(self, app: ASGIApp, embed: str | None = None) -> None:
        self.app = app
        policy = {b"content-security-policy": f"{POLICY}; frame-ancestors {embed}".encode()}
        self._headers = HEADERS | (policy if embed else {})
        self._bytes: Counter[str] = Counter()  # client -> bytes of its bodies in memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        client = client_of(scope)
        read = 0

        async def receiving() -> Message:
            nonlocal read
            message = await receive()
            size = len(message.get("body", b""))
            read += size
            self._bytes[client] += size
            if self._bytes[client] > BODY_BYTES_EACH or self._bytes.total() > BODY_BYTES:
                raise HTTPException(
                    429,
                    "The page is busy: too much is sent to it at once. Try again.",
                    {"Retry-After": RETRY_AFTER, "Connection": "close"},
                )
            return message

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *(self._headers | {name.lower(): value for name, value in message["headers"]}).items()
                ]
            await send(message)

        try:
            await (_too_many_headers if _exceeds(scope) else self.app)(scope, receiving, sending)
        finally:
            self._bytes[client] -= read
            if not self._bytes[client]:
                del self._bytes[client]


def client_of(scope: Scope) -> str:
    """The address that a request comes from, without its port."""
    return str(scope["client"][0]) if scope.get("client") else ""


def _exceeds(scope: Scope) -> bool:
    headers = scope["headers"]
    return len(headers) > HEADER_COUNT or sum(len(name) + len(value) for name, value in headers) > HEADER_BYTES


_too_many_headers = JSONResponse(
    {"error": f"The request has too many headers: at most {HEADER_COUNT}, of {HEADER_BYTES // 1024} KiB together."},
    431,
    {"Connection": "close"},
)
