"""Asks the store anew for tracks whose URL expired while bytes of them lay there.

Once for each track: the store was told of the expiry by the completion of its old answer, and gets
the track in a transaction of its own. What it answers decides like any answer; a transfer that
follows goes on with the bytes that were kept.
"""

from collections.abc import Awaitable, Callable, Iterable

from anyio.abc import TaskGroup

from partner_api.content import ContentContainerList
from partner_api.transaction import TrackState
from player_host.downloads.book import OpenTransaction, TrackKey, TransactionBook
from player_host.downloads.ledger import Ledger
from player_host.downloads.pipeline import partial_name
from player_host.downloads.rooms import Rooms
from player_host.errors import PlayerHostError
from player_host.log import get_logger
from player_host.plugins.active import ActivePartner

CallDownload = Callable[[OpenTransaction, ContentContainerList, int], Awaitable[None]]
"""Calls `Download` for an opened transaction, on an instance of this generation."""

_log = get_logger(__name__)


class Renewals:
    """The renewals of one active partner; lives on the event loop.

    Args:
        tasks: of the session.
        call_download: see `CallDownload`.

    Attributes:
        superseded: tracks of this session that the store was asked for anew.
    """

    def __init__(
        self,
        rooms: Rooms,
        book: TransactionBook,
        ledger: Ledger,
        partner: ActivePartner,
        tasks: TaskGroup,
        call_download: CallDownload,
    ) -> None:
        self.superseded: set[TrackKey] = set()
        self._rooms = rooms
        self._book = book
        self._ledger = ledger
        self._partner = partner
        self._tasks = tasks
        self._call_download = call_download
        self._asking: dict[TrackKey, int] = {}

    def go_on(self) -> None:
        """Ask for what an earlier session could not ask for any more."""
        for key in self._ledger.expired.due(self._partner.name):
            self.consider(TrackKey(*key))

    def consider(self, key: TrackKey) -> None:
        """Ask for a track anew, soon, if its URL expired and nobody cancelled it."""
        order = self._ledger.expired.order(*key)
        if order is not None and key not in self._asking:
            self._asking[key], _ = order
            self._tasks.start_soon(self._ask_again, key)

    def are_under_way(self, request_ids: Iterable[int]) -> bool:
        """Whether a transaction for one of these requests is about to be opened."""
        return not set(request_ids).isdisjoint(self._asking.values())

    async def _ask_again(self, key: TrackKey) -> None:
        try:
            asked = await self._asked(key)
        finally:
            del self._asking[key]
            self._book.changed.fire()
        if asked is not None:
            await self._await_answer(asked)

    async def _asked(self, key: TrackKey) -> TrackKey | None:
        """Open a transaction and call `Download`; return the track in it, or None."""
        # Before the cookie is drawn: a new instance knows none that was drawn before it.
        is_running = await self._partner.ensure_running()
        generation = self._partner.generation
        opened = self._open(key) if is_running else None
        if opened is None:
            _log.warning("track.not_asked_again", track_id=key.track_id)
            return None
        transaction, container_list = opened
        _log.info("track.asked_again", track_id=key.track_id)
        await self._call_download(transaction, container_list, generation)
        return TrackKey(transaction.id, key.track_id)

    def _open(self, key: TrackKey) -> tuple[OpenTransaction, ContentContainerList] | None:
        with self._rooms.database.transaction():
            order = self._ledger.expired.order(*key)
            if order is None:
                return None
            request_id, container_list = order
            transaction = self._book.open(request_id, container_list)
        self.superseded.add(key)
        return transaction, container_list

    async def _await_answer(self, key: TrackKey) -> None:
        """Wait for the store's answer; where it refuses, the bytes are of no use any more."""
        while (state := self._book.track(key).state) is TrackState.UNANSWERED:
            await self._book.changed.wait()
        if not state.settled or state is TrackState.ABANDONED:
            return
        begun = TrackKey(self._ledger.expired.begun_in(*key), key.track_id)
        try:
            self._rooms.transfer.forget(self._rooms.home.incoming / partial_name(begun))
        except PlayerHostError as error:
            _log.warning("partial.not_removed", track_id=key.track_id, error=str(error))
