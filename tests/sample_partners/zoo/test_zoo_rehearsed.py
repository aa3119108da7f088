"""Each broken exhibit shows its fault in as few calls as the table says; the odd ones show none."""

import importlib
import logging
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from partner_api import (
    E_ABORT,
    E_FAIL,
    E_OUTOFMEMORY,
    HRESULT,
    S_OK,
    ContentContainer,
    ContentContainerList,
    ContentItem,
    ItemInfo,
    PartnerContext,
    PartnerInfo,
    PriceMarker,
    Variant,
)
from partner_api.calls import (
    Call,
    CallbackCall,
    CompareContainerListPrices,
    Download,
    DownloadTrack,
    DownloadTrackComplete,
    GetCatalogURL,
    GetCatalogVersion,
    GetContentPartnerInfo,
    GetItemInfo,
    PartnerCall,
    Return,
    SetCallback,
)
from partner_api.proxy import CallbackProxy, LicenseStoreProxy
from partner_api.stub import invoke
from partner_api.testing import (
    FakeLicenseStore,
    album,
    for_download,
    for_purchase,
    loose_tracks,
    purchased_list,
    rehearse,
)
from partner_api.testing.port import Booking, RecordingPort
from partner_api.testing.recording import NO_CATALOG
from partner_api.transaction import TrackEvent, TrackState
from player_host.conformance.conversation import KILLED_ON_PURPOSE
from player_host.conformance.judge import Results, judge
from player_host.conformance.verdicts import Verdict
from player_host.transcript import Called, Entry, Lost, Returned, Transcript
from sample_partners.zoo.base import (
    GRANTED,
    REQUIRES_PURCHASE,
    UNKNOWN_TRACK,
    WORDS,
    Exhibit,
)
from sample_partners.zoo.lifecycle import STATUS

PATIENCE_S = 30.0
ANSWER_DEADLINE_S = 600.0
FOREIGN_CODE = HRESULT(0x8FFF_FFF1)
NO_NAME = "ThisNameIsInNoDocument"
FOR_SALE = 9_001
NO_TRACK = 5_000

TABLE = tomllib.loads(
    resources.files("sample_partners.zoo").joinpath("zoo.toml").read_text("utf-8")
)
BROKEN = [entry for entry in TABLE["exhibits"] if entry["kind"] == "broken"]
CONFORMING = [entry["name"] for entry in TABLE["exhibits"] if entry["kind"] == "conforming"]


def exhibit(name: str) -> type[Exhibit]:
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


