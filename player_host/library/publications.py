"""What is published, and how far each publication has come."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from attrs import define, field, frozen

from player_host.errors import StorageError
from player_host.library.filing import UNKNOWN_TITLE
from player_host.library.intents import Intent
from player_host.library.records import Identity, LibraryItem, MediaTags, Origin
from player_host.units import ByteCount

BATCH_SIZE: Final = 256

Step = Callable[[sqlite3.Connection, LibraryItem], None]


@frozen(kw_only=True)
class Publication:
    """One file to publish.

    Attributes:
        partial: the verified, durable file in the Music folder's `.incoming`.
        tags: what `read_tags` said of it.
        origin: the plug-in's key and the store's track id.
        size: bytes; must be the size of the partial.
        sha256: lower-case hexadecimal digest of the partial, as the transfer found it.
        step: the caller's own writes, committed together with the library row. Runs on the
            publishing thread inside the transaction; it must be quick and take no lock.
        fallback_title: names a file whose tags have no title.
    """

    partial: Path
    tags: MediaTags = field(repr=False)
    origin: Origin
    size: ByteCount
    sha256: str
    step: Step = field(repr=False)
    fallback_title: str = UNKNOWN_TITLE

    @property
    def identity(self) -> Identity:
        """What makes the purchase the same as another."""
        return Identity.of(self.tags, self.origin)


@frozen(kw_only=True)
class Recovered:
    """How an intent ended that an earlier process left.

    Attributes:
        intent: what was begun.
        item: the library's entry if the publication was finished; None if it was dropped.
        partial_present: after a drop, whether the partial is still there to publish again.
        error: why a file that had its name could not be finished; or why nothing could be told
            of the file, and then the intent stays for the next start.
    """

    intent: Intent
    item: LibraryItem | None = None
    partial_present: bool = False
    error: Exception | None = None


@define(kw_only=True)
class Job:
    """A publication on its way; the fields after `publication` are filled in as it goes.

    Attributes:
        existing: the library's entry for the same purchase.
        duplicate: its file has the same bytes, so that no second file is needed.
        intent: what was committed before the move.
        moved: the file has its final name.
        item: the new entry, or the existing one.
        error: why it failed; everything done for it is undone.
        obsolete: path of the replaced entry's file, which is what its row said; to be removed.
        altered: path of the replaced entry's file, which is something else; to be left alone.
        sweeps: files noted for removal.
    """

    publication: Publication
    existing: LibraryItem | None = None
    duplicate: bool = False
    intent: Intent | None = None
    moved: bool = False
    item: LibraryItem | None = None
    error: Exception | None = None
    obsolete: str | None = None
    altered: str | None = None
    sweeps: list[str] = field(factory=list)

    @property
    def result(self) -> LibraryItem | Exception:
        """The entry, or why there is none."""
        if self.item is not None and self.error is None:
            return self.item
        return self.error or StorageError("the file was not published")


def batches(publications: Sequence[Publication]) -> Iterator[list[Publication]]:
    """Yield batches of bounded size in which no purchase occurs twice."""
    batch: list[Publication] = []
    identities: set[Identity] = set()
    for publication in publications:
        if len(batch) == BATCH_SIZE or publication.identity in identities:
            yield batch
            batch, identities = [], set()
        batch.append(publication)
        identities.add(publication.identity)
    if batch:
        yield batch
