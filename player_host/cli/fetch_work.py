"""Carries out `player-host fetch`: some transfers at a time, each to a file in the folder."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import anyio
import anyio.to_thread
from attrs import define, field, frozen

from player_host.cli.fetch_folder import FetchFolder
from player_host.cli.fetch_items import FetchItem, Stage
from player_host.cli.fetch_list import Wanted
from player_host.clock import SystemClock
from player_host.database import Database
from player_host.errors import StorageError, TransferError
from player_host.transfer.fetch_policy import FETCH_POLICY, NetworkFinder
from player_host.transfer.quarantine import quarantined
from player_host.transfer.request import Progress, Retry, TransferRequest, VerifiedPartial
from player_host.transfer.room import TransferRoom
from player_host.transfer.state import PartialStates
from player_host.units import ByteCount, Seconds


class Showing(Protocol):
    """Who shows how the transfers go on; called on the event loop, returns at once."""

    def started(self, item: FetchItem) -> None:
        """A transfer begins."""
        ...

    def retried(self, item: FetchItem, retry: Retry) -> None:
        """An attempt failed; another one follows."""
        ...

    def settled(self, item: FetchItem) -> None:
        """Nothing more happens to a URL in this command."""
        ...

    async def look(self) -> None:
        """Show what goes on until it is cancelled."""
        ...


@frozen
class Place:
    """Where a fetch happens: its folder, and the database that knows the partial files."""

    folder: FetchFolder
    database: Database


def plan(folder: FetchFolder, wanted: Sequence[Wanted]) -> list[FetchItem]:
    """Return what is to be done for each URL, in order, with the name that its file will have.

    Raises:
        StorageError: what a dead process left cannot be removed.
    """
    return [_planned(folder, one) for one in wanted]


def _planned(folder: FetchFolder, wanted: Wanted) -> FetchItem:
    note = folder.notes.find(wanted.url, folder.path)
    if note is None:
        return FetchItem(wanted, folder.promise(wanted.url))
    folder.partial_for(wanted.url)  # a process that died while it published leaves a second name
    return FetchItem(
        wanted, note.name, Stage.HERE, received=note.size, total=note.size, sha256=note.sha256
    )


@define(eq=False)
class FetchWork:
    """The work of one command.

    Attributes:
        trouble: what keeps files from being written at all; it ends the work.
    """

    _place: Place
    _items: Sequence[FetchItem]
    _connections: int
    _showing: Showing
    trouble: StorageError | None = field(init=False, default=None)
    _networks: NetworkFinder = field(init=False, factory=NetworkFinder)

    async def run(self) -> None:
        """Fetch what is not here yet; what is cancelled is suspended, its partial files stay.

        Raises:
            StorageError: the output cannot be written.
        """
        pending = iter([item for item in self._items if not item.is_good])
        clock = SystemClock()
        async with (
            TransferRoom(self._place.database, clock, connections=self._connections) as room,
            anyio.create_task_group() as showing,
        ):
            showing.start_soon(self._showing.look)
            for item in self._items:
                if item.is_good:
                    self._showing.settled(item)
            await self._work_through(pending, room)
            showing.cancel_scope.cancel()

    async def _work_through(self, pending: Iterator[FetchItem], room: TransferRoom) -> None:
        states = PartialStates(self._place.database, SystemClock())
        try:
            async with anyio.create_task_group() as tasks:
                for _ in range(min(self._connections, len(self._items))):
                    tasks.start_soon(self._work, pending, room, states, tasks.cancel_scope)
        finally:
            for item in self._items:
                if item.stage is Stage.WAITING:
                    item.stage = Stage.SUSPENDED

    async def _work(
        self,
        pending: Iterator[FetchItem],
        room: TransferRoom,
        states: PartialStates,
        scope: anyio.CancelScope,
    ) -> None:
        for item in pending:
            began = time.monotonic()
            item.stage = Stage.RUNNING
            self._showing.started(item)
            try:
                await self._fetch(item, room, states)
            except TransferError as error:
                item.stage, item.error = Stage.FAILED, error
            except StorageError as error:
                # What one file meets here, a full disk or a missing right, the others meet too.
                self.trouble = self.trouble or error
                item.error = error
                scope.cancel()
            finally:
                if item.stage is Stage.RUNNING:
                    item.stage = Stage.SUSPENDED
                item.seconds = Seconds(time.monotonic() - began)
                self._showing.settled(item)

    async def _fetch(self, item: FetchItem, room: TransferRoom, states: PartialStates) -> None:
        url, folder = item.wanted.url, self._place.folder
        request = TransferRequest(
            url=url,
            partial=folder.partial_for(url),
            network=await self._networks.network_of(url),
            expects_media=False,
        )

        def note(progress: Progress) -> None:
            item.received, item.total = progress.received, progress.total

        def hear(retry: Retry) -> None:
            item.retries += 1
            self._showing.retried(item, retry)

        try:
            whole = await room.fetch(request, FETCH_POLICY, note, hear)
            # Shielded: a file that is whole is not fetched a second time.
            with anyio.CancelScope(shield=True):
                name = await anyio.to_thread.run_sync(folder.publish, url, item.name, whole)
        except BaseException:
            if request.partial.exists() and states.find(request.partial) is None:
                room.forget(request.partial)  # no row vouches for it: nothing can continue it
            raise
        _forget_published(room, states, request.partial)
        _finish(item, name, whole)


def _finish(item: FetchItem, name: str, whole: VerifiedPartial) -> None:
    item.stage, item.name, item.sha256 = Stage.FETCHED, name, whole.sha256
    item.received = item.total = ByteCount(whole.size)


def _forget_published(room: TransferRoom, states: PartialStates, partial: Path) -> None:
    """Remove what is left of a transfer whose file has its name; most leave nothing.

    Raises:
        StorageError: it cannot be removed.
    """
    if states.find(partial) is not None or quarantined(partial).exists():
        room.forget(partial)
