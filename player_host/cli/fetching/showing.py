"""Shows how fetches go on: plain lines where there is no terminal (`bars`), events for programs."""

import json
from typing import Any, Final

import anyio
from attrs import define, field

from player_host.cli.desk import Desk, writing
from player_host.cli.fetching.items import FetchItem
from player_host.cli.wording import duration_text, size_text
from player_host.downloads.progress import RateMeter
from player_host.transfer.request import Retry
from player_host.transfer.urls import redact_url

LOOK_S: Final = 0.1
EVENTS_PAUSE_S: Final = 0.5


@define(eq=False)
class Speed:
    """The rate of something whose bytes are counted elsewhere; looked at now and then."""

    _meter: RateMeter = field(init=False, factory=RateMeter)
    _seen: int = 0

    def look(self, received: int) -> float:
        """Return bytes a second; what begins anew counts from there on."""
        self._meter.add(max(received - self._seen, 0))
        self._seen = received
        return self._meter.rate


class Lines:
    """A line for each retry and each URL that is settled, on the error output.

    They are written some times a second, for thousands of files may be settled in one.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lines: list[str] = []

    def started(self, item: FetchItem) -> None:
        """Say nothing: most transfers are short."""

    def retried(self, item: FetchItem, retry: Retry) -> None:
        """Say why."""
        self._lines.append(retry_line(item, retry))

    def settled(self, item: FetchItem) -> None:
        """Say what became of it."""
        self._lines.append(settled_line(item))

    async def look(self) -> None:
        """Write what there is to say until it is cancelled."""
        try:
            while True:
                await anyio.sleep(LOOK_S)
                self._write()
        finally:
            self._write()

    def _write(self) -> None:
        lines, self._lines = self._lines, []
        if lines:
            self._desk.remark_lines(lines)


class Events:
    """One JSON document a line on the standard output, as things happen."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._running: dict[FetchItem, tuple[Speed, int]] = {}

    def started(self, item: FetchItem) -> None:
        """Tell which URL is asked for, and what its file is going to be called."""
        self._running[item] = (Speed(), -1)
        self._tell("started", item, name=item.name)

    def retried(self, item: FetchItem, retry: Retry) -> None:
        """Tell why an attempt failed."""
        error = retry.error
        self._tell("retried", item, reason=error.what, hr=error.hr.name, kept=retry.kept)

    def settled(self, item: FetchItem) -> None:
        """Tell what became of a URL, with the keys of the document."""
        self._running.pop(item, None)
        tell_event(self._desk, "settled", item.to_json())

    async def look(self) -> None:
        """Tell now and then how far the running transfers are."""
        while True:
            await anyio.sleep(EVENTS_PAUSE_S)
            for item, (speed, told) in list(self._running.items()):
                rate = round(speed.look(item.received))
                if item.received == told:
                    continue
                self._running[item] = (speed, item.received)
                self._tell("progress", item, received=item.received, total=item.total, rate=rate)

    def _tell(self, event: str, item: FetchItem, **more: Any) -> None:
        about = {"url": redact_url(item.wanted.url), "line": item.wanted.line}
        tell_event(self._desk, event, about | more)


def tell_event(desk: Desk, event: str, fields: dict[str, Any]) -> None:
    """Write one event.

    Raises:
        StorageError: the output cannot be written.
    """
    with writing(desk.out.file):
        desk.out.out(json.dumps({"event": event} | fields), highlight=False)


def retry_line(item: FetchItem, retry: Retry) -> str:
    """Return the line that tells people of a failed attempt."""
    kept = f", {size_text(retry.kept)} are kept" if retry.kept else ""
    return f"{item.name}: tried again: {retry.error.what} ({retry.error.hr.name}){kept}"


def settled_line(item: FetchItem) -> str:
    """Return the line that tells people what became of a URL."""
    if item.is_good:
        return f"{item.stage} {item.name} ({size_text(item.total or 0)})"
    reason = f": {item.error.what} ({item.error.hr.name})" if item.error is not None else ""
    return f"{item.stage} {item.name}{reason}"


def state_text(item: FetchItem, rate: float) -> str:
    """Return bytes, rate and remaining time of one transfer, as they stand beside its bar."""
    if not item.received:
        return "asking the server"
    if item.total is None:
        return f"{size_text(item.received)}  {size_text(round(rate))}/s"
    left = duration_text((item.total - item.received) / rate) if rate else "-:--"
    done = f"{size_text(item.received)} of {size_text(item.total)}"
    return f"{done}  {size_text(round(rate))}/s  {left} left"
