"""What the judge says of downloads: each clause kept, broken and without a chance."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from conformance_scripts import NOT_SOLD, PATIENCE_S, UNLICENSED, Script, loose

from partner_api.calls import (
    Download,
    DownloadTrack,
    DownloadTrackComplete,
    Faulted,
    GetContentPartnerInfo,
    GetItemInfo,
    IndexOutOfRange,
    InfoReturned,
    Predeliver,
)
from partner_api.enums import ItemInfo
from partner_api.hresult import (
    E_FAIL,
    E_INVALIDARG,
    E_NOTIMPL,
    E_OUTOFMEMORY,
    E_UNEXPECTED,
    HRESULT,
    RPC_E_DISCONNECTED,
    RPC_E_SERVER_DIED,
    S_FALSE,
    S_OK,
)
from partner_api.licensing import License, Right
from partner_api.variant import Variant
from partner_api.verdicts import EXPIRED
from player_host.conformance.clauses import CLAUSES
from player_host.conformance.judge import Results, judge, together
from player_host.conformance.reader import read_conversation
from player_host.conformance.verdicts import Verdict

Story = Callable[[Script], object]
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


def sound(script: Script) -> Script:
    """A download in which every clause that has a chance is kept."""
    script.attach().download(5, [1, 2, 900])
    script.grant(5, 1, 2).answer(5, 900, NOT_SOLD)
    script.completion(1).completion(2)
    return script.detach()


def said(script: Script) -> Results:
    return judge(script.transcript)


def against(results: Results) -> dict[str, str]:
    """Every clause with something against it, and what it follows from."""
    found = {Verdict.FAIL, Verdict.WARN, Verdict.INCONCLUSIVE, Verdict.INFO}
    return {name: r.follows_from for name, r in results.items() if r.verdict in found}


def test_nothing_is_said_against_a_sound_download() -> None:
    results = said(sound(Script(refused=[900])))
    assert against(results) == {}
    kept = {name for name, result in results.items() if result.verdict is Verdict.PASS}
    assert kept >= {"T1-DL-07", "T1-DL-08", "T1-DL-09", "T1-DL-10", "T1-DL-11", "T1-DL-17"}
    assert kept >= {"T1-DL-06", "T1-LIFE-04", "T1-LIFE-07", "T1-HR-02"}


def test_an_empty_conversation_is_vacuous_for_every_clause() -> None:
    results = said(Script())
    assert results.keys() == CLAUSES.keys()
    assert {result.verdict for result in results.values()} == {Verdict.VACUOUS}


BREACHES: dict[str, tuple[str, Story, dict[str, str]]] = {
    "a track is left out": (
        "T1-DL-07",
        lambda s: s.attach().download(5, [1, 2]).grant(5, 1).wait().detach(),
        {},
    ),
    "a track is answered twice": (
        "T1-DL-07",
        lambda s: (
            s.attach().download(5, [1]).grant(5, 1).answer(5, 1, returns=E_INVALIDARG).detach()
        ),
        {},
    ),
    "a refused track is left out": (
        "T1-DL-08",
        lambda s: s.attach().download(5, [1, 900]).grant(5, 1).wait().detach(),
        {"T1-DL-07": "T1-DL-08"},
    ),
    "the cookie is another": (
        "T1-DL-09",
        lambda s: (
            s.attach()
            .download(5, [1])
            .license(1)
            .answer(6, 1, returns=E_INVALIDARG)
            .wait()
            .detach()
        ),
        {"T1-DL-07": "T1-DL-09"},
    ),
    "an index is taken for an ID": (
        "T1-DL-10",
        lambda s: (
            s.attach()
            .download(5, [1])
            .license(1)
            .answer(5, 0, returns=E_INVALIDARG)
            .wait()
            .detach()
        ),
        {"T1-DL-07": "T1-DL-10"},
    ),
    "a grant has no URL": (
        "T1-DL-11",
        lambda s: s.attach().download(5, [1]).license(1).answer(5, 1, url=None).detach(),
        {},
    ),
    "a grant has half a URL": (
        "T1-DL-11",
        lambda s: s.attach().download(5, [1]).license(1).answer(5, 1, url="/1.mp3").detach(),
        {},
    ),
    "a licence is missing": (
        "T1-DL-17",
        lambda s: s.attach().download(5, [1]).answer(5, 1, returns=UNLICENSED).detach(),
        {},
    ),
    "a licence comes late": (
        "T1-DL-17",
        lambda s: s.attach().download(5, [1]).answer(5, 1, returns=UNLICENSED).license(1).detach(),
        {},
    ),
    "an answer comes after a failed Download": (
        "T1-DL-35",
        lambda s: (
            s.attach()
            .download(5, [1], E_FAIL)
            .license(1)
            .answer(5, 1, returns=E_INVALIDARG)
            .detach()
        ),
        {},
    ),
    "no list is taken for a list": (
        "T1-DL-47",
        lambda s: (s.attach(), s.call(Download(None, 5), S_OK), s.detach()),
        {},
    ),
    "an empty list is refused": (
        "T1-DL-47",
        lambda s: (s.attach(), s.call(Download(loose(), 5), E_FAIL), s.detach()),
        {},
    ),
    "a call comes after the end": (
        "T1-LIFE-04",
        lambda s: (
            s.attach().download(5, [1]).detach().answer(5, 1, NOT_SOLD, returns=RPC_E_DISCONNECTED)
        ),
        {},
    ),
    "a method raises": (
        "T1-LIFE-07",
        lambda s: (
            s.attach(),
            s.call(DownloadTrackComplete(S_OK, 1, None), Faulted(E_UNEXPECTED, "raised KeyError")),
        ),
        {},
    ),
    "a method is missing": (
        "T1-LIFE-07",
        lambda s: (s.attach(), s.call(DownloadTrackComplete(S_OK, 1, None), E_NOTIMPL)),
        {},
    ),
    "the process ends by itself": (
        "T1-LIFE-07",
        lambda s: s.attach().download(5, [1]).lost(),
        {"T1-DL-07": "T1-LIFE-07"},
    ),
    "an index is out of range": (
        "T1-CON-08",
        lambda s: (
            s.attach().download(5, [1]).grant(5, 1),
            s.call(IndexOutOfRange("GetContentID", 1, 1), E_INVALIDARG),
        ),
        {},
    ),
    "Download takes its time": (
        "T1-DL-06",
        lambda s: (s.attach(), s.call(Download(loose(), 5), S_OK, took=5.5)),
        {"T1-THR-07": "T1-DL-06"},
    ),
    "success is another code": (
        "T1-HR-02",
        lambda s: (s.attach(), s.call(Download(loose(), 5), S_FALSE)),
        {},
    ),
}


@pytest.mark.parametrize("story", BREACHES)
def test_a_breach_has_its_clause_and_the_rest_follows_from_it(story: str) -> None:
    clause, tell, consequences = BREACHES[story]
    script = Script(refused=[900])
    tell(script)
    assert against(said(script)) == {clause: ""} | consequences


@pytest.mark.parametrize("story", BREACHES)
def test_a_verdict_does_not_depend_on_the_downloads_beside_it(story: str) -> None:
    clause, tell, consequences = BREACHES[story]
    script = Script(refused=[900])
    tell(script)
    both = together([said(sound(Script(refused=[900]))), said(script)])
    assert against(both) == {clause: ""} | consequences


def test_what_ended_too_early_is_inconclusive() -> None:
    script = Script(complete=False).attach().download(5, [1])
    assert said(script)["T1-DL-07"].verdict is Verdict.INCONCLUSIVE


def test_a_silence_that_was_too_long_is_not_forgotten_when_the_plug_in_speaks_again() -> None:
    script = Script().attach().download(5, [1]).wait().download(6, [2]).grant(6, 2).detach()
    assert said(script)["T1-DL-07"].verdict is Verdict.FAIL


def test_a_plug_in_may_take_its_time_as_long_as_it_speaks() -> None:
    script = Script().attach().download(5, [1, 2, 3])
    for track in (1, 2, 3):
        script.wait(PATIENCE_S * 0.9).grant(5, track)
    assert said(script.detach())["T1-DL-07"].verdict is Verdict.PASS


def test_what_the_player_cut_off_is_nobodys_fault() -> None:
    script = Script().attach().download(5, [1]).detach()
    assert said(script)["T1-DL-07"].verdict is Verdict.VACUOUS


def test_what_died_with_a_process_that_was_killed_is_nobodys_fault() -> None:
    script = Script().attach().download(5, [1]).lost("killed by the schedule").wait()
    assert against(said(script)) == {}


def test_a_track_that_is_listed_twice_may_be_answered_twice_and_no_more() -> None:
    script = Script().attach().download(5, [1, 1]).grant(5, 1).answer(5, 1, returns=S_FALSE)
    assert said(script)["T1-DL-39"].verdict is Verdict.PASS
    script.answer(5, 1, returns=E_INVALIDARG)
    results = said(script)
    assert results["T1-DL-07"].verdict is Verdict.FAIL
    assert results["T1-DL-39"].follows_from == "T1-DL-07"


def test_a_refused_answer_counts_as_an_answer_and_is_not_repeated() -> None:
    script = Script().attach().download(5, [1]).license(1).answer(5, 1, returns=E_FAIL).wait()
    script.detach()
    assert against(said(script)) == {}
    assert said(script)["T1-DL-55"].verdict is Verdict.PASS


def test_a_cookie_of_the_instance_before_is_unknown() -> None:
    script = Script().attach().download(5, [1]).lost("killed by the schedule").attach()
    script.license(1).answer(5, 1, returns=E_INVALIDARG)
    assert against(said(script)) == {"T1-DL-09": ""}


@pytest.mark.parametrize(("words", "verdict"), [("Buy it first", "pass"), ("", "warn")])
def test_a_failure_code_wants_words(words: str, verdict: str) -> None:
    script = Script().attach().download(5, [1]).answer(5, 1, NOT_SOLD)
    question = GetItemInfo(ItemInfo.ERROR_DESCRIPTION, Variant.error(NOT_SOLD))
    script.call(question, InfoReturned(S_OK, Variant.bstr(words)))
    assert said(script)["T1-DL-29"].verdict == verdict


def test_with_nobody_signed_in_every_track_is_refused() -> None:
    script = Script(signed_in=False).attach().download(5, [1, 2]).answer(5, 1, NOT_SOLD)
    assert said(script)["T1-DL-54"].verdict is Verdict.PASS
    script.grant(5, 2)
    assert said(script)["T1-DL-54"].verdict is Verdict.WARN


@pytest.mark.parametrize(
    ("data", "verdict"),
    [(Variant.boolean(True), "pass"), (Variant.bstr("yes"), "fail")],
)
def test_a_fact_has_its_type(data: Variant, verdict: str) -> None:
    script = Script().attach()
    script.call(GetContentPartnerInfo("LoginState"), InfoReturned(S_OK, data))
    assert said(script)["T1-INFO-01"].verdict == verdict


def test_a_fact_that_is_not_given_is_told_and_not_held_against_anybody() -> None:
    script = Script().attach()
    script.call(GetContentPartnerInfo("AccountBalance"), E_NOTIMPL)
    assert said(script)["T1-INFO-08"].verdict is Verdict.INFO


def test_overlapping_calls_are_judged_for_partners_that_allow_them() -> None:
    script = Script(threading="Free").attach()
    first = script.begin(DownloadTrackComplete(S_OK, 1, None))
    script.call(DownloadTrackComplete(S_OK, 2, None), Faulted(E_UNEXPECTED, "raised KeyError"))
    script.end(first)
    results = said(script)
    assert results["T1-THR-03"].verdict is Verdict.WARN
    assert results["T1-LIFE-07"].follows_from == "T1-THR-03"


def test_the_code_of_a_lost_call_is_not_the_plug_ins() -> None:
    script = Script().attach()
    script.call(Download(loose(1), 5), Faulted(RPC_E_SERVER_DIED, "its process was killed"))
    script.lost("killed by the schedule")
    assert against(said(script)) == {}


def test_the_first_breach_names_its_line() -> None:
    script = Script().attach().download(5, [1]).grant(5, 1)
    script.answer(5, 1, returns=E_INVALIDARG)
    (finding,) = said(script)["T1-DL-07"].findings
    entry = script.entries[finding.line - 1]
    assert isinstance(getattr(entry, "call", None), DownloadTrack)
    assert (finding.cookie, finding.track_id) == (5, 1)


@pytest.mark.parametrize(
    ("story", "clause"),
    [
        (lambda s: s.download(5, [1]).grant(5, 1).answer(5, 1), "T1-DL-38"),
        (lambda s: s.download(5, [1]).grant(5, 2), "T1-DL-37"),
        (lambda s: s.download(5, [1]).grant(6, 1), "T1-DL-36"),
        (lambda s: s.download(5, [1]).download(5, [2]), "T1-DL-45"),
        (lambda s: s.download(5, [1]).completion(1), "T1-DL-42"),
        (lambda s: s.download(5, [1]).grant(5, 1).completion(1).completion(1), "T1-DL-42"),
        (lambda s: s.download(5, [1]).answer(5, 1, NOT_SOLD).completion(1), "T1-DL-34"),
        (
            lambda s: (
                s.download(5, [1]).grant(5, 1),
                s.call(DownloadTrackComplete(S_OK, 1, "other")),
            ),
            "T1-DL-22",
        ),
        (
            lambda s: s.download(5, [1]).license(1).answer(5, 1, url="1.mp3").completion(1),
            "T1-DL-48",
        ),
    ],
)
def test_what_the_player_does_wrong_is_its_own(story: Story, clause: str) -> None:
    script = Script().attach()
    story(script)
    breaches = read_conversation(script.transcript).player_breaches
    assert clause in {breach.violation.clause for breach in breaches}


def omitting(*tracks: int) -> Results:
    """A download of tracks 1, 2 and 900, which is refused, of which some are never answered."""
    script = Script(refused=[900]).attach().download(5, [1, 2, 900])
    script.grant(5, *({1, 2} - set(tracks)))
    if 900 not in tracks:
        script.answer(5, 900, NOT_SOLD)
    return said(script.wait().detach())


def test_silence_about_refused_tracks_is_one_fault_and_silence_about_any_another() -> None:
    assert against(omitting(900)) == {"T1-DL-07": "T1-DL-08", "T1-DL-08": ""}
    assert against(omitting(2)) == {"T1-DL-07": ""}
    assert against(omitting(2, 900)) == {"T1-DL-07": "", "T1-DL-08": "T1-DL-07"}


def test_a_track_whose_licence_was_not_taken_is_not_to_be_downloaded_either() -> None:
    silent = Script().attach().download(5, [1, 2]).license(1, E_FAIL).grant(5, 2)
    assert against(said(silent.wait().detach())) == {"T1-DL-07": "T1-DL-08", "T1-DL-08": ""}
    tried_again = Script().attach().download(5, [1, 2]).license(1, E_FAIL).license(1).grant(5, 2)
    assert against(said(tried_again.wait().detach())) == {"T1-DL-07": ""}
    another = Script().attach().download(5, [1, 2]).license(1, E_FAIL).download(6, [1])
    assert against(said(another.grant(6, 1).grant(5, 2).wait().detach())) == {
        "T1-DL-07": "T1-DL-08",
        "T1-DL-08": "",
    }
    before = Script().attach().license(1, E_FAIL).download(5, [1, 2]).grant(5, 2)
    assert against(said(before.wait().detach())) == {"T1-DL-07": ""}


def test_what_follows_from_what_is_known_of_many_findings_too() -> None:
    many = list(range(900, 1_100))
    script = Script(refused=many).attach().download(5, [1, *many]).grant(5, 1)
    results = said(script.wait().detach())
    assert results["T1-DL-08"].total == len(many)
    assert against(results) == {"T1-DL-07": "T1-DL-08", "T1-DL-08": ""}


def test_a_repeated_answer_is_not_taken_for_that_of_a_download_which_the_player_ended() -> None:
    def repeated_beside_another() -> Script:
        script = Script().attach().download(5, [1]).grant(5, 1).download(6, [1])
        return script.answer(5, 1, returns=E_INVALIDARG)

    assert against(said(repeated_beside_another().detach())) == {"T1-DL-07": ""}
    assert against(said(repeated_beside_another().wait().detach()))["T1-DL-09"] == ""


def repeating(first: HRESULT) -> Results:
    """A track that is answered twice; the Player returns this to the first answer."""
    script = Script().attach().download(5, [1, 2]).grant(5, 2).license(1)
    script.answer(5, 1, returns=first).answer(5, 1, returns=E_INVALIDARG)
    return said(script.completion(2).wait().detach())


def test_who_repeats_any_answer_repeats_refused_ones_as_a_consequence() -> None:
    refused, taken = repeating(E_OUTOFMEMORY), repeating(S_OK)
    assert against(refused)["T1-DL-55"] == ""
    assert against(refused)["T1-DL-07"] == "T1-DL-55"
    whole = against(together((refused, taken)))
    assert (whole["T1-DL-07"], whole["T1-DL-55"]) == ("", "T1-DL-07")


def test_another_conversation_tells_which_fault_it_is() -> None:
    whole = together((omitting(900), omitting(2)))
    assert against(whole) == {"T1-DL-07": "", "T1-DL-08": "T1-DL-07"}
    whole = together((omitting(900), omitting(900)))
    assert against(whole) == {"T1-DL-07": "T1-DL-08", "T1-DL-08": ""}


@pytest.mark.parametrize(
    ("story", "clauses"),
    [
        (lambda s: s.download(5, [1]), ["T1-LIFE-01"]),
        (lambda s: s.attach(), ["T1-LIFE-02"]),
        (lambda s: s.attach().detach().download(5, [1]), ["T1-LIFE-11"]),
        (lambda s: s.attach(E_FAIL).download(5, [1]), ["T1-LIFE-13"]),
        (lambda s: s.attach(E_FAIL), []),
        (lambda s: s.attach().lost().download(5, [1]), []),
        (lambda s: s.attach().buy(5, 1).detach(), ["T1-DL-05"]),
        (lambda s: s.attach().download(5, [1]).detach().attach().detach(), []),
    ],
)
def test_the_player_attaches_first_and_detaches_last(story: Story, clauses: list[str]) -> None:
    script = Script()
    story(script)
    breaches = read_conversation(script.transcript).player_breaches
    assert [breach.violation.clause for breach in breaches] == clauses


def test_a_transcript_without_an_end_says_nothing_about_the_shutdown() -> None:
    script = Script(complete=False).attach()
    assert read_conversation(script.transcript).player_breaches == []


@pytest.mark.requirement("T1-DL-17")
@pytest.mark.parametrize(("lasts_s", "accepted"), [(60.0, True), (0.5, False)])
def test_a_licence_ends_at_its_moment(lasts_s: float, accepted: bool) -> None:
    script = Script(started_at=BEGUN).attach().download(5, [1])
    ends = BEGUN + timedelta(seconds=lasts_s)
    script.call(Predeliver(License(1, None, {Right.PLAY}, expires=ends)))
    script.wait(1.0).answer(5, 1, returns=S_OK if accepted else EXPIRED)
    if accepted:
        script.completion(1)
    assert ("T1-DL-17" in against(said(script.detach()))) is not accepted


def test_the_time_of_a_call_of_the_player_is_no_silence() -> None:
    script = Script().attach()
    script.call(Download(loose(1), 5), took=PATIENCE_S * 3)
    script.wait(PATIENCE_S / 2).detach()
    assert "T1-DL-07" not in {n for n, r in said(script).items() if r.verdict is Verdict.FAIL}
    script = Script().attach()
    script.call(Download(loose(1), 5), took=PATIENCE_S * 3)
    script.wait().detach()
    assert said(script)["T1-DL-07"].verdict is Verdict.FAIL


def test_a_transcript_from_the_end_of_time_is_judged() -> None:
    assert against(said(sound(Script(started_at=datetime.max.replace(tzinfo=UTC))))) == {}


@pytest.mark.parametrize(
    "facts",
    [
        {"refused": 3},
        {"refused": None},
        {"refused": [[1], True]},
        {"foreign_codes": None},
        {"answer_deadline": 10**400},
        {"answer_deadline": float("nan")},
        {"silence_deadline": "long", "fresh_licenses": 1},
        {"capabilities": [], "threading": 3, "signed_in": []},
    ],
)
def test_facts_that_are_none_are_no_fault_of_anybody(facts: dict[str, object]) -> None:
    plain, odd = said(sound(Script())), said(sound(Script(**facts)))
    assert against(plain) == against(odd) == {}


def test_a_player_that_does_right_breaks_nothing() -> None:
    assert read_conversation(sound(Script()).transcript).player_breaches == []


def test_a_licence_to_do_anything_but_play_is_none() -> None:
    script = Script().attach().download(5, [1])
    script.call(Predeliver(License(1, None, {Right.BURN})))
    assert against(said(script.answer(5, 1, returns=UNLICENSED))) == {"T1-DL-17": ""}


def test_with_nobody_signed_in_the_login_state_is_false() -> None:
    for value, verdict in ((False, Verdict.PASS), (True, Verdict.FAIL)):
        script = Script(signed_in=False).attach()
        answer = InfoReturned(S_OK, Variant.boolean(value))
        script.call(GetContentPartnerInfo("LoginState"), answer)
        assert said(script)["T1-INFO-01"].verdict is verdict


def test_a_call_that_never_returned_cannot_be_called_quick() -> None:
    script = Script(complete=False).attach()
    script.begin(Download(loose(1), 5))
    assert said(script)["T1-DL-06"].verdict is Verdict.INCONCLUSIVE
