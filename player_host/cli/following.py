"""Shows how downloads go on: a live bar on a terminal, a line per settled track elsewhere."""

import time
from collections import deque
from collections.abc import Sequence
from typing import Final

import anyio
from anyio.abc import TaskStatus
from attrs import define, field, frozen
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from partner_api.calls import DownloadTrack, DownloadTrackComplete, Faulted, Return
from partner_api.hresult import HRESULT, S_OK
from player_host.cli.desk import Desk
from player_host.cli.reports import (
    ASKED_AGAIN,
    Outcome,
    completion_outcome,
    refusal_outcome,
    titles_of,
)
from player_host.cli.wording import count_text, duration_text, size_text
from player_host.downloads.expired import ExpiredTracks
from player_host.downloads.progress import DownloadProgress
from player_host.player import Player
from player_host.plugins.instance import LOST
from player_host.transcript import Called, Entry, Lost
from player_host.units import Seconds

LOOK_S: Final = 0.1


@frozen
class Settled:
    """A track that was settled just now."""

    transaction_id: int
    track_id: int
    outcome: Outcome
    hr: HRESULT


@define
class SettledTracks:
    """Hears the conversation and keeps which tracks were settled; an observer of the Player.

    Called under the Player's lock on any thread, read on the event loop.
    """

    _pending: dict[int, Called] = field(init=False, factory=dict)
    _settled: deque[Settled] = field(init=False, factory=deque)

    def __call__(self, entry: Entry) -> None:
        """Note a call or its end."""
        if isinstance(entry, Called):
            if isinstance(entry.call, DownloadTrack | DownloadTrackComplete):
                self._pending[entry.number] = entry
            return
        if isinstance(entry, Lost):
            return
        called = self._pending.pop(entry.of, None)
        if called is not None and called.chain is not None:
            self._note(called.chain, called.call, entry.returned)

    def take(self) -> list[Settled]:
        """Return what was settled since the last time."""
        return [self._settled.popleft() for _ in range(len(self._settled))]

    def _note(self, transaction_id: int, call: object, returned: Return) -> None:
        answer = returned.hr
        if isinstance(returned, Faulted) and answer in LOST:
            return  # it is called again
        if isinstance(call, DownloadTrackComplete):
            outcome = completion_outcome(call.hr)
            self._settled.append(Settled(transaction_id, call.track_id, outcome, call.hr))
        elif isinstance(call, DownloadTrack) and call.hr.failed and answer == S_OK:
            outcome = refusal_outcome(call.hr)
            self._settled.append(Settled(transaction_id, call.track_id, outcome, call.hr))
        elif isinstance(call, DownloadTrack) and call.hr.succeeded and answer.failed:
            self._settled.append(Settled(transaction_id, call.track_id, Outcome.NO_LICENSE, answer))


async def follow(
    desk: Desk, player: Player, settled: SettledTracks, request_ids: Sequence[int]
) -> None:
    """Wait until nothing more can happen to requests of the active partner, and show it.

    Args:
        desk: progress goes to its error output.
        player: has the requests.
        settled: the observer that the player was opened with.
        request_ids: what is waited for.
    """
    # A live bar would tear what a debugger prints.
    live = desk.err.is_terminal and not desk.in_process
    show = _show_bar if live else _show_lines
    async with anyio.create_task_group() as tasks:
        await tasks.start(show, desk, player, settled, tuple(request_ids))
        await player.wait(request_ids)
        tasks.cancel_scope.cancel()
    if show is _show_lines:
        # A track is settled before its return is recorded: who does both holds the lock.
        with player.database.lock:
            _say_settled(desk, player, settled, request_ids)


async def _show_lines(
    desk: Desk,
    player: Player,
    settled: SettledTracks,
    request_ids: Sequence[int],
    *,
    task_status: TaskStatus[None],
) -> None:
    task_status.started()
    while True:
        _say_settled(desk, player, settled, request_ids)
        await anyio.sleep(LOOK_S)


def _say_settled(
    desk: Desk, player: Player, settled: SettledTracks, request_ids: Sequence[int]
) -> None:
    news = settled.take()
    if not news or player.active is None:
        return
    mine = player.transaction_ids(request_ids)
    titles = titles_of(player.database, player.active, [one.track_id for one in news])
    expired = ExpiredTracks(player.database).has_expired
    for one in news:
        if one.transaction_id in mine:
            asked_again = expired(one.transaction_id, one.track_id)
            title = titles.get(one.track_id, "")
            desk.remark(settled_line(one, title, asked_again=asked_again))


def settled_line(one: Settled, title: str, *, asked_again: bool = False) -> str:
    """Return the line that tells people without a terminal about a settled track."""
    code = "" if one.hr == S_OK else f" ({one.hr.name})"
    outcome = ASKED_AGAIN if asked_again else one.outcome
    return f"track {one.track_id} {outcome}{code}" + (f": {title}" if title else "")


async def _show_bar(
    desk: Desk,
    player: Player,
    settled: SettledTracks,
    request_ids: Sequence[int],
    *,
    task_status: TaskStatus[None],
) -> None:
    columns = (
        SpinnerColumn(),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[state]}", markup=False),
    )
    bar = Progress(*columns, console=desk.err, auto_refresh=False, expand=True)
    started = time.monotonic()
    with bar:
        task = bar.add_task("", total=None, state="asking the store")

        def look() -> None:
            settled.take()
            progress = player.progress(request_ids)
            state = progress_text(progress, Seconds(time.monotonic() - started))
            bar.update(task, total=progress.total, completed=progress.settled, state=state)
            bar.refresh()

        look()
        task_status.started()
        try:
            while True:
                await anyio.sleep(LOOK_S)
                look()
        finally:
            look()


def progress_text(progress: DownloadProgress, elapsed: Seconds) -> str:
    """Return tracks, bytes, rate and remaining time, as they stand beside the bar."""
    parts = [f"{progress.settled}/{count_text(progress.total, 'track')}"]
    parts.append(size_text(progress.received))
    if progress.settled < progress.total:
        parts.append(f"{size_text(round(progress.rate))}/s")
        remaining = remaining_time(progress, elapsed)
        parts.append("-:-- left" if remaining is None else f"{duration_text(remaining)} left")
    return "  ".join(parts)


def remaining_time(progress: DownloadProgress, elapsed: Seconds) -> Seconds | None:
    """Return an estimate: by settled tracks where there are some, else by announced bytes."""
    if not progress.settled:
        return progress.remaining
    return Seconds(elapsed / progress.settled * (progress.total - progress.settled))
