"""A partner from its first call to its last."""

import threading
from importlib.metadata import entry_points
from logging import getLogger

import anyio
import anyio.to_thread
import pytest
from attrs import evolve, frozen

from partner_api import (
    E_FAIL,
    E_NOTIMPL,
    RPC_E_DISCONNECTED,
    S_OK,
    CallbackNotification,
    Capability,
    ComError,
    ContentPartner,
    License,
    Right,
    Secret,
    ServiceInfo,
    Variant,
)
from partner_api.calls import CALLS, PartnerCall, SetCallback
from player_host.errors import PartnerUnavailable, SettingsError
from player_host.player import open_player
from player_host.plugins.discovery import PluginStatus

pytestmark = pytest.mark.anyio


@pytest.mark.requirement("T1-LIFE-01", "T1-LIFE-02")
async def test_set_callback_is_the_first_call_and_set_callback_null_the_last(bench, shop):
    bench.offer(1)
    async with bench.playing(shop) as player:
        await bench.download(player, "track:1")
    made = [call for call in bench.calls() if isinstance(call, PartnerCall)]
    assert (made[0], made[-1]) == (SetCallback(attached=True), SetCallback(attached=False))
    assert bench.calls(SetCallback) == [made[0], made[-1]]
    assert len(made) > 3


@pytest.mark.requirement("T1-LIFE-05")
async def test_a_plug_in_without_the_content_partner_capability_is_not_made(bench, shop):
    class Partner(shop):
        service_info = ServiceInfo("Shop", "Shop", Capability.BACKGROUND_PROCESSING)

    name = bench.register(Partner)
    async with open_player(bench.home, in_process=True) as player:
        with pytest.raises(PartnerUnavailable, match=r"incompatible.*0x40"):
            await player.activate(name)
        assert player.active is None
    assert shop.instances == []


@pytest.mark.requirement("T1-LIFE-06", "T1-LIFE-14")
async def test_activating_another_store_shuts_the_first_down(bench, shop, another_shop, install):
    bench.offer(1)
    other = bench.register(another_shop)
    async with bench.playing(shop) as player:
        install(player)
        await player.activate(other)
        assert player.active == other
        assert shop.instances[0].callback is None
        assert player.catalogs.installed(player.active) is None
        await bench.download(player, "track:1")
    first, second = bench.transcripts()
    assert first.complete
    assert first.header["partner"] != second.header["partner"]
    assert (shop.completions, another_shop.completions) == ([], [(1, S_OK, None)])
    assert another_shop.instances[0].callback is None


@pytest.mark.requirement("T1-LIFE-06")
async def test_activating_the_active_store_again_changes_nothing(bench, shop):
    async with bench.playing(shop) as player:
        await player.activate(player.active)
    assert len(shop.instances) == 1
    assert bench.calls(SetCallback) == [SetCallback(attached=True), SetCallback(attached=False)]


class _Raises:
    def SetCallback(self, callback):
        raise ZeroDivisionError("no callback today")


class _Fails:
    def SetCallback(self, callback):
        self.callback = callback
        return E_FAIL


class _RaisesComError:
    def SetCallback(self, callback):
        raise ComError(E_FAIL)


class _AnswersNonsense:
    def SetCallback(self, callback):
        return "connected"


@pytest.mark.requirement("T1-LIFE-13")
@pytest.mark.parametrize(
    ("how", "words"),
    [
        (_Raises, "no callback today"),
        (_Fails, "E_FAIL"),
        (_RaisesComError, "E_FAIL"),
        (_AnswersNonsense, "returned str"),
    ],
)
async def test_a_failing_set_callback_unloads_the_plug_in_with_a_clear_error(
    bench, shop, how, words
):
    partner = type("Partner", (how, shop), {})
    name = bench.register(partner)
    async with open_player(bench.home, in_process=True) as player:
        with pytest.raises(PartnerUnavailable) as caught:
            await player.activate(name)
        assert player.active is None
    assert words in str(caught.value)
    assert "SetCallback" in str(caught.value)
    assert name in str(caught.value)
    assert bench.transcripts()[0].complete
    assert bench.calls() == [SetCallback(attached=True)]


@pytest.mark.requirement("T1-LIFE-13", "T1-LIFE-04")
async def test_the_callback_of_an_unloaded_plug_in_is_disconnected(bench, shop):
    partner = type("Partner", (_Fails, shop), {})
    name = bench.register(partner)
    async with open_player(bench.home, in_process=True) as player:
        with pytest.raises(PartnerUnavailable):
            await player.activate(name)
        (unloaded,) = shop.instances
        assert unloaded.answer(1, 1) == RPC_E_DISCONNECTED


