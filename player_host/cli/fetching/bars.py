"""Shows on a terminal how fetches go on: a bar for all, and one for each that is under way."""

import time
from collections.abc import Sequence
from typing import Final

import anyio
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column

from player_host.cli.desk import Desk
from player_host.cli.fetching.items import FetchItem, Stage
from player_host.cli.fetching.showing import LOOK_S, Speed, retry_line, settled_line, state_text
from player_host.cli.wording import count_text, duration_text, shortened, shown, size_text
from player_host.transfer.request import Retry
from player_host.units import Seconds

NAME_WIDTH: Final = 32
_SPARED_LINES: Final = 4


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
