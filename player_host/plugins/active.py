"""The active partner: one plug-in instance at a time, its calls recorded, replaced when it dies.

Every call into the plug-in goes through `ActivePartner.call`, which writes the transcript, keeps
the deadline, and starts a new instance when the last one was lost, within a budget.
"""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import anyio
from attrs import frozen

from partner_api import calls
from partner_api.calls import Call, CallbackCall, Faulted, PartnerCall, Return
from partner_api.enums import Capability, ItemInfo, PartnerNotification
from partner_api.hresult import E_NOTIMPL, RPC_E_SERVER_DIED, RPC_E_SERVER_DIED_DNE
from partner_api.proxy import CallbackPort
from player_host.database import Database
from player_host.errors import PartnerUnavailable, PlayerHostError, StorageError
from player_host.log import get_logger
from player_host.plugins.discovery import Loading
from player_host.plugins.instance import Instance, Loss, Making
from player_host.plugins.port import InstancePort
from player_host.settings import Home
from player_host.transcript import TranscriptWriter

BACKGROUND_NOTIFICATIONS: Final = frozenset(
    {
        PartnerNotification.BACKGROUND_PROCESSING_BEGIN,
        PartnerNotification.BACKGROUND_PROCESSING_END,
    }
)

ALT_LOGIN_INFO: Final = frozenset({ItemInfo.ALT_LOGIN_URL, ItemInfo.ALT_LOGIN_CAPTION})

_FLOOD: Final = Loss(RPC_E_SERVER_DIED, "it did not stop making calls that were rejected")
NOT_STARTED: Final = Loss(RPC_E_SERVER_DIED, "it was not started")

_log = get_logger(__name__)


@frozen
class Recorder:
    """Writes calls and returns into the transcript under the player's lock."""

    database: Database
    transcript: TranscriptWriter

    def called(self, call: Call, *, chain: int | None = None) -> int:
        """Record a call; return its number."""
        with self.database.lock:
            return self.transcript.called(call, chain=chain)

    def returned(self, number: int, returned: Return) -> None:
        """Record how a call ended."""
        with self.database.lock:
            self.transcript.returned(number, returned)

    def answered(self, call: CallbackCall, returned: Return) -> None:
        """Record a call of the plug-in with its answer."""
        with self.database.lock:
            self.transcript.returned(self.transcript.called(call), returned)

    def conceal(self, secrets: Iterable[str]) -> None:
        """Let these texts stand in no line from now on."""
        with self.database.lock:
            self.transcript.conceal(secrets)

    def lost(self, reason: str) -> None:
        """Record the loss of an instance."""
        with self.database.lock:
            self.transcript.lost(reason)

    def close(self) -> None:
        """End the transcript."""
        with self.database.lock:
            self.transcript.close()


