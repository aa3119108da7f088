"""What only the fast transport does: kept sockets, slices on threads, heads read by llhttp."""

import asyncio
import threading

import anyio
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from player_host.errors import TransferError
from player_host.settings import NetworkClass
from player_host.transfer import native
from player_host.transfer.client import HttpClient
from player_host.transfer.heads import MAX_HEAD, HeadReader, UnreadableError
from player_host.transfer.resolving import checked_addresses
from player_host.units import Seconds

pytestmark = pytest.mark.anyio

LARGE = 5_000_000


async def body_of(client, url, policy):
    found = []
    async with client.get(url, {}, NetworkClass.LOOPBACK, policy) as answer:
        async for _ in answer.drain(lambda view: found.append(bytes(view))):
            pass
    return b"".join(found)


@pytest.fixture
async def client():
    opened = HttpClient(8)
    yield opened
    await opened.aclose()


async def test_a_connection_serves_one_request_after_another(client, store, quick, mp3):
    body = mp3()
    store.then(store.whole(body))
    for _ in range(3):
        assert await body_of(client, store.url(), quick) == body
    assert len(store.connections) == 1


async def test_a_body_that_was_not_read_to_its_end_costs_the_connection(client, store, quick, mp3):
    store.then(store.whole(mp3(LARGE)))
    for _ in range(2):
        async with client.get(store.url(), {}, NetworkClass.LOOPBACK, quick):
            pass
    assert len(store.connections) == 2


async def test_what_stands_behind_a_body_is_no_beginning_of_the_next_answer(
    client, store, quick, mp3
):
    body = mp3()
    extra = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    head = f"HTTP/1.1 200 OK\nContent-Length: {len(body)}"
    store.then(store.raw(head, body + extra), store.whole(body))
    assert await body_of(client, store.url(), quick) == body
    assert await body_of(client, store.url(), quick) == body
    assert len(store.connections) == 2


async def test_an_idle_connection_that_the_server_closed_is_replaced(client, store, quick, mp3):
    body = mp3()
    head = f"HTTP/1.1 200 OK\nContent-Length: {len(body)}"
    store.then(store.raw(head, body, close=True), store.whole(body))
    assert await body_of(client, store.url(), quick) == body
    await asyncio.wait(store.connections)
    assert await body_of(client, store.url(), quick) == body


async def test_a_large_body_is_taken_in_on_threads(client, store, quick, mp3):
    body, threads = mp3(LARGE), set()
    store.then(store.whole(body))
    async with client.get(store.url(), {}, NetworkClass.LOOPBACK, quick) as answer:
        async for _ in answer.drain(lambda _: threads.add(threading.current_thread())):
            pass
    assert threads - {threading.main_thread()}


async def test_a_large_body_that_stops_is_a_silence(client, store, quick, mp3):
    async def stops(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE)
        writer.write(mp3(LARGE // 2))
        await writer.drain()
        await asyncio.Event().wait()

    store.then(stops)
    impatient = evolve(quick, read_timeout=Seconds(0.2))
    with pytest.raises(TransferError, match="fell silent"):
        await body_of(client, store.url(), impatient)


async def test_a_large_body_that_is_cut_is_truncated(client, store, quick, mp3):
    store.then(store.cut(mp3(LARGE), LARGE - 1))
    with pytest.raises(TransferError, match="before its announced length"):
        await body_of(client, store.url(), quick)


async def test_an_error_of_the_taker_on_a_thread_arrives(client, store, quick, mp3):
    def refuses(_):
        if threading.current_thread() is not threading.main_thread():
            raise LookupError

    store.then(store.whole(mp3(LARGE)))
    async with client.get(store.url(), {}, NetworkClass.LOOPBACK, quick) as answer:
        with pytest.raises(LookupError):
            async for _ in answer.drain(refuses):
                pass


@pytest.mark.parametrize("from_outside", [False, True])
async def test_nothing_is_taken_after_a_cancellation(client, store, quick, mp3, from_outside):
    taken, on_thread = [], asyncio.Event()
    loop = asyncio.get_running_loop()

    def take(view):
        taken.append(len(view))
        if threading.current_thread() is not threading.main_thread():
            loop.call_soon_threadsafe(on_thread.set)

    async def trickles(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE)
        while True:
            writer.write(b"x" * 1000)
            await writer.drain()
            await asyncio.sleep(0.001)

    async def drain():
        async with client.get(store.url(), {}, NetworkClass.LOOPBACK, quick) as answer:
            async for _ in answer.drain(take):
                pass

    store.then(trickles)
    if from_outside:
        task = asyncio.create_task(drain())
        await on_thread.wait()
        task.cancel()
        await asyncio.wait([task])
    else:
        async with anyio.create_task_group() as group:
            group.start_soon(drain)
            await on_thread.wait()
            group.cancel_scope.cancel()
    count = len(taken)
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert len(taken) == count


async def test_an_entity_tag_outside_ascii_can_be_sent_back(room, store, wanted, quick, mp3):
    body, tag = mp3(), 'ETag: "v\xe9"'
    head = f"HTTP/1.1 206 Partial Content\nContent-Range: bytes 3000-4999/5000\n{tag}"
    store.then(store.cut(body, 3000, tag), store.raw(head, body[3000:], close=True))
    done = await room.fetch(wanted, quick)
    assert wanted.partial.read_bytes() == body
    assert done.size == len(body)
    assert store.requests[1].headers["if-range"] == '"v\xe9"'


async def test_every_address_of_a_name_is_checked(monkeypatch):
    async def both(*_, **__):
        return [(0, 0, 0, "", ("127.0.0.1", 80)), (0, 0, 0, "", ("10.0.0.1", 80))]

    monkeypatch.setattr(anyio, "getaddrinfo", both)
    with pytest.raises(TransferError, match=r"10\.0\.0\.1 is not loopback"):
        await checked_addresses("store.example", 80, NetworkClass.LOOPBACK)


@given(st.data())
async def test_a_head_may_arrive_in_any_pieces(data):
    raw = (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        b'HTTP/1.1 200 OK\r\nContent-Length: 7\r\nETag: "a"\r\n\r\n'
    )
    body = data.draw(st.binary(max_size=7))
    whole = raw + body
    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1))))
    reader, found = HeadReader(), None
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        if found is not None:
            break
        found = reader.feed(memoryview(whole[start:end]))
        last = end
    head, behind = found
    assert (head.status, head.length) == (200, 7)
    assert last - behind == len(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-store\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 300 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * MAX_HEAD + b"\r\n",
    ],
)
async def test_a_head_that_is_no_sound_http_is_refused(raw):
    with pytest.raises(UnreadableError):
        HeadReader().feed(memoryview(raw))


@given(st.binary(max_size=300))
async def test_no_bytes_bring_the_reader_of_heads_down(raw):
    try:
        HeadReader().feed(memoryview(b"HTTP/1.1 200 OK\r\n" + raw))
    except UnreadableError:
        return


@pytest.mark.parametrize("name", ["native", "httpx"])
async def test_a_store_may_be_at_an_address_of_either_version_of_the_protocol(
    monkeypatch, room, store, wanted, quick, mp3, name
):
    if name == "httpx":
        monkeypatch.setattr(native, "is_possible", lambda: False)
    body = mp3()
    store.then(store.whole(body))
    try:
        server = await asyncio.start_server(store.serve, "::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with server:
        port = server.sockets[0].getsockname()[1]
        done = await room.fetch(evolve(wanted, url=f"http://[::1]:{port}/a.mp3"), quick)
    assert done.path.read_bytes() == body
    assert store.requests[0].headers["host"] == f"[::1]:{port}"
