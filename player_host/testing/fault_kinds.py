"""The faults of a server that a download meets: one table, and a fault as a value.

A fault is data: its kind, the byte of the body at which it happens, the number by which something
is off, a word where a kind has several shapes. `KINDS` says which of them a kind uses, and within
which bounds they are drawn; `fault_answers` makes an answer of a fault.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from attrs import field, frozen

from player_host.errors import UsageError
from player_host.units import ByteCount

MAX_NUMBER: Final = 2**40

Choose = Callable[[int, int], int]
"""Draws a whole number between two bounds, both included."""


class FaultKind(StrEnum):
    """What a server does wrong, or does in an odd but permitted way."""

    LENGTH_TOO_LONG = "length-too-long"
    LENGTH_TOO_SHORT = "length-too-short"
    LENGTH_TOO_SHORT_LATE = "length-too-short-late"
    NO_LENGTH = "no-length"
    NO_LENGTH_CUT = "no-length-cut"
    CHUNKED_CUT = "chunked-cut"
    CUT = "cut"
    RESET = "reset"
    STALL = "stall"
    HALF_CLOSE = "half-close"
    TRICKLE = "trickle"
    HANG_UP = "hang-up"
    SILENCE = "silence"
    RANGE_SHIFTED = "range-shifted"
    RANGE_WRONG_TOTAL = "range-wrong-total"
    RANGE_NONSENSE = "range-nonsense"
    RANGE_SPLICED = "range-spliced"
    RANGE_FORGED = "range-forged"
    RANGE_IGNORED = "range-ignored"
    RANGE_REFUSED = "range-refused"
    RANGE_UNASKED = "range-unasked"
    IF_RANGE_IGNORED = "if-range-ignored"
    IF_RANGE_IGNORED_SAME_TIME = "if-range-ignored-same-time"
    ETAG_WEAK = "etag-weak"
    ETAG_CHANGED = "etag-changed"
    ETAG_MISSING = "etag-missing"
    LAST_MODIFIED_ONLY = "last-modified-only"
    FILE_CHANGES = "file-changes"
    BODY_SPLICED = "body-spliced"
    ENCODED = "encoded"
    DOCUMENT = "document"
    EMPTY = "empty"
    WRONG_MEDIA = "wrong-media"
    DISPOSITION = "disposition"
    STATUS = "status"
    EXPIRED = "expired"
    RETRY_AFTER_SECONDS = "retry-after-seconds"
    RETRY_AFTER_DATE = "retry-after-date"
    REDIRECT_LOOP = "redirect-loop"
    REDIRECT_ELSEWHERE = "redirect-elsewhere"
    REDIRECT_JUNK = "redirect-junk"
    ENDLESS_HEAD = "endless-head"
    ENDLESS_BODY = "endless-body"
    HEADER_JUNK = "header-junk"
    NOT_HTTP = "not-http"
    WRONG_DIGEST = "wrong-digest"


@frozen
class Kind:
    """One row of the table of kinds.

    Attributes:
        says: what the server does, for people.
        at: whether it happens at a byte of the body.
        by: between which bounds the number lies, and what it counts; None where there is none.
        words: the shapes that a kind has; empty where it has but one.
        needs_range: it answers a request with `Range` alone; any other one is answered soundly.
        needs_digest: lengths and validators may all fit, so that a digest alone can tell.
    """

    says: str
    at: bool = False
    by: tuple[int, int, str] | None = None
    words: tuple[str, ...] = ()
    needs_range: bool = False
    needs_digest: bool = False


BUSY: Final = ("429", "503")

KINDS: Final[dict[FaultKind, Kind]] = {
    FaultKind.LENGTH_TOO_LONG: Kind(
        "announces more than it sends, and closes", by=(1, 5_000, "bytes")
    ),
    FaultKind.LENGTH_TOO_SHORT: Kind(
        "announces less than it sends, and closes", by=(1, 900, "bytes")
    ),
    FaultKind.LENGTH_TOO_SHORT_LATE: Kind(
        "announces less than it sends, and sends the surplus late",
        by=(1, 20, "bytes"),
        needs_digest=True,
    ),
    FaultKind.NO_LENGTH: Kind("sends the whole body without a length, and closes"),
    FaultKind.NO_LENGTH_CUT: Kind("announces no length, and closes at byte N", at=True),
    FaultKind.CHUNKED_CUT: Kind("closes at byte N, in the middle of a chunk", at=True),
    FaultKind.CUT: Kind("announces the length, and closes at byte N", at=True),
    FaultKind.RESET: Kind("resets the connection (RST) at byte N", at=True),
    FaultKind.STALL: Kind("sends nothing from byte N on, and stays", at=True),
    FaultKind.HALF_CLOSE: Kind("ends its direction (FIN) at byte N, and goes on reading", at=True),
    FaultKind.TRICKLE: Kind("sends single bytes from byte N on", at=True, by=(5, 50, "ms apart")),
    FaultKind.HANG_UP: Kind("closes instead of an answer"),
    FaultKind.SILENCE: Kind("does not answer, and stays"),
    FaultKind.RANGE_SHIFTED: Kind(
        "206 for another part, and says so", by=(1, 5_000, "bytes earlier"), needs_range=True
    ),
    FaultKind.RANGE_WRONG_TOTAL: Kind(
        "206 with another whole length", by=(1, 5_000, "bytes more"), needs_range=True
    ),
    FaultKind.RANGE_NONSENSE: Kind(
        "206 with a Content-Range that says nothing",
        words=("missing", "words", "reversed", "unknown-total", "other-unit"),
        needs_range=True,
    ),
    FaultKind.RANGE_SPLICED: Kind(
        "206 from another version of the file, without validators", needs_range=True
    ),
    FaultKind.RANGE_FORGED: Kind(
        "206 from another version, under the validators of this one",
        needs_range=True,
        needs_digest=True,
    ),
    FaultKind.RANGE_IGNORED: Kind("200 where a part was asked for", needs_range=True),
    FaultKind.RANGE_REFUSED: Kind("416", needs_range=True),
    FaultKind.RANGE_UNASKED: Kind("206 where the whole was asked for"),
    FaultKind.IF_RANGE_IGNORED: Kind(
        "the file has changed, and 206 comes in spite of If-Range", needs_range=True
    ),
    FaultKind.IF_RANGE_IGNORED_SAME_TIME: Kind(
        "the same, and the new version has the old Last-Modified",
        needs_range=True,
        needs_digest=True,
    ),
    FaultKind.ETAG_WEAK: Kind("the tag is weak; closes at byte N", at=True),
    FaultKind.ETAG_CHANGED: Kind("another tag for the same bytes; closes at byte N", at=True),
    FaultKind.ETAG_MISSING: Kind("no validator at all; closes at byte N", at=True),
    FaultKind.LAST_MODIFIED_ONLY: Kind("Last-Modified and no tag; closes at byte N", at=True),
    FaultKind.FILE_CHANGES: Kind("the file changes at byte N, and it closes", at=True),
    FaultKind.BODY_SPLICED: Kind(
        "the file changes at byte N, and its rest comes", at=True, needs_digest=True
    ),
    FaultKind.ENCODED: Kind("Content-Encoding: gzip, unasked"),
    FaultKind.DOCUMENT: Kind("200 with a document", words=("html", "json", "m3u", "asx")),
    FaultKind.EMPTY: Kind("200 with an empty body"),
    FaultKind.WRONG_MEDIA: Kind("200 with a picture"),
    FaultKind.DISPOSITION: Kind(
        "the file, and Content-Disposition with a name that nobody should take as it is",
        words=("traversal", "reserved", "hidden", "bidi"),
    ),
    FaultKind.STATUS: Kind(
        "an error status", words=("400", "404", "408", "429", "500", "501", "502", "503", "504")
    ),
    FaultKind.EXPIRED: Kind("the URL has expired", words=("401", "403", "410")),
    FaultKind.RETRY_AFTER_SECONDS: Kind(
        "busy, and Retry-After in seconds", by=(0, 3_600, "seconds"), words=BUSY
    ),
    FaultKind.RETRY_AFTER_DATE: Kind(
        "busy, and Retry-After as a date", by=(0, 3_600, "seconds from now"), words=BUSY
    ),
    FaultKind.REDIRECT_LOOP: Kind("redirects for ever, within the store"),
    FaultKind.REDIRECT_ELSEWHERE: Kind("redirects into a private network"),
    FaultKind.REDIRECT_JUNK: Kind(
        "redirects to what is no URL", words=("scheme", "credentials", "port", "blank")
    ),
    FaultKind.ENDLESS_HEAD: Kind("header lines without end", by=(8, 8, "MiB at most")),
    FaultKind.ENDLESS_BODY: Kind(
        "a body without end", by=(64, 64, "MiB at most"), words=("closing", "chunked")
    ),
    FaultKind.HEADER_JUNK: Kind(
        "a head that breaks the rules",
        words=(
            "nul",
            "injected-length",
            "two-lengths",
            "negative-length",
            "length-and-chunks",
            "no-colon",
            "folded",
        ),
    ),
    FaultKind.NOT_HTTP: Kind("bytes that are no HTTP at all"),
    FaultKind.WRONG_DIGEST: Kind(
        "a digest that is not the body's",
        words=("Repr-Digest", "Content-Digest", "Digest", "Content-MD5"),
    ),
}


def _number(_fault: object, _attribute: object, value: int) -> None:
    if not 0 <= value <= MAX_NUMBER:
        raise UsageError(f"{value} is no number that a fault may have", where="fault")


@frozen
class Fault:
    """One fault of one answer.

    Attributes:
        kind: what goes wrong.
        at: the byte of the answer's body at which it does; the bytes before it arrive.
        by: the number that goes with the kind, in the unit that `KINDS` names.
        word: the shape, one of the kind's `words`; the first of them where it is empty.

    Raises:
        UsageError: a number is out of bounds, or the kind has no such word.
    """

    kind: FaultKind
    at: ByteCount = field(default=ByteCount(0), validator=_number)
    by: int = field(default=0, validator=_number)
    word: str = ""

    def __attrs_post_init__(self) -> None:
        if self.word and self.word not in self.row.words:
            raise UsageError(
                f"{self.word!r} is no word of the kind {self.kind}",
                where="fault",
                remedy=f"Known words: {', '.join(self.row.words) or 'none'}",
            )

    @property
    def row(self) -> Kind:
        """The kind's row in the table."""
        return KINDS[self.kind]

    @property
    def shape(self) -> str:
        """The word that counts: the one given, or the kind's first."""
        return self.word or next(iter(self.row.words), "")

    @classmethod
    def drawn(cls, kind: FaultKind, size: ByteCount, choose: Choose) -> "Fault":
        """Draw what a kind leaves open.

        Args:
            kind: what goes wrong.
            size: how long the body is.
            choose: draws a number between two bounds; of `random`, of Hypothesis, or fixed.
        """
        row = KINDS[kind]
        return cls(
            kind,
            at=ByteCount(choose(0, size)) if row.at else ByteCount(0),
            by=choose(*row.by[:2]) if row.by else 0,
            word=row.words[choose(0, len(row.words) - 1)] if row.words else "",
        )
