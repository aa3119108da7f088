"""The Player: the one place that puts the rooms together.

async with open_player(home) as player:
await player.activate("proseware")
request = await player.download(["album:7"])
await player.wait([request.id])
"""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup
from attrs import frozen
from filelock import FileLock, Timeout

from partner_api.hresult import HRESULT
from player_host.catalog.containers import ContainerSelection, LeftOut, build_container_list
from player_host.catalog.items import ItemSelection, parse_items
from player_host.catalog.store import Catalogs, InstallReport
from player_host.clock import Clock, SystemClock
from player_host.database import Database
from player_host.downloads.book import TrackKey
from player_host.downloads.ledger import Ledger, RequestRow, TrackRow
from player_host.downloads.pipeline import partial_name, track_of_partial
from player_host.downloads.progress import DownloadProgress
from player_host.downloads.rooms import Rooms
from player_host.errors import HomeInUse, StorageError, UnknownItem, UsageError, only_cause
from player_host.library.intents import Intent
from player_host.library.publications import Step
from player_host.library.publishing import Publisher
from player_host.library.records import LibraryItem
from player_host.licensing.store import Licenses
from player_host.log import get_logger
from player_host.plugins.active import NOT_STARTED
from player_host.plugins.discovery import Loading, PluginRecord, settings_for, survey
from player_host.plugins.output import Scrubber
from player_host.session import Session, SessionOpening, SessionTasks
from player_host.settings import Home, load_partner_settings
from player_host.transcript import Entry, TranscriptWriter
from player_host.transfer.room import TransferRoom

DEFAULT_LCID: Final = 0x409
DEFAULT_TRANSFERS: Final = 8

_log = get_logger(__name__)


@frozen
class DownloadRequest:
    """A download that was begun: its number, and what was left out of it (T1-DL-51)."""

    id: int
    left_out: tuple[LeftOut, ...]


class Player:
    """A Player on one home folder; made by `open_player`.

    Its methods are for the event loop. One partner is active at a time (T1-LIFE-06).
    """

    def __init__(
        self,
        home: Home,
        rooms: Rooms,
        root: TaskGroup,
        *,
        transfers: int,
        lcid: int,
        observer: Callable[[Entry], None] | None,
        in_process: bool,
    ) -> None:
        self.home = home
        self.database = rooms.database
        self.catalogs = Catalogs(rooms.database, rooms.clock)
        self.ledger = Ledger(rooms.database, rooms.clock)
        self._rooms = rooms
        self._root = root
        self._transfers = transfers
        self._opening = SessionOpening(rooms, self.ledger, self.catalogs, lcid, observer)
        self._in_process = in_process
        self._settings = load_partner_settings(home.partners_toml)
        self._session: Session | None = None

    async def plugins(self) -> tuple[PluginRecord, ...]:
        """Return a record for every plug-in, each loaded in a process of its own."""
        return await survey(self._settings)

    @property
    def active(self) -> str | None:
        """The name of the active partner."""
        return self._session.partner.name if self._session else None

    @property
    def transcript(self) -> TranscriptWriter:
        """The transcript of the session."""
        return self._current().transcript

    async def activate(self, name: str) -> None:
        """Make a partner the active one; a former one is shut down first (T1-LIFE-14).

        What its earlier sessions left goes on by itself.

        Raises:
            PartnerUnavailable: there is no such plug-in, or it cannot be started.
            SettingsError: its settings are wrong.
        """
        if self.active == name:
            return
        await self.deactivate()
        loading = self._loading(name)
        instance = await loading.load()
        try:
            tasks = await SessionTasks.begin(self._root)
        except BaseException:
            instance.give_up(NOT_STARTED)
            raise
        # Shielded: a partner that got its callback must not be left without SetCallback(None).
        with anyio.CancelScope(shield=True):
            try:
                session = await self._opening.open_session(instance, loading, tasks)
            except BaseException:
                await tasks.end()
                raise
        self._session = session
        try:
            await session.begin_work(transfers=self._transfers)
        except BaseException:
            await self.deactivate()
            raise
        await self._refresh_if_due()

    async def deactivate(self) -> None:
        """Suspend transfers, call `SetCallback(None)`, end the session (T1-DL-53, T1-LIFE-02)."""
        session, self._session = self._session, None
        if session is not None:
            session.downloads.end()
            await session.close()

    async def refresh_catalog(self) -> InstallReport | None:
        """Fetch the active partner's catalogue if there is a new one; see `CatalogRefresh`."""
        return await self._current().catalog.refresh()

    async def download(self, words: Sequence[str]) -> DownloadRequest:
        """Ask the active partner for items such as `album:7` (T1-DL-02).

        Raises:
            UsageError: the words make no sense, or name nothing that can be downloaded.
        """
        session = self._current()
        selection = self._select(session, parse_items(words))
        request_id = await session.downloads.request(" ".join(words), selection.container_list)
        return DownloadRequest(request_id, selection.left_out)

    async def resume(self, request_id: int) -> None:
        """Ask anew for what a request of the active partner lacks an answer for."""
        request = self.ledger.request(request_id)
        if request.partner != self._current().partner.name:
            raise UsageError(f"download {request_id} belongs to partner {request.partner}")
        await self._current().downloads.reopen(request_id)

    async def explain(self, hr: HRESULT) -> str:
        """Ask the active partner for its words about a code that it gave; "" if it has none."""
        return await self._current().explain(hr)

    def cancel(self, request_id: int) -> None:
        """Cancel a request of the active partner."""
        self._current().downloads.cancel(request_id)

    async def wait(self, request_ids: Sequence[int]) -> None:
        """Wait until nothing more can happen to these requests in this session."""
        await self._current().downloads.wait(list(request_ids))

    def progress(self, request_ids: Sequence[int]) -> DownloadProgress:
        """Return how far these requests are."""
        return self._current().downloads.progress(list(request_ids))

    def transaction_ids(self, request_ids: Sequence[int]) -> frozenset[int]:
        """Return the transactions of these requests in this session: the `chain` of their calls."""
        return self._current().downloads.transaction_ids(list(request_ids))

    def requests(self) -> list[RequestRow]:
        """Return every request that the ledger knows."""
        return self.ledger.requests()

    def tracks(self, request_id: int) -> list[TrackRow]:
        """Return every track of a request."""
        return self.ledger.track_rows(request_id)

    def _loading(self, name: str) -> Loading:
        settings = settings_for(name, self._settings)
        return Loading(settings, self._in_process, Scrubber(settings.from_environment))

    def _select(self, session: Session, items: ItemSelection) -> ContainerSelection:
        """Build the container list; without a catalogue, say why there is none."""
        try:
            return build_container_list(self.catalogs, session.partner.name, items)
        except UnknownItem:
            missing = self.catalogs.installed(session.partner.name) is None
            if missing and session.catalog.failure is not None:
                raise session.catalog.failure from None
            raise

    def _current(self) -> Session:
        if self._session is None:
            raise UsageError("no partner is active")
        return self._session

    async def _refresh_if_due(self) -> None:
        session = self._current()
        if self.catalogs.due(session.partner.name, self._rooms.clock.now()):
            await session.refresh_catalog()