class Stage:
    """A Player that records the conversation. Its time passes when it says so, and in calls.

    An exhibit that lets time pass within a call takes that time; one that does so on a thread of
    its own goes on when the Player waits: in `settle`.
    """

    def __init__(self, kind: type[Exhibit], folder: Path, account: str = "visitor") -> None:
        self.licenses = FakeLicenseStore()
        self.answers_fail: HRESULT | None = None
        self.calls = 0
        self._kind, self._folder, self._account = kind, folder, account
        self._lock = threading.RLock()
        self._entries: list[Entry] = []
        self._now_s = 0.0
        self._inside: set[int] = set()
        self._time_passes = threading.Event()
        self._held: threading.Event | None = None
        self._go_on = threading.Event()
        self._bookings: dict[int, Booking] = {}
        self._lives: list[Exhibit] = []
        self._begin_life()

    # --- what a script does ---

    def attach(self) -> None:
        self.ask(SetCallback(attached=True))

    def release(self) -> None:
        self.ask(SetCallback(attached=False))
        with self._lock:
            self._port.disconnect()

    def download(
        self, *wanted: ContentContainer | int, cookie: int = 0x1_0000, empty: bool = False
    ) -> None:
        if not wanted and not empty:
            self.ask(Download(None, cookie))
            return
        containers = [one for one in wanted if isinstance(one, ContentContainer)]
        loose = [one for one in wanted if isinstance(one, int)]
        self.ask(
            Download(for_download(*containers, *([loose_tracks(*loose)] if loose else [])), cookie)
        )

    def complete(self, cookie: int, track_id: int, hr: HRESULT = S_OK) -> None:
        order = self._bookings[cookie].orders.get(track_id)
        if order is not None:
            self.ask(DownloadTrackComplete(hr, track_id, order.params))

    def ask(self, call: PartnerCall) -> None:
        self.calls += 1
        number = self._called(call)
        self._inside.add(threading.get_ident())
        returned = invoke(self.partner, call, self._callback)
        self._inside.discard(threading.get_ident())
        with self._lock:
            self._note(Returned(self._next(), self._now_s, number, returned))
            if isinstance(call, Download) and call.container_list is not None:
                self._bookings[call.cookie].machine.download_returned(returned.hr)

    def ask_together(self, first: PartnerCall, second: PartnerCall) -> None:
        """Make the second call while the first, which lets time pass, is under way."""
        self._held = threading.Event()
        thread = threading.Thread(target=self.ask, args=(first,))
        thread.start()
        assert self._held.wait(PATIENCE_S), "the first call did not wait"
        self._held = None
        self.ask(second)
        self._go_on.set()
        thread.join()

    def settle(self, *, until_answered: bool = False) -> None:
        """Let time pass until the exhibit has nothing more to do, or until all is answered."""
        self._time_passes.set()
        self.wait_until(lambda: not self.partner.orders.unfinished_tasks)
        if until_answered:
            self.wait_until(lambda: not self._count(TrackState.UNANSWERED))
        self._time_passes.clear()

    def wait_until(self, reached: Callable[[], bool]) -> None:
        self._time_passes.set()
        deadline = time.monotonic() + PATIENCE_S
        while not reached():
            assert time.monotonic() < deadline, "it did not come to that"
            time.sleep(0.001)

    def heard(self, kind: type[CallbackCall]) -> bool:
        with self._lock:
            return any(
                isinstance(one, Called) and isinstance(one.call, kind) for one in self._entries
            )

    def let_the_deadline_pass(self) -> None:
        with self._lock:
            self._now_s += ANSWER_DEADLINE_S

    def kill(self) -> None:
        """End the process: the instance is heard of no more, and its folder is left."""
        with self._lock:
            self._callback.disconnect()
            self._note(Lost(self._next(), self._now_s, KILLED_ON_PURPOSE))
            for booking in self._bookings.values():
                booking.machine.for_every_track(TrackEvent.PARTNER_REPLACED, E_ABORT)
        self._begin_life()

    def close(self) -> None:
        """Let every thread of every instance end."""
        with self._lock:
            self._port.disconnect()
        self._time_passes.set()
        for partner in self._lives:
            partner.is_released.set()
            Exhibit.SetCallback(partner, None)

    def judged(self) -> Results:
        facts = {
            "answer_deadline": ANSWER_DEADLINE_S,
            "fresh_licenses": True,
            "refused": [FOR_SALE],
            "signed_in": bool(self._account),
            "threading": self._kind.service_info.threading_model.value,
            "capabilities": int(self._kind.service_info.capabilities),
            "foreign_codes": [FOREIGN_CODE],
        }
        with self._lock:
            return judge(Transcript({"facts": facts}, tuple(self._entries), complete=True))

    # --- what the exhibit does ---

    def receive(self, call: CallbackCall) -> Return:
        with self._lock:
            number = self._called(call)
            returned = self._port.receive(call)
            if isinstance(call, DownloadTrack) and self.answers_fail is not None:
                returned = Return(self.answers_fail)
            self._note(Returned(self._next(), self._now_s, number, returned))
            return returned

    def _pause(self, seconds: float) -> None:
        if threading.get_ident() not in self._inside:
            self._time_passes.wait(PATIENCE_S)
        elif self._held is not None:
            self._held.set()
            self._go_on.wait(PATIENCE_S)
        with self._lock:
            self._now_s += seconds

    # --- the record ---

    def _begin_life(self) -> None:
        if self._lives:
            self._lives[-1].is_released.set()
        else:
            self._port = RecordingPort(self.licenses, NO_CATALOG, ())
        self._callback = CallbackProxy(self)
        self.partner = self._kind(
            PartnerContext(
                Exhibit.Settings(self._account),
                LicenseStoreProxy(self._callback),
                self._folder,
                logging.getLogger("partner.zoo"),
            )
        )
        self.partner.pause = self.partner.wait_after_release = self._pause
        self._lives.append(self.partner)

    def _called(self, call: Call) -> int:
        with self._lock:
            entry = Called(self._next(), self._now_s, call, None)
            self._note(entry)
            if isinstance(call, Download) and call.container_list is not None:
                self._bookings[call.cookie] = self._port.open(call.cookie, call.container_list)
            return entry.number

    def _next(self) -> int:
        return len(self._entries) + 1

    def _note(self, entry: Entry) -> None:
        self._entries.append(entry)

    def _count(self, state: TrackState) -> int:
        with self._lock:
            return sum(one.machine.counts[state] for one in self._bookings.values())


