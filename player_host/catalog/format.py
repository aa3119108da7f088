"""The eight tables of a catalogue as data: their files, fields, forms and rules.

`tables.py` reads every file by these tables; the tables are what the documentation of the
format is made from. Fields stand in the documented order. A field that the Player does not
use is read and checked, but not kept.

Tables are listed in the order in which they are read: each refers only to tables before it
(`listitem.csv` also to lists), so that one pass can check every reference.
"""

from player_host.catalog import forms
from player_host.catalog.fields import (
    Empty,
    Field,
    Should,
    Table,
    count,
    flag,
    id_field,
    is_zero,
    number,
    optional_text,
    price,
    rank,
    required_text,
    shorter_than,
    stars,
    unused_glyph,
    unused_text,
)
from player_host.catalog.rows import (
    Album,
    Artist,
    CatalogList,
    Genre,
    ListItem,
    Radio,
    Subgenre,
    Track,
)

MAX_GENRES = 64
MAX_SUBGENRES = 1_024

GENRE = Table(
    "genre.csv",
    "genres",
    Genre,
    "T1-GEN-01",
    (
        id_field("Genre_ID", "T1-GEN-01"),
        required_text("GenreTitle", "T1-TSV-05"),
        flag("FeedsAreAvailable", "T1-GEN-02"),
        flag("HasComposer", "T1-GEN-02"),
    ),
    max_rows=MAX_GENRES,
    rows_requirement="T1-GEN-01",
)

SUBGENRE = Table(
    "subgenre.csv",
    "subgenres",
    Subgenre,
    "T1-GEN-04",
    (
        id_field("SubGenreID", "T1-GEN-04"),
        required_text("SubGenreTitle", "T1-TSV-05"),
        optional_text(
            "SubGenreSubtitle",
            "T1-GEN-06",
            Should("should be shorter than 64 characters", shorter_than(64), "T1-GEN-06"),
        ),
        flag("FeedsAreAvailable", "T1-TSV-06"),
        id_field("Linked_GenreID", "T1-GEN-05"),
        count("SortOrderRank", "T1-TSV-06", "a rank"),
    ),
    max_rows=MAX_SUBGENRES,
    rows_requirement="T1-GEN-04",
)

ARTIST = Table(
    "artist.csv",
    "artists",
    Artist,
    "T1-ART-01",
    (
        id_field("ArtistID", "T1-ART-01"),
        required_text("ArtistName", "T1-TSV-05"),
        id_field("LinkedGenreID", "T1-ART-02"),
        unused_text("LinkedSimilarArtistIDs", "T1-ART-03"),
        number("Popularity", "T1-TSV-18"),
        unused_text("FeedsAvailable", "T1-ART-03"),
    ),
)

ALBUM = Table(
    "album.csv",
    "albums",
    Album,
    "T1-ALB-01",
    (
        id_field("AlbumID", "T1-ALB-01"),
        required_text("AlbumName", "T1-ALB-01"),
        id_field("AlbumArtist", "T1-ALB-02"),
        unused_text("AlbumLabel", "T1-ALB-08"),
        Field(
            "ReleaseDate",
            forms.date,
            "must be a date, year-month-day, where month and day may be 0",
            "T1-ALB-03",
        ),
        price("AlbumPrice", "T1-ALB-04"),
        id_field("LinkedGenreID", "T1-ALB-05"),
        Field(
            "LinkedSubGenreIDs",
            forms.identifiers,
            "must be subgenre IDs separated by semicolons",
            "T1-ALB-06",
            empty=Empty.ALLOWED,
            blank=(),
            should=Should("should not be empty", bool, "T1-ALB-01"),
        ),
        rank("Popularity", "T1-ALB-07"),
        flag("IsRecentlyAdded", "T1-ALB-07"),
        flag("IsFeatured", "T1-ALB-07"),
        unused_glyph("T1-ALB-08"),
        flag(
            "FeedsAreAvailable",
            "T1-TSV-06",
            Should("should be 0", is_zero, "T1-ALB-08"),
            kept=False,
        ),
    ),
)

