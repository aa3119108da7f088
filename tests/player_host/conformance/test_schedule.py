"""A schedule is data: it survives being written and read, and what is no schedule is refused."""

import json

import pytest
from conformance_scripts import loose
from hypothesis import given
from hypothesis import strategies as st

from partner_api.calls import CompareContainerListPrices, GetContentPartnerInfo
from partner_api.hresult import HRESULT
from player_host.conformance.offers import Offer
from player_host.conformance.scenarios import scenarios
from player_host.conformance.schedule import (
    AnswersFail,
    Ask,
    AskForWords,
    Attach,
    AwaitAnswers,
    Complete,
    CompleteAll,
    Detach,
    Event,
    Kill,
    LicensesFail,
    Needs,
    Pause,
    Request,
    Schedule,
    StoreIs,
    Together,
    schedule_from_text,
    schedule_to_text,
    without,
)
from player_host.errors import UsageError

cookies = st.integers(0, 2**32 - 1)
codes = st.integers(0, 2**32 - 1).map(HRESULT)
lists = st.lists(st.integers(0, 2**32 - 2), max_size=5).map(lambda tracks: loose(*tracks))
flat: st.SearchStrategy[Event] = st.one_of(
    st.sampled_from([Attach(), Detach(), Kill(), AskForWords()]),
    st.builds(Request, cookies, st.none() | lists),
    st.builds(AwaitAnswers, cookies),
    st.builds(Complete, cookies, cookies, codes),
    st.builds(CompleteAll, cookies, codes, st.booleans(), st.floats(0, 600)),
    st.builds(LicensesFail, st.none() | codes),
    st.builds(AnswersFail, st.none() | codes),
    st.builds(StoreIs, st.text(max_size=5)),
    st.builds(Pause, st.floats(0, 600)),
    st.builds(Ask, st.builds(GetContentPartnerInfo, st.text(max_size=9))),
    st.builds(Ask, st.builds(CompareContainerListPrices, lists, lists)),
)
events = flat | st.lists(flat, max_size=3).map(lambda several: Together(tuple(several)))
schedules = st.builds(
    Schedule,
    st.text(max_size=20),
    st.lists(events).map(tuple),
    st.text(max_size=9),
    st.builds(Needs, st.booleans(), st.booleans()),
    st.lists(cookies, max_size=4).map(tuple),
)
OFFER = Offer(
    (1, 2, 3, 4), (900,), {7: (1, 2)}, {3: (2, 900)}, signed_out={"a": ""}, store_setting="u"
)


@given(schedules)
def test_a_schedule_is_read_back_as_it_was_written(schedule: Schedule) -> None:
    assert schedule_from_text(schedule_to_text(schedule), where="here") == schedule


@pytest.mark.parametrize("scenario", scenarios(OFFER), ids=lambda scenario: scenario.name)
def test_every_scenario_can_be_written_down(scenario) -> None:
    text = schedule_to_text(scenario.schedule)
    assert schedule_from_text(text, where="here") == scenario.schedule


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["event", "cookie", "hr", "events", "format", "version"]), inner
            )
        ),
    )
)
def test_what_is_no_schedule_is_refused_with_its_place(document: object) -> None:
    head = {"format": "content-partner schedule", "version": 1, "name": "x", "why": ""}
    for text in (json.dumps(document), json.dumps(head | {"events": [document]})):
        with pytest.raises(UsageError) as caught:
            schedule_from_text(text, where="a.json")
        assert "a.json" in caught.value.where


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"event": "Nonsense"}, "Nonsense"),
        ({"event": "Request", "cookie": -1, "items": None}, "32-bit"),
        ({"event": "Pause", "seconds": 1e9}, "600"),
        ({"event": "Complete", "cookie": 1, "track_id": "2", "hr": "0x00000000"}, "int"),
        ({"event": "Ask", "call": "DownloadTrack", "arguments": {}}, "event 1"),
    ],
)
def test_an_event_that_is_wrong_is_named(event, words) -> None:
    document = {"format": "content-partner schedule", "version": 1, "events": [event]}
    with pytest.raises(UsageError) as caught:
        schedule_from_text(json.dumps(document), where="a.json")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("needs", []),
        ("needs", {"money": True}),
        ("needs", {"store": 1}),
        ("refused", {}),
        ("refused", ["1"]),
        ("refused", [-1]),
    ],
)
def test_circumstances_that_are_wrong_are_named(key: str, value: object) -> None:
    document = {"format": "content-partner schedule", "version": 1, "events": [], key: value}
    with pytest.raises(UsageError) as caught:
        schedule_from_text(json.dumps(document), where="a.json")
    assert caught.value.where == f"a.json: {key}"


def test_a_later_version_is_refused() -> None:
    with pytest.raises(UsageError, match="version 2"):
        schedule_from_text('{"format":"content-partner schedule","version":2}', where="a.json")


@given(schedules, st.data())
def test_leaving_out_leaves_the_rest_in_order(schedule: Schedule, data: st.DataObject) -> None:
    count = len(schedule.events)
    gone = data.draw(st.sets(st.integers(0, count - 1))) if count else set()
    kept = [event for place, event in enumerate(schedule.events) if place not in gone]
    assert list(without(schedule, gone).events) == kept
