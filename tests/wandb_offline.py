"""Read back what a W&B run wrote to disk, without W&B's server: the tests' witness.

The file is a LevelDB log behind a header of 7 bytes (``:W&B``, 0xBEE1, version 0): blocks of 32 KiB, each
record led by checksum, length and type (1 whole, 2 first, 3 middle, 4 last); 6 bytes or less at its end are
padding.
"""

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb.proto import wandb_internal_pb2

BLOCK = 32 * 1024


def records(path: Path) -> Iterator[Any]:
    """Yield the records of one ``run-*.wandb`` file; raises ValueError where a checksum does not fit."""
    content = path.read_bytes()
    if content[:4] != b":W&B":
        raise ValueError(f"{path} is no W&B file: it begins with {content[:7]!r}")
    position, payload = 7, b""
    while position + 7 <= len(content):
        if BLOCK - position % BLOCK < 7:
            position += BLOCK - position % BLOCK
            continue
        checksum, length, kind = struct.unpack_from("<IHB", content, position)
        piece = content[position + 7 : position + 7 + length]
        if zlib.crc32(bytes([kind]) + piece) != checksum:
            raise ValueError(f"{path}: wrong checksum at byte {position}")
        payload, position = payload + piece, position + 7 + length
        if kind in (1, 4):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(payload)
            yield record
            payload = b""


@dataclass
class OfflineRun:
    """One run as it lies on disk.

    Attributes:
        run: the run record: ``run_id``, ``run_group``, ``tags``, ``job_type``, ``display_name``, ``project``.
        config: every configuration key with its last value.
        history: one dict a row; the leaves of an image or a table carry keys such as ``val/attention.path``.
        summary: as the program set it; W&B's process adds what it makes of the history.
        best: scores whose highest value stands in the summary.
        artifacts: each of type "model", by name; a table would be one, too.
        exit_code: None when the run was cut off.
    """

    run: Any = None
    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    best: list[str] = field(default_factory=list)
    artifacts: dict[str, Any] = field(default_factory=dict)
    exit_code: int | None = None

    def values(self, key: str) -> list[Any]:
        """All values logged under ``key``, in order."""
        return [row[key] for row in self.history if key in row]


def _update(config: dict[str, Any], items: Any) -> None:
    for item in items:
        config[".".join(item.nested_key) or item.key] = json.loads(item.value_json)


def read(path: Path) -> OfflineRun:
    """Gather the records of one ``.wandb`` file."""
    result = OfflineRun()
    for record in records(path):
        kind = record.WhichOneof("record_type")
        if kind == "run":
            result.run = record.run
            _update(result.config, record.run.config.update)
        elif kind == "config":
            _update(result.config, record.config.update)
        elif kind == "history":
            items = record.history.item
            result.history.append({".".join(i.nested_key) or i.key: json.loads(i.value_json) for i in items})
        elif kind == "summary":
            _update(result.summary, record.summary.update)
        elif kind == "metric" and record.metric.summary.max:
            result.best.append(record.metric.name)
        elif kind == "artifact" and record.artifact.type == "model":
            result.artifacts[record.artifact.name] = record.artifact
        elif kind == "exit":
            result.exit_code = record.exit.exit_code
    return result


def files(folder: Path) -> list[Path]:
    """The ``.wandb`` files of a run's folder, oldest first, offline and online."""
    return sorted(folder.glob("wandb/*run-*/run-*.wandb"), key=lambda path: path.parent.name.split("run-")[1])
