"""Plug-ins that raise, hang, end the interpreter, answer nonsense, or too much."""

import threading
import time

import anyio
import pytest

from partner_api import (
    E_ABORT,
    E_FAIL,
    E_INVALIDARG,
    E_NOTIMPL,
    E_UNEXPECTED,
    HRESULT,
    RPC_E_DISCONNECTED,
    RPC_E_TIMEOUT,
    S_OK,
    CallbackNotification,
    ComError,
    ThreadingModel,
    Variant,
)
from partner_api.calls import (
    CallbackNotify,
    Download,
    DownloadTrack,
    DownloadTrackComplete,
    Faulted,
    Malformed,
    SetCallback,
)
from partner_api.transaction import TrackState
from player_host.errors import PartnerUnavailable
from player_host.player import open_player

pytestmark = pytest.mark.anyio


class _Unspeakable(Exception):
    def __str__(self):
        raise ZeroDivisionError("not even words")


RAISED = {
    "an ordinary exception": ValueError("out of tune"),
    "an exception that cannot be shown": _Unspeakable(),
    "words without an encoding": RuntimeError("\udc80"),
    "more words than fit": RuntimeError("x" * 100_000),
    "the end of the interpreter": SystemExit(3),
    "an interruption": KeyboardInterrupt(),
    "the end of a generator": GeneratorExit(),
}


@pytest.mark.requirement("T1-THR-06", "T1-DL-35")
@pytest.mark.parametrize("case", RAISED)
async def test_whatever_download_raises_is_a_fault_of_the_plug_in_and_the_next_download_works(
    bench, shop, case
):
    class Partner(shop):
        def Download(self, container_list, cookie):
            if not self.cookies:
                self.cookies.append(cookie)
                raise RAISED[case]
            super().Download(container_list, cookie)

    bench.offer(1)
    async with bench.playing(Partner, call_deadline=5) as player:
        first = await bench.download(player, "track:1")
        second = await bench.download(player, "track:1")
    assert (first[1].state, first[1].hr) == (TrackState.VOID, E_UNEXPECTED)
    assert second[1].state is TrackState.COMPLETED
    fault, fine = bench.returns(Download)
    assert isinstance(fault, Faulted)
    assert fault.reason.startswith("Download raised ")
    assert len(fault.reason) <= 1000
    assert fine.hr == S_OK
    assert len(shop.instances) == 1


NO_HRESULT = {
    "text": "S_OK",
    "a float": 0.0,
    "a Boolean": True,
    "a number of 40 bits": 2**40,
    "a list": [0],
    "the method itself": print,
}


@pytest.mark.parametrize("case", NO_HRESULT)
async def test_a_result_that_is_no_hresult_voids_the_download(bench, shop, case):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.grant(cookie, 1)
            return NO_HRESULT[case]

    bench.offer(1, 2)
    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:1;2")
    assert tracks[1].state is TrackState.COMPLETED
    assert (tracks[2].state, tracks[2].hr) == (TrackState.VOID, E_UNEXPECTED)
    (fault,) = bench.returns(Download)
    assert fault.reason.startswith("Download returned ")


@pytest.mark.requirement("HR-01")
@pytest.mark.parametrize("result", [None, 0, 1, 0x400D0FA0, -0, HRESULT(0x000D0001)])
async def test_download_succeeds_with_any_success_code_and_none(bench, shop, result):
    class Partner(shop):
        def Download(self, container_list, cookie):
            super().Download(container_list, cookie)
            return result

    bench.offer(1)
    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:1")
    assert tracks[1].state is TrackState.COMPLETED


@pytest.mark.requirement("T1-DL-42")
@pytest.mark.parametrize(
    "outcome", [E_FAIL, "nonsense", 2**40, ValueError("no"), ComError(E_FAIL), SystemExit(1)]
)
async def test_a_completion_that_was_answered_in_any_way_is_delivered(bench, shop, outcome):
    class Partner(shop):
        def DownloadTrackComplete(self, hr, track_id, params):
            self.completions.append((track_id, hr, params))
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

    bench.offer(1)
    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:1")
    assert (tracks[1].state, tracks[1].attempts) == (TrackState.COMPLETED, 1)
    assert shop.completions == [(1, S_OK, None)]


@pytest.mark.requirement("T1-THR-06")
async def test_a_plug_in_that_raises_in_every_method_is_survived(bench, shop):
    class Partner(shop):
        def __getattribute__(self, name):
            if name[0].isupper() and name != "SetCallback":
                raise RuntimeError(f"{name} is out of order")
            return super().__getattribute__(name)

    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:1")
    assert tracks[1].state is TrackState.VOID
    assert all(r.hr == E_UNEXPECTED for r in bench.returns(Download))
    assert bench.calls()[-1] == SetCallback(attached=False)


