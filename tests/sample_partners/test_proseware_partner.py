"""The plug-in against the real store and a Player that writes down what it hears."""

import http.server
import json
import socket
import threading
from collections import Counter
from datetime import UTC, datetime

import pytest

from partner_api import (
    E_ABORT,
    E_FAIL,
    E_INVALIDARG,
    E_UNEXPECTED,
    HRESULT,
    S_FALSE,
    S_OK,
    AccountType,
    CallbackNotification,
    Capability,
    ComError,
    ContentContainer,
    ContentContainerList,
    ContentItem,
    ItemInfo,
    LibraryLocation,
    PartnerInfo,
    PartnerNotification,
    Right,
    Secret,
    TransactionType,
    Variant,
    VarType,
)
from sample_partners.miniatures.careless import Careless
from sample_partners.proseware import Proseware, store_client
from sample_partners.proseware.orders import cookie_of, params_of
from sample_partners.proseware.process import StoreProcess

MIXED = (701, 302, 301, 802, 601, 1002, 203, 804)
COOKIE = 7


def named(name: str) -> HRESULT:
    return HRESULT.named(name)


class TestADownload:
    @pytest.mark.requirement("T1-DL-07", "T1-DL-08", "T1-DL-10")
    def test_every_track_of_a_mixed_order_is_answered_exactly_once(self, partner, player, order):
        assert partner.Download(order(*MIXED), COOKIE) == S_OK
        player.wait_for(len(MIXED))
        partner.SetCallback(None)

        answered = [call[2] for call in player.named("DownloadTrack")]
        assert sorted(answered) == sorted(MIXED)

    @pytest.mark.requirement("T1-DL-08", "T1-DL-12")
    @pytest.mark.parametrize(
        ("track", "code"),
        [
            (802, "NS_E_TRACK_DOWNLOAD_REQUIRES_PURCHASE"),
            (601, "NS_E_TRACK_DOWNLOAD_REQUIRES_ALBUM_PURCHASE"),
            (1002, "NS_E_CANNOT_BUY_OR_DOWNLOAD_CONTENT"),
            (999, "NS_E_NOT_CONTENT_PARTNER_TRACK"),
        ],
    )
    def test_a_refused_track_gets_a_fitting_code_and_no_url(
        self, partner, player, order, track, code
    ):
        partner.Download(order(track), COOKIE)

        assert player.wait_for(1) == {track: ("", named(code))}

    @pytest.mark.requirement("T1-DL-11")
    def test_a_granted_track_gets_a_url_that_opens_its_file(self, partner, player, order, http):
        partner.Download(order(701), COOKIE)
        url, hr = player.wait_for(1)[701]

        assert hr.succeeded
        assert http.get(url).content.startswith(b"ID3")

    @pytest.mark.requirement("T1-DL-17", "T1-DL-32", "T1-DL-33")
    def test_its_licence_is_delivered_before_a_granted_track_is_answered(
        self, partner, player, order
    ):
        partner.Download(order(*MIXED), COOKIE)
        player.wait_for(len(MIXED))

        delivered = set()
        for name, *args in player.calls:
            if name == "Predeliver":
                delivered.add(args[0].content_id)
            elif name == "DownloadTrack" and args[4].succeeded:
                assert args[2] in delivered

    @pytest.mark.requirement("T1-DL-31")
    def test_a_refused_track_gets_no_licence(self, partner, player, order):
        partner.Download(order(*MIXED), COOKIE)
        player.wait_for(len(MIXED))

        delivered = [granted.content_id for (granted,) in player.named("Predeliver")]
        assert delivered == [701, 302, 301, 203]

    def test_the_licence_says_what_the_store_said(self, partner, player, order):
        partner.Download(order(701, 301), COOKIE)
        player.wait_for(2)

        bought, rented = (granted for (granted,) in player.named("Predeliver"))
        assert (bought.key_id, bought.expires) == (None, None)
        assert bought.rights == set(Right)
        assert rented.key_id
        assert rented.rights == {Right.PLAY, Right.SYNC}
        assert rented.expires > datetime.now(UTC)

    @pytest.mark.requirement("T1-DL-09", "T1-DL-24", "T1-DL-30")
    def test_orders_are_told_apart_by_cookie_and_params(self, partner, player, order):
        partner.Download(order(701, 702), 0)
        partner.Download(order(702, 703), 0xFFFFFFFF)
        player.wait_for(4)

        seen = [(call[0], call[2], cookie_of(call[3])) for call in player.named("DownloadTrack")]
        assert sorted(seen) == [
            (0, 701, 0),
            (0, 702, 0),
            (0xFFFFFFFF, 702, 0xFFFFFFFF),
            (0xFFFFFFFF, 703, 0xFFFFFFFF),
        ]

    @pytest.mark.requirement("T1-DL-39")
    def test_a_track_that_is_listed_twice_is_answered_once(self, partner, player):
        album = ContentContainer(LibraryLocation.ALBUM, 7, "$9.99", (ContentItem(701),))
        loose = ContentContainer.loose([ContentItem(701), ContentItem(702), ContentItem(701)])
        both = ContentContainerList(TransactionType.DOWNLOAD, (album, loose))
        partner.Download(both, COOKIE)
        player.wait_for(2)
        partner.SetCallback(None)

        assert Counter(call[2] for call in player.named("DownloadTrack")) == {701: 1, 702: 1}

    @pytest.mark.requirement("T1-DL-06")
    def test_download_returns_while_the_worker_is_still_held_up(self, partner, player, order):
        player.hold()

        assert partner.Download(order(701, 702), COOKIE) == S_OK
        assert partner.Download(order(703), COOKIE + 1) == S_OK
        assert 703 not in player.wait_for(1)
        player.go_on()
        assert set(player.wait_for(3)) == {701, 702, 703}

    @pytest.mark.requirement("T1-DL-47")
    def test_no_list_is_an_invalid_argument(self, partner):
        assert partner.Download(None, COOKIE) == E_INVALIDARG

    @pytest.mark.requirement("T1-DL-47")
    def test_an_empty_list_is_fine_and_owes_nothing(self, partner, player, order):
        assert partner.Download(order(), COOKIE) == S_OK
        partner.Download(order(701), COOKIE + 1)
        player.wait_for(1)

        assert [call[0] for call in player.named("DownloadTrack")] == [COOKIE + 1]

    def test_an_order_of_more_tracks_than_one_request_takes_is_answered_whole(
        self, partner, player, order
    ):
        tracks = range(100_000, 100_450)
        partner.Download(order(*tracks), COOKIE)

        assert set(player.wait_for(450)) == set(tracks)

    @pytest.mark.requirement("T1-LIFE-01")
    def test_a_download_before_the_callback_is_unexpected(self, store, context, order):
        assert Proseware(context(store.url)).Download(order(701), COOKIE) == E_UNEXPECTED


