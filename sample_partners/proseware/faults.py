"""Faults that a store may show, switched on for tests: `[TRACK:]KIND[=VALUE][*TIMES]`.

    503            every file answers 503
    701:404*2      track 701 answers 404 to two requests, then its file
    701:503=4      ... with `Retry-After: 4`
    html json      status 200 with an error page, or an error message, instead of the file
    empty          status 200 and no body at all
    short=100      announces the whole length and ends 100 bytes early (1 without a value)
    long=100       sends 100 bytes more than it announces (1 without a value)
    wrong-media    status 200 with a picture
    drop-after=N   the connection ends after N bytes of the body
    slow=RATE      the body comes at RATE bytes a second

A fault of one track goes before a fault of all; of several, the first that still has times left.
"""

import re
from collections.abc import Iterable

from attrs import define, field, frozen

MAX_FAULTS = 1_000
_TEXT = re.compile(
    r"(?:(?P<track>[0-9]{1,10}):)?(?P<kind>[a-z-]+|[45][0-9]{2})"
    r"(?:=(?P<value>[0-9]{1,9}))?(?:\*(?P<times>[0-9]{1,9}))?"
)
_DEFAULTS = {
    "html": 0,
    "json": 0,
    "empty": 0,
    "wrong-media": 0,
    "short": 1,
    "long": 1,
    "drop-after": None,
    "slow": None,
}


class BadFault(ValueError):
    """The text names no fault."""


@frozen
class Fault:
    """One fault: its kind, the number that goes with it, and the track that shows it (or all)."""

    kind: str
    value: int
    track_id: int | None = None

    @property
    def status(self) -> int | None:
        """Return the HTTP status, if the fault is one."""
        return int(self.kind) if self.kind.isdigit() else None


@define
class _Entry:
    fault: Fault
    left: int | None


@define
class Faults:
    """The faults that are switched on; used on the server's one thread."""

    _entries: list[_Entry] = field(init=False, factory=list)

    def add(self, text: str) -> None:
        """Switch a fault on.

        Raises:
            BadFault: the text is none, or too many are on.
        """
        if len(self._entries) >= MAX_FAULTS:
            raise BadFault(f"no more than {MAX_FAULTS} faults at a time")
        self._entries.append(_parse(text))

    def clear(self) -> None:
        """Switch all faults off."""
        self._entries.clear()

    def take(self, track_id: int) -> Fault | None:
        """Return the fault that the next answer for a track has to show, and count it."""
        for entry in self._candidates(track_id):
            if entry.left is None:
                return entry.fault
            if entry.left > 0:
                entry.left -= 1
                return entry.fault
        return None

    def _candidates(self, track_id: int) -> Iterable[_Entry]:
        for wanted in (track_id, None):
            yield from (entry for entry in self._entries if entry.fault.track_id == wanted)


def _parse(text: str) -> _Entry:
    match = _TEXT.fullmatch(text)
    if match is None:
        raise BadFault(f"{text!r} is no fault; write [TRACK:]KIND[=VALUE][*TIMES]")
    track, times = match["track"], match["times"]
    fault = Fault(match["kind"], _value(match), int(track) if track else None)
    return _Entry(fault, int(times) if times else None)


def _value(match: re.Match[str]) -> int:
    kind, value = match["kind"], match["value"]
    if not kind.isdigit() and kind not in _DEFAULTS:
        raise BadFault(f"{kind!r} is no kind of fault; there are {', '.join(_DEFAULTS)}, 4xx, 5xx")
    if value is not None:
        return int(value)
    default = 0 if kind.isdigit() else _DEFAULTS[kind]
    if default is None:
        raise BadFault(f"{kind} needs a value, such as {kind}=1000")
    return default
