"""The repertoire of Proseware: ten albums by invented artists, eighty tracks.

It is small enough to read and odd enough to test with: names in several scripts, names that
file systems refuse, all three special prices, protected and unprotected files, tracks that
nobody may download, and lists of every kind. Track 7 of album 3 has the id 307.
"""

from collections.abc import Iterable
from typing import Any

from attrs import evolve

from sample_partners.proseware.catalog import (
    PRICE_CANNOT_BUY,
    PRICE_FREE,
    PRICE_UNKNOWN,
    Album,
    Artist,
    Catalog,
    CatalogList,
    Genre,
    ItemKind,
    Piece,
    Radio,
    Subgenre,
    Track,
)

VERSION = 210

POP, CLASSICAL, ELECTRONIC, WORLD, VIDEO = 1, 2, 3, 4, 5

GENRES = (
    Genre(POP, "Pop", feeds_are_available=True),
    Genre(CLASSICAL, "Classical", has_composer=True),
    Genre(ELECTRONIC, "Electronic"),
    Genre(WORLD, "World"),
    Genre(VIDEO, "Music Video"),
)

SUBGENRES = (
    Subgenre(10, "Chamber Pop", POP, 0, subtitle="Strings and small rooms"),
    Subgenre(11, "Indie Pop", POP, 1, feeds_are_available=True),
    Subgenre(20, "Chamber Music", CLASSICAL, 0),
    Subgenre(21, "Piano", CLASSICAL, 1),
    Subgenre(30, "Ambient", ELECTRONIC, 0),
    Subgenre(40, "J-Folk", WORLD, 0, subtitle="フォーク"),
    Subgenre(41, "Coffee House", WORLD, 1),
    Subgenre(50, "Short Films", VIDEO, 0),
)

VARIOUS_ARTISTS = 1

ARTISTS = (
    Artist(VARIOUS_ARTISTS, "Various Artists", POP, popularity=99),
    Artist(2, "The Lantern Quartet", CLASSICAL, popularity=4.5),
    Artist(3, "庭の音楽隊", WORLD, popularity=3),
    Artist(4, "Zoë Fjällström", POP, popularity=2.25),
    Artist(5, "Night Ferry", ELECTRONIC, popularity=1.5),
    Artist(6, "Morning Trains", POP, popularity=1),
    Artist(7, "Café du Nord", WORLD, popularity=6),
    Artist(8, "Ольга Ветрова", CLASSICAL, popularity=7),
)

ALBUMS = (
    Album(1, "Lantern Hours", 2, "2005-3-14", CLASSICAL, (20,), price="$7.99", popularity=4),
    Album(2, "音楽の庭", 3, "2006-0-0", WORLD, (40,), price=PRICE_UNKNOWN, popularity=3),
    Album(3, "City Lights, Vol. 1", VARIOUS_ARTISTS, "2006-9-1", POP, (10, 11), popularity=2),
    Album(4, "Harbour: Live / Unplugged...", 4, "2004-11-0", POP, (10,), popularity=5),
    Album(
        5, "Rooftop Cinema", 5, "2006-10-30", VIDEO, (50,), price=PRICE_FREE, is_recently_added=True
    ),
    Album(6, "The Complete Box", 8, "2003-1-1", CLASSICAL, (21,), price="$49.00", popularity=9),
    Album(7, "Morning Trains", 6, "2006-5-5", POP, (11,), popularity=1, is_featured=True),
    Album(8, "Northern Café", 7, "2002-7-20", WORLD, (41,), popularity=8),
    Album(9, "Night Ferry (2 Discs)", 5, "2006-2-2", ELECTRONIC, (30,), price="$14.99"),
    Album(10, "Radio Sessions", 7, "2001-0-0", WORLD, (41,), price=PRICE_CANNOT_BUY, popularity=10),
)

_VERY_LONG_TITLE = "The Ballad of a Title That Would Not End " * 7 + "(Reprise)"

TITLES: dict[int, tuple[str, ...]] = {
    1: (
        "Prelude in Amber",
        "First Lamp",
        "Second Lamp",
        "Scherzo of Moths",
        "Élégie",
        "Slow Wick",
        "Fugue for Four Flames",
        "Snuffed",
    ),
    2: ("朝の庭", "雨", "石と水", "風鈴", "Bamboo", "夕暮れ", "月", "おやすみ"),
    3: (
        "Neon River",
        "Taxi Line",
        "Last Window",
        "Crosswalk",
        "Vending Machine Song",
        "Elevator",
        "Rain on Glass",
        "Home Again",
    ),
    4: (
        "Harbour / Morning",
        "Harbour: Evening",
        "CON",
        "What Now?",
        "Trailing Off...",
        '"Quoted" <Live> | *Encore*',
        " Spaces Around ",
        _VERY_LONG_TITLE,
        "..",
        "Ängel / Änglar",
    ),
    5: ("Rooftop Cinema", "Rooftop Cinema (Audio)"),
    6: ("Étude No. 1", "Étude No. 2", "Этюд № 3", "Étude No. 4", "Étude No. 5", "Coda"),
    7: (
        "Platform One",
        "Early Ticket",
        "Window Seat",
        "Fields at Six",
        "Paper Cup",
        "The Long Tunnel",
        "Signals",
        "Bridge over Water",
        "Conductor",
        "Two Stops More",
        "Arrivals",
        "City in Sight",
    ),
    8: ("Nordic Noon", "Snow on the Awning", "Café Light", "Sugar", "Closing Time", "Ice"),
    9: tuple(f"Crossing, Part {part}" for part in range(1, 15)),
    10: ("Session One", "Session Two", "Session Three", "Session Four", "Session Five", "Jingle"),
}

