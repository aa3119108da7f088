"""The conversation between Player and partner as lines: numbered calls, codes by name."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import fields, frozen

from partner_api.calls import Call, Faulted, PartnerCall, Return
from partner_api.content import ContentContainerList
from partner_api.hresult import HRESULT
from partner_api.licensing import License
from partner_api.variant import Variant
from player_host.cli.wording import count_text, shortened, shown
from player_host.transcript import Called, Entry, Lost, Returned

MAX_TEXT_CHARACTERS: Final = 24
MAX_LISTED: Final = 4


@frozen
class Line:
    """One line of the conversation.

    Attributes:
        number: of the entry in the transcript.
        at: seconds since the session began.
        by: who called: "player" or "partner"; "host" for what is no call.
        text: the call, or the end of an earlier one.
        answer: how it ended, where that is the next thing that happened; else "".
    """

    number: int
    at: float
    by: str
    text: str
    answer: str = ""

    @property
    def what(self) -> str:
        """The call and how it ended."""
        return f"{self.text} = {self.answer}" if self.answer else self.text

    def __str__(self) -> str:
        return f"{self.number:>5}  {self.by:<7}  {self.what}"


def conversation(entries: Sequence[Entry]) -> Iterator[Line]:
    """Yield the conversation; a call that ended at once is one line, other ends are their own."""
    calls = {entry.number: entry.call for entry in entries if isinstance(entry, Called)}
    position = 0
    while position < len(entries):
        entry = entries[position]
        position += 1
        if isinstance(entry, Returned):
            yield _end_line(entry, calls)
            continue
        if isinstance(entry, Lost):
            text = f"the plug-in was lost: {shown(entry.reason)}"
            yield Line(entry.number, entry.at, "host", text)
            continue
        following = entries[position] if position < len(entries) else None
        ended = isinstance(following, Returned) and following.of == entry.number
        answer = ""
        if ended and isinstance(following, Returned):
            answer = return_text(following.returned)
            position += 1
        yield Line(entry.number, entry.at, caller(entry.call), call_text(entry.call), answer)


def caller(call: Call) -> str:
    """Return who makes such a call."""
    return "player" if isinstance(call, PartnerCall) else "partner"


def call_text(call: Call) -> str:
    """Return a call with its arguments shortened, in the order of its parameters."""
    arguments = ", ".join(value_text(value) for value in call.arguments)
    return f"{call.method}({arguments})"


def return_text(returned: Return) -> str:
    """Return how a call ended: the code by name, then out-values or the reason."""
    name = returned.hr.name
    if isinstance(returned, Faulted):
        return f"{name} ({shortened(shown(returned.reason), 60)})"
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
    return shortened(shown(str(value)), MAX_TEXT_CHARACTERS)


def _end_line(entry: Returned, calls: dict[int, Call]) -> Line:
    call = calls.get(entry.of)
    method = call.method if call is not None else "a call"
    by = caller(call) if call is not None else ""
    return Line(
        entry.number, entry.at, by, f"... {method} of {entry.of}", return_text(entry.returned)
    )


def _text(value: str) -> str:
    if "://" in value:
        return _url(value)
    return f"'{shortened(shown(value), MAX_TEXT_CHARACTERS)}'"


def _url(value: str) -> str:
    try:
        path = urlsplit(value).path
    except ValueError:
        path = ""
    name = path.rstrip("/").rpartition("/")[2]
    return f".../{shortened(shown(name), MAX_TEXT_CHARACTERS)}"


def _container_list(value: ContentContainerList) -> str:
    tracks = sum(len(container) for container in value)
    inside = f"{count_text(len(value), 'container')}, {count_text(tracks, 'track')}"
    return f"[{inside}]"


def _license(value: License) -> str:
    rights = "+".join(sorted(right.value for right in value.rights)) or "no rights"
    key = "unprotected" if value.key_id is None else "key"
    until = f" until {value.expires:%Y-%m-%d}" if value.expires is not None else ""
    return f"{value.content_id}: {key} {rights}{until}"


def _variant(value: Variant) -> str:
    if value.value is None:
        return "empty"
    return value_text(value.value)


def _tuple(value: tuple[Any, ...]) -> str:
    listed = [value_text(one) for one in value[:MAX_LISTED]]
    if len(value) > MAX_LISTED:
        listed.append(f"and {len(value) - MAX_LISTED} more")
    return f"[{', '.join(listed)}]"


def _enumeration(value: Enum) -> str:
    return str(getattr(value, "documented_name", value.name))


_DESCRIPTIONS: Final[tuple[tuple[type, Callable[[Any], str]], ...]] = (
    (type(None), lambda _: "NULL"),
    (bool, lambda value: "TRUE" if value else "FALSE"),
    (HRESULT, lambda value: value.name),
    (Enum, _enumeration),
    (str, _text),
    (bytes, lambda value: f"{count_text(len(value), 'byte')}"),
    (ContentContainerList, _container_list),
    (License, _license),
    (Variant, _variant),
    (datetime, lambda value: f"{value:%Y-%m-%d %H:%M}"),
    (tuple, _tuple),
)
