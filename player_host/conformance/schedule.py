"""A schedule: what the simulated Player does, event after event. Values that JSON can hold.

A scenario is a schedule with a name, exploration draws schedules, a counterexample is the shortest
one, and `conformance replay` plays one again. Nothing here says what a partner should answer.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from attrs import asdict, evolve, frozen

from partner_api.calls import PartnerCall
from partner_api.content import ContentContainerList
from partner_api.encoding import (
    call_from_data,
    call_to_data,
    container_list_from_data,
    container_list_to_data,
)
from partner_api.hresult import HRESULT, S_OK
from player_host.errors import UsageError

FORMAT: Final = "content-partner schedule"
FORMAT_VERSION: Final = 1
MAX_EVENTS: Final = 100_000
MAX_REFUSED: Final = 100_000
MAX_CHARACTERS: Final = 1_000
MAX_BYTES: Final = 64 * 1024 * 1024

FOREIGN_CODE: Final = HRESULT(0x8FFF_FFF1)
"""No partner can know it."""

NO_NAME: Final = "ThisNameIsInNoDocument"
"""No partner can know it either."""


@frozen
class Event:
    """Something that the simulated Player does."""


@frozen
class Attach(Event):
    """Start the plug-in, if none is running, and call `SetCallback` with the callback."""


@frozen
class Detach(Event):
    """Call `SetCallback(None)`, and listen a moment longer."""


@frozen
class Kill(Event):
    """End the plug-in's process."""


@frozen
class Request(Event):
    """Call `Download`.

    Attributes:
        cookie: of the download.
        items: its container list, or none.
    """

    cookie: int
    items: ContentContainerList | None


@frozen
class AwaitAnswers(Event):
    """Wait until every track of a download is answered, or the time for that is over."""

    cookie: int


@frozen
class Complete(Event):
    """Call `DownloadTrackComplete` for one track, if it was accepted and is not completed."""

    cookie: int
    track_id: int
    hr: HRESULT = S_OK


@frozen
class CompleteAll(Event):
    """Complete every accepted track of a download.

    Attributes:
        cookie: of the download.
        hr: how every transfer ended.
        reverse: begin with the last one.
        pause_s: before each.
    """

    cookie: int
    hr: HRESULT = S_OK
    reverse: bool = False
    pause_s: float = 0.0


@frozen
class Ask(Event):
    """Make a call that only asks."""

    call: PartnerCall


@frozen
class AskForWords(Event):
    """Ask for the description of each failure code that the partner gave so far."""


@frozen
class LicensesFail(Event):
    """Let the licence store answer this code from now on; none for its own answers."""

    hr: HRESULT | None


@frozen
class AnswersFail(Event):
    """Let `DownloadTrack` answer this code from now on; none for the Player's own answers."""

    hr: HRESULT | None


@frozen
class StoreIs(Event):
    """Let the way to the store be so from now on; see `relay.Mode`."""

    mode: str


@frozen
class Pause(Event):
    """Do nothing for a while."""

    seconds: float


@frozen
class Together(Event):
    """Do these at the same time."""

    events: tuple[Event, ...]


@frozen
class Needs:
    """What a schedule cannot do without.

    Attributes:
        store: the kit has to stand in the way to the store.
        signed_out: settings with which nobody is signed in.
    """

    store: bool = False
    signed_out: bool = False


@frozen
class Schedule:
    """Events under a name.

    Attributes:
        name: for people.
        events: in order.
        why: what it is to provoke.
        needs: what it cannot do without.
        refused: the tracks, of those that it requests, that the store has not to grant.
        partner: of a counterexample, whose it is; "" of any other.
        requirement: of a counterexample, the clause that is broken; "" of any other.
    """

    name: str
    events: tuple[Event, ...]
    why: str = ""
    needs: Needs = Needs()
    refused: tuple[int, ...] = ()
    partner: str = ""
    requirement: str = ""


def schedule_to_text(schedule: Schedule) -> str:
    """Return a schedule as JSON."""
    document = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "name": schedule.name,
        "why": schedule.why,
        "partner": schedule.partner,
        "requirement": schedule.requirement,
        "needs": asdict(schedule.needs),
        "refused": schedule.refused,
        "events": [event_to_data(event) for event in schedule.events],
    }
    return json.dumps(document, indent=1) + "\n"


def schedule_from_text(text: str, *, where: str) -> Schedule:
    """Return the schedule that `schedule_to_text` wrote.

    Args:
        text: of a file that a user named.
        where: the file, for messages.

    Raises:
        UsageError: it is none; the message says what was expected.
    """
    if len(text) > MAX_BYTES:
        raise UsageError("the file is too long for a schedule", where=where)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the file is no JSON ({error})", where=where) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UsageError("the file is no schedule", where=where)
    if document.get("version") != FORMAT_VERSION:
        found = document.get("version")
        raise UsageError(f"schedule version {found!r}; this program reads 1", where=where)
    events = document.get("events")
    if not isinstance(events, list) or len(events) > MAX_EVENTS:
        raise UsageError("events: a list was expected", where=where)
    return Schedule(
        _words(document, "name"),
        tuple(_event(data, f"{where}: event {n}") for n, data in enumerate(events, 1)),
        _words(document, "why"),
        _needs(document.get("needs", {}), f"{where}: needs"),
        _tracks(document.get("refused", []), f"{where}: refused"),
        _words(document, "partner"),
        _words(document, "requirement"),
    )


