"""As much of W&B's server as a run needs: it answers, remembers what was asked, and can die."""

import gzip
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "k" * 40


class Server:
    """Runs until :meth:`die`.

    Attributes:
        asked: (operation, variables) of every query.
        rows: the history lines by run.
        artifacts: by name, what the run said about it and, in "files", what it uploaded.
        used: ids of artifacts that runs have declared as inputs.
        confused: artifacts are answered with nonsense.
    """

    def __init__(self) -> None:
        self.artifacts: dict[str, dict[str, Any]] = {}
        self.used: list[str] = []
        self.confused = False
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
        if path.startswith("/artifacts/"):
            _, _, name, *inside = path.split("/")
            self.artifacts[name]["files"]["/".join(inside)] = body
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
        return {"data": self._of_artifacts(name, variables)}

    def _of_artifacts(self, operation: str, variables: dict[str, Any]) -> dict[str, Any]:
        """What is answered about artifacts: the id of one is its name."""
        if self.confused:
            return {}
        given, project = variables.get("input", variables), {"id": "p", "internalId": "p", "name": variables.get("project"),
                                                             "entity": {"name": "me"}}  # fmt: skip
        if operation == "ArtifactType":
            return {"project": {"artifact": None}}
        if operation == "CreateArtifact":
            name = given["artifactCollectionName"]
            self.artifacts[name] = given | {"files": {}, "collection": {"__typename": "ArtifactSequence", "name": name}}
            sequence = {"latestArtifact": None}
            return {"createArtifact": {"artifact": {"id": name, "state": "PENDING", "artifactSequence": sequence}}}
        if operation == "CreateArtifactManifest":
            name = given["artifactID"]
            file = {"id": "f", "uploadUrl": f"{self.url}/artifacts/{name}/manifest", "uploadHeaders": []}
            return {"createArtifactManifest": {"artifactManifest": {"id": name, "file": file}}}
        if operation == "CreateArtifactFiles":
            nodes = [{"storagePath": file["name"], "uploadUrl": f"{self.url}/artifacts/{file['artifactID']}/{file['name']}",
                      "uploadHeaders": [], "uploadMultipartUrls": None, "artifact": {"id": file["artifactID"]}}
                     for file in given["artifactFiles"]]  # fmt: skip
            return {"createArtifactFiles": {"files": {"edges": [{"node": node} for node in nodes]}}}
        if operation == "CommitArtifact":
            return {"commitArtifact": {"artifact": {"id": given["artifactID"], "digest": "d"}}}
        if operation == "ArtifactMembershipByName":
            name, _, alias = given["name"].partition(":")
            known = self.artifacts.get(name)
            found = known and self._membership(name, alias, known, project)
            return {"project": {"artifactCollectionMembership": found}}
        if operation == "UseArtifact":
            self.used.append(given["artifactID"])
            return {"useArtifact": {"artifact": {"id": given["artifactID"], "digest": "d"}}}
        return {}

    @staticmethod
    def _membership(name: str, alias: str, known: dict[str, Any], project: dict[str, Any]) -> dict[str, Any]:
        collection = known["collection"] | {"project": project}
        artifact = {"id": name, "artifactSequence": collection, "versionIndex": 0, "artifactType": {"name": "model"},
                    "description": None, "metadata": known["metadata"], "ttlDurationSeconds": -1, "ttlIsInherited": True,
                    "tags": [], "historyStep": None, "state": "COMMITTED", "size": 1, "digest": "d", "fileCount": 1,
                    "commitHash": "c", "createdAt": "2026-01-01", "updatedAt": None}  # fmt: skip
        return {"id": "m", "versionIndex": 0, "createdAt": "2026-01-01", "aliases": [{"id": "a", "alias": alias}],
                "artifactCollection": collection, "artifact": artifact}  # fmt: skip

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
