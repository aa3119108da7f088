"""Each rule of each table, broken once."""

import pytest

from player_host.catalog import checks, findings


def rule(file, row, field, value, words, requirement):
    return pytest.param(
        file,
        row,
        field,
        value,
        words,
        requirement,
        id=f"{field} {value[:20]!r}",
        marks=pytest.mark.requirement(requirement),
    )


ID = "must be an ID, a whole number from 0 to 4294967294"

GENRE_RULES = [
    rule("genre.csv", 1, "Genre_ID", "", ID, "T1-GEN-01"),
    rule("genre.csv", 1, "Genre_ID", "4294967296", ID, "T1-GEN-01"),
    rule("genre.csv", 2, "Genre_ID", "1", "must be unique in the file", "T1-GEN-01"),
    rule("genre.csv", 1, "GenreTitle", "", "must not be empty", "T1-TSV-05"),
    rule("genre.csv", 1, "FeedsAreAvailable", "yes", "must be 0 or 1", "T1-GEN-02"),
    rule("genre.csv", 2, "HasComposer", "2", "must be 0 or 1", "T1-GEN-02"),
    rule("subgenre.csv", 1, "SubGenreID", "-1", ID, "T1-GEN-04"),
    rule("subgenre.csv", 3, "SubGenreID", "10", "must be unique in the file", "T1-GEN-04"),
    rule("subgenre.csv", 1, "SubGenreTitle", "", "must not be empty", "T1-TSV-05"),
    rule("subgenre.csv", 1, "FeedsAreAvailable", "", "must be 0 or 1", "T1-TSV-06"),
    rule("subgenre.csv", 1, "Linked_GenreID", "", ID, "T1-GEN-05"),
    rule("subgenre.csv", 1, "Linked_GenreID", "5", "must name a row of genre.csv", "T1-GEN-05"),
    rule("subgenre.csv", 1, "Linked_GenreID", "1;2", ID, "T1-GEN-05"),
    rule("subgenre.csv", 1, "SortOrderRank", "-1", "must be a rank", "T1-TSV-06"),
]

ARTIST_RULES = [
    rule("artist.csv", 1, "ArtistID", "one", ID, "T1-ART-01"),
    rule("artist.csv", 2, "ArtistID", "1", "must be unique in the file", "T1-ART-01"),
    rule("artist.csv", 1, "ArtistName", "", "must not be empty", "T1-TSV-05"),
    rule("artist.csv", 1, "LinkedGenreID", "1;2", ID, "T1-ART-02"),
    rule("artist.csv", 1, "LinkedGenreID", "10", "must name a row of genre.csv", "T1-ART-02"),
    rule("artist.csv", 1, "Popularity", "1,5", "must be a number", "T1-TSV-18"),
]

ALBUM_RULES = [
    rule("album.csv", 1, "AlbumID", "1.0", ID, "T1-ALB-01"),
    rule("album.csv", 3, "AlbumID", "7", "must be unique in the file", "T1-ALB-01"),
    rule("album.csv", 1, "AlbumName", "", "must not be empty", "T1-ALB-01"),
    rule("album.csv", 1, "AlbumArtist", "1;2", ID, "T1-ALB-02"),
    rule("album.csv", 1, "AlbumArtist", "3", "must name a row of artist.csv", "T1-ALB-02"),
    rule("album.csv", 1, "ReleaseDate", "2005", "must be a date", "T1-ALB-03"),
    rule("album.csv", 1, "ReleaseDate", "", "must be a date", "T1-ALB-03"),
    rule("album.csv", 1, "LinkedGenreID", "1;", ID, "T1-ALB-05"),
    rule("album.csv", 1, "LinkedGenreID", "9", "must name a row of genre.csv", "T1-ALB-05"),
    rule("album.csv", 1, "LinkedSubGenreIDs", "10,11", "must be subgenre IDs", "T1-ALB-06"),
    rule("album.csv", 1, "Popularity", "-1", "must be a number that is not", "T1-ALB-07"),
    rule("album.csv", 1, "IsRecentlyAdded", "true", "must be 0 or 1", "T1-ALB-07"),
    rule("album.csv", 1, "IsFeatured", "", "must be 0 or 1", "T1-ALB-07"),
    rule("album.csv", 1, "EditorialGlyph", "", "must be a whole number", "T1-TSV-06"),
    rule("album.csv", 1, "FeedsAreAvailable", "", "must be 0 or 1", "T1-TSV-06"),
]

