"""What arrives is exactly what the server announced, or an error that names the difference."""

import gzip
import hashlib

import pytest
from attrs import evolve

from partner_api.hresult import HRESULT
from player_host.errors import TransferError
from player_host.transfer import CATALOG_POLICY, MediaKind, Progress, TransferRoom

pytestmark = pytest.mark.anyio


def digest(body):
    return hashlib.sha256(body).hexdigest()


def rows(database):
    return database.rows("SELECT * FROM transfer_partials")


async def fails(room, wanted, policy):
    with pytest.raises(TransferError) as caught:
        await room.fetch(wanted, policy)
    return caught.value


async def test_a_whole_body_lies_in_the_partial_byte_for_byte(room, store, wanted, quick, mp3):
    body = mp3(300_000)
    store.then(store.whole(body))
    done = await room.fetch(wanted, quick)
    assert wanted.partial.read_bytes() == body
    assert (done.size, done.sha256, done.media) == (len(body), digest(body), MediaKind.MP3)
    assert done.path == wanted.partial


async def test_small_bodies_need_no_row(room, store, wanted, quick, mp3, database):
    store.then(store.whole(mp3(200_000), 'ETag: "a"'))
    await room.fetch(wanted, quick)
    assert rows(database) == []


async def test_connections_are_kept_for_the_next_file(room, store, wanted, quick, mp3, tmp_path):
    store.then(store.whole(mp3()))
    for number in range(5):
        await room.fetch(evolve(wanted, partial=tmp_path / f"{number}.partial"), quick)
    assert len(store.requests) == 5
    assert len(store.connections) == 1


async def test_identity_is_asked_for_and_no_cookie_comes_back(room, store, wanted, quick, mp3):
    store.then(store.whole(mp3(), "Set-Cookie: session=1; Path=/"))
    await room.fetch(wanted, quick)
    await room.fetch(wanted, quick)
    assert store.requests[1].headers["accept-encoding"] == "identity"
    assert "cookie" not in store.requests[1].headers


async def test_progress_tells_bytes_and_the_announced_total(room, store, wanted, quick, mp3):
    seen: list[Progress] = []
    store.then(store.whole(mp3(500_000)))
    await room.fetch(wanted, quick, seen.append)
    assert [p.received for p in seen] == sorted(p.received for p in seen)
    assert seen[-1] == Progress(500_000, 500_000)


async def test_a_truncated_body_is_never_taken_for_whole(room, store, wanted, quick, mp3):
    store.then(store.cut(mp3(), 3000))
    error = await fails(room, wanted, quick)
    assert error.hr == HRESULT.named("HRESULT_FROM_WIN32(ERROR_HANDLE_EOF)")
    assert len(store.requests) == quick.attempts


@pytest.mark.parametrize("size", [4999, 4000, 513])
async def test_more_bytes_than_announced_are_an_error(room, store, wanted, quick, mp3, size):
    store.then(store.raw(f"HTTP/1.1 200 OK\nContent-Length: {size}", mp3(5000)))
    error = await fails(room, wanted, quick)
    assert error.hr == HRESULT.named("NS_E_TOO_MUCH_DATA_FROM_SERVER")
    assert not wanted.partial.exists()


async def test_what_stood_behind_a_body_is_not_read_as_the_next_answer(
    room, store, wanted, quick, mp3
):
    good, forged = mp3(), mp3()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(forged), forged)
    store.then(store.raw("HTTP/1.1 200 OK\nContent-Length: 5000", mp3() + answer))
    await fails(room, wanted, quick)
    store.scripts[:] = [store.whole(good)]
    await room.fetch(wanted, quick)
    assert wanted.partial.read_bytes() == good


async def test_interim_answers_are_no_part_of_the_body(room, store, wanted, quick, mp3):
    body = mp3()
    store.then(
        store.raw(
            "HTTP/1.1 103 Early Hints\nLink: </a>\n\nHTTP/1.1 200 OK\nContent-Length: 5000", body
        )
    )
    await room.fetch(wanted, quick)
    assert wanted.partial.read_bytes() == body


@pytest.mark.parametrize("length", ["Content-Length: 0", "Transfer-Encoding: chunked"])
async def test_an_empty_body_is_an_error(room, store, wanted, quick, length):
    ending = b"0\r\n\r\n" if "chunked" in length else b""
    store.then(store.raw(f"HTTP/1.1 200 OK\n{length}", ending))
    error = await fails(room, wanted, quick)
    assert "empty" in error.what
    assert not wanted.partial.exists()


