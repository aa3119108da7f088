"""Brings verified partials into the Music folder and the library, all or nothing.

The order, for a whole batch at a time (T1-DL-25, T1-DL-26, LIB-27):

1. the intents are committed: reserved path, size, digest, partial, origin;
2. each partial gets its final name, never one that is taken;
3. the folders that changed are made durable;
4. one durable commit: library row, the caller's step, the intent's end, and a note of every
   file that is needed no longer;
5. the noted files are removed, then the notes.

A process may die between any two of these; `Publisher.recover` ends what was begun. So no
file under a final name is incomplete, and no row lacks its file.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from player_host.clock import Clock
from player_host.database import Database
from player_host.errors import PlayerHostError, StorageError
from player_host.library.disk import (
    FILE_FAULTS,
    holds,
    make_folders,
    move_without_overwriting,
    size_of,
    storage_error,
)
from player_host.library.filing import UNKNOWN_TITLE
from player_host.library.finishing import Finisher
from player_host.library.intents import Intent, Reservation, drop_intent, reserve, stored_path
from player_host.library.publications import Job, Publication, Recovered, Step, batches
from player_host.library.records import Identity, LibraryItem, MediaTags, Origin
from player_host.library.recovery import Recovery
from player_host.library.rows import find_by_identity
from player_host.units import ByteCount

__all__ = ["Intent", "Publication", "Publisher", "Recovered", "Step"]

MAX_RESERVATIONS: Final = 8


class Publisher:
    """Publishes files; one per home, used from any thread.

    Threads run side by side, except that two publications of one purchase wait for each
    other. Never call it with a database transaction open: its commits would not be commits.

    Args:
        database: the home's database.
        music: the Music folder; partials lie below it, on the same file system.
        clock: gives `AcquisitionTime`.
    """

    def __init__(self, database: Database, music: Path, clock: Clock) -> None:
        self._database = database
        self._music = music
        self._finisher = Finisher(database, music, clock)
        self._claimed: set[Identity] = set()
        self._released = threading.Condition()

    def publish(
        self,
        partial: Path,
        tags: MediaTags,
        origin: Origin,
        *,
        size: ByteCount,
        sha256: str,
        step: Step,
        fallback_title: str = UNKNOWN_TITLE,
    ) -> LibraryItem:
        """Publish one file; see `Publication` for the arguments.

        Called by the driver of transactions when a transfer is verified and its licence fits,
        on a worker thread; blocks for a few file operations and two durable commits.

        Returns:
            The library's entry. If the same purchase is in the library already, with the same
            bytes, that entry: the partial is removed and the step runs with it. A purchase
            whose bytes changed replaces the entry and the old file; an old file that is no
            longer what the entry says, because the user altered it, is left where it is.

        Raises:
            StorageError: disk full (`HRESULT_FROM_WIN32(ERROR_DISK_FULL)`), no permission
                (`E_ACCESSDENIED`), the partial is missing or has another size, the file system's
                encoding cannot hold the name (`HRESULT_FROM_WIN32(ERROR_INVALID_NAME)`). The
                partial is kept; nothing is left under a final name.
            Exception: whatever the step raised; the publication was undone.
        """
        (result,) = self.publish_many(
            [
                Publication(
                    partial=partial,
                    tags=tags,
                    origin=origin,
                    size=size,
                    sha256=sha256,
                    step=step,
                    fallback_title=fallback_title,
                )
            ]
        )
        if isinstance(result, Exception):
            raise result
        return result

    def publish_many(self, publications: Sequence[Publication]) -> list[LibraryItem | Exception]:
        """Publish files with shared commits and folder synchronisation, 256 at a time.

        Returns:
            For each publication, in order, its entry or the exception that `publish` would have
            raised; the failure of one leaves the others alone.
        """
        results: list[LibraryItem | Exception] = []
        for batch in batches(publications):
            with self._claims({publication.identity for publication in batch}):
                results += self._publish_batch(batch)
        return results

    def recover(self, step_for: Callable[[Intent], Step]) -> list[Recovered]:
        """End what an earlier process began. Call once at start, before anything is published.

        A file that already has its final name is finished, with the caller's step; an intent
        without it is dropped, and the caller publishes the partial again if it is there. One
        whose files cannot be read stays for the next start; its result holds the error.

        Args:
            step_for: gives the caller's own writes for a file that is to be finished.

        Raises:
            StorageError: the database cannot be read or written.
        """
        return Recovery(self._database, self._music, self._finisher).run(step_for)

    @contextmanager
    def _claims(self, identities: set[Identity]) -> Iterator[None]:
        with self._released:
            self._released.wait_for(lambda: self._claimed.isdisjoint(identities))
            self._claimed |= identities
        try:
            yield
        finally:
            with self._released:
                self._claimed -= identities
                self._released.notify_all()

    def _publish_batch(self, batch: Sequence[Publication]) -> list[LibraryItem | Exception]:
        jobs = [Job(publication=publication) for publication in batch]
        for job in jobs:
            self._guarded(job, self._inspect)
        self._reserve(jobs)
        changed: set[Path] = set()
        for job in jobs:
            self._guarded(job, lambda job: self._move(job, changed))
        self._finisher.finish(jobs, changed)
        return [job.result for job in jobs]

    def _guarded(self, job: Job, act: Callable[[Job], None]) -> None:
        """Run one stage of one job; its failure stays with the job."""
        if job.error is not None:
            return
        try:
            act(job)
        except FILE_FAULTS as error:
            job.error = storage_error(error, job.publication.partial)
        except PlayerHostError as error:
            job.error = error

    def _inspect(self, job: Job) -> None:
        """Check the partial, and look for the same purchase in the library."""
        publication = job.publication
        if size_of(publication.partial) != publication.size:
            raise StorageError(
                f"the partial file is not the one of {publication.size} bytes that was verified",
                where=str(publication.partial),
                remedy="Resume, so that it is transferred again",
            )
        job.existing = find_by_identity(self._database, publication.identity)
        if job.existing is not None:
            at = self._music / job.existing.source_path
            job.duplicate = holds(at, publication.size, publication.sha256)

    def _reserve(self, jobs: Sequence[Job]) -> None:
        """Commit an intent for every job that will move a file."""
        waiting = [job for job in jobs if job.error is None and not job.duplicate]
        if not waiting:
            return
        try:
            with self._database.transaction(durable=True) as connection:
                for job in waiting:
                    self._guarded(job, lambda job: self._reserve_one(connection, job))
        except StorageError as error:
            for job in waiting:
                job.intent, job.error = None, error

    def _reserve_one(self, connection: sqlite3.Connection, job: Job) -> None:
        publication = job.publication
        wanted = Reservation(
            partial=stored_path(self._music, publication.partial),
            tags=publication.tags,
            origin=publication.origin,
            size=publication.size,
            sha256=publication.sha256,
            fallback_title=publication.fallback_title,
            replaced=job.existing,
        )
        job.intent = reserve(connection, self._music, wanted)

    def _move(self, job: Job, changed: set[Path]) -> None:
        """Give a partial its final name; a foreign file that took it meanwhile is left alone."""
        for _ in range(MAX_RESERVATIONS):
            if job.intent is None:
                return
            target = self._music / job.intent.path
            changed |= make_folders(target.parent, self._music)
            try:
                move_without_overwriting(job.publication.partial, target)
            except FileExistsError:
                self._reserve_again(job)
                continue
            job.moved = True
            # Not the partial's folder: its old name, should it come back, is swept at the start.
            changed.add(target.parent)
            return
        raise StorageError(
            "other programs keep taking the file's name",
            where=str(self._music),
            remedy="Stop what else writes into the Music folder, then download it again",
        )

    def _reserve_again(self, job: Job) -> None:
        if job.intent is None:
            return
        with self._database.transaction(durable=True) as connection:
            drop_intent(connection, job.intent)
            self._reserve_one(connection, job)
