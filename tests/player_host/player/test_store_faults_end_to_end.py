"""What a store's server does wrong, and what the partner hears of it."""

import socket
from pathlib import Path

import pytest

from partner_api import HRESULT, S_OK, License, Right
from partner_api.transaction import TrackState
from sample_partners.proseware.asf import protect

pytestmark = pytest.mark.anyio

TONE_WMA = Path(__file__).parents[1] / "library" / "media" / "tone.wma"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(2_000)
HTML = b"<!DOCTYPE html><html><body>Sorry, we are closed.</body></html>"
JSON = b'{"error": "no such track", "code": 17}'


def win32(name):
    return HRESULT.named(f"HRESULT_FROM_WIN32({name})")


FAULTS = {
    "404": ({"body": b"gone", "status": "404 Not Found"}, HRESULT(0x80190194)),
    "403": ({"body": b"", "status": "403 Forbidden"}, HRESULT(0x80190193)),
    "410": ({"body": HTML, "status": "410 Gone", "kind": "text/html"}, HRESULT(0x8019019A)),
    "500": ({"body": b"oops", "status": "500 Internal Server Error"}, HRESULT(0x801901F4)),
    "503": ({"body": b"", "status": "503 Service Unavailable"}, HRESULT(0x801901F7)),
    "HTML with status 200": ({"body": HTML}, HRESULT.named("NS_E_INVALID_DATA")),
    "JSON with status 200": ({"body": JSON}, HRESULT.named("NS_E_INVALID_DATA")),
    "an empty body": ({"body": b""}, HRESULT.named("NS_E_INVALID_DATA")),
    "a picture": ({"body": PNG}, HRESULT.named("NS_E_WMP_UNSUPPORTED_FORMAT")),
    "no content": ({"body": b"", "status": "204 No Content"}, None),
    "a redirect to nowhere": ({"body": b"", "status": "302 Found"}, None),
}


@pytest.mark.requirement("T1-DL-19", "T1-DL-20", "T1-DL-21", "T1-DL-22", "HR-04", "HR-08")
@pytest.mark.parametrize("case", FAULTS)
async def test_a_fault_of_the_server_fails_its_track_alone(bench, shop, respond, case):
    answer, code = FAULTS[case]

    class Partner(shop):
        def Download(self, container_list, cookie):
            for track_id in self.tracks(container_list):
                self.grant(cookie, track_id, params=f"about {track_id}")

    bench.offer(1, 3)
    bench.server.files["/2.mp3"] = respond(**answer)
    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:1;2;3")
        assert sorted(bench.library(player)) == [1, 3]
    outcomes = {t: (hr, params) for t, hr, params in shop.completions}
    assert sorted(outcomes) == sorted(t for t, _, _ in shop.completions) == [1, 2, 3]
    assert outcomes[1] == (S_OK, "about 1")
    assert outcomes[3] == (S_OK, "about 3")
    assert outcomes[2][0].failed
    assert outcomes[2] == (code or outcomes[2][0], "about 2")
    assert (tracks[2].state, tracks[2].hr) == (TrackState.COMPLETED, outcomes[2][0])
    assert sorted(bench.files()) == ["Band/Album/01 Song 1.mp3", "Band/Album/01 Song 3.mp3"]


@pytest.mark.requirement("T1-DL-20")
async def test_a_body_that_ends_early_again_and_again_is_never_filed(
    bench, shop, respond, make_song
):
    body = make_song()
    bench.server.files["/1.mp3"] = respond(body[:-100], announced=len(body))
    async with bench.playing(shop) as player:
        await bench.download(player, "track:1")
        assert bench.library(player) == {}
    assert shop.completions == [(1, win32("ERROR_HANDLE_EOF"), None)]
    assert bench.files() == {}
    assert len(bench.server.requests) == 2


@pytest.mark.requirement("T1-DL-20")
async def test_a_connection_that_is_refused_fails_the_track(bench, shop):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    class Partner(shop):
        def Download(self, container_list, cookie):
            self.grant(cookie, 1, url=f"http://127.0.0.1:{port}/1.mp3")
            self.grant(cookie, 2)

    bench.offer(2)
    async with bench.playing(Partner) as player:
        await bench.download(player, "track:1;2")
    assert {t: hr for t, hr, _ in shop.completions} == {
        1: win32("ERROR_WINHTTP_CANNOT_CONNECT"),
        2: S_OK,
    }


@pytest.mark.requirement("T1-DL-20")
async def test_an_answer_that_is_no_http_fails_the_track(bench, shop):
    async def nonsense(writer):
        writer.write(b"220 mail.example ESMTP\r\n\r\n")
        await writer.drain()
        writer.close()

    bench.server.files["/1.mp3"] = nonsense
    async with bench.playing(shop) as player:
        await bench.download(player, "track:1")
    ((_, hr, _),) = shop.completions
    assert hr == win32("ERROR_WINHTTP_INVALID_SERVER_RESPONSE")


@pytest.mark.requirement("T1-DL-20")
async def test_bytes_beyond_the_announced_length_are_never_filed(bench, shop, make_song):
    body = make_song()

    async def longer(writer):
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body + b"more than was said")
        await writer.drain()
        writer.close()

    bench.server.files["/1.mp3"] = longer
    async with bench.playing(shop) as player:
        await bench.download(player, "track:1")
    ((_, hr, _),) = shop.completions
    filed = bench.files()
    assert filed in ({}, {"Band/Album/01 Song.mp3": body})
    assert hr.succeeded == bool(filed)


@pytest.mark.requirement("T1-DL-19", "T1-DL-20")
async def test_a_fault_that_passes_is_not_seen_by_the_partner(bench, shop, respond, make_song):
    body = make_song()

    async def cut_once(writer):
        bench.server.files["/1.mp3"] = body
        await respond(body[:-500], announced=len(body))(writer)

    bench.server.files["/1.mp3"] = cut_once
    async with bench.playing(shop) as player:
        await bench.download(player, "track:1")
    assert shop.completions == [(1, S_OK, None)]
    assert bench.files() == {"Band/Album/01 Song.mp3": body}


PROTECTED = protect(
    TONE_WMA.read_bytes(), key_id="key-one", license_url="http://l.example/", secret=b"s"
)
KEYS = {
    "the right key": ("key-one", S_OK),
    "another key": ("key-two", HRESULT.named("NS_E_WMP_DRM_LICENSE_UNUSABLE")),
    "a licence for unprotected content": (
        None,
        HRESULT.named("NS_E_WMP_DRM_LICENSE_NOTACQUIRED"),
    ),
}


@pytest.mark.requirement("T1-DL-17", "T1-DL-20", "T1-DL-32")
@pytest.mark.parametrize("case", KEYS)
async def test_a_protected_file_is_filed_only_with_a_licence_for_its_own_key(bench, shop, case):
    key_id, code = KEYS[case]

    class Partner(shop):
        def Download(self, container_list, cookie):
            self.context.licenses.Predeliver(License(1, key_id, {Right.PLAY}))
            self.answer(cookie, 1, url=f"{self.store}/1.wma")

    bench.server.files["/1.wma"] = PROTECTED
    async with bench.playing(Partner) as player:
        await bench.download(player, "track:1")
        assert bool(bench.library(player)) == code.succeeded
    assert shop.answers == [(1, S_OK)]
    assert shop.completions == [(1, code, None)]
    assert list(bench.files().values()) == [PROTECTED] * code.succeeded
