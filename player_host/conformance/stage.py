"""Plays a schedule to one plug-in, in a surrogate of its own, and records the conversation.

Nothing is transferred and nothing is filed, so completions come when the schedule says.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.lowlevel
from attrs import field, frozen

from partner_api import calls
from partner_api.calls import GetItemInfo, PartnerCall, Return, SetCallback
from partner_api.enums import ItemInfo
from partner_api.hresult import HRESULT, RPC_E_SERVER_DIED
from partner_api.transaction import TrackState
from partner_api.variant import Variant
from player_host.clock import Clock
from player_host.conformance import schedule as events
from player_host.conformance.conversation import KILLED_ON_PURPOSE
from player_host.conformance.relay import Relay
from player_host.conformance.schedule import Event, Schedule
from player_host.conformance.simulated_player import SimulatedPlayer
from player_host.errors import PartnerUnavailable, only_cause
from player_host.plugins.discovery import Loading
from player_host.plugins.instance import Instance, Loss, Making
from player_host.plugins.output import Scrubber
from player_host.plugins.port import InstancePort
from player_host.settings import PartnerSettings
from player_host.transcript import Entry, Transcript, TranscriptWriter
from player_host.units import Seconds

QUIET_S: Final = 0.05
"""A plug-in that makes no call for so long has nothing more to say."""

MOST_QUIET_S: Final = 2.0
MARGIN_S: Final = 0.02
LATE_S: Final = 0.25
"""How long a plug-in is listened to after `SetCallback(None)`."""

MOST_SILENCES: Final = 3
"""A plug-in that was silent so often for as long as it may is waited for no more."""

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
        relay: the way to its store, where the kit stands in it.
    """

    partner: PartnerSettings
    table: dict[str, Any] = field(repr=False)
    data_dir: Path
    clock: Clock
    patience: Seconds
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
    stage = _Stage(schedule, setting, file, hear)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stage.guard)
            transcript = await stage.play()
            tasks.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        raise only_cause(group) from None
    await anyio.lowlevel.checkpoint()  # a play that was cancelled has no transcript
    return transcript