class TestWhatThePlayerAnswers:
    @pytest.mark.requirement("T1-DL-17")
    @pytest.mark.parametrize("code", [E_FAIL, named("NS_E_DRM_LICENSE_STORE_ERROR")])
    def test_a_track_whose_licence_was_not_taken_is_refused(self, partner, player, order, code):
        player.predelivery = code
        partner.Download(order(701), COOKIE)

        assert player.wait_for(1) == {701: ("", named("NS_E_WMP_DRM_LICENSE_NOTACQUIRED"))}

    def test_any_success_of_the_licence_store_counts(self, partner, player, order):
        player.predelivery = S_FALSE
        partner.Download(order(701), COOKIE)

        assert player.wait_for(1)[701][1].succeeded

    def test_a_licence_store_that_raises_refuses_the_track_alone(
        self, partner, player, order, monkeypatch
    ):
        monkeypatch.setattr(player, "Predeliver", None)
        partner.Download(order(701, 802), COOKIE)

        assert player.wait_for(2) == {
            701: ("", named("NS_E_WMP_DRM_LICENSE_NOTACQUIRED")),
            802: ("", named("NS_E_TRACK_DOWNLOAD_REQUIRES_PURCHASE")),
        }

    @pytest.mark.requirement("T1-DL-55")
    @pytest.mark.parametrize("code", [E_INVALIDARG, E_ABORT])
    def test_a_failing_answer_is_not_answered_by_a_repeat(self, partner, player, order, code):
        player.answers[701] = code
        partner.Download(order(701, 702), COOKIE)
        player.wait_for(2)
        partner.SetCallback(None)

        assert Counter(call[2] for call in player.named("DownloadTrack")) == {701: 1, 702: 1}

    @pytest.mark.requirement("T1-DL-23", "T1-DL-24")
    @pytest.mark.parametrize("hr", [S_OK, S_FALSE, E_ABORT])
    def test_a_completion_is_kept_by_order_and_track(self, partner, hr):
        assert partner.DownloadTrackComplete(hr, 701, params_of(COOKIE)) == S_OK
        assert partner.outcomes == {(COOKIE, 701): hr}

    @pytest.mark.requirement("T1-DL-49")
    @pytest.mark.parametrize("params", [None, "", "order=", "order=x", "other=1", "order=²"])
    def test_a_completion_with_foreign_params_is_kept_without_order(self, partner, params):
        partner.DownloadTrackComplete(S_OK, 701, params)

        assert partner.outcomes == {(None, 701): S_OK}