TRACK_RULES = [
    rule("track.csv", 1, "TrackID", "4294967296", ID, "T1-TRK-01"),
    rule("track.csv", 1, "TrackID", "-70", ID, "T1-TRK-01"),
    rule("track.csv", 5, "TrackID", "70", "must be unique in the file", "T1-TRK-01"),
    rule("track.csv", 1, "TrackTitle", "", "must not be empty", "T1-TSV-05"),
    rule("track.csv", 1, "Duration", "3:00", "must be a number of seconds", "T1-TRK-02"),
    rule("track.csv", 1, "Duration", "-3", "must be a number of seconds", "T1-TRK-02"),
    rule("track.csv", 1, "TrackNumber", "0", "must be from 1 to 255", "T1-TRK-03"),
    rule("track.csv", 1, "TrackNumber", "256", "must be from 1 to 255", "T1-TRK-03"),
    rule("track.csv", 1, "CanStream", "", "must be 0 or 1", "T1-TRK-05"),
    rule("track.csv", 1, "CanDownload", "2", "must be 0 or 1", "T1-TRK-05"),
    rule("track.csv", 1, "HasPreviewClip", "y", "must be 0 or 1", "T1-TRK-05"),
    rule("track.csv", 1, "HasVideoClip", "01", "must be 0 or 1", "T1-TRK-05"),
    rule("track.csv", 1, "ParentalRating", "n", "must be N, E or C", "T1-TRK-06"),
    rule("track.csv", 1, "ParentalRating", "", "must be N, E or C", "T1-TRK-06"),
    rule("track.csv", 1, "LinkedAlbumID", "7;8", ID, "T1-TRK-07"),
    rule("track.csv", 1, "LinkedAlbumID", "", ID, "T1-TRK-07"),
    rule("track.csv", 1, "LinkedAlbumID", "70", "must name a row of album.csv", "T1-TRK-07"),
    rule("track.csv", 1, "LinkedTrackArtist_ArtistIDs", "1,2", "must be one or more", "T1-TRK-08"),
    rule("track.csv", 1, "LinkedTrackArtist_ArtistIDs", ";", "must be one or more", "T1-TRK-08"),
    rule("track.csv", 1, "Popularity", "-0.5", "must be a number that is not", "T1-TRK-10"),
    rule("track.csv", 1, "StarRating", "5.1", "must be a number from 0 to 5", "T1-TRK-15"),
]

LIST_RULES = [
    rule("list.csv", 1, "ListID", "A", ID, "T1-LST-01"),
    rule("list.csv", 2, "ListID", "0", "must be unique in the file", "T1-LST-01"),
    rule("list.csv", 1, "ListDescription", "", "must not be empty", "T1-TSV-05"),
    rule("list.csv", 1, "Linked_ItemType", "X", "must be one of T, P, A", "T1-LST-02"),
    rule("list.csv", 1, "Linked_ItemType", "AL", "must be one of T, P, A", "T1-LST-02"),
    rule("list.csv", 1, "Popularity", "", "must be a number", "T1-TSV-18"),
    rule("list.csv", 1, "IsRecentlyAdded", "-", "must be 0 or 1", "T1-TSV-06"),
    rule("list.csv", 1, "IsFeatured", "-", "must be 0 or 1", "T1-TSV-06"),
    rule("list.csv", 1, "ViewType", "P", "must be one of I, T, R", "T1-LST-03"),
    rule("list.csv", 1, "ViewImageSize", "-1", "must be a size", "T1-LST-05"),
    rule("list.csv", 1, "GroupBy", "", "must be one of -, P, A", "T1-LST-04"),
    rule("list.csv", 1, "GroupBy", "T", "must be one of -, P, A", "T1-LST-04"),
    rule("list.csv", 1, "ListItemsAreDynamic", "2", "must be 0 or 1", "T1-LST-07"),
    rule("listitem.csv", 1, "Linked_ListID", "9", "must name a row of list.csv", "T1-TSV-07"),
    rule("listitem.csv", 1, "Linked_ListID", "4", "must name a static list", "T1-LST-07"),
    rule("listitem.csv", 1, "Linked_ListItem", "70", "must name a row of album.csv", "T1-LST-08"),
    rule("listitem.csv", 3, "Linked_ListItem", "8", "must name a row of track.csv", "T1-LST-08"),
    rule("listitem.csv", 6, "Linked_ListItem", "8", "must name a row of artist.csv", "T1-LST-08"),
    rule("listitem.csv", 7, "Linked_ListItem", "8", "must name a row of list.csv", "T1-LST-08"),
    rule("listitem.csv", 9, "Linked_ListItem", "8", "must name a row of genre.csv", "T1-LST-08"),
    rule("listitem.csv", 10, "Linked_ListItem", "8", "must name a row of subgenre", "T1-LST-08"),
    rule("listitem.csv", 11, "Linked_ListItem", "8", "must name a row of radio.csv", "T1-LST-08"),
    rule("listitem.csv", 1, "ItemPositionInList", "-1", "must be a position", "T1-LST-09"),
    rule("listitem.csv", 2, "ItemPositionInList", "0", "must be unique in list 0", "T1-LST-11"),
]

