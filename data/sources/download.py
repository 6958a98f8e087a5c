"""Where the payload lies, and how it gets there: checksummed, resumable downloads into ``$DATA_DIR``."""

import hashlib
import http.client
import logging
import os
import time
import urllib.error
import urllib.request
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

from filelock import FileLock
from platformdirs import user_cache_dir

from data.errors import UserError
from data.progress import counting
from data.sources.paths import check_writable, place, shortened

logger = logging.getLogger(__name__)

_CHUNK = 1 << 16  # bytes read at a time
_PATIENCE = 10.0  # seconds in which an answer must begin, and after which its speed is looked at
_SLOWEST = 1000  # bytes a second


class Remote(NamedTuple):
    """A file to download: its address and its SHA-256, or the beginning of that.

    ``advisory``: the publisher renews the file from time to time, so another checksum is logged, not refused.
    """

    url: str
    sha256: str
    advisory: bool = False


_MULTI30K = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw/"
_MULTI30K_SHA256 = {
    "train.en.gz": "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
    "train.fr.gz": "622e75069e9f4c577425c4f277116ce66e63a2401c0a2312d90073cb12379a3c",
    "train.de.gz": "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6",
    "val.en.gz": "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
    "val.fr.gz": "ca3106f1a72390591d25f6c45cb4cd39dec4cd3f123e099748a3ce5256c160e9",
    "val.de.gz": "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a",
    "test_2016_flickr.en.gz": "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9",
    "test_2016_flickr.fr.gz": "6d326e188d259fb1d04ac19eae3af956559b3a0b93d7635e56c90987c40c8b90",
    "test_2016_flickr.de.gz": "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8",
    "test_2017_flickr.en.gz": "76a444ee25172e72695cddb13ae4a3bda59430617be88e0bb46b60504f054074",
    "test_2017_flickr.fr.gz": "3ba671ceb2299f3304ffafefea7a833d08632fbaf0ba18546f8a2ec2391af496",
    "test_2017_flickr.de.gz": "a2c89666db00c495cd8513b9d708d5a3acc205d7de312ef2bf5fb7ebc1540aee",
}

_BIBLE = "https://media.githubusercontent.com/media/christos-c/bible-corpus/master/bibles/"
_BIBLE_SHA256 = {
    "English.xml": "1cb70f2b76a003796cc60bbfea31e7adde5970e6f56e0e624bfb667ba95d663b",
    "French.xml": "6910aa9541efcf27b5a1b34fd5d6ce5dc58037ed766351f2b069ed8141f72d77",
}

# Path below the data directory -> where it comes from.
REMOTES: dict[str, Remote] = {
    **{f"multi30k/{name}": Remote(_MULTI30K + name, sha256) for name, sha256 in _MULTI30K_SHA256.items()},
    "tatoeba/fra-eng.zip": Remote(
        "http://www.manythings.org/anki/fra-eng.zip",
        "16c4f7d0df9e7c5e6c54cdb0447f3f4a18a55052ff5e2e0b27dd4a06c0e49d04",
        advisory=True,
    ),
    **{f"bible/{name}": Remote(_BIBLE + name, sha256) for name, sha256 in _BIBLE_SHA256.items()},
}


def data_dir() -> Path:
    """The directory of all payload: ``$DATA_DIR``, or the user's cache directory of this project."""
    given = os.environ.get("DATA_DIR", "").strip()
    return place(given) if given else _cache_dir()


def writable(folder: Path) -> Path:
    """``folder``, or the user's cache directory if ``folder`` is read-only."""
    try:
        existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    except OSError as error:
        raise UserError(
            f"DATA_DIR={shortened(folder)} cannot be used: {error.strerror}. Name another folder."
        ) from None
    if os.access(existing, os.W_OK):
        return check_writable(folder)
    cache = _cache_dir()
    logger.info("%s is read-only: what is prepared goes to %s.", folder, cache)
    return cache


def _cache_dir() -> Path:
    return Path(user_cache_dir("attention-then-and-now", appauthor=False))


