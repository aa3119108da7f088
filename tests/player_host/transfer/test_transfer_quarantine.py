"""Bytes with another digest than the one that was told never become the file."""

import base64
import hashlib

import pytest
from attrs import evolve

from partner_api.hresult import HRESULT
from player_host.errors import TransferError
from player_host.transfer import TransferRoom
from player_host.transfer.digests import LICENSE, Algorithm, Digest
from player_host.transfer.state import PartialState, PartialStates
from player_host.transfer.urls import digest_url
from player_host.transfer.validators import Validators

pytestmark = pytest.mark.anyio

ETAG = 'ETag: "a"'


def encoded(body, algorithm="sha256"):
    return base64.b64encode(hashlib.new(algorithm, body).digest()).decode()


def repr_digest(body):
    return f"Repr-Digest: sha-256=:{encoded(body)}:"


def content_digest(body):
    return f"Content-Digest: sha-512=:{encoded(body, 'sha512')}:"


def licensed(wanted, body):
    """Return the request with the digest of these bytes as a licence tells it."""
    digest = Digest(Algorithm.SHA_256, hashlib.sha256(body).digest(), LICENSE)
    return evolve(wanted, digests=(digest,))


def declaring(wanted, body):
    return evolve(wanted, url=f"{wanted.url}#sha-256={encoded(body)}")


def in_quarantine(wanted):
    path = wanted.partial.with_name("track.partial.quarantined")
    return path.read_bytes() if path.exists() else None


async def fails(room, wanted, policy):
    with pytest.raises(TransferError) as caught:
        await room.fetch(wanted, policy)
    return caught.value


@pytest.mark.parametrize(
    "header",
    [
        repr_digest,
        content_digest,
        lambda body: f"Digest: SHA-256={encoded(body)},unixsum=5",
        lambda body: f"Digest: sha={hashlib.sha1(body).hexdigest()}",
        lambda body: f"Content-MD5: {encoded(body, 'md5')}",
    ],
)
async def test_an_announced_digest_has_to_agree(room, store, wanted, quick, mp3, header):
    right, wrong = mp3(), mp3()
    store.then(store.whole(right, header(right)), store.whole(wrong, header(right)))
    await room.fetch(wanted, quick)
    assert wanted.partial.read_bytes() == right

    error = await fails(room, wanted, quick)
    assert error.hr == HRESULT.named("BG_E_VALIDATION_FAILED")
    assert not wanted.partial.exists()


async def test_a_declared_digest_has_to_agree_and_is_never_sent(room, store, wanted, quick, mp3):
    right = mp3()
    store.then(store.whole(mp3()), store.whole(right))
    done = await room.fetch(declaring(wanted, right), quick)
    assert done.path.read_bytes() == right
    assert [seen.target for seen in store.requests] == ["/track.mp3"] * 2


async def test_what_does_not_agree_is_put_away_and_asked_for_once_more_from_the_beginning(
    room, store, wanted, quick, mp3
):
    right, wrong = mp3(400_000), mp3(400_000)
    store.then(store.whole(wrong, ETAG, repr_digest(right)), store.whole(right, repr_digest(right)))
    await room.fetch(wanted, quick)
    assert wanted.partial.read_bytes() == right
    assert in_quarantine(wanted) == wrong
    assert [seen.headers.get("range") for seen in store.requests] == [None, None]


async def test_the_second_time_is_the_last(room, store, wanted, quick, mp3, database):
    right, first, second = mp3(400_000), mp3(400_000), mp3(400_000)
    told = (ETAG, repr_digest(right))
    store.then(store.whole(first, *told), store.status("503 Busy"), store.whole(second, *told))
    error = await fails(room, wanted, evolve(quick, attempts=10))
    assert error.hr == HRESULT.named("BG_E_VALIDATION_FAILED")
    assert f"repr-digest tells sha256 {hashlib.sha256(right).hexdigest()}" in error.what
    assert len(store.requests) == 3
    assert not wanted.partial.exists()
    assert in_quarantine(wanted) == second
    assert database.rows("SELECT * FROM transfer_partials") == []