class _Stage:
    def __init__(
        self,
        schedule: Schedule,
        setting: Setting,
        file: Path,
        hear: Callable[[Return], None],
    ) -> None:
        self._schedule = schedule
        self._setting = setting
        self._file = file
        self._hear = hear
        self._player = SimulatedPlayer(setting.clock)
        self._scrubber = Scrubber(setting.partner.from_environment)
        self._loading = Loading(setting.partner, False, self._scrubber)
        self._instance: Instance | None = None
        self._port: InstancePort | None = None
        self._attached = False
        self._silences = 0
        self._entries: list[Entry] = []

    async def guard(self) -> None:
        """End the plug-in when the play is cancelled, for a call into it is not."""
        try:
            await anyio.sleep_forever()
        finally:
            self._end_instance()

    async def play(self) -> Transcript:
        self._instance = await self._loading.load()
        try:
            info = self._instance.description.service_info
            facts = {
                "schedule": self._schedule.name,
                "refused": list(self._schedule.refused),
                "signed_in": not self._schedule.needs.signed_out,
                "foreign_codes": [int(events.FOREIGN_CODE)],
                "silence_deadline": self._setting.patience,
                "fresh_licenses": True,
                "threading": info.threading_model.value,
                "capabilities": int(info.capabilities),
            }
            with self._writing(facts) as writer:
                for event in self._schedule.events:
                    await self._do(event)
                await self._finish()
        finally:
            self._end_instance()
        return Transcript(writer.header, tuple(self._entries), complete=True)

    @contextmanager
    def _writing(self, facts: dict[str, Any]) -> Iterator[TranscriptWriter]:
        writer = TranscriptWriter(
            self._file,
            partner=self._setting.partner.name,
            session_id=0,
            clock=self._setting.clock,
            observer=self._entries.append,
            facts=facts,
        )
        self._scrubber.tell(writer.conceal)
        with self._player.writing(writer):
            yield writer

    async def _do(self, event: Event) -> None:  # noqa: C901, PLR0912 - a line for each event
        match event:
            case events.Attach():
                await self._attach()
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
                for hr in self._player.failures:
                    await self._call(GetItemInfo(ItemInfo.ERROR_DESCRIPTION, Variant.error(hr)))
            case events.LicensesFail(hr):
                self._player.licenses_fail = hr
            case events.AnswersFail(hr):
                self._player.answers_fail = hr
            case events.StoreIs(mode):
                if self._setting.relay is not None:
                    await self._setting.relay.switch(mode)
            case events.Pause(seconds):
                await anyio.sleep(seconds)
            case events.Together(several):
                async with anyio.create_task_group() as tasks:
                    for one in several:
                        tasks.start_soon(self._do, one)

    async def _attach(self) -> None:
        if self._instance is None or self._instance.loss is not None:
            self._forget_instance()
            self._instance = await self._loading.load()
        if self._port is None:
            await self._make(self._instance)
            self._player.replace()
        self._player.connect()
        self._attached = True
        returned = await self._call(SetCallback(attached=True))
        if returned is not None and returned.hr.failed and self._is_alive():
            await self._unload()

    async def _make(self, instance: Instance) -> None:
        setting = self._setting
        self._port = InstancePort(
            setting.partner.name,
            self._player,
            self._scrubber,
            on_flood=lambda: instance.give_up(Loss(RPC_E_SERVER_DIED, "it called without end")),
            note_rejection=lambda _call, _returned: None,
        )
        making = Making(
            table=setting.table,
            where=f"{setting.partner.source}: {setting.partner.key}",
            data_dir=setting.data_dir,
            port=self._port,
            scrubber=self._scrubber,
            log_level=logging.CRITICAL,
            on_lost=self._note_loss,
        )
        await instance.create(making, self._loading.call_deadline)

    async def _detach(self) -> None:
        if not self._is_alive():
            return
        await self._settle()
        self._attached = False
        await self._call(SetCallback(attached=False))
        self._player.disconnect()
        await anyio.sleep(LATE_S)
        await self._unload()

    async def _unload(self) -> None:
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
        download = self._player.open(event.cookie, event.items)
        if download is None:
            return
        if self._port is not None:
            self._port.grant_tracks(download.asked)
        returned = await self._call(calls.Download(event.items, event.cookie), download.chain)
        if returned is not None:
            self._player.note_return(download, returned.hr)

    async def _await_answers(self, cookie: int) -> None:
        download = self._player.downloads.get(cookie)
        if download is None:
            return
        machine = download.machine
        if machine.counts[TrackState.VOID]:
            # Nothing is owed any more; what comes all the same is worth hearing (T1-DL-35).
            await anyio.sleep(LATE_S)
        while machine.counts[TrackState.UNANSWERED] and self._is_waited_for:
            with anyio.move_on_after(self._setting.patience + MARGIN_S) as waiting:
                await self._player.changed.wait()
            if waiting.cancelled_caught:
                self._silences += 1
                return

    async def _complete_all(self, event: events.CompleteAll) -> None:
        download = self._player.downloads.get(event.cookie)
        order = [] if download is None else list(download.orders)
        for track_id in reversed(order) if event.reverse else order:
            await anyio.sleep(event.pause_s)
            await self._complete(event.cookie, track_id, event.hr)

    async def _complete(self, cookie: int, track_id: int, hr: HRESULT) -> None:
        download = self._player.downloads.get(cookie)
        if download is None or not self._is_alive():
            return
        completion = self._player.completion(download, track_id, hr)
        if completion is None:
            return
        if await self._call(completion, download.chain) is not None:
            self._player.note_completion(download, track_id)

    async def _settle(self) -> None:
        """Wait until the plug-in has nothing more to say."""
        with anyio.move_on_after(MOST_QUIET_S):
            while (left := self._player.heard_at + QUIET_S - time.monotonic()) > 0:  # noqa: ASYNC110
                await anyio.sleep(left)

    async def _finish(self) -> None:
        if self._attached:
            # A schedule that ends without a detachment leaves the plug-in its time for answers.
            for cookie in tuple(self._player.downloads):
                await self._await_answers(cookie)
            await self._detach()
        await self._unload()

    async def _call(self, call: PartnerCall, chain: int | None = None) -> Return | None:
        """Make a call; None where there is nobody to be called."""
        if self._instance is None or self._port is None or self._instance.loss is not None:
            return None
        witness = _Witness(self._player, call, chain)
        returned = await self._instance.call(call, self._loading.call_deadline, witness)
        return returned if witness.number else None

    @property
    def _is_waited_for(self) -> bool:
        return self._is_alive() and self._silences < MOST_SILENCES

    def _is_alive(self) -> bool:
        return self._instance is not None and self._instance.loss is None and self._port is not None

    def _note_loss(self, loss: Loss) -> None:
        self._attached = False
        self._player.note_loss(self._scrubber.scrub(loss.reason))

    def _forget_instance(self) -> None:
        self._instance, self._port, self._attached = None, None, False

    def _end_instance(self) -> None:
        if self._instance is not None:
            with suppress(PartnerUnavailable):
                self._instance.give_up(_KILL)


class _Witness:
    """Writes one call where it stands among the others; see `instance.Witness`."""

    def __init__(self, player: SimulatedPlayer, call: PartnerCall, chain: int | None) -> None:
        self.number = 0
        self._player = player
        self._call = call
        self._chain = chain

    def begun(self) -> None:
        self.number = self._player.begin(self._call, self._chain)

    def ended(self, returned: Return) -> None:
        self._player.end(self.number, returned)