def fetch(name: str, folder: Path | None = None, remotes: dict[str, Remote] | None = None) -> Path:
    """Path of the file ``name`` below ``folder``; it is downloaded if it does not exist, and its checksum is compared.

    Raises UserError if the file is not available, cut short, or has another checksum than the published one; the text
    names the place to put it by hand.
    """
    folder = data_dir() if folder is None else folder
    remote = (REMOTES if remotes is None else remotes)[name]
    path = folder / name
    if path.exists():
        _check(path, remote, f"delete it to download it again from {remote.url}")
        return path
    part = part_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(path.name + ".lock")):  # of several processes, the first downloads it
            if not path.exists():
                if remote.advisory:
                    part.unlink(missing_ok=True)  # what arrived before may be of an older edition
                _receive(remote.url, part)
                _check(part, remote, f"it was discarded; run again, or put the right file at {path} by hand")
                os.replace(part, path)
        return path
    except UserError:
        part.unlink()
        raise
    except urllib.error.HTTPError as error:
        reason = f"the server answered {error.code} {error.reason}"
    except TimeoutError:
        reason = f"fewer than {_SLOWEST:,} bytes a second arrived for {_PATIENCE:.0f} seconds"
    except (OSError, http.client.HTTPException) as error:
        reason = str(getattr(error, "reason", error)) or type(error).__name__
    raise UserError(f"Could not download {remote.url} ({reason}): try again, or put the file at {path} by hand.")


def part_of(path: Path) -> Path:
    """Where a file that `fetch` downloads to ``path`` lies until it is complete."""
    return path.with_name(path.name + ".part")


def _receive(url: str, part: Path) -> None:
    """Append to ``part`` what it lacks of ``url``.

    Raises OSError or HTTPException, also if the connection ends early; TimeoutError if it is silent or too slow.
    """
    start = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "attention-then-and-now"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        response = _answer(urllib.request.Request(url, headers=headers))
    except urllib.error.HTTPError as error:
        if error.code != 416 or not start:
            raise
        # The file ends at `start` or earlier: the part is complete, or it belongs to another file and starts again.
        if not error.headers.get("Content-Range", "").endswith(f"*/{start}"):
            part.unlink()
            _receive(url, part)
        return
    with response:
        if response.status != 206:
            start = 0
        length = response.headers.get("Content-Length")
        size = None if length is None else start + int(length)
        fetching = counting(f"fetching {part.stem}", size, "MB", scale=1e6, begun=start)
        with part.open("ab" if start else "wb") as file, fetching as fetched:
            began, count = time.monotonic(), 0
            # A cut connection ends the stream without an error.
            while chunk := response.read1(_CHUNK):
                file.write(chunk)
                fetched.done += len(chunk)
                count += len(chunk)
                if (seconds := time.monotonic() - began) > _PATIENCE:
                    if count < _SLOWEST * seconds:
                        raise TimeoutError
                    began, count = time.monotonic(), 0
    received = part.stat().st_size
    if size is not None and received != size:
        raise ConnectionError(
            f"the connection ended after {received:,} of {size:,} bytes; the rest is fetched next time"
        )


def _answer(request: urllib.request.Request) -> Any:
    """The response, once its head has arrived; raises TimeoutError if that takes too long.

    The timeout of a socket is for each byte: a server that sends the head one byte a second never reaches it.
    """
    answer: Future[Any] = Future()

    def ask() -> None:
        try:
            answer.set_result(urllib.request.urlopen(request, timeout=_PATIENCE))
        except Exception as error:  # noqa: BLE001 - raised again by result()
            answer.set_exception(error)

    Thread(target=ask, daemon=True).start()
    return answer.result(_PATIENCE)


def _check(path: Path, remote: Remote, remedy: str) -> None:
    """Raise UserError, ending in ``remedy``, for another checksum than the published one; log it if that is advisory."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256.startswith(remote.sha256):
        return
    if not remote.advisory:
        raise UserError(f"{path} has SHA-256 {sha256} instead of {remote.sha256}: {remedy}.")
    logger.info(
        "%s has SHA-256 %s, not %s: its publisher renews it from time to time, so scores on it are not comparable with "
        "those of another edition.", path.name, sha256[:12], remote.sha256[:12],
    )  # fmt: skip