def event_to_data(event: Event) -> dict[str, Any]:
    """Return an event as JSON values."""
    data: dict[str, Any] = {"event": type(event).__name__}
    if isinstance(event, Request):
        items = None if event.items is None else container_list_to_data(event.items)
        return data | {"cookie": event.cookie, "items": items}
    if isinstance(event, Ask):
        name = type(event.call).__name__
        return data | {"call": name, "arguments": call_to_data(event.call)}
    if isinstance(event, Together):
        return data | {"events": [event_to_data(one) for one in event.events]}
    values = {name: getattr(event, name) for name in _names(type(event))}
    return data | {name: _plain(value) for name, value in values.items()}


def event_from_data(data: Mapping[str, Any]) -> Event:
    """Return the event that `event_to_data` wrote.

    Raises:
        Exception: the data are no event; which error it is depends on what is wrong.
    """
    name = str(data["event"])
    if name not in _EVENTS:
        raise ValueError(f"there is no event {name[:40]!r}")
    kind = _EVENTS[name]
    if kind is Request:
        items = data["items"]
        made = None if items is None else container_list_from_data(items)
        return Request(_number(data["cookie"]), made)
    if kind is Ask:
        call = call_from_data(data["call"], data["arguments"])
        if not isinstance(call, PartnerCall):
            raise ValueError(f"{data['call']} is no call of the Player")
        return Ask(call)
    if kind is Together:
        return Together(tuple(event_from_data(one) for one in data["events"]))
    return kind(**{name: _typed(name, data[name]) for name in _names(kind)})


def requests(schedule: Schedule) -> list[Request]:
    """Return the downloads that a schedule requests, also those that it requests together."""
    flat = (
        one
        for event in schedule.events
        for one in (event.events if isinstance(event, Together) else (event,))
    )
    return [event for event in flat if isinstance(event, Request)]


def without(schedule: Schedule, left_out: Iterable[int]) -> Schedule:
    """Return the schedule without the events at some places."""
    gone = set(left_out)
    events = tuple(event for n, event in enumerate(schedule.events) if n not in gone)
    return evolve(schedule, events=events)


def _event(data: object, where: str) -> Event:
    if not isinstance(data, dict):
        raise UsageError("an object was expected", where=where)
    try:
        return event_from_data(data)
    except Exception as error:
        raise UsageError(f"no event of a schedule: {_said(error)}"[:300], where=where) from error


def _said(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def _words(document: Mapping[str, Any], key: str) -> str:
    return str(document.get(key, ""))[:MAX_CHARACTERS]


def _needs(data: object, where: str) -> Needs:
    names = {attribute.name for attribute in Needs.__attrs_attrs__}
    if not isinstance(data, dict) or data.keys() - names:
        raise UsageError(f"an object with {' and '.join(sorted(names))} was expected", where=where)
    if any(type(value) is not bool for value in data.values()):
        raise UsageError("true or false was expected", where=where)
    return Needs(**data)


def _tracks(data: object, where: str) -> tuple[int, ...]:
    try:
        return tuple(_number(track) for track in _exactly(list, data)[:MAX_REFUSED])
    except (TypeError, ValueError) as error:
        raise UsageError(f"a list of track IDs was expected ({error})", where=where) from error


def _names(kind: type[Event]) -> tuple[str, ...]:
    return tuple(attribute.name for attribute in kind.__attrs_attrs__)


def _plain(value: Any) -> Any:
    return f"0x{value:08X}" if isinstance(value, HRESULT) else value


T = TypeVar("T")


def _typed(name: str, value: Any) -> Any:
    if name == "hr":
        return None if value is None else HRESULT(int(_exactly(str, value), 16))
    if name in {"cookie", "track_id"}:
        return _number(value)
    if name in {"seconds", "pause_s"}:
        seconds = float(value)
        if not 0 <= seconds <= 600:
            raise ValueError(f"{name} is 0 to 600 seconds")
        return seconds
    return _exactly(bool if name == "reverse" else str, value)


def _number(value: Any) -> int:
    number = _exactly(int, value)
    if not 0 <= number < 2**32:
        raise ValueError(f"{number} is no 32-bit number")
    return number


def _exactly(kind: type[T], value: Any) -> T:
    if type(value) is not kind:
        raise TypeError(f"{kind.__name__} was expected, not {type(value).__name__}")
    return value


_EVENTS: Final[Mapping[str, type[Event]]] = {
    kind.__name__: kind
    for kind in (
        Attach,
        Detach,
        Kill,
        Request,
        AwaitAnswers,
        Complete,
        CompleteAll,
        Ask,
        AskForWords,
        LicensesFail,
        AnswersFail,
        StoreIs,
        Pause,
        Together,
    )
}
