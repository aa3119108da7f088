"""Transfers through a proxy: bytes, refusals, and what the proxy, the store and the log see."""

import asyncio
import base64
import os
import shutil
import socket
import ssl
import subprocess
from contextlib import suppress

import anyio
import anyio.lowlevel
import pytest
from attrs import evolve, field, frozen

from partner_api.hresult import HRESULT
from player_host.errors import TransferError
from player_host.settings import NetworkClass
from player_host.transfer import TransferRoom
from player_host.transfer.fetch_policy import FETCH_POLICY, NetworkFinder
from player_host.units import Seconds

pytestmark = pytest.mark.anyio

STORE = "store.example"
EITHER = pytest.mark.parametrize("scheme", ["http", "https"])


@frozen
class Asked:
    """What a proxy was asked for."""

    method: str
    target: str
    headers: dict[str, str]


@frozen(eq=False)
class MappingProxy:
    """An HTTP proxy that believes every host to be the one store of the test.

    It answers with `answers` as long as there are some; the last one stays. None is silence.
    In tunnels it changes the byte of the store's with each number in `damaged`.
    """

    stores: dict[str, int] = field(factory=dict)
    credentials: list[str] = field(factory=list)
    answers: list[bytes | None] = field(factory=list)
    damaged: list[int] = field(factory=list)
    asked: list[Asked] = field(factory=list)
    connections: list["asyncio.Task[None] | None"] = field(factory=list)
    address: list[str] = field(factory=list)

    def url(self, credentials: str = "", scheme: str = "http") -> str:
        return f"{scheme}://{credentials}{self.address[0]}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(asyncio.current_task())
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._serve(reader, writer)
        finally:
            await closed(writer)

    async def done(self) -> None:
        """Wait until every client has gone."""
        with anyio.fail_after(60):
            await asyncio.gather(*self.connections)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await self._request(reader)
        answer = self._answer(asked)
        if answer is not None:
            writer.write(answer)
            return
        if self.answers:
            await reader.read()
            return
        port = self.stores["https" if asked.method == "CONNECT" else "http"]
        store_reader, store_writer = await asyncio.open_connection("127.0.0.1", port)
        answering = asyncio.create_task(pump(store_reader, writer, self.damaged))
        try:
            if asked.method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await pump(reader, store_writer)
            else:
                await self._forward(asked, reader, store_writer)
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
            await closed(store_writer)

    async def _request(self, reader: asyncio.StreamReader) -> Asked:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
        method, target, _ = first.split()
        headers = dict(line.split(": ", 1) for line in lines)
        self.asked.append(Asked(method, target, {name.lower(): headers[name] for name in headers}))
        return self.asked[-1]

    def _answer(self, asked: Asked) -> bytes | None:
        if self.answers:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        wanted = [f"Basic {base64.b64encode(one.encode()).decode()}" for one in self.credentials]
        if wanted and asked.headers.get("proxy-authorization") not in wanted:
            return b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n"
        return None

    async def _forward(
        self, asked: Asked, reader: asyncio.StreamReader, store: asyncio.StreamWriter
    ) -> None:
        while True:
            path = asked.target.split("/", 3)[3]
            passed = {n: asked.headers[n] for n in asked.headers if n != "proxy-authorization"}
            lines = [f"GET /{path} HTTP/1.1", *(f"{name}: {passed[name]}" for name in passed)]
            store.write("\r\n".join(lines).encode() + b"\r\n\r\n")
            asked = await self._request(reader)


async def closed(writer):
    writer.close()
    with suppress(ConnectionError, ssl.SSLError):
        await writer.wait_closed()


