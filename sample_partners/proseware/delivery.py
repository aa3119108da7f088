"""One file over HTTP: whole or in part, with the faults that are switched on.

Each fault is a small function from the right answer to a wrong one; `FAULTY` lists them by
the fault's kind.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

from attrs import frozen
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.types import ASGIApp

from sample_partners.proseware.faults import Fault
from sample_partners.proseware.ranges import NotSatisfiable, Part, wanted_part
from sample_partners.proseware.raw import RawResponse
from sample_partners.proseware.shelf import LAST_MODIFIED, MediaFile

_STEPS_PER_SECOND = 20
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c6360606000000004000127d4a5460000000049454e44ae426082"
)


@frozen
class Delivery:
    """What is about to be sent: status, headers and body, and how much of the file it is."""

    request: Request
    status: int
    headers: dict[str, str]
    body: bytes

    def as_response(self) -> ASGIApp:
        """Return the answer as it should be."""
        return Response(self.body, self.status, self.headers)


def prepare(request: Request, file: MediaFile) -> Delivery:
    """Return the right answer to a GET or HEAD of a file: 200, 206 or 416."""
    try:
        part = _part_of(request, file)
    except NotSatisfiable:
        headers = _headers(file) | {"content-range": f"bytes */{len(file.body)}"}
        return Delivery(request, 416, headers, b"")
    if part is None:
        return Delivery(request, 200, _headers(file), file.body)
    headers = _headers(file) | {"content-range": part.content_range}
    return Delivery(request, 206, headers, file.body[part.start : part.stop])


def spoil(delivery: Delivery, fault: Fault) -> ASGIApp:
    """Return the answer as a fault makes it."""
    if fault.status is not None:
        return _status(fault.status, fault.value)
    return FAULTY[fault.kind](delivery, fault.value)


def _part_of(request: Request, file: MediaFile) -> Part | None:
    if request.method != "GET":
        return None
    return wanted_part(
        request.headers.get("range"),
        request.headers.get("if-range"),
        size=len(file.body),
        etag=file.etag,
        last_modified=LAST_MODIFIED,
    )


def _headers(file: MediaFile) -> dict[str, str]:
    return {
        "content-type": file.media_type,
        "accept-ranges": "bytes",
        "etag": file.etag,
        "last-modified": LAST_MODIFIED,
    }


def _status(status: int, retry_after: int) -> ASGIApp:
    headers = {"retry-after": str(retry_after)} if retry_after else {}
    return PlainTextResponse(f"status {status}, as asked for\n", status, headers)


def _html(_delivery: Delivery, _value: int) -> ASGIApp:
    return HTMLResponse("<!doctype html><title>Sorry</title><p>Please sign in to go on.")


def _json(_delivery: Delivery, _value: int) -> ASGIApp:
    return JSONResponse({"error": "the file cannot be had at present"})


def _empty(delivery: Delivery, _value: int) -> ASGIApp:
    return Response(b"", 200, delivery.headers)


def _picture(delivery: Delivery, _value: int) -> ASGIApp:
    return Response(PICTURE, 200, delivery.headers)


def _short(delivery: Delivery, missing: int) -> ASGIApp:
    return _raw(delivery, delivery.body[: max(len(delivery.body) - missing, 0)])


def _long(delivery: Delivery, surplus: int) -> ASGIApp:
    return _raw(delivery, delivery.body + b"\0" * surplus)


def _dropped(delivery: Delivery, count: int) -> ASGIApp:
    return _raw(delivery, delivery.body[:count])


def _raw(delivery: Delivery, body: bytes) -> ASGIApp:
    headers = delivery.headers | {"content-length": str(len(delivery.body))}
    sent = b"" if delivery.request.method == "HEAD" else body
    return RawResponse(delivery.request, delivery.status, headers.items(), sent)


def _slow(delivery: Delivery, bytes_per_second: int) -> ASGIApp:
    headers = delivery.headers | {"content-length": str(len(delivery.body))}
    chunks = _slowly(delivery.body, max(bytes_per_second, 1))
    return StreamingResponse(chunks, delivery.status, headers)


async def _slowly(body: bytes, bytes_per_second: int) -> AsyncIterator[bytes]:
    step = max(bytes_per_second // _STEPS_PER_SECOND, 1)
    for start in range(0, len(body), step):
        yield body[start : start + step]
        await asyncio.sleep(step / bytes_per_second)


FAULTY: dict[str, Callable[[Delivery, int], ASGIApp]] = {
    "html": _html,
    "json": _json,
    "empty": _empty,
    "wrong-media": _picture,
    "short": _short,
    "long": _long,
    "drop-after": _dropped,
    "slow": _slow,
}
