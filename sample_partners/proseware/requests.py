"""Reading what customers send: a small JSON object, every field checked."""

import json
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

MAX_REQUEST_BYTES = 65_536
MAX_TRACKS_PER_REQUEST = 500
_HIGHEST_ID = 0xFFFF_FFFF
_LONGEST_TEXT = 1_000


async def json_object(request: Request) -> dict[str, Any]:
    """Return the JSON object in a request's body.

    Raises:
        HTTPException: 413 if the body is over 64 KiB, 400 if it is no JSON object.
    """
    body = await _bounded_body(request)
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "the body is no JSON") from error
    if not isinstance(content, dict):
        raise HTTPException(400, "the body is no JSON object")
    return content


async def _bounded_body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_REQUEST_BYTES:
            raise HTTPException(413, f"a request has at most {MAX_REQUEST_BYTES} bytes")
    return body


def text_field(content: dict[str, Any], name: str) -> str:
    """Return a text of the object, or raise HTTPException 400."""
    value = content.get(name)
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise HTTPException(400, f"{name} must be a text of at most {_LONGEST_TEXT} characters")
    return value


def track_ids_field(content: dict[str, Any]) -> list[int]:
    """Return the list `track_ids` of the object, or raise HTTPException 400."""
    value = content.get("track_ids")
    if not isinstance(value, list) or len(value) > MAX_TRACKS_PER_REQUEST:
        raise HTTPException(400, f"track_ids must list at most {MAX_TRACKS_PER_REQUEST} ids")
    if not all(type(item) is int and 0 <= item <= _HIGHEST_ID for item in value):
        raise HTTPException(400, "a track id is a number of 32 bits")
    return value