async def pump(reader, writer, damaged=()):
    position = 0
    with suppress(ConnectionError):
        while data := bytearray(await reader.read(65536)):
            for number in damaged:
                if position <= number < position + len(data):
                    data[number - position] ^= 1
            position += len(data)
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture(scope="session")
def identity(tmp_path_factory):
    """A certificate of the store's and the proxy's names, its own issuer, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("identity")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    names = f"subjectAltName=DNS:{STORE},DNS:localhost,IP:127.0.0.1"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-keyout", key, "-out", certificate, "-days", "30"]
    command += ["-subj", f"/CN={STORE}", "-addext", names]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return certificate, key


@pytest.fixture
def tls(identity):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*identity)
    return context


@pytest.fixture
async def secure_store(store, tls):
    """The port at which the store speaks TLS."""
    server = await asyncio.start_server(store.serve, "127.0.0.1", 0, ssl=tls)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.fixture
async def proxy(store, secure_store):
    opened = MappingProxy({"http": int(store.address[0].split(":")[1]), "https": secure_store})
    server = await asyncio.start_server(opened.serve, "127.0.0.1", 0)
    opened.address.append(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    yield opened
    server.close()
    await opened.done()


@pytest.fixture
async def secure_proxy(proxy, tls):
    """The same proxy, at a port where it speaks TLS itself."""
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, ssl=tls)
    yield f"https://localhost:{server.sockets[0].getsockname()[1]}"
    server.close()


@pytest.fixture
async def opened(database, clock, identity, proxy, monkeypatch):
    """Opens a room in an environment that names these proxies, and trusts the certificate.

    It is closed before the proxy is, which waits for its clients.
    """
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SSL_CERT_FILE", str(identity[0]))
    rooms = []

    async def open_room(connections=8, **variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        room = TransferRoom(database, clock, connections=connections, jitter=lambda: 1.0)
        rooms.append(await room.__aenter__())
        return room

    yield open_room
    for room in rooms:
        await room.__aexit__(None, None, None)


@pytest.fixture
def asks(wanted):
    """Makes a request for a URL with a host that only the proxy knows."""

    def make(scheme="https", host=STORE, network=NetworkClass.PUBLIC):
        return evolve(wanted, url=f"{scheme}://{host}/track.mp3?sig=abc", network=network)

    return make


async def fails(room, wanted, policy):
    with pytest.raises(TransferError) as caught:
        await room.fetch(wanted, policy)
    return caught.value


async def test_http_is_asked_of_the_proxy(opened, proxy, store, asks, quick, mp3):
    body = mp3()
    store.then(store.whole(body))
    room = await opened(HTTP_PROXY=proxy.url())
    await room.fetch(asks("http"), quick)
    assert asks().partial.read_bytes() == body
    (asked,) = proxy.asked
    assert (asked.method, asked.target) == ("GET", f"http://{STORE}/track.mp3?sig=abc")
    assert store.requests[0].headers["host"] == STORE


async def test_the_environment_is_read_when_the_room_is_opened(
    opened, proxy, store, asks, quick, mp3, monkeypatch
):
    store.then(store.whole(mp3()))
    room = await opened(HTTP_PROXY=proxy.url())
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    await room.fetch(asks("http"), quick)
    assert len(proxy.asked) == 1


async def test_https_goes_through_a_tunnel(opened, proxy, store, asks, quick, mp3):
    body = mp3(300_000)
    store.then(store.whole(body))
    room = await opened(ALL_PROXY=proxy.url())
    await room.fetch(asks("https"), quick)
    assert asks().partial.read_bytes() == body
    (asked,) = proxy.asked
    assert (asked.method, asked.target) == ("CONNECT", f"{STORE}:443")
    assert store.requests[0].target == "/track.mp3?sig=abc"


@EITHER
async def test_a_connection_to_the_proxy_is_kept(
    opened, proxy, store, asks, quick, mp3, tmp_path, scheme
):
    store.then(store.whole(mp3()))
    room = await opened(ALL_PROXY=proxy.url())
    for number in range(3):
        await room.fetch(evolve(asks(scheme), partial=tmp_path / f"{number}"), quick)
    assert len(store.requests) == 3
    assert len(proxy.connections) == 1


async def test_the_certificate_is_the_stores_not_the_proxys(opened, proxy, asks, quick):
    room = await opened(ALL_PROXY=proxy.url())
    error = await fails(room, asks("https", "other.example"), quick)
    assert error.hr == HRESULT.named("HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_FAILURE)")
    assert error.where == "https://other.example/track.mp3?..."
    assert "not valid for 'other.example'" in error.what
    assert [asked.target for asked in proxy.asked] == ["other.example:443"]


async def test_a_certificate_that_nobody_trusts_ends_the_transfer_behind_a_proxy_too(
    opened, proxy, store, asks, quick, monkeypatch
):
    room = await opened(ALL_PROXY=proxy.url())
    monkeypatch.delenv("SSL_CERT_FILE")
    error = await fails(room, asks("https"), quick)
    assert "certificate is not trusted" in error.what
    assert store.requests == []


@EITHER
async def test_the_proxy_itself_may_speak_tls(
    opened, proxy, secure_proxy, store, asks, quick, mp3, scheme
):
    body = mp3(300_000)
    store.then(store.whole(body))
    room = await opened(ALL_PROXY=secure_proxy)
    await room.fetch(asks(scheme), quick)
    assert asks().partial.read_bytes() == body
    assert len(proxy.asked) == 1


@EITHER
async def test_a_transfer_is_continued_through_the_proxy(
    opened, proxy, store, asks, quick, mp3, scheme
):
    body = mp3(300_000)
    store.then(store.cut(body, 200_000, 'ETag: "a"'), store.honest(body, '"a"'))
    room = await opened(ALL_PROXY=proxy.url())
    await room.fetch(asks(scheme), quick)
    assert asks().partial.read_bytes() == body
    assert store.requests[1].headers["range"].startswith("bytes=")
    assert len(store.requests) == 2


@EITHER
@pytest.mark.parametrize("size", [5000, 65536])
async def test_more_than_was_announced_is_seen_behind_a_proxy_too(
    opened, proxy, store, asks, quick, mp3, scheme, size
):
    """Also where one reading ends with the body: at the end of a TLS record, or at 64 KiB."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
    length = size - len(head % size)

    async def surplus(_, writer):
        writer.write(head % length + mp3(length))
        writer.write(b"more")

    store.then(surplus)
    room = await opened(ALL_PROXY=proxy.url())
    error = await fails(room, asks(scheme), quick)
    assert error.hr == HRESULT.named("NS_E_TOO_MUCH_DATA_FROM_SERVER")


