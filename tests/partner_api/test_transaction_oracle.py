"""Random conversations, judged step by step against the oracle."""

from random import Random
from typing import Final

import pytest
from attrs import field, frozen
from download_oracle import DownloadOracle, Fact, Kind, Prediction, kind_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partner_api.calls import DownloadTrack
from partner_api.hresult import (
    E_ABORT,
    E_FAIL,
    E_INVALIDARG,
    HRESULT,
    RPC_E_SERVER_DIED,
    S_FALSE,
    S_OK,
)
from partner_api.transaction import (
    Action,
    DownloadSession,
    DownloadTransaction,
    Party,
    TrackEvent,
    TrackState,
    TransactionState,
    Verdict,
    classify_answer,
)

LICENSE_CODE: Final = HRESULT.named("NS_E_WMP_DRM_LICENSE_NOTACQUIRED")
TOO_LONG: Final = "x" * (512 * 1024 + 1)
COOKIES: Final = (0, 1, 0xFFFF_FFFF)
NEVER_DRAWN: Final = 77
TRACKS: Final = (1, 2, 3)
FOREIGN: Final = 9

ACTS: Final = {
    Fact.TRANSFER_ENDED: TrackEvent.TRANSFER_ENDED,
    Fact.COMPLETION_CALLED: TrackEvent.COMPLETION_CALLED,
    Fact.COMPLETION_RETURNED: TrackEvent.COMPLETION_RETURNED,
    Fact.COMPLETION_LOST: TrackEvent.COMPLETION_LOST,
    Fact.COMPLETION_NOT_MADE: TrackEvent.COMPLETION_NOT_MADE,
}
SCOPES: Final = {
    Fact.DEADLINE: TrackEvent.DEADLINE_PASSED,
    Fact.CANCELLED: TrackEvent.CANCELLED,
    Fact.REPLACED: TrackEvent.PARTNER_REPLACED,
}


# --- what may happen ---------------------------------------------------------------------------


@frozen
class Answer:
    call: DownloadTrack
    licensed: HRESULT


@frozen
class Act:
    """Something that happens to one track."""

    cookie: int
    track_id: int
    fact: Fact
    hr: HRESULT


@frozen
class Scope:
    """Something that happens to a whole transaction."""

    cookie: int
    fact: Fact


@frozen
class Called:
    cookie: int


@frozen
class Returned:
    cookie: int
    hr: HRESULT


@frozen
class Disconnected:
    pass


Step = Answer | Act | Scope | Called | Returned | Disconnected

cookies = st.sampled_from(COOKIES)
results = st.sampled_from([S_OK, S_FALSE, HRESULT(0x7FFF_FFFF), E_FAIL, HRESULT(0x8000_0000)])
answers = st.builds(
    Answer,
    call=st.builds(
        DownloadTrack,
        cookie=st.sampled_from([*COOKIES * 4, NEVER_DRAWN]),
        url=st.sampled_from(["https://a/1", "HTTP://a", "http://", "ftp://a/1", "", None]),
        track_id=st.sampled_from([*TRACKS * 4, FOREIGN]),
        params=st.sampled_from([None, "", "p", "\ud800", TOO_LONG]),
        hr=results,
    ),
    licensed=st.sampled_from([S_OK, S_OK, S_FALSE, LICENSE_CODE]),
)
acts = st.builds(
    Act,
    cookies,
    st.sampled_from(TRACKS),
    st.sampled_from(list(ACTS)),
    st.sampled_from([S_OK, E_FAIL]),
)
lives = st.builds(
    lambda cookie, track_id, hr: [
        Answer(DownloadTrack(cookie, "https://a/1", track_id, None, S_OK), S_OK),
        *(Act(cookie, track_id, fact, hr) for fact in list(ACTS)[:3]),
    ],
    cookies,
    st.sampled_from(TRACKS),
    st.sampled_from([S_OK, E_FAIL]),
)
losses = st.builds(
    lambda cookie, track_id, ends: [
        *[Act(cookie, track_id, Fact.COMPLETION_CALLED, S_OK)] * 1,
        *[
            Act(cookie, track_id, fact, RPC_E_SERVER_DIED)
            for end in ends
            for fact in (end, Fact.COMPLETION_CALLED)
        ],
    ],
    cookies,
    st.sampled_from(TRACKS),
    st.lists(
        st.sampled_from([Fact.COMPLETION_LOST, Fact.COMPLETION_NOT_MADE]), min_size=1, max_size=6
    ),
)
scopes = st.builds(Scope, cookies, st.sampled_from(list(SCOPES)))
singles: st.SearchStrategy[Step] = st.one_of(
    answers,
    answers,
    answers,
    acts,
    acts,
    acts,
    scopes,
    st.builds(Called, cookies),
    st.builds(Returned, cookies, results),
)
bursts: st.SearchStrategy[list[Step]] = st.one_of(
    singles.map(lambda one: [one]), singles.map(lambda one: [one]), lives, losses
)
conversations = st.lists(bursts, max_size=40).map(lambda many: [one for b in many for one in b])
listings = st.fixed_dictionaries(
    {cookie: st.lists(st.sampled_from(TRACKS), max_size=5) for cookie in COOKIES}
)


