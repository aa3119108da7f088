"""Questions to the installed catalogues: items by ID, albums, lists, search.

Every answer is about one partner; without an installed catalogue everything is empty.
Where nothing else is said, rows come in order of popularity, the most popular first, which is
the lowest number (T1-TRK-10).
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import attrs

from player_host.catalog.fields import MAX_ROWS
from player_host.catalog.rows import Album, Artist, CatalogList, Genre, Radio, Subgenre, Track
from player_host.catalog.staging import folded
from player_host.database import Database

MAX_FOUND = 100
IDS_PER_QUERY = 500

_R = TypeVar("_R")

_TABLES: dict[type[Any], str] = {
    Genre: "catalog_genre",
    Subgenre: "catalog_subgenre",
    Artist: "catalog_artist",
    Album: "catalog_album",
    Track: "catalog_track",
    CatalogList: "catalog_list",
    Radio: "catalog_radio",
}
_POPULAR = "ORDER BY popularity, id"

_TRACKS_OF = {
    "T": "SELECT id FROM catalog_track WHERE partner = ?1 AND id = ?2",
    "A": "SELECT id FROM catalog_track WHERE partner = ?1 AND album_id = ?2 ORDER BY number, id",
    "P": """SELECT track.id FROM catalog_track_artist AS link
        JOIN catalog_track AS track ON track.partner = link.partner AND track.id = link.track_id
        WHERE link.partner = ?1 AND link.artist_id = ?2
        ORDER BY track.album_id, track.number, track.id""",
    "G": """SELECT track.id FROM catalog_album AS album
        JOIN catalog_track AS track ON track.partner = album.partner AND track.album_id = album.id
        WHERE album.partner = ?1 AND album.genre_id = ?2
        ORDER BY album.id, track.number, track.id""",
    "S": """SELECT track.id FROM catalog_album_subgenre AS link
        JOIN catalog_track AS track
        ON track.partner = link.partner AND track.album_id = link.album_id
        WHERE link.partner = ?1 AND link.subgenre_id = ?2
        ORDER BY link.album_id, track.number, track.id""",
}


class CatalogQueries:
    """Reads the installed catalogues; safe from every thread.

    Args:
        database: `player.db`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def track(self, partner: str, track_id: int) -> Track | None:
        """Return a track, or None."""
        return self._by_id(Track, partner, track_id)

    def album(self, partner: str, album_id: int) -> Album | None:
        """Return an album, or None."""
        return self._by_id(Album, partner, album_id)

    def artist(self, partner: str, artist_id: int) -> Artist | None:
        """Return an artist, or None."""
        return self._by_id(Artist, partner, artist_id)

    def catalog_list(self, partner: str, list_id: int) -> CatalogList | None:
        """Return a list, or None; its items are `items`."""
        return self._by_id(CatalogList, partner, list_id)

    def tracks(self, partner: str, album_id: int) -> tuple[Track, ...]:
        """Return the tracks of an album, by track number (T1-TRK-03)."""
        return self._select(Track, partner, "AND album_id = ? ORDER BY number, id", album_id)

    def tracks_by_id(self, partner: str, track_ids: Sequence[int]) -> dict[int, Track]:
        """Return those of the tracks that are in the catalogue, by their IDs."""
        found = {}
        for ids in _portions(track_ids):
            marks = ", ".join("?" * len(ids))
            found.update(
                {t.id: t for t in self._select(Track, partner, f"AND id IN ({marks})", *ids)}
            )
        return found

    def items(self, partner: str, list_id: int, limit: int = MAX_ROWS) -> tuple[int, ...]:
        """Return the item IDs of a static list, by position (T1-LST-09), at most `limit`."""
        rows = self._database.rows(
            "SELECT item_id FROM catalog_list_item WHERE partner = ? AND list_id = ?"
            " ORDER BY position LIMIT ?",
            (partner, list_id, limit),
        )
        return tuple(row["item_id"] for row in rows)

    def track_ids(self, partner: str, item_type: str, item_id: int, *, limit: int) -> list[int]:
        """Return the IDs of the tracks that an item stands for.

        Args:
            partner: the partner's key.
            item_type: `T`, `A`, `P`, `G` or `S`, as in `Linked_ItemType`.
            item_id: the item.
            limit: how many are returned at most.
        """
        rows = self._database.rows(f"{_TRACKS_OF[item_type]} LIMIT ?3", (partner, item_id, limit))
        return [row["id"] for row in rows]

    def albums(self, partner: str) -> tuple[Album, ...]:
        """Return all albums, the most popular first."""
        return self._select(Album, partner, _POPULAR)

    def artists(self, partner: str) -> tuple[Artist, ...]:
        """Return all artists, the most popular first."""
        return self._select(Artist, partner, _POPULAR)

    def genres(self, partner: str) -> tuple[Genre, ...]:
        """Return all genres, by title."""
        return self._select(Genre, partner, "ORDER BY title, id")

    def subgenres(self, partner: str, genre_id: int) -> tuple[Subgenre, ...]:
        """Return the subgenres of a genre, by their rank."""
        return self._select(Subgenre, partner, "AND genre_id = ? ORDER BY sort_rank, id", genre_id)

    def lists(self, partner: str) -> tuple[CatalogList, ...]:
        """Return all lists, by ID: those of the tree, 0 to 7, come first."""
        return self._select(CatalogList, partner, "ORDER BY id")

    def radios(self, partner: str) -> tuple[Radio, ...]:
        """Return all radio feeds, by their rank (T1-RFD-07)."""
        return self._select(Radio, partner, "ORDER BY sort_rank, popularity, id")

    def find_tracks(self, partner: str, text: str, limit: int = MAX_FOUND) -> tuple[Track, ...]:
        """Return tracks whose titles contain the text, whatever its case, the popular first."""
        return self._find(Track, partner, text, limit)

    def find_albums(self, partner: str, text: str, limit: int = MAX_FOUND) -> tuple[Album, ...]:
        """Return albums whose titles contain the text, whatever its case, the popular first."""
        return self._find(Album, partner, text, limit)

    def find_artists(self, partner: str, text: str, limit: int = MAX_FOUND) -> tuple[Artist, ...]:
        """Return artists whose names contain the text, whatever its case, the popular first."""
        return self._find(Artist, partner, text, limit)

    def _by_id(self, kind: type[_R], partner: str, row_id: int) -> _R | None:
        return next(iter(self._select(kind, partner, "AND id = ?", row_id)), None)

    def _find(self, kind: type[_R], partner: str, text: str, limit: int) -> tuple[_R, ...]:
        ending = f"AND instr(folded, ?) > 0 {_POPULAR} LIMIT ?"
        return self._select(kind, partner, ending, folded(text), limit)

    def _select(
        self, kind: type[_R], partner: str, ending: str, *parameters: object
    ) -> tuple[_R, ...]:
        sql = f"SELECT * FROM {_TABLES[kind]} WHERE partner = ? {ending}"  # noqa: S608
        read = _reader(kind)
        return tuple(read(row) for row in self._database.rows(sql, (partner, *parameters)))


def _reader(kind: type[_R]) -> Callable[[sqlite3.Row], _R]:
    columns = [(field.name, _CONVERSIONS.get(field.type)) for field in attrs.fields(kind)]  # type: ignore[arg-type]

    def read(row: sqlite3.Row) -> _R:
        return kind(
            *(row[name] if convert is None else convert(row[name]) for name, convert in columns)
        )

    return read


def _ids(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(";"))) if text else ()


_CONVERSIONS: dict[Any, Callable[[Any], Any]] = {bool: bool, tuple[int, ...]: _ids}


def _portions(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), IDS_PER_QUERY):
        yield ids[start : start + IDS_PER_QUERY]
