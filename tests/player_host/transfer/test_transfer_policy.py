"""The two policies that come with the room keep within what can be meant."""

import pytest

from player_host.transfer import CATALOG_POLICY, TRACK_POLICY, FullResponse


@pytest.mark.parametrize("policy", [TRACK_POLICY, CATALOG_POLICY])
def test_a_policy_has_bounds_for_everything(policy):
    assert policy.attempts >= 1
    assert 0 <= policy.redirects <= 20
    assert 0 < policy.backoff <= policy.longest_backoff
    assert 0 < policy.connect_timeout <= policy.patience
    assert 0 < policy.read_timeout <= policy.patience
    assert policy.full_response is FullResponse.RESTART


def test_a_catalogue_is_smaller_than_a_track_may_be():
    assert 0 < CATALOG_POLICY.max_size < TRACK_POLICY.max_size
    assert CATALOG_POLICY.name != TRACK_POLICY.name