class ActivePartner:
    """The one partner of a session (T1-LIFE-06).

    Args:
        instance: the plug-in, loaded.
        loading: how it is loaded anew after a loss.
        home: where its data folder is.
        port: answers its calls.
        recorder: writes the transcript.
        on_replaced: told, on the event loop, that an instance was lost, with every cookie that
            it knew: as soon as that is noticed, and before a new one gets its first call.
    """

    def __init__(
        self,
        instance: Instance,
        loading: Loading,
        home: Home,
        port: CallbackPort,
        recorder: Recorder,
        on_replaced: Callable[[], None],
    ) -> None:
        self.settings = loading.settings
        self.name = loading.settings.name
        self.answer_deadline = loading.answer_deadline
        self.service_info = instance.description.service_info
        self.generation = 1
        """How many instances there were, or were begun, in this session."""
        self._loading = loading
        self._home = home
        self._port = port
        self._recorder = recorder
        self._on_replaced = on_replaced
        self._instance = instance
        self._instance_port: InstancePort | None = None
        self._started = False
        self._restarts_left = loading.settings.host.restarts
        self._starting = anyio.Lock()
        loading.scrubber.tell(recorder.conceal)
        self._restarting = False

    async def start(self) -> None:
        """Make the plug-in and call `SetCallback`, its first call (T1-LIFE-01).

        Raises:
            SettingsError: the plug-in's settings are wrong.
            PartnerUnavailable: its constructor or `SetCallback` failed (T1-LIFE-13).
            StorageError: its folder cannot be made, or the transcript cannot be written.
        """
        instance = self._instance
        try:
            await self._create(instance)
            returned = await self._recorded(instance, calls.SetCallback(attached=True), None)
        except BaseException:
            instance.give_up(NOT_STARTED)
            raise
        if returned.hr.failed:
            instance.give_up(NOT_STARTED)
            raise PartnerUnavailable(
                f"SetCallback ended with {returned.hr.name}{_reason(returned)}",
                where=f"partner {self.name}",
                remedy="The plug-in was unloaded",
            )
        self._started = True

    async def stop(self) -> None:
        """Call `SetCallback(None)` (T1-LIFE-02) and end the instance.

        Raises:
            StorageError: the transcript cannot be written; the call was made all the same.
        """
        instance, started, self._started = self._instance, self._started, False
        if not started or instance.loss is not None:
            await instance.close()
            return
        witness = _Noted(self, calls.SetCallback(attached=False), None, is_owed=True)
        try:
            await instance.call(witness.call, self._loading.call_deadline, witness)
            await instance.close()
        except BaseException:
            instance.give_up(NOT_STARTED)
            raise
        witness.settle()

    async def call(
        self, call: PartnerCall, *, chain: int | None = None, generation: int | None = None
    ) -> Return:
        """Make one call; a lost instance is replaced first, within the budget.

        Args:
            call: its record.
            chain: the ledger's transaction to which it belongs.
            generation: of the instance that it is meant for, if it is meant for one alone: a
                later one does not get it.

        Returns:
            How the call ended. `Faulted` with RPC_E_SERVER_DIED_DNE means that no instance was
            there to be called; E_NOTIMPL also that the plug-in's capabilities forbid the call.
        """
        if not self._may_call(call):
            return Return(E_NOTIMPL)
        instance = await self._live()
        if instance is None:
            self._on_replaced()
            return Faulted(RPC_E_SERVER_DIED_DNE, "the plug-in is not running")
        if generation is not None and generation != self.generation:
            return Faulted(RPC_E_SERVER_DIED_DNE, "the instance that it was meant for was lost")
        self._grant(call)
        returned = await self._recorded(instance, call, chain)
        if instance.loss is not None:
            self._on_replaced()
        return returned

    @property
    def key(self) -> str:
        """The store's key, which its files carry as WM/ContentDistributor (LIB-06)."""
        return self.service_info.key

    @property
    def running(self) -> bool:
        """Whether an instance is there, or could be started."""
        if not self._started:
            return False
        return self._restarting or self._instance.loss is None or self._restarts_left > 0

    async def ensure_running(self) -> bool:
        """Replace a lost instance, within the budget; return whether one is there."""
        return await self._live() is not None

    async def _live(self) -> Instance | None:
        if self._started and not self._restarting and self._instance.loss is None:
            return self._instance
        async with self._starting:
            if not self._started:
                return None
            if self._instance.loss is None:
                return self._instance
            if not self._restarts_left:
                return None
            self._restarts_left -= 1
            _log.warning("partner.restarted", partner=self.name, restarts_left=self._restarts_left)
            self._on_replaced()
            return await self._replaced()

    async def _replaced(self) -> Instance | None:
        self._restarting = True
        self.generation += 1
        try:
            self._instance = await self._loading.load()
            await self.start()
        except PlayerHostError as error:
            _log.error("partner.restart_failed", partner=self.name, error=str(error))
            return None
        finally:
            self._restarting = False
        return self._instance

    async def _create(self, instance: Instance) -> None:
        table = self.settings.plugin
        port = self._instance_port = InstancePort(
            self.name,
            self._port,
            self._loading.scrubber,
            on_flood=lambda: instance.give_up(_FLOOD),
            note_rejection=self._recorder.answered,
        )
        making = Making(
            table=table,
            where=f"{self.settings.source}: {self.settings.key}",
            data_dir=self._make_data_dir(),
            port=port,
            scrubber=self._loading.scrubber,
            log_level=logging.getLogger(f"partner.{self.name}").getEffectiveLevel(),
            on_lost=self._note_loss,
        )
        await instance.create(making, self._loading.call_deadline)

    def _make_data_dir(self) -> Path:
        data_dir = self._home.plugin_data(self.name)
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"the folder of a plug-in cannot be made ({error.strerror})",
                where=str(data_dir),
                remedy="Mend the permissions, or choose another folder with --home",
            ) from error
        return data_dir

    async def _recorded(self, instance: Instance, call: PartnerCall, chain: int | None) -> Return:
        witness = _Noted(self, call, chain)
        returned = await instance.call(call, self._loading.call_deadline, witness)
        return witness.settle() or returned

    def _note_begin(self, call: PartnerCall, chain: int | None) -> int:
        return self._recorder.called(call, chain=chain)

    def _note_end(self, number: int, call: PartnerCall, returned: Return) -> None:
        self._recorder.returned(number, returned)
        if isinstance(returned, Faulted):
            _log.warning(
                "partner.call_faulted", partner=self.name, method=call.method, why=returned.reason
            )

    def _disconnect(self) -> None:
        if self._instance_port is not None:
            self._instance_port.disconnect()

    def _scrubbed(self, returned: Return) -> Return:
        if not isinstance(returned, Faulted):
            return returned
        return Faulted(returned.hr, self._loading.scrubber.scrub(returned.reason))

    def _note_loss(self, loss: Loss) -> None:
        if loss is NOT_STARTED:
            return  # whoever starts it has the error that says why
        reason = self._loading.scrubber.scrub(loss.reason)
        _log.warning("partner.lost", partner=self.name, why=reason)
        try:
            self._recorder.lost(reason)
        except StorageError as error:
            _log.error("transcript.incomplete", partner=self.name, error=str(error))
        self._on_replaced()

    def _may_call(self, call: PartnerCall) -> bool:
        """Whether the plug-in's capabilities permit this call (T1-REG-10, T1-LOGIN-20)."""
        needed = _needed_capability(call)
        return needed is None or needed in self.service_info.capabilities

    def _grant(self, call: PartnerCall) -> None:
        if isinstance(call, calls.Download | calls.Buy) and call.container_list is not None:
            assert self._instance_port is not None
            self._instance_port.grant_tracks(sum(len(c) for c in call.container_list))