@pytest.mark.requirement("T1-LIFE-13")
async def test_another_store_can_be_activated_after_one_failed_to_start(bench, shop, another_shop):
    bad = bench.register(type("Partner", (_Fails, shop), {}))
    good = bench.register(another_shop)
    bench.offer(1)
    async with open_player(bench.home, in_process=True) as player:
        with pytest.raises(PartnerUnavailable):
            await player.activate(bad)
        await player.activate(good)
        await bench.download(player, "track:1")
    assert another_shop.completions == [(1, S_OK, None)]


@pytest.mark.requirement("T1-LIFE-04", "T1-LIFE-11")
async def test_every_late_call_on_a_kept_callback_is_disconnected_and_not_recorded(bench, shop):
    class Partner(shop):
        def SetCallback(self, callback):
            self.callback = callback or self.callback

    async with bench.playing(Partner) as player:
        await player.deactivate()
        before = bench.calls()
        callback = shop.instances[0].callback
        licenses = shop.instances[0].context.licenses
        codes = []
        calls = [
            lambda: callback.DownloadTrack(1, None, 1, None, 0),
            lambda: callback.Notify(CallbackNotification.NEW_CATALOG_AVAILABLE, Variant.empty()),
            lambda: callback.BuyComplete(0, 1),
            lambda: callback.ChangeView("a", "b", "c"),
            lambda: callback.AddListContents(1, [1]),
            lambda: callback.ListContentsComplete(1, 0),
            lambda: callback.SendMessageComplete("a", "b", "c"),
            lambda: callback.RefreshLicenseComplete(1, 1, 0),
            lambda: callback.ShowPopup(1, ""),
            lambda: callback.VerifyPermissionComplete("a", Variant.empty(), 0),
            lambda: callback.UpdateDeviceComplete("a"),
            lambda: licenses.Predeliver(License(1, None, {Right.PLAY})),
        ]

        def call_late():
            codes.extend(call() for call in calls)
            for call in (callback.GetCatalogVersion, callback.GetContentIDsInLibrary):
                with pytest.raises(ComError) as caught:
                    call()
                codes.append(caught.value.hr)

        thread = threading.Thread(target=call_late)
        thread.start()
        thread.join()
        assert bench.calls() == before
    assert codes == [RPC_E_DISCONNECTED] * 14


@pytest.mark.requirement("T1-LIFE-08")
async def test_the_callback_answers_every_documented_method(bench, shop):
    async with bench.playing(shop):
        callback = shop.instances[0].callback
        documented = {
            record.__name__ for record in CALLS.values() if record.interface == "Callback"
        }
        methods = {name for name in documented if hasattr(callback, name)}
    assert {"DownloadTrack", "BuyComplete", "GetCatalogVersion", "ShowPopup"} <= methods


@pytest.mark.requirement("T1-LIFE-09")
async def test_a_plug_in_that_is_installed_meanwhile_is_found_and_works(
    bench, tmp_path, monkeypatch
):
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    async with open_player(bench.home) as player:
        assert "latecomer" not in [record.name for record in await player.plugins()]
        _install_plugin(site)
        (record,) = [r for r in await player.plugins() if r.name == "latecomer"]
        assert (record.status, record.version) == (PluginStatus.READY, "1.2")
        await player.activate("latecomer")
        assert player.active == "latecomer"
        await player.deactivate()
        (site / "latecomer-1.2.dist-info" / "entry_points.txt").unlink()
        assert "latecomer" not in [record.name for record in await player.plugins()]
    assert "latecomer" not in entry_points(group="partner_api.partners").names


def _install_plugin(site):
    (site / "latecomer_store.py").write_text(
        "from partner_api import Capability, ContentPartner, ServiceInfo\n"
        "class Latecomer(ContentPartner):\n"
        "    service_info = ServiceInfo('Late', 'Late', Capability.CONTENT_PARTNER)\n"
        "    def Download(self, container_list, cookie): ...\n"
        "    def DownloadTrackComplete(self, hr, track_id, params): ...\n"
    )
    info = site / "latecomer-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: latecomer\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(
        "[partner_api.partners]\nlatecomer = latecomer_store:Latecomer\n"
    )


async def test_an_unknown_partner_is_named_with_those_that_are_installed(bench):
    async with open_player(bench.home, in_process=True) as player:
        with pytest.raises(PartnerUnavailable, match=r"partner nobody.*proseware"):
            await player.activate("nobody")


async def test_an_error_in_the_body_leaves_the_player_as_itself(bench):
    with pytest.raises(PartnerUnavailable, match="nobody"):
        async with open_player(bench.home, in_process=True) as player:
            await player.activate("nobody")


@pytest.mark.requirement("T1-LIFE-02")
async def test_cancelling_the_whole_player_still_ends_with_set_callback_null(bench, shop):
    name = bench.register(shop)
    with anyio.CancelScope() as scope:
        async with open_player(bench.home, in_process=True) as player:
            await player.activate(name)
            scope.cancel()
            await anyio.sleep_forever()
    assert bench.calls()[-1] == SetCallback(attached=False)
    assert bench.transcripts()[0].complete


