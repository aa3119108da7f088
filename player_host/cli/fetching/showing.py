"""Shows how fetches go on: live bars on a terminal, plain lines elsewhere, events for programs."""

import json
import time
from collections.abc import Sequence
from typing import Any, Final

import anyio
from attrs import define, field
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column

from player_host.cli.desk import Desk, writing
from player_host.cli.fetching.items import FetchItem, Stage
from player_host.cli.wording import count_text, duration_text, shortened, shown, size_text
from player_host.downloads.progress import RateMeter
from player_host.transfer.request import Retry
from player_host.transfer.urls import redact_url
from player_host.units import Seconds

LOOK_S: Final = 0.1
EVENTS_PAUSE_S: Final = 0.5
NAME_WIDTH: Final = 32
_SPARED_LINES: Final = 4


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


class Bars:
    """A bar for all and one for each transfer that is under way; failures stay above them."""

    def __init__(self, desk: Desk, items: Sequence[FetchItem]) -> None:
        self._desk = desk
        self._items = items
        self._running: dict[FetchItem, tuple[TaskID, Speed]] = {}
        self._settled = 0
        self._settled_bytes = 0
        self._waits: dict[FetchItem, tuple[str, int]] = {}
        self._began = time.monotonic()
        self._speed = Speed()
        self._bar = Progress(
            TextColumn(
                "{task.description}",
                markup=False,
                table_column=Column(no_wrap=True, overflow="ellipsis", max_width=NAME_WIDTH),
            ),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[state]}", markup=False),
            console=desk.err,
            auto_refresh=False,
            expand=True,
        )
        self._all = self._bar.add_task("all", total=len(items), state="")

    def started(self, item: FetchItem) -> None:
        """Add a bar, as long as there is room for one."""
        room = self._desk.err.height - _SPARED_LINES
        name = shortened(shown(item.name), NAME_WIDTH)
        visible = len(self._running) < room
        task = self._bar.add_task(name, total=None, state="asking the server", visible=visible)
        self._running[item] = (task, Speed())

    def retried(self, item: FetchItem, retry: Retry) -> None:
        """Say why, above the bars and beside the bar of the file."""
        reason = f"again: {shortened(retry.error.what, NAME_WIDTH)}"
        self._waits[item] = (reason, item.received)
        self._desk.remark(retry_line(item, retry))

    def settled(self, item: FetchItem) -> None:
        """Take its bar away; what is not as it should be stays to be read."""
        task, _ = self._running.pop(item, (None, None))
        if task is not None:
            self._bar.remove_task(task)
        self._waits.pop(item, None)
        if item.stage is not Stage.SUSPENDED:
            self._settled += 1
            self._settled_bytes += item.received if item.stage is Stage.FETCHED else 0
        if item.stage is Stage.FAILED:
            self._desk.remark(settled_line(item))

    async def look(self) -> None:
        """Draw the bars anew until it is cancelled."""
        with self._bar:
            try:
                while True:
                    self._draw()
                    await anyio.sleep(LOOK_S)
            finally:
                self._draw()

    def _draw(self) -> None:
        for item, (task, speed) in self._running.items():
            rate = speed.look(item.received)
            state = self._wait_text(item) or state_text(item, rate)
            self._bar.update(task, total=item.total, completed=item.received, state=state)
        self._bar.update(self._all, completed=self._settled, state=self._sum_text())
        self._bar.refresh()

    def _wait_text(self, item: FetchItem) -> str:
        """Return why a transfer waits, until bytes come again."""
        reason, received = self._waits.get(item, ("", 0))
        return reason if item.received == received else ""

    def _sum_text(self) -> str:
        running = sum(item.received for item in self._running)
        received = self._settled_bytes + running
        rate = self._speed.look(received)
        parts = [f"{self._settled}/{count_text(len(self._items), 'file')}", size_text(received)]
        if self._settled < len(self._items):
            left = self._remaining(rate)
            parts.append(f"{size_text(round(rate))}/s")
            parts.append("-:-- left" if left is None else f"{duration_text(left)} left")
        return "  ".join(parts)

    def _remaining(self, rate: float) -> Seconds | None:
        """Estimate by bytes where every size is known, else by the files that are settled."""
        waiting = len(self._items) - self._settled - len(self._running)
        totals = [item.total for item in self._running]
        if not waiting and rate and None not in totals:
            missing = sum((item.total or 0) - item.received for item in self._running)
            return Seconds(max(missing, 0) / rate)
        if not self._settled:
            return None
        elapsed = time.monotonic() - self._began
        return Seconds(elapsed / self._settled * (len(self._items) - self._settled))


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
