"""Catalogues with several things wrong: what is found, and what is not held against them."""

import json
import warnings as python_warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from player_host.catalog import breaches as catalog_breaches
from player_host.catalog import checks, publication, tables
from player_host.catalog import package as catalog_package
from player_host.catalog.breaches import CatalogBreach
from player_host.catalog.format import TABLES
from player_host.catalog.inspection import Inspection, inspect_catalog
from player_host.errors import CatalogError

MANIFEST = json.dumps({"kind": "full", "version": 1, "schema_version": 1, "locale": 7}).encode()


@pytest.fixture
def inspect(package):
    def run(changes: Mapping[str, str] | None = None, **options: object) -> Inspection:
        return inspect_catalog(package(changes, **options))

    return run


@pytest.fixture
def refuse(package):
    def run(changes: Mapping[str, str] | None = None, **options: object) -> CatalogError:
        with pytest.raises(CatalogError) as caught:
            inspect_catalog(package(changes, **options))
        return caught.value

    return run


def held(inspection: Inspection) -> list[tuple[str, str, int, str]]:
    """What is held against a catalogue: no open findings and no consequences."""
    return [
        (one.requirement, one.file, one.row, one.field)
        for one in inspection.breaches
        if not one.is_open and not one.follows_from
    ]


def open_ones(inspection: Inspection) -> set[tuple[str, str]]:
    """Each clause of which it cannot be said, and the one that this follows from."""
    return {(one.requirement, one.follows_from) for one in inspection.breaches if one.is_open}


def test_a_sound_catalogue_has_its_rows_counted_and_nothing_against_it(inspect):
    inspection = inspect()
    assert inspection.breaches == ()
    assert inspection.is_whole
    assert inspection.counts == {
        "genres": 2,
        "subgenres": 3,
        "artists": 2,
        "albums": 3,
        "tracks": 6,
        "lists": 8,
        "radios": 1,
        "list items": 11,
    }


def test_every_broken_field_of_a_row_is_named(inspect, edit):
    inspection = inspect(edit("track.csv", 2, Duration="long", ParentalRating="X", CanStream="9"))
    assert held(inspection) == [
        ("T1-TRK-02", "track.csv", 2, "Duration"),
        ("T1-TRK-05", "track.csv", 2, "CanStream"),
        ("T1-TRK-06", "track.csv", 2, "ParentalRating"),
    ]


def test_every_reference_of_a_row_that_leads_nowhere_is_named(inspect, edit):
    inspection = inspect(
        edit("track.csv", 2, LinkedAlbumID="70", LinkedTrackArtist_ArtistIDs="8;9")
    )
    assert [requirement for requirement, *_ in held(inspection)] == [
        "T1-TRK-07",
        "T1-TRK-08",
        "T1-TRK-08",
    ]


def test_rows_after_a_broken_one_and_later_tables_are_judged(inspect, edit):
    changes = edit("genre.csv", 1, HasComposer="") | edit("track.csv", 6, Duration="")
    assert held(inspect(changes)) == [
        ("T1-GEN-02", "genre.csv", 1, "HasComposer"),
        ("T1-TRK-02", "track.csv", 6, "Duration"),
    ]


def test_a_breach_says_its_place_and_what_was_found(inspect, edit):
    (breach,) = inspect(edit("album.csv", 2, ReleaseDate="soon")).breaches
    assert str(breach) == (
        "album.csv, row 2, field ReleaseDate: "
        "ReleaseDate must be a date, year-month-day, where month and day may be 0, not 'soon'"
    )


@pytest.mark.requirement("T1-TSV-07")
@pytest.mark.parametrize(
    ("file", "row", "field", "value"),
    [
        ("genre.csv", 1, "GenreTitle", ""),
        ("subgenre.csv", 1, "FeedsAreAvailable", "9"),
        ("artist.csv", 1, "ArtistName", ""),
        ("album.csv", 1, "ReleaseDate", ""),
        ("track.csv", 3, "Duration", ""),
        ("list.csv", 2, "ViewType", "?"),
        ("radio.csv", 1, "Mood", ""),
    ],
)
def test_a_reference_to_a_row_that_was_refused_is_no_dangling_one(
    inspect, edit, file, row, field, value
):
    inspection = inspect(edit(file, row, **{field: value}))
    assert len(held(inspection)) == 1
    assert not open_ones(inspection)


