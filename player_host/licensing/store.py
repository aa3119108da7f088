"""The licences that partners delivered: kept by partner and account, across sessions."""

from datetime import UTC, datetime
from typing import Final

from partner_api.licensing import License, Right
from player_host.database import Database
from player_host.errors import LicensingError

MAX_NAME_LENGTH: Final = 256
MAX_CONTENT_ID: Final = 0xFFFFFFFF


class Licenses:
    """The licence store of one home.

    Made by the Player over its database. Plug-ins reach it through `LicenseStore.Predeliver`,
    so that `deliver` runs on any thread of the host.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def deliver(self, partner: str, account: str, license: License) -> None:  # noqa: A002
        """Keep a licence; a later one for the same content takes the place of an earlier one.

        Committed when it returns, so that a `DownloadTrack` that follows finds it
        (T1-DL-17, T1-DL-33).

        Args:
            partner: the partner's key, 1 to 256 characters.
            account: the user's account with it, at most 256 characters; may be empty.
            license: within the bounds of its class; a key id is printable besides.

        Raises:
            LicensingError: a value is out of its bounds; nothing was kept.
            StorageError: the database cannot be written.
        """
        _check_scope(partner, account)
        _check_license(partner, license)
        values = (partner, account, license.content_id, license.key_id)
        terms = (_rights_text(license.rights), _time_text(license.expires), license.digest)
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO licenses (partner, account, content_id, key_id, rights, expires,"
                " digest) VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (partner, account, content_id) DO UPDATE SET"
                " key_id = excluded.key_id, rights = excluded.rights, expires = excluded.expires,"
                " digest = excluded.digest",
                values + terms,
            )

    def find(self, partner: str, account: str, content_id: int) -> License | None:
        """Return the licence for a content, or None where none was delivered."""
        if not 0 <= content_id <= MAX_CONTENT_ID:
            return None
        row = self._database.row(
            "SELECT key_id, rights, expires, digest FROM licenses"
            " WHERE partner = ? AND account = ? AND content_id = ?",
            (partner, account, content_id),
        )
        if row is None:
            return None
        return License(
            content_id=content_id,
            key_id=row["key_id"],
            rights=frozenset(Right(word) for word in row["rights"].split()),
            expires=None if row["expires"] is None else datetime.fromisoformat(row["expires"]),
            digest=row["digest"],
        )


def _check_scope(partner: str, account: str) -> None:
    if not 0 < len(partner) <= MAX_NAME_LENGTH or not _is_text(partner):
        raise _out_of_bounds("the partner's key", partner)
    if len(account) > MAX_NAME_LENGTH or not _is_text(account):
        raise _out_of_bounds("the account", partner)


def _check_license(partner: str, license: License) -> None:  # noqa: A002
    if license.key_id is not None and not _is_text(license.key_id):
        raise _out_of_bounds("the key id", f"{partner}, content {license.content_id}")


def _is_text(value: str) -> bool:
    return value.isprintable()


def _out_of_bounds(field: str, where: str) -> LicensingError:
    return LicensingError(
        f"{field} is out of its bounds",
        where=ascii(where)[1:-1][:MAX_NAME_LENGTH],
        remedy="Deliver a licence within the documented bounds",
    )


def _rights_text(rights: frozenset[Right]) -> str:
    return " ".join(sorted(right.value for right in rights))


def _time_text(moment: datetime | None) -> str | None:
    try:
        return None if moment is None else moment.astimezone(UTC).isoformat()
    except OverflowError:
        raise _out_of_bounds("the expiry", str(moment)) from None
