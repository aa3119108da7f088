"""Where the partner's answers arrive: `DownloadTrack`, on whatever thread it is called.

Under the player's lock, in this order: the call gets its number, the machine steps, the ledger
commits, the return gets its number. Only then does the plug-in see the HRESULT, and only then
does the event loop hear of the work.
"""

from partner_api.calls import DownloadTrack, MalformedAnswer, Return
from partner_api.hresult import E_INVALIDARG, HRESULT, RPC_E_DISCONNECTED, S_OK
from partner_api.transaction import (
    Action,
    TrackEvent,
    TransactionState,
    Verdict,
    classify_answer,
)
from partner_api.verdicts import UNUSABLE_URL, judge_grant
from player_host.clock import Clock
from player_host.database import Database
from player_host.downloads.book import OpenTransaction, TrackKey, TransactionBook
from player_host.downloads.ledger import Ledger, Order
from player_host.errors import StorageError
from player_host.licensing.store import Licenses
from player_host.log import get_logger
from player_host.plugins.active import Recorder

_log = get_logger(__name__)


class AnswerDesk:
    """Answers `DownloadTrack` for one partner and account.

    Args:
        partner: whose licences count.
        account: and of which account.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        book: TransactionBook,
        ledger: Ledger,
        recorder: Recorder,
        licenses: Licenses,
        partner: str,
        account: str = "",
    ) -> None:
        self.account = account
        self._database = database
        self._clock = clock
        self._book = book
        self._ledger = ledger
        self._recorder = recorder
        self._licenses = licenses
        self._partner = partner

    def receive(self, call: DownloadTrack | MalformedAnswer) -> Return:
        """Answer one call, on the plug-in's thread (T1-DL-28, T1-THR-05)."""
        transaction = self._book.of_cookie(call.cookie)
        with self._database.lock:
            chain = None if transaction is None else transaction.id
            number = self._recorder.called(call, chain=chain)
            verdict = self._judge(transaction, call)
            answer = Return(verdict.answer or S_OK)
            unrecorded = self._record(number, answer)
        if transaction is not None and call.track_id is not None:
            self._book.queue(TrackKey(transaction.id, call.track_id), verdict.action)
        self._book.changed.fire()
        if verdict.violation is not None:
            self._log_violation(call, verdict)
        if unrecorded is not None:
            _log.error("transcript.write_failed", error=str(unrecorded))
            self._book.fail(unrecorded)
        return answer

    def _record(self, number: int, answer: Return) -> StorageError | None:
        """Record an answer; one that was committed stands, also where the transcript fails."""
        try:
            self._recorder.returned(number, answer)
        except StorageError as error:
            return error
        return None

    def _judge(
        self, transaction: OpenTransaction | None, call: DownloadTrack | MalformedAnswer
    ) -> Verdict:
        if isinstance(call, MalformedAnswer):
            return self._refuse_malformed(transaction, call)
        found = self._book.session.find(call)
        if isinstance(found, Verdict) or transaction is None:
            return found if isinstance(found, Verdict) else Verdict(E_INVALIDARG)
        licensed = self._license_verdict(call) if call.hr.succeeded else S_OK
        event = classify_answer(call, licensed)
        hr = {TrackEvent.UNLICENSED: licensed, TrackEvent.UNUSABLE_URL: UNUSABLE_URL}
        # An unusable URL is kept nowhere: it may be no text that a database can hold.
        order = Order(call.url if event is TrackEvent.GRANTED else None, call.params)
        return self._step(transaction, call.track_id, event, hr.get(event, call.hr), order)

    def _refuse_malformed(
        self, transaction: OpenTransaction | None, call: MalformedAnswer
    ) -> Verdict:
        if not self._book.session.connected:
            return Verdict(RPC_E_DISCONNECTED)
        if transaction is None or call.track_id is None:
            return Verdict(E_INVALIDARG)
        return self._step(
            transaction, call.track_id, TrackEvent.MALFORMED, E_INVALIDARG, Order(None, None)
        )

    def _step(
        self,
        transaction: OpenTransaction,
        track_id: int,
        event: TrackEvent,
        hr: HRESULT,
        order: Order,
    ) -> Verdict:
        machine = transaction.machine
        track = machine.track(track_id)
        before, open_before = track and track.state, machine.state is not TransactionState.ENDED
        verdict = machine.answered(track_id, event, hr)
        if track is None:
            return verdict
        try:
            with self._database.transaction():
                if track.state is before:
                    # The row may be ahead: a file is published before the machine steps.
                    self._ledger.count_answer(transaction.id, track)
                else:
                    wanted = verdict.action is not Action.NOTHING
                    self._ledger.note_answer(transaction.id, track, order if wanted else None)
                if open_before:
                    self._book.close_if_ended(transaction)
        except BaseException as error:
            if track.state is not before:
                machine.retract(track_id)
            if not isinstance(error, StorageError):
                raise
            if self._book.fault is None:
                _log.error("ledger.write_failed", error=str(error))
            self._book.fail(error)
            return Verdict(error.hr)
        return verdict

    def _license_verdict(self, call: DownloadTrack) -> HRESULT:
        license_ = self._licenses.find(self._partner, self.account, call.track_id)
        return judge_grant(license_, self._clock.now())

    def _log_violation(self, call: DownloadTrack | MalformedAnswer, verdict: Verdict) -> None:
        assert verdict.violation is not None
        _log.warning(
            "protocol.violated",
            clause=verdict.violation.clause,
            by=verdict.violation.fault.value,
            what=verdict.violation.what,
            track_id=call.track_id,
        )
