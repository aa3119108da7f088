"""A catalogue of any size for load: plain names, tiny files, everything granted.

Track ids run from 1 without a gap, twenty to an album, so that `album:1` is tracks 1 to 20.
"""

from sample_partners.proseware.catalog import (
    Album,
    Artist,
    Catalog,
    CatalogList,
    Genre,
    ItemKind,
    Piece,
    Subgenre,
    Track,
)

VERSION = 1
TRACKS_PER_ALBUM = 20
ALBUMS_PER_ARTIST = 5
GENRE_COUNT = 8
MAX_TRACKS = 1_000_000
_LONGEST_LIST = 1_000


def synthetic(track_count: int) -> Catalog:
    """Return a catalogue with that many tracks.

    Args:
        track_count: 1 to 1,000,000.

    Raises:
        ValueError: the count is out of range.
    """
    if not 1 <= track_count <= MAX_TRACKS:
        raise ValueError(f"a synthetic catalogue has 1 to {MAX_TRACKS} tracks, not {track_count}")
    album_count = -(-track_count // TRACKS_PER_ALBUM)
    artist_count = -(-album_count // ALBUMS_PER_ARTIST)
    return Catalog(
        version=VERSION,
        genres=tuple(Genre(n, f"Genre {n}") for n in range(1, GENRE_COUNT + 1)),
        subgenres=tuple(Subgenre(n, f"Subgenre {n}", n, 0) for n in range(1, GENRE_COUNT + 1)),
        artists=tuple(Artist(n, f"Artist {n}", _genre(n)) for n in range(1, artist_count + 1)),
        albums=tuple(_album(n) for n in range(1, album_count + 1)),
        tracks=tuple(_track(n) for n in range(1, track_count + 1)),
        lists=(_everything(track_count),),
        radios=(),
    )


def _genre(artist_id: int) -> int:
    return artist_id % GENRE_COUNT + 1


def _artist(album_id: int) -> int:
    return (album_id - 1) // ALBUMS_PER_ARTIST + 1


def _album(album_id: int) -> Album:
    artist_id = _artist(album_id)
    genre_id = _genre(artist_id)
    return Album(album_id, f"Album {album_id}", artist_id, "2006-1-1", genre_id, (genre_id,))


def _track(track_id: int) -> Track:
    album_index, track_index = divmod(track_id - 1, TRACKS_PER_ALBUM)
    return Track(
        id=track_id,
        title=f"Track {track_id}",
        album_id=album_index + 1,
        number=track_index + 1,
        artist_ids=(_artist(album_index + 1),),
        piece=Piece.TINY_MP3,
        duration=1,
    )


def _everything(track_count: int) -> CatalogList:
    items = tuple(range(1, min(track_count, _LONGEST_LIST) + 1))
    return CatalogList(0, "Everything", "The first thousand tracks", ItemKind.TRACK, items)