@pytest.mark.requirement("T1-DL-44")
async def test_answering_half_completes_that_half_and_the_rest_expires(bench, shop):
    class Partner(shop):
        def Download(self, container_list, cookie):
            for track_id in self.tracks(container_list)[::2]:
                self.grant(cookie, track_id)

    bench.offer(1, 2, 3, 4)
    async with bench.playing(Partner, answer_deadline=0.2) as player:
        tracks = await bench.download(player, "track:1;2;3;4")
    assert [(t, row.state, row.hr) for t, row in tracks.items()] == [
        (1, TrackState.COMPLETED, S_OK),
        (2, TrackState.EXPIRED, E_ABORT),
        (3, TrackState.COMPLETED, S_OK),
        (4, TrackState.EXPIRED, E_ABORT),
    ]
    assert sorted(t for t, _, _ in shop.completions) == [1, 3]


@pytest.mark.requirement("T1-DL-42", "T1-THR-06", "HR-09")
async def test_hanging_in_download_times_out_and_a_new_instance_does_the_next_download(bench, shop):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.cookies.append(cookie)
            self.grant(cookie, 1)
            if len(self.instances) == 1:
                self.released.wait()
                self.grant(cookie, 2)

    bench.offer(1, 2)
    async with bench.playing(Partner, call_deadline=0.2) as player:
        request = await player.download(["track:1;2"])
        await player.wait([request.id])
        tracks = bench.tracks(player, request.id)
        assert tracks[1].state is TrackState.COMPLETED
        assert (tracks[2].state, tracks[2].hr) == (TrackState.ABANDONED, E_ABORT)
        assert player.requests()[0].state == "open"
        first, second = shop.instances
        assert first is not second
        assert first.grant(shop.cookies[0], 2) == RPC_E_DISCONNECTED
        assert second.grant(shop.cookies[0], 2) == E_INVALIDARG
    assert bench.returns(Download)[0].hr == RPC_E_TIMEOUT
    assert shop.completions == [(1, S_OK, None)]
    assert bench.calls(SetCallback)[:2] == [SetCallback(attached=True)] * 2


@pytest.mark.requirement("T1-DL-53")
async def test_what_a_lost_instance_left_unanswered_can_be_resumed(bench, shop):
    class Partner(shop):
        def Download(self, container_list, cookie):
            if len(self.instances) == 1:
                self.released.wait()
            super().Download(container_list, cookie)

    bench.offer(1, 2)
    async with bench.playing(Partner, call_deadline=0.2) as player:
        request = await player.download(["track:1;2"])
        await player.resume(request.id)
        await player.wait([request.id])
        states = {row.state for row in bench.tracks(player, request.id).values()}
        assert player.requests()[0].state == "done"
    assert states == {TrackState.COMPLETED}
    assert len(set(shop.cookies)) == len(shop.cookies)
    assert sorted(shop.completions) == [(1, S_OK, None), (2, S_OK, None)]


@pytest.mark.requirement("T1-DL-42")
async def test_hanging_in_every_completion_is_tried_three_times_on_a_new_instance_each(bench, shop):
    class Partner(shop):
        def DownloadTrackComplete(self, hr, track_id, params):
            self.completions.append((self.instances.index(self), hr, params))
            self.released.wait()

    bench.offer(1)
    async with bench.playing(Partner, call_deadline=0.2) as player:
        tracks = await bench.download(player, "track:1")
        assert bench.library(player) == {1: "Band/Album/01 Song 1.mp3"}
        assert player.requests()[0].state == "done"
    assert (tracks[1].state, tracks[1].attempts) == (TrackState.UNDELIVERABLE, 3)
    assert shop.completions == [(0, S_OK, None), (1, S_OK, None), (2, S_OK, None)]
    assert [r.hr for r in bench.returns(DownloadTrackComplete)] == [RPC_E_TIMEOUT] * 3


@pytest.mark.requirement("T1-DL-42")
async def test_hanging_in_one_completion_is_repeated_once(bench, shop):
    class Partner(shop):
        def DownloadTrackComplete(self, hr, track_id, params):
            self.completions.append((track_id, hr, params))
            if len(self.completions) == 1:
                self.released.wait()

    bench.offer(1)
    async with bench.playing(Partner, call_deadline=0.2) as player:
        tracks = await bench.download(player, "track:1")
    assert (tracks[1].state, tracks[1].attempts) == (TrackState.COMPLETED, 2)
    assert shop.completions == [(1, S_OK, None)] * 2


