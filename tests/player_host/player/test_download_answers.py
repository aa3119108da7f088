"""What `DownloadTrack` answers, row by row, and what becomes of the track."""

import threading
from datetime import UTC, datetime

import pytest

from partner_api import (
    E_ABORT,
    E_FAIL,
    E_INVALIDARG,
    HRESULT,
    RPC_E_DISCONNECTED,
    S_FALSE,
    S_OK,
    License,
    Right,
)
from partner_api.transaction import TrackState

pytestmark = pytest.mark.anyio

INVALID_URL = HRESULT.named("HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)")
NOT_ACQUIRED = HRESULT.named("NS_E_WMP_DRM_LICENSE_NOTACQUIRED")
EXPIRED = HRESULT.named("NS_E_WMP_DRM_LICENSE_EXPIRED")
UNUSABLE = HRESULT.named("NS_E_WMP_DRM_LICENSE_UNUSABLE")


@pytest.mark.requirement("T1-DL-02", "T1-DL-19", "T1-DL-20", "T1-DL-21", "T1-DL-25", "T1-DL-26")
async def test_a_granted_track_is_transferred_filed_listed_and_completed(bench, shop):
    bench.offer(1)
    async with bench.playing(shop) as player:
        tracks = await bench.download(player, "track:1")
        assert bench.library(player) == {1: "Band/Album/01 Song 1.mp3"}
    assert tracks[1].state is TrackState.COMPLETED
    assert shop.answers == [(1, S_OK)]
    assert shop.completions == [(1, S_OK, None)]
    assert bench.server.requests == ["/1.mp3"]
    assert bench.files() == {"Band/Album/01 Song 1.mp3": bench.server.files["/1.mp3"]}


@pytest.mark.requirement("T1-DL-14", "T1-HR-01", "HR-01", "HR-05", "HR-07")
@pytest.mark.parametrize("hr", [1, 0x000D0001, 0x400D0FA0, 0x7FFFFFFF])
async def test_any_success_code_orders_the_download(bench, shop, hr):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.grant(cookie, 1, hr=hr)

    bench.offer(1)
    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:1")
    assert tracks[1].state is TrackState.COMPLETED
    assert (shop.answers, shop.completions) == ([(1, S_OK)], [(1, S_OK, None)])


@pytest.mark.requirement("T1-DL-15", "T1-DL-16", "T1-DL-34", "T1-HR-01", "HR-07")
@pytest.mark.parametrize("hr", [0x80004005, 0x800D1234, 0xC00D11B3, 0xFFFFFFFF, -2147467259])
async def test_any_failure_code_suppresses_the_download(bench, shop, hr):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.grant(cookie, 1, hr=hr)

    bench.offer(1)
    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:1")
    assert (tracks[1].state, tracks[1].hr) == (TrackState.REFUSED, HRESULT(hr))
    assert (shop.answers, shop.completions) == ([(1, S_OK)], [])
    assert (bench.server.requests, bench.files()) == ([], {})


@pytest.mark.requirement("T1-DL-28", "T1-DL-40", "T1-THR-05")
async def test_answers_may_come_from_many_threads_in_any_order_before_download_returns(bench, shop):
    class Partner(shop):
        def Download(self, container_list, cookie):
            tracks = reversed(self.tracks(container_list))
            threads = [threading.Thread(target=self.grant, args=(cookie, t)) for t in tracks]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    wanted = range(1, 13)
    bench.offer(*wanted)
    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:" + ";".join(map(str, wanted)))
    assert {track.state for track in tracks.values()} == {TrackState.COMPLETED}
    assert sorted(shop.answers) == [(track_id, S_OK) for track_id in wanted]
    assert sorted(shop.completions) == [(track_id, S_OK, None) for track_id in wanted]


@pytest.mark.requirement("T1-DL-27")
async def test_answers_may_come_after_download_returned_from_a_list_that_is_still_usable(
    bench, shop
):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.returned = threading.Event()
            threading.Thread(target=self.work, args=(container_list, cookie)).start()

        def work(self, container_list, cookie):
            self.returned.wait()
            for index in range(container_list.GetContainerCount()):
                container = container_list.GetContainer(index)
                for item in range(container.GetContentCount()):
                    self.grant(cookie, container.GetContentID(item))

    bench.offer(1, 2)
    async with bench.playing(Partner) as player:
        request = await player.download(["track:1;2"])
        shop.instances[0].returned.set()
        await player.wait([request.id])
    assert sorted(shop.completions) == [(1, S_OK, None), (2, S_OK, None)]


