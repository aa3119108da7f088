"""A checked catalogue that waits to be installed.

A package is read and checked into a private temporary database, which SQLite keeps in memory
while it is small and on disk beyond that. `player.db` is locked only for the copy, so that a
large catalogue keeps no one waiting while it is checked, and nothing of a refused one ever
reaches `player.db`.
"""

import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any, TypeVar

import attrs
from attrs import frozen

from player_host.catalog.checks import CatalogChecker
from player_host.catalog.fields import Table
from player_host.catalog.findings import CatalogWarning, Warnings
from player_host.catalog.format import TABLES
from player_host.catalog.manifest import Manifest
from player_host.catalog.package import Package
from player_host.catalog.rows import Album, Artist, Row, Track
from player_host.errors import StorageError

CHUNK_ROWS = 2_000

STORED = {
    "genre.csv": ("catalog_genre", 4),
    "subgenre.csv": ("catalog_subgenre", 6),
    "artist.csv": ("catalog_artist", 5),
    "album.csv": ("catalog_album", 11),
    "track.csv": ("catalog_track", 16),
    "list.csv": ("catalog_list", 13),
    "radio.csv": ("catalog_radio", 13),
    "listitem.csv": ("catalog_list_item", 3),
}
RELATIONS = {"catalog_album_subgenre": 2, "catalog_track_artist": 2}
COLUMNS = dict(STORED.values()) | RELATIONS
"""How many columns each stored table has, beside the partner."""

_Item = TypeVar("_Item")
_Record = tuple[Any, ...]


@frozen
class StagedCatalog:
    """A catalogue that was read, checked and found good.

    Attributes:
        manifest: what the package says of itself.
        is_compressed: whether the package is the compressed form.
        counts: how many rows each table has, by the name of its rows.
        warnings: recommendations that are not followed, the first 1000.
        warning_count: how many there are.
        database: the temporary database that holds the rows.
    """

    manifest: Manifest
    is_compressed: bool
    counts: Mapping[str, int]
    warnings: tuple[CatalogWarning, ...]
    warning_count: int
    database: sqlite3.Connection

    def copy(self, target: sqlite3.Connection, partner: str) -> None:
        """Put the rows in the place of the partner's old ones, inside the caller's transaction."""
        for table, columns in COLUMNS.items():
            target.execute(f"DELETE FROM {table} WHERE partner = ?", (partner,))  # noqa: S608
            rows = self.database.execute(
                f"SELECT ?, * FROM {table} ORDER BY 2, 3",  # noqa: S608
                (partner,),
            )
            target.executemany(_insertion(table, columns + 1), rows)


@contextmanager
def staged(package: Package) -> Iterator[StagedCatalog]:
    """Read and check a package; the staged catalogue lives until the block ends.

    Called by `store.py`, on the thread that installs.

    Raises:
        CatalogError: the catalogue breaks a rule; `where` names file, row and field.
        StorageError: the temporary database cannot be written.
    """
    connection = sqlite3.connect("", isolation_level=None)
    try:
        yield _stage(package, connection)
    finally:
        connection.close()


def _stage(package: Package, connection: sqlite3.Connection) -> StagedCatalog:
    warnings = Warnings()
    try:
        counts = _fill(package, connection, warnings)
    except sqlite3.OperationalError as error:
        raise StorageError(
            f"the catalogue cannot be unpacked ({error})",
            remedy="Free some space in the folder for temporary files",
        ) from error
    return StagedCatalog(
        package.manifest,
        package.is_compressed,
        counts,
        warnings.kept,
        warnings.total,
        connection,
    )


def _fill(package: Package, connection: sqlite3.Connection, warnings: Warnings) -> dict[str, int]:
    checker = CatalogChecker(warnings)
    _make_tables(connection)
    connection.execute("BEGIN")
    counts = {}
    for table in TABLES:
        # Closed here, also after an error: an open entry would keep the package's file open.
        with closing(package.chunks(table)) as chunks:
            counts[table.name] = _fill_table(table, checker.rows(table, chunks), connection)
    checker.finish()
    connection.execute("COMMIT")
    return counts


def _make_tables(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode=OFF")
    for name, columns in COLUMNS.items():
        names = ", ".join(f"c{index}" for index in range(columns))
        connection.execute(f"CREATE TABLE {name} ({names})")


def _fill_table(table: Table, rows: Iterable[Row], connection: sqlite3.Connection) -> int:
    name, columns = STORED[table.file]
    count = 0
    for chunk in _chunks(rows):
        connection.executemany(_insertion(name, columns), map(_record, chunk))
        _relate(chunk, connection)
        count += len(chunk)
    return count


def _relate(rows: list[Row], connection: sqlite3.Connection) -> None:
    by_subgenre = ((s, r.id) for r in rows if isinstance(r, Album) for s in set(r.subgenre_ids))
    connection.executemany(_insertion("catalog_album_subgenre", 2), by_subgenre)
    by_artist = ((a, r.id) for r in rows if isinstance(r, Track) for a in set(r.artist_ids))
    connection.executemany(_insertion("catalog_track_artist", 2), by_artist)


def _record(row: Row) -> _Record:
    values = attrs.astuple(row, recurse=False)
    match row:
        case Track() | Album():
            return (*map(_stored, values), folded(row.title))
        case Artist():
            return (*values, folded(row.name))
        case _:
            return values


def _stored(value: Any) -> Any:
    return ";".join(map(str, value)) if isinstance(value, tuple) else value


def folded(text: str) -> str:
    """Return the text as it is searched: without differences of case and of Unicode form."""
    return unicodedata.normalize("NFKC", text).casefold()


def _insertion(table: str, columns: int) -> str:
    marks = ", ".join("?" * columns)
    return f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608


def _chunks(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    rest = iter(items)
    while chunk := list(islice(rest, CHUNK_ROWS)):
        yield chunk