class _Noted:
    """Writes one call into the transcript where it stands among the others; see `Witness`.

    Args:
        partner: whose call it is.
        call: the call.
        chain: the ledger's transaction to which it belongs.
        is_owed: it is the release: made also where it cannot be written down, and the last call.
    """

    def __init__(
        self, partner: ActivePartner, call: PartnerCall, chain: int | None, *, is_owed: bool = False
    ) -> None:
        self.call = call
        self._partner = partner
        self._chain = chain
        self._is_owed = is_owed
        self._number: int | None = None
        self._returned: Return | None = None
        self._fault: Exception | None = None

    def begun(self) -> None:
        """Write that it is made."""
        try:
            self._number = self._partner._note_begin(self.call, self._chain)
        except StorageError as error:
            if not self._is_owed:
                raise
            self._fault = error

    def ended(self, returned: Return) -> None:
        """Write how it ended; after the release nothing passes any more (T1-LIFE-04)."""
        if self._is_owed:
            self._partner._disconnect()
        self._returned = self._partner._scrubbed(returned)
        if self._number is None:
            return
        try:
            self._partner._note_end(self._number, self.call, self._returned)
        except Exception as error:
            self._fault = error

    def settle(self) -> Return | None:
        """Return how it ended; None where it was not made.

        Raises:
            StorageError: it could not be written down.
        """
        if self._fault is not None:
            raise self._fault
        return self._returned


def _needed_capability(call: PartnerCall) -> Capability | None:
    if isinstance(call, calls.UpdateDevice):
        return Capability.DEVICE_AVAILABLE
    if isinstance(call, calls.PartnerNotify) and call.type in BACKGROUND_NOTIFICATIONS:
        return Capability.BACKGROUND_PROCESSING
    if isinstance(call, calls.GetItemInfo) and call.info_name in ALT_LOGIN_INFO:
        return Capability.ALT_LOGIN
    return None


def _reason(returned: Return) -> str:
    return f" ({returned.reason})" if isinstance(returned, Faulted) else ""
