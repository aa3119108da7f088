"""Bytes that were begun at one URL are gone on with at another one of the same file only."""

import hashlib

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from partner_api.hresult import HRESULT
from player_host.errors import AnotherFile, TransferError
from player_host.transfer import FullResponse, TransferRoom, faults
from player_host.transfer.continuing import continued, is_same_file
from player_host.transfer.digests import Algorithm, Digest
from player_host.transfer.state import PartialState, PartialStates
from player_host.transfer.urls import digest_url
from player_host.transfer.validators import Validators

pytestmark = pytest.mark.anyio

CHANGED = HRESULT.named("BG_E_REMOTE_FILE_CHANGED")
MISMATCH = HRESULT.named("BG_E_VALIDATION_FAILED")
V1 = 'ETag: "v1"'
V2 = 'ETag: "v2"'


def of(body):
    return (Digest(Algorithm.SHA_256, hashlib.sha256(body).digest(), "licence"),)


def repr_digest(body):
    return f"Digest: sha-256={hashlib.sha256(body).hexdigest()}"


def at_new_url(wanted, store, **changes):
    return evolve(wanted, url=store.url("/track.mp3?token=2"), continues=True, **changes)


async def expired(room, store, wanted, quick, body, *headers, at=3000):
    """Leave the beginning of a body behind, at a URL that is not good any more."""
    store.then(store.cut(body, at, *headers), store.status("410 Gone"))
    with pytest.raises(TransferError) as caught:
        await room.fetch(wanted, quick)
    assert faults.says_expired(caught.value.hr)
    store.scripts.clear()
    store.requests.clear()


async def refused(room, wanted, quick):
    with pytest.raises(TransferError) as caught:
        await room.fetch(wanted, quick)
    return caught.value


def ranges(store):
    return [(s.headers.get("range"), s.headers.get("if-range")) for s in store.requests]


@pytest.mark.parametrize("status", [401, 403, 410])
def test_three_statuses_say_that_a_url_expired(status):
    assert faults.says_expired(HRESULT.from_http_status(status))


@given(st.integers(100, 599).filter(lambda status: status not in {401, 403, 410}))
def test_no_other_status_says_so(status):
    assert not faults.says_expired(HRESULT.from_http_status(status))


async def test_what_is_kept_after_a_failure_is_told(room, store, wanted, quick, mp3):
    assert room.kept(wanted.partial) == 0
    await expired(room, store, wanted, quick, mp3(), V1)
    assert room.kept(wanted.partial) == 3000
    wanted.partial.unlink()
    assert room.kept(wanted.partial) == 0


async def test_bytes_for_which_no_row_vouches_are_not_kept(room, store, wanted, quick, mp3):
    await expired(room, store, wanted, quick, mp3())
    assert room.kept(wanted.partial) == 0


async def test_the_rest_is_asked_for_with_the_old_validator(room, store, wanted, quick, mp3):
    body = mp3()
    await expired(room, store, wanted, quick, body, V1)
    store.then(store.rest(body, V1))
    done = await room.fetch(at_new_url(wanted, store), quick)
    assert done.path.read_bytes() == body
    assert ranges(store) == [("bytes=3000-", '"v1"')]


async def test_another_url_begins_anew_where_nobody_says_that_it_continues(
    room, store, wanted, quick, mp3
):
    body = mp3()
    await expired(room, store, wanted, quick, body, V1)
    store.then(store.whole(body, V1))
    await room.fetch(evolve(at_new_url(wanted, store), continues=False), quick)
    assert ranges(store) == [(None, None)]


async def test_with_a_declared_digest_the_entity_tag_may_be_another_one(
    room, store, wanted, quick, mp3
):
    body = mp3()
    await expired(room, store, wanted, quick, body, V1)
    store.then(store.rest(body, V2))
    done = await room.fetch(at_new_url(wanted, store, digests=of(body)), quick)
    assert done.path.read_bytes() == body
    assert ranges(store) == [("bytes=3000-", None)]


async def test_with_a_digest_that_was_announced_before_too(room, store, wanted, quick, mp3):
    body = mp3()
    await expired(room, store, wanted, quick, body, V1, repr_digest(body))
    store.then(store.rest(body, V2))
    await room.fetch(at_new_url(wanted, store), quick)
    assert wanted.partial.read_bytes() == body
    assert ranges(store) == [("bytes=3000-", None)]