async def test_forgetting_a_partial_empties_its_quarantine(room, store, wanted, quick, mp3):
    store.then(store.whole(mp3()))
    await fails(room, declaring(wanted, b"other"), quick)
    assert in_quarantine(wanted)
    room.forget(wanted.partial)
    assert in_quarantine(wanted) is None


async def test_bytes_that_are_too_many_for_the_quarantine_are_removed(
    room, store, wanted, quick, mp3, monkeypatch
):
    monkeypatch.setattr("player_host.transfer.quarantine.LARGEST", 4999)
    store.then(store.whole(mp3(5000)))
    await fails(room, declaring(wanted, b"other"), quick)
    assert list(wanted.partial.parent.glob("track.*")) == []


async def test_bytes_that_cannot_be_put_away_are_removed(room, store, wanted, quick, mp3):
    wanted.partial.with_name("track.partial.quarantined").mkdir()
    store.then(store.whole(mp3()))
    error = await fails(room, declaring(wanted, b"other"), quick)
    assert error.hr == HRESULT.named("BG_E_VALIDATION_FAILED")
    assert not wanted.partial.exists()


async def test_a_declaration_that_cannot_be_read_is_told_before_anything_is_asked_for(
    room, store, wanted, quick
):
    store.then(store.status("500 Oops"))
    error = await fails(room, evolve(wanted, url=f"{wanted.url}?key=s3cret#sha-256=zz"), quick)
    assert error.hr == HRESULT.named("HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)")
    assert "digest" in str(error)
    assert "s3cret" not in str(error)
    assert store.requests == []


async def test_a_digest_of_the_licence_counts_as_one_of_the_fragment_does(
    room, store, wanted, quick, mp3
):
    right = mp3()
    store.then(store.whole(mp3()), store.whole(right))
    done = await room.fetch(licensed(wanted, right), quick)
    assert done.path.read_bytes() == right
    assert [seen.headers.get("range") for seen in store.requests] == [None, None]


async def test_what_licence_and_fragment_say_may_be_the_same(room, store, wanted, quick, mp3):
    right = mp3()
    store.then(store.whole(right))
    done = await room.fetch(licensed(declaring(wanted, right), right), quick)
    assert done.path.read_bytes() == right


async def test_what_licence_and_fragment_say_is_told_before_anything_is_asked_for_if_it_differs(
    room, store, wanted, quick, mp3
):
    store.then(store.status("500 Oops"))
    error = await fails(room, licensed(declaring(wanted, mp3()), mp3()), quick)
    assert error.hr == HRESULT.named("HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)")
    assert "different digests" in error.what
    assert store.requests == []


async def test_a_header_that_cannot_be_read_is_logged_and_passed_over(
    room, store, wanted, quick, mp3, caplog
):
    body = mp3()
    store.then(store.whole(body, "Repr-Digest: sha-256=rubbish", "Digest: foo=bar"))
    await room.fetch(wanted, quick)
    assert wanted.partial.read_bytes() == body
    events = [r for r in caplog.records if r.getMessage() == "transfer.digest_unreadable"]
    assert [vars(event)["header"] for event in events] == ["repr-digest"]


async def test_what_the_first_answer_announced_is_remembered_by_the_next_process(
    store, wanted, quick, mp3, database, clock
):
    right, spliced = mp3(600_000), mp3(600_000)
    once = evolve(quick, attempts=1)
    store.then(
        store.cut(right, 400_000, ETAG, repr_digest(right)),
        store.rest(spliced, ETAG),
        store.whole(right, ETAG),
    )
    async with TransferRoom(database, clock) as first:
        await fails(first, wanted, once)
    async with TransferRoom(database, clock) as second:
        done = await second.fetch(wanted, quick)
    assert done.sha256 == hashlib.sha256(right).hexdigest()
    assert in_quarantine(wanted) == right[:400_000] + spliced[400_000:]
    assert [seen.headers.get("range") for seen in store.requests] == [None, "bytes=400000-", None]