async def test_a_byte_that_the_proxy_changed_in_a_tunnel_is_a_lost_connection(
    opened, proxy, store, asks, quick, mp3
):
    body = mp3(300_000)
    store.then(store.honest(body, '"a"'))
    proxy.damaged.append(200_000)
    room = await opened(ALL_PROXY=proxy.url())
    await room.fetch(asks("https"), quick)
    assert asks().partial.read_bytes() == body
    assert len(proxy.asked) == 2


@pytest.mark.parametrize("network", [NetworkClass.LOOPBACK, NetworkClass.PRIVATE])
async def test_what_is_not_public_never_reaches_the_proxy(
    opened, proxy, store, wanted, quick, mp3, monkeypatch, network
):
    monkeypatch.setattr("player_host.transfer.resolving.network_class", lambda _: network)
    store.then(store.whole(mp3()))
    room = await opened(ALL_PROXY=proxy.url())
    await room.fetch(evolve(wanted, network=network), quick)
    assert len(store.requests) == 1
    assert proxy.connections == []


@EITHER
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "10.0.0.1", "2130706433", "0x7f.1"])
async def test_an_address_that_is_not_public_is_not_asked_of_the_proxy(
    opened, proxy, asks, quick, scheme, host
):
    room = await opened(ALL_PROXY=proxy.url())
    error = await fails(room, asks(scheme, host), quick)
    assert error.hr == HRESULT.named("NS_E_CURL_NOTSAFE")
    assert proxy.connections == []


async def test_a_public_address_in_brackets_is_asked_for_in_brackets(opened, proxy, asks, quick):
    proxy.answers.append(b"HTTP/1.1 403 No\r\n\r\n")
    room = await opened(ALL_PROXY=proxy.url())
    await fails(room, asks("https", "[2606:4700::1111]:8443"), quick)
    assert proxy.asked[0].target == "[2606:4700::1111]:8443"
    await fails(room, asks("http", "[2606:4700::1111]"), quick)
    assert proxy.asked[1].target == "http://[2606:4700::1111]/track.mp3?sig=abc"


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "[::1]", "localhost", "127.1"])
async def test_the_proxy_is_not_asked_for_a_redirect_to_an_address_that_is_not_public(
    opened, proxy, store, asks, quick, host
):
    store.then(store.status("302 Elsewhere", f"Location: http://{host}/metadata"))
    room = await opened(ALL_PROXY=proxy.url())
    error = await fails(room, asks("http"), quick)
    assert error.hr == HRESULT.named("NS_E_CURL_NOTSAFE")
    assert len(proxy.asked) == 1


async def test_a_redirect_to_what_no_proxy_names_is_followed_without_the_proxy(
    opened, proxy, store, asks, quick, mp3, monkeypatch
):
    resolved = "player_host.transfer.resolving.network_class"
    monkeypatch.setattr(resolved, lambda _: NetworkClass.PUBLIC)
    elsewhere = store.url("/mirror.mp3")
    store.then(store.status("302 Elsewhere", f"Location: {elsewhere}"), store.whole(mp3()))
    room = await opened(HTTP_PROXY=proxy.url("name:secret@"), NO_PROXY="127.0.0.1")
    await room.fetch(asks("http"), quick)
    assert [asked.target for asked in proxy.asked] == [f"http://{STORE}/track.mp3?sig=abc"]
    assert store.requests[1].target == "/mirror.mp3"
    assert "proxy-authorization" not in store.requests[1].headers


