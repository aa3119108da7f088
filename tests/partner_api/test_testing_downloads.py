"""A rehearsed download: what it shows of the answers, and how it is completed."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from partner_api import (
    E_ABORT,
    E_ACCESSDENIED,
    E_FAIL,
    E_INVALIDARG,
    HRESULT,
    S_FALSE,
    S_OK,
    Capability,
    ContentPartner,
    License,
    Right,
    ServiceInfo,
)
from partner_api.calls import DownloadTrackComplete
from partner_api.testing import (
    FakeLicenseStore,
    RecordingCallback,
    album,
    loose_tracks,
    rehearse,
)

NOT_ACQUIRED = HRESULT.named("NS_E_WMP_DRM_LICENSE_NOTACQUIRED")
EXPIRED = HRESULT.named("NS_E_WMP_DRM_LICENSE_EXPIRED")
UNUSABLE = HRESULT.named("NS_E_WMP_DRM_LICENSE_UNUSABLE")
INVALID_URL = HRESULT.named("HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)")
NOW = datetime(2024, 2, 29, 12, tzinfo=UTC)


class Shop(ContentPartner[Any]):
    """Says nothing by itself; `license` and `answer` are what tests call."""

    service_info = ServiceInfo("Shop", "The Shop", Capability.CONTENT_PARTNER)

    def Download(self, container_list, cookie):
        self.cookie = cookie

    def DownloadTrackComplete(self, hr, track_id, params):
        return S_FALSE

    def license(self, track_id, **terms):
        given = {"key_id": None, "rights": {Right.PLAY}} | terms
        return self.context.licenses.Predeliver(License(track_id, **given))

    def answer(self, track_id, hr=S_OK, url="http://127.0.0.1/a.mp3", params=None):
        return self.callback.DownloadTrack(self.cookie, url, track_id, params, hr)

    def grant(self, track_id, **changes):
        self.license(track_id)
        return self.answer(track_id, **changes)


@pytest.fixture
def rehearsal():
    with rehearse(Shop, forgiving=True) as rehearsal:
        yield rehearsal


@pytest.mark.requirement("T1-DL-07")
def test_tracks_that_are_never_answered_are_named_at_the_deadline(rehearsal):
    download = rehearsal.download(album(7, tracks=[701, 702, 703]))
    rehearsal.partner.grant(702)
    with pytest.raises(AssertionError) as raised:
        download.wait_until_answered(deadline_s=0.01)
    assert str(raised.value) == (
        "2 of 3 tracks are unanswered after 0.01 s: 701, 703. The plug-in owes DownloadTrack for"
        " each track of the list, also for those that it refuses (T1-DL-07)"
    )
    assert download.unanswered == [701, 703]


def test_of_many_unanswered_tracks_the_first_are_named(rehearsal):
    download = rehearsal.download(album(7, tracks=range(1, 1001)))
    with pytest.raises(AssertionError, match=r"19, 20 and 980 more\. "):
        download.wait_until_answered(deadline_s=0.01)


def test_waiting_ends_with_the_last_answer_from_another_thread(rehearsal):
    download = rehearsal.download(loose_tracks(1, 2))
    rehearsal.partner.answer(1, E_FAIL)
    thread = threading.Thread(target=rehearsal.partner.answer, args=(2, E_FAIL))
    thread.start()
    download.wait_until_answered()
    thread.join()
    assert list(download.refused) == [1, 2]


def test_tracks_are_shown_by_what_was_said_of_them_in_the_order_of_the_list(rehearsal):
    partner, download = rehearsal.partner, rehearsal.download(album(7, tracks=range(1, 8)))
    partner.grant(6, url="http://127.0.0.1/6", params="six")
    partner.answer(4, E_ACCESSDENIED)
    partner.grant(3, url="3.mp3")
    partner.answer(2)
    partner.answer(1, "no number")
    partner.grant(5, url="http://127.0.0.1/5")
    assert download.returned == S_OK
    assert download.granted == [5, 6]
    assert download.refused == {1: E_INVALIDARG, 4: E_ACCESSDENIED}
    assert download.unlicensed == {2: NOT_ACQUIRED}
    assert download.without_url == [3]
    assert download.unanswered == [7]
    assert download.urls == {3: "3.mp3", 5: "http://127.0.0.1/5", 6: "http://127.0.0.1/6"}
    assert download.params == {3: None, 5: None, 6: "six"}


@pytest.mark.requirement("T1-DL-38", "T1-DL-39")
def test_a_track_is_answered_as_often_as_it_is_listed_and_no_more(rehearsal):
    download = rehearsal.download(album(7, tracks=[1, 2]), album(8, tracks=[1]))
    for track_id in (1, 1, 1, 2, 2):
        rehearsal.partner.grant(track_id, params="kept")
    rehearsal.partner.answer(99)
    assert download.answers_to(1) == [S_OK, S_FALSE, E_INVALIDARG]
    assert download.answers_to(2) == [S_OK, E_INVALIDARG]
    assert download.answers_to(99) == [E_INVALIDARG]
    assert download.answers_to(3) == []
    assert download.granted == [1, 2]


@pytest.mark.requirement("T1-DL-35")
def test_if_download_fails_nothing_more_is_owed_and_what_was_granted_still_completes():
    class Failing(Shop):
        def Download(self, container_list, cookie):
            self.cookie = cookie
            self.grant(1)
            return E_FAIL

    with rehearse(Failing, forgiving=True) as rehearsal:
        download = rehearsal.download(loose_tracks(1, 2))
        download.wait_until_answered(deadline_s=0)
        assert download.returned == E_FAIL
        assert download.granted == [1]
        assert rehearsal.partner.grant(2) == E_INVALIDARG
        assert download.complete(1) == S_FALSE


# --- Completions -------------------------------------------------------------------------------


@pytest.mark.requirement("T1-DL-18", "T1-DL-19", "T1-DL-22", "T1-DL-42")
def test_a_granted_track_is_completed_once_with_its_own_params(rehearsal):
    download = rehearsal.download(loose_tracks(1, 2))
    rehearsal.partner.grant(1, params="\ud800 of track 1")
    rehearsal.partner.grant(2)
    assert download.complete(1) == S_FALSE
    assert download.complete(2, E_ABORT) == S_FALSE
    assert rehearsal.callback.of(DownloadTrackComplete) == [
        DownloadTrackComplete(S_OK, 1, "\ud800 of track 1"),
        DownloadTrackComplete(E_ABORT, 2, None),
    ]
    assert download.granted == [1, 2]
    with pytest.raises(AssertionError, match=r"track 1 is completed .* once, and no other"):
        download.complete(1)


@pytest.mark.requirement("T1-DL-34")
def test_what_the_player_would_not_complete_is_not_completed(rehearsal):
    download = rehearsal.download(loose_tracks(1, 2, 3))
    rehearsal.partner.answer(1, E_ACCESSDENIED)
    rehearsal.partner.answer(2)
    for track_id, why in {
        1: r"track 1 is refused \(E_ACCESSDENIED\)",
        2: r"track 2 is unlicensed \(NS_E_WMP_DRM_LICENSE_NOTACQUIRED\)",
        3: r"track 3 is unanswered;",
        4: r"track 4 is not in the list of this download",
    }.items():
        with pytest.raises(AssertionError, match=why):
            download.complete(track_id)
    assert rehearsal.callback.of(DownloadTrackComplete) == []


@pytest.mark.requirement("T1-DL-48")
def test_a_track_without_a_usable_url_can_only_fail(rehearsal):
    download = rehearsal.download(loose_tracks(1))
    rehearsal.partner.grant(1, url="ftp://127.0.0.1/1.mp3")
    with pytest.raises(AssertionError, match="no usable URL; the Player completes it with"):
        download.complete(1, S_OK)
    assert download.complete(1) == S_FALSE
    assert rehearsal.callback.of(DownloadTrackComplete) == [
        DownloadTrackComplete(INVALID_URL, 1, None)
    ]


def test_all_granted_tracks_can_be_completed_in_one_sentence(rehearsal):
    download = rehearsal.download(loose_tracks(1, 2, 3, 4))
    rehearsal.partner.grant(1)
    rehearsal.partner.grant(2, url="")
    rehearsal.partner.answer(3, E_FAIL)
    rehearsal.partner.grant(4)
    download.complete(4)
    download.complete_all(E_ABORT)
    assert [(c.track_id, c.hr) for c in rehearsal.callback.of(DownloadTrackComplete)] == [
        (4, S_OK),
        (1, E_ABORT),
        (2, INVALID_URL),
    ]


def test_a_completion_that_returns_no_hresult_is_pointed_out():
    class Chatty(Shop):
        def DownloadTrackComplete(self, hr, track_id, params):
            return 2**40

    with rehearse(Chatty) as rehearsal:
        download = rehearsal.download(loose_tracks(1))
        rehearsal.partner.grant(1)
        with pytest.raises(AssertionError, match=r"Chatty\.DownloadTrackComplete returned 10995"):
            download.complete(1)


# --- Licences ----------------------------------------------------------------------------------


@pytest.mark.requirement("T1-DL-17", "T1-DL-32", "T1-DL-33")
def test_a_grant_is_judged_by_the_licence_that_was_delivered_last():
    store = FakeLicenseStore(now=lambda: NOW)
    with rehearse(Shop, callback=RecordingCallback(store), forgiving=True) as rehearsal:
        download = rehearsal.download(loose_tracks(1, 2, 3, 4))
        rehearsal.partner.license(1, expires=NOW)
        rehearsal.partner.license(2, expires=NOW + timedelta(seconds=1))
        rehearsal.partner.license(3)
        rehearsal.partner.license(3, rights={Right.BURN, Right.SYNC})
        rehearsal.partner.license(4, key_id="key", rights={Right.SYNC, Right.PLAY})
        answered = [rehearsal.partner.answer(track_id) for track_id in (1, 2, 3, 4)]
    assert answered == [EXPIRED, S_OK, UNUSABLE, S_OK]
    assert download.unlicensed == {1: EXPIRED, 3: UNUSABLE}
    assert store.licenses[3].rights == {Right.BURN, Right.SYNC}


def test_the_licence_store_can_be_used_alone():
    store = FakeLicenseStore()
    assert store.Predeliver(License(1, None, {Right.PLAY})) == S_OK
    assert store.Predeliver(License(2, "\n", {Right.PLAY})) == E_FAIL
    store.failing_with = E_ACCESSDENIED
    assert store.Predeliver(License(3, None, {Right.PLAY})) == E_ACCESSDENIED
    assert [store.judge(content_id) for content_id in (1, 2, 3)] == [
        S_OK,
        NOT_ACQUIRED,
        NOT_ACQUIRED,
    ]
    assert list(store.licenses) == [1]
