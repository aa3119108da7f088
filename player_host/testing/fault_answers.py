"""What a fault makes of a sound answer: bytes to send, and what becomes of the connection.

Nothing here does I/O: `fault_line` carries the answers out.
"""

from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from functools import partial
from random import Random
from typing import Final

from attrs import evolve

from player_host.testing.fault_bodies import DOCUMENTS, PICTURE, gzipped
from player_host.testing.fault_drafts import (
    Answer,
    Case,
    Draft,
    Ending,
    Request,
    ServedFile,
    sound_answer,
)
from player_host.testing.fault_kinds import Fault, FaultKind
from player_host.testing.fault_versions import VERSION_MAKERS
from player_host.units import Seconds

AGAIN: Final = "/-/again/"
"""Below this path every request is sent on to a further one."""

ELSEWHERE: Final = "http://[fd5a:9c1e:77b2::1]/track.mp3"
LATE: Final = Seconds(0.05)
MIB: Final = 1024 * 1024

JUNK_LOCATIONS: Final = {
    "scheme": "file:///track.mp3",
    "credentials": "http://user:word@127.0.0.1/",
    "port": "http://127.0.0.1:99999999/",
    "blank": "http:// /",
}
DISPOSITIONS: Final = {
    "traversal": 'attachment; filename="../../evil.mp3"',
    "reserved": 'attachment; filename="CON:?.mp3. "',
    "hidden": 'attachment; filename=".profile"',
    "bidi": "attachment; filename*=UTF-8''track%E2%80%AE3pm.exe",
}
JUNK_LINES: Final = {
    "nul": b"X-Title: a\x00b\r\n",
    "injected-length": b"X-Title: a\nContent-Length: 7\r\n",
    "two-lengths": b"Content-Length: 7\r\n",
    "negative-length": b"Content-Length: -1\r\n",
    "no-colon": b"this is no header line\r\n",
    "folded": b"X-Title: a\r\n b\r\n",
}


def answer(fault: Fault | None, request: Request, file: ServedFile) -> Answer:
    """Return what a request is answered with, with a fault or without."""
    sound = sound_answer(request, file)
    if fault is None or (fault.row.needs_range and sound.status != 206):
        return sound.sent()
    return _MAKERS[fault.kind](Case(fault, file, sound))


def sent_on(target: str) -> Answer:
    """Return the answer below `AGAIN`: a redirect to a path that was not asked for before."""
    number = target.removeprefix(AGAIN)[:9]
    following = int(number) + 1 if number.isdecimal() else 1
    headers = {"Location": f"{AGAIN}{following}", "Content-Length": "0"}
    return Draft(302, headers).sent()


def _length_too_long(case: Case) -> Answer:
    told = len(case.sound.body) + max(case.fault.by, 1)
    return case.sound.having(Content_Length=str(told)).faulty(Ending.CLOSE)


def _length_too_short(case: Case) -> Answer:
    told = max(len(case.sound.body) - max(case.fault.by, 1), 1)
    draft = case.sound.having(Content_Length=str(told))
    return evolve(draft.faulty(Ending.CLOSE), provoked=told < len(draft.body))


def _length_too_short_late(case: Case) -> Answer:
    planned = _length_too_short(case)
    announced = len(case.sound.body) - max(case.fault.by, 1)
    return evolve(planned, slow_from=max(announced, 1), pause=LATE)


def _no_length(case: Case) -> Answer:
    return _without_length(case.sound).faulty(Ending.CLOSE)


def _no_length_cut(case: Case) -> Answer:
    return _without_length(case.sound).ended(case.fault.at, Ending.CLOSE)


def _without_length(draft: Draft) -> Draft:
    return draft.lacking("Content-Length").having(Connection="close")


def _chunked_cut(case: Case) -> Answer:
    draft = case.sound.lacking("Content-Length").having(Transfer_Encoding="chunked")
    size = f"{len(draft.body):x}\r\n".encode()
    return Answer(draft.rendered(), size + draft.body[: case.fault.at], Ending.CLOSE, provoked=True)


def _ends(ending: Ending) -> Callable[[Case], Answer]:
    return lambda case: case.sound.ended(case.fault.at, ending)


def _trickle(case: Case) -> Answer:
    sound, at = case.sound, case.fault.at
    return Answer(
        sound.rendered(),
        sound.body,
        slow_from=at,
        pause=Seconds(case.fault.by / 1000),
        provoked=at < len(sound.body),
    )


def _nothing(ending: Ending) -> Callable[[Case], Answer]:
    return lambda _: Answer(b"", ending=ending, provoked=True)


def _encoded(case: Case) -> Answer:
    body = gzipped(case.sound.body)
    draft = evolve(case.sound, body=body)
    return draft.having(Content_Encoding="gzip", Content_Length=str(len(body))).faulty()