async def test_an_encoded_body_is_refused(room, store, wanted, quick, mp3):
    store.then(store.whole(gzip.compress(mp3()), "Content-Encoding: gzip"))
    error = await fails(room, wanted, quick)
    assert "encoded" in error.what
    assert len(store.requests) == 1


async def test_the_last_chunk_proves_the_length(room, store, wanted, quick, mp3):
    body = mp3()
    chunked = b"1388\r\n" + body + b"\r\n0\r\n\r\n"
    store.then(store.raw("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", chunked))
    done = await room.fetch(wanted, quick)
    assert done.sha256 == digest(body)


async def test_a_missing_last_chunk_is_a_truncated_body(room, store, wanted, quick, mp3):
    head = "HTTP/1.1 200 OK\nTransfer-Encoding: chunked"
    store.then(store.raw(head, b"1388\r\n" + mp3() + b"\r\n", close=True))
    error = await fails(room, wanted, quick)
    assert error.hr == HRESULT.named("HRESULT_FROM_WIN32(ERROR_HANDLE_EOF)")


async def test_without_a_length_a_body_is_not_believed(room, store, wanted, quick, mp3):
    store.then(store.raw("HTTP/1.1 200 OK\nConnection: close", mp3(), close=True))
    error = await fails(room, wanted, quick)
    assert error.hr == HRESULT.named("BG_E_MISSING_FILE_SIZE")
    assert not wanted.partial.exists()


def mp4(*, cut=0):
    boxes = [(b"ftyp", b"M4A \0\0\0\0"), (b"mdat", b"x" * 4000), (b"moov", b"y" * 400)]
    data = b"".join((len(b) + 8).to_bytes(4, "big") + kind + b for kind, b in boxes)
    return data[: len(data) - cut]


async def test_without_a_length_the_structure_may_prove_the_end(room, store, wanted, quick):
    store.then(store.raw("HTTP/1.0 200 OK", mp4(), close=True))
    done = await room.fetch(wanted, quick)
    assert done.media is MediaKind.MP4
    assert done.size == len(mp4())


async def test_without_a_length_a_cut_structure_proves_nothing(room, store, wanted, quick):
    store.then(store.raw("HTTP/1.0 200 OK", mp4(cut=1), close=True))
    error = await fails(room, wanted, quick)
    assert error.hr == HRESULT.named("BG_E_MISSING_FILE_SIZE")


@pytest.mark.parametrize("length", ["Content-Length: 5000", "X-None: 1"])
async def test_the_policys_bound_holds_with_and_without_a_length(
    room, store, wanted, quick, mp3, length
):
    store.then(store.raw(f"HTTP/1.1 200 OK\n{length}", mp3(5000), close=True))
    error = await fails(room, wanted, evolve(quick, max_size=4096))
    assert error.hr == HRESULT.named("NS_E_TOO_MUCH_DATA_FROM_SERVER")
    assert not wanted.partial.exists()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<!DOCTYPE html><title>Oops</title>", "HTML"),
        (b'\xef\xbb\xbf {"error": "expired"}', "JSON"),
        (b"#EXTM3U\nhttp://127.0.0.1/a.mp3\n", "M3U"),
        (b'<asx version="3.0"></asx>', "ASX"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 900, "PNG"),
        (b"RIFF" + b"\0" * 900, "WAV"),
        (b"\0" * 900, "unknown kind"),
    ],
)
async def test_what_is_no_media_is_named_and_dropped(room, store, wanted, quick, body, words):
    store.then(store.whole(body, "Content-Type: audio/mpeg"))
    error = await fails(room, wanted, quick)
    assert words in error.what
    assert len(store.requests) == 1
    assert not wanted.partial.exists()


async def test_a_catalogue_file_may_be_any_kind(room, store, wanted):
    store.then(store.whole(b'{"version": 1}'))
    done = await room.fetch(evolve(wanted, expects_media=False), CATALOG_POLICY)
    assert (done.size, done.media) == (14, None)


async def test_a_page_is_refused_before_all_of_it_has_come(room, store, wanted, quick):
    store.then(store.raw("HTTP/1.1 200 OK\nContent-Length: 9000000", b"<html>" + b" " * 600))
    error = await fails(room, wanted, quick)
    assert "HTML" in error.what


async def test_outside_of_its_block_a_room_refuses_to_work(database, clock, wanted, quick):
    room = TransferRoom(database, clock)
    with pytest.raises(RuntimeError, match="async with"):
        await room.fetch(wanted, quick)
