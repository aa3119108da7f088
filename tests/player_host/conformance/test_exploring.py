"""What is drawn: walks that one process can serve, the same ones for the same seed."""

import pytest

from player_host.conformance.exploring import ROUNDS, explore
from player_host.conformance.offers import Offer
from player_host.conformance.schedule import (
    AnswersFail,
    Attach,
    AwaitAnswers,
    CompleteAll,
    Detach,
    Event,
    LicensesFail,
    Request,
    StoreIs,
    schedule_from_text,
    schedule_to_text,
)

OFFER = Offer((1, 2, 3), (900,), {7: (1, 2)}, {3: (2, 900)}, store_setting="url")


@pytest.fixture(scope="module")
def drawn() -> list[tuple[Event, ...]]:
    return [walk.events for walk in explore(OFFER, 30, 0)]


def kinds(events: tuple[Event, ...], *wanted: type[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, wanted)]


def test_the_same_seed_draws_the_same_walks_and_another_one_others() -> None:
    assert explore(OFFER, 3, 7) == explore(OFFER, 3, 7)
    assert [one.events for one in explore(OFFER, 3, 7)] != [
        one.events for one in explore(OFFER, 3, 8)
    ]
    assert [one.name for one in explore(OFFER, 2, 7)] == ["explored 7.1", "explored 7.2"]


@pytest.mark.parametrize(("setting", "stands"), [("url", True), ("", False)])
def test_the_kit_stands_in_the_way_to_the_store_where_it_may(setting: str, stands: bool) -> None:
    walks_of_offer = explore(Offer((1,), store_setting=setting), 5, 0)
    assert {one.needs.store for one in walks_of_offer} == {stands}
    broken_down = [event for one in walks_of_offer for event in kinds(one.events, StoreIs)]
    assert stands or not broken_down


def test_a_walk_begins_with_a_start_and_ends_with_a_sound_end(drawn) -> None:
    for events in drawn:
        assert isinstance(events[0], Attach)
        assert isinstance(events[-1], Detach)


def test_no_cookie_of_a_walk_is_used_twice(drawn) -> None:
    for events in drawn:
        cookies = [event.cookie for event in kinds(events, Request)]
        assert len(cookies) == len(set(cookies)) <= 3 * ROUNDS


def test_every_download_of_a_walk_is_awaited_and_completed_after_its_request(drawn) -> None:
    for events in drawn:
        for place, event in enumerate(events):
            if isinstance(event, Request):
                rest = events[place:]
                assert any(one.cookie == event.cookie for one in kinds(rest, AwaitAnswers))
                assert any(one.cookie == event.cookie for one in kinds(rest, CompleteAll))


def test_nothing_is_refused_any_more_when_a_round_ends(drawn) -> None:
    for events in drawn:
        for kind in (AnswersFail, LicensesFail):
            codes = [event.hr for event in kinds(events, kind)]
            assert codes[1::2] == [None] * (len(codes) // 2)
            assert None not in codes[::2]


@pytest.mark.parametrize("number", [0, 1, 2**31])
def test_a_walk_can_be_written_down(number: int) -> None:
    (walk,) = explore(OFFER, 1, number)
    assert schedule_from_text(schedule_to_text(walk), where="here") == walk
