"""Every way in which a transfer can fail has its name, its code, and its number of attempts."""

import asyncio
import socket

import anyio
import anyio.lowlevel
import pytest
from attrs import evolve

from partner_api.hresult import HRESULT
from player_host.errors import TransferError
from player_host.settings import NetworkClass
from player_host.transfer.pinning import PinningBackend
from player_host.units import Seconds

pytestmark = pytest.mark.anyio


def win32(name):
    return HRESULT.named(f"HRESULT_FROM_WIN32({name})")


async def fails(room, wanted, policy):
    with pytest.raises(TransferError) as caught:
        await room.fetch(wanted, policy)
    return caught.value


def silent(sent=b""):
    async def script(seen, writer):
        writer.write(sent)
        await writer.drain()
        await asyncio.Event().wait()

    return script


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.requirement("HR-04")
@pytest.mark.parametrize("status", [204, 300, 304, 400, 401, 403, 404, 410, 418, 501, 505])
async def test_a_final_status_is_told_at_once(room, store, wanted, quick, status):
    store.then(store.raw(f"HTTP/1.1 {status} Whatever\nContent-Length: 0"))
    error = await fails(room, wanted, quick)
    assert error.hr == 0x80190000 + status
    assert len(store.requests) == 1


@pytest.mark.requirement("HR-04")
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_a_passing_status_is_tried_as_often_as_the_policy_says(
    room, store, wanted, quick, status
):
    store.then(store.status(f"{status} Whatever"))
    error = await fails(room, wanted, quick)
    assert error.hr == 0x80190000 + status
    assert len(store.requests) == quick.attempts


async def test_a_server_that_comes_back_is_forgiven(room, store, wanted, quick, mp3):
    body = mp3()
    store.then(store.status("503 Busy"), store.status("500 Oops"), store.whole(body))
    await room.fetch(wanted, quick)
    assert wanted.partial.read_bytes() == body


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        ("7", 7.0),
        ("86400", 20.0),
        ("9" * 30, 0.5),
        ("Fri, 20 Nov 2026 12:00:05 GMT", 5.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.5),
        ("soon", 0.5),
    ],
)
async def test_retry_after_is_honoured_within_the_policys_bound(
    room, store, wanted, quick, mp3, monkeypatch, asked, waited
):
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    monkeypatch.setattr("player_host.transfer.room.anyio.sleep", sleep)
    store.then(store.status("429 Slowly", f"Retry-After: {asked}"), store.whole(mp3()))
    policy = evolve(quick, backoff=Seconds(0.5), longest_backoff=Seconds(20))
    await room.fetch(wanted, policy)
    assert waits == [waited]


async def test_waits_double_up_to_their_bound(room, store, wanted, quick, monkeypatch):
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    monkeypatch.setattr("player_host.transfer.room.anyio.sleep", sleep)
    store.then(store.status("500 Oops"))
    policy = evolve(quick, attempts=6, backoff=Seconds(1), longest_backoff=Seconds(5))
    await fails(room, wanted, policy)
    assert waits == [1, 2, 4, 5, 5]


async def test_a_refused_connection_is_named(room, wanted, quick):
    error = await fails(room, evolve(wanted, url=f"http://127.0.0.1:{free_port()}/a"), quick)
    assert error.hr == win32("ERROR_WINHTTP_CANNOT_CONNECT")


async def test_an_unknown_name_is_named(room, wanted, quick):
    url = "http://no-such-store.invalid/a"
    error = await fails(room, evolve(wanted, url=url), evolve(quick, attempts=1))
    assert error.hr == win32("ERROR_WINHTTP_NAME_NOT_RESOLVED")


@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"]
)
async def test_silence_is_named_wherever_it_begins(room, store, wanted, quick, sent):
    store.then(silent(sent))
    error = await fails(room, wanted, evolve(quick, attempts=1, read_timeout=Seconds(0.05)))
    assert error.hr == win32("ERROR_WINHTTP_TIMEOUT")


async def test_a_head_that_never_ends_is_a_silence_too(room, store, wanted, quick):
    async def early_hints(seen, writer):
        while True:
            writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.001)

    store.then(early_hints)
    impatient = evolve(quick, attempts=1, connect_timeout=Seconds(0.1), read_timeout=Seconds(0.1))
    error = await fails(room, wanted, impatient)
    assert error.hr == win32("ERROR_WINHTTP_TIMEOUT")