Script = Callable[[Stage], None]


def downloading(*wanted: ContentContainer | int, cookie: int = 0x1_0000) -> Script:
    """Ask for a download, and wait for what is answered."""

    def script(stage: Stage) -> None:
        stage.attach()
        stage.download(*wanted, cookie=cookie)
        stage.settle()

    return script


def in_vain(script: Script) -> Script:
    """Do it, and end when the time for answers has passed."""

    def patient(stage: Stage) -> None:
        script(stage)
        stage.let_the_deadline_pass()
        stage.release()

    return patient


def asking(*calls: PartnerCall) -> Script:
    def script(stage: Stage) -> None:
        stage.attach()
        for call in calls:
            stage.ask(call)

    return script


def fact(name: str) -> Script:
    return asking(GetContentPartnerInfo(name))


def item(name: str, context: Variant) -> Script:
    return asking(GetItemInfo(name, context))


def two_downloads(second: int) -> Script:
    def script(stage: Stage) -> None:
        stage.attach()
        stage.download(1, cookie=7)
        stage.download(second, cookie=8)
        stage.settle()

    return script


def completing(hr: HRESULT) -> Script:
    def script(stage: Stage) -> None:
        downloading(1, cookie=7)(stage)
        stage.complete(7, 1, hr)

    return script


def eight_downloads(stage: Stage) -> None:
    stage.attach()
    for cookie in range(8):
        stage.download(1, cookie=cookie)
    stage.settle()


def killed_before_a_download(stage: Stage) -> None:
    stage.attach()
    stage.kill()
    downloading(1)(stage)


def killed_while_it_owes_answers(stage: Stage) -> None:
    stage.attach()
    stage.download(1)
    stage.kill()
    stage.attach()
    stage.settle()


def while_licences_fail(stage: Stage) -> None:
    stage.licenses.failing_with = E_FAIL
    downloading(1)(stage)


def while_answers_fail(stage: Stage) -> None:
    stage.answers_fail = E_OUTOFMEMORY
    downloading(1)(stage)


def refused_and_asked_why(stage: Stage) -> None:
    downloading(FOR_SALE)(stage)
    stage.ask(GetItemInfo(ItemInfo.ERROR_DESCRIPTION, Variant.error(REQUIRES_PURCHASE)))


def with_an_empty_list(stage: Stage) -> None:
    stage.attach()
    stage.download(empty=True)


def released_while_it_owes_answers(stage: Stage) -> None:
    stage.attach()
    stage.download(1)
    stage.release()
    stage.settle()


def released(stage: Stage) -> None:
    stage.attach()
    stage.release()
    stage.wait_until(lambda: stage.heard(GetCatalogVersion))


def two_at_a_time(stage: Stage) -> None:
    stage.attach()
    stage.ask_together(
        GetContentPartnerInfo(PartnerInfo.USER_NAME), GetContentPartnerInfo(PartnerInfo.USER_NAME)
    )


def priced(price: str) -> ContentContainerList:
    return for_purchase(loose_tracks(ContentItem(1, price)))


ONE = downloading(1)
DEAR_ALBUM = album(7, tracks=[ContentItem(1, "$1.00"), ContentItem(2, "$1.00")], price="$1.50")
CATALOGUE = asking(GetCatalogURL(0, 0, 0x409))
CHEAP_AND_DEAR = asking(CompareContainerListPrices(priced("$0.50"), priced("$9.00")))
PRICELESS = asking(CompareContainerListPrices(priced("$0.50"), priced(PriceMarker.UNKNOWN)))
ART = item(ItemInfo.ALBUM_ART_URL, Variant.ui4(7))