class TestTheCallback:
    @pytest.mark.requirement("T1-LIFE-03", "T1-LIFE-04")
    def test_after_its_release_nothing_is_called_any_more(self, partner, player, order):
        player.hold()
        partner.Download(order(701, 702, 703), COOKIE)
        player.wait_for(1)
        release = threading.Thread(target=partner.SetCallback, args=(None,))
        release.start()
        player.go_on()
        release.join(30)
        calls = len(player.calls)

        assert not release.is_alive()
        assert partner.callback is None
        assert not [t for t in threading.enumerate() if t.name == "proseware-orders"]
        assert len(player.calls) == calls

    @pytest.mark.requirement("T1-LIFE-12")
    def test_a_second_callback_replaces_the_first(self, partner, player, order):
        second = type(player)()
        partner.SetCallback(second)
        partner.Download(order(701), COOKIE)
        second.wait_for(1)

        assert player.named("DownloadTrack") == []

    def test_it_may_be_released_twice(self, partner):
        assert partner.SetCallback(None) == S_OK
        assert partner.SetCallback(None) == S_OK


class TestLogin:
    @pytest.mark.requirement("T1-LOGIN-08", "T1-LOGIN-15", "T1-INFO-01", "T1-INFO-09")
    def test_the_first_order_logs_in_and_says_so(self, partner, player, order):
        before = partner.GetContentPartnerInfo(PartnerInfo.LOGIN_STATE)
        partner.Download(order(701), COOKIE)
        player.wait_for(1)

        assert before == Variant.boolean(False)
        assert partner.GetContentPartnerInfo(PartnerInfo.LOGIN_STATE) == Variant.boolean(True)
        assert partner.GetContentPartnerInfo(PartnerInfo.USER_NAME) == Variant.bstr("demo")
        changed = (CallbackNotification.LOGIN_STATE_CHANGE, Variant.boolean(True))
        assert player.named("Notify") == [changed]

    @pytest.mark.requirement("T1-DL-54", "T1-LOGIN-09", "T1-LOGIN-11", "T1-LOGIN-26")
    def test_a_wrong_password_refuses_every_track_and_names_a_page(
        self, store, context, player, order
    ):
        partner = Proseware(context(store.url, password=Secret("wrong")))
        partner.SetCallback(player)
        partner.Download(order(701, 702), COOKIE)
        answers = player.wait_for(2)
        ((_, index),) = player.named("Notify")
        page = partner.GetItemInfo(ItemInfo.LOGIN_FAILURE_URL, index)
        partner.SetCallback(None)

        assert {hr for _, hr in answers.values()} == {
            named("NS_E_SUBSCRIPTIONSERVICE_LOGIN_FAILED")
        }
        assert index.type is VarType.UI4
        assert page.value.startswith(store.url)

    def test_a_store_that_forgot_its_tokens_is_asked_again_after_a_login(
        self, context, player, order
    ):
        with StoreProcess(seed="one") as store:
            partner = Proseware(context(store.url))
            partner.SetCallback(player)
            partner.Download(order(701), COOKIE)
            player.wait_for(1)
            store.stop()
            store.seed = "two"
            store.start()
            partner.Download(order(702), COOKIE + 1)
            answers = player.wait_for(2)
            partner.SetCallback(None)

        assert answers[702][1].succeeded

    @pytest.mark.requirement("T1-INFO-14")
    def test_before_a_login_name_and_balance_are_empty(self, partner):
        for name in (PartnerInfo.USER_NAME, PartnerInfo.ACCOUNT_BALANCE):
            assert partner.GetContentPartnerInfo(name) == Variant.bstr("")


