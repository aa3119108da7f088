"""What headers say about a version, a length and a part."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from player_host.transfer.admission import rest_of
from player_host.transfer.state import PartialState
from player_host.transfer.validators import (
    ContentRange,
    Validators,
    content_length,
    content_range,
    http_date,
    retry_after,
    strong_validators,
)

NOON = "Fri, 20 Nov 2026 12:00:00 GMT"
MINUTE_BEFORE = "Fri, 20 Nov 2026 11:59:00 GMT"
SECONDS_BEFORE = "Fri, 20 Nov 2026 11:59:01 GMT"
header_values = st.text(st.characters(max_codepoint=255), max_size=60)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"etag": '"a"'}, Validators('"a"', None)),
        ({"etag": '""'}, Validators('""', None)),
        ({"etag": '"a"', "last-modified": "whenever"}, Validators('"a"', "whenever")),
        ({"last-modified": MINUTE_BEFORE, "date": NOON}, Validators(None, MINUTE_BEFORE)),
        ({"last-modified": SECONDS_BEFORE, "date": NOON}, None),
        ({"last-modified": MINUTE_BEFORE}, None),
        ({"last-modified": "yesterday", "date": NOON}, None),
        ({"etag": 'W/"a"'}, None),
        ({"etag": 'W/"a"', "last-modified": MINUTE_BEFORE, "date": NOON}, None),
        ({"etag": "a"}, None),
        ({"etag": '"a"b"'}, None),
        ({"etag": '"' + "a" * 2000 + '"'}, None),
        ({}, None),
    ],
)
def test_only_strong_validators_are_kept(headers, found):
    assert strong_validators(headers) == found


@pytest.mark.parametrize(
    ("kept", "sent", "admitted"),
    [
        (Validators('"a"', None), {"etag": '"a"'}, True),
        (Validators('"a"', None), {"etag": '"a"', "last-modified": NOON}, True),
        (Validators('"a"', NOON), {"etag": '"a"'}, True),
        (Validators('"a"', NOON), {"etag": '"a"', "last-modified": NOON}, True),
        (Validators('"a"', NOON), {"etag": '"a"', "last-modified": MINUTE_BEFORE}, False),
        (Validators('"a"', NOON), {"last-modified": NOON}, False),
        (Validators('"a"', None), {"etag": 'W/"a"'}, False),
        (Validators('"a"', None), {}, False),
        (Validators(None, NOON), {"last-modified": NOON}, True),
        (Validators(None, NOON), {}, False),
        (Validators(None, NOON), {"last-modified": MINUTE_BEFORE}, False),
        (Validators(None, None), {}, False),
    ],
)
def test_a_part_is_admitted_by_the_same_validators_alone(kept, sent, admitted):
    assert kept.admits(sent) is admitted


def test_the_entity_tag_goes_before_the_time_stamp():
    assert Validators('"a"', NOON).if_range == '"a"'
    assert Validators(None, NOON).if_range == NOON


@settings(deadline=None)
@given(st.integers(0, 10**17), st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_sound_content_range_is_read(first, length, more):
    last, total = first + length, first + length + more
    headers = {"content-range": f"bytes {first}-{last}/{total}"}
    assert content_range(headers) == ContentRange(first, last, total)


@settings(deadline=None)
@given(header_values)
@example("0\x1f")
def test_no_header_crashes_a_reader(value):
    headers = dict.fromkeys(("etag", "last-modified", "date", "content-length"), value)
    found = content_range({"content-range": value})
    assert found is None or found.first <= found.last < found.total
    assert strong_validators(headers) is None or value.startswith('"')
    assert (content_length(headers) or 0) >= 0
    assert (retry_after(value, datetime.now(UTC)) or 0) >= 0


def test_lengths_are_plain_digits():
    assert content_length({"content-length": "123"}) == 123
    assert content_length({"content-length": "-1"}) is None
    assert content_length({"content-length": "1" * 40}) is None
    assert content_length({"content-length": "\u0661"}) is None
    assert content_length({}) is None


def test_a_date_without_a_time_zone_is_none():
    assert http_date("Fri, 20 Nov 2026 12:00:00") is None
    assert http_date("Fri, 20 Nov 2026 12:00:00 -0000") is None
    assert http_date(NOON) == datetime(2026, 11, 20, 12, tzinfo=UTC)


@settings(deadline=None)
@given(
    size=st.integers(1, 50),
    total=st.integers(1, 50),
    first=st.integers(0, 50),
    last=st.integers(0, 50),
    told=st.integers(1, 50),
    length=st.one_of(st.none(), st.integers(0, 50)),
    tag=st.sampled_from(['"a"', '"b"', 'W/"a"']),
)
def test_only_what_fits_in_every_respect_is_the_rest(size, total, first, last, told, length, tag):
    state = PartialState("digest", Validators('"a"', None), total)
    headers = {"content-range": f"bytes {first}-{last}/{told}", "etag": tag}
    if length is not None:
        headers["content-length"] = str(length)
    fits = first == size and first <= last < told and told == total and tag == '"a"'
    fits = fits and length in {None, last - first + 1}
    assert rest_of(state, size, headers) == (total if fits else None)


def test_retry_after_is_seconds_or_a_moment():
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert retry_after(" 12 ", noon) == 12.0
    assert retry_after("Fri, 20 Nov 2026 12:01:00 GMT", noon) == 60.0
    assert retry_after(MINUTE_BEFORE, noon) == 0.0
    assert retry_after("-1", noon) is None
    assert retry_after("", noon) is None