RADIO_RULES = [
    rule("radio.csv", 1, "RadioID", "", ID, "T1-RFD-01"),
    rule("radio.csv", 1, "RadioTitle", "", "must not be empty", "T1-TSV-05"),
    rule("radio.csv", 1, "Programmer", "", "must not be empty", "T1-TSV-05"),
    rule("radio.csv", 1, "PrimaryGenre", "10", "must name a row of genre.csv", "T1-RFD-02"),
    rule("radio.csv", 1, "PrimaryGenre", "1;2", ID, "T1-RFD-02"),
    rule("radio.csv", 1, "Mood", "calm;", "must be adjectives separated", "T1-RFD-03"),
    rule("radio.csv", 1, "Mood", "", "must be adjectives separated", "T1-RFD-03"),
    rule("radio.csv", 1, "Popularity", "x", "must be a number that is not", "T1-TSV-18"),
    rule("radio.csv", 1, "StarRating", "6", "must be a number from 0 to 5", "T1-RFD-08"),
    rule("radio.csv", 1, "IsSubscriptionOnly", "", "must be 0 or 1", "T1-RFD-04"),
    rule("radio.csv", 1, "IsRecentlyAdded", "", "must be 0 or 1", "T1-RFD-04"),
    rule("radio.csv", 1, "IsFeatured", "", "must be 0 or 1", "T1-RFD-04"),
    rule("radio.csv", 1, "EditorialGlyph", "glyph", "must be a whole number", "T1-TSV-06"),
    rule("radio.csv", 1, "SortOrderRank", "-1", "must be a rank", "T1-RFD-07"),
]


@pytest.mark.parametrize(
    ("file", "row", "field", "value", "words", "requirement"),
    [*GENRE_RULES, *ARTIST_RULES, *ALBUM_RULES, *TRACK_RULES, *LIST_RULES, *RADIO_RULES],
)
def test_a_broken_rule_is_named_with_its_file_row_field_and_value(
    refused, edit, file, row, field, value, words, requirement
):
    error = refused(edit(file, row, **{field: value}))
    assert error.where == f"{file}, row {row}, field {field}"
    assert error.what.startswith(f"{field} {words}")
    assert error.what.endswith(f", not {value!r} ({requirement})")


@pytest.mark.requirement("T1-ALB-06", "T1-TRK-08", "T1-TSV-07")
@pytest.mark.parametrize(
    ("file", "field", "target"),
    [
        ("album.csv", "LinkedSubGenreIDs", "subgenre.csv"),
        ("track.csv", "LinkedTrackArtist_ArtistIDs", "artist.csv"),
    ],
)
def test_every_member_of_an_id_list_names_a_row(refused, edit, file, field, target):
    known = "10" if target == "subgenre.csv" else "1"
    error = refused(edit(file, 1, **{field: f"{known};12;"}))
    assert error.what.startswith(f"{field} must name a row of {target}, not '12'")


@pytest.mark.requirement("T1-CON-13")
@pytest.mark.parametrize(
    ("file", "field"),
    [
        ("genre.csv", "Genre_ID"),
        ("subgenre.csv", "SubGenreID"),
        ("artist.csv", "ArtistID"),
        ("album.csv", "AlbumID"),
        ("track.csv", "TrackID"),
        ("list.csv", "ListID"),
        ("radio.csv", "RadioID"),
    ],
)
def test_the_reserved_id_is_refused_in_every_table(refused, edit, file, field):
    error = refused(edit(file, 1, **{field: "4294967295"}))
    assert error.where == f"{file}, row 1, field {field}"
    assert ID in error.what


