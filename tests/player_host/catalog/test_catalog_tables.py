import codecs

import pytest

from player_host.catalog import tables
from player_host.catalog.findings import Warnings
from player_host.catalog.format import GENRE, LIST_ITEM, TRACK
from player_host.catalog.rows import Genre, ListItem
from player_host.catalog.tables import read_table
from player_host.errors import CatalogError

TEXT = "1\tRöck 音楽 𝄞\t0\t0\r\n2\tKlassik\t1\t1\r\n"
ROWS = [(1, Genre(1, "Röck 音楽 𝄞", False, False)), (2, Genre(2, "Klassik", True, True))]


def read(content, table=GENRE, size=65_536, warnings=None):
    chunks = [content[at : at + size] for at in range(0, len(content), size)]
    return list(read_table(table, chunks, warnings or Warnings()))


def refuse(content, table=GENRE, size=65_536):
    with pytest.raises(CatalogError) as caught:
        read(content, table, size)
    return caught.value


@pytest.mark.requirement("T1-TSV-04", "T1-TSV-14")
@pytest.mark.parametrize("size", [1, 2, 3, 7, 65_536])
@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode(),
    ],
    ids=["UTF-16LE", "UTF-16BE", "UTF-8 with mark", "UTF-8"],
)
def test_every_unicode_form_is_read_however_the_bytes_are_cut(content, size):
    assert read(content, size=size) == ROWS


@pytest.mark.requirement("T1-TSV-16")
@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\r\n", "\n"), TEXT.removesuffix("\r\n")])
def test_rows_end_in_crlf_or_lf_and_the_last_one_needs_no_end(text):
    assert read(text.encode()) == ROWS


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_one_empty_row_at_the_end_is_ignored(ending):
    assert read((TEXT + ending).encode()) == ROWS


def test_an_empty_row_before_the_end_is_refused():
    error = refuse(("\r\n" + TEXT).encode())
    assert error.where == "genre.csv, row 1"
    assert "the row must not be empty (T1-TSV-05)" in error.what


@pytest.mark.requirement("T1-TSV-02")
@pytest.mark.parametrize("content", [b"", codecs.BOM_UTF16_LE, codecs.BOM_UTF8])
def test_a_file_without_data_may_be_empty(content):
    assert read(content) == []


@pytest.mark.requirement("T1-TSV-15")
def test_a_header_row_is_read_as_a_row_and_refused():
    error = refuse(b"Genre_ID\tGenreTitle\tFeedsAreAvailable\tHasComposer\r\n")
    assert error.where == "genre.csv, row 1, field Genre_ID"


@pytest.mark.requirement("T1-TSV-16")
def test_quotes_are_ordinary_characters():
    ((_, row),) = read(b'1\t"Rock"; it\'s "loud\t0\t0\n')
    assert row.title == '"Rock"; it\'s "loud'


@pytest.mark.requirement("T1-TSV-16")
@pytest.mark.parametrize("character", ["\r", "\x00", "\x1b", "\x7f", "\x85", "\x0b"])
def test_row_ends_and_control_characters_inside_a_field_are_refused(character):
    error = refuse(f"1\tRo{character}ck\t0\t0\n".encode())
    assert error.where == "genre.csv, row 1, field GenreTitle"


@pytest.mark.requirement("T1-TSV-16")
def test_a_line_separator_of_unicode_ends_no_row():
    ((_, row),) = read("1\tRo\u2028ck\t0\t0\n".encode())
    assert row.title == "Ro\u2028ck"


@pytest.mark.requirement("T1-TSV-14")
def test_utf16_without_its_mark_is_refused_with_the_likely_cause():
    error = refuse("1\tRock\t0\t0\n".encode("utf-16-le"))
    assert "NUL suggests UTF-16 without its byte order mark" in error.what
    assert error.what.endswith("(T1-TSV-14)")


