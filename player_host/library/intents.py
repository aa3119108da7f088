"""The rows that make publishing safe: what is about to get a name, what is to be removed."""

import os
import sqlite3
from collections.abc import Iterator
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Final, cast

from attrs import field, frozen

from player_host.database import Database
from player_host.errors import StorageError
from player_host.library.filing import collision_key, library_path, numbered
from player_host.library.records import Identity, LibraryItem, MediaTags, Origin
from player_host.library.rows import tags_from_text, tags_to_text
from player_host.units import ByteCount

MAX_NUMBERED_NAMES: Final = 64

_OWNERS: Final = (
    "SELECT id, 0 AS is_intent FROM library_items WHERE path_key = ?1"
    " UNION ALL SELECT id, 1 FROM library_intents WHERE path_key = ?1"
)


@frozen(kw_only=True)
class Intent:
    """A publication that was begun.

    Attributes:
        id: row number.
        path: the reserved final path, relative to the Music folder, with "/".
        partial: where the verified partial lay; relative to the Music folder, or absolute.
        size: bytes.
        sha256: lower-case hexadecimal digest.
        origin: the plug-in's key and the store's track id.
        tags: what the row will say.
        replaces: path of the file that this one takes the place of, or None.
    """

    id: int
    path: str
    partial: str
    size: ByteCount
    sha256: str
    origin: Origin
    tags: MediaTags = field(repr=False)
    replaces: str | None = None

    @property
    def identity(self) -> Identity:
        """What makes the purchase the same as another."""
        return Identity.of(self.tags, self.origin)


@frozen(kw_only=True)
class Reservation:
    """What `reserve` needs to know about a file."""

    partial: str
    tags: MediaTags
    origin: Origin
    size: ByteCount
    sha256: str
    fallback_title: str
    replaced: LibraryItem | None


def reserve(connection: sqlite3.Connection, music: Path, wanted: Reservation) -> Intent:
    """Choose a free final path and write the intent; the caller commits.

    A path is taken if the library, another intent or any file has it, with or without regard
    to case and normalisation.

    Raises:
        StorageError: no name is free.
        OSError: the folder cannot be looked into.
        UnicodeEncodeError: the file system's encoding cannot hold the path.
    """
    replaced = wanted.replaced
    for path in _candidates(wanted):
        if _is_free(connection, music, path, replaced):
            return _insert(connection, wanted, path)
    raise StorageError(
        "no free file name was found",
        where=str(music / library_path(wanted.tags, fallback_title=wanted.fallback_title)),
        remedy="Move some of the files with this name elsewhere",
    )


def all_intents(database: Database) -> list[Intent]:
    """Return the intents, oldest first."""
    rows = database.rows("SELECT * FROM library_intents ORDER BY id")
    return [_intent_from_row(row) for row in rows]


def drop_intent(connection: sqlite3.Connection, intent: Intent) -> None:
    """Delete an intent; the caller commits."""
    connection.execute("DELETE FROM library_intents WHERE id = ?", (intent.id,))


def add_sweep(connection: sqlite3.Connection, path: str) -> None:
    """Note a file that is to be removed after the commit; the caller commits."""
    connection.execute("INSERT OR IGNORE INTO library_sweeps (path) VALUES (?)", (path,))


def drop_sweep(connection: sqlite3.Connection, path: str) -> None:
    """Forget a file that was removed; the caller commits."""
    connection.execute("DELETE FROM library_sweeps WHERE path = ?", (path,))


def all_sweeps(database: Database) -> list[str]:
    """Return the files that are to be removed."""
    return [row["path"] for row in database.rows("SELECT path FROM library_sweeps ORDER BY path")]


def is_owned(connection: sqlite3.Connection, path: str) -> bool:
    """Return whether a row or an intent has the path."""
    key = collision_key(PurePosixPath(path))
    return connection.execute(_OWNERS, (key,)).fetchone() is not None


def stored_path(music: Path, partial: Path) -> str:
    """Return a path as the database keeps it: a home folder can be moved."""
    if partial.is_relative_to(music):
        return partial.relative_to(music).as_posix()
    return str(partial.absolute())


def _candidates(wanted: Reservation) -> Iterator[PurePosixPath]:
    first = library_path(wanted.tags, fallback_title=wanted.fallback_title)
    # After many files of one name the digest finds a free one at once.
    marks: Iterator[int | str] = chain(
        range(2, MAX_NUMBERED_NAMES), (wanted.sha256[:8], wanted.sha256[:24])
    )
    return chain((first,), (numbered(first, mark) for mark in marks))


def _is_free(
    connection: sqlite3.Connection,
    music: Path,
    path: PurePosixPath,
    replaced: LibraryItem | None,
) -> bool:
    for owner in connection.execute(_OWNERS, (collision_key(path),)).fetchall():
        if owner["is_intent"] or replaced is None or owner["id"] != replaced.id:
            return False
    # Encoded here because `lexists` answers False for what cannot be encoded.
    return not os.path.lexists(os.fsencode(music / path))


def _insert(connection: sqlite3.Connection, wanted: Reservation, path: PurePosixPath) -> Intent:
    replaces = wanted.replaced.source_path if wanted.replaced else None
    inserted = connection.execute(
        "INSERT INTO library_intents (path, path_key, partial, file_size, sha256, partner,"
        " content_id, tags, replaces) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            str(path),
            collision_key(path),
            wanted.partial,
            wanted.size,
            wanted.sha256,
            wanted.origin.partner,
            wanted.origin.content_id,
            tags_to_text(wanted.tags),
            replaces,
        ),
    ).lastrowid
    return Intent(
        id=cast("int", inserted),
        path=str(path),
        partial=wanted.partial,
        size=wanted.size,
        sha256=wanted.sha256,
        origin=wanted.origin,
        tags=wanted.tags,
        replaces=replaces,
    )


def _intent_from_row(row: sqlite3.Row) -> Intent:
    return Intent(
        id=row["id"],
        path=row["path"],
        partial=row["partial"],
        size=row["file_size"],
        sha256=row["sha256"],
        origin=Origin(row["partner"], row["content_id"]),
        tags=tags_from_text(row["tags"]),
        replaces=row["replaces"],
    )