@pytest.mark.requirement("T1-TRK-08", "T1-ALB-06")
def test_the_lists_of_ids_of_a_catalogue_have_a_bounded_length_together(refused, edit, monkeypatch):
    monkeypatch.setattr(checks, "MAX_LINKS", 7)
    error = refused(edit("track.csv", 3, LinkedTrackArtist_ArtistIDs="1;2;1;2"))
    assert error.where == "track.csv, row 3, field LinkedTrackArtist_ArtistIDs"
    assert "hold at most 7 IDs (T1-TRK-08)" in error.what


@pytest.mark.requirement("T1-GEN-04")
def test_there_are_at_most_1024_subgenres(refused):
    rows = "".join(f"{n}\tNew\t\t0\t1\t{n}\r\n" for n in range(1_025))
    error = refused({"subgenre.csv": rows})
    assert error.where == "subgenre.csv, row 1025"
    assert "at most 1024 rows (T1-GEN-04)" in error.what


@pytest.mark.requirement("T1-LST-12")
@pytest.mark.parametrize(
    "items",
    [("21|21|2",), ("30|31|0", "31|30|0"), ("30|21|0", "21|31|2", "31|30|0")],
    ids=["itself", "through one list", "through two lists"],
)
def test_a_list_must_not_contain_itself(refused, append, items):
    lists = append("list.csv", "30|||A|L|0|0|0|0|0|I|0|-|0", "31|||B|L|0|0|0|0|0|I|0|-|0")
    error = refused(lists | append("listitem.csv", *items))
    assert error.where.startswith("list.csv, row ")
    assert "contains itself, directly or through other lists (T1-LST-12)" in error.what


@pytest.mark.requirement("T1-LST-12")
def test_lists_may_share_an_inner_list(install, append):
    lists = append("list.csv", "30|||A|L|0|0|0|0|0|I|0|-|0")
    items = append("listitem.csv", "30|21|0", "30|20|1")
    assert install(lists | items).counts["lists"] == 9


@pytest.mark.requirement("T1-LST-12")
def test_a_long_chain_of_lists_is_followed_without_recursion(refused):
    count = 5_000
    rows = "".join(f"{n}\t\t\tdeep\tL\t0\t0\t0\t0\t0\tI\t0\t-\t0\n" for n in range(count))
    items = "".join(f"{n}\t{(n + 1) % count}\t0\n" for n in range(count))
    assert "contains itself" in refused({"list.csv": rows, "listitem.csv": items}).what


def test_a_long_value_is_shortened_in_the_message(refused, edit):
    error = refused(edit("track.csv", 1, Duration="9" * 5_000))
    assert "'9999999999999999999999999999999999999999'... (5000 characters)" in error.what


def test_a_message_escapes_what_could_steer_a_terminal(refused, edit):
    error = refused(edit("track.csv", 1, Duration="\u202e12"))
    assert r"'\u202e12'" in error.what


@pytest.mark.requirement("T1-TRK-09", "T1-TRK-13", "T1-GEN-03")
def test_a_composer_is_kept_only_if_the_genre_of_the_album_keeps_composers(installed):
    assert installed.track("Proseware", 70).composer == ""
    assert installed.track("Proseware", 80).composer == "Bellini"


def test_the_sample_follows_every_rule_and_recommendation(install):
    report = install()
    assert report.warnings == ()