# --- the machine beside the oracle -------------------------------------------------------------


@frozen
class Judge:
    """Steps machine and oracle together, and compares what they say."""

    lists: dict[int, list[int]]
    session: DownloadSession = field(factory=DownloadSession)
    oracle: DownloadOracle = field(factory=DownloadOracle)
    downloads: dict[int, DownloadTransaction] = field(factory=dict)

    def open(self) -> None:
        for cookie, listed in self.lists.items():
            occurrences = {track_id: listed.count(track_id) for track_id in listed}
            self.downloads[cookie] = DownloadTransaction(cookie, occurrences)
            self.session.open(self.downloads[cookie])
            self.oracle.opened(cookie, listed)

    def take(self, step: Step) -> None:
        match step:
            case Answer():
                self.answer(step)
            case Act():
                self.act(step)
            case Scope():
                self.scope(step)
            case Called(cookie):
                self.called(cookie)
            case Returned():
                self.returned(step)
            case Disconnected():
                self.session.disconnect()
                self.oracle.disconnected = True
        self.compare()

    def answer(self, step: Answer) -> None:
        call = step.call
        found = self.session.find(call)
        event = classify_answer(call, step.licensed)
        kind = kind_of(call.url, call.params, call.hr, step.licensed)
        outcome = {
            Kind.REFUSED: call.hr,
            Kind.UNLICENSED: step.licensed,
            Kind.GRANTED: S_OK,
        }.get(kind, E_INVALIDARG)
        expected = (
            self.oracle.answered(call.cookie, call.track_id, kind, outcome)
            if call.cookie in self.lists or self.oracle.disconnected
            else Prediction(E_INVALIDARG, broken=True)
        )
        verdict = (
            found if isinstance(found, Verdict) else found.answered(call.track_id, event, outcome)
        )
        assert predicted(verdict) == expected
        assert verdict.violation is None or verdict.violation.fault is Party.PARTNER

    def act(self, step: Act) -> None:
        if step.track_id not in self.lists[step.cookie]:
            return
        legal = self.legal(step)
        verdict = self.downloads[step.cookie].happened(step.track_id, ACTS[step.fact], step.hr)
        if legal:
            self.oracle.note(step.cookie, step.fact, step.track_id, step.hr)
        assert verdict.answer is None
        assert (verdict.violation is None) == legal
        assert legal or verdict.violation.fault is Party.PLAYER  # type: ignore[union-attr]
        owed = step.fact in {
            Fact.TRANSFER_ENDED,
            Fact.COMPLETION_LOST,
            Fact.COMPLETION_NOT_MADE,
        } and self.oracle.may_complete(step.cookie, step.track_id)
        assert verdict.action is (Action.COMPLETE if legal and owed else Action.NOTHING)

    def legal(self, step: Act) -> bool:
        rule = {
            Fact.TRANSFER_ENDED: self.oracle.transferring,
            Fact.COMPLETION_CALLED: self.oracle.may_complete,
            Fact.COMPLETION_RETURNED: self.oracle.in_completion,
            Fact.COMPLETION_LOST: self.oracle.in_completion,
            Fact.COMPLETION_NOT_MADE: self.oracle.in_completion,
        }[step.fact]
        return rule(step.cookie, step.track_id)

    def scope(self, step: Scope) -> None:
        listed = dict.fromkeys(self.lists[step.cookie])
        given_up = {t for t in listed if self.oracle.unanswered(step.cookie, t)}
        stopped = {
            t
            for t in listed
            if step.fact is Fact.CANCELLED and self.oracle.transferring(step.cookie, t)
        }
        steps = self.downloads[step.cookie].for_every_track(SCOPES[step.fact], E_ABORT)
        self.oracle.note(step.cookie, step.fact, hr=E_ABORT)
        assert {track_id for track_id, _ in steps} == given_up | stopped
        for track_id, verdict in steps:
            assert verdict.action is (
                Action.STOP_TRANSFER if track_id in stopped else Action.NOTHING
            )
            late = step.fact is Fact.DEADLINE
            assert (verdict.violation is not None) == late
            assert not late or verdict.violation.fault is Party.PARTNER  # type: ignore[union-attr]

    def called(self, cookie: int) -> None:
        legal = not self.oracle.happened(cookie, Fact.CALLED)
        verdict = self.downloads[cookie].download_called()
        if legal:
            self.oracle.note(cookie, Fact.CALLED)
        assert blames_the_player(verdict) == (not legal)

    def returned(self, step: Returned) -> None:
        announced = self.oracle.happened(step.cookie, Fact.CALLED)
        legal = announced and not self.oracle.returned(step.cookie)
        verdict = self.downloads[step.cookie].download_returned(step.hr)
        if legal:
            fact = Fact.RETURNED_FAILURE if step.hr >= 0x8000_0000 else Fact.RETURNED_SUCCESS
            self.oracle.note(step.cookie, fact, hr=step.hr)
        assert blames_the_player(verdict) == (not legal)

    def expected_state(self, cookie: int) -> TransactionState:
        if not self.oracle.happened(cookie, Fact.CALLED):
            return TransactionState.DRAWN
        if not self.oracle.returned(cookie):
            return TransactionState.CALLED
        if self.oracle.ended(cookie):
            return TransactionState.ENDED
        failed = self.oracle.happened(cookie, Fact.RETURNED_FAILURE)
        return TransactionState.VOID if failed else TransactionState.OPEN

    def compare(self) -> None:
        for cookie, download in self.downloads.items():
            assert download.state is self.expected_state(cookie)
            for track in download:
                key = (cookie, track.track_id)
                assert track.state.settled == self.oracle.settled(*key)
                assert (track.state is TrackState.UNANSWERED) == self.oracle.unanswered(*key)
                assert (track.state is TrackState.ACCEPTED) == self.oracle.transferring(*key)
                assert (track.state is TrackState.FINISHED) == self.oracle.may_complete(*key)
                assert (track.state is TrackState.COMPLETING) == self.oracle.in_completion(*key)
                assert track.hr == self.oracle.outcome(*key)
            assert download.unsettled == sum(not track.state.settled for track in download)