@pytest.mark.requirement("T1-TSV-07")
def test_where_an_id_cannot_be_read_references_to_it_are_left_open(inspect, edit):
    inspection = inspect(edit("album.csv", 2, AlbumID="eight"))
    assert held(inspection) == [("T1-ALB-01", "album.csv", 2, "AlbumID")]
    followers = {"T1-TRK-07", "T1-TSV-07", "T1-LST-08"}
    assert open_ones(inspection) == {(name, "T1-ALB-01") for name in followers}


@pytest.mark.requirement("T1-TSV-07")
def test_where_all_ids_are_known_a_dangling_reference_is_held_against_it(inspect, edit):
    changes = edit("genre.csv", 1, GenreTitle="") | edit("artist.csv", 1, LinkedGenreID="9")
    assert held(inspect(changes)) == [
        ("T1-TSV-05", "genre.csv", 1, "GenreTitle"),
        ("T1-ART-02", "artist.csv", 1, "LinkedGenreID"),
    ]


@pytest.mark.requirement("T1-GEN-01")
def test_a_refused_row_takes_its_id_all_the_same(inspect, edit):
    genres = edit("genre.csv", 1, GenreTitle="")["genre.csv"] + "1\tAgain\t0\t0\r\n"
    assert held(inspect({"genre.csv": genres})) == [
        ("T1-TSV-05", "genre.csv", 1, "GenreTitle"),
        ("T1-GEN-01", "genre.csv", 3, "Genre_ID"),
    ]


@pytest.mark.requirement("T1-TRK-12")
def test_the_place_of_a_refused_track_is_no_gap_that_counts(inspect, edit):
    inspection = inspect(edit("track.csv", 2, Duration=""))
    assert held(inspection) == [("T1-TRK-02", "track.csv", 2, "Duration")]
    assert open_ones(inspection) == {("T1-TRK-12", "T1-TRK-02")}


@pytest.mark.requirement("T1-TRK-12")
def test_a_gap_that_is_larger_than_what_was_refused_counts(inspect, edit):
    tracks = edit("track.csv", 3, TrackID="79")["track.csv"].replace("\t300\t", "\t\t")
    lists = edit("listitem.csv", 3, Linked_ListItem="79")
    assert ("T1-TRK-12", "track.csv", 0, "TrackID") in held(inspect({"track.csv": tracks} | lists))


@pytest.mark.requirement("T1-TRK-12")
def test_albums_of_one_track_give_consecutive_ids_no_chance(inspect):
    row = "1\tOne\t1\t1\t\t0\t0\t0\t0\tN\t{}\t1\t\t1\t\r\n"
    tracks = row.format(7) + row.replace("1", "2", 1).format(8)
    inspection = inspect({"track.csv": tracks, "listitem.csv": ""})
    assert inspection.chances["T1-TRK-12"] == 0
    assert inspection.chances["T1-TRK-01"] == 2


@pytest.mark.requirement("T1-LST-07", "T1-LST-11")
@pytest.mark.parametrize("value", ["99", "x"])
def test_the_place_of_a_refused_item_is_no_gap_and_leaves_no_empty_list(inspect, edit, value):
    for row in (4, 9):
        found = held(inspect(edit("listitem.csv", row, Linked_ListItem=value)))
        assert found == [("T1-LST-08", "listitem.csv", row, "Linked_ListItem")]


@pytest.mark.requirement("T1-LST-12")
def test_after_a_list_that_contains_itself_gaps_are_looked_for(inspect, append):
    inspection = inspect(append("listitem.csv", "21|21|9"))
    assert [requirement for requirement, *_ in held(inspection)] == ["T1-LST-12", "T1-LST-11"]


@pytest.mark.requirement("T1-LST-12")
def test_every_list_that_contains_itself_is_named(inspect, append):
    lists = append("list.csv", "30|||A|L|0|0|0|0|0|I|0|-|0", "31|||B|L|0|0|0|0|0|I|0|-|0")
    inspection = inspect(lists | append("listitem.csv", "30|30|0", "31|31|0"))
    assert held(inspection) == [
        ("T1-LST-12", "list.csv", 9, "ListID"),
        ("T1-LST-12", "list.csv", 10, "ListID"),
    ]


