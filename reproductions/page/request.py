"""What a browser sends: read within bounds, checked, and refused in one sentence."""

import json
import unicodedata
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from data.errors import UserError

JSON_BYTES = 64 * 1024
TEXT_LETTERS, TEXT_WORDS = 2_000, 100  # of a sentence
LONGER = 3  # a target may be so many times longer: a model may have written it


async def body(request: Request, most: int, what: str) -> bytes:
    """The body, counted as it arrives: the length in the header may be false.

    A body up to twice too large is read to its end and dropped, because some clients read the answer only then.
    Raises HTTPException 413 for more than ``most`` bytes, 400 if the client disconnects.
    """
    announced = request.headers.get("content-length", "")
    received, count = bytearray(), 0
    if not announced.isdigit() or int(announced) <= 2 * most:
        try:
            async for chunk in request.stream():
                count += len(chunk)
                if count <= most:
                    received += chunk
                elif count > 2 * most:
                    break
            else:
                if count <= most:
                    return bytes(received)
        except ClientDisconnect:
            raise HTTPException(400, f"{what} did not arrive whole.") from None
    raise HTTPException(413, f"{what} is too large: at most {most / 1024:,.0f} KiB.", {"Connection": "close"})


def file_type(request: Request) -> None:
    """Raises HTTPException 415 unless the content type is that of a file, which a form on another site cannot send."""
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/octet-stream":
        raise HTTPException(415, "Send the picture's bytes, with the content type application/octet-stream.")


async def fields(request: Request, **kinds: type) -> dict[str, Any]:
    """A JSON object with these fields, each of its type or None; a missing one is None.

    Raises HTTPException 415, 400 or 422. A form on another site cannot send this content type.
    """
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise HTTPException(415, "Send JSON, with the content type application/json.")
    raw = await body(request, JSON_BYTES, f"The text (at most {TEXT_LETTERS:,} characters)")
    try:
        sent = json.loads(raw)
    except (ValueError, RecursionError):
        raise HTTPException(400, "The request is not JSON.") from None
    if not isinstance(sent, dict) or set(sent) - set(kinds):
        raise HTTPException(422, f"The request must be an object with the fields {', '.join(kinds)}.")
    for name, kind in kinds.items():
        value = sent.setdefault(name, None)
        if value is not None and type(value) is not kind:
            raise HTTPException(
                422, f"The field {name} must be of the type {kind.__name__}, not {type(value).__name__}."
            )
    return sent


def sentence(text: str | None, what: str, times: int = 1) -> str:
    """One line of text for a model; raises UserError for none, for too much, and for control characters."""
    if text is None or not text.strip():
        raise UserError(f"The {what} is empty: type a sentence.")
    if len(text) > times * TEXT_LETTERS:
        raise UserError(f"The {what} has {len(text):,} characters; the page takes at most {times * TEXT_LETTERS:,}.")
    text = " ".join(text.split())
    words = text.count(" ") + 1
    if words > times * TEXT_WORDS:
        raise UserError(f"The {what} has {words:,} words; the page takes at most {times * TEXT_WORDS}.")
    for place, letter in enumerate(text, 1):
        if unicodedata.category(letter) in ("Cc", "Cs", "Cn"):
            raise UserError(f"The {what} holds a character that is no text: U+{ord(letter):04X}, at position {place}.")
    return text