@asynccontextmanager
async def open_player(
    home: Home,
    *,
    clock: Clock | None = None,
    transfers: int = DEFAULT_TRANSFERS,
    lcid: int = DEFAULT_LCID,
    observer: Callable[[Entry], None] | None = None,
    in_process: bool = False,
) -> AsyncIterator[Player]:
    """Open the Player of a home folder; leaving it suspends what is under way.

    Args:
        home: the folder; it is made if it is missing.
        clock: for policy timers.
        transfers: how many tracks are transferred at once.
        lcid: the player's locale.
        observer: sees every call and return of every session.
        in_process: run plug-ins in this process, for debugging: nothing protects the Player
            from them.

    Raises:
        HomeInUse: another Player has the folder.
        HomeError: its database is damaged or too new.
        StorageError: the folder cannot be written.
        SettingsError: `partners.toml` is wrong.
    """
    clock = clock or SystemClock()
    home.make()
    with _unwrapped(), session_lock(home), _opened(home) as database:
        publisher = Publisher(database, home.music, clock)
        _recover(home, publisher, Ledger(database, clock))
        async with (
            TransferRoom(database, clock, connections=transfers) as transfer,
            anyio.create_task_group() as root,
        ):
            rooms = Rooms(database, clock, home, transfer, publisher, Licenses(database))
            _sweep_partials(home, rooms, Ledger(database, clock))
            player = Player(
                home,
                rooms,
                root,
                transfers=transfers,
                lcid=lcid,
                observer=observer,
                in_process=in_process,
            )
            try:
                yield player
            finally:
                await player.deactivate()
                root.cancel_scope.cancel()


@contextmanager
def _unwrapped() -> Iterator[None]:
    """Let a single error leave the player's task groups as itself."""
    try:
        yield
    except BaseExceptionGroup as group:
        error = only_cause(group)
        raise error from error.__cause__


@contextmanager
def session_lock(home: Home) -> Iterator[None]:
    """Hold the lock of verbs that run plug-ins: one Player per home.

    Raises:
        HomeInUse: another process holds it.
        StorageError: its file cannot be written.
    """
    lock = FileLock(home.path / "session.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise HomeInUse(
            "another Player is using this home folder",
            where=str(home.path),
            remedy="Wait until it has ended, or choose another folder with --home",
        ) from None
    except OSError as error:
        raise StorageError(
            f"the lock cannot be taken ({error.strerror})",
            where=lock.lock_file,
            remedy="Mend the permissions, or choose another folder with --home",
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _opened(home: Home) -> Iterator[Database]:
    database = Database.open(home.database)
    try:
        yield database
    finally:
        database.close()


def _recover(home: Home, publisher: Publisher, ledger: Ledger) -> None:
    """End the publications that a dead process had begun."""

    def step_for(intent: Intent) -> Step:
        key = track_of_partial(intent.partial.rpartition("/")[2])

        def step(connection: sqlite3.Connection, item: LibraryItem) -> None:
            if key is not None:
                owner = ledger.expired.owner(*key)
                ledger.note_published(connection, *owner, item.id)

        return step

    recovered = publisher.recover(step_for)
    if recovered:
        _log.info("library.recovered", home=str(home.path), publications=len(recovered))


def _sweep_partials(home: Home, rooms: Rooms, ledger: Ledger) -> None:
    """Remove unfinished files that no track needs any more."""
    wanted = {partial_name(TrackKey(*found)) for found in ledger.expired.partials()}
    incoming = home.incoming
    refused = {path.with_suffix("") for path in incoming.glob("*.part.quarantined")}
    for path in sorted(refused.union(incoming.glob("*.part"))):
        if path.name not in wanted:
            rooms.transfer.forget(path)