@pytest.mark.requirement("T1-ALB-06")
def test_a_subgenre_of_an_unknown_genre_says_nothing_about_its_albums(inspect, edit):
    assert held(inspect(edit("subgenre.csv", 1, Linked_GenreID="9"))) == [
        ("T1-GEN-05", "subgenre.csv", 1, "Linked_GenreID")
    ]


@pytest.mark.requirement("T1-TSV-04", "T1-TSV-14")
@pytest.mark.parametrize(
    ("text", "encoding", "requirement"),
    [
        ("1\tFünf\t0\t0\r\n", "latin-1", "T1-TSV-04"),
        ("1\tRock\t0\t0\r\n", "utf-16-le", "T1-TSV-14"),
        ("1\tFünf\t0\t0\r\n", "utf-16-le", "T1-TSV-14"),
        ("1\tFünf\t0\t0\r\n", "utf-16-be", "T1-TSV-14"),
    ],
)
def test_another_encoding_is_told_from_a_missing_mark(
    tmp_path, sample, zipped, text, encoding, requirement
):
    entries = dict.fromkeys(sample(), b"") | {"genre.csv": text.encode(encoding)}
    path = zipped(tmp_path / "package", {"manifest.json": MANIFEST} | entries)
    assert {name for name, *_ in held(inspect_catalog(path))} == {requirement}


@pytest.mark.requirement("T1-TSV-15")
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.file)
def test_a_header_row_is_told_from_a_broken_one(inspect, sample, table):
    header = "\t".join(field.name.upper() for field in table.fields) + "\r\n"
    inspection = inspect({table.file: header + sample()[table.file]})
    assert held(inspection) == [("T1-TSV-15", table.file, 1, table.fields[0].name)]
    assert not open_ones(inspection)


@pytest.mark.requirement("T1-TSV-15")
def test_a_row_that_is_called_as_a_field_is_no_header(inspect, sample):
    rows = sample()["genre.csv"].replace("Rock", "GenreTitle").replace("1\t", "x\t", 1)
    assert held(inspect({"genre.csv": rows})) == [("T1-GEN-01", "genre.csv", 1, "Genre_ID")]


@pytest.mark.requirement("T1-TSV-05")
def test_every_empty_row_before_the_end_is_named_and_loses_nothing(inspect, sample):
    first, second = sample()["genre.csv"].splitlines()
    inspection = inspect({"genre.csv": f"{first}\n\n\n{second}\n\n"})
    assert held(inspection) == [
        ("T1-TSV-05", "genre.csv", 2, ""),
        ("T1-TSV-05", "genre.csv", 3, ""),
    ]
    assert not open_ones(inspection)


@pytest.mark.requirement("T1-GEN-01", "T1-GEN-04")
def test_of_a_table_with_too_many_rows_each_further_one_is_named(inspect, append):
    genres = append("genre.csv", *(f"{n}|New|0|0" for n in range(10, 74)))
    assert held(inspect(genres)) == [
        ("T1-GEN-01", "genre.csv", 65, ""),
        ("T1-GEN-01", "genre.csv", 66, ""),
    ]


@pytest.mark.requirement("T1-CON-13")
def test_the_reserved_id_is_below_the_documented_bound_and_breaks_no_must(inspect, edit):
    changes = edit("artist.csv", 2, ArtistID="4294967295")
    changes |= edit("album.csv", 2, AlbumArtist="4294967295")
    assert held(inspect(changes)) == [
        ("T1-CON-13", "artist.csv", 2, "ArtistID"),
        ("T1-CON-13", "album.csv", 2, "AlbumArtist"),
    ]


