"""The simulated Player's memory and ear: it answers what a plug-in calls, and writes all down.

It answers as the Player does, by the same table and the same verdicts on licences; a schedule may
have it refuse on purpose. Everything that is said on either side goes through one lock, so that a
transcript has the order in which things happened.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from attrs import Factory, define, frozen

from partner_api import calls
from partner_api.calls import (
    CallbackCall,
    DownloadTrack,
    DownloadTrackComplete,
    MalformedAnswer,
    PartnerCall,
    Predeliver,
    Return,
)
from partner_api.content import ContentContainerList
from partner_api.hresult import (
    E_ABORT,
    E_INVALIDARG,
    E_NOTIMPL,
    HRESULT,
    RPC_E_DISCONNECTED,
    RPC_E_SERVER_DIED,
    S_OK,
)
from partner_api.licensing import License
from partner_api.transaction import (
    Action,
    DownloadSession,
    DownloadTransaction,
    Party,
    TrackEvent,
    TrackState,
    Verdict,
    Violation,
    classify_answer,
    track_occurrences,
)
from partner_api.verdicts import judge_grant
from player_host.clock import Clock
from player_host.downloads.signals import Signal
from player_host.transcript import TranscriptWriter

LOCALE: Final = 0x409


@frozen
class Order:
    """A download that a plug-in has ordered.

    Attributes:
        params: of its answer.
        hr: how the transfer ends, where that was settled with the answer; None where not.
    """

    params: str | None
    hr: HRESULT | None


@define(eq=False)
class OpenDownload:
    """One `Download` as the Player remembers it.

    Attributes:
        machine: where its tracks stand.
        chain: its number, which joins its calls in the transcript.
        asked: for how many tracks it asks, repetitions among them.
        orders: the tracks to be transferred, in the order of their answers.
    """

    machine: DownloadTransaction
    chain: int
    asked: int
    orders: dict[int, Order] = Factory(dict)


class SimulatedPlayer:
    """Made on the event loop; a plug-in calls it from any thread.

    Attributes:
        changed: fired after each call of the plug-in and at its loss.
        answers_fail: what `DownloadTrack` is answered; None for the Player's own answers.
        licenses_fail: what the licence store answers; None for its own answers.
    """

    def __init__(self, clock: Clock) -> None:
        self.changed = Signal()
        self.answers_fail: HRESULT | None = None
        self.licenses_fail: HRESULT | None = None
        self._clock = clock
        self._lock = threading.Lock()
        self._session = DownloadSession()
        self._downloads: dict[int, OpenDownload] = {}
        self._licenses: dict[int, License] = {}
        self._failures: dict[HRESULT, None] = {}
        self._heard_at = 0.0
        self._writer: TranscriptWriter | None = None

    @property
    def heard_at(self) -> float:
        """When the plug-in last called, on the monotonic clock."""
        return self._heard_at

    @property
    def downloads(self) -> Mapping[int, OpenDownload]:
        """Every download, by cookie."""
        return self._downloads

    @property
    def failures(self) -> tuple[HRESULT, ...]:
        """The failure codes that the plug-in gave so far."""
        return tuple(self._failures)

    @contextmanager
    def writing(self, writer: TranscriptWriter) -> Iterator[None]:
        """Write down what happens, and give the transcript its end."""
        self._writer = writer
        try:
            yield
        finally:
            with self._lock:
                writer.close()

    # --- what the schedule does, on the event loop ---

    def connect(self) -> None:
        """Let a plug-in in."""
        with self._lock:
            self._session.connected = True

    def replace(self) -> None:
        """Note that a new instance is there, which owes nothing of what the old one did."""
        with self._lock:
            for download in self._downloads.values():
                download.machine.for_every_track(TrackEvent.PARTNER_REPLACED, E_ABORT)

    def disconnect(self) -> None:
        """Answer nobody any more."""
        with self._lock:
            self._session.disconnect()

    def open(self, cookie: int, items: ContentContainerList | None) -> OpenDownload | None:
        """Open a download, before `Download` is called; None where its cookie was used before."""
        occurrences = {} if items is None else track_occurrences(items)
        with self._lock:
            if self._session.knows(cookie):
                return None
            machine = DownloadTransaction(cookie, occurrences)
            chain, asked = len(self._downloads) + 1, sum(occurrences.values())
            download = OpenDownload(machine, chain, asked)
            self._session.open(machine)
            machine.download_called()
            self._downloads[cookie] = download
            return download

    def note_return(self, download: OpenDownload, hr: HRESULT) -> None:
        """Note how `Download` returned."""
        with self._lock:
            download.machine.download_returned(hr)

    def completion(
        self, download: OpenDownload, track_id: int, hr: HRESULT
    ) -> DownloadTrackComplete | None:
        """Return the completion of a track that is due; None where there is none to be made.

        Args:
            download: its download.
            track_id: the track.
            hr: how its transfer ended, unless that was settled with its answer.
        """
        track, order = download.machine.track(track_id), download.orders.get(track_id)
        if track is None or order is None:
            return None
        with self._lock:
            if track.state is TrackState.ACCEPTED:
                download.machine.happened(track_id, TrackEvent.TRANSFER_ENDED, hr)
            if track.state is not TrackState.FINISHED:
                return None
            download.machine.happened(track_id, TrackEvent.COMPLETION_CALLED)
        return DownloadTrackComplete(order.hr or hr, track_id, order.params)

    def note_completion(self, download: OpenDownload, track_id: int) -> None:
        """Note that a completion returned."""
        with self._lock:
            download.machine.happened(track_id, TrackEvent.COMPLETION_RETURNED)

    def note_loss(self, reason: str) -> None:
        """Write down that the plug-in was lost; what was open is void."""
        with self._lock:
            self._pen.lost(reason)
            for download in self._downloads.values():
                download.machine.for_every_track(TrackEvent.PARTNER_REPLACED, RPC_E_SERVER_DIED)
        self.changed.fire()

    # --- what is said to the plug-in, on any thread ---

    def begin(self, call: PartnerCall, chain: int | None) -> int:
        """Write down a call of the Player; return its number."""
        with self._lock:
            return self._pen.called(call, chain=chain)

    def end(self, number: int, returned: Return) -> None:
        """Write down how a call of the Player ended."""
        with self._lock:
            self._pen.returned(number, returned)

    # --- what the plug-in says, on the thread that reads the wire ---

    def receive(self, call: CallbackCall) -> Return:
        """Answer a call of the plug-in; see `CallbackPort`."""
        with self._lock:
            download = self._downloads.get(getattr(call, "cookie", -1))
            number = self._pen.called(call, chain=None if download is None else download.chain)
            returned = self._answer(call)
            self._pen.returned(number, returned)
        self._heard_at = time.monotonic()
        self.changed.fire()
        return returned

    def _answer(self, call: CallbackCall) -> Return:  # noqa: PLR0911 - a line for each call
        if isinstance(call, DownloadTrack | MalformedAnswer):
            return Return(self._answer_track(call))
        if not self._session.connected:
            return Return(RPC_E_DISCONNECTED)
        match call:
            case Predeliver(license_):
                if self.licenses_fail is None:
                    self._licenses[license_.content_id] = license_
                return Return(self.licenses_fail or S_OK)
            case calls.GetCatalogVersion():
                return calls.CatalogVersionReturned(S_OK, 0, 0, LOCALE)
            case calls.GetContentIDsInLibrary():
                return calls.ContentIDsReturned(S_OK, ())
            case calls.CallbackNotify():
                return Return(S_OK)
            case calls.IndexOutOfRange() | calls.Malformed():
                return Return(E_INVALIDARG)
        return Return(E_NOTIMPL)

    def _answer_track(self, call: DownloadTrack | MalformedAnswer) -> HRESULT:
        if isinstance(call, DownloadTrack) and call.hr.failed:
            self._failures[call.hr] = None
        if self._session.connected and self.answers_fail is not None:
            return self._refuse(call, self.answers_fail)
        said = self._said(call)
        if said.action in {Action.TRANSFER, Action.COMPLETE}:
            assert isinstance(call, DownloadTrack)
            download = self._downloads[call.cookie]
            track = download.machine.track(call.track_id)
            failed = None if said.action is Action.TRANSFER or track is None else track.hr
            download.orders.setdefault(call.track_id, Order(call.params, failed))
        return said.answer or S_OK

    def _refuse(self, call: DownloadTrack | MalformedAnswer, hr: HRESULT) -> HRESULT:
        """Refuse an answer on purpose; its track is answered all the same."""
        download = None if call.cookie is None else self._downloads.get(call.cookie)
        if download is not None and call.track_id is not None:
            download.machine.answered(call.track_id, TrackEvent.REFUSED, hr)
        return hr

    def _said(self, call: DownloadTrack | MalformedAnswer) -> Verdict:
        if isinstance(call, MalformedAnswer):
            download = None if call.cookie is None else self._downloads.get(call.cookie)
            if download is None or call.track_id is None:
                return Verdict(E_INVALIDARG, violation=_UNKNOWN)
            return download.machine.answered(call.track_id, TrackEvent.MALFORMED, E_INVALIDARG)
        found = self._session.find(call)
        if isinstance(found, Verdict):
            return found
        licensed = S_OK
        if call.hr.succeeded:
            licensed = judge_grant(self._licenses.get(call.track_id), self._clock.now())
        event = classify_answer(call, licensed)
        hr = licensed if event is TrackEvent.UNLICENSED else call.hr
        return found.answered(call.track_id, event, E_INVALIDARG if hr.succeeded else hr)

    @property
    def _pen(self) -> TranscriptWriter:
        assert self._writer is not None
        return self._writer


_UNKNOWN: Final = Violation("T1-DL-09", Party.PARTNER, "the cookie is unknown")
