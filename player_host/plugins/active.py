"""The active partner: one plug-in instance at a time, its calls recorded, replaced when it dies.

Every call into the plug-in goes through `ActivePartner.call`, which writes the transcript, keeps
the deadline, and starts a new instance when the last one was lost, within a budget.
"""

from collections.abc import Callable
from logging import getLogger
from pathlib import Path
from typing import Any, Final

import anyio
from attrs import evolve, frozen

from partner_api import calls
from partner_api.calls import Call, Faulted, PartnerCall, Return
from partner_api.content import ContentContainerList
from partner_api.hresult import RPC_E_SERVER_DIED_DNE
from partner_api.partner import ContentPartner, PartnerContext
from player_host.database import Database
from player_host.errors import PartnerUnavailable, PlayerHostError, SettingsError, StorageError
from player_host.log import get_logger
from player_host.plugins.apartment import Apartment
from player_host.plugins.callback import CallbackPort, HostCallback, HostLicenseStore
from player_host.plugins.discovery import PluginRecord
from player_host.settings import Home, PartnerSettings, structure_settings
from player_host.transcript import TranscriptWriter

RESTART_BUDGET: Final = 3

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

    def close(self) -> None:
        """End the transcript."""
        with self.database.lock:
            self.transcript.close()


class ActivePartner:
    """The one partner of a session (T1-LIFE-06).

    Args:
        record: a plug-in that is ready.
        settings: what `partners.toml` says about it.
        home: where its data folder is.
        port: answers its calls.
        recorder: writes the transcript.
        on_replaced: told, on the event loop, that an instance was lost, with every cookie that
            it knew: as soon as a call shows it, and before a new one gets its first call.
    """

    def __init__(
        self,
        record: PluginRecord,
        settings: PartnerSettings,
        home: Home,
        port: CallbackPort,
        recorder: Recorder,
        on_replaced: Callable[[], None],
    ) -> None:
        self.name = record.name
        self.record = record
        self.settings = settings
        self._home = home
        self._port = port
        self._recorder = recorder
        self._on_replaced = on_replaced
        self._apartment: Apartment | None = None
        self._restarts_left = RESTART_BUDGET
        self._starting = anyio.Lock()

    async def start(self) -> None:
        """Make the plug-in and call `SetCallback`, its first call (T1-LIFE-01).

        Raises:
            SettingsError: the plug-in's settings are wrong.
            PartnerUnavailable: its constructor or `SetCallback` failed (T1-LIFE-13).
            StorageError: its folder cannot be made, or the transcript cannot be written.
        """
        apartment = await self._make_apartment()
        try:
            returned = await self._recorded(apartment, calls.SetCallback(attached=True), None)
        except BaseException:
            apartment.give_up()
            raise
        if returned.hr.failed:
            apartment.give_up()
            raise PartnerUnavailable(
                f"SetCallback ended with {returned.hr.name}{_reason(returned)}",
                where=f"partner {self.name}",
                remedy="The plug-in was unloaded",
            )
        self._apartment = apartment

    async def stop(self) -> None:
        """Call `SetCallback(None)` (T1-LIFE-02) and let the threads end.

        Raises:
            StorageError: the transcript cannot be written; the call was made all the same.
        """
        apartment, self._apartment = self._apartment, None
        if apartment is None or apartment.dead:
            return
        call = calls.SetCallback(attached=False)
        try:
            number = self._recorder.called(call)
        finally:
            returned = await apartment.call(call, self.settings.host.call_deadline)
            apartment.callback.disconnect()
            apartment.close()
        self._note_end(number, call, returned)

    async def call(self, call: PartnerCall, *, chain: int | None = None) -> Return:
        """Make one call; a lost instance is replaced first, within the budget.

        Returns:
            How the call ended. `Faulted` with RPC_E_SERVER_DIED_DNE means that no instance was
            there to be called.
        """
        apartment = await self._live()
        if apartment is None:
            self._on_replaced()
            return Faulted(RPC_E_SERVER_DIED_DNE, "the plug-in is not running")
        returned = await self._recorded(apartment, self._observed(call, apartment), chain)
        if apartment.dead:
            self._on_replaced()
        return returned

    @property
    def key(self) -> str:
        """The store's key, which its files carry as WM/ContentDistributor (LIB-06)."""
        assert self.record.service_info is not None
        return self.record.service_info.key

    @property
    def running(self) -> bool:
        """Whether an instance is there, or could be started."""
        if self._apartment is None:
            return False
        return not self._apartment.dead or self._restarts_left > 0

    async def ensure_running(self) -> bool:
        """Replace a lost instance, within the budget; return whether one is there."""
        return await self._live() is not None

    async def _live(self) -> Apartment | None:
        async with self._starting:
            if self._apartment is None or not self._apartment.dead:
                return self._apartment
            if not self._restarts_left:
                return None
            self._restarts_left -= 1
            _log.warning("partner.restarted", partner=self.name, restarts_left=self._restarts_left)
            self._on_replaced()
            try:
                await self.start()
            except PlayerHostError as error:
                _log.error("partner.restart_failed", partner=self.name, error=str(error))
                return None
            return self._apartment

    async def _recorded(self, apartment: Apartment, call: PartnerCall, chain: int | None) -> Return:
        number = self._recorder.called(call, chain=chain)
        returned = await apartment.call(call, self.settings.host.call_deadline)
        self._note_end(number, call, returned)
        return returned

    def _note_end(self, number: int, call: PartnerCall, returned: Return) -> None:
        self._recorder.returned(number, returned)
        if isinstance(returned, Faulted):
            _log.warning(
                "partner.call_faulted", partner=self.name, method=call.method, why=returned.reason
            )

    async def _make_apartment(self) -> Apartment:
        partner_class = self.record.partner_class
        info = self.record.service_info
        assert partner_class is not None
        assert info is not None
        callback = HostCallback(self._port)
        data_dir = self._make_data_dir()

        def make() -> ContentPartner[Any]:
            return partner_class(self._context(partner_class, callback, data_dir))

        apartment = Apartment(self.name, make, info.threading_model, callback)
        try:
            await apartment.start(self.settings.host.call_deadline)
        except BaseException:
            apartment.give_up()
            raise
        return apartment

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

    def _context(
        self, partner_class: type[ContentPartner[Any]], callback: HostCallback, data_dir: Path
    ) -> PartnerContext[Any]:
        """Make the context on the plug-in's thread: its settings class runs code of its own."""
        return PartnerContext(
            settings=self._plugin_settings(partner_class),
            licenses=HostLicenseStore(callback),
            data_dir=data_dir,
            log=getLogger(f"partner.{self.name}"),
        )

    def _plugin_settings(self, partner_class: type[ContentPartner[Any]]) -> object:
        kind = getattr(partner_class, "Settings", None)
        where = f"{self.settings.source}: {self.settings.key}"
        if kind is None:
            if self.settings.plugin:
                raise SettingsError("this plug-in has no settings", where=where)
            return None
        return structure_settings(kind, dict(self.settings.plugin), where=where)

    def _observed(self, call: PartnerCall, apartment: Apartment) -> PartnerCall:
        """Let the container list of a call report bad indexes (T1-CON-08)."""
        observed = {
            name: value.observed(apartment.callback.report_misuse)
            for name in calls.argument_names(type(call))
            if isinstance(value := getattr(call, name), ContentContainerList)
        }
        return evolve(call, **observed) if observed else call


def _reason(returned: Return) -> str:
    return f" ({returned.reason})" if isinstance(returned, Faulted) else ""