def predicted(verdict: Verdict) -> Prediction:
    assert verdict.answer is not None
    assert verdict.action in {Action.NOTHING, Action.TRANSFER, Action.COMPLETE}
    return Prediction(
        verdict.answer,
        transfer=verdict.action is Action.TRANSFER,
        completion=verdict.action is Action.COMPLETE,
        broken=verdict.violation is not None,
    )


def blames_the_player(verdict: Verdict) -> bool:
    assert (verdict.answer, verdict.action) == (None, Action.NOTHING)
    return verdict.violation is not None and verdict.violation.fault is Party.PLAYER


def judge(lists: dict[int, list[int]], conversation: list[Step]) -> Judge:
    judge_ = Judge(lists)
    judge_.open()
    judge_.compare()
    for step in conversation:
        judge_.take(step)
    return judge_


@frozen
class Storyteller:
    """Makes a long conversation up, most of it in order, so that every state comes up often."""

    random: Random
    judge: Judge

    def next(self) -> Step:
        if self.random.random() < 0.06:
            return self.disturbance()
        if self.random.random() < 0.45:
            return self.answer()
        return self.act()

    def answer(self) -> Answer:
        pick = self.random.choice
        call = DownloadTrack(
            pick([*COOKIES * 9, NEVER_DRAWN]),
            pick([*["https://a/1"] * 6, "HTTP://a", "http://", "ftp://a/1", "", None]),
            pick([*TRACKS * 9, FOREIGN]),
            pick([*[None, "", "p", "\ud800"] * 3, TOO_LONG]),
            pick([*[S_OK, S_FALSE, HRESULT(0x7FFF_FFFF)] * 3, E_FAIL, HRESULT(0x8000_0000)]),
        )
        return Answer(call, pick([S_OK, S_OK, S_OK, S_FALSE, LICENSE_CODE]))

    def act(self) -> Act:
        every = [
            Act(cookie, track_id, fact, self.random.choice([S_OK, E_FAIL]))
            for cookie, listed in self.judge.lists.items()
            for track_id in listed
            for fact in ACTS
        ]
        in_order = [act for act in every if self.judge.legal(act)]
        out_of_order = not in_order or self.random.random() < 0.3
        return self.random.choice(every if out_of_order else in_order)

    def disturbance(self) -> Step:
        cookie = self.random.choice(COOKIES)
        results = [S_OK, S_FALSE, E_FAIL]
        steps: list[Step] = [Scope(cookie, fact) for fact in SCOPES]
        steps += [Called(cookie), *[Returned(cookie, self.random.choice(results))] * 2]
        return self.random.choice(steps)


