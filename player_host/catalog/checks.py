"""The rules between rows: unique IDs, references, lists, composers.

The tables are read in the order of `format.TABLES`; what a later table refers to is then
known, as sets of IDs. Nothing of a row is kept beyond its IDs.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs

from player_host.catalog import format as catalog_format
from player_host.catalog.fields import Table
from player_host.catalog.findings import BreachError, Warnings, row_refusal
from player_host.catalog.lists import ListChecks
from player_host.catalog.rows import (
    Album,
    Artist,
    CatalogList,
    Genre,
    Radio,
    Row,
    Subgenre,
    Track,
)
from player_host.catalog.tables import BoundError, read_table

MAX_LINKS = 4_000_000
"""How many references the ID lists of all rows may hold: one row of the database for each."""


class CatalogChecker:
    """Reads the tables of one catalogue and checks each row against those before it.

    Used once per catalogue, by `staging.py`, on the thread that installs.

    Args:
        warnings: takes recommendations that are not followed.
    """

    def __init__(self, warnings: Warnings) -> None:
        self._warnings = warnings
        self._known: dict[str, set[int]] = {table.file: set() for table in catalog_format.TABLES}
        self._genre_of_subgenre: dict[int, int] = {}
        self._composing_genres: set[int] = set()
        self._composing_albums: set[int] = set()
        self._ranks: set[tuple[int, int]] = set()
        self._numbers: set[int] = set()
        self._link_count = 0
        self._spans: dict[int, tuple[int, int, int]] = {}
        self._lists = ListChecks(warnings, self._known)
        self._checks: dict[str, Callable[[int, Any], Row]] = {
            "genre.csv": self._genre,
            "subgenre.csv": self._subgenre,
            "artist.csv": self._artist,
            "album.csv": self._album,
            "track.csv": self._track,
            "list.csv": self._list,
            "radio.csv": self._radio,
            "listitem.csv": self._lists.item,
        }

    def rows(self, table: Table, chunks: Iterable[bytes]) -> Iterator[Row]:
        """Yield the checked rows of the next table.

        Args:
            table: tables are given in the order of `format.TABLES`.
            chunks: the bytes of the file.

        Raises:
            CatalogError: a row breaks a rule; `where` names file, row and field.
        """
        check = self._checks[table.file]
        for number, row in read_table(table, chunks, self._warnings):
            try:
                checked = check(number, row)
            except BreachError as breach:
                raise row_refusal(table.file, number, breach) from breach
            yield checked

    def finish(self) -> None:
        """Check what only the whole catalogue shows; called after the last table.

        Raises:
            CatalogError: a list contains itself (T1-LST-12).
        """
        self._lists.finish()
        scattered = sum(last - first + 1 != count for first, last, count in self._spans.values())
        if scattered:
            what = f"the tracks of {scattered} albums should have consecutive IDs"
            self._warnings.add("track.csv", 0, "TrackID", what, "T1-TRK-12")

    def _genre(self, _number: int, row: Genre) -> Genre:
        self._unique(catalog_format.GENRE, row.id)
        if row.has_composer:
            self._composing_genres.add(row.id)
        return row

    def _subgenre(self, number: int, row: Subgenre) -> Subgenre:
        self._unique(catalog_format.SUBGENRE, row.id)
        self._refer("genre.csv", row.genre_id, "Linked_GenreID", "T1-GEN-05")
        self._genre_of_subgenre[row.id] = row.genre_id
        rank = (row.genre_id, row.sort_rank)
        if rank in self._ranks:
            what = f"rank {row.sort_rank} should be unique among the subgenres of its genre"
            self._warnings.add("subgenre.csv", number, "SortOrderRank", what, "T1-GEN-06")
        self._ranks.add(rank)
        return row

    def _artist(self, _number: int, row: Artist) -> Artist:
        self._unique(catalog_format.ARTIST, row.id)
        self._refer("genre.csv", row.genre_id, "LinkedGenreID", "T1-ART-02")
        return row

    def _album(self, number: int, row: Album) -> Album:
        self._unique(catalog_format.ALBUM, row.id)
        self._refer("artist.csv", row.artist_id, "AlbumArtist", "T1-ALB-02")
        self._refer("genre.csv", row.genre_id, "LinkedGenreID", "T1-ALB-05")
        self._count_links("LinkedSubGenreIDs", len(row.subgenre_ids), "T1-ALB-06")
        for subgenre_id in row.subgenre_ids:
            self._refer("subgenre.csv", subgenre_id, "LinkedSubGenreIDs", "T1-ALB-06")
            if self._is_misplaced(subgenre_id, row.genre_id):
                what = f"subgenre {subgenre_id} should belong to the album's genre {row.genre_id}"
                self._warnings.add("album.csv", number, "LinkedSubGenreIDs", what, "T1-ALB-06")
        if row.genre_id in self._composing_genres:
            self._composing_albums.add(row.id)
        return row

    def _is_misplaced(self, subgenre_id: int, genre_id: int) -> bool:
        # An inspection goes on after unknown genres and subgenres; those prove nothing.
        parent_id = self._genre_of_subgenre.get(subgenre_id, genre_id)
        return parent_id != genre_id and {parent_id, genre_id} <= self._known["genre.csv"]

    def _track(self, number: int, row: Track) -> Track:
        self._unique(catalog_format.TRACK, row.id)
        self._refer("album.csv", row.album_id, "LinkedAlbumID", "T1-TRK-07")
        self._count_links("LinkedTrackArtist_ArtistIDs", len(row.artist_ids), "T1-TRK-08")
        for artist_id in row.artist_ids:
            self._refer("artist.csv", artist_id, "LinkedTrackArtist_ArtistIDs", "T1-TRK-08")
        self._note_track(number, row)
        # A track has no genre of its own; that of its album counts (T1-TRK-13).
        if row.composer and row.album_id not in self._composing_albums:
            return attrs.evolve(row, composer="")
        return row

    def _note_track(self, number: int, row: Track) -> None:
        place_in_album = row.album_id << 8 | row.number
        if place_in_album in self._numbers:
            what = f"track number {row.number} should occur once in album {row.album_id}"
            self._warnings.add("track.csv", number, "TrackNumber", what, "T1-TRK-03")
        self._numbers.add(place_in_album)
        first, last, count = self._spans.get(row.album_id, (row.id, row.id, 0))
        self._spans[row.album_id] = (min(first, row.id), max(last, row.id), count + 1)

    def _list(self, number: int, row: CatalogList) -> CatalogList:
        self._unique(catalog_format.LIST, row.id)
        self._lists.note(number, row)
        return row

    def _radio(self, _number: int, row: Radio) -> Radio:
        self._unique(catalog_format.RADIO, row.id)
        self._refer("genre.csv", row.genre_id, "PrimaryGenre", "T1-RFD-02")
        return row

    def _count_links(self, field: str, count: int, requirement: str) -> None:
        self._link_count += count
        if self._link_count > MAX_LINKS:
            rule = f"has one ID too many: the lists of a catalogue hold at most {MAX_LINKS} IDs"
            raise BoundError(rule, requirement, field=field)

    def _unique(self, table: Table, row_id: int) -> None:
        known = self._known[table.file]
        if row_id in known:
            rule = "must be unique in the file; an earlier row has the same ID"
            raise BreachError(
                rule, table.requirement, field=table.fields[0].name, value=str(row_id)
            )
        known.add(row_id)

    def _refer(self, file: str, row_id: int, field: str, requirement: str) -> None:
        if row_id not in self._known[file]:
            rule = f"must name a row of {file}"
            raise BreachError(rule, requirement, field=field, value=str(row_id))
