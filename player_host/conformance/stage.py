"""The simulated Player: plays a schedule to one plug-in and records the conversation.

It answers as the Player does, by the same table and the same verdicts on licences; nothing is
transferred and nothing is filed, so completions come when the schedule says. The plug-in runs in a
surrogate of its own.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.lowlevel
from attrs import field, frozen

from partner_api import calls
from partner_api.calls import (
    CallbackCall,
    DownloadTrack,
    DownloadTrackComplete,
    GetItemInfo,
    MalformedAnswer,
    PartnerCall,
    Predeliver,
    Return,
    SetCallback,
)
from partner_api.enums import ItemInfo
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
from partner_api.variant import Variant
from partner_api.verdicts import judge_grant
from player_host.clock import Clock
from player_host.conformance import schedule as events
from player_host.conformance.conversation import KILLED_ON_PURPOSE
from player_host.conformance.relay import Relay
from player_host.conformance.schedule import Event, Schedule
from player_host.downloads.signals import Signal
from player_host.errors import PartnerUnavailable
from player_host.plugins.discovery import Loading
from player_host.plugins.instance import Instance, Loss, Making
from player_host.plugins.output import Scrubber
from player_host.plugins.port import InstancePort
from player_host.settings import PartnerSettings
from player_host.transcript import Entry, Transcript, TranscriptWriter
from player_host.units import Seconds

LOCALE: Final = 0x409
QUIET_S: Final = 0.05
"""A plug-in that makes no call for so long has nothing more to say."""

MOST_QUIET_S: Final = 2.0
MARGIN_S: Final = 0.02
LATE_S: Final = 0.25
"""How long a plug-in is listened to after `SetCallback(None)`."""

_KILL: Final = Loss(RPC_E_SERVER_DIED, KILLED_ON_PURPOSE)


@frozen
class Setting:
    """Where and how schedules are played.

    Attributes:
        partner: the plug-in and how the host treats it.
        table: its settings.
        data_dir: its folder.
        clock: says what time it is, for licences and headers.
        patience: how long it may be silent while it owes answers.
        facts: of the circumstances, for the transcript's header.
        relay: the way to its store, where the kit stands in it.
    """

    partner: PartnerSettings
    table: dict[str, Any] = field(repr=False)
    data_dir: Path
    clock: Clock
    patience: Seconds
    facts: dict[str, Any]
    relay: Relay | None = None


async def play(
    schedule: Schedule,
    setting: Setting,
    file: Path,
    hear: Callable[[Return], None] = lambda _returned: None,
) -> Transcript:
    """Play a schedule to a new process of the plug-in.

    Args:
        schedule: what happens.
        setting: where and how.
        file: the transcript that is written; it must not exist.
        hear: told what questions are answered; a transcript lacks what may be secret.

    Returns:
        The conversation, which is complete unless the plug-in could not be started.

    Raises:
        PartnerUnavailable: it cannot be loaded or made; nothing is left of it.
        SettingsError: its settings are wrong.
        StorageError: the transcript cannot be written.
    """
    return await _Stage(schedule, setting, file, hear).play()


@frozen
class _Accepted:
    params: str | None
    hr: HRESULT | None


class _Stage:
    def __init__(
        self,
        schedule: Schedule,
        setting: Setting,
        file: Path,
        hear: Callable[[Return], None],
    ) -> None:
        self._hear = hear
        self._schedule = schedule
        self._setting = setting
        self._file = file
        self._lock = threading.Lock()
        self._changed = Signal()
        self._session = DownloadSession()
        self._downloads: dict[int, DownloadTransaction] = {}
        self._chains: dict[int, int] = {}
        self._orders: dict[int, dict[int, _Accepted]] = defaultdict(dict)
        self._licenses: dict[int, License] = {}
        self._failures: dict[HRESULT, None] = {}
        self._answers_fail: HRESULT | None = None
        self._licenses_fail: HRESULT | None = None
        self._instance: Instance | None = None
        self._port: InstancePort | None = None
        self._attached = False
        self._heard_at = 0.0
        self._entries: list[Entry] = []
        self._scrubber = Scrubber(setting.partner.from_environment)
        self._writer: TranscriptWriter | None = None

    async def play(self) -> Transcript:
        loading = Loading(self._setting.partner, False, self._scrubber)
        self._instance = await loading.load()
        try:
            info = self._instance.description.service_info
            facts = self._setting.facts | {
                "schedule": self._schedule.name,
                "silence_deadline": self._setting.patience,
                "fresh_licenses": True,
                "threading": info.threading_model.value,
                "capabilities": int(info.capabilities),
            }
            with self._writing(facts):
                for event in self._schedule.events:
                    await self._do(event, loading)
                await self._finish()
        finally:
            self._end_instance()
        header = {"partner": self._setting.partner.name, "facts": facts}
        return Transcript(header, tuple(self._entries), complete=True)

    @contextmanager
    def _writing(self, facts: dict[str, Any]) -> Iterator[None]:
        self._writer = TranscriptWriter(
            self._file,
            partner=self._setting.partner.name,
            session_id=0,
            clock=self._setting.clock,
            observer=self._entries.append,
            facts=facts,
        )
        self._scrubber.tell(self._writer.conceal)
        try:
            yield
        finally:
            with self._lock:
                self._writer.close()

    # --- events, on the event loop ---

    async def _do(self, event: Event, loading: Loading) -> None:  # noqa: C901, PLR0912
        match event:
            case events.Attach():
                await self._attach(loading)
            case events.Detach():
                await self._detach()
            case events.Kill():
                await self._kill()
            case events.Request():
                await self._request(event)
            case events.AwaitAnswers(cookie):
                await self._await_answers(cookie)
            case events.Complete(cookie, track_id, hr):
                await self._complete(cookie, track_id, hr)
            case events.CompleteAll():
                await self._complete_all(event)
            case events.Ask(call):
                returned = await self._call(call)
                if returned is not None:
                    self._hear(returned)
            case events.AskForWords():
                for hr in tuple(self._failures):
                    await self._call(GetItemInfo(ItemInfo.ERROR_DESCRIPTION, Variant.error(hr)))
            case events.LicensesFail(hr):
                self._licenses_fail = hr
            case events.AnswersFail(hr):
                self._answers_fail = hr
            case events.StoreIs(mode):
                if self._setting.relay is not None:
                    await self._setting.relay.switch(mode)
            case events.Pause(seconds):
                await anyio.sleep(seconds)
            case events.Together(several):
                async with anyio.create_task_group() as tasks:
                    for one in several:
                        tasks.start_soon(self._do, one, loading)

    async def _attach(self, loading: Loading) -> None:
        if self._instance is None or self._instance.loss is not None:
            self._forget_instance()
            self._instance = await loading.load()
        if self._port is None:
            await self._make(self._instance)
            with self._lock:
                for machine in self._downloads.values():
                    machine.for_every_track(TrackEvent.PARTNER_REPLACED, E_ABORT)
        with self._lock:
            self._session.connected = True
        self._attached = True
        await self._call(SetCallback(attached=True))

    async def _make(self, instance: Instance) -> None:
        name = self._setting.partner.name
        port = InstancePort(
            name,
            self,
            self._scrubber,
            on_flood=lambda: instance.give_up(Loss(RPC_E_SERVER_DIED, "it called without end")),
            note_rejection=lambda _call, _returned: None,
        )
        self._port = port
        await instance.create(
            Making(
                table=self._setting.table,
                where=f"{self._setting.partner.source}: {self._setting.partner.key}",
                data_dir=self._setting.data_dir,
                port=port,
                scrubber=self._scrubber,
                log_level=logging.CRITICAL,
                on_lost=self._note_loss,
            ),
            Seconds(30.0),
        )

    async def _detach(self) -> None:
        if not self._is_alive():
            return
        await self._settle()
        self._attached = False
        await self._call(SetCallback(attached=False))
        with self._lock:
            self._session.disconnect()
        await anyio.sleep(LATE_S)
        if self._instance is not None:
            await self._instance.close()
        self._forget_instance()

    async def _kill(self) -> None:
        if self._is_alive() and self._instance is not None:
            self._instance.give_up(_KILL)
            await anyio.lowlevel.checkpoint()  # the loss is told on the event loop
            await self._instance.close()
        self._forget_instance()

    async def _request(self, event: events.Request) -> None:
        occurrences = {} if event.items is None else track_occurrences(event.items)
        machine = DownloadTransaction(event.cookie, occurrences)
        with self._lock:
            if self._session.knows(event.cookie):
                return
            self._session.open(machine)
            machine.download_called()
            self._downloads[event.cookie] = machine
            chain = self._chains[event.cookie] = len(self._downloads)
        if self._port is not None:
            self._port.grant_tracks(sum(occurrences.values()))
        returned = await self._call(calls.Download(event.items, event.cookie), chain)
        if returned is not None:
            with self._lock:
                machine.download_returned(returned.hr)

    async def _await_answers(self, cookie: int) -> None:
        machine = self._downloads.get(cookie)
        if machine is None:
            return
        if machine.counts[TrackState.VOID]:
            # Nothing is owed any more; what comes all the same is worth hearing (T1-DL-35).
            await anyio.sleep(LATE_S)
        while machine.counts[TrackState.UNANSWERED] and self._is_alive():
            with anyio.move_on_after(self._setting.patience + MARGIN_S) as waiting:
                await self._changed.wait()
            if waiting.cancelled_caught:
                return

    async def _complete_all(self, event: events.CompleteAll) -> None:
        order = list(self._orders[event.cookie])
        for track_id in reversed(order) if event.reverse else order:
            await anyio.sleep(event.pause_s)
            await self._complete(event.cookie, track_id, event.hr)

    async def _complete(self, cookie: int, track_id: int, hr: HRESULT) -> None:
        machine = self._downloads.get(cookie)
        track = None if machine is None else machine.track(track_id)
        order = self._orders[cookie].get(track_id)
        if machine is None or track is None or order is None or not self._is_alive():
            return
        with self._lock:
            if track.state is TrackState.ACCEPTED:
                machine.happened(track_id, TrackEvent.TRANSFER_ENDED, hr)
            if track.state is not TrackState.FINISHED:
                return
            machine.happened(track_id, TrackEvent.COMPLETION_CALLED)
        outcome = order.hr or hr
        chain = self._chains[cookie]
        returned = await self._call(DownloadTrackComplete(outcome, track_id, order.params), chain)
        if returned is not None:
            with self._lock:
                machine.happened(track_id, TrackEvent.COMPLETION_RETURNED)

    async def _settle(self) -> None:
        """Wait until the plug-in has nothing more to say."""
        with anyio.move_on_after(MOST_QUIET_S):
            while (left := self._heard_at + QUIET_S - time.monotonic()) > 0:  # noqa: ASYNC110
                await anyio.sleep(left)

    async def _finish(self) -> None:
        if self._attached:
            # A schedule that ends without a detachment leaves the plug-in its time for answers.
            for cookie in tuple(self._downloads):
                await self._await_answers(cookie)
            await self._detach()
        if self._instance is not None:
            await self._instance.close()
            self._forget_instance()

    async def _call(self, call: PartnerCall, chain: int | None = None) -> Return | None:
        """Make a call; None where there is nobody to be called."""
        if self._instance is None or self._port is None or self._instance.loss is not None:
            return None
        witness = _Witness(self, call, chain)
        deadline = self._setting.partner.host.call_deadline or Seconds(30.0)
        returned = await self._instance.call(call, deadline, witness)
        return returned if witness.number else None

    def _is_alive(self) -> bool:
        return self._instance is not None and self._instance.loss is None and self._port is not None

    def _note_loss(self, loss: Loss) -> None:
        with self._lock:
            assert self._writer is not None
            self._writer.lost(self._scrubber.scrub(loss.reason))
            for machine in self._downloads.values():
                machine.for_every_track(TrackEvent.PARTNER_REPLACED, RPC_E_SERVER_DIED)
        self._attached = False
        self._changed.fire()

    def _forget_instance(self) -> None:
        self._instance, self._port, self._attached = None, None, False

    def _end_instance(self) -> None:
        if self._instance is not None:
            with suppress(PartnerUnavailable):
                self._instance.give_up(_KILL)

    # --- the callback, on the thread that reads the wire ---

    def receive(self, call: CallbackCall) -> Return:
        """Answer a call of the plug-in; see `CallbackPort`."""
        with self._lock:
            assert self._writer is not None
            chain = self._chains.get(getattr(call, "cookie", -1))
            number = self._writer.called(call, chain=chain)
            returned = self._answer(call)
            self._writer.returned(number, returned)
        self._heard_at = time.monotonic()
        self._changed.fire()
        return returned

    def _answer(self, call: CallbackCall) -> Return:  # noqa: PLR0911 - a line for each call
        if isinstance(call, DownloadTrack | MalformedAnswer):
            return Return(self._answer_track(call))
        if not self._session.connected:
            return Return(RPC_E_DISCONNECTED)
        match call:
            case Predeliver(license_):
                if self._licenses_fail is None:
                    self._licenses[license_.content_id] = license_
                return Return(self._licenses_fail or S_OK)
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
        if self._session.connected and self._answers_fail is not None:
            return self._refuse(call, self._answers_fail)
        said = self._said(call)
        if said.action in {Action.TRANSFER, Action.COMPLETE}:
            assert isinstance(call, DownloadTrack)
            machine = self._downloads[call.cookie].track(call.track_id)
            failed = None if said.action is Action.TRANSFER or machine is None else machine.hr
            self._orders[call.cookie].setdefault(call.track_id, _Accepted(call.params, failed))
        return said.answer or S_OK

    def _refuse(self, call: DownloadTrack | MalformedAnswer, hr: HRESULT) -> HRESULT:
        """Refuse an answer on purpose; its track is answered all the same."""
        machine = None if call.cookie is None else self._downloads.get(call.cookie)
        if machine is not None and call.track_id is not None:
            machine.answered(call.track_id, TrackEvent.REFUSED, hr)
        return hr

    def _said(self, call: DownloadTrack | MalformedAnswer) -> Verdict:
        if isinstance(call, MalformedAnswer):
            machine = None if call.cookie is None else self._downloads.get(call.cookie)
            if machine is None or call.track_id is None:
                return Verdict(E_INVALIDARG, violation=_UNKNOWN)
            return machine.answered(call.track_id, TrackEvent.MALFORMED, E_INVALIDARG)
        found = self._session.find(call)
        if isinstance(found, Verdict):
            return found
        licensed = S_OK
        if call.hr.succeeded:
            licensed = judge_grant(self._licenses.get(call.track_id), self._setting.clock.now())
        event = classify_answer(call, licensed)
        hr = licensed if event is TrackEvent.UNLICENSED else call.hr
        return found.answered(call.track_id, event, E_INVALIDARG if hr.succeeded else hr)

    # --- the record ---

    def _begun(self, call: PartnerCall, chain: int | None) -> int:
        with self._lock:
            assert self._writer is not None
            return self._writer.called(call, chain=chain)

    def _ended(self, number: int, returned: Return) -> None:
        with self._lock:
            assert self._writer is not None
            self._writer.returned(number, returned)


class _Witness:
    """Writes one call where it stands among the others; see `instance.Witness`."""

    def __init__(self, stage: _Stage, call: PartnerCall, chain: int | None) -> None:
        self.number = 0
        self._stage = stage
        self._call = call
        self._chain = chain

    def begun(self) -> None:
        self.number = self._stage._begun(self._call, self._chain)

    def ended(self, returned: Return) -> None:
        self._stage._ended(self.number, returned)


_UNKNOWN: Final = Violation("T1-DL-09", Party.PARTNER, "the cookie is unknown")
