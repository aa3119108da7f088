"""The rows of the byte-fault table: what the store does, and what is right then."""

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from player_host.testing.fault_store import Fault, FaultKind, FaultSchedule
from player_host.units import ByteCount, Seconds

SIZE: Final = ByteCount(100_000)
AT: Final = ByteCount(40_000)
"""Where a connection ends; what lies before it has come."""

CUT: Final = Fault(FaultKind.CUT, at=AT)
ASKED_WAIT: Final = 30
"""Seconds; longer than any tool takes to start on a busy machine, and to come again."""


@frozen
class Row:
    """One row.

    Attributes:
        name: chooses the row on the command line.
        says: what the store does.
        schedule: the fault that each request meets.
        path: of the URL.
        waits: what the store asks for; whoever is done earlier has not heard it.
        is_genuine: whether what the store sends in the end is the file. Where it is not, a tool is
            right only if it ends with an error.
        is_about_names: the tool chooses the file's name, also by what the server says.
    """

    name: str
    says: str
    schedule: FaultSchedule
    path: str = "/track.mp3"
    waits: Seconds = field(default=Seconds(0))
    is_genuine: bool = True
    is_about_names: bool = False


def _once(*faults: Fault, digests: bool = False) -> FaultSchedule:
    return FaultSchedule(faults, size=SIZE, digests=digests)


def _always(kind: FaultKind, **more: object) -> FaultSchedule:
    return FaultSchedule((_fault(kind, **more),), again=True, size=SIZE)


def _fault(kind: FaultKind, at: ByteCount = AT, by: int = 0, word: str = "") -> Fault:
    return Fault(kind, at=at, by=by, word=word)


def _digest_row(header: str) -> Row:
    return Row(
        f"digest-{header.lower()}",
        f"a body that is not the one whose `{header}` it sends, each time",
        _always(FaultKind.WRONG_DIGEST, word=header),
        is_genuine=False,
    )


RESUMING: Final = (
    Row("cut", "closes in the middle; then all is well", _once(CUT)),
    Row("reset", "resets in the middle; then all is well", _once(_fault(FaultKind.RESET))),
    Row("stall", "falls silent in the middle; then all is well", _once(_fault(FaultKind.STALL))),
    Row(
        "changed",
        "closes in the middle; then the file is another, and `If-Range` is honoured",
        _once(_fault(FaultKind.FILE_CHANGES)),
    ),
    Row(
        "changed-if-range-ignored",
        "the same, and the rest of the new file comes in spite of `If-Range`",
        _once(CUT, Fault(FaultKind.IF_RANGE_IGNORED)),
    ),
    Row(
        "changed-without-validators",
        "the same, without any validator",
        _once(_fault(FaultKind.ETAG_MISSING), Fault(FaultKind.RANGE_SPLICED)),
    ),
    Row(
        "changed-weak-tag",
        "the same, with a weak tag",
        _once(_fault(FaultKind.ETAG_WEAK), Fault(FaultKind.RANGE_SPLICED)),
    ),
    Row(
        "changed-forged",
        "the same, with the validators of the old file, and its `Repr-Digest`",
        _once(CUT, Fault(FaultKind.RANGE_FORGED), digests=True),
    ),
    Row(
        "range-ignored",
        "closes in the middle, and sends the whole file for the rest",
        _once(CUT, Fault(FaultKind.RANGE_IGNORED)),
    ),
    Row(
        "range-shifted",
        "closes in the middle; the rest begins 3,000 bytes earlier, as `Content-Range` says",
        _once(CUT, Fault(FaultKind.RANGE_SHIFTED, by=3_000)),
    ),
    Row(
        "range-missing",
        "closes in the middle; 206 for the rest, without `Content-Range`",
        _once(CUT, Fault(FaultKind.RANGE_NONSENSE, word="missing")),
    ),
    Row(
        "range-wrong-total",
        "closes in the middle; 206 with another whole length",
        _once(CUT, Fault(FaultKind.RANGE_WRONG_TOTAL, by=3_000)),
    ),
    Row(
        "range-refused",
        "closes in the middle; 416 for the rest, once",
        _once(CUT, Fault(FaultKind.RANGE_REFUSED)),
    ),
    Row(
        "expired",
        "closes in the middle; 403 for the rest, once",
        _once(CUT, Fault(FaultKind.EXPIRED, word="403")),
    ),
)