@EITHER
async def test_the_proxy_alone_sees_its_credentials(
    opened, proxy, store, asks, quick, mp3, caplog, scheme
):
    caplog.set_level("DEBUG")
    proxy.credentials.append("name:se cret")
    store.then(store.whole(mp3()))
    room = await opened(ALL_PROXY=proxy.url("name:se%20cret@"))
    await room.fetch(asks(scheme), quick)
    assert "proxy-authorization" in proxy.asked[0].headers
    assert "proxy-authorization" not in store.requests[0].headers
    (told,) = (record for record in caplog.records if record.getMessage() == "transfer.proxy")
    assert told.proxy == proxy.address[0]
    logged = " ".join(str(vars(record)) for record in caplog.records)
    assert "secret" not in logged.replace("%20", "").replace(" ", "")
    assert base64.b64encode(b"name:se cret").decode() not in logged


@EITHER
@pytest.mark.requirement("HR-04")
async def test_a_proxy_that_wants_credentials_is_named_and_final(
    opened, proxy, store, asks, quick, scheme
):
    proxy.credentials.append("name:secret")
    room = await opened(ALL_PROXY=proxy.url("name:mistaken@"))
    error = await fails(room, asks(scheme), quick)
    assert error.hr == HRESULT.named("BG_E_HTTP_ERROR_407")
    assert error.where == proxy.address[0]
    assert "ALL_PROXY" in error.what
    assert "http://name:password@host:port" in error.remedy
    assert "mistaken" not in str(error)
    assert len(proxy.asked) == 1
    assert store.requests == []


async def test_a_store_that_answers_407_is_not_taken_for_the_proxy(
    opened, proxy, store, asks, quick
):
    store.then(store.status("407 Strange"))
    room = await opened(ALL_PROXY=proxy.url())
    error = await fails(room, asks("https"), quick)
    assert error.hr == HRESULT.named("BG_E_HTTP_ERROR_407")
    assert error.where == f"https://{STORE}/track.mp3?..."


