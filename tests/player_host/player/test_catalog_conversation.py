"""How Player and partner come to a catalogue, and what each hears of it."""

import threading
from datetime import UTC, datetime, timedelta

import anyio
import anyio.to_thread
import pytest
from attrs import evolve

from partner_api import (
    E_FAIL,
    E_NOTIMPL,
    HRESULT,
    CallbackNotification,
    CatalogURL,
    ComError,
    PartnerNotification,
    Variant,
)
from partner_api.calls import GetCatalogURL, PartnerNotify
from player_host.clock import ManualClock
from player_host.errors import CatalogError, PartnerCallFailed, TransferError

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=7)
COMPLETE = PartnerNotification.CATALOG_DOWNLOAD_COMPLETE
FAILURE = PartnerNotification.CATALOG_DOWNLOAD_FAILURE
GERMAN = 0x407
PATIENCE_S = 5


@pytest.fixture
def publisher(shop):
    """A partner with a catalogue: `offered` is its version, `expires` when to ask again."""

    class Publisher(shop):
        offered = 3
        expires = LATER

        def GetCatalogURL(self, catalog_version, catalog_schema_version, catalog_lcid):
            self.asked.append((catalog_version, catalog_schema_version, catalog_lcid))
            url = f"{self.store}/{self.offered}/catalog.wmdb.lz?signature=s3cr3t"
            return CatalogURL(self.offered, url, Variant.date(self.expires))

        def Notify(self, kind, context):
            version = self.callback.GetCatalogVersion()
            self.told.append((kind, context, version.version))

    Publisher.asked, Publisher.told = [], []
    return Publisher


@pytest.fixture
def clock():
    return ManualClock(NOW)


def _publish(bench, package, version, **manifest):
    bench.server.files[f"/{version}/catalog.wmdb.lz"] = package(version, **manifest)


@pytest.mark.requirement("T1-CAT-01", "T1-CAT-02", "T1-CAT-12", "T1-CAT-14", "T1-CAT-25")
async def test_the_first_start_asks_with_version_0_and_tells_that_the_new_one_is_in_use(
    bench, publisher, package, clock
):
    _publish(bench, package, 3)
    async with bench.playing(publisher, options={"clock": clock, "lcid": GERMAN}) as player:
        installed = player.catalogs.installed(player.active)
        found = publisher.instances[0].callback.GetCatalogVersion()
    assert publisher.asked == [(0, 0, GERMAN)]
    assert publisher.told == [(COMPLETE, Variant.empty(), 3)]
    assert (installed.version, installed.lcid, installed.expires) == (3, 1033, LATER)
    assert (found.version, found.schema_version, found.lcid) == (3, 1, 1033)
    assert not list(bench.home.incoming.iterdir())


@pytest.mark.requirement("T1-CAT-01", "T1-CAT-05", "T1-CAT-23")
async def test_the_next_start_asks_again_only_when_the_date_has_come(
    bench, publisher, package, clock
):
    _publish(bench, package, 3)
    _publish(bench, package, 4)
    options = {"clock": clock}
    async with bench.playing(publisher, options=options):
        pass
    async with bench.playing(publisher, options=options):
        pass
    assert len(publisher.asked) == 1
    clock.advance(timedelta(days=8))
    publisher.offered, publisher.expires = 4, LATER + timedelta(days=30)
    async with bench.playing(publisher, options=options) as player:
        assert player.catalogs.installed(player.active).version == 4
    assert publisher.asked == [(0, 0, 0x409), (3, 1, 1033)]
    assert publisher.told[-1] == (COMPLETE, Variant.empty(), 4)


@pytest.mark.requirement("T1-CAT-18")
async def test_the_version_in_use_is_not_fetched_again_but_its_date_is_renewed(
    bench, publisher, package, clock
):
    _publish(bench, package, 3)
    async with bench.playing(publisher, options={"clock": clock}) as player:
        publisher.expires = LATER + timedelta(days=30)
        assert await player.refresh_catalog() is None
        installed = player.catalogs.installed(player.active)
    assert installed.expires == LATER + timedelta(days=30)
    assert bench.server.requests == ["/3/catalog.wmdb.lz"]
    assert len(publisher.told) == 1


