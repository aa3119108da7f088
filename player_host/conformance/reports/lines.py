"""The conversation between Player and partner as numbered lines, short enough for a report."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, Final

from attrs import fields, frozen

from partner_api.calls import Call, Faulted, PartnerCall, Return
from partner_api.content import ContentContainer, ContentContainerList
from partner_api.enums import NO_ID
from partner_api.hresult import HRESULT
from partner_api.licensing import License
from partner_api.variant import Variant
from player_host.conformance.reports.wording import count_text, shown
from player_host.transcript import Called, Entry, Lost, Returned

MOST_LINES: Final = 60
"""Of a conversation in a report."""

_FIRST_LINES: Final = 8
_AFTER_THE_MARK: Final = 8
_TEXT_CHARACTERS: Final = 40
_REASON_CHARACTERS: Final = 80
_MOST_LISTED: Final = 4
_MOST_TRACKS: Final = 6


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
        kind: what it is about.
        number: of the entry in the transcript; 0 for a gap.
        at: seconds since the conversation began.
        by: who called: `player` or `partner`; "" for a loss or a gap.
        text: the call, or what it is the end of.
        answer: how the call ended, where that is the next thing that happened; else "".
        is_marked: whether it is the line that breaks the clause.
    """

    kind: Kind
    number: int
    at: float
    by: str
    text: str
    answer: str = ""
    is_marked: bool = False

    @property
    def what(self) -> str:
        """The call and how it ended."""
        return f"{self.text} = {self.answer}" if self.answer else self.text

    def __str__(self) -> str:
        mark = ">" if self.is_marked else " "
        number = str(self.number or "")
        return f"{mark} {number:>5}  {self.by:<7}  {self.what}"


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


def call_text(call: Call) -> str:
    """Return a call with its arguments shortened, in the order of its parameters."""
    arguments = ", ".join(value_text(value) for value in call.arguments)
    return f"{call.method}({arguments})"


def return_text(returned: Return) -> str:
    """Return how a call ended: the code by name, then out-values or the reason."""
    name = returned.hr.name
    if isinstance(returned, Faulted):
        return f"{name} ({shown(returned.reason, _REASON_CHARACTERS)})"
    values = [
        f"{attribute.name}={value_text(getattr(returned, attribute.name))}"
        for attribute in fields(type(returned))
        if attribute.name != "hr"
    ]
    return " ".join((name, *values))


def value_text(value: Any) -> str:
    """Return an argument or out-value as short as a reader can still recognise it."""
    for kind, describe in _DESCRIPTIONS:
        if isinstance(value, kind):
            return describe(value)
    return shown(str(value), _TEXT_CHARACTERS)


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
    return [Line(Kind.GAP, 0, 0.0, "", f"... {count_text(count, 'line')} left out")]


def _line(place: _Place, calls: dict[int, Call], *, is_marked: bool) -> Line:
    entry, end = place
    if isinstance(entry, Lost):
        text = f"the plug-in was lost: {shown(entry.reason, _REASON_CHARACTERS)}"
        return Line(Kind.LOSS, entry.number, entry.at, "", text, is_marked=is_marked)
    if isinstance(entry, Returned):
        call = calls.get(entry.of)
        by = "" if call is None else caller(call)
        text = f"... {'a call' if call is None else call.method} of {entry.of}"
        answer = return_text(entry.returned)
        return Line(Kind.RETURN, entry.number, entry.at, by, text, answer, is_marked)
    answer = "" if end is None else return_text(end.returned)
    by, text = caller(entry.call), call_text(entry.call)
    return Line(Kind.CALL, entry.number, entry.at, by, text, answer, is_marked)


def caller(call: Call) -> str:
    """Return who makes such a call: `player` or `partner`."""
    return "player" if isinstance(call, PartnerCall) else "partner"


def _text(value: str) -> str:
    if "://" in value[:_TEXT_CHARACTERS] and len(value) > _TEXT_CHARACTERS:
        half = _TEXT_CHARACTERS // 2
        return f"'{shown(value[:half], half)}…{shown(value[-half:], half)}'"
    return f"'{shown(value, _TEXT_CHARACTERS)}'"


def _container_list(value: ContentContainerList) -> str:
    tracks = sum(len(container) for container in value)
    if len(value) <= 2 and tracks <= _MOST_TRACKS:
        return f"[{'; '.join(_container(container) for container in value)}]"
    return f"[{count_text(len(value), 'container')}, {count_text(tracks, 'track')}]"


def _container(value: ContentContainer) -> str:
    tracks = ", ".join(str(item.id) for item in value) or "no tracks"
    if value.id == NO_ID:
        return f"loose: {tracks}"
    return f"{shown(str(value.type), _TEXT_CHARACTERS)} {value.id}: {tracks}"


def _license(value: License) -> str:
    rights = "+".join(sorted(right.value for right in value.rights)) or "no rights"
    key = "unprotected" if value.key_id is None else "key"
    until = f" until {value.expires:%Y-%m-%d}" if value.expires is not None else ""
    return f"{value.content_id}: {key} {rights}{until}"


def _variant(value: Variant) -> str:
    return "empty" if value.value is None else value_text(value.value)


def _tuple(value: tuple[Any, ...]) -> str:
    listed = ", ".join(value_text(one) for one in value[:_MOST_LISTED])
    left = len(value) - _MOST_LISTED
    return f"[{listed}]" if left <= 0 else f"[{listed} and {left:,} more]"


def _enumeration(value: Enum) -> str:
    return str(getattr(value, "documented_name", value.name))


_DESCRIPTIONS: Final[tuple[tuple[type, Callable[[Any], str]], ...]] = (
    (type(None), lambda _: "NULL"),
    (bool, lambda value: "TRUE" if value else "FALSE"),
    (HRESULT, lambda value: value.name),
    (Enum, _enumeration),
    (str, _text),
    (bytes, lambda value: count_text(len(value), "byte")),
    (ContentContainerList, _container_list),
    (License, _license),
    (Variant, _variant),
    (datetime, lambda value: f"{value:%Y-%m-%d %H:%M}"),
    (tuple, _tuple),
)