@pytest.mark.requirement("T1-TSV-06", "T1-TSV-18", "T1-TRK-15", "T1-ALB-07")
@pytest.mark.parametrize(
    ("file", "field", "value", "requirement"),
    [
        ("track.csv", "Popularity", "1,5", "T1-TSV-18"),
        ("track.csv", "Popularity", "1 000.5", "T1-TSV-18"),
        ("track.csv", "Popularity", ".5", "T1-TSV-18"),
        ("track.csv", "Popularity", "1e3", "T1-TSV-18"),
        ("track.csv", "Popularity", "-1.5", "T1-TSV-06"),
        ("track.csv", "Popularity", "", "T1-TSV-06"),
        ("track.csv", "StarRating", "good", "T1-TSV-06"),
        ("track.csv", "StarRating", "4,5", "T1-TSV-18"),
        ("track.csv", "StarRating", "-1", "T1-TRK-15"),
        ("album.csv", "Popularity", "1,5", "T1-TSV-18"),
        ("album.csv", "Popularity", "-1.5", "T1-ALB-07"),
        ("album.csv", "Popularity", "none", "T1-ALB-07"),
        ("list.csv", "Popularity", "n/a", "T1-TSV-06"),
        ("list.csv", "EditorialGlyph", "-1", "T1-LST-10"),
        ("list.csv", "EditorialGlyph", "glyph", "T1-TSV-06"),
        ("radio.csv", "StarRating", "5.5", "T1-TRK-15"),
    ],
)
def test_the_form_of_a_number_is_told_from_its_range(
    inspect, edit, file, field, value, requirement
):
    assert held(inspect(edit(file, 1, **{field: value}))) == [(requirement, file, 1, field)]


@pytest.mark.requirement("T1-TSV-17", "T1-TSV-18", "T1-TRK-15")
def test_only_values_that_could_break_a_clause_give_it_a_chance(inspect, edit):
    chances = inspect().chances
    assert chances["T1-TSV-17"] == sum("\t\r\n" in row for row in _lines("track.csv", edit))
    whole = dict.fromkeys(("track.csv", "radio.csv", "listitem.csv"), "")
    whole |= edit("artist.csv", 2, Popularity="2")
    chances = inspect(whole).chances
    assert chances["T1-TSV-18"] == chances["T1-TRK-15"] == chances["T1-TSV-17"] == 0


def _lines(file, edit):
    return edit(file, 1)[file].splitlines(keepends=True)


def folder(path: Path, entries: Mapping[str, str]) -> Path:
    for name, text in entries.items():
        (path / name).write_text(text, encoding="utf-16")
    return path


def test_a_folder_is_read_as_a_package_is(tmp_path, sample, inspect):
    files = sample() | {"compiled_unique_words.txt": "words"}
    of_folder = inspect_catalog(folder(tmp_path, files))
    assert of_folder.breaches == ()
    assert not of_folder.chances.keys() & {"T1-CAT-07", "T1-CAT-17", "T1-CAT-22"}
    assert of_folder.counts == inspect().counts


@pytest.mark.requirement("T1-TSV-02")
def test_an_empty_folder_lacks_every_table(tmp_path):
    found = held(inspect_catalog(tmp_path))
    assert found == [("T1-TSV-02", table.file, 0, "") for table in TABLES]


@pytest.mark.requirement("T1-TSV-01", "T1-TSV-02")
def test_a_table_under_another_name_is_told_from_one_that_is_missing(tmp_path, sample):
    files = sample()
    files["Radio.CSV"] = files.pop("radio.csv")
    del files["list.csv"]
    inspection = inspect_catalog(folder(tmp_path, files))
    assert held(inspection) == [
        ("T1-TSV-02", "list.csv", 0, ""),
        ("T1-TSV-01", "radio.csv", 0, ""),
    ]
    assert "not 'Radio.CSV'" in inspection.breaches[1].what


@pytest.mark.requirement("T1-TSV-02")
def test_a_folder_in_the_place_of_a_table_is_none(tmp_path, sample):
    files = sample()
    del files["radio.csv"]
    (tmp_path / "radio.csv").mkdir()
    inspection = inspect_catalog(folder(tmp_path, files))
    assert held(inspection) == [("T1-TSV-02", "radio.csv", 0, "")]


def test_a_folder_has_a_bounded_size(tmp_path, sample, monkeypatch):
    monkeypatch.setattr(catalog_package, "MAX_UNPACKED_BYTES", 1_000)
    with pytest.raises(CatalogError, match="at most 1000 are read"):
        inspect_catalog(folder(tmp_path, sample()))


def test_a_table_of_a_folder_has_a_bounded_size(tmp_path, sample, monkeypatch):
    monkeypatch.setattr(catalog_package, "MAX_TABLE_BYTES", 400)
    with pytest.raises(CatalogError, match=r"more than 400 bytes"):
        inspect_catalog(folder(tmp_path, sample()))


def test_only_so_many_names_of_a_folder_are_looked_at(tmp_path, sample, monkeypatch):
    monkeypatch.setattr(publication, "MOST_NAMES", 0)
    found = held(inspect_catalog(folder(tmp_path, sample())))
    assert found == [("T1-TSV-02", table.file, 0, "") for table in TABLES]