many = settings(
    max_examples=600,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


SEEDS = 12
CONVERSATIONS_PER_SEED = 12


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.requirement("T1-DL-19", "T1-DL-30", "T1-DL-35", "T1-DL-39", "T1-DL-42", "T1-DL-43")
@pytest.mark.requirement("T1-DL-44", "T1-DL-53")
def test_a_long_conversation_goes_as_the_oracle_says(seed: int) -> None:
    random = Random(seed)
    for _ in range(CONVERSATIONS_PER_SEED):
        lists = {cookie: [random.choice(TRACKS) for _ in range(4)] for cookie in COOKIES}
        judge_ = judge(lists, [Called(cookie) for cookie in COOKIES[random.randint(0, 1) :]])
        storyteller = Storyteller(random, judge_)
        for _ in range(120):
            judge_.take(storyteller.next())


@many
@given(lists=listings, conversation=conversations)
@pytest.mark.requirement(
    "T1-DL-14", "T1-DL-15", "T1-DL-16", "T1-DL-19", "T1-DL-28", "T1-DL-30", "T1-DL-34"
)
@pytest.mark.requirement("T1-DL-36", "T1-DL-37", "T1-DL-38", "T1-DL-39", "T1-DL-41", "T1-DL-42")
@pytest.mark.requirement("T1-DL-43", "T1-DL-44", "T1-DL-46", "T1-DL-48")
def test_several_downloads_at_once_go_as_the_oracle_says(
    lists: dict[int, list[int]], conversation: list[Step]
) -> None:
    judge(lists, [*(Called(cookie) for cookie in COOKIES), *conversation])


@many
@given(lists=listings, conversation=conversations)
@pytest.mark.requirement("T1-DL-35", "T1-DL-36")
def test_downloads_that_were_not_called_yet_go_as_the_oracle_says(
    lists: dict[int, list[int]], conversation: list[Step]
) -> None:
    judge(lists, conversation)


@many
@given(lists=st.lists(st.sampled_from((1, 2)), max_size=4), data=st.data())
@pytest.mark.requirement("T1-DL-28", "T1-DL-35", "T1-DL-42", "T1-DL-53")
def test_one_small_download_goes_as_the_oracle_says(lists: list[int], data: st.DataObject) -> None:
    """One transaction of at most two tracks: short enough for every path to come up."""
    conversation = data.draw(conversations)
    judge({0: lists}, [Called(0), *(narrowed(step) for step in conversation)])


def narrowed(step: Step) -> Step:
    match step:
        case Answer(call, licensed):
            track_id = 1 + call.track_id % 2
            return Answer(DownloadTrack(0, call.url, track_id, call.params, call.hr), licensed)
        case Act(_, track_id, fact, hr):
            return Act(0, 1 + track_id % 2, fact, hr)
        case Scope(_, fact):
            return Scope(0, fact)
        case Called():
            return Called(0)
        case Returned(_, hr):
            return Returned(0, hr)
        case Disconnected():
            return step


@settings(max_examples=100, deadline=None, derandomize=True)
@given(lists=listings, conversation=conversations, afterwards=st.lists(answers, min_size=1))
@pytest.mark.requirement("T1-LIFE-04", "T1-LIFE-11")
def test_after_the_callback_was_taken_away_no_answer_has_an_effect(
    lists: dict[int, list[int]], conversation: list[Step], afterwards: list[Answer]
) -> None:
    judge_ = judge(lists, [*(Called(cookie) for cookie in COOKIES), *conversation, Disconnected()])
    before = [(t.state, t.answers, t.hr) for d in judge_.downloads.values() for t in d]
    for step in afterwards:
        judge_.take(step)
    assert [(t.state, t.answers, t.hr) for d in judge_.downloads.values() for t in d] == before
