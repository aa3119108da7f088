"""Answers before a fault touches them: what they are made of, and the sound ones."""

import base64
import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from attrs import evolve, field, frozen

from player_host.testing.fault_kinds import Fault
from player_host.units import Seconds

RANGE: Final = re.compile(r"bytes=([0-9]{1,18})-([0-9]{0,18})")


class Ending(StrEnum):
    """What becomes of a connection after an answer."""

    KEEP = "keep"
    CLOSE = "close"
    HALF_CLOSE = "half-close"
    RESET = "reset"
    STAY = "stay"
    """Kept open without a further byte, until the client goes."""
    GONE = "gone"
    """The client went before the answer was over; no answer is planned so."""


@frozen
class Request:
    """A request as it came; names of headers in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]


@frozen
class ServedFile:
    """The file as it stands when a request comes, and as it will be after the next change."""

    body: bytes
    etag: str
    modified: datetime
    next_body: bytes
    next_etag: str
    next_modified: datetime
    now: datetime
    digests: bool


@frozen
class Answer:
    """What is sent, and how.

    Attributes:
        head: status line and headers, with the blank line.
        body: what follows them.
        ending: what then becomes of the connection.
        slow_from: the byte of `body` from which each goes by itself, `pause` apart.
        filler: sent over and over after `body`, up to `filled` bytes.
        provoked: whether the fault is in it; not, where there was nothing to cut.
        changes_file: whether later requests find the next version.
    """

    head: bytes
    body: bytes = b""
    ending: Ending = Ending.KEEP
    slow_from: int | None = None
    pause: Seconds = field(default=Seconds(0))
    filler: bytes = b""
    filled: int = 0
    provoked: bool = False
    changes_file: bool = False


@frozen
class Draft:
    """A status, headers and a body that are not bytes yet; `first` is the body's place."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    first: int = 0

    def having(self, **headers: str) -> "Draft":
        """Return the draft with further or other headers; `_` in a name stands for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return evolve(self, headers={**self.headers, **named})

    def lacking(self, *names: str) -> "Draft":
        """Return the draft without some headers."""
        return evolve(self, headers={k: v for k, v in self.headers.items() if k not in names})

    def rendered(self, further: bytes = b"") -> bytes:
        """Return the head as bytes, with lines that stand as they are before the blank one."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "".join(f"{line}\r\n" for line in lines).encode("latin-1") + further + b"\r\n"

    def sent(self) -> Answer:
        """Return the sound answer."""
        return Answer(self.rendered(), self.body)

    def faulty(self, ending: Ending = Ending.KEEP) -> Answer:
        """Return the answer of which the head is the fault."""
        return Answer(self.rendered(), self.body, ending, provoked=True)

    def ended(self, at: int, ending: Ending) -> Answer:
        """Return the answer that ends before its byte `at`."""
        cut = at < len(self.body)
        return Answer(self.rendered(), self.body[:at], ending, provoked=cut)


@frozen
class Case:
    """A fault that meets a request."""

    fault: Fault
    file: ServedFile
    sound: Draft

    def part(self, body: bytes, first: int, **headers: str) -> Draft:
        """Return a 206 with the end of a body, from a byte on."""
        draft = part_of(self.sound, body, first, len(body) - 1)
        return draft.having(**headers)

    def alone(self, status: int, body: bytes = b"", **headers: str) -> Draft:
        """Return an answer that has nothing of the file."""
        date = self.sound.headers["Date"]
        return Draft(status, {"Date": date, "Content-Length": str(len(body))}, body).having(
            **headers
        )


def sound_answer(request: Request, file: ServedFile) -> Draft:
    """Answer as RFC 9110 asks: one range, `If-Range`, 416."""
    size = len(file.body)
    modified = format_datetime(file.modified, usegmt=True)
    headers = {
        "Date": format_datetime(file.now, usegmt=True),
        "Content-Type": "audio/mpeg",
        "Accept-Ranges": "bytes",
        "ETag": file.etag,
        "Last-Modified": modified,
    }
    if file.digests:
        headers["Repr-Digest"] = digest_value("Repr-Digest", file.body)
    whole = Draft(200, {**headers, "Content-Length": str(size)}, file.body)
    wanted = RANGE.fullmatch(request.headers.get("range", ""))
    if wanted is None or request.headers.get("if-range", file.etag) not in {file.etag, modified}:
        return whole
    first = int(wanted[1])
    last = min(int(wanted[2] or size), size - 1)
    if first >= size:
        return unsatisfied(whole, size)
    return part_of(whole, file.body, first, last) if first <= last else whole


def digest_value(name: str, body: bytes) -> str:
    """Return the value of one of the four headers that carry a digest."""
    if name == "Content-MD5":
        # The header's own choice (RFC 1864).
        return _base64(hashlib.md5(body, usedforsecurity=False).digest())
    encoded = _base64(hashlib.sha256(body).digest())
    return f"SHA-256={encoded}" if name == "Digest" else f"sha-256=:{encoded}:"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def part_of(draft: Draft, body: bytes, first: int, last: int) -> Draft:
    """Return a 206 with the bytes of a body from the first to the last, both included."""
    part = body[first : last + 1]
    told = {
        "Content-Range": f"bytes {first}-{last}/{len(body)}",
        "Content-Length": str(len(part)),
    }
    return Draft(206, {**draft.headers, **told}, part, first)


def unsatisfied(draft: Draft, size: int) -> Draft:
    """Return a 416 that tells the whole length."""
    told = {"Content-Range": f"bytes */{size}", "Content-Length": "0"}
    return Draft(416, {**draft.headers, **told})
