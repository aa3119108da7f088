"""An accepted track's way: transfer, publishing, completion.

Three kinds of tasks on the event loop, joined by queues: several transfers at once, one that
publishes what has arrived together (`Arrivals`), and as many completions at once as the plug-in's
threading model allows. Cancelling the whole suspends: partials stay, nothing is reported
(T1-DL-53). What was begun at the publisher or in a completion is ended first.

A URL that expired while bytes of its track lay there is completed with the store's code, like any
failure; but the bytes stay, and the store is asked anew once it knows (`renewals`).
"""

from collections.abc import Callable
from pathlib import Path

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from attrs import frozen

from partner_api.calls import DownloadTrackComplete, Faulted, Return
from partner_api.enums import ThreadingModel
from partner_api.hresult import RPC_E_SERVER_DIED_DNE, S_OK
from partner_api.licensing import License
from partner_api.stub import FREE_THREADS
from partner_api.transaction import Action, TrackEvent, TrackState
from player_host.downloads.arrivals import GROUP_SIZE, Arrivals, Arrived, as_host_error
from player_host.downloads.book import TrackKey, TransactionBook
from player_host.downloads.ledger import Ledger
from player_host.downloads.progress import RateMeter
from player_host.downloads.rooms import Rooms
from player_host.downloads.signals import Inbox
from player_host.errors import LicensingError, PlayerHostError, TransferError
from player_host.log import get_logger
from player_host.plugins.active import ActivePartner
from player_host.plugins.instance import LOST
from player_host.transfer.digests import declared_with
from player_host.transfer.faults import says_expired
from player_host.transfer.policy import TRACK_POLICY
from player_host.transfer.request import Progress, TransferRequest
from player_host.units import ByteCount

_log = get_logger(__name__)


@frozen
class Amount:
    """Bytes of one transfer."""

    received: ByteCount
    total: ByteCount | None


