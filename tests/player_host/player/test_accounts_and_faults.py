"""Whose licences they are, and what the player does where a room or a start fails."""

import logging
import threading
import time

import anyio
import pytest
from attrs import field, frozen, make_class

from partner_api import (
    E_FAIL,
    E_INVALIDARG,
    E_UNEXPECTED,
    RPC_E_DISCONNECTED,
    S_OK,
    License,
    PartnerInfo,
    Right,
    Variant,
)
from partner_api.calls import (
    Download,
    DownloadTrack,
    GetContentPartnerInfo,
    Malformed,
    Predeliver,
    Return,
)
from partner_api.transaction import TrackState
from player_host.errors import PartnerUnavailable, SettingsError, StorageError
from player_host.player import open_player
from player_host.plugins.active import Recorder

pytestmark = pytest.mark.anyio


@frozen
class _Settings:
    account: str


def _accounts(player):
    return [row["account"] for row in player.database.rows("SELECT account FROM licenses")]


@pytest.mark.requirement("T1-DL-33")
async def test_a_licence_that_is_delivered_in_set_callback_belongs_to_the_configured_account(
    bench, shop
):
    class Partner(shop):
        Settings = _Settings

        def SetCallback(self, callback):
            super().SetCallback(callback)
            if callback is not None:
                self.license(1)

        def Download(self, container_list, cookie):
            self.answer(cookie, 1)

    bench.offer(1)
    async with bench.playing(Partner, settings='account = "demo"') as player:
        tracks = await bench.download(player, "track:1")
        assert _accounts(player) == ["demo"]
    assert tracks[1].state is TrackState.COMPLETED
    assert bench.calls(GetContentPartnerInfo) == []


async def test_without_a_configured_account_the_partner_is_asked_for_its_user(bench, shop):
    class Partner(shop):
        def GetContentPartnerInfo(self, info_name):
            return Variant.bstr("J\u00fcrgen \U0001f3b5")

    bench.offer(1)
    async with bench.playing(Partner) as player:
        await bench.download(player, "track:1")
        assert _accounts(player) == ["J\u00fcrgen \U0001f3b5"]
    assert bench.calls(GetContentPartnerInfo) == [GetContentPartnerInfo(PartnerInfo.USER_NAME)]


@pytest.mark.parametrize(
    ("user", "warnings"),
    [
        (Variant.bstr("\ud800"), 1),
        (Variant.bstr("x" * 257), 1),
        (Variant.bstr("two\nlines"), 1),
        (Variant.i4(7), 1),
        (Variant.bstr(""), 0),
        (Variant.empty(), 0),
    ],
)
async def test_a_user_name_that_licences_cannot_belong_to_is_none(bench, shop, log, user, warnings):
    class Partner(shop):
        def GetContentPartnerInfo(self, info_name):
            return user

    bench.offer(1)
    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:1")
        assert _accounts(player) == [""]
    assert tracks[1].state is TrackState.COMPLETED
    assert [e["event"] for e in log.events].count("partner.user_name_unusable") == warnings


async def test_a_delivery_that_is_refused_is_recorded_with_its_code(bench, shop):
    codes = []

    class Partner(shop):
        def Download(self, container_list, cookie):
            codes.append(self.license(1, "\x01"))
            return E_FAIL

    async with bench.playing(Partner) as player:
        await bench.download(player, "track:1")
    assert codes[0].failed
    assert [returned.hr for returned in bench.returns(Predeliver)] == codes


async def test_a_room_that_fails_is_recorded_as_unexpected_and_logged(
    bench, shop, monkeypatch, log
):
    def fail(*_):
        raise ZeroDivisionError("a fault of the host")

    monkeypatch.setattr("player_host.licensing.store.Licenses.deliver", fail)
    async with bench.playing(shop):
        assert shop.instances[0].license(1) == E_UNEXPECTED
    assert [returned.hr for returned in bench.returns(Predeliver)] == [E_UNEXPECTED]
    assert "callback.host_fault" in [event["event"] for event in log.events]
    assert "ZeroDivisionError" in log.text


class _Listening(logging.Handler):
    """Notes at which events another thread could not take the player's lock."""

    def __init__(self, lock):
        super().__init__()
        self._lock = lock
        self.heard, self.held = [], []

    def emit(self, record):
        event = record.getMessage()
        self.heard.append(event)
        taken = []
        thread = threading.Thread(target=lambda: taken.append(self._lock.acquire(timeout=1)))
        thread.daemon = True
        thread.start()
        thread.join()
        if not taken[0]:
            self.held.append(event)


class _Lock:
    """Takes the player's lock for a moment."""

    def __init__(self, lock):
        self._lock = lock

    def acquire(self, timeout):
        taken = self._lock.acquire(timeout=timeout)
        if taken:
            self._lock.release()
        return taken


@pytest.mark.requirement("T1-THR-05")
async def test_the_callback_logs_without_the_players_lock(bench, shop):
    async with bench.playing(shop) as player:
        listening = _Listening(_Lock(player.database.lock))
        logging.getLogger("player_host").addHandler(listening)
        logging.getLogger("player_host").setLevel(logging.INFO)
        (partner,) = shop.instances
        try:
            partner.answer(5, 1)
            partner.callback.Notify(99, Variant.empty())
            partner.callback.report_misuse("GetContentID", 9, 1)
            partner.callback.ShowPopup(1, "page")
            partner.license(1, "\x01")
        finally:
            logging.getLogger("player_host").setLevel(logging.NOTSET)
            logging.getLogger("player_host").removeHandler(listening)
    assert listening.heard == [
        "protocol.violated",
        "callback.malformed",
        "protocol.violated",
        "callback.not_implemented",
        "callback.failed",
    ]
    assert listening.held == []
    assert len(bench.calls(Malformed)) == 1


