"""What the partner is asked for, and what comes back to it unchanged."""

import threading

import pytest

from partner_api import (
    E_INVALIDARG,
    NO_ID,
    S_OK,
    ComError,
    LibraryLocation,
    PriceMarker,
    TransactionType,
)
from partner_api.calls import Download, DownloadTrack, DownloadTrackComplete, IndexOutOfRange
from partner_api.transaction import TrackState
from player_host.errors import NothingSelected, UsageError

pytestmark = pytest.mark.anyio

PARAMS = {
    "none": None,
    "empty": "",
    "a NUL in the middle": "a\0b",
    "only a NUL": "\0",
    "a lone high surrogate": "a\ud83cb",
    "a lone low surrogate at the end": "a\udfb5",
    "surrogates in the wrong order": "\udfb5\ud83c",
    "emoji": "\U0001f3b5\U0001f469\u200d\U0001f680",
    "text that normalisation would change": "e\u0301 \u00e9 \ufb01",
    "markup, quotes and ends of lines": "<a b='c'>&amp;</a>\r\n\t\"%s\" {0}",
    "a byte order mark": "\ufeffx\ufffe",
    "exactly 1 MiB of plain text": "x" * (512 * 1024),
    "exactly 1 MiB of surrogate pairs": "\U0001f3b5" * (256 * 1024),
}


@pytest.mark.requirement("T1-DL-18", "T1-DL-22", "T1-DL-49", "HR-08")
@pytest.mark.parametrize("case", PARAMS)
async def test_params_come_back_character_for_character(bench, shop, case):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.grant(cookie, 1, params=PARAMS[case])

    bench.offer(1)
    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:1")
    assert (shop.answers, shop.completions) == ([(1, S_OK)], [(1, S_OK, PARAMS[case])])
    assert tracks[1].order.params == PARAMS[case]
    assert [call.params for call in bench.calls(DownloadTrackComplete)] == [PARAMS[case]]


@pytest.mark.requirement("T1-DL-18", "T1-DL-22")
async def test_surrogate_pairs_in_two_characters_are_the_same_code_units(bench, shop):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.grant(cookie, 1, params="\ud83c\udfb5")

    bench.offer(1)
    async with bench.playing(Partner) as player:
        await bench.download(player, "track:1")
    assert shop.completions == [(1, S_OK, "\U0001f3b5")]


@pytest.mark.requirement(
    "T1-DL-03", "T1-DL-05", "T1-DL-51", "T1-DL-52", "T1-CON-01", "T1-CON-02", "T1-CON-03"
)
@pytest.mark.requirement("T1-CON-04", "T1-CON-05", "T1-CON-06", "T1-CON-07", "T1-CON-10")
async def test_the_list_describes_the_album_the_list_and_the_loose_tracks(bench, shop, install):
    bench.offer(70, 71, 73)
    async with bench.playing(shop) as player:
        install(player)
        request = await player.download(["album:7", "list:3", "track:71"])
        await player.wait([request.id])
    (asked,) = shop.lists
    assert asked.GetTransactionType() is TransactionType.DOWNLOAD
    containers = [asked.GetContainer(n) for n in range(asked.GetContainerCount())]
    assert [(c.GetType(), c.GetID(), c.GetPrice()) for c in containers] == [
        (LibraryLocation.ALBUM, 7, "$9.99"),
        (LibraryLocation.LIST, 3, "$4.99"),
        (LibraryLocation.UNKNOWN, NO_ID, PriceMarker.UNKNOWN),
    ]
    assert [
        [(c.GetContentID(n), c.GetContentPrice(n)) for n in range(c.GetContentCount())]
        for c in containers
    ] == [
        [(70, "$0.99"), (71, PriceMarker.UNKNOWN), (73, PriceMarker.FREE)],
        [(73, PriceMarker.FREE), (70, "$0.99")],
        [(71, PriceMarker.UNKNOWN)],
    ]
    assert [left.track_id for left in request.left_out] == [72]


@pytest.mark.requirement("T1-CON-12", "T1-DL-51")
async def test_a_request_without_a_track_that_is_offered_does_not_reach_the_partner(
    bench, shop, install
):
    async with bench.playing(shop) as player:
        install(player)
        with pytest.raises(NothingSelected):
            await player.download(["track:72"])
        with pytest.raises(UsageError):
            await player.download(["nonsense"])
        assert player.requests() == []
    assert shop.lists == []


@pytest.mark.requirement("T1-CON-08", "T1-CON-11", "T1-CON-09")
async def test_bad_indexes_are_invalid_and_recorded_and_good_ones_go_on_working(bench, shop):
    codes = []

    class Partner(shop):
        def Download(self, container_list, cookie):
            container = container_list.GetContainer(0)
            reads = (container.GetContentID, container.GetContentPrice)
            bad = (1, -1, 2**32, 10**30)
            codes.extend(self.code_of(read, index) for read in reads for index in bad)
            codes.append(self.code_of(container_list.GetContainer, 1))
            self.grant(cookie, container.GetContentID(0))

        def code_of(self, read, index):
            with pytest.raises(ComError) as caught:
                read(index)
            return caught.value.hr

    bench.offer(1)
    async with bench.playing(Partner) as player:
        await bench.download(player, "track:1")
    assert codes == [E_INVALIDARG] * 9
    misuses = bench.calls(IndexOutOfRange)
    assert [(m.getter, m.index, m.count) for m in misuses] == [
        *(("GetContentID", index, 1) for index in (1, -1, 2**32 - 1, 2**32 - 1)),
        *(("GetContentPrice", index, 1) for index in (1, -1, 2**32 - 1, 2**32 - 1)),
        ("GetContainer", 1, 1),
    ]
    assert shop.completions == [(1, S_OK, None)]


