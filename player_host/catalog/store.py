"""The installed catalogues: which version each partner has, and how a new one takes its place."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from attrs import frozen

from player_host.catalog.findings import CatalogWarning, refusal
from player_host.catalog.manifest import Manifest, UpdateRefusedError, update_refusal
from player_host.catalog.package import Package
from player_host.catalog.queries import CatalogQueries
from player_host.catalog.staging import StagedCatalog, staged
from player_host.clock import Clock
from player_host.database import Database
from player_host.log import get_logger

ERROR_REVISION_MISMATCH = 1306

_log = get_logger(__name__)


@frozen
class InstalledCatalog:
    """The catalogue in use, as `GetCatalogVersion` reports it (T1-CAT-14).

    Attributes:
        version: the store's number, 1 or more.
        schema_version: the generation of the format.
        lcid: the locale of its texts.
        expires: when the partner is asked again, UTC; None for never.
    """

    version: int
    schema_version: int
    lcid: int
    expires: datetime | None


@frozen
class InstallReport:
    """What an installation brought.

    Attributes:
        installed: the catalogue now in use.
        counts: how many rows each table has: `tracks`, `albums`, `artists`, `genres`,
            `subgenres`, `lists`, `list items`, `radios`.
        warnings: recommendations that the store does not follow, the first 1000.
        warning_count: how many there are.
        is_compressed: whether the file was the compressed form, as it should be (T1-CAT-17).
    """

    installed: InstalledCatalog
    counts: Mapping[str, int]
    warnings: tuple[CatalogWarning, ...]
    warning_count: int
    is_compressed: bool


class Catalogs(CatalogQueries):
    """The catalogues of all partners, in `player.db`.

    One per Player. Safe from every thread; `install` takes seconds for a large catalogue and
    belongs on a thread of its own.

    Args:
        database: `player.db`.
        clock: where the time is read.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database)
        self._clock = clock
        self._quiet: set[str] = set()

    def installed(self, partner: str) -> InstalledCatalog | None:
        """Return the catalogue in use, or None; None is version 0 for a partner (T1-CAT-02)."""
        row = self._database.row(
            "SELECT version, schema_version, lcid, expires FROM catalog WHERE partner = ?",
            (partner,),
        )
        if row is None:
            return None
        expires = datetime.fromisoformat(row["expires"]) if row["expires"] else None
        return InstalledCatalog(row["version"], row["schema_version"], row["lcid"], expires)

    def version_to_report(self, partner: str) -> int:
        """Return the version that the next `GetCatalogURL` passes.

        That is 0 without a catalogue (T1-CAT-02), and after an update that could not be
        applied, so that the partner offers a full catalogue (T1-CAT-20).
        """
        row = self._database.row(
            "SELECT version, full_wanted FROM catalog WHERE partner = ?", (partner,)
        )
        if row is None or row["full_wanted"]:
            return 0
        version: int = row["version"]
        return version

    def due(self, partner: str, now: datetime) -> bool:
        """Return whether the partner is to be asked for its catalogue (T1-CAT-05).

        It is without a catalogue, and when the expiry date has come. A date that was past
        already when the partner named it means the next start of the Player, so that nothing
        asks in a loop (T1-CAT-23).

        Args:
            partner: the partner's key.
            now: aware.
        """
        if partner in self._quiet:
            return False
        installed = self.installed(partner)
        if installed is None:
            return True
        return installed.expires is not None and installed.expires <= now

    def install(
        self, partner: str, package: Path, *, announced_version: int, expires: datetime | None
    ) -> InstallReport:
        """Check a package and put it in the place of the partner's catalogue.

        Called by the Player when a catalogue was downloaded, before it sends
        `wmpsnCatalogDownloadComplete` (T1-CAT-25). All rows change in one transaction; on any
        error the installed catalogue stays as it is. A lower version is taken in as well
        (T1-CAT-21).

        Args:
            partner: the partner's key.
            package: the downloaded file, full catalogue, any name.
            announced_version: what `GetCatalogURL` answered as new version.
            expires: what it answered as expiration date, aware; None for never.

        Returns:
            What is in use now, and what was found.

        Raises:
            CatalogError: the package or a rule is broken, the version is another than
                announced (T1-CAT-03), or it is an update (T1-CAT-20); `hr` is for
                `wmpsnCatalogDownloadFailure` (T1-CAT-13).
            StorageError: the disk is full.
        """
        try:
            with Package.open(package) as opened:
                _check_version(opened.manifest, announced_version, package.name)
                with staged(opened) as catalog:
                    report = self._replace(partner, catalog, expires)
        except UpdateRefusedError as update:
            self._want_full(partner)
            raise update_refusal(package.name) from update
        _log.info(
            "catalog.installed",
            partner=partner,
            version=report.installed.version,
            tracks=report.counts["tracks"],
            warnings=report.warning_count,
        )
        return report

    def renew_expiry(self, partner: str, expires: datetime | None) -> None:
        """Keep the catalogue and note the new expiration date (T1-CAT-18).

        Called by the Player when `GetCatalogURL` answered with the version in use.

        Args:
            partner: the partner's key.
            expires: aware; None for never.
        """
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE catalog SET expires = ? WHERE partner = ?", (_stored(expires), partner)
            )
        self._note_answer(partner, expires, installed=self.installed(partner) is not None)

    def _replace(
        self, partner: str, catalog: StagedCatalog, expires: datetime | None
    ) -> InstallReport:
        manifest = catalog.manifest
        now = self._clock.now()
        with self._database.transaction() as connection:
            catalog.copy(connection, partner)
            connection.execute(
                "REPLACE INTO catalog"
                " (partner, version, schema_version, lcid, expires, installed)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    partner,
                    manifest.version,
                    manifest.schema_version,
                    manifest.lcid,
                    _stored(expires),
                    _stored(now),
                ),
            )
        self._note_answer(partner, expires, installed=True)
        return InstallReport(
            InstalledCatalog(manifest.version, manifest.schema_version, manifest.lcid, expires),
            catalog.counts,
            catalog.warnings,
            catalog.warning_count,
            catalog.is_compressed,
        )

    def _note_answer(self, partner: str, expires: datetime | None, *, installed: bool) -> None:
        past = expires is not None and expires <= self._clock.now()
        if past or not installed:
            self._quiet.add(partner)
        else:
            self._quiet.discard(partner)

    def _want_full(self, partner: str) -> None:
        with self._database.transaction() as connection:
            connection.execute("UPDATE catalog SET full_wanted = 1 WHERE partner = ?", (partner,))


def _check_version(manifest: Manifest, announced_version: int, where: str) -> None:
    if manifest.version == announced_version:
        return
    what = f"the catalogue has version {manifest.version}; {announced_version} was announced"
    raise refusal(what, "T1-CAT-03", where=where, win32=ERROR_REVISION_MISMATCH)


def _stored(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