class Pipeline:
    """Moves the tracks of one active partner.

    Args:
        account: whose licences count, beside the partner's.
        transfers: how many tracks are transferred at once.
        on_expired: called on the event loop for a track whose completion told that its URL
            expired, at once after the completion's end was committed.
    """

    def __init__(
        self,
        rooms: Rooms,
        book: TransactionBook,
        ledger: Ledger,
        partner: ActivePartner,
        *,
        account: str,
        transfers: int,
        on_expired: Callable[[TrackKey], None],
    ) -> None:
        self.amounts: dict[TrackKey, Amount] = {}
        self.meter = RateMeter()
        self._rooms = rooms
        self._book = book
        self._ledger = ledger
        self._partner = partner
        self._account = account
        self._transfers = transfers
        self._on_expired = on_expired
        self._scopes: dict[TrackKey, anyio.CancelScope] = {}
        self._queue: Inbox[TrackKey] = Inbox()
        self._completions: Inbox[TrackKey] = Inbox()
        self._arrivals = Arrivals(
            rooms, book, ledger, partner, account=account, fail=self._fail, drop=self._forget
        )

    async def run(self) -> None:
        """Work until cancelled."""
        send, receive = anyio.create_memory_object_stream[Arrived](GROUP_SIZE)
        async with send, receive, anyio.create_task_group() as tasks:
            tasks.start_soon(self._sort_work)
            for _ in range(self._transfers):
                tasks.start_soon(self._transfer_tracks, send)
            tasks.start_soon(self._arrivals.run, receive)
            for _ in range(self._completers()):
                tasks.start_soon(self._complete_tracks)

    def stop_transfer(self, key: TrackKey) -> None:
        """Stop a cancelled track's transfer; its completion follows."""
        scope = self._scopes.get(key)
        if scope is not None:
            scope.cancel()
        else:
            self._forget(key)
        self._completions.put(key)

    def is_publishing_track(self, transaction_id: int, track_id: int) -> bool:
        """Whether a track is too far to be cancelled."""
        return self._arrivals.is_publishing(TrackKey(transaction_id, track_id))

    def partial(self, key: TrackKey) -> Path:
        """Return where a track's unfinished file lies."""
        begun_in = self._ledger.expired.begun_in(*key)
        return self._rooms.home.incoming / partial_name(TrackKey(begun_in, key.track_id))

    def _completers(self) -> int:
        free = self._partner.service_info.threading_model is ThreadingModel.FREE
        return FREE_THREADS if free else 1

    async def _sort_work(self) -> None:
        while True:
            work = await self._book.work.get()
            if work.action is Action.TRANSFER:
                self._queue.put(work.key)
            elif work.action is Action.COMPLETE:
                self._completions.put(work.key)
            else:
                self.stop_transfer(work.key)

    # --- transfer ------------------------------------------------------------------------------

    async def _transfer_tracks(self, arrived: MemoryObjectSendStream[Arrived]) -> None:
        while True:
            key = await self._queue.get()
            with anyio.CancelScope() as scope:
                self._scopes[key] = scope
                try:
                    outcome = await self._bring(key)
                finally:
                    del self._scopes[key]
            if scope.cancelled_caught:
                self._forget(key)
            elif isinstance(outcome, Arrived):
                await arrived.send(outcome)
            else:
                self._fail(key, outcome)

    async def _bring(self, key: TrackKey) -> Arrived | PlayerHostError:
        if self._book.track(key).state is not TrackState.ACCEPTED:
            return LicensingError("the track is not wanted any more")
        try:
            file = await self._rooms.transfer.fetch(
                self._request(key),
                TRACK_POLICY,
                lambda progress: self._note_progress(key, progress),
            )
        except PlayerHostError as error:
            return error
        except Exception as error:
            _log.exception("track.host_fault", track_id=key.track_id)
            return as_host_error(error)
        return Arrived(key, file)

    def _request(self, key: TrackKey) -> TransferRequest:
        order = self._ledger.order(key.transaction_id, key.track_id)
        return TransferRequest(
            url=order.url or "",
            partial=self.partial(key),
            network=self._partner.settings.host.network,
            expects_media=True,
            digests=declared_with(self._license(key)),
            continues=self._ledger.expired.was_asked_again(*key),
        )

    def _license(self, key: TrackKey) -> License | None:
        return self._rooms.licenses.find(self._partner.name, self._account, key.track_id)

    def _note_progress(self, key: TrackKey, progress: Progress) -> None:
        before = self.amounts.get(key)
        self.meter.add(max(progress.received - (before.received if before else 0), 0))
        total = None if progress.total is None else ByteCount(progress.total)
        self.amounts[key] = Amount(ByteCount(progress.received), total)

    def _fail(self, key: TrackKey, error: PlayerHostError) -> None:
        if self._book.track(key).state is not TrackState.ACCEPTED:
            return
        if self._has_expired(key, error):
            _log.warning("track.url_expired", track_id=key.track_id, hr=error.hr.name)
            self.amounts.pop(key, None)
            self._book.expired(key, error.hr)
            return
        _log.warning("track.failed", track_id=key.track_id, hr=error.hr.name, error=str(error))
        self._forget(key)
        self._book.happened(key, TrackEvent.TRANSFER_ENDED, error.hr)

    def _has_expired(self, key: TrackKey, error: PlayerHostError) -> bool:
        """Whether a URL expired that another one may take the place of: once for each track."""
        if not isinstance(error, TransferError) or not says_expired(error.hr):
            return False
        asked_again = self._ledger.expired.was_asked_again(*key)
        return not asked_again and self._rooms.transfer.kept(self.partial(key)) > 0

    def _forget(self, key: TrackKey) -> None:
        self.amounts.pop(key, None)
        try:
            self._rooms.transfer.forget(self.partial(key))
        except PlayerHostError as error:
            _log.warning("partial.not_removed", track_id=key.track_id, error=str(error))

    # --- completion ----------------------------------------------------------------------------

    async def _complete_tracks(self) -> None:
        while True:
            key = await self._completions.get()
            if self._book.track(key).state is TrackState.FINISHED:
                with anyio.CancelScope(shield=True):
                    await self._complete(key)

    async def _complete(self, key: TrackKey) -> None:
        if not await self._partner.ensure_running():
            self._postpone(key)
            return
        self._book.happened(key, TrackEvent.COMPLETION_CALLED)
        outcome = self._book.track(key).hr or S_OK
        params = self._ledger.order(key.transaction_id, key.track_id).params
        call = DownloadTrackComplete(outcome, key.track_id, params)
        returned = await self._partner.call(call, chain=key.transaction_id)
        self._book.happened(key, _completion_event(returned))
        if says_expired(outcome):
            self._on_expired(key)

    def _postpone(self, key: TrackKey) -> None:
        """Try again while a new instance may start; after that it is up to the next session."""
        if self._partner.running:
            self._completions.put(key)
            return
        _log.warning("completion.postponed", track_id=key.track_id)
        self._book.changed.fire()


def partial_name(key: TrackKey) -> str:
    """Return the name of a track's partial; `track_of_partial` reads it back."""
    return f"{key.transaction_id}-{key.track_id}.part"


def track_of_partial(name: str) -> TrackKey | None:
    """Return which track a partial belongs to, or None for a foreign file."""
    transaction, dash, track = name.removesuffix(".part").partition("-")
    if not dash or not transaction.isdecimal() or not track.isdecimal():
        return None
    return TrackKey(int(transaction), int(track))


def _completion_event(returned: Return) -> TrackEvent:
    if not isinstance(returned, Faulted) or returned.hr not in LOST:
        return TrackEvent.COMPLETION_RETURNED
    if returned.hr == RPC_E_SERVER_DIED_DNE:
        return TrackEvent.COMPLETION_NOT_MADE
    return TrackEvent.COMPLETION_LOST
