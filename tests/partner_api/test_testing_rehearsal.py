"""A plug-in rehearsed without a host: how it is made, asked, released and judged."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, ClassVar

import pytest
from attrs import frozen

from partner_api import (
    E_ACCESSDENIED,
    E_FAIL,
    E_INVALIDARG,
    E_NOTIMPL,
    HRESULT,
    NO_ID,
    RPC_E_DISCONNECTED,
    S_FALSE,
    S_OK,
    CallbackNotification,
    Capability,
    CatalogVersion,
    ComError,
    ContentItem,
    ContentPartner,
    LibraryLocation,
    License,
    PartnerInfo,
    PriceMarker,
    Right,
    Secret,
    ServiceInfo,
    TransactionType,
    Variant,
)
from partner_api.calls import (
    BuyComplete,
    CallbackNotify,
    Download,
    DownloadTrack,
    DownloadTrackComplete,
    GetContentPartnerInfo,
    InfoReturned,
    Predeliver,
    Return,
    SetCallback,
)
from partner_api.structuring import SettingsProblems
from partner_api.testing import (
    RecordingCallback,
    album,
    for_download,
    for_purchase,
    loose_tracks,
    purchased_list,
    rehearse,
)


class Shop(ContentPartner[Any]):
    """Grants every track but 702, within `Download`."""

    service_info = ServiceInfo("Shop", "The Shop", Capability.CONTENT_PARTNER)

    def Download(self, container_list: Any, cookie: int) -> HRESULT | None:
        for container in container_list:
            for item in container:
                self.answer(cookie, item.id)
        return None

    def DownloadTrackComplete(self, hr: HRESULT, track_id: int, params: str | None) -> None:
        pass

    def answer(self, cookie: int, track_id: int) -> HRESULT:
        assert self.callback is not None
        if track_id == 702:
            return self.callback.DownloadTrack(cookie, None, track_id, None, E_ACCESSDENIED)
        self.context.licenses.Predeliver(License(track_id, None, {Right.PLAY}))
        url = f"http://127.0.0.1/{track_id}.mp3"
        return self.callback.DownloadTrack(cookie, url, track_id, f"{cookie}/{track_id}", S_OK)


def test_a_download_reads_like_the_sentences_of_the_documentation():
    class Threaded(Shop):
        def Download(self, container_list, cookie):
            threading.Thread(target=super().Download, args=(container_list, cookie)).start()

    with rehearse(Threaded) as rehearsal:
        download = rehearsal.download(album(7, tracks=[701, 702]))
        download.wait_until_answered()
        assert download.granted == [701]
        assert download.refused == {702: E_ACCESSDENIED}
        assert download.complete(701) == S_OK
    assert rehearsal.calls[-2:] == [
        DownloadTrackComplete(S_OK, 701, f"{download.cookie}/701"),
        SetCallback(attached=False),
    ]


@pytest.mark.requirement("T1-LIFE-01", "T1-LIFE-02", "T1-DL-17")
def test_every_call_is_kept_as_its_record_in_its_order():
    wanted = loose_tracks(701, 702)
    with rehearse(Shop) as rehearsal:
        download = rehearsal.download(wanted, cookie=9)
        download.complete(701, E_FAIL)
    assert rehearsal.calls == [
        SetCallback(attached=True),
        Download(for_download(wanted), 9),
        Predeliver(License(701, None, {Right.PLAY})),
        DownloadTrack(9, "http://127.0.0.1/701.mp3", 701, "9/701", S_OK),
        DownloadTrack(9, None, 702, None, E_ACCESSDENIED),
        DownloadTrackComplete(E_FAIL, 701, "9/701"),
        SetCallback(attached=False),
    ]
    assert rehearsal.callback.of(Predeliver) == [rehearsal.calls[2]]
    assert rehearsal.licenses == {701: License(701, None, {Right.PLAY})}


def test_calls_from_many_threads_are_all_kept():
    class Crowd(Shop):
        def Download(self, container_list, cookie):
            ids = [item.id for item in container_list[0]]
            self.threads = [threading.Thread(target=self.answer, args=(cookie, t)) for t in ids]
            for thread in self.threads:
                thread.start()

    wanted = list(range(1, 101))
    with rehearse(Crowd) as rehearsal:
        download = rehearsal.download(album(1, tracks=wanted))
        download.wait_until_answered()
        for thread in rehearsal.partner.threads:
            thread.join()
    assert download.granted == wanted
    assert sorted(call.track_id for call in rehearsal.callback.of(DownloadTrack)) == wanted


# --- What the plug-in is made of ---------------------------------------------------------------


class Furnished(Shop):
    @frozen
    class Settings:
        store_url: str
        password: Secret
        not_bought: int = 0


def test_settings_are_a_table_that_is_checked_as_the_host_checks_it():
    table = {"store_url": "http://127.0.0.1", "password": "hush", "not_bought": 3}
    with rehearse(Furnished, settings=table) as rehearsal:
        settings = rehearsal.partner.context.settings
    assert settings == Furnished.Settings("http://127.0.0.1", Secret("hush"), 3)
    with (
        pytest.raises(SettingsProblems, match="not_bought: expected a whole number"),
        rehearse(Furnished, settings=table | {"not_bought": "3"}),
    ):
        pytest.fail("the block must not begin")


def test_settings_may_be_an_object_and_have_to_be_there_where_they_have_no_defaults():
    settings = Furnished.Settings("http://127.0.0.1", Secret("hush"))
    with rehearse(Furnished, settings=settings) as rehearsal:
        assert rehearsal.partner.context.settings is settings
    with pytest.raises(SettingsProblems, match="store_url"), rehearse(Furnished):
        pytest.fail("the block must not begin")
    with (
        pytest.raises(SettingsProblems, match="no settings"),
        rehearse(Shop, settings={"store_url": ""}),
    ):
        pytest.fail("the block must not begin")


def test_the_folder_of_a_plug_in_is_there_and_goes_unless_the_test_gave_it(tmp_path: Path):
    with rehearse(Shop) as rehearsal:
        folder = rehearsal.partner.context.data_dir
        (folder / "token").write_text("x")
    assert not folder.exists()
    with rehearse(Shop, data_dir=tmp_path) as rehearsal:
        (rehearsal.partner.context.data_dir / "token").write_text("x")
    assert (tmp_path / "token").exists()


# --- Failures surface as they are, wrong results in words --------------------------------------


def test_an_exception_of_the_plug_in_surfaces_with_its_traceback():
    class Faulty(Shop):
        def Download(self, container_list, cookie):
            raise LookupError("no such shelf")

    with pytest.raises(LookupError, match="no such shelf") as raised, rehearse(Faulty) as rehearsal:
        rehearsal.download(loose_tracks(1))
    assert any(entry.name == "Download" for entry in raised.traceback)
    assert rehearsal.calls[-1] == SetCallback(attached=False)


@pytest.mark.parametrize("method", ["__init__", "SetCallback"])
def test_an_exception_before_the_first_download_surfaces_too(method):
    def fail(self, *arguments):
        raise LookupError("no such shelf")

    faulty = type("Faulty", (Shop,), {method: fail})
    with pytest.raises(LookupError), rehearse(faulty):
        pytest.fail("the block must not begin")


def test_the_error_of_the_test_goes_before_one_of_the_release():
    class Faulty(Shop):
        def SetCallback(self, callback):
            super().SetCallback(callback)
            if callback is None:
                raise LookupError("second")

    with pytest.raises(ZeroDivisionError), rehearse(Faulty):
        _ = 1 / 0
    with pytest.raises(LookupError, match="second"), rehearse(Faulty):
        pass


@pytest.mark.requirement("T1-HR-03")
def test_a_result_of_a_wrong_type_is_pointed_out_in_words():
    class Chatty(Shop):
        def Download(self, container_list, cookie):
            return "done"

        def GetContentPartnerInfo(self, info_name):
            return True

    with rehearse(Chatty) as rehearsal:
        with pytest.raises(AssertionError) as raised:
            rehearsal.download(loose_tracks(1))
        assert str(raised.value) == (
            "Chatty.Download returned str; an HRESULT or None was expected"
        )
        with pytest.raises(AssertionError, match="returned bool; a Variant was expected"):
            rehearsal.call(GetContentPartnerInfo(PartnerInfo.LOGIN_STATE))


@pytest.mark.requirement("T1-LIFE-13")
def test_a_plug_in_that_refuses_the_callback_is_not_rehearsed():
    class Closed(Shop):
        def SetCallback(self, callback):
            return E_FAIL

    with pytest.raises(AssertionError, match="SetCallback returned E_FAIL"), rehearse(Closed):
        pytest.fail("the block must not begin")


def test_other_calls_give_their_out_values_or_the_code_that_was_raised():
    class Informed(Shop):
        def GetContentPartnerInfo(self, info_name):
            if info_name == PartnerInfo.USER_NAME:
                return Variant.bstr("demo")
            raise ComError(E_INVALIDARG)

    with rehearse(Informed) as rehearsal:
        known = rehearsal.call(GetContentPartnerInfo(PartnerInfo.USER_NAME))
        unknown = rehearsal.call(GetContentPartnerInfo("Unheard"))
    assert known == InfoReturned(S_OK, Variant.bstr("demo"))
    assert unknown == Return(E_INVALIDARG)


# --- What the plug-in did wrong ----------------------------------------------------------------


class Twice(Shop):
    def Download(self, container_list, cookie):
        super().Download(container_list, cookie)
        super().Download(container_list, cookie)


class Reckless(Shop):
    def answer(self, cookie, track_id):
        return self.callback.DownloadTrack(cookie, "http://127.0.0.1/a", track_id, None, S_OK)


class Vague(Shop):
    def answer(self, cookie, track_id):
        self.context.licenses.Predeliver(License(track_id, None, {Right.PLAY}))
        return self.callback.DownloadTrack(cookie, "a.mp3", track_id, None, S_OK)


class Estranged(Shop):
    def answer(self, cookie, track_id):
        return super().answer(cookie, 99)


class Forgetful(Shop):
    def answer(self, cookie, track_id):
        return super().answer(cookie - 1, track_id)


class Wordless(Shop):
    def answer(self, cookie, track_id):
        return self.callback.DownloadTrack(cookie, None, track_id, None, "no")


class Curious(Shop):
    def Download(self, container_list, cookie):
        with pytest.raises(ComError):
            container_list[0].GetContentID(len(container_list[0]))


class Clumsy(Shop):
    def Download(self, container_list, cookie):
        self.callback.ChangeView("CPAlbumID", 7, "")


BROKEN = {
    Twice: "T1-DL-07: DownloadTrack for track 701: answer 2 for a track that is listed 1 time(s)",
    Reckless: "T1-DL-17: DownloadTrack for track 701: a success code, and no usable licence",
    Vague: "T1-DL-11: DownloadTrack for track 701: a success code without an absolute http",
    Estranged: "T1-DL-10: DownloadTrack for track 99: the track is not in the list",
    Forgetful: "T1-DL-09: DownloadTrack for track 701: the cookie is unknown",
    Wordless: "T1-DL-07: DownloadTrack for track 701: cookie 5, track 701: TypeError: an HRESULT",
    Curious: "T1-CON-08: GetContentID(1) of 1",
    Clumsy: "ChangeView: TypeError: text was expected, not int",
}


@pytest.mark.requirement("T1-DL-07", "T1-DL-09", "T1-DL-10", "T1-DL-11", "T1-DL-17", "T1-CON-08")
@pytest.mark.parametrize("partner", BROKEN, ids=lambda partner: partner.__name__)
def test_a_block_in_which_the_protocol_was_broken_ends_with_the_clause(partner):
    with (
        pytest.raises(AssertionError, match="the plug-in broke the protocol") as raised,
        rehearse(partner) as rehearsal,
    ):
        rehearsal.download(loose_tracks(701), cookie=5)
    assert BROKEN[partner] in str(raised.value)


@pytest.mark.parametrize("partner", BROKEN, ids=lambda partner: partner.__name__)
def test_a_forgiving_rehearsal_leaves_the_violations_to_the_test(partner):
    with rehearse(partner, forgiving=True) as rehearsal:
        rehearsal.download(loose_tracks(701), cookie=5)
    assert rehearsal.violations != []


@pytest.mark.parametrize("forgiving", [True, False])
def test_a_failing_test_fails_on_its_own_error_with_the_violations_as_a_note(forgiving):
    def fail() -> None:
        with rehearse(Twice, forgiving=forgiving) as rehearsal:
            rehearsal.download(loose_tracks(701))
            raise LookupError("the test's own")

    with pytest.raises(LookupError, match="the test's own") as raised:
        fail()
    notes = getattr(raised.value, "__notes__", [])
    assert notes == ([] if forgiving else [f"the plug-in broke the protocol:\n  {BROKEN[Twice]}"])


def test_of_many_violations_the_first_are_told():
    with (
        pytest.raises(AssertionError, match=r"track 20: .*\n  and 980 times more") as raised,
        rehearse(Reckless) as rehearsal,
    ):
        rehearsal.download(album(7, tracks=range(1, 1_001)))
    assert str(raised.value).count("\n") == 21


@pytest.mark.requirement("T1-LIFE-03", "T1-LIFE-04")
def test_a_call_after_the_release_is_disconnected_and_a_violation():
    class Clinging(Shop):
        def SetCallback(self, callback):
            if callback is not None:
                self.callback = callback

    with rehearse(Clinging) as rehearsal:
        download = rehearsal.download(loose_tracks(702))
    assert rehearsal.violations == []
    assert rehearsal.partner.answer(download.cookie, 702) == RPC_E_DISCONNECTED
    (violation,) = rehearsal.violations
    assert (violation.clause, violation.what) == (
        "T1-LIFE-04",
        "DownloadTrack after SetCallback(None)",
    )


def test_during_the_release_the_callback_still_answers():
    class Leaving(Shop):
        heard: ClassVar[list[HRESULT]] = []

        def SetCallback(self, callback):
            if callback is None:
                self.heard.append(self.callback.Notify(NEW_CATALOG, Variant.empty()))
            self.callback = callback

    with rehearse(Leaving):
        pass
    assert Leaving.heard == [S_OK]


NEW_CATALOG = CallbackNotification.NEW_CATALOG_AVAILABLE


# --- The callback by itself --------------------------------------------------------------------


def test_the_callback_knows_the_catalogue_and_the_library_that_the_test_gives_it():
    version = CatalogVersion(version=3, schema_version=1, lcid=1031)
    callback = RecordingCallback(catalog_version=version, content_ids=(7, 8))
    assert callback.GetCatalogVersion() == version
    assert callback.GetContentIDsInLibrary() == (7, 8)
    assert RecordingCallback().GetCatalogVersion() == CatalogVersion(0, 0, 0x409)
    assert RecordingCallback().GetContentIDsInLibrary() == ()


def test_a_test_may_wait_for_what_the_plug_in_says_of_its_own_accord():
    class Talking(Shop):
        def Notify(self, type, context):  # noqa: A002
            args = (NEW_CATALOG, Variant.empty())
            threading.Thread(target=self.callback.Notify, args=args).start()

    with rehearse(Talking) as rehearsal:
        rehearsal.partner.Notify(1, Variant.empty())
        heard = rehearsal.wait_for(CallbackNotify)
        assert heard == [CallbackNotify(NEW_CATALOG, Variant.empty())]
        with pytest.raises(AssertionError) as raised:
            rehearsal.wait_for(BuyComplete, deadline_s=0.01)
    assert "0 of 1 BuyComplete after 0.01 s" in str(raised.value)
    assert "SetCallback, CallbackNotify" in str(raised.value)


def test_a_callback_can_serve_a_test_that_plays_the_player_itself():
    callback = RecordingCallback()
    with rehearse(Shop, callback=callback) as rehearsal:
        another = RecordingCallback()
        another.attach(rehearsal.partner)
        download = another.begin(rehearsal.partner, for_download(loose_tracks(702)), cookie=0)
        assert download.refused == {702: E_ACCESSDENIED}
        with pytest.raises(ValueError, match="cookie 0 was used before"):
            another.begin(rehearsal.partner, for_download(loose_tracks(702)), cookie=0)
    assert callback.of(DownloadTrack) == []


@pytest.mark.requirement("T1-DL-45", "T1-DL-46")
def test_cookies_are_new_each_time_and_zero_and_the_highest_are_among_the_first():
    with rehearse(Shop) as rehearsal:
        drawn = [rehearsal.download(loose_tracks(702)).cookie for _ in range(2)]
        rehearsal.download(loose_tracks(702), cookie=1)
        drawn += [rehearsal.download(loose_tracks(702)).cookie for _ in range(2)]
    assert drawn == [0xFFFFFFFF, 0, 2, 3]


# --- What is asked for -------------------------------------------------------------------------


@pytest.mark.requirement("T1-CON-03", "T1-CON-04", "T1-PRC-04", "T1-DL-05", "T1-DL-52")
def test_containers_are_those_that_the_player_builds():
    dear = ContentItem(702, "$0.99")
    wanted = for_download(
        album(7, tracks=[701, dear], price="$9.99"), purchased_list(3, tracks=[1]), loose_tracks(5)
    )
    assert wanted.GetTransactionType() is TransactionType.DOWNLOAD
    assert [(c.GetType(), c.GetID(), c.GetPrice()) for c in wanted] == [
        (LibraryLocation.ALBUM, 7, "$9.99"),
        (LibraryLocation.LIST, 3, PriceMarker.UNKNOWN),
        (LibraryLocation.UNKNOWN, NO_ID, PriceMarker.UNKNOWN),
    ]
    assert wanted[0].items == (ContentItem(701, PriceMarker.UNKNOWN), dear)
    assert for_purchase(wanted[0]).GetTransactionType() is TransactionType.BUY


def test_a_download_takes_containers_or_a_whole_list_and_nothing_else():
    wanted = for_download(loose_tracks(702), album(7, tracks=[702]))
    with rehearse(Shop, forgiving=True) as rehearsal:
        rehearsal.download(wanted)
        rehearsal.download(*wanted)
        with pytest.raises(TypeError, match="containers, or one whole list"):
            rehearsal.download(wanted, loose_tracks(702))
    assert [call.container_list for call in rehearsal.callback.of(Download)] == [wanted, wanted]


def test_every_name_of_the_kit_is_there_and_loads_no_more_than_attrs():
    script = (
        "import sys; before = set(sys.modules); import partner_api.testing as kit;"
        "assert all(hasattr(kit, name) for name in kit.__all__);"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    loaded = set(done.stdout.split()) - sys.stdlib_module_names
    assert loaded == {"attr", "attrs", "partner_api"}


def test_the_store_of_a_callback_can_be_told_to_fail():
    class Careful(Shop):
        def answer(self, cookie, track_id):
            delivered = self.context.licenses.Predeliver(License(track_id, None, {Right.PLAY}))
            hr = S_FALSE if delivered.succeeded else delivered
            return self.callback.DownloadTrack(cookie, "http://127.0.0.1/a", track_id, None, hr)

    with rehearse(Careful) as rehearsal:
        rehearsal.callback.licenses.failing_with = E_NOTIMPL
        download = rehearsal.download(loose_tracks(701))
    assert download.refused == {701: E_NOTIMPL}
    assert rehearsal.licenses == {}
