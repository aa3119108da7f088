"""The open transactions of a session in memory, beside the ledger on the disk.

Whoever steps a machine holds the player's lock (`Database.lock`) and writes the ledger in the
same block. The ledger may be ahead for a moment: a file's publication is committed before its track
steps.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from attrs import frozen

from partner_api.content import ContentContainerList
from partner_api.hresult import E_ABORT, HRESULT
from partner_api.transaction import (
    Action,
    DownloadSession,
    DownloadTransaction,
    Track,
    TrackEvent,
    TrackState,
    TransactionState,
    Verdict,
)
from player_host.database import Database
from player_host.downloads.ledger import Ledger
from player_host.downloads.signals import Inbox, Signal
from player_host.units import Seconds

CHANGES_REST: Final = Seconds(0.01)


class TrackKey(NamedTuple):
    """A track of a transaction."""

    transaction_id: int
    track_id: int


@frozen
class Work:
    """What a step of a machine left to do for a track."""

    key: TrackKey
    action: Action


@frozen
class OpenTransaction:
    """A transaction: its row in the ledger and its machine."""

    id: int
    request_id: int
    machine: DownloadTransaction


class TransactionBook:
    """Every transaction that this session opened or took over.

    Args:
        database: holds the lock.
        ledger: is written with every step.
        session_id: the ledger's number of the session.
    """

    def __init__(self, database: Database, ledger: Ledger, session_id: int) -> None:
        self.session = DownloadSession()
        self.work: Inbox[Work] = Inbox()
        self.changed = Signal(rest=CHANGES_REST)
        self.fault: BaseException | None = None
        """Why the session cannot go on."""
        self._database = database
        self._ledger = ledger
        self._session_id = session_id
        self._transactions: dict[int, OpenTransaction] = {}
        self._by_cookie: dict[int, OpenTransaction] = {}

    def __iter__(self) -> Iterator[OpenTransaction]:
        return iter(tuple(self._transactions.values()))

    def of_cookie(self, cookie: int | None) -> OpenTransaction | None:
        """Return the transaction of a cookie that was drawn in this session."""
        return None if cookie is None else self._by_cookie.get(cookie)

    def machine(self, transaction_id: int) -> DownloadTransaction:
        """Return the machine of a transaction."""
        return self._transactions[transaction_id].machine

    def track(self, key: TrackKey) -> Track:
        """Return a track of the book."""
        track = self.machine(key.transaction_id).track(key.track_id)
        assert track is not None
        return track

    def open(self, request_id: int, container_list: ContentContainerList) -> OpenTransaction:
        """Draw a cookie and write the transaction, all in the caller's commit or one of its own."""
        with self._stepping():
            machine = DownloadTransaction.for_list(self._draw_cookie(), container_list)
            transaction_id = self._ledger.open_transaction(
                request_id, self._session_id, machine, container_list
            )
            opened = OpenTransaction(transaction_id, request_id, machine)
            self._transactions[transaction_id] = opened
            self._by_cookie[machine.cookie] = opened
            self.session.open(machine)
        return opened

    def call_download(self, transaction: OpenTransaction) -> None:
        """Step: `Download` is about to be called."""
        with self._stepping():
            transaction.machine.download_called()
            self._ledger.note_transaction(transaction.id, transaction.machine.state, None)

    def download_returned(self, transaction: OpenTransaction, hr: HRESULT) -> None:
        """Step: `Download` returned."""
        with self._stepping():
            transaction.machine.download_returned(hr)
            self._ledger.note_transaction(transaction.id, transaction.machine.state, hr)
            if hr.failed:
                # The others did not change here; one that is being published has a newer row.
                void = [t for t in transaction.machine if t.state is TrackState.VOID]
                self._ledger.note_tracks(transaction.id, void)
            self.close_if_ended(transaction)
        self.changed.fire()

    def happened(self, key: TrackKey, event: TrackEvent, hr: HRESULT | None = None) -> Verdict:
        """Step one track, write it, and queue what is left to do."""
        (verdict,) = self.happened_to((key,), event, hr)
        return verdict

    def happened_to(
        self, keys: Sequence[TrackKey], event: TrackEvent, hr: HRESULT | None = None
    ) -> list[Verdict]:
        """Step tracks in their order, write them in one commit, and queue what is left to do."""
        with self._stepping():
            verdicts = [self._step(key, event, hr) for key in keys]
        for key, verdict in zip(keys, verdicts, strict=True):
            self.queue(key, verdict.action)
        self.changed.fire()
        return verdicts

    def expired(self, key: TrackKey, hr: HRESULT) -> None:
        """Step: a transfer ended because its URL expired; its bytes are kept for another URL."""
        with self._stepping():
            self._ledger.expired.keep(*key)
            self.happened(key, TrackEvent.TRANSFER_ENDED, hr)

    def for_every_track(
        self,
        transaction: OpenTransaction,
        event: TrackEvent,
        spared: frozenset[int] = frozenset(),
    ) -> list[tuple[TrackKey, Action]]:
        """Step every unsettled track but those spared, with E_ABORT; return what changed."""
        with self._stepping():
            steps = transaction.machine.for_every_track(event, E_ABORT, spared)
            changed = [(TrackKey(transaction.id, track_id), v.action) for track_id, v in steps]
            self._ledger.note_tracks(transaction.id, [self.track(key) for key, _ in changed])
            self.close_if_ended(transaction)
        self.changed.fire()
        return changed

    def queue(self, key: TrackKey, action: Action) -> None:
        """Put work into the queue, from any thread."""
        if action is not Action.NOTHING:
            self.work.put(Work(key, action))

    def take_over(self, transaction_id: int, request_id: int, cookie: int) -> OpenTransaction:
        """Take over what an earlier session left; its cookie is known to nobody any more.

        Unanswered tracks are abandoned; a completion that was under way when the process died is
        lost, which is the recorded crash that allows a repeat (T1-DL-42).
        """
        machine = DownloadTransaction(cookie, {})
        machine.restore(self._ledger.tracks(transaction_id), TransactionState.OPEN)
        transaction = OpenTransaction(transaction_id, request_id, machine)
        self._transactions[transaction_id] = transaction
        with self._stepping():
            machine.for_every_track(TrackEvent.PARTNER_REPLACED, E_ABORT)
            for track in machine:
                if track.state is TrackState.COMPLETING:
                    machine.happened(track.track_id, TrackEvent.COMPLETION_LOST)
            self._ledger.note_tracks(transaction_id, machine)
            self.close_if_ended(transaction)
        for track in machine:
            action = _LEFT_TO_DO.get(track.state, Action.NOTHING)
            self.queue(TrackKey(transaction_id, track.track_id), action)
        return transaction

    def _step(self, key: TrackKey, event: TrackEvent, hr: HRESULT | None) -> Verdict:
        transaction = self._transactions[key.transaction_id]
        verdict = transaction.machine.happened(key.track_id, event, hr)
        self._ledger.note_tracks(transaction.id, [self.track(key)])
        self.close_if_ended(transaction)
        return verdict

    @contextmanager
    def _stepping(self) -> Iterator[None]:
        """Hold the lock for a step and its commit.

        A step whose commit failed leaves machine and ledger at odds: the session cannot go on, and
        says so to everybody who waits. The ledger is what the next start goes by.
        """
        try:
            with self._database.transaction():
                yield
        except BaseException as error:
            self.fail(error)
            raise

    def fail(self, error: BaseException) -> None:
        """Note that the session cannot go on; whoever waits is told. Any thread."""
        self.fault = error
        self.changed.fire()

    def close_if_ended(self, transaction: OpenTransaction) -> None:
        """Write the end of a transaction whose last track was settled; the caller has the lock."""
        if transaction.machine.state is TransactionState.ENDED:
            self._ledger.note_transaction(transaction.id, TransactionState.ENDED, None)
            self._ledger.settle_request(transaction.request_id)

    def _draw_cookie(self) -> int:
        while self.session.knows(cookie := secrets.randbelow(2**32)):
            pass
        return cookie


_LEFT_TO_DO = {TrackState.ACCEPTED: Action.TRANSFER, TrackState.FINISHED: Action.COMPLETE}