LENGTHS: Final = (
    Row(
        "length-too-long",
        "announces 3,000 bytes more than the file has, once",
        _once(Fault(FaultKind.LENGTH_TOO_LONG, by=3_000)),
    ),
    Row(
        "length-too-short",
        "announces 500 bytes less than it sends, each time",
        _always(FaultKind.LENGTH_TOO_SHORT, by=500),
    ),
    Row(
        "two-lengths",
        "announces two lengths that differ, each time",
        _always(FaultKind.HEADER_JUNK, word="two-lengths"),
    ),
    Row("no-length", "announces no length, and sends all", _always(FaultKind.NO_LENGTH)),
    Row(
        "no-length-cut",
        "announces no length, and closes in the middle, each time",
        _always(FaultKind.NO_LENGTH_CUT),
    ),
    Row(
        "chunked-cut",
        "closes in the middle of a chunk; then all is well",
        _once(_fault(FaultKind.CHUNKED_CUT)),
    ),
)

BODIES: Final = (
    Row(
        "error-page",
        "an HTML page with status 200 for `track.mp3`, each time",
        _always(FaultKind.DOCUMENT, word="html"),
    ),
    Row(
        "error-json",
        "a JSON document with status 200, each time",
        _always(FaultKind.DOCUMENT, word="json"),
    ),
    Row("picture", "a picture with status 200, each time", _always(FaultKind.WRONG_MEDIA)),
    Row("empty", "an empty body with status 200, each time", _always(FaultKind.EMPTY)),
    Row(
        "encoded",
        "`Content-Encoding: gzip`, unasked, each time",
        _always(FaultKind.ENCODED),
    ),
    Row("not-http", "bytes that are no HTTP, each time", _always(FaultKind.NOT_HTTP)),
)

DIGESTS: Final = (
    Row(
        "damaged",
        "damaged bytes under the right `Repr-Digest`, once",
        _once(_fault(FaultKind.BODY_SPLICED), digests=True),
    ),
    _digest_row("Repr-Digest"),
    _digest_row("Content-Digest"),
    _digest_row("Digest"),
    _digest_row("Content-MD5"),
)

ANSWERS: Final = (
    Row(
        "busy-429",
        f"429 with `Retry-After: {ASKED_WAIT}`, once",
        _once(Fault(FaultKind.RETRY_AFTER_SECONDS, by=ASKED_WAIT, word="429")),
        waits=Seconds(ASKED_WAIT - 1),
    ),
    Row(
        "busy-503-date",
        f"503 with a date in {ASKED_WAIT} seconds as `Retry-After`, once",
        _once(Fault(FaultKind.RETRY_AFTER_DATE, by=ASKED_WAIT, word="503")),
        waits=Seconds(ASKED_WAIT - 2),
    ),
    Row("busy-503", "503 and no more, once", _once(Fault(FaultKind.STATUS, word="503"))),
    Row("redirect-loop", "redirects for ever", _always(FaultKind.REDIRECT_LOOP)),
)

NAMES: Final = (
    Row(
        "url-traversal",
        "the URL is `/..%2F..%2Fevil.mp3`",
        _once(),
        path="/..%2F..%2Fevil.mp3",
        is_about_names=True,
    ),
    Row(
        "disposition-traversal",
        "`Content-Disposition` names `../../evil.mp3`",
        _always(FaultKind.DISPOSITION, word="traversal"),
        is_about_names=True,
    ),
    Row(
        "disposition-reserved",
        "`Content-Disposition` names `CON:?.mp3. `, which Windows cannot have",
        _always(FaultKind.DISPOSITION, word="reserved"),
        is_about_names=True,
    ),
    Row(
        "disposition-hidden",
        "`Content-Disposition` names `.profile`",
        _always(FaultKind.DISPOSITION, word="hidden"),
        is_about_names=True,
    ),
)

SECTIONS: Final[Mapping[str, tuple[Row, ...]]] = {
    "Going on after a broken connection": RESUMING,
    "Lengths": LENGTHS,
    "What is no such file": BODIES,
    "Digests": DIGESTS,
    "Answers without the file": ANSWERS,
    "Names": NAMES,
}

ROWS: Final = tuple(row for rows in SECTIONS.values() for row in rows)