@pytest.mark.parametrize(
    ("file", "row", "field", "value", "words", "requirement"),
    [
        rule("album.csv", 1, "AlbumLabel", "Own", "should be empty", "T1-ALB-08"),
        rule("album.csv", 1, "EditorialGlyph", "4", "should be 0", "T1-ALB-08"),
        rule("album.csv", 1, "FeedsAreAvailable", "1", "should be 0", "T1-ALB-08"),
        rule("album.csv", 1, "AlbumPrice", "9.99", "show its currency", "T1-ALB-04"),
        rule("album.csv", 1, "LinkedSubGenreIDs", "", "not be empty", "T1-ALB-01"),
        rule("album.csv", 1, "LinkedSubGenreIDs", "20", "should belong", "T1-ALB-06"),
        rule("artist.csv", 1, "LinkedSimilarArtistIDs", "2", "be empty", "T1-ART-03"),
        rule("artist.csv", 1, "FeedsAvailable", "0", "should be empty", "T1-ART-03"),
        rule("subgenre.csv", 1, "SubGenreSubtitle", "x" * 64, "shorter", "T1-GEN-06"),
        rule("subgenre.csv", 2, "SortOrderRank", "0", "should be unique", "T1-GEN-06"),
        rule("track.csv", 1, "TrackPrice", "0.99", "show its currency", "T1-TRK-04"),
        rule("track.csv", 1, "TrackPrice", " 0", "show its currency", "T1-TRK-04"),
        rule("track.csv", 2, "TrackNumber", "1", "should occur once", "T1-TRK-03"),
        rule("list.csv", 1, "EditorialGlyph", "1", "should be 0", "T1-LST-10"),
        rule("list.csv", 1, "ListPrice", "5", "show its currency", "T1-LST-06"),
        rule("radio.csv", 1, "Category", "any", "should be empty", "T1-RFD-05"),
        rule("radio.csv", 1, "EditorialGlyph", "1", "should be 0", "T1-RFD-05"),
        rule("radio.csv", 1, "Programmer", "x" * 33, "at most 32", "T1-RFD-06"),
        rule("radio.csv", 1, "Description", "x" * 257, "at most 256", "T1-RFD-06"),
    ],
)
def test_a_recommendation_that_is_not_followed_is_a_warning(
    install, edit, file, row, field, value, words, requirement
):
    (warning,) = install(edit(file, row, **{field: value})).warnings
    assert (warning.file, warning.row, warning.field) == (file, row, field)
    assert words in warning.what
    assert warning.requirement == requirement


@pytest.mark.requirement("T1-GEN-06", "T1-RFD-06")
@pytest.mark.parametrize(
    ("file", "field", "length"),
    [
        ("subgenre.csv", "SubGenreSubtitle", 63),
        ("radio.csv", "Programmer", 32),
        ("radio.csv", "Description", 256),
    ],
)
def test_a_text_of_the_recommended_length_is_no_warning(install, edit, file, field, length):
    assert install(edit(file, 1, **{field: "x" * length})).warnings == ()


@pytest.mark.requirement("T1-TRK-04")
@pytest.mark.parametrize("price", ["", "0", "-", "$0.99", "0,99 €", "99 kr", "USD 1", "¥100"])
def test_a_special_price_and_one_with_a_currency_are_no_warning(install, edit, price):
    assert install(edit("track.csv", 1, TrackPrice=price)).warnings == ()


@pytest.mark.requirement("T1-TRK-12")
def test_tracks_of_an_album_without_consecutive_ids_are_one_warning(install, append):
    more = append(
        "track.csv", "100|Coda|1|9||1|1|1|0|N|7|1||1|", "102|Da capo|1|9||1|1|1|0|N|8|2||1|"
    )
    (warning,) = install(more).warnings
    assert str(warning) == (
        "track.csv, field TrackID: the tracks of 2 albums should have consecutive IDs (T1-TRK-12)"
    )


@pytest.mark.requirement("T1-LST-11")
def test_gaps_in_the_positions_of_a_list_are_a_warning(install, edit):
    (warning,) = install(edit("listitem.csv", 2, ItemPositionInList="7")).warnings
    assert warning.what == "the positions of list 0 have gaps"


@pytest.mark.requirement("T1-LST-07")
def test_a_static_list_without_items_is_a_warning(install, append):
    (warning,) = install(append("list.csv", "40|||Empty|T|0|0|0|0|0|I|0|-|0")).warnings
    assert (warning.row, warning.what) == (9, "list 40 is static and has no items")


def test_a_catalogue_with_too_many_warnings_is_installed_with_the_first_of_them(
    install, append, monkeypatch
):
    monkeypatch.setattr(findings, "MAX_KEPT_WARNINGS", 3)
    albums = [f"{n}|Album|1||2000-0-0|1|1|10|0|0|0|0|0" for n in range(100, 110)]
    report = install(append("album.csv", *albums))
    assert (report.warning_count, len(report.warnings)) == (10, 3)


@pytest.mark.requirement("T1-TSV-02")
def test_all_tables_may_be_empty(install, sample):
    report = install(dict.fromkeys(sample(), ""))
    assert set(report.counts.values()) == {0}