class TestAStoreInTrouble:
    def test_one_that_is_down_refuses_every_track(self, context, player, order):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        partner = Proseware(context(f"http://127.0.0.1:{port}"))
        partner.SetCallback(player)
        partner.Download(order(701, 702), COOKIE)
        answers = player.wait_for(2)
        with pytest.raises(ComError) as caught:
            partner.GetCatalogURL(0, 0, 1033)
        partner.SetCallback(None)

        assert set(answers.values()) == {("", named("NS_E_WMP_SERVER_UNAVAILABLE"))}
        assert caught.value.hr == named("NS_E_WMP_SERVER_UNAVAILABLE")

    @pytest.mark.parametrize(
        "answer",
        [
            b"",
            b"<html>",
            b"[]",
            b"{}",
            b'{"token": "t", "tracks": 5}',
            b'{"token": "t", "tracks": [{"track_id": 701}]}',
            b'{"token": "t", "tracks": [{"track_id": "x", "granted": true}]}',
            b'{"token": "t", "tracks": [{"track_id": 701, "granted": true, "rights": ["fly"]}]}',
        ],
    )
    def test_one_that_answers_nonsense_refuses_every_track(
        self, context, player, order, scripted, answer
    ):
        partner = Proseware(context(scripted((200, answer))))
        partner.SetCallback(player)
        partner.Download(order(701), COOKIE)
        answers = player.wait_for(1)
        partner.SetCallback(None)

        assert answers == {701: ("", named("NS_E_WMP_SERVER_UNAVAILABLE"))}

    def test_one_that_passes_a_track_over_refuses_it(self, context, player, order, scripted):
        partner = Proseware(context(scripted((200, b'{"token": "t", "tracks": []}'))))
        partner.SetCallback(player)
        partner.Download(order(701), COOKIE)
        answers = player.wait_for(1)
        partner.SetCallback(None)

        assert answers == {701: ("", named("NS_E_NOT_CONTENT_PARTNER_TRACK"))}

    def test_one_that_fails_once_is_asked_once_more(self, context, player, order, scripted):
        good = json.dumps(
            {
                "token": "t",
                "tracks": [
                    {
                        "track_id": 701,
                        "granted": True,
                        "rights": ["play"],
                        "expires": None,
                        "key_id": None,
                        "url": "http://127.0.0.1/701.mp3",
                    }
                ],
            }
        ).encode()
        url = scripted((500, b""), (200, good), (503, b""), (200, good))
        partner = Proseware(context(url))
        partner.SetCallback(player)
        partner.Download(order(701), COOKIE)
        answers = player.wait_for(1)
        partner.SetCallback(None)

        assert answers == {701: ("http://127.0.0.1/701.mp3", S_OK)}

    def test_one_that_keeps_failing_is_asked_twice_and_no_more(
        self, context, player, order, scripted
    ):
        partner = Proseware(context(scripted((500, b""))))
        partner.SetCallback(player)
        partner.Download(order(701), COOKIE)
        player.wait_for(1)
        partner.SetCallback(None)

        assert scripted.requests == ["/login", "/login"]

    def test_one_that_cannot_be_asked_holds_a_long_order_up_only_once(
        self, context, player, order, scripted
    ):
        partner = Proseware(context(scripted((500, b""))))
        partner.SetCallback(player)
        partner.Download(order(*range(1, 1_001)), COOKIE)
        answers = player.wait_for(1_000)
        partner.SetCallback(None)

        assert set(answers.values()) == {("", named("NS_E_WMP_SERVER_UNAVAILABLE"))}
        assert scripted.requests == ["/login", "/login"]

    def test_one_that_is_back_is_asked_for_the_next_order(self, context, player, order):
        with StoreProcess() as store:
            partner = Proseware(context(store.url))
            partner.SetCallback(player)
            store.kill()
            partner.Download(order(701), COOKIE)
            player.wait_for(1)
            store.start()
            partner.Download(order(702), COOKIE + 1)
            answers = player.wait_for(2)
            partner.SetCallback(None)

        assert answers[701][1].failed
        assert answers[702][1].succeeded

    def test_one_that_says_nothing_refuses_every_track(self, context, player, order, monkeypatch):
        monkeypatch.setattr(store_client, "_STEP_DEADLINE_S", 0.2)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            partner = Proseware(context(f"http://127.0.0.1:{listener.getsockname()[1]}"))
            partner.SetCallback(player)
            partner.Download(order(701), COOKIE)
            answers = player.wait_for(1)
            partner.SetCallback(None)

        assert answers == {701: ("", named("NS_E_SUBSCRIPTIONSERVICE_DOWNLOAD_TIMEOUT"))}


