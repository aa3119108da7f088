"""Entries of a conversation as the lines of a transcript have them, within a bound."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from attrs import evolve

from partner_api.calls import Faulted, Malformed
from player_host.transcript import Entry, Lost, Returned, entry_to_data
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
        data = _fitting(entries[index])
        room = ByteCount(room - _size(data))
        if room < 0 or len(kept) == MAX_ENTRIES:
            break
        kept[index] = data
    return [kept[index] for index in sorted(kept)]


def _fitting(entry: Entry) -> dict[str, Any]:
    data = entry_to_data(entry)
    size = _size(data)
    if size <= MAX_ENTRY_BYTES:
        return data
    return entry_to_data(_replaced(entry, f"{size} bytes do not fit a report"))


def _nearest_first(position: int, count: int) -> Iterable[int]:
    """Yield every index: first those up to the position, backwards, then those behind it."""
    yield from range(position, -1, -1)
    yield from range(position + 1, count)


def _replaced(entry: Entry, why: str) -> Entry:
    if isinstance(entry, Lost):
        return evolve(entry, reason=why)
    if isinstance(entry, Returned):
        return evolve(entry, returned=Faulted(entry.returned.hr, why))
    return evolve(entry, call=Malformed(type(entry.call).__name__, why))


def _size(data: dict[str, Any]) -> int:
    return len(json.dumps(data, separators=(",", ":")))
