"""The Player's side of a recording callback: it notes each call, steps the tables, answers.

What `player_host.downloads.answers` and `player_host.switchboard` do with a ledger and a
library behind them is done here in memory; a test holds the two together.
"""

import threading
from collections.abc import Callable
from typing import Final

from attrs import define, evolve, field

from partner_api import calls
from partner_api.callback import CatalogVersion
from partner_api.calls import (
    Call,
    CallbackCall,
    CatalogVersionReturned,
    DownloadTrack,
    MalformedAnswer,
    Return,
)
from partner_api.content import ContentContainerList
from partner_api.hresult import E_INVALIDARG, E_NOTIMPL, HRESULT, RPC_E_DISCONNECTED, S_OK
from partner_api.testing.licenses import FakeLicenseStore
from partner_api.transaction import (
    Action,
    DownloadSession,
    DownloadTransaction,
    Party,
    TrackEvent,
    Verdict,
    Violation,
    classify_answer,
)
from partner_api.verdicts import UNUSABLE_URL


@define(eq=False)
class Booking:
    """One download: its machine, and what the plug-in said about its tracks."""

    machine: DownloadTransaction
    orders: dict[int, DownloadTrack] = field(factory=dict)
    """The answers that the Player acts on, by track."""
    answered: dict[int, list[HRESULT]] = field(factory=dict)
    """What each `DownloadTrack` for a track was answered with, in order."""


class RecordingPort:
    """Answers the calls of one plug-in, on whatever thread they are made.

    Args:
        licenses: takes what is delivered, and judges grants.
        catalog_version: what `GetCatalogVersion` answers.
        content_ids: what `GetContentIDsInLibrary` answers.

    Attributes:
        changed: held for every step, and notified after it.
        calls: every call in either direction, in order.
        violations: what the plug-in did wrong.
    """

    def __init__(
        self,
        licenses: FakeLicenseStore,
        catalog_version: CatalogVersion,
        content_ids: tuple[int, ...],
    ) -> None:
        self.changed = threading.Condition()
        self.calls: list[Call] = []
        self.violations: list[Violation] = []
        self._licenses = licenses
        self._catalog_version = CatalogVersionReturned(
            S_OK, catalog_version.version, catalog_version.schema_version, catalog_version.lcid
        )
        self._content_ids = content_ids
        self._session = DownloadSession()
        self._bookings: dict[int, Booking] = {}

    def receive(self, call: CallbackCall) -> Return:
        """Note one call of the plug-in and answer it."""
        with self.changed:
            self.calls.append(call)
            returned = self._answer(call) if self._session.connected else self._refuse(call)
            self.changed.notify_all()
        return returned

    def note(self, call: Call) -> None:
        """Note a call of the Player."""
        with self.changed:
            self.calls.append(call)

    def open(self, cookie: int, container_list: ContentContainerList) -> Booking:
        """Open a download under a cookie, just before `Download` is called.

        Raises:
            ValueError: the cookie was used before (T1-DL-45).
        """
        booking = Booking(DownloadTransaction.for_list(cookie, container_list))
        with self.changed:
            self._session.open(booking.machine)
            self._bookings[cookie] = booking
            booking.machine.download_called()
        return booking

    def knows(self, cookie: int) -> bool:
        """Whether a download was opened under this cookie."""
        return self._session.knows(cookie)

    def disconnect(self) -> None:
        """Answer RPC_E_DISCONNECTED from now on (T1-LIFE-04)."""
        with self.changed:
            self._session.disconnect()
            self.changed.notify_all()

    def wait_until(self, reached: Callable[[], bool], deadline_s: float) -> bool:
        """Wait on the calling thread; return whether it was reached within the deadline."""
        with self.changed:
            return self.changed.wait_for(reached, deadline_s)

    def _answer(self, call: CallbackCall) -> Return:
        match call:
            case DownloadTrack() | MalformedAnswer():
                return Return(self._answer_track(call))
            case calls.Predeliver():
                return Return(self._licenses.Predeliver(call.license))
            case calls.IndexOutOfRange() | calls.Malformed():
                self.violations.append(_misuse(call))
                return Return(E_INVALIDARG)
            case _:
                return self._answer_from_memory(call)

    def _answer_from_memory(self, call: CallbackCall) -> Return:
        match call:
            case calls.GetCatalogVersion():
                return self._catalog_version
            case calls.GetContentIDsInLibrary():
                return calls.ContentIDsReturned(S_OK, self._content_ids)
            case calls.CallbackNotify():
                return Return(S_OK)
            case _:
                return Return(E_NOTIMPL)

    def _refuse(self, call: CallbackCall) -> Return:
        self.violations.append(
            Violation("T1-LIFE-04", Party.PARTNER, f"{call.method} after SetCallback(None)")
        )
        return Return(RPC_E_DISCONNECTED)

    def _answer_track(self, call: DownloadTrack | MalformedAnswer) -> HRESULT:
        booking = None if call.cookie is None else self._bookings.get(call.cookie)
        verdict = self._judge(booking, call)
        answer = verdict.answer or S_OK
        if verdict.violation is not None:
            self.violations.append(_about(call, verdict.violation))
        if booking is not None and call.track_id is not None:
            booking.answered.setdefault(call.track_id, []).append(answer)
            if isinstance(call, DownloadTrack) and verdict.action is not Action.NOTHING:
                booking.orders[call.track_id] = call
        return answer

    def _judge(self, booking: Booking | None, call: DownloadTrack | MalformedAnswer) -> Verdict:
        if isinstance(call, MalformedAnswer):
            return _judge_malformed(booking, call)
        found = self._session.find(call)
        if isinstance(found, Verdict):
            return found
        licensed = self._licenses.judge(call.track_id) if call.hr.succeeded else S_OK
        event = classify_answer(call, licensed)
        hr = {TrackEvent.UNLICENSED: licensed, TrackEvent.UNUSABLE_URL: UNUSABLE_URL}
        return found.answered(call.track_id, event, hr.get(event, call.hr))


def _judge_malformed(booking: Booking | None, call: MalformedAnswer) -> Verdict:
    if booking is None or call.track_id is None:
        return Verdict(E_INVALIDARG, violation=Violation("T1-DL-07", Party.PARTNER, call.problem))
    verdict = booking.machine.answered(call.track_id, TrackEvent.MALFORMED, E_INVALIDARG)
    if verdict.violation is None:
        return verdict
    return evolve(verdict, violation=evolve(verdict.violation, what=call.problem))


def _about(call: DownloadTrack | MalformedAnswer, violation: Violation) -> Violation:
    what = _WORDS.get(violation.clause, violation.what)
    return evolve(violation, what=f"DownloadTrack for track {call.track_id}: {what}")


def _misuse(call: calls.IndexOutOfRange | calls.Malformed) -> Violation:
    if isinstance(call, calls.IndexOutOfRange):
        what = f"{call.getter}({call.index}) of {call.count}"
        return Violation("T1-CON-08", Party.PARTNER, what)
    return Violation("", Party.PARTNER, f"{call.called}: {call.problem}")


_WORDS: Final = {
    "T1-DL-11": "a success code without an absolute http or https URL",
    "T1-DL-17": "a success code, and no usable licence was delivered before",
}
"""What is said of clauses that an answer breaks by itself, whatever came before it."""