@pytest.mark.requirement("HR-09", "T1-THR-06")
async def test_a_plug_in_that_hangs_again_and_again_is_given_up_and_nobody_waits_for_it(
    bench, shop
):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.released.wait()

    async with bench.playing(Partner, call_deadline=0.1) as player:
        requests = [(await player.download(["track:1"])).id for _ in range(6)]
        await player.wait(requests)
        states = [bench.tracks(player, request)[1].state for request in requests]
    assert set(states[:4]) == {TrackState.ABANDONED}
    assert all(state.settled for state in states)
    assert len(shop.instances) == 4


async def test_a_plug_in_that_hangs_in_set_callback_null_does_not_keep_the_player(bench, shop):
    class Partner(shop):
        def SetCallback(self, callback):
            super().SetCallback(callback)
            if callback is None:
                self.released.wait()

    async with bench.playing(Partner, call_deadline=0.1):
        pass
    assert bench.transcripts()[0].complete
    assert [r.hr for r in bench.returns(SetCallback)] == [S_OK, RPC_E_TIMEOUT]


class _ConstructorRaises:
    def __init__(self, context):
        raise LookupError("no instruments")


class _ConstructorExits:
    def __init__(self, context):
        raise SystemExit(9)


class _ConstructorHangs:
    def __init__(self, context):
        self.released.wait()


class _ConstructorIsUnspeakable:
    def __init__(self, context):
        raise _Unspeakable


class _SetCallbackHangs:
    def SetCallback(self, callback):
        self.released.wait()


@pytest.mark.requirement("T1-LIFE-13")
@pytest.mark.parametrize(
    ("how", "words"),
    [
        (_ConstructorRaises, "no instruments"),
        (_ConstructorExits, "SystemExit"),
        (_ConstructorHangs, "did not return within 0.1 s"),
        (_ConstructorIsUnspeakable, "_Unspeakable"),
        (_SetCallbackHangs, "RPC_E_TIMEOUT"),
    ],
)
async def test_a_plug_in_that_cannot_be_made_is_unavailable_and_the_player_goes_on(
    bench, shop, how, words
):
    name = bench.register(type("Partner", (how, shop), {}), call_deadline=0.1)
    async with open_player(bench.home, in_process=True) as player:
        with pytest.raises(PartnerUnavailable) as caught:
            await player.activate(name)
        assert player.active is None
        assert await player.plugins()
    assert words in str(caught.value)
    assert name in str(caught.value)


async def test_a_new_instance_that_fails_to_start_leaves_the_player_alive(bench, shop):
    class Partner(shop):
        def __init__(self, context):
            super().__init__(context)
            if len(self.instances) > 1:
                raise LookupError("only one of me")

        def Download(self, container_list, cookie):
            self.grant(cookie, 1)
            self.released.wait()

    bench.offer(1)
    async with bench.playing(Partner, call_deadline=0.1) as player:
        request = await player.download(["track:1;2"])
        await player.wait([request.id])
        states = {t: row.state for t, row in bench.tracks(player, request.id).items()}
        assert bench.library(player) == {1: "Band/Album/01 Song 1.mp3"}
    assert states == {1: TrackState.FINISHED, 2: TrackState.ABANDONED}


async def test_a_completion_that_reached_nobody_is_made_in_the_next_session(bench, shop):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.grant(cookie, 1, params="kept")
            if len(self.instances) == 1:
                self.released.wait()

        def SetCallback(self, callback):
            super().SetCallback(callback)
            return E_FAIL if 2 <= len(self.instances) <= 4 else S_OK

    bench.offer(1)
    async with bench.playing(Partner, call_deadline=0.1) as player:
        request = await player.download(["track:1"])
        await player.wait([request.id])
        await player.deactivate()
        await player.activate("partners_under_test:Partner")
        await player.wait([request.id])
        assert bench.tracks(player, request.id)[1].state is TrackState.COMPLETED
    assert shop.completions == [(1, S_OK, "kept")]


@pytest.mark.requirement("T1-DL-36", "T1-DL-38", "T1-THR-05")
async def test_a_flood_of_callbacks_from_many_threads_is_answered_and_the_download_completes(
    bench, shop
):
    class Partner(shop):
        def Download(self, container_list, cookie):
            threads = [threading.Thread(target=self.flood, args=(cookie,)) for _ in range(4)]
            for thread in threads:
                thread.start()
            self.grant(cookie, 1, params="the one")
            for thread in threads:
                thread.join()

        def flood(self, cookie):
            for number in range(150):
                self.answer((cookie + 1 + number) % 2**32, 1)
                self.callback.Notify(CallbackNotification.AUTH_RESULT, Variant.empty())

    bench.offer(1)
    async with bench.playing(Partner) as player:
        await bench.download(player, "track:1")
    assert shop.completions == [(1, S_OK, "the one")]
    assert len(bench.calls(DownloadTrack)) == 601
    assert len(bench.calls(CallbackNotify)) == 600