@pytest.mark.requirement("T1-DL-48", "T1-DL-20")
@pytest.mark.parametrize(
    "url",
    [None, "", "song.mp3", "//host/song.mp3", "ftp://host/a.mp3", "http://", "http://[", "\0"],
)
async def test_a_grant_without_a_usable_url_is_accepted_and_fails_in_its_completion(
    bench, shop, url
):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.grant(cookie, 1, url=url, params="kept")

    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:1")
    assert tracks[1].state is TrackState.COMPLETED
    assert shop.answers == [(1, S_OK)]
    assert shop.completions == [(1, INVALID_URL, "kept")]
    assert (bench.server.requests, bench.files()) == ([], {})


@pytest.mark.requirement("T1-DL-48")
async def test_an_absolute_url_out_of_the_allowed_network_fails_in_the_completion(bench, shop):
    bench.offer(1)
    async with bench.playing(shop, network="public") as player:
        await bench.download(player, "track:1")
    ((_, hr, _),) = shop.completions
    assert hr == HRESULT.named("NS_E_CURL_NOTSAFE")
    assert (shop.answers, bench.server.requests) == ([(1, S_OK)], [])


LICENSES = {
    "none": (None, NOT_ACQUIRED),
    "expired": (License(1, None, {Right.PLAY}, datetime(2000, 1, 1, tzinfo=UTC)), EXPIRED),
    "without the right to play": (License(1, None, {Right.BURN}), UNUSABLE),
    "of another track": (License(2, None, {Right.PLAY}), NOT_ACQUIRED),
}


@pytest.mark.requirement("T1-DL-16", "T1-DL-17", "T1-DL-32", "T1-DL-33")
@pytest.mark.parametrize("case", LICENSES)
async def test_a_grant_without_a_usable_licence_gets_the_licence_code_and_nothing_follows(
    bench, shop, case
):
    license_, code = LICENSES[case]

    class Partner(shop):
        def Download(self, container_list, cookie):
            if license_ is not None:
                assert self.context.licenses.Predeliver(license_) == S_OK
            self.answer(cookie, 1)

    bench.offer(1)
    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:1")
    assert (tracks[1].state, tracks[1].hr) == (TrackState.UNLICENSED, code)
    assert (shop.answers, shop.completions) == ([(1, code)], [])
    assert (bench.server.requests, bench.files()) == ([], {})


@pytest.mark.requirement("T1-DL-31")
async def test_a_refusal_needs_no_licence(bench, shop):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.answer(cookie, 1, hr=E_FAIL, url="")

    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:1")
    assert (shop.answers, tracks[1].state) == ([(1, S_OK)], TrackState.REFUSED)


MALFORMED = {
    "params one code unit over 1 MiB": {"params": "x" * (512 * 1024 + 1)},
    "params that are over 1 MiB by their surrogate pairs": {"params": "\U0001f3b5" * 262_145},
    "params that are no text": {"params": b"bytes"},
    "hr wider than 32 bits": {"hr": 2**40},
    "hr below 32 bits": {"hr": -(2**31) - 1},
    "hr that is text": {"hr": "S_OK"},
    "hr that is a float": {"hr": 0.0},
    "hr that is a Boolean": {"hr": True},
    "hr that is None": {"hr": None},
    "a URL that is no text": {"url": 7},
}


@pytest.mark.requirement("T1-DL-09")
@pytest.mark.parametrize("case", MALFORMED)
async def test_an_answer_out_of_bounds_is_invalid_and_settles_its_track_as_refused(
    bench, shop, case
):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.grant(cookie, 1, **MALFORMED[case])
            self.grant(cookie, 2)

    bench.offer(1, 2)
    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:1;2")
    assert shop.answers == [(1, E_INVALIDARG), (2, S_OK)]
    assert (tracks[1].state, tracks[1].hr) == (TrackState.REFUSED, E_INVALIDARG)
    assert shop.completions == [(2, S_OK, None)]


@pytest.mark.requirement("T1-DL-36", "T1-DL-37")
@pytest.mark.parametrize("track_id", [99, -1, 2**32, "1", None, 1.0])
async def test_a_foreign_track_is_invalid_and_has_no_effect(bench, shop, track_id):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.answer(cookie, track_id)
            self.grant(cookie, 1)

    bench.offer(1)
    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:1")
    assert shop.answers == [(track_id, E_INVALIDARG), (1, S_OK)]
    assert list(tracks) == [1]
    assert bench.server.requests == ["/1.mp3"]


