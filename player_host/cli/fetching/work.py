"""Carries out `player-host fetch`: some transfers at a time, each to a file in the folder."""

import time
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

import anyio
from attrs import define, field, frozen

from player_host.batches import Batches
from player_host.cli.fetching.folder import FetchFolder, Whole
from player_host.cli.fetching.items import FetchItem, Stage
from player_host.cli.fetching.names import name_of
from player_host.cli.fetching.wishes import Wanted
from player_host.clock import SystemClock
from player_host.database import Database
from player_host.errors import StorageError, TransferError
from player_host.transfer.fetch_policy import NetworkFinder
from player_host.transfer.media import is_named_as_media
from player_host.transfer.policy import TransferPolicy
from player_host.transfer.request import Progress, Retry, TransferRequest, VerifiedPartial
from player_host.transfer.room import TransferRoom
from player_host.units import ByteCount, Seconds

WORKERS_FOR_A_CONNECTION: Final = 2


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
class Manner:
    """How a command is carried out.

    Attributes:
        policy: limits, patience, and whether files are synced and hashed.
        connections: how many files are transferred at the same time.
        per_store: how many of them from one server; None for all of them.
        takes_server_names: whether a file gets the name that its server proposes.
        takes_anything: whether a document is taken under the name of a media file, too.
    """

    policy: TransferPolicy
    connections: int
    per_store: int | None = None
    takes_server_names: bool = False
    takes_anything: bool = False


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
    wished = name_of(wanted.url)
    note = folder.notes.find(wanted.url, folder.path)
    if note is None:
        return FetchItem(wanted, wished, folder.promise(wished))
    # A process that died while it published leaves a second name.
    folder.partial_for(wanted.url, wished)
    return FetchItem(
        wanted,
        wished,
        note.name,
        Stage.HERE,
        received=note.size,
        total=note.size,
        sha256=note.sha256,
    )


@define(eq=False)
class FetchWork:
    """The work of one command.

    Attributes:
        trouble: what keeps files from being written at all; it ends the work.
    """

    _place: Place
    _items: Sequence[FetchItem]
    _manner: Manner
    _showing: Showing
    trouble: StorageError | None = field(init=False, default=None)
    _networks: NetworkFinder = field(init=False, factory=NetworkFinder)
    _publishing: Batches[Whole, str] = field(init=False)

    @_publishing.default
    def _make_publishing(self) -> Batches[Whole, str]:
        return Batches(self._place.folder.publish)

    async def run(self) -> None:
        """Fetch what is not here yet; what is cancelled is suspended, its partial files stay.

        Raises:
            StorageError: the output cannot be written.
        """
        pending = iter([item for item in self._items if not item.is_good])
        clock = SystemClock()
        how = self._manner
        async with (
            TransferRoom(
                self._place.database, clock, connections=how.connections, per_store=how.per_store
            ) as room,
            anyio.create_task_group() as showing,
        ):
            showing.start_soon(self._showing.look)
            for item in self._items:
                if item.is_good:
                    self._showing.settled(item)
            await self._work_through(pending, room)
            showing.cancel_scope.cancel()

    async def _work_through(self, pending: Iterator[FetchItem], room: TransferRoom) -> None:
        # While one file goes to the disk, the next one may come.
        workers = WORKERS_FOR_A_CONNECTION * self._manner.connections
        try:
            async with anyio.create_task_group() as tasks:
                for _ in range(min(workers, len(self._items))):
                    tasks.start_soon(self._work, pending, room, tasks.cancel_scope)
        finally:
            for item in self._items:
                if item.stage is Stage.WAITING:
                    item.stage = Stage.SUSPENDED

    async def _work(
        self,
        pending: Iterator[FetchItem],
        room: TransferRoom,
        scope: anyio.CancelScope,
    ) -> None:
        for item in pending:
            began = time.monotonic()
            item.stage = Stage.RUNNING
            self._showing.started(item)
            try:
                await self._fetch(item, room)
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

    async def _fetch(self, item: FetchItem, room: TransferRoom) -> None:
        url, folder = item.wanted.url, self._place.folder
        request = TransferRequest(
            url=url,
            partial=folder.partial_for(url, item.wished),
            network=await self._networks.network_of(url),
            expects_media=not self._manner.takes_anything and is_named_as_media(item.name),
            takes_unknown=True,
        )

        def note(progress: Progress) -> None:
            item.received, item.total = progress.received, progress.total

        def hear(retry: Retry) -> None:
            item.retries += 1
            self._showing.retried(item, retry)

        try:
            whole = await room.fetch(request, self._manner.policy, note, hear)
            name = await self._publish(Whole(url, self._name(item, whole), whole))
        except BaseException:
            if request.partial.exists() and not room.knows(request.partial):
                room.forget(request.partial)  # no row vouches for it: nothing can continue it
            raise
        room.forget(request.partial)
        _finish(item, name, whole)

    def _name(self, item: FetchItem, whole: VerifiedPartial) -> str:
        """Return the name that a file is to have: the one that was promised, or the server's."""
        if not self._manner.takes_server_names or not whole.disposition:
            return item.name
        proposed = name_of(item.wanted.url, whole.disposition)
        is_false = is_named_as_media(proposed) and whole.media is None
        if is_false or proposed == item.wished:
            return item.name
        return self._place.folder.promise(proposed)

    async def _publish(self, whole: Whole) -> str:
        """Give a file its name; it is not cancelled, for what is whole is not fetched again."""
        if self._manner.policy.is_synced:
            return await self._publishing.do(whole)
        (outcome,) = self._place.folder.publish([whole])
        if isinstance(outcome, StorageError):
            raise outcome
        return outcome


def _finish(item: FetchItem, name: str, whole: VerifiedPartial) -> None:
    item.stage, item.name, item.sha256 = Stage.FETCHED, name, whole.sha256
    item.received = item.total = ByteCount(whole.size)