TRACK = Table(
    "track.csv",
    "tracks",
    Track,
    "T1-TRK-01",
    (
        id_field("TrackID", "T1-TRK-01"),
        required_text("TrackTitle", "T1-TSV-05"),
        count("Duration", "T1-TRK-02", "a number of seconds"),
        Field("TrackNumber", forms.track_number, "must be from 1 to 255", "T1-TRK-03"),
        price("TrackPrice", "T1-TRK-04"),
        flag("CanStream", "T1-TRK-05"),
        flag("CanDownload", "T1-TRK-05"),
        flag("HasPreviewClip", "T1-TRK-05"),
        flag("HasVideoClip", "T1-TRK-05"),
        Field(
            "ParentalRating",
            forms.parental_rating,
            "must be N, E or C",
            "T1-TRK-06",
        ),
        id_field("LinkedAlbumID", "T1-TRK-07"),
        Field(
            "LinkedTrackArtist_ArtistIDs",
            forms.some_identifiers,
            "must be one or more artist IDs separated by semicolons",
            "T1-TRK-08",
        ),
        optional_text("Composer", "T1-TRK-09"),
        rank("Popularity", "T1-TRK-10"),
        stars("StarRating", "T1-TRK-15"),
    ),
)

LIST = Table(
    "list.csv",
    "lists",
    CatalogList,
    "T1-LST-01",
    (
        id_field("ListID", "T1-LST-01"),
        optional_text("ListTitle", "T1-LST-13"),
        optional_text("ListSubtitle", "T1-TSV-05"),
        required_text("ListDescription", "T1-TSV-05"),
        Field(
            "Linked_ItemType",
            forms.item_type,
            "must be one of T, P, A, L, G, S and R",
            "T1-LST-02",
        ),
        price("ListPrice", "T1-LST-06"),
        number("Popularity", "T1-TSV-18"),
        flag("IsRecentlyAdded", "T1-TSV-06"),
        flag("IsFeatured", "T1-TSV-06"),
        unused_glyph("T1-LST-10"),
        Field("ViewType", forms.view_type, "must be one of I, T, R, L and O", "T1-LST-03"),
        count("ViewImageSize", "T1-LST-05", "a size"),
        Field("GroupBy", forms.group_by, "must be one of -, P, A, C, R and D", "T1-LST-04"),
        flag("ListItemsAreDynamic", "T1-LST-07"),
    ),
)

RADIO = Table(
    "radio.csv",
    "radios",
    Radio,
    "T1-RFD-01",
    (
        id_field("RadioID", "T1-RFD-01"),
        required_text("RadioTitle", "T1-TSV-05"),
        optional_text("RadioSubtitle", "T1-TSV-05"),
        required_text(
            "Programmer",
            "T1-TSV-05",
            Should("should have at most 32 characters", shorter_than(33), "T1-RFD-06"),
        ),
        id_field("PrimaryGenre", "T1-RFD-02"),
        Field(
            "Mood",
            forms.moods,
            "must be adjectives separated by semicolons, without a final semicolon",
            "T1-RFD-03",
        ),
        unused_text("Category", "T1-RFD-05"),
        optional_text(
            "Description",
            "T1-RFD-06",
            Should("should have at most 256 characters", shorter_than(257), "T1-RFD-06"),
        ),
        rank("Popularity", "T1-TSV-18"),
        stars("StarRating", "T1-RFD-08"),
        flag("IsSubscriptionOnly", "T1-RFD-04"),
        flag("IsRecentlyAdded", "T1-RFD-04"),
        flag("IsFeatured", "T1-RFD-04"),
        unused_glyph("T1-RFD-05"),
        count("SortOrderRank", "T1-RFD-07", "a rank"),
    ),
)

LIST_ITEM = Table(
    "listitem.csv",
    "list items",
    ListItem,
    "T1-LST-08",
    (
        id_field("Linked_ListID", "T1-LST-08"),
        id_field("Linked_ListItem", "T1-LST-08"),
        count("ItemPositionInList", "T1-LST-09", "a position counted from 0"),
    ),
)

TABLES = (GENRE, SUBGENRE, ARTIST, ALBUM, TRACK, LIST, RADIO, LIST_ITEM)