@pytest.mark.requirement("T1-DL-36")
@pytest.mark.parametrize("change", [lambda c: (c + 1) % 2**32, lambda c: c - 2**32, str, float])
async def test_an_unknown_cookie_is_invalid_and_has_no_effect(bench, shop, change):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.grant(change(cookie), 1)

    bench.offer(1)
    async with bench.playing(Partner, answer_deadline=0.05) as player:
        tracks = await bench.download(player, "track:1")
    assert shop.answers == [(1, E_INVALIDARG)]
    assert (tracks[1].state, tracks[1].hr) == (TrackState.EXPIRED, E_ABORT)
    assert bench.server.requests == []


@pytest.mark.requirement("T1-DL-38")
async def test_more_answers_than_occurrences_are_invalid_and_the_first_stands(bench, shop):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.grant(cookie, 1, params="first")
            self.grant(cookie, 1, params="second")
            self.answer(cookie, 1, hr=E_FAIL)

    bench.offer(1)
    async with bench.playing(Partner) as player:
        await bench.download(player, "track:1")
    assert shop.answers == [(1, S_OK), (1, E_INVALIDARG), (1, E_INVALIDARG)]
    assert shop.completions == [(1, S_OK, "first")]
    assert bench.server.requests == ["/1.mp3"]


@pytest.mark.requirement("T1-DL-39", "T1-DL-43")
async def test_further_answers_for_a_track_that_is_listed_twice_get_s_false_also_after_the_end(
    bench, shop, install
):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.cookies.append(cookie)
            for track_id in self.tracks(container_list):
                self.grant(cookie, track_id)
            self.grant(cookie, 73, hr=E_FAIL)

    bench.offer(70, 71, 73)
    async with bench.playing(Partner) as player:
        install(player)
        tracks = await bench.download(player, "album:7", "list:3")
        late = [shop.instances[0].answer(shop.cookies[0], 70) for _ in range(2)]
    assert sorted(tracks) == [70, 71, 73]
    assert shop.answers[:4] == [(70, S_OK), (71, S_OK), (73, S_OK), (73, S_FALSE)]
    assert late == [S_FALSE, E_INVALIDARG]
    assert sorted(shop.completions) == [(t, S_OK, None) for t in (70, 71, 73)]
    assert sorted(bench.server.requests) == ["/70.mp3", "/71.mp3", "/73.mp3"]


@pytest.mark.requirement("T1-LIFE-04", "T1-LIFE-11")
async def test_after_set_callback_null_an_answer_is_disconnected_and_has_no_effect(bench, shop):
    class Partner(shop):
        def SetCallback(self, callback):
            if callback is not None:
                self.callback = callback

        def Download(self, container_list, cookie):
            self.cookies.append(cookie)
            self.license(1)

    bench.offer(1)
    async with bench.playing(Partner) as player:
        request = await player.download(["track:1"])
        await player.deactivate()
        (kept,) = shop.instances
        kept.answer(shop.cookies[0], 1)
        kept.answer(shop.cookies[0], 1, hr="malformed")
        assert bench.tracks(player, request.id)[1].state is TrackState.UNANSWERED
    assert shop.answers == [(1, RPC_E_DISCONNECTED)] * 2
    assert bench.server.requests == []


@pytest.mark.requirement("T1-DL-35")
async def test_if_download_then_fails_accepted_tracks_complete_and_the_rest_is_void(bench, shop):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.cookies.append(cookie)
            self.grant(cookie, 1, params="accepted")
            self.answer(cookie, 2, hr=0x80041234)
            return E_FAIL

    bench.offer(1, 2, 3)
    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:1;2;3")
        late = shop.instances[0].grant(shop.cookies[0], 3)
    assert {t: row.state for t, row in tracks.items()} == {
        1: TrackState.COMPLETED,
        2: TrackState.REFUSED,
        3: TrackState.VOID,
    }
    assert tracks[3].hr == E_FAIL
    assert late == E_INVALIDARG
    assert shop.completions == [(1, S_OK, "accepted")]
    assert bench.server.requests == ["/1.mp3"]


@pytest.mark.requirement("T1-DL-44")
async def test_tracks_unanswered_at_the_deadline_expire_with_e_abort_and_no_completion(bench, shop):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.cookies.append(cookie)
            self.grant(cookie, 1)

    bench.offer(1, 2)
    async with bench.playing(Partner, answer_deadline=0.2) as player:
        tracks = await bench.download(player, "track:1;2")
        late = shop.instances[0].grant(shop.cookies[0], 2)
        assert player.requests()[0].state == "done"
    assert tracks[1].state is TrackState.COMPLETED
    assert (tracks[2].state, tracks[2].hr) == (TrackState.EXPIRED, E_ABORT)
    assert late == E_INVALIDARG
    assert shop.completions == [(1, S_OK, None)]
