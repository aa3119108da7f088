"""The eight table files and the package: form, field by field, and the same bytes each time."""

import json
import zipfile
from io import BytesIO

import pytest
from attrs import evolve

from sample_partners.proseware.repertoire import repertoire
from sample_partners.proseware.synthetic import synthetic
from sample_partners.proseware.tables import full_package, table_files

FIELD_COUNTS = {
    "track.csv": 15,
    "album.csv": 13,
    "artist.csv": 6,
    "genre.csv": 4,
    "subgenre.csv": 6,
    "list.csv": 14,
    "listitem.csv": 3,
    "radio.csv": 15,
}
FLAG_FIELDS = {
    "track.csv": (5, 6, 7, 8),
    "album.csv": (9, 10),
    "genre.csv": (2, 3),
    "subgenre.csv": (3,),
    "list.csv": (7, 8, 13),
    "radio.csv": (10, 11, 12),
}
CATALOG = repertoire()
TABLES = table_files(CATALOG)


@pytest.fixture
def rows(lines_of):
    return lambda name: lines_of(TABLES[name])


@pytest.mark.requirement("T1-TSV-01", "T1-TSV-02")
def test_there_are_exactly_the_eight_files():
    assert set(TABLES) == set(FIELD_COUNTS)


@pytest.mark.requirement("T1-TSV-03", "T1-TSV-05", "T1-TSV-17")
@pytest.mark.parametrize("name", FIELD_COUNTS)
def test_every_row_has_all_its_fields_between_tabs(rows, name):
    assert {len(row) for row in rows(name)} == {FIELD_COUNTS[name]}


@pytest.mark.requirement("T1-TSV-04", "T1-TSV-14", "T1-TSV-16")
@pytest.mark.parametrize("name", FIELD_COUNTS)
def test_the_text_is_utf_16_with_its_mark_and_windows_line_ends(name):
    assert TABLES[name].startswith(b"\xff\xfe")
    text = TABLES[name][2:].decode("utf-16-le")
    assert text.endswith("\r\n")
    assert text.count("\n") == text.count("\r\n") == text.count("\r")


@pytest.mark.requirement("T1-TSV-15")
def test_the_first_row_is_data_and_no_heading(rows):
    assert rows("track.csv")[0][0] == "101"


@pytest.mark.requirement("T1-TSV-06", "T1-GEN-02")
@pytest.mark.parametrize("name", FLAG_FIELDS)
def test_a_boolean_is_0_or_1(rows, name):
    flags = {row[position] for row in rows(name) for position in FLAG_FIELDS[name]}

    assert flags <= {"0", "1"}


def test_a_track_row_says_what_the_track_is(rows):
    row = next(row for row in rows("track.csv") if row[0] == "303")

    assert row == [
        "303",
        "Last Window",
        "4",
        "3",
        "$0.99",
        "1",
        "1",
        "0",
        "0",
        "N",
        "3",
        "6;4;",
        "",
        "0.5",
        "",
    ]


def test_an_album_row_says_what_the_album_is(rows):
    row = next(row for row in rows("album.csv") if row[0] == "3")

    assert row[:8] == ["3", "City Lights, Vol. 1", "1", "", "2006-9-1", "$9.99", "1", "10;11;"]
    assert row[8:] == ["2", "0", "0", "0", "0"]


@pytest.mark.parametrize(("track", "price"), [("402", ""), ("105", "0"), ("601", "-")])
def test_the_special_prices_are_the_texts_of_the_format(rows, track, price):
    assert next(row[4] for row in rows("track.csv") if row[0] == track) == price


def test_unused_fields_have_the_value_that_the_format_asks_for(rows):
    assert {row[3] for row in rows("album.csv")} == {""}
    assert {row[5] for row in rows("artist.csv")} == {""}
    assert {row[6] for row in rows("radio.csv")} == {""}


def test_moods_have_no_final_semicolon(rows):
    assert [row[5] for row in rows("radio.csv")] == ["bright;easy", "calm", "quiet;late"]


def test_positions_in_a_list_begin_at_0_and_leave_no_gap(rows):
    by_list: dict[str, list[int]] = {}
    for list_id, _, position in rows("listitem.csv"):
        by_list.setdefault(list_id, []).append(int(position))

    assert all(found == list(range(len(found))) for found in by_list.values())


def test_a_dynamic_list_has_no_row_in_listitem(rows):
    dynamic = {row[0] for row in rows("list.csv") if row[13] == "1"}

    assert dynamic
    assert not dynamic & {row[0] for row in rows("listitem.csv")}


@pytest.mark.requirement("T1-TSV-18")
def test_a_decimal_has_a_full_stop(rows):
    assert {row[4] for row in rows("artist.csv")} >= {"4.5", "2.25", "99"}


@pytest.mark.requirement("T1-TSV-02")
def test_a_table_without_rows_is_an_empty_file():
    assert table_files(synthetic(1))["radio.csv"] == b""


@pytest.mark.parametrize("compressed", [True, False])
def test_the_package_holds_the_tables_and_its_manifest_at_the_top(compressed):
    package = zipfile.ZipFile(BytesIO(full_package(CATALOG, compressed=compressed)))

    assert set(package.namelist()) == {"manifest.json", *FIELD_COUNTS}
    assert {name: package.read(name) for name in FIELD_COUNTS} == TABLES
    assert json.loads(package.read("manifest.json")) == {
        "kind": "full",
        "version": 210,
        "schema_version": 1,
        "locale": 1033,
    }


@pytest.mark.parametrize(
    ("compressed", "method"), [(True, zipfile.ZIP_DEFLATED), (False, zipfile.ZIP_STORED)]
)
def test_a_package_is_deflated_or_stored_throughout(compressed, method):
    package = zipfile.ZipFile(BytesIO(full_package(CATALOG, compressed=compressed)))

    assert {entry.compress_type for entry in package.infolist()} == {method}


def test_the_same_catalogue_gives_the_same_package():
    assert full_package(repertoire(), compressed=True) == full_package(CATALOG, compressed=True)


def test_a_package_does_not_tell_when_and_on_which_system_it_was_made():
    package = zipfile.ZipFile(BytesIO(full_package(CATALOG, compressed=True)))

    assert {entry.create_system for entry in package.infolist()} == {0}
    assert {entry.date_time[:3] for entry in package.infolist()} == {(2006, 11, 1)}


def test_another_version_gives_another_package():
    later = evolve(CATALOG, version=CATALOG.version + 1)

    assert full_package(later, compressed=True) != full_package(CATALOG, compressed=True)