async def test_an_answer_that_the_end_of_the_session_overtakes_is_disconnected(
    bench, shop, monkeypatch
):
    async with bench.playing(shop) as player:
        port = player._session.switchboard

        def overtaken(*_):
            port.close()
            raise ValueError("I/O operation on closed file")

        monkeypatch.setattr("player_host.downloads.driver.Downloads.receive", overtaken)
        returned = port.receive(DownloadTrack(5, None, 1, None, S_OK))
        assert returned.hr == RPC_E_DISCONNECTED


async def test_a_data_folder_that_cannot_be_made_is_named_and_the_books_are_closed(bench, shop):
    name = bench.register(shop)
    bench.home.plugin_data(name).parent.write_text("a file")
    async with open_player(bench.home, in_process=True) as player:
        with pytest.raises(StorageError, match="folder of a plug-in cannot be made"):
            await player.activate(name)
        (row,) = player.database.rows("SELECT ended_at FROM sessions")
    assert row["ended_at"] is not None
    assert bench.transcripts()[0].complete


async def test_whatever_ends_a_start_closes_the_books(bench, shop, monkeypatch):
    def fail(self, call, **_):
        raise ZeroDivisionError("a fault of the host")

    name = bench.register(shop)
    monkeypatch.setattr(Recorder, "called", fail)
    async with open_player(bench.home, in_process=True) as player:
        with pytest.raises(ZeroDivisionError):
            await player.activate(name)
        (row,) = player.database.rows("SELECT ended_at FROM sessions")
    assert row["ended_at"] is not None
    assert bench.transcripts()[0].complete
    assert (
        shop.instances[0].context.licenses.Predeliver(License(1, None, {Right.PLAY}))
        == RPC_E_DISCONNECTED
    )


async def test_a_restart_that_fails_for_any_reason_leaves_the_player_alive(bench, shop, log):
    def once(value):
        if len(shop.instances) > 0:
            raise ValueError("only one of me")
        return value

    class Partner(shop):
        Settings = make_class("Settings", {"account": field(type=str, converter=once)})

        def Download(self, container_list, cookie):
            self.released.wait()

    settings = 'account = "demo"'
    async with bench.playing(Partner, settings=settings, call_deadline=0.1) as player:
        request = await player.download(["track:1"])
        await player.wait([request.id])
        again = await player.download(["track:2"])
        await player.wait([again.id])
    failures = [e for e in log.events if e["event"] == "partner.restart_failed"]
    assert failures
    assert "only one of me" in failures[0]["error"]


async def test_the_settings_class_of_a_plug_in_runs_on_the_plug_ins_thread(bench, shop):
    threads = []

    def seen(value):
        threads.append(threading.get_ident())
        return value

    class Partner(shop):
        Settings = make_class("Settings", {"account": field(type=str, converter=seen)})

    async with bench.playing(Partner, settings='account = "demo"'):
        pass
    assert threads == [shop.instances[0].thread]
    assert threading.get_ident() not in threads


async def test_a_settings_class_that_hangs_makes_its_plug_in_unavailable(bench, shop):
    class Partner(shop):
        Settings = make_class(
            "Settings", {"account": field(type=str, converter=lambda _: shop.released.wait())}
        )

    name = bench.register(Partner, 'account = "demo"', call_deadline=0.1)
    async with open_player(bench.home, in_process=True) as player:
        with pytest.raises(PartnerUnavailable, match="did not return within"):
            await player.activate(name)


async def test_a_settings_class_that_refuses_a_value_says_so_as_before(bench, shop):
    def refuse(_):
        raise ValueError("no such account")

    class Partner(shop):
        Settings = make_class("Settings", {"account": field(type=str, converter=refuse)})

    name = bench.register(Partner, 'account = "demo"')
    async with open_player(bench.home, in_process=True) as player:
        with pytest.raises(SettingsError, match="no such account"):
            await player.activate(name)


@pytest.mark.requirement("T1-DL-22")
async def test_no_number_of_an_answer_raises_into_the_plug_in(bench, shop):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.answer(10**5000, 1)
            self.answer(cookie, 10**5000, url=None)
            self.grant(cookie, 1)

    bench.offer(1)
    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:1")
    assert [hr for _, hr in shop.answers] == [E_INVALIDARG, E_INVALIDARG, S_OK]
    assert tracks[1].state is TrackState.COMPLETED


async def test_a_text_without_bounds_leaves_the_transcript_readable(bench, shop):
    async with bench.playing(shop):
        callback = shop.instances[0].callback
        assert callback.SendMessageComplete("m" * 40_000_000, "", "") == E_INVALIDARG
    (transcript,) = bench.transcripts()
    assert transcript.complete
    assert len(bench.calls(Malformed)) == 1


@pytest.mark.requirement("T1-THR-02")
async def test_downloads_that_wait_for_their_turn_do_not_cost_the_instance(bench, shop):
    class Partner(shop):
        def Download(self, container_list, cookie):
            time.sleep(0.3)
            return super().Download(container_list, cookie)

    bench.offer(1, 2, 3, 4)
    async with (
        bench.playing(Partner, call_deadline=0.8) as player,
        anyio.create_task_group() as tasks,
    ):
        for number in range(1, 5):
            tasks.start_soon(player.download, [f"track:{number}"])
    assert len(shop.instances) == 1
    assert bench.returns(Download) == [Return(S_OK)] * 4
