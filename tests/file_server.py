"""A server of files on this machine, which can be cut short, silent or too slow."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAYLOAD = b"".join(b"line %d\n" % i for i in range(20_000))
HEAD = b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(PAYLOAD)
TOO_SLOW = {"/silent": b"", "/slow-head": HEAD[:9], "/slow": HEAD + PAYLOAD[:100]}  # path -> what is sent at once


class Server(BaseHTTPRequestHandler):
    """Serves PAYLOAD with ranges at /file, cuts it at /cut, sends it too slowly at TOO_SLOW, and has nothing else."""

    requests: list[tuple[str, str | None]] = []

    def do_GET(self):  # noqa: N802
        wanted = self.headers.get("Range")
        type(self).requests.append((self.path, wanted))
        if self.path in TOO_SLOW:
            self.trickle(TOO_SLOW[self.path])
            return
        if self.path not in ("/file", "/cut", "/norange"):
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.path != "/norange" else 0
        if start >= len(PAYLOAD):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(PAYLOAD)}")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(PAYLOAD) - start))
        self.end_headers()
        self.wfile.write(PAYLOAD[start : start + 50_000] if self.path == "/cut" else PAYLOAD[start:])

    def trickle(self, at_once):
        """Send these bytes at once and the rest of an answer one by one, at last for two seconds."""
        self.wfile.write(at_once)
        rest = (HEAD + PAYLOAD)[len(at_once) :] if at_once else b""
        for number in range(40):
            time.sleep(0.05)
            try:
                self.wfile.write(rest[number : number + 1])
            except OSError:
                return

    def log_message(self, *_):
        pass


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler] | None = None) -> Iterator[str]:
    """The address of a server, until the block has ended; without a handler, of one for files."""
    Server.requests = []
    with ThreadingHTTPServer(("127.0.0.1", 0), handler or Server) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()
