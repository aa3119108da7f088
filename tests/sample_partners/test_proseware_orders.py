"""Orders of every shape: each track once, licence first, nothing after the end."""

import logging
import threading
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partner_api import (
    E_FAIL,
    S_OK,
    ContentContainer,
    ContentContainerList,
    ContentItem,
    PartnerContext,
    Secret,
    TransactionType,
)
from sample_partners.proseware import Proseware
from sample_partners.proseware.accounts import ACCOUNTS, Grant, account_of, decide
from sample_partners.proseware.failures import DESCRIPTIONS, failure_of
from sample_partners.proseware.orders import Order, cookie_of, params_of
from sample_partners.proseware.repertoire import repertoire
from sample_partners.proseware.store_client import TRACKS_PER_REQUEST

CATALOG = repertoire()
track_ids = st.sampled_from([track.id for track in CATALOG.tracks] + [0, 99, 0xFFFFFFFF])
cookies = st.integers(0, 0xFFFFFFFF)


@given(cookie=cookies)
def test_params_give_their_cookie_back(cookie):
    assert cookie_of(params_of(cookie)) == cookie


@given(st.none() | st.text())
def test_foreign_params_give_a_number_or_nothing(params):
    cookie = cookie_of(params)

    assert cookie is None or params == f"order={params[6:]}"


@given(st.lists(cookies, unique=True, max_size=700))
def test_batches_hold_every_track_once_and_are_never_too_large(ids):
    batches = list(Order(0, tuple(ids)).batches())

    assert [track_id for batch in batches for track_id in batch] == ids
    assert all(0 < len(batch) <= TRACKS_PER_REQUEST for batch in batches)


@pytest.mark.parametrize("reason", ["", "something-new", "not-owned"])
def test_every_reason_has_a_code_with_words(reason):
    assert failure_of(reason).failed
    assert DESCRIPTIONS[failure_of(reason)]


def test_no_two_codes_share_their_words():
    assert len(set(DESCRIPTIONS.values())) == len(DESCRIPTIONS)


@pytest.mark.requirement("T1-DL-07", "T1-DL-09", "T1-DL-10", "T1-DL-17", "T1-DL-39", "T1-DL-40")
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    containers=st.lists(st.lists(track_ids, max_size=12), min_size=1, max_size=4), cookie=cookies
)
def test_whatever_is_ordered_is_answered_as_the_store_decides(
    store, player_class, tmp_path, containers, cookie
):
    player = player_class()
    loose = [ContentContainer.loose(map(ContentItem, ids)) for ids in containers]
    ordered = {track_id for ids in containers for track_id in ids}

    partner = started(store.url, player, tmp_path)
    result = partner.Download(ContentContainerList(TransactionType.DOWNLOAD, loose), cookie)
    answers = player.wait_for(len(ordered))
    partner.SetCallback(None)

    assert result == S_OK
    assert sorted(call[2] for call in player.named("DownloadTrack")) == sorted(ordered)
    assert {call[0] for call in player.named("DownloadTrack")} <= {cookie}
    assert {track for track, (_, hr) in answers.items() if hr.succeeded} == owned(ordered)
    assert {granted.content_id for (granted,) in player.named("Predeliver")} == owned(ordered)


@pytest.mark.requirement("T1-LIFE-04")
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(after=st.integers(0, 12))
def test_whenever_the_callback_is_released_it_is_called_no_more(
    store, player_class, tmp_path, after
):
    player = player_class()
    partner = started(store.url, player, tmp_path)
    album = ContentContainer.loose(ContentItem(track_id) for track_id in range(701, 713))
    partner.Download(ContentContainerList(TransactionType.DOWNLOAD, [album]), 1)
    player.wait_for(after)
    partner.SetCallback(None)
    calls = list(player.calls)

    assert not [thread for thread in threading.enumerate() if thread.name == "proseware-orders"]
    assert player.calls == calls
    answered = [call[2] for call in player.named("DownloadTrack")]
    assert answered == list(range(701, 701 + len(answered)))


@pytest.mark.requirement("T1-DL-55")
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(refused=st.sets(st.integers(701, 712)))
def test_whatever_the_player_refuses_is_not_offered_again(store, player_class, tmp_path, refused):
    player = player_class()
    player.answers = dict.fromkeys(refused, E_FAIL)
    partner = started(store.url, player, tmp_path)
    album = ContentContainer.loose(ContentItem(track_id) for track_id in range(701, 713))
    partner.Download(ContentContainerList(TransactionType.DOWNLOAD, [album]), 1)
    player.wait_for(12)
    partner.SetCallback(None)

    assert [call[2] for call in player.named("DownloadTrack")] == list(range(701, 713))
    assert partner.outcomes == {}


def started(url, player, folder):
    chosen = Proseware.Settings(url, "demo", Secret("demo"))
    partner = Proseware(PartnerContext(chosen, player, folder, logging.getLogger("proseware-test")))
    partner.SetCallback(player)
    return partner


def owned(ids: set[int]) -> set[int]:
    """Return what the account `demo` may have, decided without server and plug-in."""
    account = account_of(ACCOUNTS, "demo", "demo")
    now = datetime.now(UTC)
    return {n for n in ids if isinstance(decide(CATALOG, account, n, now), Grant)}
