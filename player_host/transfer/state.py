"""Which bytes the partial files hold: rows that outlive the process.

A row speaks of the file at its path. It is committed once it is worth it, and removed before
other bytes take the place of those that it speaks of, so that a row never vouches for
bytes of another version.
"""

from pathlib import Path

from attrs import frozen

from player_host.clock import Clock
from player_host.database import Database
from player_host.transfer.digests import Digest, as_text, from_text
from player_host.transfer.validators import Validators
from player_host.units import ByteCount


@frozen
class PartialState:
    """What a row says: the URL's digest, the version, the whole length if it is known.

    `sha256` is there once the file is whole; `digests` are those that the server announced, and
    those that the store had declared when the file was begun.
    """

    url_digest: str
    validators: Validators
    total: ByteCount | None
    sha256: str | None = None
    digests: tuple[Digest, ...] = ()


class PartialStates:
    """The table of partial files.

    Which files have a row is read once: no other process has a part in the same partial file.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: set[str] | None = None

    def find(self, partial: Path) -> PartialState | None:
        """Return what is known about a partial file."""
        if not self._has_row(partial):
            return None
        row = self._database.row(
            "SELECT url_digest, etag, last_modified, total, sha256, digests"
            " FROM transfer_partials WHERE path = ?",
            (_key(partial),),
        )
        if row is None:
            return None
        return PartialState(
            url_digest=row["url_digest"],
            validators=Validators(row["etag"], row["last_modified"]),
            total=row["total"],
            sha256=row["sha256"],
            digests=from_text(row["digests"]),
        )

    def save(self, partial: Path, state: PartialState) -> None:
        """Commit what a partial file holds.

        Raises:
            StorageError: the database cannot be written.
        """
        validators = state.validators
        self._rows().add(_key(partial))
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO transfer_partials"
                " (path, url_digest, etag, last_modified, total, sha256, digests, updated_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    _key(partial),
                    state.url_digest,
                    validators.etag,
                    validators.last_modified,
                    state.total,
                    state.sha256,
                    as_text(state.digests),
                    self._clock.now().isoformat(),
                ),
            )

    def drop(self, partial: Path) -> None:
        """Forget what was known about a partial file; nothing happens where nothing was.

        Raises:
            StorageError: the database cannot be written.
        """
        if not self._has_row(partial):
            return
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM transfer_partials WHERE path = ?", (_key(partial),))
        self._rows().discard(_key(partial))

    def prune(self) -> None:
        """Forget the rows whose files are gone: published, or deleted by somebody."""
        rows = self._database.rows("SELECT path FROM transfer_partials")
        gone = [(row["path"],) for row in rows if not Path(row["path"]).exists()]
        if not gone:
            return
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM transfer_partials WHERE path = ?", gone)
        self._known = None

    def _has_row(self, partial: Path) -> bool:
        return _key(partial) in self._rows()

    def _rows(self) -> set[str]:
        if self._known is None:
            rows = self._database.rows("SELECT path FROM transfer_partials")
            self._known = {row["path"] for row in rows}
        return self._known


def _key(partial: Path) -> str:
    return str(partial.absolute())