@pytest.mark.requirement("T1-CAT-11")
async def test_after_new_catalog_available_the_player_asks_and_installs(
    bench, publisher, package, clock
):
    installed = threading.Event()

    class Announcing(publisher):
        def Notify(self, kind, context):
            super().Notify(kind, context)
            if self.told[-1][2] == 4:
                installed.set()

    _publish(bench, package, 3)
    _publish(bench, package, 4)
    async with bench.playing(Announcing, options={"clock": clock}):
        publisher.offered = Announcing.offered = 4
        callback = publisher.instances[0].callback
        kind = CallbackNotification.NEW_CATALOG_AVAILABLE
        threading.Thread(target=callback.Notify, args=(kind, Variant.empty())).start()
        with anyio.fail_after(10):
            await anyio.to_thread.run_sync(installed.wait, abandon_on_cancel=True)
    assert publisher.asked[-1] == (3, 1, 1033)
    assert publisher.told[-1] == (COMPLETE, Variant.empty(), 4)


FAILURES = {
    "no such file": ({}, HRESULT(0x80190194)),
    "no catalogue": ({"/4/catalog.wmdb.lz": b"PK nonsense"}, None),
    "an empty file": ({"/4/catalog.wmdb.lz": b""}, None),
}


@pytest.mark.requirement("T1-CAT-13")
@pytest.mark.parametrize("case", FAILURES)
async def test_a_failed_catalogue_is_told_with_its_code_and_the_installed_one_stays(
    bench, publisher, package, clock, case
):
    files, code = FAILURES[case]
    _publish(bench, package, 3)
    async with bench.playing(publisher, options={"clock": clock}) as player:
        bench.server.files |= files
        publisher.offered = 4
        with pytest.raises((TransferError, CatalogError)) as caught:
            await player.refresh_catalog()
        assert player.catalogs.installed(player.active).version == 3
    kind, context, version = publisher.told[-1]
    assert (kind, version) == (FAILURE, 3)
    assert context == Variant.error(caught.value.hr)
    assert context.value.failed
    assert code in {None, context.value}
    assert not list(bench.home.incoming.iterdir())


@pytest.mark.requirement("T1-CAT-13", "T1-CAT-03")
async def test_a_catalogue_of_another_version_than_announced_is_a_failure(
    bench, publisher, package, clock
):
    bench.server.files["/3/catalog.wmdb.lz"] = package(5)
    async with bench.playing(publisher, options={"clock": clock}) as player:
        assert player.catalogs.installed(player.active) is None
    assert [(kind, version) for kind, _, version in publisher.told] == [(FAILURE, 0)]


@pytest.mark.requirement("T1-CAT-20")
async def test_after_an_update_that_does_not_fit_the_next_question_has_version_0(
    bench, publisher, package, clock
):
    _publish(bench, package, 3)
    _publish(bench, package, 4, kind="update", base_version=2)
    async with bench.playing(publisher, options={"clock": clock}) as player:
        publisher.offered = 4
        with pytest.raises(CatalogError):
            await player.refresh_catalog()
        assert player.catalogs.installed(player.active).version == 3
        _publish(bench, package, 4)
        await player.refresh_catalog()
        assert player.catalogs.installed(player.active).version == 4
    assert [version for version, _, _ in publisher.asked] == [0, 3, 0]
    assert [kind for kind, _, _ in publisher.told] == [COMPLETE, FAILURE, COMPLETE]


def _forged_date():
    """A VT_DATE that its constructor refuses."""
    date = Variant.date(LATER)
    object.__setattr__(date, "value", 1e300)
    return date


@pytest.mark.requirement("T1-CAT-04", "T1-CAT-13")
@pytest.mark.parametrize("expiration", [Variant.empty(), Variant.i4(7), _forged_date()])
async def test_a_partner_is_told_that_its_expiration_date_is_none(
    bench, publisher, package, clock, expiration
):
    class Dateless(publisher):
        def GetCatalogURL(self, *versions):
            return evolve(super().GetCatalogURL(*versions), expiration=expiration)

    _publish(bench, package, 3)
    async with bench.playing(Dateless, options={"clock": clock}) as player:
        publisher.told.clear()
        with pytest.raises(CatalogError, match="pExpirationDate") as caught:
            await player.refresh_catalog()
    assert publisher.told == [(FAILURE, Variant.error(caught.value.hr), 0)]