@pytest.mark.requirement("T1-LIFE-02")
async def test_cancelling_in_the_middle_of_the_start_still_ends_with_set_callback_null(bench, shop):
    attached = threading.Event()

    class Partner(shop):
        def SetCallback(self, callback):
            attached.set()

    async def cancel_once_attached(scope):
        await anyio.to_thread.run_sync(attached.wait)
        scope.cancel()

    name = bench.register(Partner)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cancel_once_attached, tasks.cancel_scope)
        async with open_player(bench.home, in_process=True) as player:
            await player.activate(name)
            await anyio.sleep_forever()
    assert bench.calls()[-1] == SetCallback(attached=False)
    assert bench.transcripts()[0].complete


@pytest.mark.requirement("T1-LIFE-02")
async def test_a_fault_of_the_host_ends_the_player_with_set_callback_null(bench, shop, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("a fault of the host")

    monkeypatch.setattr("player_host.downloads.pipeline.Pipeline._fail", fail)
    with pytest.raises(ZeroDivisionError):
        async with bench.playing(shop) as player:
            await bench.download(player, "track:1")
    assert bench.calls()[-1] == SetCallback(attached=False)
    assert bench.transcripts()[0].complete


async def test_a_disabled_partner_is_not_started(bench, shop):
    name = bench.register(shop, enabled=False)
    async with open_player(bench.home, in_process=True) as player:
        with pytest.raises(PartnerUnavailable, match="enabled = false"):
            await player.activate(name)
    assert shop.instances == []


@frozen
class _Settings:
    store_url: str
    retries: int
    password: Secret


@pytest.mark.parametrize(
    ("settings", "key", "expectation"),
    [
        ("store_url = 'x'\nretries = 'many'\npassword = 'p'", "retries", "whole number"),
        ("store_url = 'x'\nretries = true\npassword = 'p'", "retries", "whole number"),
        ("store_url = 'x'\nretries = 1", "password", "missing"),
        ("store_url = 1\nretries = 1\npassword = 'p'", "store_url", "text"),
        ("store_url = 'x'\nretries = 1\npassword = 'p'\ncolour = 'red'", "colour", "known are"),
    ],
)
async def test_a_wrong_setting_is_named_with_file_key_and_expectation(
    bench, shop, settings, key, expectation
):
    shop.Settings = _Settings
    name = bench.register(shop, settings)
    async with open_player(bench.home, in_process=True) as player:
        with pytest.raises(SettingsError) as caught:
            await player.activate(name)
        assert player.active is None
    for words in (str(bench.home.partners_toml), name, key, expectation):
        assert words in str(caught.value)
    assert shop.instances == []


async def test_settings_for_a_plug_in_that_has_none_are_an_error(bench, shop):
    name = bench.register(shop, "colour = 'red'")
    async with open_player(bench.home, in_process=True) as player:
        with pytest.raises(SettingsError, match="has no settings"):
            await player.activate(name)


async def test_wrong_settings_never_show_a_secret(bench, shop, secret, log):
    shop.Settings = _Settings
    name = bench.register(shop, f"store_url = 1\nretries = 1\npassword = '{secret}'")
    async with open_player(bench.home, in_process=True) as player:
        with pytest.raises(SettingsError) as caught:
            await player.activate(name)
    assert secret not in str(caught.value)
    assert secret not in log.text


async def test_a_plug_in_gets_its_settings_its_folder_and_its_log(bench, shop):
    shop.Settings = _Settings
    settings = "store_url = 'x'\nretries = 3\npassword = 'p'"
    async with bench.playing(shop, settings=settings) as player:
        context = shop.instances[0].context
        assert context.settings == _Settings("x", 3, Secret("p"))
        assert context.data_dir.is_dir()
        assert context.data_dir.is_relative_to(bench.home.path)
        assert context.log is getLogger(f"partner.{player.active}")


async def test_a_host_setting_out_of_range_is_named(bench, shop):
    bench.register(shop, call_deadline=0)
    with pytest.raises(SettingsError, match="call_deadline"):
        async with open_player(bench.home, in_process=True):
            pass


async def test_a_bare_plug_in_starts_and_its_download_that_is_not_implemented_is_void(bench):
    class Bare(ContentPartner):
        service_info = evolve(
            ServiceInfo("Bare", "Bare", Capability.CONTENT_PARTNER), friendly_name="Bare Minimum"
        )

        def Download(self, container_list, cookie):
            return E_NOTIMPL

        def DownloadTrackComplete(self, hr, track_id, params):
            return E_NOTIMPL

    async with bench.playing(Bare) as player:
        tracks = await bench.download(player, "track:1")
    assert tracks[1].state.value == "void"
    assert tracks[1].hr.name == "E_NOTIMPL"