@pytest.mark.requirement("T1-TSV-04", "T1-TSV-14")
@pytest.mark.parametrize("size", [1, 5, 65_536])
@pytest.mark.parametrize(
    ("content", "name"),
    [
        (TEXT.encode() + b"3\tF\xfcnf\t0\t0\n", "UTF-8"),
        (TEXT.encode() + b"3\tR\xc3", "UTF-8"),
        (TEXT.encode("utf-16") + b"3\x00\x00\xdc\t\x00", "UTF-16-LE"),
        (TEXT.encode("utf-16") + b"3", "UTF-16-LE"),
    ],
    ids=["Latin-1", "cut UTF-8", "lone surrogate", "cut UTF-16"],
)
def test_bytes_that_are_not_unicode_are_refused_at_their_row(content, name, size):
    error = refuse(content, size=size)
    assert error.where == "genre.csv, row 3"
    assert f"its bytes are not {name}" in error.what


@pytest.mark.requirement("T1-TSV-03")
def test_commas_do_not_separate_fields():
    error = refuse(b"1,Rock,0,0\n")
    assert "must have 4 fields separated by tabs; it has 1 (T1-TSV-03)" in error.what


@pytest.mark.requirement("T1-TSV-05")
@pytest.mark.parametrize("row", [b"1\tRock\t0\n", b"1\tRock\t0\t0\t\n"])
def test_the_number_of_fields_is_fixed(row):
    error = refuse(b"0\tJazz\t0\t0\n" + row)
    assert error.where == "genre.csv, row 2"
    assert "must have 4 fields" in error.what


@pytest.mark.requirement("T1-TSV-17")
def test_a_missing_optional_field_at_the_end_is_a_warning():
    warnings = Warnings()
    row = "70\tDawn\t180\t1\t$1\t1\t1\t1\t0\tN\t7\t1\t\t3\n"
    ((_, track),) = read(row.encode(), TRACK, warnings=warnings)
    assert track.star_rating is None
    (warning,) = warnings.kept
    assert str(warning).startswith("track.csv, row 1, field StarRating: is missing")
    assert warning.requirement == "T1-TSV-17"


@pytest.mark.requirement("T1-TSV-17")
def test_an_empty_optional_field_is_no_warning():
    warnings = Warnings()
    read(b"70\tDawn\t180\t1\t$1\t1\t1\t1\t0\tN\t7\t1\t\t3\t\n", TRACK, warnings=warnings)
    assert warnings.total == 0


def test_a_row_has_a_bounded_length(monkeypatch):
    monkeypatch.setattr(tables, "MAX_ROW_CHARACTERS", 30)
    error = refuse(TEXT.encode() + b"3\t" + b"x" * 40 + b"\t0\t0\n")
    assert error.where == "genre.csv, row 3"


def test_a_row_without_an_end_is_given_up_before_it_is_read_whole():
    taken = []

    def endless():
        for number in range(1_000):
            taken.append(number)
            yield b"x" * 65_536

    with pytest.raises(CatalogError, match="at most 65536 characters"):
        list(read_table(GENRE, endless(), Warnings()))
    assert len(taken) < 4


def test_a_field_has_a_bounded_length():
    error = refuse(b"1\t" + b"x" * 20_000 + b"\t0\t0\n")
    assert error.where == "genre.csv, row 1, field GenreTitle"
    assert "must have at most 16384 characters" in error.what
    assert len(str(error)) < 400


@pytest.mark.requirement("T1-GEN-01")
def test_there_are_at_most_64_genres():
    rows = [f"{n}\tGenre\t0\t0\n" for n in range(65)]
    assert len(read("".join(rows[:64]).encode())) == 64
    error = refuse("".join(rows).encode())
    assert error.where == "genre.csv, row 65"
    assert "at most 64 rows (T1-GEN-01)" in error.what


def test_numbers_may_stand_between_blanks():
    assert read(b" 3 \t8 \t 0\n", LIST_ITEM) == [(1, ListItem(3, 8, 0))]


def test_warnings_are_counted_without_bound_and_kept_with_one():
    warnings = Warnings()
    for number in range(1_500):
        warnings.add("track.csv", number, "TrackPrice", "should show its currency", "T1-TRK-04")
    assert (warnings.total, len(warnings.kept)) == (1_500, 1_000)