@pytest.fixture
def scripted():
    """Starts a server that gives these answers in turn, the last one for good."""
    servers = []

    def start(*answers: tuple[int, bytes]) -> str:
        script = list(answers)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                start.requests.append(self.path)
                self.rfile.read(int(self.headers["content-length"]))
                status, body = script.pop(0) if len(script) > 1 else script[0]
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    start.requests = []
    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


class TestTheCatalogue:
    @pytest.mark.requirement("T1-CAT-03", "T1-CAT-04", "T1-CAT-09")
    def test_its_url_leads_to_the_version_announced(self, partner, http):
        answer = partner.GetCatalogURL(0, 0, 1033)

        assert answer.new_version == 210
        assert "/210/" in answer.url
        assert answer.expiration.as_datetime() > datetime.now(UTC)
        assert http.get(answer.url).content.startswith(b"PK")

    @pytest.mark.requirement("T1-CAT-18")
    def test_a_player_that_has_it_is_told_its_own_version(self, partner):
        assert partner.GetCatalogURL(210, 1, 1033).new_version == 210

    def test_it_cannot_be_asked_for_without_a_callback(self, store, context):
        with pytest.raises(ComError) as caught:
            Proseware(context(store.url)).GetCatalogURL(0, 0, 1033)

        assert caught.value.hr == E_UNEXPECTED


