"""The driver of Type 1 downloads for one active partner: opens, takes over, cancels, waits."""

from collections import Counter
from typing import Final

import anyio
from anyio.abc import TaskGroup

from partner_api.calls import Download, DownloadTrack, MalformedAnswer, Return
from partner_api.content import ContentContainerList
from partner_api.transaction import Action, TrackEvent, TrackState
from player_host.downloads.answers import AnswerDesk
from player_host.downloads.book import OpenTransaction, TransactionBook
from player_host.downloads.ledger import Ledger
from player_host.downloads.pipeline import Pipeline
from player_host.downloads.progress import DownloadProgress
from player_host.downloads.renewals import Renewals
from player_host.downloads.rooms import Rooms
from player_host.log import get_logger
from player_host.plugins.active import ActivePartner, Recorder
from player_host.units import ByteCount

CANCEL_POLL_SECONDS: Final = 0.5
CLOSED: Final = frozenset({"cancelled", "done"})

_log = get_logger(__name__)


class Downloads:
    """Drives the downloads of one active partner.

    Made on the event loop by the player, before the partner's first call; `receive` is for the
    plug-in's threads, everything else for the event loop.
    """

    def __init__(
        self, rooms: Rooms, ledger: Ledger, recorder: Recorder, *, partner: str, session_id: int
    ) -> None:
        self.book = TransactionBook(rooms.database, ledger, session_id)
        self._rooms = rooms
        self._ledger = ledger
        self._desk = AnswerDesk(
            database=rooms.database,
            clock=rooms.clock,
            book=self.book,
            ledger=ledger,
            recorder=recorder,
            licenses=rooms.licenses,
            partner=partner,
        )
        self._partner: ActivePartner | None = None
        self._pipeline: Pipeline | None = None
        self._renewals: Renewals | None = None
        self._tasks: TaskGroup | None = None
        self._ended = False
        self._cancelled: set[int] = set()

    def receive(self, call: DownloadTrack | MalformedAnswer) -> Return:
        """Answer `DownloadTrack`, on the plug-in's thread."""
        return self._desk.receive(call)

    def start(
        self, tasks: TaskGroup, partner: ActivePartner, *, account: str, transfers: int
    ) -> None:
        """Begin to move tracks, and take over what earlier sessions left (T1-DL-53).

        That includes requests that ended, or were to be cancelled, when the last process died.
        """
        self._desk.account = account
        self._partner = partner
        self._tasks = tasks
        renewals = Renewals(
            self._rooms, self.book, self._ledger, partner, tasks, self._call_download
        )
        self._renewals = renewals
        self._pipeline = Pipeline(
            self._rooms,
            self.book,
            self._ledger,
            partner,
            account=account,
            transfers=transfers,
            on_expired=renewals.consider,
        )
        for transaction_id, request_id, cookie in self._ledger.unsettled_transactions(partner.name):
            self.book.take_over(transaction_id, request_id, cookie)
        for request_id in self._ledger.unclosed_requests(partner.name):
            self._ledger.settle_request(request_id)
        self._carry_out_cancellations(partner)
        renewals.go_on()
        tasks.start_soon(self._pipeline.run)
        tasks.start_soon(self._watch_cancellations, partner)

    def partner_replaced(self) -> None:
        """Note that an instance was lost, and its cookies with it: what it owes is abandoned."""
        for transaction in self.book:
            self.book.for_every_track(transaction, TrackEvent.PARTNER_REPLACED)

    async def request(self, items: str, container_list: ContentContainerList) -> int:
        """Call `Download` for something the user asked for (T1-DL-02).

        Args:
            items: the user's words, kept for `downloads list`.
            container_list: every track of the set (T1-DL-03).

        Returns:
            The request's number. Its tracks settle later, see `wait`.
        """
        assert self._partner is not None
        # Before the cookie is drawn: a new instance knows none that was drawn before it.
        await self._partner.ensure_running()
        generation = self._partner.generation
        with self._rooms.database.transaction():
            request_id = self._ledger.open_request(self._partner.name, items)
            transaction = self.book.open(request_id, container_list)
        await self._call_download(transaction, container_list, generation)
        return request_id

    async def reopen(self, request_id: int) -> None:
        """Open a new transaction for what a request lacks an answer for; none if it lacks none."""
        assert self._partner is not None
        await self._partner.ensure_running()
        generation = self._partner.generation
        container_list = self._ledger.abandoned(request_id)
        if container_list is not None:
            transaction = self.book.open(request_id, container_list)
            await self._call_download(transaction, container_list, generation)

    def cancel(self, request_id: int) -> None:
        """Cancel what is left of a request; accepted tracks get E_ABORT (T1-DL-53).

        A request that is closed stays as it is.
        """
        assert self._pipeline is not None
        if self._ledger.request(request_id).state in CLOSED:
            return
        self._cancelled.add(request_id)
        with self._rooms.database.transaction():
            self._ledger.set_request_state(request_id, "cancelling")
            self._ledger.cancel_abandoned(request_id)
        for transaction in self._of_request(request_id):
            self._cancel_transaction(transaction, self._pipeline)
        self._ledger.settle_request(request_id)
        self.book.changed.fire()

    async def wait(self, request_ids: list[int]) -> None:
        """Wait until nothing more can happen to the tracks of these requests in this session.

        Raises:
            StorageError: the ledger could not be written; the session cannot go on.
        """
        while not self._idle(request_ids):
            await self.book.changed.wait()
        if self.book.fault is not None:
            raise self.book.fault

    def end(self) -> None:
        """Let everybody go who waits: the session ends, and nothing more will happen in it."""
        self._ended = True
        self.book.changed.fire()

    def transaction_ids(self, request_ids: list[int]) -> frozenset[int]:
        """Return the ledger's numbers of these requests' transactions in this session."""
        return frozenset(t.id for r in request_ids for t in self._of_request(r))

    def progress(self, request_ids: list[int]) -> DownloadProgress:
        """Return how far requests are."""
        counts: Counter[TrackState] = Counter()
        mine = self.transaction_ids(request_ids)
        for transaction in self.book:
            if transaction.id in mine:
                counts.update(transaction.machine.counts)
        for key in self._renewals.superseded if self._renewals else ():
            if key.transaction_id in mine:
                counts[self.book.track(key).state] -= 1
        amounts = [
            amount
            for key, amount in (self._pipeline.amounts.items() if self._pipeline else ())
            if key.transaction_id in mine
        ]
        totals = [amount.total for amount in amounts if amount.total is not None]
        return DownloadProgress(
            counts=dict(+counts),
            received=ByteCount(sum(amount.received for amount in amounts)),
            expected=ByteCount(sum(totals)) if totals else None,
            rate=self._pipeline.meter.rate if self._pipeline else 0.0,
        )

    async def _call_download(
        self, transaction: OpenTransaction, container_list: ContentContainerList, generation: int
    ) -> None:
        """Make the call, to the instance that was there when the cookie was drawn."""
        assert self._partner is not None
        assert self._tasks is not None
        self.book.call_download(transaction)
        self._tasks.start_soon(self._expire, transaction)
        call = Download(container_list, transaction.machine.cookie)
        returned = await self._partner.call(call, chain=transaction.id, generation=generation)
        self.book.download_returned(transaction, returned.hr)

    def _of_request(self, request_id: int) -> list[OpenTransaction]:
        return [t for t in self.book if t.request_id == request_id]

    def _idle(self, request_ids: list[int]) -> bool:
        if self._ended or self.book.fault is not None:
            return True
        if self._renewals is not None and self._renewals.are_under_way(request_ids):
            return False
        waiting = [t for r in request_ids for t in self._of_request(r) if t.machine.unsettled]
        if not waiting:
            return True
        if self._partner is None or self._partner.running:
            return False
        return all(self._only_undelivered(transaction) for transaction in waiting)

    def _only_undelivered(self, transaction: OpenTransaction) -> bool:
        machine = transaction.machine
        return machine.unsettled == machine.counts[TrackState.FINISHED]

    def _cancel_transaction(self, transaction: OpenTransaction, pipeline: Pipeline) -> None:
        spared = frozenset(
            track.track_id
            for track in transaction.machine
            if pipeline.is_publishing_track(transaction.id, track.track_id)
        )
        for key, action in self.book.for_every_track(transaction, TrackEvent.CANCELLED, spared):
            if action is Action.STOP_TRANSFER:
                pipeline.stop_transfer(key)

    async def _expire(self, transaction: OpenTransaction) -> None:
        assert self._partner is not None
        await anyio.sleep(self._partner.answer_deadline)
        if not transaction.machine.unsettled:
            return
        expired = self.book.for_every_track(transaction, TrackEvent.DEADLINE_PASSED)
        if expired:
            _log.warning(
                "protocol.violated",
                clause="T1-DL-07",
                by="partner",
                what=f"{len(expired)} tracks unanswered at the deadline",
            )

    async def _watch_cancellations(self, partner: ActivePartner) -> None:
        """Carry out what `downloads cancel` asked for from another process."""
        while True:
            await anyio.sleep(CANCEL_POLL_SECONDS)
            self._carry_out_cancellations(partner)

    def _carry_out_cancellations(self, partner: ActivePartner) -> None:
        for request_id in self._ledger.cancelling(partner.name):
            if request_id not in self._cancelled:
                self.cancel(request_id)
