"""A file whose digest the plug-in declared is filed with that digest or not at all."""

import hashlib

import pytest

from partner_api import HRESULT, S_OK, License, Right
from partner_api.calls import Predeliver

pytestmark = pytest.mark.anyio

MISMATCH = HRESULT.named("BG_E_VALIDATION_FAILED")
INVALID_URL = HRESULT.named("HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)")


def declared(body):
    return f"sha-256={hashlib.sha256(body).hexdigest()}"


@pytest.fixture
def declaring_shop(shop):
    """A shop that grants its tracks with a licence that declares `digest`."""

    class Partner(shop):
        digest = ""
        fragment = ""

        def Download(self, container_list, cookie):
            for track_id in self.tracks(container_list):
                licence = License(track_id, None, {Right.PLAY}, digest=self.digest)
                assert self.context.licenses.Predeliver(licence) == S_OK
                url = f"{self.store}/{track_id}.mp3{self.fragment}"
                self.answer(cookie, track_id, url=url, params="mine")

    return Partner


async def test_a_file_with_the_digest_of_its_licence_is_filed(bench, declaring_shop, make_song):
    body = make_song()
    bench.server.files["/1.mp3"] = body
    declaring_shop.digest = declared(body)
    async with bench.playing(declaring_shop) as player:
        await bench.download(player, "track:1")
    assert declaring_shop.completions == [(1, S_OK, "mine")]
    assert list(bench.files().values()) == [body]
    (delivered,) = bench.calls(Predeliver)
    assert delivered.license.digest == declared(body)


@pytest.mark.requirement("T1-DL-20")
async def test_a_file_with_another_digest_is_asked_for_once_more_and_then_fails_by_name(
    bench, declaring_shop, make_song
):
    bench.server.files["/1.mp3"] = make_song()
    declaring_shop.digest = declared(b"another file")
    async with bench.playing(declaring_shop) as player:
        tracks = await bench.download(player, "track:1")
    assert declaring_shop.completions == [(1, MISMATCH, "mine")]
    assert tracks[1].hr == MISMATCH
    assert bench.server.requests == ["/1.mp3"] * 2
    assert bench.files() == {}


@pytest.mark.requirement("T1-DL-48")
@pytest.mark.parametrize(
    "fragment", ["#sha-256=rubbish", f"#{declared(b'not what the licence says')}"]
)
async def test_a_declaration_of_no_use_is_settled_by_a_failing_completion(
    bench, declaring_shop, make_song, fragment
):
    bench.server.files["/1.mp3"] = body = make_song()
    declaring_shop.digest, declaring_shop.fragment = declared(body), fragment
    async with bench.playing(declaring_shop) as player:
        await bench.download(player, "track:1")
    assert declaring_shop.answers == [(1, S_OK)]
    assert declaring_shop.completions == [(1, INVALID_URL, "mine")]
    assert bench.server.requests == []