class TestInformation:
    @pytest.mark.requirement(
        "T1-INFO-02",
        "T1-INFO-03",
        "T1-INFO-04",
        "T1-INFO-05",
        "T1-INFO-06",
        "T1-INFO-07",
        "T1-INFO-08",
    )
    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            (PartnerInfo.LOGIN_STATE, VarType.BOOL),
            (PartnerInfo.MEDIA_PLAYER_ACCOUNT_TYPE, VarType.UI4),
            (PartnerInfo.ACCOUNT_TYPE, VarType.BSTR),
            (PartnerInfo.HAS_CACHED_CREDENTIALS, VarType.BOOL),
            (PartnerInfo.LICENSE_REFRESH_ADVANCE_WARNING, VarType.UI4),
            (PartnerInfo.PURCHASED_TRACK_REQUIRES_RE_DOWNLOAD, VarType.BOOL),
            (PartnerInfo.MAXIMUM_TRACKS_PER_PURCHASE, VarType.UI4),
            (PartnerInfo.ACCOUNT_BALANCE, VarType.BSTR),
            (PartnerInfo.USER_NAME, VarType.BSTR),
        ],
    )
    def test_each_name_has_an_answer_of_its_type(self, partner, name, kind):
        assert partner.GetContentPartnerInfo(str(name)).type is kind

    def test_the_account_is_a_subscription(self, partner):
        answer = partner.GetContentPartnerInfo(PartnerInfo.MEDIA_PLAYER_ACCOUNT_TYPE)

        assert answer.value == AccountType.SUBSCRIPTION

    @pytest.mark.requirement("T1-INFO-15")
    @pytest.mark.parametrize("name", ["", "loginstate", "Nonsense"])
    def test_an_unknown_name_fails(self, partner, name):
        with pytest.raises(ComError):
            partner.GetContentPartnerInfo(name)

    @pytest.mark.requirement("T1-ITEM-07", "T1-ITEM-08", "T1-ITEM-09")
    @pytest.mark.parametrize(
        "name",
        [
            ItemInfo.ALBUM_ART_URL,
            ItemInfo.ARTIST_ART_URL,
            ItemInfo.LIST_ART_URL,
            ItemInfo.GENRE_ART_URL,
            ItemInfo.SUBGENRE_ART_URL,
            ItemInfo.RADIO_ART_URL,
            ItemInfo.TREE_LIST_ICON_URL,
        ],
    )
    def test_art_is_the_url_of_a_picture(self, partner, http, name):
        answer = partner.GetItemInfo(str(name), Variant.ui4(7))

        assert answer.type is VarType.BSTR
        assert http.get(answer.value).headers["content-type"] == "image/png"

    @pytest.mark.requirement("T1-ITEM-15")
    @pytest.mark.parametrize("name", [ItemInfo.CREATE_ACCOUNT_URL, ItemInfo.FORGET_PASSWORD_URL])
    def test_pages_for_the_account_exist(self, partner, http, name):
        answer = partner.GetItemInfo(name, Variant.empty())

        assert http.get(answer.value).status_code == 200

    @pytest.mark.requirement("T1-DL-29", "T1-ITEM-06")
    @pytest.mark.parametrize(
        "name", [ItemInfo.ERROR_DESCRIPTION, ItemInfo.ERROR_URL, ItemInfo.ERROR_URL_LINK_TEXT]
    )
    def test_every_code_of_a_refusal_has_words(self, partner, player, order, name):
        partner.Download(order(802, 601, 1002, 999), COOKIE)
        codes = {hr for _, hr in player.wait_for(4).values()}

        assert len(codes) == 4
        assert all(partner.GetItemInfo(name, Variant.error(hr)).value for hr in codes)

    @pytest.mark.requirement("T1-ITEM-11", "T1-ITEM-19")
    @pytest.mark.parametrize(
        ("name", "subject"),
        [
            (ItemInfo.ERROR_DESCRIPTION, Variant.error(E_FAIL)),
            (ItemInfo.ERROR_DESCRIPTION, Variant.ui4(int(E_FAIL))),
            (ItemInfo.ALBUM_ART_URL, Variant.i4(7)),
            (ItemInfo.ALBUM_ART_URL, Variant.empty()),
            (ItemInfo.LOGIN_FAILURE_URL, Variant.ui4(99)),
            (ItemInfo.LOGIN_FAILURE_URL, Variant.i4(1)),
            (ItemInfo.CREATE_ACCOUNT_URL, Variant.ui4(1)),
            (ItemInfo.FORGET_PASSWORD_URL, Variant.bstr("")),
            (ItemInfo.ERROR_URL, Variant.ui4(named("NS_E_WMP_SERVER_UNAVAILABLE"))),
            ("Nonsense", Variant.error(named("NS_E_WMP_SERVER_UNAVAILABLE"))),
            ("albumart", Variant.ui4(7)),
        ],
    )
    def test_what_is_not_known_fails(self, partner, name, subject):
        with pytest.raises(ComError):
            partner.GetItemInfo(name, subject)

    @pytest.mark.parametrize(
        ("kind", "subject"),
        [
            (PartnerNotification.BACKGROUND_PROCESSING_BEGIN, Variant.empty()),
            (PartnerNotification.BACKGROUND_PROCESSING_END, Variant.empty()),
            (PartnerNotification.CATALOG_DOWNLOAD_FAILURE, Variant.error(E_FAIL)),
            (PartnerNotification.CATALOG_DOWNLOAD_COMPLETE, Variant.empty()),
        ],
    )
    def test_every_kind_of_notification_is_taken(self, partner, kind, subject):
        assert partner.Notify(kind, subject) == S_OK

    def test_an_unknown_notification_is_unexpected(self, partner):
        assert partner.Notify(99, Variant.empty()) == E_UNEXPECTED

    @pytest.mark.requirement("T1-REG-01", "T1-REG-03")
    def test_the_registration_is_that_of_a_type_1_store(self):
        info = Proseware.service_info

        assert info.key == "Proseware"
        assert info.capabilities == Capability.CONTENT_PARTNER | Capability.BACKGROUND_PROCESSING


