"""What a store sells, as values: the rows of its catalogue and how they belong together.

The eight table files are written from these values (`tables`), the media files get their
tags from them (`tagging`), and the server decides by them who may download what
(`accounts`). Prices are texts of the store; three of them are special: `""` unknown, `"0"`
free, `"-"` not for sale.
"""

from enum import StrEnum
from typing import TypeAlias

from attrs import field, frozen

PRICE_UNKNOWN = ""
PRICE_FREE = "0"
PRICE_CANNOT_BUY = "-"

Seconds: TypeAlias = int


class Piece(StrEnum):
    """The synthesised piece that a track's file is made from; the value is its file name."""

    MP3 = "piece.mp3"
    WMA = "piece.wma"
    WMV = "piece.wmv"
    TINY_MP3 = "tiny.mp3"

    @property
    def extension(self) -> str:
        """Return the file name extension with its dot, such as `.mp3`."""
        return self.value[self.value.index(".") :]


class ItemKind(StrEnum):
    """What the items of a list are; the value is the letter of `Linked_ItemType`."""

    TRACK = "T"
    ARTIST = "P"
    ALBUM = "A"
    LIST = "L"
    GENRE = "G"
    SUBGENRE = "S"
    RADIO = "R"


@frozen
class Genre:
    """One row of genre.csv."""

    id: int
    title: str
    feeds_are_available: bool = False
    has_composer: bool = False


@frozen
class Subgenre:
    """One row of subgenre.csv."""

    id: int
    title: str
    genre_id: int
    rank: int
    subtitle: str = ""
    feeds_are_available: bool = False


@frozen
class Artist:
    """One row of artist.csv."""

    id: int
    name: str
    genre_id: int
    popularity: float = 1.0


@frozen
class Album:
    """One row of album.csv. `release_date` is `YYYY-MM-DD`; month and day may be 0."""

    id: int
    name: str
    artist_id: int
    release_date: str
    genre_id: int
    subgenre_ids: tuple[int, ...]
    price: str = "$9.99"
    popularity: float = 1.0
    is_recently_added: bool = False
    is_featured: bool = False

    @property
    def year(self) -> str:
        """Return the year of the release date."""
        return self.release_date.partition("-")[0]


@frozen
class Track:
    """One row of track.csv, and what the store alone knows of the track.

    `number` keeps rising across the discs of a set and is below 256. A protected track's file
    carries a key id, and its licence names the same one.
    """

    id: int
    title: str
    album_id: int
    number: int
    artist_ids: tuple[int, ...]
    piece: Piece
    duration: Seconds = 4
    price: str = "$0.99"
    can_download: bool = True
    can_stream: bool = True
    has_preview: bool = False
    rating: str = "N"
    composer: str = ""
    popularity: float = 1.0
    stars: str = ""
    is_protected: bool = False

    @property
    def file_name(self) -> str:
        """Return the name of the track's file in the store's URLs."""
        return f"{self.id}{self.piece.extension}"


@frozen
class CatalogList:
    """One row of list.csv with its rows of listitem.csv; ids 0 to 7 make custom nodes."""

    id: int
    title: str
    description: str
    kind: ItemKind
    items: tuple[int, ...] = ()
    subtitle: str = ""
    price: str = PRICE_CANNOT_BUY
    popularity: float = 0.0
    view: str = "R"
    is_dynamic: bool = False


@frozen
class Radio:
    """One row of radio.csv."""

    id: int
    title: str
    programmer: str
    genre_id: int
    moods: tuple[str, ...]
    subtitle: str = ""
    description: str = ""
    stars: str = ""
    is_subscription_only: bool = False
    rank: int = 0


@frozen(eq=False)
class Catalog:
    """The whole offer of the store under one version; built once, then only read."""

    version: int
    genres: tuple[Genre, ...]
    subgenres: tuple[Subgenre, ...]
    artists: tuple[Artist, ...]
    albums: tuple[Album, ...]
    tracks: tuple[Track, ...]
    lists: tuple[CatalogList, ...]
    radios: tuple[Radio, ...]
    track_by_id: dict[int, Track] = field(init=False, repr=False)
    album_by_id: dict[int, Album] = field(init=False, repr=False)
    artist_by_id: dict[int, Artist] = field(init=False, repr=False)
    genre_by_id: dict[int, Genre] = field(init=False, repr=False)

    @track_by_id.default
    def _index_tracks(self) -> dict[int, Track]:
        return {track.id: track for track in self.tracks}

    @album_by_id.default
    def _index_albums(self) -> dict[int, Album]:
        return {album.id: album for album in self.albums}

    @artist_by_id.default
    def _index_artists(self) -> dict[int, Artist]:
        return {artist.id: artist for artist in self.artists}

    @genre_by_id.default
    def _index_genres(self) -> dict[int, Genre]:
        return {genre.id: genre for genre in self.genres}

    def tracks_of(self, album_id: int) -> tuple[Track, ...]:
        """Return the tracks of an album in the order of their numbers."""
        tracks = (track for track in self.tracks if track.album_id == album_id)
        return tuple(sorted(tracks, key=lambda track: track.number))