async def test_what_the_old_url_declared_counts_at_the_new_one(
    store, wanted, quick, mp3, database, clock
):
    body = mp3()
    old = evolve(wanted, url=f"{wanted.url}#sha-256={hashlib.sha256(body).hexdigest()}")
    async with TransferRoom(database, clock) as first:
        await expired(first, store, old, quick, body, V1)
    store.then(store.rest(body, V2))
    async with TransferRoom(database, clock) as second:
        await second.fetch(at_new_url(wanted, store), quick)
    assert ranges(store) == [("bytes=3000-", None)]


async def test_the_digest_decides_in_the_end(room, store, wanted, quick, mp3):
    body, spliced = mp3(), mp3()
    await expired(room, store, wanted, quick, body, V1)
    store.then(store.rest(spliced, V2), store.whole(body, V2))
    await room.fetch(at_new_url(wanted, store, digests=of(body)), quick)
    assert wanted.partial.read_bytes() == body
    assert ranges(store) == [("bytes=3000-", None), (None, None)]


async def test_a_file_with_another_digest_fails_by_name(room, store, wanted, quick, mp3):
    body, other = mp3(), mp3()
    await expired(room, store, wanted, quick, body, V1)
    store.then(store.rest(other, V2), store.whole(other, V2))
    error = await refused(room, at_new_url(wanted, store, digests=of(body)), quick)
    assert error.hr == MISMATCH
    assert not wanted.partial.exists()


@pytest.mark.parametrize("tag", [V2, "X-Tag: none"])
async def test_the_rest_of_the_rest_goes_on_with_what_the_new_url_has(
    room, store, wanted, quick, mp3, tag
):
    body = mp3()
    part = f"HTTP/1.1 206 OK\nContent-Range: bytes 3000-3999/5000\nContent-Length: 1000\n{tag}"
    await expired(room, store, wanted, quick, body, V1)
    store.then(store.raw(part, body[3000:4000]), store.rest(body, tag))
    await room.fetch(at_new_url(wanted, store, digests=of(body)), quick)
    assert wanted.partial.read_bytes() == body
    asked = '"v2"' if tag == V2 else None
    assert ranges(store) == [("bytes=3000-", None), ("bytes=4000-", asked)]


async def test_the_next_process_goes_on_at_the_new_url(store, wanted, quick, mp3, database, clock):
    body = mp3()
    part = f"HTTP/1.1 206 OK\nContent-Range: bytes 3000-4999/5000\nContent-Length: 2000\n{V2}"
    async with TransferRoom(database, clock) as first:
        await expired(first, store, wanted, quick, body, V1)
        store.then(store.raw(part, body[3000:4000], close=True))
        once = evolve(quick, attempts=1)
        await refused(first, at_new_url(wanted, store, digests=of(body)), once)
    store.scripts[:] = [store.rest(body, V2)]
    async with TransferRoom(database, clock) as second:
        await second.fetch(at_new_url(wanted, store, digests=of(body)), quick)
    assert wanted.partial.read_bytes() == body
    assert ranges(store) == [("bytes=3000-", None), ("bytes=4000-", '"v2"')]


LONGER = "bytes 3000-4999/6000"
OTHERS = {
    "another tag": lambda s, b: s.rest(b, V2),
    "another length": lambda s, b: s.rest(b, V1, claim=LONGER),
    "no such range": lambda s, _: s.status("416 Range Not Satisfiable"),
    "a full body with another tag": lambda s, b: s.whole(b, V2),
    "a full body without a tag": lambda s, b: s.whole(b),
    "a full body of another length": lambda s, b: s.whole(b + b"more", V1),
    "a full body of unknown length": lambda s, b: s.raw(f"HTTP/1.1 200 OK\n{V1}", b, close=True),
}
OTHERS_IN_SPITE_OF_A_DIGEST = {
    "another length": lambda s, b: s.rest(b, V1, claim=LONGER),
    "no such range": lambda s, _: s.status("416 Range Not Satisfiable"),
    "a full body of another length": lambda s, b: s.whole(b + b"more", V1),
    "a part of another digest": lambda s, b: s.rest(b, V1, repr_digest(b"other")),
    "a full body of another digest": lambda s, b: s.whole(b, V1, repr_digest(b"other")),
}


async def is_given_up(room, store, request, quick, database):
    error = await refused(room, request, quick)
    assert isinstance(error, AnotherFile)
    assert error.hr == CHANGED
    assert "the new URL leads to another file than the one that was begun" in str(error)
    assert len(store.requests) == 1
    assert not request.partial.exists()
    assert database.rows("SELECT * FROM transfer_partials") == []


