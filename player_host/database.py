"""`player.db`: one SQLite file per home, its migrations, and the lock around it.

Write-ahead logging with `synchronous=NORMAL` survives the death of the process; after a
power cut the last commits may be missing, never half. Where a file is published the commit
is made with `synchronous=FULL` (`transaction(durable=True)`).

One connection serves every thread under one re-entrant lock. A block that already holds a
transaction joins it, so that a caller's step and a room's rows are committed together.
"""

import shutil
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from player_host.errors import DatabaseDamaged, DatabaseTooNew, PlayerHostError, StorageError

BUSY_TIMEOUT_MS = 5_000
SQLITE_HEADER = b"SQLite format 3\x00"
_CORRUPTION: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_ANOTHER_PROGRAM: Final = "Another program holds it; end that program or wait, then start again"
_PERMISSIONS: Final = "Check the folder and its permissions"
_SPACE: Final = "Free some space or mend the permissions, then start again"
_REMEDIES: Final = {
    sqlite3.SQLITE_BUSY: _ANOTHER_PROGRAM,
    sqlite3.SQLITE_LOCKED: _ANOTHER_PROGRAM,
    sqlite3.SQLITE_PERM: _PERMISSIONS,
    sqlite3.SQLITE_CANTOPEN: _PERMISSIONS,
    sqlite3.SQLITE_READONLY: _PERMISSIONS,
}


class Database:
    """The connection to one `player.db`.

    Made by `Database.open`; used by every room, from the event loop and from the threads of
    plug-ins alike.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._connection = connection
        self._is_open = False
        self._durable = False

    @classmethod
    def open(cls, path: Path) -> "Database":
        """Open the database, make it if it is missing, and bring its schema up to date.

        Raises:
            DatabaseDamaged: the file is no sound SQLite database; it is left as it is.
            DatabaseTooNew: a later version wrote it; it is left as it is.
            StorageError: the folder cannot be written, the disk is full or fails, or another
                program holds the database.
        """
        migrations = _migrations()
        found = _inspect(path, newest=len(migrations))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.OperationalError) as error:
            raise StorageError(
                f"the database cannot be opened ({error})",
                where=str(path),
                remedy=_PERMISSIONS,
            ) from error
        connection.row_factory = sqlite3.Row
        database = cls(path, connection)
        try:
            database._configure()
            database._migrate(found, migrations)
        except sqlite3.DatabaseError as error:
            connection.close()
            raise _failed(path, error, "opened") from error
        return database

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        with self.lock:
            self._connection.close()

    def transaction(self, *, durable: bool = False) -> "Transaction":
        """Hold the lock and one write transaction; commit at the end, roll back on an error.

        Args:
            durable: reach the disk before returning, also across a power cut.

        Raises:
            RuntimeError: a durable block stands inside one that is not.
            StorageError: the disk is full or the database cannot be written.
            DatabaseDamaged: SQLite finds the database malformed while it works.
        """
        return Transaction(self, durable)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return every row of a query."""
        with self.lock:
            return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        with self.lock:
            found: sqlite3.Row | None = self._connection.execute(sql, parameters).fetchone()
            return found

    def _begin(self, durable: bool) -> bool:
        """Begin a transaction; return False inside one, which is joined."""
        if self._is_open:
            if durable and not self._durable:
                raise RuntimeError("a durable transaction inside one that is not durable")
            return False
        if durable:
            self._connection.execute("PRAGMA synchronous=FULL")
        self._is_open, self._durable = True, durable
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except BaseException as error:
            self._abandon(error)
            raise
        return True

    def _commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except BaseException as error:
            self._abandon(error)
            raise
        self._leave()

    def _abandon(self, error: BaseException) -> None:
        """Roll back after an error; raise what an error of SQLite means."""
        with suppress(sqlite3.Error):
            self._connection.execute("ROLLBACK")
        self._leave()
        if isinstance(error, sqlite3.OperationalError):
            raise _failed(self.path, error, "written") from error

    def _leave(self) -> None:
        self._is_open = False
        if self._durable:
            self._connection.execute("PRAGMA synchronous=NORMAL")

    def _configure(self) -> None:
        self._connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute("PRAGMA foreign_keys=ON")

    def _migrate(self, found: int, migrations: Sequence[str]) -> None:
        if found == len(migrations):
            return
        if found:
            self._back_up(found)
        with self.transaction(durable=True) as connection:
            # Another process may have migrated while this one waited for the lock.
            present = connection.execute("PRAGMA user_version").fetchone()[0]
            for script in migrations[present:]:
                for statement in _statements(script):
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version={len(migrations)}")

    def _back_up(self, version: int) -> None:
        target = self.path.with_name(f"{self.path.name}.v{version}.bak")
        with sqlite3.connect(target) as copy:
            self._connection.backup(copy)
        copy.close()
        shutil.copymode(self.path, target)