async def test_a_trickle_is_not_waited_for(room, store, wanted, quick, mp3):
    async def trickle(seen, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n")
        for byte in mp3(50_000):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.001)

    store.then(trickle)
    error = await fails(room, wanted, evolve(quick, attempts=1, patience=Seconds(0.1)))
    assert error.hr == HRESULT.named("BG_E_NO_PROGRESS")


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ("SSH-2.0-OpenSSH_9.2", "ERROR_WINHTTP_INVALID_SERVER_RESPONSE"),
        ("HTTP/1.1 abc OK", "ERROR_WINHTTP_INVALID_SERVER_RESPONSE"),
        (
            "HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 6",
            "ERROR_WINHTTP_INVALID_SERVER_RESPONSE",
        ),
        ("HTTP/1.1 200 OK\nContent-Length: -5", "ERROR_WINHTTP_INVALID_SERVER_RESPONSE"),
        ("HTTP/1.1 200 OK\nX: " + "y" * 200_000, "ERROR_WINHTTP_INVALID_SERVER_RESPONSE"),
    ],
)
async def test_an_unreadable_answer_is_named(room, store, wanted, quick, answer, name):
    store.then(store.raw(answer, close=True))
    error = await fails(room, wanted, evolve(quick, attempts=1))
    assert error.hr == win32(name)


async def test_a_connection_closed_without_an_answer_is_named(room, store, wanted, quick):
    async def hang_up(seen, writer):
        writer.close()

    store.then(hang_up)
    error = await fails(room, wanted, quick)
    assert error.hr == win32("ERROR_WINHTTP_CONNECTION_ERROR")
    assert len(store.requests) == quick.attempts


async def test_https_to_a_server_without_tls_is_named_and_final(room, wanted, quick):
    connections = []

    async def plain(reader, writer):
        connections.append(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    error = await fails(room, evolve(wanted, url=f"https://127.0.0.1:{port}/a"), quick)
    server.close()
    assert error.hr == win32("ERROR_WINHTTP_SECURE_CHANNEL_ERROR")
    assert len(connections) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(room, store, wanted, quick, mp3, status):
    body = mp3()
    store.then(store.status(f"{status} Elsewhere", "Location: ../b.mp3?x=1"), store.whole(body))
    await room.fetch(wanted, quick)
    assert [seen.target for seen in store.requests] == ["/track.mp3", "/b.mp3?x=1"]
    assert wanted.partial.read_bytes() == body


async def test_the_rest_is_asked_for_across_a_redirect(room, store, wanted, quick, mp3):
    body = mp3()
    store.then(
        store.status("302 Elsewhere", "Location: /cdn"),
        store.cut(body, 3000, 'ETag: "v1"'),
        store.status("302 Elsewhere", "Location: /cdn"),
        store.rest(body, 'ETag: "v1"'),
    )
    await room.fetch(wanted, quick)
    assert store.requests[3].headers["range"] == "bytes=3000-"
    assert wanted.partial.read_bytes() == body


async def test_a_redirect_loop_ends_at_the_policys_bound(room, store, wanted, quick):
    store.then(store.status("302 Again", "Location: /track.mp3"))
    error = await fails(room, wanted, evolve(quick, redirects=4))
    assert error.hr == win32("ERROR_WINHTTP_REDIRECT_FAILED")
    assert len(store.requests) == 5


async def test_a_policy_may_forbid_redirects(room, store, wanted, quick):
    store.then(store.status("307 Elsewhere", "Location: /b"))
    error = await fails(room, wanted, evolve(quick, redirects=0))
    assert error.hr == HRESULT.from_http_status(307)
    assert len(store.requests) == 1


async def test_a_redirect_without_a_place_is_its_status(room, store, wanted, quick):
    store.then(store.status("302 Somewhere"))
    error = await fails(room, wanted, quick)
    assert error.hr == HRESULT.from_http_status(302)


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "ftp://127.0.0.1/a", "http://user:pw@127.0.0.1/", "http://[::1", "a b"],
)
async def test_a_redirect_out_of_the_rules_is_not_followed(room, store, wanted, quick, location):
    store.then(store.status("302 Elsewhere", f"Location: {location}"))
    error = await fails(room, wanted, quick)
    assert error.hr == HRESULT.named("NS_E_INVALID_REDIRECT")
    assert len(store.requests) == 1


@pytest.mark.parametrize("network", [NetworkClass.PUBLIC, NetworkClass.PRIVATE])
async def test_a_host_of_another_class_is_not_connected_to(room, store, wanted, quick, network):
    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1"):
        url = store.url().replace("127.0.0.1", host)
        error = await fails(room, evolve(wanted, url=url, network=network), quick)
        assert error.hr == HRESULT.named("NS_E_CURL_NOTSAFE")
    assert store.connections == []