@pytest.mark.requirement("T1-DL-38")
async def test_the_same_answer_from_many_threads_at_once_acts_once(bench, shop):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.license(1)
            start = threading.Barrier(8)

            def answer():
                start.wait()
                self.answer(cookie, 1)

            threads = [threading.Thread(target=answer) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    bench.offer(1)
    async with bench.playing(Partner) as player:
        await bench.download(player, "track:1")
    assert sorted(hr.name for _, hr in shop.answers) == ["E_INVALIDARG"] * 7 + ["S_OK"]
    assert shop.completions == [(1, S_OK, None)]
    assert bench.server.requests == ["/1.mp3"]


async def test_callback_methods_with_nonsense_are_invalid_recorded_and_harmless(bench, shop):
    codes = []

    class Partner(shop):
        def Download(self, container_list, cookie):
            callback = self.callback
            codes.append(callback.Notify("new catalogue", Variant.empty()))
            codes.append(callback.Notify(99, Variant.empty()))
            codes.append(callback.Notify(CallbackNotification.AUTH_RESULT, None))
            codes.append(callback.AddListContents(1, [2**40]))
            codes.append(callback.AddListContents(1, None))
            codes.append(callback.BuyComplete("fine", cookie))
            codes.append(callback.ShowPopup(2**31, ""))
            codes.append(callback.SendMessageComplete(None, 1, b""))
            codes.append(self.context.licenses.Predeliver({"track": 1}))
            self.grant(cookie, 1)

    bench.offer(1)
    async with bench.playing(Partner) as player:
        await bench.download(player, "track:1")
    assert codes == [E_INVALIDARG] * 9
    assert len(bench.calls(Malformed)) == 9
    assert shop.completions == [(1, S_OK, None)]


async def test_what_the_player_does_not_do_yet_is_answered_with_e_notimpl(bench, shop):
    async with bench.playing(shop):
        callback = shop.instances[0].callback
        answered = [callback.ShowPopup(1, "page"), callback.ChangeView("a", "b", "c")]
    assert answered == [E_NOTIMPL, E_NOTIMPL]


@pytest.mark.requirement("T1-THR-02", "T1-THR-05")
async def test_an_apartment_gets_its_calls_one_at_a_time_on_one_thread(bench, shop):
    inside, most, threads = [], [], set()

    class Partner(shop):
        def Download(self, container_list, cookie):
            self._note()
            super().Download(container_list, cookie)

        def DownloadTrackComplete(self, hr, track_id, params):
            self._note()

        def _note(self):
            threads.add(threading.get_ident())
            inside.append(1)
            time.sleep(0.002)
            most.append(len(inside))
            inside.pop()

    wanted = range(1, 21)
    bench.offer(*wanted)
    async with bench.playing(Partner) as player, anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(bench.download, player, "track:" + ";".join(map(str, wanted)))
    assert (max(most), len(most)) == (1, 63)
    assert threads == {shop.instances[0].thread}


@pytest.mark.requirement("T1-THR-03")
async def test_a_free_partner_gets_calls_concurrently(bench, shop):
    together = threading.Barrier(3)

    class Partner(shop):
        service_info = shop.service_info.__class__(
            "Shop", "Shop", shop.service_info.capabilities, ThreadingModel.FREE
        )

        def DownloadTrackComplete(self, hr, track_id, params):
            together.wait(10)
            self.completions.append((track_id, hr, params))

    bench.offer(1, 2, 3)
    async with bench.playing(Partner) as player:
        await bench.download(player, "track:1;2;3")
    assert sorted(shop.completions) == [(t, S_OK, None) for t in (1, 2, 3)]


EXPLANATIONS = {
    "words": (lambda: Variant.bstr("Buy it first."), "Buy it first."),
    "too many words": (lambda: Variant.bstr("x" * 10_000), "x" * 500),
    "a number": (lambda: Variant.ui4(7), ""),
    "no variant": (lambda: "Buy it first.", ""),
    "failure": (lambda: _raise(ComError(E_FAIL)), ""),
    "exception": (lambda: _raise(ValueError("no words")), ""),
}


def _raise(error):
    raise error


@pytest.mark.requirement("T1-HR-04")
@pytest.mark.parametrize("case", EXPLANATIONS)
async def test_a_partner_may_explain_a_code_in_its_own_words_or_fail_to(bench, shop, case):
    answer, expected = EXPLANATIONS[case]

    class Partner(shop):
        def GetItemInfo(self, info_name, context):
            assert (info_name, context) == ("CPErrorDescription", Variant.error(E_FAIL))
            return answer()

    async with bench.playing(Partner) as player:
        assert await player.explain(E_FAIL) == expected
