"""The last stage of publishing: rows and steps in one commit, then what follows from it.

Used by the publisher for files that it has just moved and by recovery for files that an
earlier process moved.
"""

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from uuid import uuid4

from player_host.clock import Clock
from player_host.database import Database
from player_host.errors import PlayerHostError, StorageError
from player_host.library.disk import (
    FILE_FAULTS,
    holds,
    move_without_overwriting,
    storage_error,
    sync_folders,
)
from player_host.library.filing import collision_key
from player_host.library.intents import (
    Intent,
    add_sweep,
    drop_intent,
    drop_sweep,
    is_owned,
    stored_path,
)
from player_host.library.publications import Job
from player_host.library.records import LibraryItem
from player_host.library.rows import insert_item
from player_host.log import get_logger

_log = get_logger(__name__)


class Finisher:
    """Commits, undoes and sweeps; holds no state of its own. Used from any thread."""

    def __init__(self, database: Database, music: Path, clock: Clock) -> None:
        self._database = database
        self._music = music
        self._clock = clock

    def finish(self, jobs: Sequence[Job], changed: set[Path]) -> None:
        """Commit rows and steps, undo what failed, remove what is needed no longer.

        Errors stay with their jobs. The file of a replaced entry is removed only if it still
        is what the entry says: one that the user altered is left where it is.

        Args:
            jobs: those without an error have their file under its final name, or need none.
            changed: folders that must reach the disk before the commit.
        """
        for job in jobs:
            self._compare_replaced(job)
        try:
            sync_folders(changed)
            with self._database.transaction(durable=True) as connection:
                for job in jobs:
                    self._commit_one(connection, job)
        except (OSError, PlayerHostError, sqlite3.Error) as error:
            _fail_all(jobs, _as_host_error(error, self._music))
        self._undo([job for job in jobs if job.error is not None and job.intent is not None])
        self._tell_kept(jobs)
        self.sweep([path for job in jobs if job.error is None for path in job.sweeps])

    def _compare_replaced(self, job: Job) -> None:
        """Find out whether the file that a new one replaces still is what its row says.

        Before the transaction, because the file is read.
        """
        old = job.existing
        if job.error is not None or job.intent is None or old is None:
            return
        if old.source_path == job.intent.path:
            return
        path = self._music / old.source_path
        if _is_what_was_filed(path, old):
            job.obsolete = old.source_path
        elif os.path.lexists(path):
            job.altered = old.source_path

    def _tell_kept(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            if job.error is None and job.altered is not None:
                _log.warning("library.altered_file_kept", path=job.altered)

    def _commit_one(self, connection: sqlite3.Connection, job: Job) -> None:
        """Write row, step and sweeps of one job, or nothing of them."""
        if job.error is not None:
            return
        connection.execute("SAVEPOINT publication")
        try:
            job.item = self._write(connection, job)
            job.publication.step(connection, job.item)
        except Exception as error:
            job.error, job.item = _as_host_error(error, self._music), None
            connection.execute("ROLLBACK TO publication")
        connection.execute("RELEASE publication")

    def _write(self, connection: sqlite3.Connection, job: Job) -> LibraryItem:
        if job.intent is None:
            if job.existing is None:
                raise StorageError("the file was not published")
            _note(connection, job, stored_path(self._music, job.publication.partial))
            return job.existing
        item = self._item(job, job.intent)
        if job.existing is not None:
            connection.execute("DELETE FROM library_items WHERE id = ?", (job.existing.id,))
            if job.obsolete is not None:
                _note(connection, job, job.obsolete)
        drop_intent(connection, job.intent)
        return insert_item(connection, item, collision_key(PurePosixPath(item.source_path)))

    def _item(self, job: Job, intent: Intent) -> LibraryItem:
        old = job.existing
        return LibraryItem(
            id=old.id if old else 0,
            source_path=intent.path,
            identity=intent.identity,
            tags=intent.tags,
            file_size=intent.size,
            sha256=intent.sha256,
            acquisition_time=self._clock.now(),
            tracking_id=old.tracking_id if old else uuid4(),
            user_rating=old.user_rating if old else 0,
        )

    def _undo(self, jobs: Sequence[Job]) -> None:
        """Take final names back and drop the intents; what cannot be undone waits for recovery."""
        undone = [job.intent for job in jobs if job.intent is not None and self._take_back(job)]
        if not undone:
            return
        try:
            with self._database.transaction() as connection:
                for intent in undone:
                    drop_intent(connection, intent)
        except StorageError as error:
            _log.warning("library.undo.postponed", error=str(error))

    def _take_back(self, job: Job) -> bool:
        if not job.moved or job.intent is None:
            return True
        final = self._music / job.intent.path
        try:
            move_without_overwriting(final, job.publication.partial)
            sync_folders({final.parent, job.publication.partial.parent})
        except OSError as error:
            _log.warning("library.undo.postponed", path=job.intent.path, error=str(error))
            return False
        return True

    def sweep(self, paths: Sequence[str]) -> None:
        """Remove noted files that nothing owns; what cannot be removed stays noted.

        Reservations are made under the same lock: a name is never given away between the
        look at its owner and the removal.
        """
        if not paths:
            return
        try:
            with self._database.transaction() as connection:
                for path in paths:
                    if is_owned(connection, path) or self._remove(path):
                        drop_sweep(connection, path)
        except StorageError as error:
            _log.warning("library.sweep.postponed", error=str(error))

    def _remove(self, path: str) -> bool:
        try:
            (self._music / path).unlink(missing_ok=True)
        except FILE_FAULTS as error:
            _log.warning("library.sweep.postponed", path=path, error=str(error))
            return False
        return True


def _is_what_was_filed(path: Path, item: LibraryItem) -> bool:
    """Return whether the file is the entry's; one that cannot be read counts as another."""
    try:
        return holds(path, item.file_size, item.sha256)
    except FILE_FAULTS:
        return False


def _note(connection: sqlite3.Connection, job: Job, path: str) -> None:
    add_sweep(connection, path)
    job.sweeps.append(path)


def _fail_all(jobs: Sequence[Job], error: Exception) -> None:
    for job in jobs:
        job.item = None
        job.error = job.error or error


def _as_host_error(error: Exception, where: Path) -> Exception:
    if isinstance(error, OSError):
        return storage_error(error, where)
    if isinstance(error, sqlite3.OperationalError):
        return StorageError(f"the database cannot be written ({error})", where=str(where))
    return error
