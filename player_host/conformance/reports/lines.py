"""The conversation between Player and partner as numbered lines, whole or a part of it."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

from attrs import frozen

from partner_api.calls import Call
from player_host.conformance.reports.calls import call_text, caller, return_text
from player_host.conformance.reports.wording import SENTENCE_CHARACTERS, count_text, shown
from player_host.transcript import Called, Entry, Lost, Returned

MOST_LINES: Final = 60
"""Of a conversation in a report."""

_FIRST_LINES: Final = 8
_AFTER_THE_MARK: Final = 8


class Kind(StrEnum):
    """What a line is about."""

    CALL = "call"
    RETURN = "return"
    """The end of a call that stands further up."""
    LOSS = "loss"
    GAP = "gap"
    """Lines that are left out."""


@frozen
class Line:
    """One line of a conversation.

    Attributes:
        number: of the entry in the transcript; 0 for a gap.
        at: seconds since the conversation began.
        by: who called: `player` or `partner`; `host` for a loss, "" for a gap.
        text: the call, or what it is the end of.
        answer: how the call ended, where that is the next thing that happened; else "".
        kind: what the line is about.
        is_marked: whether it is the line that breaks the clause.
    """

    number: int
    at: float
    by: str
    text: str
    answer: str = ""
    kind: Kind = Kind.CALL
    is_marked: bool = False

    @property
    def what(self) -> str:
        """The call and how it ended."""
        return f"{self.text} = {self.answer}" if self.answer else self.text

    def __str__(self) -> str:
        mark = ">" if self.is_marked else " "
        return f"{mark}{self.number or '':>4}  {self.by:<7}  {self.what}"


_Place = tuple[Entry, Returned | None]
"""An entry, and the end of the call where it comes next."""


def conversation_lines(
    entries: Sequence[Entry], marked: int = 0, most: int = MOST_LINES
) -> list[Line]:
    """Return a conversation as lines: its beginning, and what leads to the marked entry.

    Args:
        entries: the conversation.
        marked: the number of the entry that breaks the clause; 0 for none.
        most: so many lines at most, and two more for what is left out.
    """
    places = list(_places(entries))
    position = next((i for i, place in enumerate(places) if _has(place, marked)), None)
    calls = {entry.number: entry.call for entry in entries if isinstance(entry, Called)}
    lines: list[Line] = []
    shown_until = 0
    for begin, end in _stretches(len(places), position, most):
        lines.extend(_gap(begin - shown_until))
        lines.extend(_line(places[i], calls, is_marked=i == position) for i in range(begin, end))
        shown_until = end
    lines.extend(_gap(len(places) - shown_until))
    return lines


def _places(entries: Sequence[Entry]) -> Iterator[_Place]:
    position = 0
    while position < len(entries):
        entry = entries[position]
        position += 1
        following = entries[position] if position < len(entries) else None
        if isinstance(following, Returned) and following.of == entry.number:
            position += 1
            yield entry, following
        else:
            yield entry, None


def _has(place: _Place, number: int) -> bool:
    entry, end = place
    return bool(number) and (entry.number == number or (end is not None and end.number == number))


def _stretches(count: int, position: int | None, most: int) -> list[tuple[int, int]]:
    """Return which places are shown, as beginnings and ends."""
    if count <= most:
        return [(0, count)]
    first = min(_FIRST_LINES, most // 4)
    if position is None:
        return [(0, first), (count - (most - first), count)]
    end = min(max(position + 1 + min(_AFTER_THE_MARK, most // 4), most), count)
    begin = end - (most - first)
    return [(0, end)] if begin <= first else [(0, first), (begin, end)]


def _gap(count: int) -> list[Line]:
    if not count:
        return []
    return [Line(0, 0.0, "", f"... {count_text(count, 'line')} left out", kind=Kind.GAP)]


def _line(place: _Place, calls: dict[int, Call], *, is_marked: bool) -> Line:
    entry, end = place
    if isinstance(entry, Lost):
        text = f"the plug-in was lost: {shown(entry.reason, SENTENCE_CHARACTERS)}"
        return Line(entry.number, entry.at, "host", text, "", Kind.LOSS, is_marked)
    if isinstance(entry, Returned):
        call = calls.get(entry.of)
        by = "" if call is None else caller(call)
        text = f"... {'a call' if call is None else call.method} of {entry.of}"
        answer = return_text(entry.returned)
        return Line(entry.number, entry.at, by, text, answer, Kind.RETURN, is_marked)
    answer = "" if end is None else return_text(end.returned)
    by, text = caller(entry.call), call_text(entry.call)
    return Line(entry.number, entry.at, by, text, answer, Kind.CALL, is_marked)
