"""Raw tag values, made clean."""

import math
import unicodedata
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from player_host.library import values

RAW = st.one_of(
    st.text(),
    st.binary(),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.tuples(st.integers(), st.integers()),
    st.none(),
)


@given(RAW)
def test_no_raw_value_provokes_an_exception_or_an_unbounded_answer(raw):
    text = values.clean_text(raw)
    assert len(text) <= values.MAX_TEXT_CHARACTERS
    assert not {unicodedata.category(c) for c in text} & {"Cc", "Cs"}
    text.encode("utf-8")

    number = values.track_number(raw)
    assert number is None or 1 <= number <= values.MAX_TRACK_NUMBER
    assert 0.0 <= values.seconds(raw) <= values.MAX_DURATION_S
    assert values.guid(raw) == "" or uuid.UUID(values.guid(raw))
    assert values.truth(raw) in (True, False)
    assert values.year(raw) is None or 1 <= values.year(raw) <= 9_999


@given(st.text())
def test_clean_text_stays_as_it_is(text):
    once = values.clean_text(text)

    assert values.clean_text(once) == once


def test_text_is_cut_and_freed_of_control_characters_but_never_trimmed():
    assert values.clean_text("x" * 10_000) == "x" * 4_096
    assert values.clean_text("a\0b\x1b[31mc\n") == "ab[31mc"
    assert values.clean_text("\ud800x") == "x"
    assert values.clean_text(" Proseware ") == " Proseware "


@pytest.mark.requirement("LIB-24")
def test_private_text_is_utf_16_up_to_the_zero():
    assert values.clean_text("Störe 音楽".encode("utf-16-le") + b"\0\0") == "Störe 音楽"
    assert values.clean_text("A".encode("utf-16-le") + b"\0\0junk") == "A"
    assert values.clean_text(b"plain") == "plain"


@pytest.mark.requirement("LIB-16")
def test_at_most_64_values_are_kept_and_empty_ones_are_not():
    assert values.clean_texts(["", "a", "\0", "b"]) == ("a", "b")
    assert len(values.clean_texts(str(n) for n in range(1_000))) == 64


@pytest.mark.requirement("LIB-17")
@pytest.mark.parametrize(
    ("raw", "number"),
    [
        (3, 3),
        ("3", 3),
        ("3/12", 3),
        (" 03 of 12", 3),
        ((3, 12), 3),
        ("0", None),
        ((0, 12), None),
        (-1, None),
        ("x", None),
        ("", None),
        ("1" * 30, None),
        (2**40, None),
        ((), None),
    ],
)
def test_a_track_number_is_read_from_text_and_number(raw, number):
    assert values.track_number(raw) == number


@pytest.mark.requirement("LIB-17")
def test_the_older_track_number_starts_at_zero():
    assert values.zero_based_track_number(0) == 1
    assert values.zero_based_track_number("4") == 5
    assert values.zero_based_track_number("") is None


def test_a_guid_is_read_in_memory_order_and_as_text():
    music = "D1607DBC-E323-4BE2-86A1-48A42A28441E"

    assert values.guid(uuid.UUID(music).bytes_le) == music
    assert values.guid(f"{{{music.lower()}}}") == music
    assert values.guid("music") == ""


@pytest.mark.parametrize("raw", [math.inf, math.nan, -1.0, 1e300, "x", 10**400])
def test_an_impossible_duration_is_unset(raw):
    assert values.seconds(raw) == 0.0


@pytest.mark.parametrize(
    ("raw", "year"),
    [("1999-12-31", 1999), ("2026", 2026), (1987, 1987), ("12345", None), ("0000", None)],
)
def test_the_year_is_what_a_date_begins_with(raw, year):
    assert values.year(raw) == year


@pytest.mark.parametrize(("raw", "truth"), [(1, True), ("TRUE", True), ("0", False), (b"", False)])
def test_truth_is_read_from_numbers_and_text(raw, truth):
    assert values.truth(raw) is truth