SHORTEST: dict[str, Script] = {
    "WaitsBeforeItReturns": ONE,
    "LeavesTheLastOut": in_vain(ONE),
    "LosesTheThird": in_vain(downloading(1, 2, 3)),
    "ForgetsItsSecondOrder": in_vain(two_downloads(2)),
    "ReadsTheFirstContainerOnly": in_vain(downloading(album(7, tracks=[1]), 2)),
    "TakesAllOnesForAnError": in_vain(downloading(1, cookie=0xFFFF_FFFF)),
    "AnswersATrackOnceForAll": in_vain(two_downloads(1)),
    "HasSevenPlaces": in_vain(eight_downloads),
    "WorksInItsFirstLifeOnly": in_vain(killed_before_a_download),
    "SaysItTwice": ONE,
    "BeginsAgainAtTheEnd": ONE,
    "CountsOnceTooOften": downloading(1, 1),
    "OffersAgainWhatFailed": completing(E_ABORT),
    "SendsParamsWithoutEnd": ONE,
    "KeepsSilentAboutRefusals": in_vain(downloading(FOR_SALE)),
    "GrantsWhatIsForSale": downloading(FOR_SALE),
    "CutsCookies": ONE,
    "TakesZeroForNone": downloading(1, cookie=0),
    "KeepsItsFirstCookie": two_downloads(2),
    "TakesTheLastCookie": two_downloads(2),
    "ResumesUnderOldCookies": killed_while_it_owes_answers,
    "NamesThePlace": ONE,
    "GrantsWithoutURL": ONE,
    "GrantsARelativeURL": ONE,
    "DeliversNoLicence": ONE,
    "DeliversAfterTheAnswer": ONE,
    "IgnoresTheLicenceStore": while_licences_fail,
    "HasNoWords": refused_and_asked_why,
    "AnswersAVoidDownload": ONE,
    "TakesNoListForAnEmptyOne": downloading(),
    "RefusesAnEmptyList": with_an_empty_list,
    "GrantsToAnybody": ONE,
    "TriesAgain": while_answers_fail,
    "GoesOnAfterItsRelease": released_while_it_owes_answers,
    "CallsAfterItsRelease": released,
    "RaisesInDownload": ONE,
    "ReturnsAText": ONE,
    "AnswersAFactWithABareNumber": fact(PartnerInfo.LICENSE_REFRESH_ADVANCE_WARNING),
    "RaisesAtAnUnknownName": fact(NO_NAME),
    "HearsNoCompletions": completing(S_OK),
    "ServesOneAtATime": two_at_a_time,
    "IsSlowWithTexts": ART,
    "ReadsUntilItFails": ONE,
    "ReadsBelowZero": ONE,
    "AsksForOneContainerMore": ONE,
    "SucceedsWithSFalse": ONE,
    "AddsPricesUp": downloading(DEAR_ALBUM),
    "ComparesTheWrongWayRound": CHEAP_AND_DEAR,
    "ComparesWhatHasNoPrice": PRICELESS,
    "PromisesACatalogue": CATALOGUE,
    "HasNoDate": CATALOGUE,
    "KeepsTheVersionToItself": CATALOGUE,
    "CountsVersionsFromZero": CATALOGUE,
    "LoginStateIsANumber": fact(PartnerInfo.LOGIN_STATE),
    "AccountTypeIsSigned": fact(PartnerInfo.MEDIA_PLAYER_ACCOUNT_TYPE),
    "AccountTypeIsUnheardOf": fact(PartnerInfo.MEDIA_PLAYER_ACCOUNT_TYPE),
    "AccountTypeHasNoName": fact(PartnerInfo.ACCOUNT_TYPE),
    "CachedCredentialsAreCounted": fact(PartnerInfo.HAS_CACHED_CREDENTIALS),
    "WarningIsAText": fact(PartnerInfo.LICENSE_REFRESH_ADVANCE_WARNING),
    "NewDownloadIsANumber": fact(PartnerInfo.PURCHASED_TRACK_REQUIRES_RE_DOWNLOAD),
    "MaximumIsSigned": fact(PartnerInfo.MAXIMUM_TRACKS_PER_PURCHASE),
    "BalanceIsANumber": fact(PartnerInfo.ACCOUNT_BALANCE),
    "UserHasANumber": fact(PartnerInfo.USER_NAME),
    "GreetsNobody": fact(PartnerInfo.USER_NAME),
    "KnowsEveryFact": fact(NO_NAME),
    "HasEmptyPictures": ART,
    "GivesPathsOfArt": ART,
    "GivesPathsOfIcons": item(ItemInfo.TREE_LIST_ICON_URL, Variant.ui4(7)),
    "HasNoPageForTheAccount": item(ItemInfo.CREATE_ACCOUNT_URL, Variant.empty()),
    "HasWordsForEverything": item(ItemInfo.ERROR_DESCRIPTION, Variant.error(FOREIGN_CODE)),
    "KnowsEveryItemInfo": item(NO_NAME, Variant.empty()),
    "LooksAtNoContext": item(ItemInfo.CREATE_ACCOUNT_URL, Variant.ui4(7)),
}
"""The shortest conversation that shows what is wrong with each."""

