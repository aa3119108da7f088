"""Which part of a file a request gets, for every form that Range and If-Range can take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sample_partners.proseware.ranges import NotSatisfiable, Part, wanted_part

ETAG = '"abc"'
DATE = "Wed, 01 Nov 2006 00:00:00 GMT"
sizes = st.integers(0, 10_000)
numbers = st.integers(0, 20_000)


def wanted(range_header, if_range=None, size=1_000):
    return wanted_part(range_header, if_range, size=size, etag=ETAG, last_modified=DATE)


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-99", (0, 100)),
        ("bytes=100-", (100, 1_000)),
        ("bytes=-100", (900, 1_000)),
        ("bytes=-5000", (0, 1_000)),
        ("bytes=999-", (999, 1_000)),
        ("bytes=0-9999", (0, 1_000)),
        ("Bytes=5-5", (5, 6)),
    ],
)
def test_one_sound_range_gives_its_part(header, part):
    assert wanted(header) == Part(*part, 1_000)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-4",
        "items=0-1",
        "bytes=a-b",
        "bytes=1-2,5-6",
        "bytes=-1-5",
        "bytes=0x1-",
        "bytes=\u0661-",
        "bytes=" + "9" * 30 + "-",
    ],
)
def test_anything_else_gives_the_whole_file(header):
    assert wanted(header) is None


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-1001", "bytes=5000-", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_satisfied(header):
    with pytest.raises(NotSatisfiable):
        wanted(header)


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=-5"])
def test_an_empty_file_has_no_part(header):
    with pytest.raises(NotSatisfiable):
        wanted(header, size=0)


@pytest.mark.parametrize("validator", [ETAG, DATE])
def test_a_validator_that_fits_lets_the_range_through(validator):
    assert wanted("bytes=10-", validator) == Part(10, 1_000, 1_000)


@pytest.mark.parametrize(
    "validator", ['W/"abc"', '"abd"', "abc", "", "Thu, 02 Nov 2006 00:00:00 GMT"]
)
def test_a_validator_that_does_not_fit_gives_the_whole_file(validator):
    assert wanted("bytes=10-", validator) is None


def test_a_validator_that_does_not_fit_goes_before_a_range_that_cannot_be_satisfied():
    assert wanted("bytes=5000-", '"other"') is None


def test_the_content_range_counts_the_last_byte():
    assert Part(0, 100, 1_000).content_range == "bytes 0-99/1000"


@given(size=sizes, first=numbers, last=st.none() | numbers)
def test_a_part_is_what_a_slice_of_the_same_bounds_gives(size, first, last):
    header = f"bytes={first}-{'' if last is None else last}"
    everything = range(size)
    expected = everything[first : None if last is None else last + 1]
    try:
        part = wanted(header, size=size)
    except NotSatisfiable:
        assert not expected
    else:
        assert part is None or everything[part.start : part.stop] == expected
        assert (part is None) == (last is not None and last < first)


@given(size=sizes, length=numbers)
def test_a_suffix_is_what_a_slice_from_the_end_gives(size, length):
    try:
        part = wanted(f"bytes=-{length}", size=size)
    except NotSatisfiable:
        assert length == 0 or size == 0
    else:
        assert part == Part(max(size - length, 0), size, size)


@given(st.text(max_size=60), st.none() | st.text(max_size=20))
def test_no_header_breaks_the_server(header, if_range):
    try:
        part = wanted(header, if_range)
    except NotSatisfiable:
        return
    assert part is None or 0 <= part.start < part.stop <= 1_000