@pytest.mark.requirement("T1-TSV-01")
def test_a_package_holds_each_table_once_and_nothing_else(tmp_path, sample, zipped):
    entries = {name: text.encode() for name, text in sample().items()} | {"readme.txt": b""}
    path = zipped(tmp_path / "package", {"manifest.json": MANIFEST} | entries)
    with python_warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        python_warnings.simplefilter("ignore")
        archive.writestr("track.csv", entries["track.csv"])
    inspection = inspect_catalog(path)
    assert {name for name, *_ in held(inspection)} == {"T1-TSV-01"}
    assert {breach.file for breach in inspection.breaches} == {"'readme.txt'", "'track.csv'"}


@pytest.mark.requirement("T1-CAT-22")
def test_the_tables_of_version_0_are_read(inspect, edit):
    inspection = inspect(edit("genre.csv", 1, HasComposer=""), version=0)
    assert held(inspection) == [
        ("T1-CAT-22", "manifest.json", 0, ""),
        ("T1-GEN-02", "genre.csv", 1, "HasComposer"),
    ]


@pytest.mark.requirement("T1-CAT-07")
def test_an_update_is_one_finding_and_its_files_are_not_read(inspect, edit):
    inspection = inspect(edit("genre.csv", 1, HasComposer=""), kind="update", version=0)
    assert held(inspection) == [("T1-CAT-07", "manifest.json", 0, "")]
    assert inspection.chances == {"T1-CAT-07": 1, "T1-CAT-17": 1}
    assert inspection.is_whole
    assert set(inspection.counts.values()) == {0}


@pytest.mark.requirement("T1-CAT-17")
def test_a_package_of_stored_files_is_taken_in_and_should_be_compressed(inspect):
    (breach,) = inspect(method=zipfile.ZIP_STORED).breaches
    assert (breach.requirement, breach.is_warning) == ("T1-CAT-17", True)
    assert str(breach).startswith("the package: nothing in it is compressed")


@pytest.mark.requirement("T1-CAT-07", "T1-CAT-17")
def test_a_whole_catalogue_keeps_what_is_asked_of_a_package(inspect):
    inspection = inspect()
    assert inspection.chances["T1-CAT-07"] == inspection.chances["T1-CAT-17"] == 1
    assert inspection.breaches == ()


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"kind": "part"}, "kind must be full or update"),
        ({"version": "0"}, "version must be a whole number"),
        ({"version": 0, "locale": None}, "locale must be a whole number"),
    ],
)
def test_a_manifest_of_another_form_is_no_breach_of_the_documents(refuse, members, words):
    assert words in refuse(**members).what


@pytest.mark.parametrize("content", [b"", b"PK", b"<html>", b"PK\x05\x06" + b"\x00" * 18])
def test_what_is_no_package_cannot_be_read(tmp_path, content):
    path = tmp_path / "package"
    path.write_bytes(content)
    with pytest.raises(CatalogError):
        inspect_catalog(path)


def test_a_package_that_is_cut_cannot_be_read(package):
    path = package()
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CatalogError, match="or it is cut"):
        inspect_catalog(path)


def test_a_package_that_is_not_there_cannot_be_read(tmp_path):
    with pytest.raises(CatalogError):
        inspect_catalog(tmp_path / "none")


def test_damaged_content_cannot_be_read(package):
    path = package(method=zipfile.ZIP_STORED, encoding="utf-8")
    path.write_bytes(path.read_bytes().replace(b"Dawn", b"Down"))
    with pytest.raises(CatalogError, match="CRC"):
        inspect_catalog(path)


def test_a_bomb_is_refused_by_its_ratio(tmp_path, sample, zipped):
    entries = dict.fromkeys(sample(), b"") | {"track.csv": b"0" * 20_000_000}
    path = zipped(tmp_path / "package", {"manifest.json": MANIFEST} | entries)
    with pytest.raises(CatalogError, match="250 times"):
        inspect_catalog(path)


@pytest.mark.parametrize(
    "rows", ["1\t" + "x" * 20_000 + "\t0\t0\r\n", "x" * 70_000], ids=["field", "row"]
)
def test_what_exceeds_a_bound_of_this_project_is_no_breach_of_the_documents(refuse, rows):
    error = refuse({"genre.csv": rows})
    assert error.where.startswith("genre.csv, row 1")
    assert "characters" in error.what