@pytest.mark.requirement("T1-DL-27", "T1-CON-08")
async def test_a_list_that_is_kept_reports_bad_indexes_also_after_download_returned(bench, shop):
    bench.offer(1)
    async with bench.playing(shop) as player:
        await bench.download(player, "track:1")
        with pytest.raises(ComError):
            shop.lists[0].GetContainer(7)
        assert shop.lists[0].GetContainer(0).GetContentID(0) == 1
    assert [call.index for call in bench.calls(IndexOutOfRange)] == [7]


@pytest.mark.requirement("T1-DL-04", "T1-DL-30", "T1-DL-45", "T1-DL-09")
async def test_transactions_with_the_same_track_are_kept_apart_by_their_cookies(bench, shop):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.cookies.append(cookie)
            self.license(1)

    bench.offer(1)
    async with bench.playing(Partner) as player:
        requests = [(await player.download(["track:1"])).id for _ in range(4)]
        (partner,) = shop.instances
        for index in (2, 0, 3):
            partner.answer(shop.cookies[index], 1, params=f"order {index}")
        partner.answer(shop.cookies[1], 1, hr=0x80004005)
        await player.wait(requests)
        states = [bench.tracks(player, request)[1].state for request in requests]
        assert len(bench.library(player)) == 1
    assert all(0 <= cookie < 2**32 for cookie in shop.cookies)
    assert len(set(shop.cookies)) == 4
    completed, refused = TrackState.COMPLETED, TrackState.REFUSED
    assert states == [completed, refused, completed, completed]
    assert sorted(params for _, _, params in shop.completions) == ["order 0", "order 2", "order 3"]
    assert bench.server.requests == ["/1.mp3"] * 3


@pytest.mark.requirement("T1-DL-04", "T1-DL-46")
async def test_any_32_bit_number_is_a_cookie_zero_too(bench, shop, monkeypatch):
    drawn = iter([0, 0, 2**32 - 1])
    monkeypatch.setattr("player_host.downloads.book.secrets.randbelow", lambda _: next(drawn))
    bench.offer(1)
    async with bench.playing(shop) as player:
        await bench.download(player, "track:1")
        await bench.download(player, "track:1")
    assert shop.cookies == [0, 2**32 - 1]
    assert [hr for _, hr, _ in shop.completions] == [S_OK, S_OK]


@pytest.mark.requirement("T1-DL-41", "T1-DL-50")
async def test_a_track_is_completed_while_others_are_unanswered_and_is_in_the_library_by_then(
    bench, shop
):
    completed = threading.Event()

    class Partner(shop):
        def Download(self, container_list, cookie):
            self.license(2)
            self.grant(cookie, 1)
            threading.Thread(target=self.answer_late, args=(cookie,)).start()

        def answer_late(self, cookie):
            completed.wait(20)
            self.answer(cookie, 2)

        def DownloadTrackComplete(self, hr, track_id, params):
            self.completions.append((track_id, hr, self.callback.GetContentIDsInLibrary()))
            completed.set()

    bench.offer(1, 2)
    async with bench.playing(Partner) as player:
        await bench.download(player, "track:1;2")
    assert shop.completions == [(1, S_OK, (1,)), (2, S_OK, (1, 2))]


@pytest.mark.requirement("T1-DL-16", "T1-DL-19", "T1-DL-42")
async def test_the_order_is_answer_then_transfer_then_exactly_one_completion(bench, shop):
    wanted = range(1, 31)
    bench.offer(*wanted)
    async with bench.playing(shop) as player:
        await bench.download(player, "track:" + ";".join(map(str, wanted)))
    order = [(type(call), getattr(call, "track_id", 0)) for call in bench.calls()]
    for track_id in wanted:
        answered = order.index((DownloadTrack, track_id))
        completed = order.index((DownloadTrackComplete, track_id))
        assert order.index((Download, 0)) < answered < completed
    assert sorted(bench.server.requests) == sorted(f"/{track_id}.mp3" for track_id in wanted)
    assert sorted(t for t, _, _ in shop.completions) == list(wanted)


@pytest.mark.requirement("T1-DL-53", "T1-LIFE-02")
async def test_a_graceful_stop_suspends_and_the_next_start_completes_to_the_new_instance(
    bench, shop
):
    bench.offer(1)
    bench.server.gate.clear()
    async with bench.playing(shop) as player:
        request = await player.download(["track:1"])
    assert shop.completions == []
    bench.server.gate.set()
    async with bench.playing(shop) as player:
        await player.wait([request.id])
        assert bench.tracks(player, request.id)[1].state is TrackState.COMPLETED
    assert len(shop.instances) == 2
    assert shop.completions == [(1, S_OK, None)]


@pytest.mark.requirement("T1-DL-53")
async def test_cancelling_reports_e_abort_for_accepted_tracks_only(bench, shop):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.grant(cookie, 1, params="accepted")

    bench.offer(1, 2)
    bench.server.gate.clear()
    async with bench.playing(Partner) as player:
        request = await player.download(["track:1;2"])
        player.cancel(request.id)
        await player.wait([request.id])
        states = {t: row.state for t, row in bench.tracks(player, request.id).items()}
        assert player.requests()[0].state == "cancelled"
    assert states == {1: TrackState.COMPLETED, 2: TrackState.CANCELLED}
    assert [(t, hr.name, p) for t, hr, p in shop.completions] == [(1, "E_ABORT", "accepted")]
    assert bench.files() == {}