@pytest.mark.requirement("T1-CAT-11")
async def test_a_new_catalogue_that_is_announced_in_set_callback_is_asked_for(
    bench, publisher, package, clock
):
    asked = threading.Event()

    class Eager(publisher):
        announcing = False

        def SetCallback(self, callback):
            super().SetCallback(callback)
            if callback is not None and self.announcing:
                callback.Notify(CallbackNotification.NEW_CATALOG_AVAILABLE, Variant.empty())

        def GetCatalogURL(self, *versions):
            asked.set()
            return super().GetCatalogURL(*versions)

    _publish(bench, package, 3)
    async with bench.playing(Eager, options={"clock": clock}):
        pass  # not due from now on
    asked.clear()
    Eager.announcing = True
    async with bench.playing(Eager, options={"clock": clock}):
        assert await anyio.to_thread.run_sync(asked.wait, PATIENCE_S)


@pytest.mark.requirement("T1-CAT-11")
async def test_a_new_catalogue_that_is_announced_during_a_refresh_is_asked_for_after_it(
    bench, shop, clock
):
    asked = threading.Semaphore(0)

    class Hasty(shop):
        left = 3

        def GetCatalogURL(self, *versions):
            if self.left:
                self.left -= 1
                self.callback.Notify(CallbackNotification.NEW_CATALOG_AVAILABLE, Variant.empty())
            asked.release()
            raise ComError(E_NOTIMPL)

    async with bench.playing(Hasty, options={"clock": clock}):
        for _ in range(4):
            assert await anyio.to_thread.run_sync(lambda: asked.acquire(timeout=PATIENCE_S))
    assert len(bench.calls(GetCatalogURL)) == 4


async def test_the_last_failure_is_remembered_until_a_refresh_succeeds(
    bench, publisher, package, clock
):
    async with bench.playing(publisher, options={"clock": clock}) as player:
        refresh = player._session.catalog
        assert isinstance(refresh.failure, TransferError)
        _publish(bench, package, 3)
        await player.refresh_catalog()
        assert refresh.failure is None


ANSWERS = {
    "a failure code": ComError(E_FAIL),
    "an exception": ValueError("no catalogue today"),
    "nothing": None,
    "a pair": (3, "http://x/"),
    "a date that is none": CatalogURL(3, "http://x/", Variant.i4(7)),
    "version 0": CatalogURL(0, "http://127.0.0.1:9/catalog", Variant.date(LATER)),
    "no URL": CatalogURL(3, "", Variant.date(LATER)),
    "a URL that is no text": CatalogURL(3, 7, Variant.date(LATER)),
    "an expiration that is no variant": CatalogURL(3, "http://x/", LATER),
}


@pytest.mark.requirement("T1-CAT-04", "T1-LIFE-01")
@pytest.mark.parametrize("case", ANSWERS)
async def test_a_partner_with_a_bad_catalogue_answer_still_sells_tracks(bench, shop, clock, case):
    class Partner(shop):
        def GetCatalogURL(self, catalog_version, catalog_schema_version, catalog_lcid):
            answer = ANSWERS[case]
            if isinstance(answer, Exception):
                raise answer
            return answer

    bench.offer(1)
    async with bench.playing(Partner, options={"clock": clock}) as player:
        assert player.catalogs.installed(player.active) is None
        with pytest.raises((PartnerCallFailed, CatalogError, TransferError)):
            await player.refresh_catalog()
        await bench.download(player, "track:1")
    assert [t for t, _, _ in shop.completions] == [1]


@pytest.mark.requirement("T1-CAT-24")
async def test_without_a_catalogue_get_catalog_version_answers_0_0_and_the_players_locale(
    bench, shop
):
    async with bench.playing(shop, options={"lcid": GERMAN}):
        found = shop.instances[0].callback.GetCatalogVersion()
    assert (found.version, found.schema_version, found.lcid) == (0, 0, GERMAN)


async def test_a_partner_without_a_catalogue_is_not_notified(bench, shop):
    async with bench.playing(shop) as player:
        assert await player.refresh_catalog() is None
    assert bench.calls(PartnerNotify) == []
    assert len(bench.calls(GetCatalogURL)) == 2


@pytest.mark.requirement("T1-CAT-12")
async def test_a_partner_that_fails_in_notify_has_its_catalogue_all_the_same(
    bench, publisher, package, clock
):
    class Deaf(publisher):
        def Notify(self, kind, context):
            raise ValueError("not listening")

    _publish(bench, package, 3)
    async with bench.playing(Deaf, options={"clock": clock}) as player:
        assert player.catalogs.installed(player.active).version == 3
