"""As much of Hugging Face's hub as one released run needs: it takes a commit, and hands its files out."""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import file_server

COMMIT = "c" * 40


class Server(BaseHTTPRequestHandler):
    """One repository, ``me/toy``; ``files`` holds its content by path, empty before there is one."""

    protocol_version = "HTTP/1.1"
    files: dict[str, bytes] = {}

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/preupload/main"):
            files = json.loads(body)["files"]
            answer = {
                "files": [{"path": file["path"], "uploadMode": "regular", "shouldIgnore": False} for file in files]
            }
            self._say(answer)
        elif "/commit/" in self.path:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            self._say({"success": True, "commitUrl": f"{self.address}/commit/{COMMIT}", "commitOid": COMMIT})
        else:
            self._say({"url": self.address, "name": "me/toy", "id": "1"})

    def do_GET(self) -> None:
        name = self.path.partition(f"/me/toy/resolve/{COMMIT}/")[2]
        if name in self.files:
            self._say(self.files[name], ETag=f'"{hashlib.sha1(self.files[name]).hexdigest()}"')
        elif self.path.startswith("/api/models/me/toy/tree/"):
            listed = [{"type": "file", "path": path, "size": len(file), "oid": hashlib.sha1(file).hexdigest()}
                      for path, file in self.files.items()]  # fmt: skip
            self._say(listed)
        elif self.path.startswith("/api/models/me/toy") and self.files:
            self._say({"id": "me/toy", "sha": COMMIT, "siblings": []})
        else:
            self._say({"error": "Repository not found"}, 404, **{"X-Error-Code": "RepoNotFound"})

    do_HEAD = do_GET

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/me/toy"  # type: ignore[attr-defined]

    def _say(self, content: object, status: int = 200, **headers: str) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for key, value in {"X-Repo-Commit": COMMIT, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    """The address of an empty hub, until the block has ended."""
    Server.files = {}
    with file_server.serving(Server) as address:
        yield address