async def test_whole_bytes_that_another_process_left_unchecked_are_checked(
    room, store, wanted, quick, mp3, database, clock
):
    right, wrong = mp3(), mp3()
    wanted.partial.write_bytes(wrong)
    digest = Digest(Algorithm.SHA_256, hashlib.sha256(right).digest(), "digest")
    state = PartialState(digest_url(wanted.url), Validators('"a"', None), 5000, None, (digest,))
    PartialStates(database, clock).save(wanted.partial, state)
    store.then(store.whole(right))
    await room.fetch(wanted, quick)
    assert wanted.partial.read_bytes() == right
    assert in_quarantine(wanted) == wrong


async def test_content_digest_is_of_the_whole_body_of_a_200_that_broke_off(
    room, store, wanted, quick, mp3
):
    right, spliced = mp3(), mp3()
    store.then(
        store.cut(right, 2000, ETAG, content_digest(right)),
        store.rest(spliced, ETAG),
        store.whole(right),
    )
    await room.fetch(wanted, quick)
    assert wanted.partial.read_bytes() == right
    assert in_quarantine(wanted) == right[:2000] + spliced[2000:]


async def test_content_digest_is_of_the_part_in_a_206(room, store, wanted, quick, mp3):
    body = mp3()
    rest = store.rest(body, ETAG, content_digest(body[2000:]), repr_digest(body))
    store.then(store.cut(body, 2000, ETAG), rest)
    await room.fetch(wanted, quick)
    assert wanted.partial.read_bytes() == body
    assert in_quarantine(wanted) is None


async def test_a_part_with_another_digest_is_refused_before_the_file_is_whole(
    room, store, wanted, quick, mp3
):
    body, wrong = mp3(), mp3()
    part = "\n".join(
        [
            "HTTP/1.1 206 Partial Content",
            "Content-Range: bytes 2000-2999/5000",
            "Content-Length: 1000",
            ETAG,
            content_digest(body[2000:3000]),
        ]
    )
    store.then(
        store.cut(body, 2000, ETAG), store.raw(part, wrong[2000:3000]), store.whole(body, ETAG)
    )
    await room.fetch(wanted, quick)
    assert wanted.partial.read_bytes() == body
    assert in_quarantine(wanted) == body[:2000] + wrong[2000:3000]
    assert "range" not in store.requests[2].headers


async def test_content_md5_says_nothing_in_a_206(room, store, wanted, quick, mp3):
    body = mp3()
    store.then(
        store.cut(body, 2000, ETAG), store.rest(body, ETAG, f"Content-MD5: {encoded(b'', 'md5')}")
    )
    await room.fetch(wanted, quick)
    assert wanted.partial.read_bytes() == body
    assert len(store.requests) == 2


async def test_a_206_that_tells_another_digest_than_before_is_of_another_version(
    room, store, wanted, quick, mp3
):
    old, new = mp3(), mp3()
    store.then(
        store.cut(old, 2000, ETAG, repr_digest(old)),
        store.rest(new, ETAG, repr_digest(new)),
        store.whole(new, ETAG, repr_digest(new)),
    )
    await room.fetch(wanted, quick)
    assert wanted.partial.read_bytes() == new
    assert in_quarantine(wanted) is None


async def test_a_digest_proves_the_end_where_no_length_is_announced(
    room, store, wanted, quick, mp3
):
    body = mp3()
    head = f"HTTP/1.1 200 OK\n{repr_digest(body)}"
    store.then(
        store.raw(head, body[:-1], close=True),
        store.raw(head, body, close=True),
    )
    await room.fetch(wanted, quick)
    assert wanted.partial.read_bytes() == body
    assert in_quarantine(wanted) == body[:-1]


async def test_a_page_is_named_as_one_also_where_its_digest_is_wrong(
    room, store, wanted, quick, mp3
):
    store.then(store.whole(b"<html>Please log in</html>"))
    error = await fails(room, declaring(wanted, mp3()), quick)
    assert error.hr == HRESULT.named("NS_E_INVALID_DATA")
    assert in_quarantine(wanted) is None