def _document(case: Case) -> Answer:
    kind, body = DOCUMENTS[case.fault.shape]
    return case.alone(200, body, Content_Type=kind).faulty()


def _disposition(case: Case) -> Answer:
    return case.sound.having(Content_Disposition=DISPOSITIONS[case.fault.shape]).faulty()


def _status(case: Case) -> Answer:
    return case.alone(int(case.fault.shape)).faulty()


def _retry_after(case: Case) -> Answer:
    moment = case.file.now + timedelta(seconds=case.fault.by)
    dated = case.fault.kind is FaultKind.RETRY_AFTER_DATE
    told = format_datetime(moment, usegmt=True) if dated else str(case.fault.by)
    return case.alone(int(case.fault.shape), Retry_After=told).faulty()


def _redirect(location: str, case: Case) -> Answer:
    return case.alone(302, Location=location or JUNK_LOCATIONS[case.fault.shape]).faulty()


def _endless_head(case: Case) -> Answer:
    head = case.sound.rendered().removesuffix(b"\r\n")
    return Answer(
        head,
        ending=Ending.CLOSE,
        filler=b"X-More: " + b"m" * 1000 + b"\r\n",
        filled=max(case.fault.by, 1) * MIB,
        provoked=True,
    )


def _endless_body(case: Case) -> Answer:
    draft, filler = _without_length(case.sound), case.sound.body[:65536] or b"m"
    if case.fault.shape == "chunked":
        draft = draft.having(Transfer_Encoding="chunked")
        filler = f"{len(filler):x}\r\n".encode() + filler + b"\r\n"
    return Answer(
        draft.rendered(),
        ending=Ending.CLOSE,
        filler=filler,
        filled=max(case.fault.by, 1) * MIB,
        provoked=True,
    )


def _header_junk(case: Case) -> Answer:
    draft, shape = case.sound, case.fault.shape
    if shape == "length-and-chunks":
        size = f"{len(draft.body):x}\r\n".encode()
        chunked = draft.having(Content_Length="7", Transfer_Encoding="chunked")
        body = size + draft.body + b"\r\n0\r\n\r\n" if draft.body else b"0\r\n\r\n"
        return Answer(chunked.rendered(), body, Ending.CLOSE, provoked=True)
    if shape == "negative-length":
        draft = draft.lacking("Content-Length")
    return Answer(draft.rendered(JUNK_LINES[shape]), draft.body, Ending.CLOSE, provoked=True)


def _not_http(case: Case) -> Answer:
    # Not for secrets: bytes that follow from the file.
    noise = Random(case.file.etag).randbytes(600)  # noqa: S311
    return Answer(b"\x15\x03\x01" + noise + b"\r\n\r\n", ending=Ending.CLOSE, provoked=True)


_MAKERS: Final[dict[FaultKind, Callable[[Case], Answer]]] = {
    FaultKind.LENGTH_TOO_LONG: _length_too_long,
    FaultKind.LENGTH_TOO_SHORT: _length_too_short,
    FaultKind.LENGTH_TOO_SHORT_LATE: _length_too_short_late,
    FaultKind.NO_LENGTH: _no_length,
    FaultKind.NO_LENGTH_CUT: _no_length_cut,
    FaultKind.CHUNKED_CUT: _chunked_cut,
    FaultKind.CUT: _ends(Ending.CLOSE),
    FaultKind.RESET: _ends(Ending.RESET),
    FaultKind.STALL: _ends(Ending.STAY),
    FaultKind.HALF_CLOSE: _ends(Ending.HALF_CLOSE),
    FaultKind.TRICKLE: _trickle,
    FaultKind.HANG_UP: _nothing(Ending.CLOSE),
    FaultKind.SILENCE: _nothing(Ending.STAY),
    FaultKind.ENCODED: _encoded,
    FaultKind.DOCUMENT: _document,
    FaultKind.EMPTY: lambda case: case.alone(200, Content_Type="audio/mpeg").faulty(),
    FaultKind.WRONG_MEDIA: lambda case: case.alone(200, PICTURE).faulty(),
    FaultKind.DISPOSITION: _disposition,
    FaultKind.STATUS: _status,
    FaultKind.EXPIRED: _status,
    FaultKind.RETRY_AFTER_SECONDS: _retry_after,
    FaultKind.RETRY_AFTER_DATE: _retry_after,
    FaultKind.REDIRECT_LOOP: partial(_redirect, f"{AGAIN}1"),
    FaultKind.REDIRECT_ELSEWHERE: partial(_redirect, ELSEWHERE),
    FaultKind.REDIRECT_JUNK: partial(_redirect, ""),
    FaultKind.ENDLESS_HEAD: _endless_head,
    FaultKind.ENDLESS_BODY: _endless_body,
    FaultKind.HEADER_JUNK: _header_junk,
    FaultKind.NOT_HTTP: _not_http,
    **VERSION_MAKERS,
}
