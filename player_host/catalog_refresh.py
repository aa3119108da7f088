"""Fetching a partner's catalogue: `GetCatalogURL`, transfer, installation, `Notify` (T1-CAT)."""

import os
from datetime import datetime
from pathlib import Path

import anyio
import anyio.to_thread

from partner_api.calls import CatalogURLReturned, GetCatalogURL, PartnerNotify, Return
from partner_api.enums import PartnerNotification
from partner_api.hresult import E_NOTIMPL
from partner_api.variant import Variant, VarType
from player_host.catalog.store import Catalogs, InstallReport
from player_host.downloads.signals import Signal
from player_host.errors import CatalogError, PartnerCallFailed, PlayerHostError
from player_host.log import get_logger
from player_host.plugins.active import ActivePartner
from player_host.transfer.policy import CATALOG_POLICY
from player_host.transfer.request import TransferRequest
from player_host.transfer.room import TransferRoom

_log = get_logger(__name__)


class CatalogNews:
    """That the partner has a new catalogue: remembered until a refresh begins (T1-CAT-11)."""

    def __init__(self) -> None:
        self._announced = False
        self._signal = Signal()

    def announce(self) -> None:
        """Note that there is one, from any thread."""
        self._announced = True
        self._signal.fire()

    def acknowledge(self) -> None:
        """Note that a refresh begins: what was announced until now is asked for by it."""
        self._announced = False

    async def wait(self) -> None:
        """Wait until there is one, also if it was announced earlier."""
        while not self._announced:
            await self._signal.wait()


class CatalogRefresh:
    """Keeps the catalogue of the active partner up to date.

    Args:
        news: is acknowledged by every refresh.
        folder: where the file lies while it is fetched and read.
        lcid: the player's locale.
    """

    def __init__(
        self,
        partner: ActivePartner,
        catalogs: Catalogs,
        transfer: TransferRoom,
        news: CatalogNews,
        *,
        folder: Path,
        lcid: int,
    ) -> None:
        self.news = news
        self.failure: PlayerHostError | None = None
        """Why the last refresh failed, if it did."""
        self._partner = partner
        self._catalogs = catalogs
        self._transfer = transfer
        self._folder = folder
        self._lcid = lcid
        self._turn = anyio.Lock()

    async def refresh(self) -> InstallReport | None:
        """Ask for the next catalogue and take it in (T1-CAT-01 to -05, -12, -13).

        Returns:
            What was installed; None if the store has nothing new, or no catalogue at all.

        Raises:
            PartnerCallFailed: `GetCatalogURL` failed.
            TransferError, StorageError, CatalogError: the catalogue could not be brought or
                breaks a rule. The partner was told; the installed one stays.
        """
        async with self._turn:
            self.news.acknowledge()
            try:
                report = await self._refresh()
            except PlayerHostError as error:
                self.failure = error
                raise
            self.failure = None
            return report

    async def _refresh(self) -> InstallReport | None:
        answer = await self._ask()
        if answer is None:
            return None
        try:
            report = await self._take_in(answer)
        except PlayerHostError as error:
            await self._tell_failure(error)
            raise
        if report is not None:
            _log.info("catalog.installed", partner=self._partner.name, version=answer.new_version)
            await self._notify(PartnerNotification.CATALOG_DOWNLOAD_COMPLETE, Variant.empty())
        return report

    async def _ask(self) -> CatalogURLReturned | None:
        installed = self._catalogs.installed(self._partner.name)
        call = GetCatalogURL(
            self._catalogs.version_to_report(self._partner.name),
            installed.schema_version if installed else 0,
            installed.lcid if installed else self._lcid,
        )
        returned = await self._partner.call(call)
        if isinstance(returned, CatalogURLReturned):
            return returned
        if returned.hr == E_NOTIMPL:
            return None
        raise PartnerCallFailed(
            f"GetCatalogURL ended with {returned.hr.name}{_reason(returned)}",
            where=f"partner {self._partner.name}",
            hr=returned.hr,
        )

    async def _take_in(self, answer: CatalogURLReturned) -> InstallReport | None:
        expires = _expiration(answer.expiration)
        if answer.new_version == self._installed_version():
            self._catalogs.renew_expiry(self._partner.name, expires)
            return None
        return await self._bring(answer, expires)

    async def _bring(self, answer: CatalogURLReturned, expires: datetime | None) -> InstallReport:
        partial = self._folder / f"catalog-{os.getpid()}.part"
        request = TransferRequest(
            url=answer.url,
            partial=partial,
            network=self._partner.settings.host.network,
            expects_media=False,
        )
        try:
            file = await self._transfer.fetch(request, CATALOG_POLICY)
            return await anyio.to_thread.run_sync(self._install, file.path, answer, expires)
        finally:
            self._transfer.forget(partial)

    def _install(
        self, package: Path, answer: CatalogURLReturned, expires: datetime | None
    ) -> InstallReport:
        return self._catalogs.install(
            self._partner.name, package, announced_version=answer.new_version, expires=expires
        )

    def _installed_version(self) -> int | None:
        installed = self._catalogs.installed(self._partner.name)
        return installed.version if installed else None

    async def _tell_failure(self, error: PlayerHostError) -> None:
        _log.warning("catalog.failed", partner=self._partner.name, error=str(error))
        failure = PartnerNotification.CATALOG_DOWNLOAD_FAILURE
        await self._notify(failure, Variant.error(error.hr))

    async def _notify(self, kind: PartnerNotification, context: Variant) -> None:
        await self._partner.call(PartnerNotify(kind, context))


def _expiration(variant: Variant) -> datetime | None:
    """Read the expiration date (T1-CAT-04, T1-CAT-23)."""
    if variant.type is not VarType.DATE:
        raise CatalogError(
            f"pExpirationDate is {variant.type.name}, not a VT_DATE (T1-CAT-04)",
            where="GetCatalogURL",
        )
    try:
        return variant.as_datetime()
    except (ValueError, OverflowError) as error:
        raise CatalogError(
            f"pExpirationDate is out of range: {error} (T1-CAT-04)", where="GetCatalogURL"
        ) from error


def _reason(returned: Return) -> str:
    reason = getattr(returned, "reason", "")
    return f" ({reason})" if reason else ""