class Transaction:
    """One `with` block of `Database.transaction`.

    A class, because a generator would cost as much as SQLite does.
    """

    __slots__ = ("_database", "_durable", "_joins")

    def __init__(self, database: Database, durable: bool) -> None:
        self._database = database
        self._durable = durable
        self._joins = False

    def __enter__(self) -> sqlite3.Connection:
        """Take the lock, and begin what is not joined."""
        database = self._database
        database.lock.acquire()
        try:
            self._joins = not database._begin(self._durable)
        except BaseException:
            database.lock.release()
            raise
        return database._connection

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Commit, or roll back, and let go of the lock."""
        try:
            if self._joins:
                return
            if error is None:
                self._database._commit()
            else:
                self._database._abandon(error)
        finally:
            self._database.lock.release()


def _inspect(path: Path, *, newest: int) -> int:
    """Return the schema version of the file, 0 for none, without changing a byte of it."""
    try:
        if not path.exists() or path.stat().st_size == 0:
            return 0
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise StorageError(
            f"the database cannot be read ({error.strerror})",
            where=str(path),
            remedy=_PERMISSIONS,
        ) from error
    if len(header) < 100 or not header.startswith(SQLITE_HEADER):
        raise _damaged(path, "it does not begin as an SQLite database does")
    try:
        version, verdict = _examine(path)
    except sqlite3.DatabaseError as error:
        raise _failed(path, error, "read") from error
    if version > newest:
        raise DatabaseTooNew(
            f"the database has schema version {version}; this program knows up to {newest}",
            where=str(path),
            remedy="Use the newer program, or another home folder; the file was left as it is",
        )
    if verdict != "ok":
        raise _damaged(path, verdict)
    return version


def _examine(path: Path) -> tuple[int, str]:
    """Return the schema version and the verdict of SQLite's own check."""
    patience_s = BUSY_TIMEOUT_MS / 1_000
    with closing(sqlite3.connect(_looking_only(path), patience_s, uri=True)) as connection:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        verdict: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    return version, verdict


def _looking_only(path: Path) -> str:
    """Return a URI that reads without leaving files beside the database.

    A write-ahead log that a dead process left has to be read with it; then they are there anyway.
    """
    log = path.with_name(f"{path.name}-wal")
    immutable = "" if log.exists() and log.stat().st_size else "&immutable=1"
    return f"{path.absolute().as_uri()}?mode=ro{immutable}"


def _failed(path: Path, error: sqlite3.DatabaseError, done: str) -> PlayerHostError:
    """Return what an error of SQLite means: damage only where SQLite says so."""
    # An error that the module itself raises has no code; the low byte is the primary one.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    # Some versions report a malformed schema with the general code.
    if code in _CORRUPTION or "malformed" in str(error):
        return _damaged(path, error)
    return StorageError(
        f"the database cannot be {done} ({error})",
        where=str(path),
        remedy=_REMEDIES.get(code, _SPACE),
    )


def _damaged(path: Path, cause: object) -> DatabaseDamaged:
    return DatabaseDamaged(
        f"the database is damaged ({cause})",
        where=str(path),
        remedy="Restore a copy, or move the file away to begin anew; it was left as it is",
    )


def _migrations() -> tuple[str, ...]:
    folder = resources.files("player_host") / "migrations"
    scripts = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return tuple(script.read_text("utf-8") for script in scripts)


def _statements(script: str) -> Iterator[str]:
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
