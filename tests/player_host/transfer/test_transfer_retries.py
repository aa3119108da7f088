"""How often a transfer is attempted, and how long it waits in between."""

from random import Random

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from partner_api.hresult import HRESULT
from player_host.transfer import TRACK_POLICY, faults
from player_host.transfer.policy import COUNTED_PROGRESS
from player_host.transfer.retries import Retries
from player_host.units import Seconds

POLICY = evolve(TRACK_POLICY, attempts=4, backoff=Seconds(1), longest_backoff=Seconds(10))
LOST = faults.CONNECTION_LOST.hr
MISMATCH = faults.DIGEST_MISMATCH.hr


def retries(jitter=lambda: 1.0, kept=0):
    return Retries(POLICY, jitter, kept)


def test_failures_in_a_row_are_counted_up_to_the_policys_number():
    counted = retries()
    assert [counted.is_final(LOST, 0) for _ in range(4)] == [False, False, False, True]


def test_progress_beyond_the_best_begins_the_count_anew():
    counted = retries(kept=1000)
    kept = [1000, 1000, 1000 + COUNTED_PROGRESS, 0, 0, COUNTED_PROGRESS]
    assert [counted.is_final(LOST, each) for each in kept] == [False] * 5 + [True]


@pytest.mark.parametrize("hr", [HRESULT(0x80190194), faults.NOT_MEDIA.hr, faults.CERTIFICATE.hr])
def test_a_final_error_is_final_at_once(hr):
    assert retries().is_final(hr, 0)


def test_a_limit_of_its_own_is_not_reset_by_progress_and_counts_apart():
    counted = retries()
    assert [counted.is_final(LOST, 0) for _ in range(3)] == [False] * 3
    assert not counted.is_final(MISMATCH, 0)
    assert counted.is_final(MISMATCH, 100 * COUNTED_PROGRESS)


@given(st.integers(), st.integers(1, 60))
def test_a_wait_is_drawn_from_nothing_up_to_a_bound_that_doubles(seed, failures):
    counted, random = Retries(POLICY, Random(seed).random, 0), Random(seed)
    for _ in range(failures):
        counted.is_final(LOST, 0)
    assert counted.wait(0) == random.random() * min(2 ** (failures - 1), 10)


@given(st.floats(0, 1), st.floats(0, 1e9))
def test_a_server_that_asks_for_patience_gets_it_within_the_bound(drawn, asked):
    counted = retries(lambda: drawn)
    counted.is_final(LOST, 0)
    assert counted.wait(asked) == min(max(drawn, asked), 10)
