"""Which URLs `player-host fetch` is asked for: its arguments, and lists on the standard input."""

import sys
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from attrs import frozen

from player_host.cli.desk import Desk
from player_host.errors import NothingSelected, TransferError, UsageError
from player_host.transfer.urls import MAX_URL_LENGTH, check_url
from player_host.units import ByteCount

MAX_URLS: Final = 100_000
MAX_LIST_SIZE: Final = ByteCount(64 * 1024 * 1024)
_LINE_BOUND: Final = 4 * MAX_URL_LENGTH
"""Bytes of a line that are looked at; a longer one is no URL, whatever follows."""


@frozen
class Wanted:
    """A URL that is to be fetched.

    Attributes:
        url: as it was given.
        line: of the list; None for an argument.
    """

    url: str
    line: int | None


@frozen
class Wrong:
    """A line of a list that is no URL which may be fetched."""

    line: int
    error: TransferError


@frozen
class Wishes:
    """What was asked for: each URL once, in the order in which it was given."""

    wanted: tuple[Wanted, ...]
    wrong: tuple[Wrong, ...]
    repeated: int


def read_wishes(desk: Desk, urls: Sequence[str], *, listed: bool) -> Wishes:
    """Read the arguments, and the list on the standard input where there is one.

    Args:
        desk: a person at a terminal is told that a list is waited for.
        urls: the arguments.
        listed: whether there is a list.

    Raises:
        UsageError: there are none, an argument is no URL that may be fetched, or a list is
            longer than its bound.
        NothingSelected: the list has no URL.
    """
    if not urls and not listed:
        raise UsageError(
            "no URL is given", remedy="Give URLs, or `-` for a list on the standard input"
        )
    for number, url in enumerate(urls, start=1):
        _check_argument(url, number)
    wanted, wrong = [Wanted(url, None) for url in urls], list[Wrong]()
    if listed:
        found, wrong = _split(_lines(_opened_input(desk)))
        wanted += found
    if not wanted and not wrong:
        raise NothingSelected(
            "the list has no URL", where="standard input", remedy="Write one URL on each line"
        )
    unique = {one.url: one for one in reversed(wanted)}
    ordered = tuple(reversed(unique.values()))
    return Wishes(ordered, tuple(wrong), len(wanted) - len(ordered))


def _check_argument(word: str, number: int) -> None:
    try:
        check_url(word)
    except TransferError as error:
        where = f"URL {number}: {error.where}"
        raise UsageError(error.what, where=where, remedy=error.remedy) from error


def _split(lines: Iterator[tuple[int, str]]) -> tuple[list[Wanted], list[Wrong]]:
    """Tell the URLs of a list from what is none; blank lines and comments are neither."""
    wanted: list[Wanted] = []
    wrong: list[Wrong] = []
    for number, line in lines:
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if len(wanted) + len(wrong) >= MAX_URLS:
            raise _too_long(f"{MAX_URLS} URLs")
        try:
            check_url(text)
        except TransferError as error:
            wrong.append(Wrong(number, error))
        else:
            wanted.append(Wanted(text, number))
    return wanted, wrong


def _lines(source: BinaryIO) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers; bytes that are no UTF-8 become what no URL has."""
    number, size, begins = 0, 0, True
    while part := source.readline(_LINE_BOUND):
        size += len(part)
        if size > MAX_LIST_SIZE:
            raise _too_long(f"{MAX_LIST_SIZE} bytes")
        if begins:
            number += 1
            mark = b"\xef\xbb\xbf" if number == 1 else b""
            yield number, part.removeprefix(mark).decode("utf-8", "surrogateescape")
        begins = part.endswith(b"\n")


def _opened_input(desk: Desk) -> BinaryIO:
    if sys.stdin is None:
        raise UsageError("there is no standard input to read a list from")
    if sys.stdin.isatty():
        desk.remark("one URL on each line; Ctrl-D ends the list")
    return sys.stdin.buffer


def _too_long(bound: str) -> UsageError:
    return UsageError(
        f"the list is longer than {bound}", where="standard input", remedy="Give it in parts"
    )