SIGNED_OUT = {"GrantsToAnybody", "GreetsNobody"}
EXITS = "sample_partners.zoo.lifecycle:ExitsInACompletion"


def short(entry: dict[str, Any]) -> str:
    return str(entry["name"]).partition(":")[2]


def against(results: Results) -> set[str]:
    return {name for name, one in results.items() if one.verdict in {Verdict.FAIL, Verdict.WARN}}


@pytest.fixture
def on_stage(tmp_path):
    stages = []

    def make(name: str, account: str = "visitor") -> Stage:
        stages.append(Stage(exhibit(name), tmp_path, account))
        return stages[-1]

    yield make
    for stage in stages:
        stage.close()


SHOWN = [entry for entry in BROKEN if entry["name"] != EXITS]


@pytest.mark.parametrize("entry", SHOWN, ids=short)
def test_a_fault_shows_in_as_few_calls_as_the_table_says(on_stage, entry):
    name = short(entry)
    stage = on_stage(entry["name"], "" if name in SIGNED_OUT else "visitor")

    SHORTEST[name](stage)

    results = stage.judged()
    assert {entry["seen_by"]} <= against(results) <= {entry["primary"], *entry["consequences"]}
    assert entry["seen_by"] != entry["primary"] or not results[entry["primary"]].follows_from
    assert stage.calls == entry["calls"]


OF_ITS_OWN = {"CallsAfterItsRelease", "ServesOneAtATime"}
"""Their conversations wait for what a sound store does not do."""


@pytest.mark.parametrize(
    "entry", [entry for entry in SHOWN if short(entry) not in OF_ITS_OWN], ids=short
)
def test_the_same_conversation_with_a_sound_store_shows_nothing(on_stage, entry):
    name = short(entry)
    stage = on_stage("sample_partners.zoo.base:Exhibit", "" if name in SIGNED_OUT else "visitor")

    SHORTEST[name](stage)

    assert against(stage.judged()) == set()


