"""What an answer's headers say about the body: its version, its length, which part it is."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from attrs import frozen

from player_host.units import ByteCount

MAX_HEADER_VALUE: Final = 1024
STRONG_AFTER: Final = timedelta(seconds=60)
"""How much older than the answer a Last-Modified has to be: a file may change twice a second."""

ENTITY_TAG: Final = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
CONTENT_RANGE: Final = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
DIGITS: Final = re.compile(r"[0-9]{1,18}")


@frozen
class Validators:
    """What names one version of a body, as the server wrote it; strong ones only."""

    etag: str | None
    last_modified: str | None

    @property
    def if_range(self) -> str:
        """The value of If-Range: the entity tag before the time stamp (RFC 9110, 13.1.5)."""
        return self.etag or self.last_modified or ""

    def with_tag_of(self, headers: Mapping[str, str]) -> "Validators":
        """Return these, with the entity tag of an admitted part where none was known yet.

        A further part has to have it too: a time stamp alone may stand for two versions.
        """
        etag = headers.get("etag", "")
        if self.etag is not None or not _is_strong(etag):
            return self
        return Validators(etag, self.last_modified)

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Say whether a partial answer is a part of the same version.

        The entity tag has to be there again and equal (RFC 9110, 15.3.7); a time stamp that is
        sent has to be equal too, because some servers ignore If-Range.
        """
        if self.etag is not None and headers.get("etag") != self.etag:
            return False
        stamp = headers.get("last-modified")
        if self.last_modified is None:
            return self.etag is not None
        return stamp == self.last_modified or (stamp is None and self.etag is not None)


@frozen
class ContentRange:
    """Which bytes of how many a partial answer holds; both ends belong to it."""

    first: ByteCount
    last: ByteCount
    total: ByteCount


def strong_validators(headers: Mapping[str, str]) -> Validators | None:
    """Return what an answer may be continued by, or None where nothing strong was sent.

    A Last-Modified is strong when it is at least a minute older than the answer's Date
    (RFC 9110, 8.8.2.2, with a margin). Beside an entity tag it is kept for comparison.
    """
    etag = headers.get("etag", "")
    stamp = headers.get("last-modified", "")
    if _is_strong(etag):
        return Validators(etag, stamp if 0 < len(stamp) <= MAX_HEADER_VALUE else None)
    modified, sent = http_date(stamp), http_date(headers.get("date", ""))
    # A weak tag says that the server itself does not vouch for the bytes.
    if etag or modified is None or sent is None or sent - modified < STRONG_AFTER:
        return None
    return Validators(None, stamp)


def content_range(headers: Mapping[str, str]) -> ContentRange | None:
    """Return what Content-Range says, or None where it is missing, unsatisfied or senseless."""
    match = CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
    if match is None:
        return None
    first, last, total = (ByteCount(int(digits)) for digits in match.groups())
    return ContentRange(first, last, total) if first <= last < total else None


def content_length(headers: Mapping[str, str]) -> ByteCount | None:
    """Return the announced length of this answer's body, or None where none is announced."""
    match = DIGITS.fullmatch(headers.get("content-length", "").strip())
    return ByteCount(int(match[0])) if match else None


def http_date(text: str) -> datetime | None:
    """Return the moment that an HTTP date names, aware, or None."""
    if not 0 < len(text) <= 64:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else None


def retry_after(text: str, now: datetime) -> float | None:
    """Return for how many seconds a server asks to be left alone, or None."""
    seconds = DIGITS.fullmatch(text.strip())
    if seconds is not None:
        return float(seconds[0])
    moment = http_date(text)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


def _is_strong(etag: str) -> bool:
    return len(etag) <= MAX_HEADER_VALUE and ENTITY_TAG.fullmatch(etag) is not None