@pytest.mark.parametrize(
    ("answer", "code", "attempts"),
    [
        (b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", "NS_E_PROXY_ACCESSDENIED", 1),
        (b"HTTP/1.1 405 No\r\n\r\n", "NS_E_PROXY_ACCESSDENIED", 1),
        (b"HTTP/1.1 302 Login\r\nLocation: /\r\n\r\n", "NS_E_PROXY_ACCESSDENIED", 1),
        (b"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n", "NS_E_ERROR_FROM_PROXY", 3),
        (b"HTTP/1.1 504 Late\r\nContent-Length: 0\r\n\r\n", "NS_E_ERROR_FROM_PROXY", 3),
        (b"", "NS_E_ERROR_FROM_PROXY", 3),
        (b"HTTP/1.1 200", "NS_E_ERROR_FROM_PROXY", 3),
        (b"SSH-2.0-proxy\r\n\r\n", "NS_E_ERROR_FROM_PROXY", 3),
    ],
)
async def test_a_tunnel_that_is_not_opened_is_the_proxys_fault(
    opened, proxy, asks, quick, answer, code, attempts
):
    proxy.answers.append(answer)
    room = await opened(HTTPS_PROXY=proxy.url())
    error = await fails(room, asks("https"), quick)
    assert error.hr == HRESULT.named(code)
    assert error.where == proxy.address[0]
    assert "HTTPS_PROXY" in error.what
    assert len(proxy.asked) == attempts


async def test_what_stands_behind_the_proxys_consent_is_no_part_of_the_tunnel(
    opened, proxy, asks, quick
):
    proxy.answers.append(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
    room = await opened(HTTPS_PROXY=proxy.url())
    error = await fails(room, asks("https"), evolve(quick, attempts=1))
    assert error.hr == HRESULT.named("HRESULT_FROM_WIN32(ERROR_WINHTTP_CANNOT_CONNECT)")


async def test_a_proxy_that_says_nothing_is_a_timeout(opened, proxy, asks, quick):
    proxy.answers.append(None)
    room = await opened(HTTPS_PROXY=proxy.url())
    impatient = evolve(quick, connect_timeout=Seconds(0.3), attempts=1)
    error = await fails(room, asks("https"), impatient)
    assert error.hr == HRESULT.named("NS_E_PROXY_TIMEOUT")
    assert error.where == proxy.address[0]


async def test_a_proxy_whose_tls_does_not_come_about_is_a_timeout(opened, proxy, asks, quick):
    room = await opened(HTTPS_PROXY=proxy.url(scheme="https"))
    impatient = evolve(quick, connect_timeout=Seconds(0.3), attempts=1)
    error = await fails(room, asks("https"), impatient)
    assert error.hr == HRESULT.named("NS_E_PROXY_CONNECT_TIMEOUT")


@EITHER
async def test_a_proxy_that_cannot_be_reached_is_named(opened, asks, quick, scheme):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    room = await opened(ALL_PROXY=f"http://name:secret@127.0.0.1:{port}")
    error = await fails(room, asks(scheme), quick)
    assert error.hr == HRESULT.named("NS_E_CANNOT_CONNECT_TO_PROXY")
    assert str(error) == (
        f"127.0.0.1:{port}: the proxy cannot be reached (ALL_PROXY). "
        "Check the proxy in this environment variable, or name the store in NO_PROXY"
    )


async def test_a_proxy_that_is_not_found_is_named(opened, asks, quick, monkeypatch):
    def nobody(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "nobody")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    room = await opened(ALL_PROXY="http://proxy.example:3128")
    error = await fails(room, asks(), quick)
    assert error.hr == HRESULT.named("NS_E_PROXY_NOT_FOUND")
    assert error.where == "proxy.example:3128"


async def test_tls_with_a_proxy_that_speaks_none_says_what_to_write(opened, asks, quick):
    async def bewildered(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad request\r\n\r\n")
        await closed(writer)

    server = await asyncio.start_server(bewildered, "127.0.0.1", 0)
    room = await opened(ALL_PROXY=f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    error = await fails(room, asks(), quick)
    server.close()
    assert error.hr == HRESULT.named("HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CHANNEL_ERROR)")
    assert "write http:// in this environment variable" in error.remedy


async def test_a_proxys_certificate_that_nobody_trusts_is_an_error(
    opened, proxy, secure_proxy, asks, quick, monkeypatch
):
    room = await opened(ALL_PROXY=secure_proxy)
    monkeypatch.delenv("SSL_CERT_FILE")
    error = await fails(room, asks(), quick)
    assert "the secure connection to the proxy could not be made" in error.what
    assert "signed certificate" in error.what
    assert proxy.asked == []


async def test_socks_is_no_direct_connection(opened, store, asks, quick):
    room = await opened(ALL_PROXY="socks5://127.0.0.1:1080")
    error = await fails(room, asks("http"), quick)
    assert error.hr == HRESULT.named("BG_E_INVALID_PROXY_INFO")
    assert "socks5" in error.what
    assert store.connections == []


async def test_tunnels_that_failed_take_no_place_in_the_pool(
    opened, proxy, store, asks, quick, mp3
):
    store.then(store.whole(mp3()))
    room = await opened(connections=2, HTTPS_PROXY=proxy.url())
    for _ in range(3):
        await fails(room, asks("https", "other.example"), quick)
    proxy.answers.append(b"HTTP/1.1 403 No\r\n\r\n")
    for _ in range(3):
        await fails(room, asks("https"), quick)
    proxy.answers.clear()
    with anyio.fail_after(60):
        assert (await room.fetch(asks("https"), quick)).size == 5000


async def test_a_transfer_may_be_cancelled_while_the_tunnel_is_opened(
    opened, proxy, store, asks, quick, mp3
):
    store.then(store.whole(mp3()))
    room = await opened(connections=1, HTTPS_PROXY=proxy.url())
    for _ in range(3):
        proxy.answers[:] = [None]
        fetching = asyncio.create_task(room.fetch(asks("https"), quick))
        with anyio.fail_after(60):
            while not proxy.asked:
                await anyio.lowlevel.checkpoint()
        fetching.cancel()
        await asyncio.wait([fetching])
        proxy.asked.clear()
    proxy.answers.clear()
    with anyio.fail_after(60):
        assert (await room.fetch(asks("https"), quick)).size == 5000


async def test_a_typed_host_that_only_the_proxy_knows_goes_through_it(
    opened, proxy, store, asks, mp3, monkeypatch
):
    async def nobody(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "nobody")

    monkeypatch.setattr("player_host.transfer.fetch_policy.anyio.getaddrinfo", nobody)
    store.then(store.whole(mp3()))
    room = await opened(HTTP_PROXY=proxy.url())
    typed = asks("http")
    network = await NetworkFinder().network_of(typed.url)
    await room.fetch(evolve(typed, network=network), FETCH_POLICY)
    assert len(proxy.asked) == 1


async def test_a_typed_host_that_is_near_is_reached_without_the_proxy(
    opened, proxy, store, wanted, mp3
):
    store.then(store.whole(mp3()))
    room = await opened(HTTP_PROXY=proxy.url())
    network = await NetworkFinder().network_of(wanted.url)
    await room.fetch(evolve(wanted, network=network), FETCH_POLICY)
    assert proxy.connections == []