async def test_a_redirect_into_another_class_is_not_followed(room, store, wanted, quick):
    store.then(store.status("302 Elsewhere", "Location: http://10.0.0.1/metadata"))
    error = await fails(room, wanted, quick)
    assert error.hr == HRESULT.named("NS_E_CURL_NOTSAFE")


async def test_a_kept_connection_serves_its_own_class_alone(room, store, wanted, quick, mp3):
    store.then(store.whole(mp3()))
    await room.fetch(wanted, quick)
    error = await fails(room, evolve(wanted, network=NetworkClass.PUBLIC), quick)
    assert error.hr == HRESULT.named("NS_E_CURL_NOTSAFE")
    assert len(store.requests) == 1


async def test_one_address_out_of_the_class_spoils_the_name(monkeypatch):
    async def two_faces(host, port, **_):
        return [(2, 1, 6, "", (address, port)) for address in ("127.0.0.1", "192.168.0.1")]

    monkeypatch.setattr("player_host.transfer.resolving.anyio.getaddrinfo", two_faces)
    with pytest.raises(TransferError, match=r"192\.168\.0\.1 is not loopback"):
        await PinningBackend(NetworkClass.LOOPBACK).connect_tcp("store.test", 80, timeout=1)


async def test_the_address_that_was_checked_is_the_one_connected_to(
    room, store, wanted, quick, mp3, monkeypatch
):
    asked = []

    async def rebinding(host, port, **_):
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "192.168.0.1"
        return [(2, 1, 6, "", (address, port))]

    monkeypatch.setattr("player_host.transfer.resolving.anyio.getaddrinfo", rebinding)
    store.then(store.whole(mp3()))
    await room.fetch(evolve(wanted, url=store.url().replace("127.0.0.1", "store.test")), quick)
    assert asked == ["store.test"]
    assert store.requests[0].headers["host"].startswith("store.test:")


async def test_the_next_address_of_a_name_is_tried(room, store, wanted, quick, mp3):
    store.then(store.whole(mp3()))
    done = await room.fetch(
        evolve(wanted, url=store.url().replace("127.0.0.1", "localhost")), quick
    )
    assert done.size == 5000


@pytest.mark.requirement("T1-DL-48")
async def test_a_url_out_of_the_rules_is_refused_before_anything_is_asked(room, wanted, quick):
    error = await fails(room, evolve(wanted, url="ftp://127.0.0.1/a"), quick)
    assert error.hr == win32("ERROR_WINHTTP_UNRECOGNIZED_SCHEME")
    assert not wanted.partial.exists()


async def test_no_more_transfers_than_connections_are_under_way(
    database, clock, store, wanted, quick, tmp_path
):
    from player_host.transfer import TransferRoom

    store.then(silent())
    async with TransferRoom(database, clock, connections=3) as room, anyio.create_task_group() as g:
        for number in range(10):
            g.start_soon(room.fetch, evolve(wanted, partial=tmp_path / f"{number}"), quick)
        with anyio.fail_after(30):
            await store.until(3)
        for _ in range(50):
            await anyio.lowlevel.checkpoint()
        assert len(store.requests) == len(store.connections) == 3
        g.cancel_scope.cancel()


async def test_nothing_secret_reaches_a_log_or_a_message(room, store, wanted, quick, mp3, log):
    secret = evolve(wanted, url=wanted.url + "?sig=Tops3cret#Tops3cret")
    store.then(
        store.status("503 Busy"),
        store.status("302 Elsewhere", "Location: /b?token=Tops3cret"),
        store.cut(mp3(), 3000, 'ETag: "v1"'),
        store.status("404 Gone"),
    )
    error = await fails(room, secret, quick)
    assert {event["event"] for event in log.events} >= {"transfer.retried", "transfer.failed"}
    assert "Tops3cret" not in f"{log.text} {error} {error!r} {error.__cause__!r}"
    assert "/track.mp3?..." in log.text


async def test_a_finished_transfer_is_an_event(room, store, wanted, quick, mp3, log):
    store.then(store.whole(mp3()))
    await room.fetch(wanted, quick)
    (event,) = log.events
    assert (event["event"], event["size"]) == ("transfer.finished", 5000)


async def test_errors_say_where_without_the_query(room, store, wanted, quick):
    store.then(store.status("404 Gone"))
    error = await fails(room, evolve(wanted, url=wanted.url + "?sig=1"), quick)
    assert error.where == store.url() + "?..."
    assert error.remedy