def test_more_rows_than_are_read_are_no_breach_of_the_documents(refuse, append, monkeypatch):
    monkeypatch.setattr(tables, "MAX_ROWS", 64)  # as many as genre.csv may have
    error = refuse(append("genre.csv", *(f"{n}|New|0|0" for n in range(10, 74))))
    assert "at most 64 rows" in error.what


def test_longer_id_lists_than_are_read_are_no_breach_of_the_documents(refuse, monkeypatch):
    monkeypatch.setattr(checks, "MAX_LINKS", 3)
    assert "hold at most 3 IDs" in refuse().what


def test_after_too_many_breaches_nothing_more_is_read(inspect, append, monkeypatch):
    monkeypatch.setattr(catalog_breaches, "MOST_REFUSALS", 5)
    inspection = inspect(append("genre.csv", *["x|New|0|0"] * 20))
    assert not inspection.is_whole
    assert inspection.totals == {"T1-GEN-01": 5}
    assert inspection.counts["artists"] == 0


def test_warnings_are_counted_without_end_and_crowd_out_no_refusal(inspect, append, monkeypatch):
    monkeypatch.setattr(catalog_breaches, "MOST_REFUSALS", 5)
    monkeypatch.setattr(catalog_breaches, "MOST_KEPT", 2)
    row = "{}|T|1|{}|$1|0|0|0|0|N|7|1||1|"
    rows = [row.format(n, 1) for n in range(73, 80)] + [row.format(100, 256)]
    inspection = inspect(append("track.csv", *rows))
    of_numbers = [one for one in inspection.breaches if one.requirement == "T1-TRK-03"]
    assert inspection.is_whole
    assert [one.is_warning for one in of_numbers] == [True, True, False]
    assert inspection.totals["T1-TRK-03"] == 8


def test_the_file_is_free_after_an_inspection(package, edit):
    path = package(edit("genre.csv", 1, HasComposer=""))
    inspect_catalog(path)
    path.unlink()
    assert not path.exists()


def mutations(length: int) -> st.SearchStrategy[list[tuple[int, int, bytes]]]:
    change = st.tuples(st.integers(0, length), st.integers(0, 3), st.binary(max_size=4))
    return st.lists(change, min_size=1, max_size=6)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inspection") / "package"


@given(st.data())
def test_tables_of_any_bytes_are_read_to_the_end(place, zipped, sample, data):
    encoding = data.draw(st.sampled_from(["utf-8", "utf-16"]))
    entries = {name: text.encode(encoding) for name, text in sample().items()}
    for name in data.draw(st.lists(st.sampled_from(sorted(entries)), max_size=3)):
        for at, removed, inserted in data.draw(mutations(len(entries[name]))):
            content = entries[name]
            entries[name] = content[:at] + inserted + content[at + removed :]
    zipped(place, {"manifest.json": MANIFEST} | entries)
    inspection = inspect_catalog(place)
    assert inspection.is_whole
    assert all(isinstance(breach, CatalogBreach) for breach in inspection.breaches)
    assert all(inspection.chances[name] >= total for name, total in inspection.totals.items())


@given(st.data())
def test_a_package_of_any_bytes_is_read_or_refused_and_nothing_else(place, zipped, sample, data):
    entries = {name: text.encode("utf-16") for name, text in sample().items()}
    zipped(place, {"manifest.json": MANIFEST} | entries)
    content = place.read_bytes()
    for at, removed, inserted in data.draw(mutations(len(content))):
        content = content[:at] + inserted + content[at + removed :]
    place.write_bytes(content)
    try:
        found = inspect_catalog(place)
    except CatalogError:
        return
    assert set(found.counts) == {table.name for table in TABLES}


def test_bytes_that_are_no_text_are_one_finding(tmp_path, sample, zipped):
    entries = {name: text.encode() for name, text in sample().items()}
    entries["radio.csv"] = b"\xff\xfe" + b"\x00\xdc" * 200
    path = zipped(tmp_path / "package", {"manifest.json": MANIFEST} | entries)
    inspection = inspect_catalog(path)
    assert held(inspection) == [("T1-TSV-04", "radio.csv", 1, "")]
