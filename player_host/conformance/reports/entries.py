"""Entries of a conversation as the lines of a transcript have them, within a bound."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from attrs import evolve

from partner_api.calls import Faulted, Malformed
from partner_api.encoding import call_from_data, call_to_data, return_from_data, return_to_data
from player_host.conformance.reports.reading import Place
from player_host.errors import PlayerHostError
from player_host.transcript import Called, Entry, Lost, Returned
from player_host.units import ByteCount

MAX_ENTRY_BYTES: Final = ByteCount(256 * 1024)
MAX_CONVERSATION_BYTES: Final = ByteCount(1024 * 1024)
MAX_ENTRIES: Final = 10_000


def entries_to_data(entries: Sequence[Entry], marked: int) -> list[dict[str, Any]]:
    """Return a conversation as JSON values, as much of it as there is room for.

    A record that is too large is replaced by one that says so, as in a transcript. Where all of it
    is too much, the entries next to the marked one are kept.

    Args:
        entries: the conversation.
        marked: the number of the entry that breaks the clause; 0 for the last.
    """
    position = next((i for i, one in enumerate(entries) if one.number == marked), len(entries) - 1)
    kept: dict[int, dict[str, Any]] = {}
    room = MAX_CONVERSATION_BYTES
    for index in _nearest_first(position, len(entries)):
        data = entry_to_data(entries[index])
        room = ByteCount(room - _size(data))
        if room < 0 or len(kept) == MAX_ENTRIES:
            break
        kept[index] = data
    return [kept[index] for index in sorted(kept)]


def entry_to_data(entry: Entry) -> dict[str, Any]:
    """Return an entry as JSON values, with the keys of a line of a transcript."""
    data = _to_data(entry)
    size = _size(data)
    if size <= MAX_ENTRY_BYTES:
        return data
    return _to_data(_replaced(entry, f"{size} bytes do not fit a report"))


def entry_from_data(place: Place) -> Entry:
    """Return an entry.

    Raises:
        PlayerHostError: it is no call, no return and no loss; `where` names the place.
    """
    number, at = place["n"].number(), place["t"].seconds()
    if place.has("lost"):
        return Lost(number, at, place["lost"].text(MAX_ENTRY_BYTES))
    try:
        if place.has("call"):
            call = call_from_data(place["call"].text(), place["args"].value)
            return Called(number, at, call, place["chain"].number() if place.has("chain") else None)
        returned = return_from_data(place["return"].text(), place["values"].value)
    except PlayerHostError:
        raise
    except Exception as error:
        raise place.expected("a call, a return or a loss of the alphabet") from error
    return Returned(number, at, place["of"].number(), returned)


def _nearest_first(position: int, count: int) -> Iterable[int]:
    """Yield every index: first those up to the position, backwards, then those behind it."""
    yield from range(position, -1, -1)
    yield from range(position + 1, count)


def _to_data(entry: Entry) -> dict[str, Any]:
    data: dict[str, Any] = {"n": entry.number, "t": entry.at}
    if isinstance(entry, Lost):
        return {**data, "lost": entry.reason}
    if isinstance(entry, Returned):
        name, values = type(entry.returned).__name__, return_to_data(entry.returned)
        return {**data, "of": entry.of, "return": name, "values": values}
    if entry.chain is not None:
        data["chain"] = entry.chain
    return {**data, "call": type(entry.call).__name__, "args": call_to_data(entry.call)}


def _replaced(entry: Entry, why: str) -> Entry:
    if isinstance(entry, Lost):
        return evolve(entry, reason=why)
    if isinstance(entry, Returned):
        return evolve(entry, returned=Faulted(entry.returned.hr, why))
    return evolve(entry, call=Malformed(type(entry.call).__name__, why))


def _size(data: dict[str, Any]) -> int:
    return len(json.dumps(data, separators=(",", ":")))
