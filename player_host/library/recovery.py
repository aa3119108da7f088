"""Ends the publications that an earlier process began."""

from collections.abc import Callable
from pathlib import Path

from player_host.database import Database
from player_host.library.disk import FILE_FAULTS, holds, size_of, storage_error
from player_host.library.finishing import Finisher
from player_host.library.intents import Intent, all_intents, all_sweeps, drop_intent
from player_host.library.publications import Job, Publication, Recovered, Step
from player_host.library.rows import find_by_identity
from player_host.log import get_logger

_log = get_logger(__name__)


class Recovery:
    """Reads the intents of a home and ends each; made by the publisher, used once at start."""

    def __init__(self, database: Database, music: Path, finisher: Finisher) -> None:
        self._database = database
        self._music = music
        self._finisher = finisher

    def run(self, step_for: Callable[[Intent], Step]) -> list[Recovered]:
        """Finish or drop every intent, then remove the files that were noted for removal.

        An intent whose files cannot be read or written stays, with the error in its result.

        Raises:
            StorageError: the database cannot be written.
        """
        intents = all_intents(self._database)
        recovered = [self._recover_or_keep(intent, step_for) for intent in intents]
        self._finisher.sweep(all_sweeps(self._database))
        return recovered

    def _recover_or_keep(self, intent: Intent, step_for: Callable[[Intent], Step]) -> Recovered:
        try:
            return self._recover_one(intent, step_for)
        except FILE_FAULTS as error:
            _log.warning("library.intent.postponed", path=intent.path, error=str(error))
            final = self._music / intent.path
            return Recovered(intent=intent, error=storage_error(error, final))

    def _recover_one(self, intent: Intent, step_for: Callable[[Intent], Step]) -> Recovered:
        final, partial = self._music / intent.path, self._music / intent.partial
        if not holds(final, intent.size, intent.sha256):
            return self._drop(intent, final, partial)
        partial.unlink(missing_ok=True)
        publication = Publication(
            partial=partial,
            tags=intent.tags,
            origin=intent.origin,
            size=intent.size,
            sha256=intent.sha256,
            step=step_for(intent),
        )
        existing = find_by_identity(self._database, intent.identity)
        job = Job(publication=publication, intent=intent, moved=True, existing=existing)
        self._finisher.finish([job], {final.parent, partial.parent})
        _log.info("library.intent.finished", path=intent.path)
        return Recovered(
            intent=intent,
            item=job.item,
            partial_present=size_of(partial) == intent.size,
            error=job.error,
        )

    def _drop(self, intent: Intent, final: Path, partial: Path) -> Recovered:
        present = size_of(partial) == intent.size
        if present and intent.size and size_of(final) == 0:
            # The empty file that claimed the name where there are no hard links.
            final.unlink()
        with self._database.transaction() as connection:
            drop_intent(connection, intent)
        _log.info("library.intent.dropped", path=intent.path, partial_present=present)
        return Recovered(intent=intent, partial_present=present)
