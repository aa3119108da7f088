"""The scale of user ratings."""

import pytest

from partner_api.hresult import E_INVALIDARG
from player_host.errors import UsageError
from player_host.library.rating import rating_of_stars, stars_of_rating

DOCUMENTED = [(0, 0), (1, 12), (13, 37), (38, 62), (63, 86), (87, 99)]


@pytest.mark.requirement("LIB-18")
@pytest.mark.parametrize(("stars", "bounds"), list(enumerate(DOCUMENTED)))
def test_every_rating_of_a_range_reads_as_its_stars(stars, bounds):
    lowest, highest = bounds

    assert {stars_of_rating(rating) for rating in range(lowest, highest + 1)} == {stars}


@pytest.mark.requirement("LIB-18")
@pytest.mark.parametrize("stars", range(6))
def test_what_is_written_reads_as_the_same_stars(stars):
    assert stars_of_rating(rating_of_stars(stars)) == stars


@pytest.mark.parametrize("rating", [-1, 100])
def test_a_rating_outside_the_scale_is_an_invalid_argument(rating):
    with pytest.raises(UsageError) as caught:
        stars_of_rating(rating)

    assert caught.value.hr == E_INVALIDARG


@pytest.mark.parametrize("stars", [-1, 6])
def test_there_are_no_more_than_five_stars(stars):
    with pytest.raises(UsageError) as caught:
        rating_of_stars(stars)

    assert caught.value.hr == E_INVALIDARG
