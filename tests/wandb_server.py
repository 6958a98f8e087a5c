"""As much of W&B's server as a run needs: it answers, remembers what was asked, and can die."""

import gzip
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "k" * 40


class Server:
    """Runs until :meth:`die`; ``asked`` holds (operation, variables), ``rows`` the history lines by run."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def die(self) -> None:
        """Close the port: whatever comes now is refused."""
        self._http.shutdown()
        self._http.server_close()

    def variables(self, operation: str) -> list[dict[str, Any]]:
        """The variables of every query of this name."""
        return [variables for name, variables in self.asked if name == operation]

    def answer(self, path: str, body: bytes) -> dict[str, Any]:
        """What the real server would say, in short."""
        if path.endswith("/file_stream"):
            lines = json.loads(body).get("files", {}).get("wandb-history.jsonl", {}).get("content", [])
            self.rows.setdefault(path.split("/")[-2], []).extend(json.loads(line) for line in lines)
            return {"limits": {}}
        if path != "/graphql":
            return {}
        query = json.loads(body)
        named = re.search(r"(?:query|mutation) (\w+)", query["query"])
        name, variables = named.group(1) if named else "", query.get("variables") or {}
        self.asked.append((name, variables))
        if name == "Viewer":
            return {"data": {"viewer": {"id": "e", "entity": "me", "flags": "{}", "teams": {"edges": []}}}}
        if name == "UpsertBucket":
            project = {"id": "p", "name": variables["project"], "entity": {"id": "e", "name": "me"}}
            bucket = {
                "id": "b",
                "name": variables["name"],
                "displayName": "x",
                "config": "{}",
                "project": project,
            }
            return {"data": {"upsertBucket": {"bucket": bucket | {"historyLineCount": 0}, "inserted": True}}}
        if name == "CreateRunFiles":
            files = [{"name": name, "uploadUrl": f"{self.url}/upload/{name}"} for name in variables["files"]]
            return {"data": {"createRunFiles": {"runID": "b", "uploadHeaders": [], "files": files}}}
        return {"data": {}}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _reply(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                content = json.dumps(server.answer(self.path, body)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST = _reply

            def log_message(self, format: str, *args: Any) -> None:
                """Keep the tests' output clean."""

        return Handler