class TestTheJournal:
    @pytest.fixture
    def journal(self, tmp_path):
        return tmp_path / "journal.jsonl"

    @pytest.fixture
    def lines(self, store, context, player, order, journal):
        partner = Proseware(context(store.url, journal=str(journal)))
        partner.SetCallback(player)
        partner.Download(order(701, 802), COOKIE)
        player.wait_for(2)
        partner.DownloadTrackComplete(S_OK, 701, params_of(COOKIE))
        with pytest.raises(ComError):
            partner.GetContentPartnerInfo("Nonsense")
        partner.SetCallback(None)
        return [json.loads(line) for line in journal.read_text().splitlines()]

    def test_it_holds_every_call_in_both_directions(self, lines):
        # The worker's calls and the Player's may interleave; each kind keeps its own order.
        assert Counter(line["call"] for line in lines) == {
            "SetCallback": 2,
            "Download": 1,
            "CallbackNotify": 1,
            "Predeliver": 1,
            "DownloadTrack": 2,
            "DownloadTrackComplete": 1,
            "GetContentPartnerInfo": 1,
        }

    def test_a_line_has_call_arguments_and_result(self, lines):
        (complete,) = (line for line in lines if line["call"] == "DownloadTrackComplete")

        assert complete == {
            "call": "DownloadTrackComplete",
            "args": {"hr": "S_OK", "track_id": 701, "params": "order=7"},
            "result": "S_OK",
        }

    def test_a_failing_call_is_noted_with_its_code(self, lines):
        (failed,) = (line for line in lines if line["call"] == "GetContentPartnerInfo")

        assert failed["result"] == "E_INVALIDARG"

    def test_the_licence_comes_before_the_track(self, lines):
        outward = [
            line["call"] for line in lines if line["call"] in {"Predeliver", "DownloadTrack"}
        ]

        assert outward == ["Predeliver", "DownloadTrack", "DownloadTrack"]

    def test_no_signature_and_no_password_is_in_it(self, lines, journal):
        text = journal.read_text()

        assert "signature" not in text
        assert "password" not in text

    def test_without_the_setting_nothing_is_written(self, partner, player, order, tmp_path):
        partner.Download(order(701), COOKIE)
        player.wait_for(1)

        assert list(tmp_path.iterdir()) == []


class TestCareless:
    @pytest.mark.requirement("T1-DL-17")
    def test_it_grants_tracks_without_delivering_a_licence(self, store, context, player, order):
        partner = Careless(context(store.url))
        partner.SetCallback(player)
        partner.Download(order(701, 802), COOKIE)
        answers = player.wait_for(2)
        partner.SetCallback(None)

        assert answers[701][1].succeeded
        assert answers[701][0]
        assert answers[802][1].failed
        assert player.named("Predeliver") == []

    def test_it_is_registered_under_its_own_name(self):
        assert Careless.service_info.key == "Careless"
        assert Proseware.service_info.key == "Proseware"
