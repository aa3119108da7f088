"""Which part of a file a request wants: Range and If-Range (RFC 9110, sections 13.1.5 and 14).

Starlette's own file response answers a range unit that it does not know with 400, where the
RFC has it ignored, takes its ETag from time and size alone, and needs a file on disk. This
server takes one range at a time; several in one request get the whole file, as the RFC allows.
"""

import re
from typing import TypeAlias

from attrs import frozen

ByteCount: TypeAlias = int

_ONE_RANGE = re.compile(r"bytes=\s*([0-9]{0,19})-([0-9]{0,19})\s*", re.IGNORECASE)


@frozen
class Part:
    """A part of a file: the first byte, and the byte after the last."""

    start: ByteCount
    stop: ByteCount
    size: ByteCount

    @property
    def content_range(self) -> str:
        """Return the value of `Content-Range`."""
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"


class NotSatisfiable(Exception):
    """The range begins behind the end of the file: status 416."""


def wanted_part(
    range_header: str | None,
    if_range: str | None,
    *,
    size: ByteCount,
    etag: str,
    last_modified: str,
) -> Part | None:
    """Return the part that a GET asks for, or None for the whole file.

    Args:
        range_header: the value of `Range`, hostile, or None.
        if_range: the value of `If-Range`, hostile, or None.
        size: the length of the file.
        etag: the file's strong entity tag.
        last_modified: the file's date as HTTP writes it.

    Raises:
        NotSatisfiable: the one range asked for holds no byte of the file.
    """
    if range_header is None or if_range not in {None, etag, last_modified}:
        return None
    match = _ONE_RANGE.fullmatch(range_header)
    if match is None:
        return None
    return _part(match[1], match[2], size)


def _part(first: str, last: str, size: ByteCount) -> Part | None:
    if not first:
        return _suffix(last, size)
    start, stop = int(first), min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    if start >= size:
        raise NotSatisfiable
    return Part(start, stop, size)


def _suffix(length: str, size: ByteCount) -> Part | None:
    if not length:
        return None
    if int(length) == 0 or size == 0:
        raise NotSatisfiable
    return Part(max(size - int(length), 0), size, size)
