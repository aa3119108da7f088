"""The head of an answer, read by llhttp; which bytes are its body is told by it alone."""

import re
from collections.abc import Mapping
from typing import Final

import httptools
from attrs import frozen

from player_host.transfer.transport import joined

MAX_HEAD: Final = 100 * 1024
MAX_FIELDS: Final = 256
PIECE: Final = 4096
FINAL: Final = 200
BLANK_LINE: Final = re.compile(rb"\r?\n\r?\n")
DIGITS: Final = re.compile(r"[0-9]{1,18}")
SWITCHING: Final = 101
WITHOUT_BODY: Final = frozenset({204, 304})


class UnreadableError(Exception):
    """What came is no answer in HTTP/1.1, or a head over its bounds."""


@frozen
class Head:
    """A final answer's head.

    Attributes:
        headers: names in lower case; a repeated one is joined with commas.
        length: the announced length; None where the body is chunked or ends with the connection.
        chunked: the parser that takes the chunks apart.
        keeps_alive: whether the connection may serve a further request.
    """

    status: int
    headers: Mapping[str, str]
    length: int | None
    chunked: "ChunkedBody | None"
    keeps_alive: bool


class HeadReader:
    """Collects bytes until the head of the final answer is whole."""

    def __init__(self) -> None:
        self._bytes = b""
        self._interim = False

    @property
    def is_empty(self) -> bool:
        """Whether not a byte has come."""
        return not self._bytes and not self._interim

    def feed(self, view: memoryview) -> tuple[Head, int] | None:
        """Take bytes; return the head and how many of them stand behind it, once it is whole.

        Raises:
            UnreadableError: this is no HTTP, or too much of it.
        """
        for start in range(0, len(view), PIECE):
            self._bytes += view[start : start + PIECE]
            head = self._final_head()
            if head is not None:
                return head, len(view) - min(start + PIECE, len(view)) + len(self._bytes)
        return None

    def _final_head(self) -> Head | None:
        while match := BLANK_LINE.search(self._bytes):
            head = _parsed(self._bytes[: match.end()])
            self._bytes = self._bytes[match.end() :]
            if head.status >= FINAL:
                return head
            if head.status == SWITCHING:
                raise UnreadableError
            self._interim = True
        if len(self._bytes) > MAX_HEAD or not b"HTTP/1.".startswith(self._bytes[:7]):
            raise UnreadableError
        return None


class ChunkedBody:
    """The body of a chunked answer, taken out of its chunks."""

    def __init__(self, parser: httptools.HttpResponseParser, fields: "_Fields") -> None:
        self._parser = parser
        self._fields = fields

    def feed(self, view: memoryview) -> tuple[list[bytes], bool]:
        """Return the body's next bytes, and whether that was all.

        Raises:
            UnreadableError: the chunks are broken.
        """
        fields = self._fields
        try:
            self._parser.feed_data(view)
        except httptools.HttpParserError:
            if not fields.is_over:
                raise UnreadableError from None
        body, fields.body = fields.body, []
        return body, fields.is_over


class _Fields:
    """What the parser calls back with."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.body: list[bytes] = []
        self.is_whole = False
        self.is_over = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))
        if len(self.headers) > MAX_FIELDS:
            raise UnreadableError

    def on_headers_complete(self) -> None:
        self.is_whole = True

    def on_body(self, body: bytes) -> None:
        self.body.append(body)

    def on_message_complete(self) -> None:
        self.is_over = True


def _parsed(raw: bytes) -> Head:
    fields = _Fields()
    parser = httptools.HttpResponseParser(fields)
    try:
        parser.feed_data(raw)
    except httptools.HttpParserError:
        raise UnreadableError from None
    if not fields.is_whole:
        raise UnreadableError
    status = parser.get_status_code()
    named = joined(fields.headers)
    if status in WITHOUT_BODY:
        return Head(status, named, 0, None, parser.should_keep_alive())
    if "transfer-encoding" in named:
        if named["transfer-encoding"].strip().lower() != "chunked":
            raise UnreadableError
        body = ChunkedBody(parser, fields)
        return Head(status, named, None, body, parser.should_keep_alive())
    length = _length(named.get("content-length"))
    alive = length is not None and parser.should_keep_alive()
    return Head(status, named, length, None, alive)


def _length(value: str | None) -> int | None:
    if value is None:
        return None
    match = DIGITS.fullmatch(value.strip())
    if match is None:
        raise UnreadableError
    return int(match[0])