def test_an_exhibit_that_exits_takes_its_process_with_it():
    name = "ExitsInACompletion"
    program = (
        f"from sample_partners.zoo.lifecycle import {name}\n"
        "from partner_api.testing import loose_tracks, rehearse\n"
        f"with rehearse({name}) as rehearsal:\n"
        "    download = rehearsal.download(loose_tracks(1))\n"
        "    download.wait_until_answered()\n"
        "    print('answered', flush=True)\n"
        "    download.complete(1)\n"
        "    print('completed', flush=True)\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )

    assert (ended.stdout.split(), ended.returncode) == (["answered"], STATUS)


def tour(stage: Stage, *, until_answered: bool) -> None:
    """Do everything that a Player does, and wait for the answers each time."""
    questions = [GetContentPartnerInfo(name) for name in (*PartnerInfo, NO_NAME)]
    questions += [GetItemInfo(name, Variant.ui4(7)) for name in ItemInfo]
    questions += [GetItemInfo(name, Variant.empty()) for name in (*ItemInfo, NO_NAME)]
    for code in (*WORDS, FOREIGN_CODE):
        questions += [GetItemInfo(name, Variant.error(code)) for name in ItemInfo]
    questions += [GetCatalogURL(version, 0, 0x409) for version in (0, 5)]
    cheap, dear, unknown = priced("$0.50"), priced("$9.00"), priced(PriceMarker.UNKNOWN)
    for pair in ((cheap, dear), (dear, cheap), (cheap, cheap), (cheap, unknown)):
        questions.append(CompareContainerListPrices(*pair))

    def settle() -> None:
        stage.settle(until_answered=until_answered)

    asking(*questions)(stage)
    stage.download(album(7, tracks=[1, 2, 3, 4]), cookie=1)
    settle()
    for track_id in (4, 2, 1):
        stage.complete(1, track_id)
    stage.complete(1, 3, E_ABORT)
    stage.download(DEAR_ALBUM, purchased_list(3, tracks=[3, FOR_SALE]), 11, 12, cookie=0)
    settle()
    stage.download(1, NO_TRACK, 2, 1, 3, FOR_SALE, cookie=0xFFFF_FFFF)
    settle()
    for cookie in range(0x1_0001, 0x1_0009):
        stage.download(1, 2, FOR_SALE, cookie=cookie)
    settle()
    stage.download(empty=True, cookie=2)
    stage.ask(Download(None, 3))
    stage.licenses.failing_with = E_FAIL
    stage.download(21, 22, 21, cookie=4)
    settle()
    stage.licenses.failing_with = None
    stage.answers_fail = E_OUTOFMEMORY
    stage.download(21, 22, 21, FOR_SALE, cookie=5)
    settle()
    stage.answers_fail = None
    stage.download(31, 32, cookie=6)
    settle()
    stage.let_the_deadline_pass()
    stage.release()
    stage.settle()


@pytest.mark.parametrize("entry", SHOWN, ids=short)
def test_a_fault_breaks_nothing_but_what_the_table_allows(on_stage, entry):
    stage = on_stage(entry["name"], "" if short(entry) in SIGNED_OUT else "visitor")

    tour(stage, until_answered=False)

    assert against(stage.judged()) <= {entry["primary"], *entry["consequences"]}


@pytest.mark.parametrize("account", ["visitor", ""], ids=["signed in", "signed out"])
@pytest.mark.parametrize("name", ["sample_partners.zoo.base:Exhibit", *CONFORMING])
def test_there_is_nothing_against_the_odd_ones(on_stage, name, account):
    stage = on_stage(name, account)

    tour(stage, until_answered=True)

    results = stage.judged()
    assert against(results) == set()
    assert results["T1-DL-07"].verdict is Verdict.PASS


@pytest.mark.parametrize("name", CONFORMING)
def test_an_odd_one_passes_a_rehearsal(name, monkeypatch):
    monkeypatch.setattr(Exhibit, "pause", lambda _self, _seconds: None)

    with rehearse(exhibit(name)) as rehearsal:
        downloads = [
            rehearsal.download(album(7, tracks=[1, 2, 3])),
            rehearsal.download(purchased_list(3, tracks=[4, 5, FOR_SALE])),
            rehearsal.download(loose_tracks(6, NO_TRACK)),
            rehearsal.download(loose_tracks(*range(8, 60), 8)),
        ]
        for download in downloads:
            download.wait_until_answered(PATIENCE_S)
            download.complete_all()

        refused = [dict.fromkeys(one.refused) for one in downloads]
        assert all(not one.unlicensed and not one.without_url for one in downloads)
        if name.endswith(":RefusesEverything"):
            assert not any(one.granted for one in downloads)
            return
        assert [one.granted for one in downloads] == [[1, 2, 3], [4, 5], [6], list(range(8, 60))]
        assert [list(one) for one in refused] == [[], [FOR_SALE], [NO_TRACK], []]


def test_a_sound_store_says_why_it_refuses():
    with rehearse(Exhibit) as rehearsal:
        download = rehearsal.download(loose_tracks(GRANTED[-1], FOR_SALE, NO_TRACK))
        download.wait_until_answered(PATIENCE_S)

        assert download.refused == {FOR_SALE: REQUIRES_PURCHASE, NO_TRACK: UNKNOWN_TRACK}
        for code in download.refused.values():
            words = rehearsal.call(GetItemInfo(ItemInfo.ERROR_DESCRIPTION, Variant.error(code)))
            assert words.data == Variant.bstr(WORDS[code])