ARTISTS_OF_COMPILATION = (4, 5, 6, 7)
PROTECTED = frozenset({301, 303, 305, 307, 801, 802})

# Numbers count on across both discs, so that the second disc begins at 8.
_PIECES = {1: Piece.WMA, 3: Piece.WMA, 5: Piece.WMA, 6: Piece.WMA, 8: Piece.WMA}

_ODDITIES: dict[int, dict[str, Any]] = {
    101: {"composer": "C. Lamplight", "stars": "4.25"},
    105: {"composer": "C. Lamplight", "price": PRICE_FREE},
    303: {"artist_ids": (6, 4), "popularity": 0.5},
    402: {"price": PRICE_UNKNOWN},
    406: {"rating": "E"},
    407: {"rating": "C", "stars": "3.5"},
    501: {"piece": Piece.WMV, "duration": 2},
    701: {"has_preview": True, "stars": "5"},
    1002: {"can_download": False},
    1005: {"can_download": False, "can_stream": False},
}


def _tracks() -> Iterable[Track]:
    for album in ALBUMS:
        for number, title in enumerate(TITLES[album.id], start=1):
            yield _with_oddities(_track(album, number, title))


def _track(album: Album, number: int, title: str) -> Track:
    track_id = album.id * 100 + number
    return Track(
        id=track_id,
        title=title,
        album_id=album.id,
        number=number,
        artist_ids=(_artist_of(album, number),),
        piece=_PIECES.get(album.id, Piece.MP3),
        price=PRICE_CANNOT_BUY if album.id in {6, 10} else "$0.99",
        popularity=float(number),
        is_protected=track_id in PROTECTED,
    )


def _artist_of(album: Album, number: int) -> int:
    if album.artist_id != VARIOUS_ARTISTS:
        return album.artist_id
    return ARTISTS_OF_COMPILATION[number % len(ARTISTS_OF_COMPILATION)]


def _with_oddities(track: Track) -> Track:
    return evolve(track, **_ODDITIES.get(track.id, {}))


NEW_RELEASES, TOP_TRACKS, MIXED_BAG, ON_THE_AIR, FOR_YOU = 0, 1, 3, 5, 6

LISTS = (
    CatalogList(NEW_RELEASES, "New Releases", "What came in lately", ItemKind.ALBUM, (5, 7, 3)),
    CatalogList(
        TOP_TRACKS, "Top Tracks", "What others play", ItemKind.TRACK, (303, 701, 702, 203), view="O"
    ),
    # Owned, protected and owned, not owned, sold with its album only, not to be downloaded.
    CatalogList(
        MIXED_BAG,
        "Mixed Bag",
        "A little of everything",
        ItemKind.TRACK,
        (701, 302, 301, 802, 601, 1002, 203, 804),
        price="$4.99",
    ),
    CatalogList(ON_THE_AIR, "On the Air", "Stations", ItemKind.RADIO, (1, 2, 3), view="T"),
    CatalogList(FOR_YOU, "For You", "Chosen when asked", ItemKind.TRACK, is_dynamic=True),
    CatalogList(12, "Artists We Like", "Friends", ItemKind.ARTIST, (6, 4, 3), subtitle="Ours"),
    CatalogList(20, "All Lists", "Every list there is", ItemKind.LIST, (0, 1, 3, 12), view="L"),
    CatalogList(21, "Moods", "By genre", ItemKind.GENRE, (POP, WORLD), view="I"),
    CatalogList(22, "Corners", "By subgenre", ItemKind.SUBGENRE, (10, 21, 30), view="I"),
    CatalogList(
        40, "Night Bundle", "Both discs' best", ItemKind.TRACK, (901, 908, 914), price="$2.49"
    ),
)

RADIOS = (
    Radio(1, "Proseware Morning", "Proseware", POP, ("bright", "easy"), stars="4.5", rank=1),
    Radio(2, "Café du Nord", "N. Nilsson", WORLD, ("calm",), subtitle="World", rank=2),
    Radio(
        3,
        "Lamplight",
        "C. Lamplight",
        CLASSICAL,
        ("quiet", "late"),
        description="Chamber music until two in the morning",
        is_subscription_only=True,
        rank=3,
    ),
)


def repertoire() -> Catalog:
    """Return the catalogue that the store serves unless it is told to serve a synthetic one."""
    return Catalog(
        version=VERSION,
        genres=GENRES,
        subgenres=SUBGENRES,
        artists=ARTISTS,
        albums=ALBUMS,
        tracks=tuple(_tracks()),
        lists=LISTS,
        radios=RADIOS,
    )