@pytest.mark.parametrize("case", OTHERS)
async def test_another_file_at_the_new_url_is_final(
    room, store, wanted, quick, mp3, database, case
):
    body = mp3()
    await expired(room, store, wanted, quick, body, V1)
    store.then(OTHERS[case](store, body))
    await is_given_up(room, store, at_new_url(wanted, store), quick, database)


@pytest.mark.parametrize("case", OTHERS_IN_SPITE_OF_A_DIGEST)
async def test_another_file_at_the_new_url_is_final_where_a_digest_is_known_too(
    room, store, wanted, quick, mp3, database, case
):
    body = mp3()
    await expired(room, store, wanted, quick, body, V1)
    store.then(OTHERS_IN_SPITE_OF_A_DIGEST[case](store, body))
    await is_given_up(room, store, at_new_url(wanted, store, digests=of(body)), quick, database)


@pytest.mark.parametrize(("tag", "known"), [(V1, False), (V2, True)])
async def test_a_full_body_of_the_same_file_takes_the_place_of_what_was_there(
    room, store, wanted, quick, mp3, tag, known
):
    body = mp3()
    await expired(room, store, wanted, quick, body, V1)
    store.then(store.whole(body, tag))
    digests = of(body) if known else ()
    done = await room.fetch(at_new_url(wanted, store, digests=digests), quick)
    assert done.path.read_bytes() == body
    assert len(store.requests) == 1


async def test_a_full_body_is_an_error_where_the_policy_says_so(room, store, wanted, quick, mp3):
    body = mp3()
    await expired(room, store, wanted, quick, body, V1)
    store.then(store.whole(body, V1))
    strict = evolve(quick, full_response=FullResponse.FAIL)
    error = await refused(room, at_new_url(wanted, store), strict)
    assert error.hr == HRESULT.named("BG_E_INSUFFICIENT_RANGE_SUPPORT")


async def test_a_fault_that_passes_gives_up_nothing(room, store, wanted, quick, mp3):
    body = mp3()
    await expired(room, store, wanted, quick, body, V1)
    store.then(store.status("503 Busy"), store.rest(body, V1))
    await room.fetch(at_new_url(wanted, store), quick)
    assert ranges(store) == [("bytes=3000-", '"v1"')] * 2


async def test_a_second_expiry_keeps_the_bytes_and_their_row(
    room, store, wanted, quick, mp3, database
):
    await expired(room, store, wanted, quick, mp3(), V1)
    store.then(store.status("403 Forbidden"))
    error = await refused(room, at_new_url(wanted, store), quick)
    assert error.hr == HRESULT.from_http_status(403)
    assert room.kept(wanted.partial) == 3000


async def test_bytes_that_are_whole_already_are_asked_for_no_more(
    room, store, wanted, quick, mp3, database, clock
):
    body = mp3()
    wanted.partial.write_bytes(body)
    state = PartialState(digest_url(wanted.url), Validators('"v1"', None), 5000)
    PartialStates(database, clock).save(wanted.partial, state)
    store.then(store.status("410 Gone"))
    await room.fetch(at_new_url(wanted, store), quick)
    assert store.requests == []


TAGS = st.sampled_from(['"a"', '"b"', 'W/"a"', ""])
LENGTHS = st.integers(1, 12)


@given(tag=TAGS, first=LENGTHS, last=LENGTHS, total=LENGTHS, known=st.none() | LENGTHS)
@pytest.mark.parametrize("any_version", [False, True])
def test_a_part_goes_on_only_where_it_begins_at_the_end_and_is_of_the_same_file(
    any_version, tag, first, last, total, known
):
    state = PartialState("old", Validators('"a"', None), known)
    headers = {"content-range": f"bytes {first}-{last}/{total}", "etag": tag}
    found = continued(state, 5, headers, "new", any_version=any_version)

    fits = first == 5 and first <= last < total and known in {None, total}
    assert (found is not None) == (fits and (any_version or tag == '"a"'))
    if found is not None:
        assert found.total == total
        assert (found.url_digest == "new") == (tag in {'"a"', '"b"'})
        assert found.validators.etag in {'"a"', tag}


@given(tag=TAGS, length=st.none() | LENGTHS, known=st.none() | LENGTHS)
@pytest.mark.parametrize("any_version", [False, True])
def test_a_full_body_is_the_same_file_by_length_and_validator_or_digest(
    any_version, tag, length, known
):
    state = PartialState("old", Validators('"a"', None), known)
    headers = {"etag": tag} | ({} if length is None else {"content-length": str(length)})
    same = is_same_file(state, headers, any_version=any_version)
    assert same == (length == known and (any_version or tag == '"a"'))
