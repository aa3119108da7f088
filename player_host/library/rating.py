"""The scale of user ratings: 0 to 99 as stored, none to five stars as shown (LIB-18)."""

from typing import Final

from partner_api.hresult import E_INVALIDARG
from player_host.errors import UsageError

MAX_RATING: Final = 99
RATING_OF_STARS: Final = (0, 1, 25, 50, 75, 99)

# The lowest rating that reads as one, two, three, four and five stars.
_LOWEST: Final = (1, 13, 38, 63, 87)


def stars_of_rating(rating: int) -> int:
    """Return the stars that a rating reads as; 0 is unrated.

    Raises:
        UsageError: the rating is not within 0 and 99 (`E_INVALIDARG`).
    """
    if not 0 <= rating <= MAX_RATING:
        raise UsageError(
            f"{rating} is no user rating",
            remedy=f"Use 0 for unrated, or 1 to {MAX_RATING}",
            hr=E_INVALIDARG,
        )
    return sum(rating >= lowest for lowest in _LOWEST)


def rating_of_stars(stars: int) -> int:
    """Return the rating to store for a number of stars.

    Raises:
        UsageError: the number is not within 0 and 5 (`E_INVALIDARG`).
    """
    if not 0 <= stars < len(RATING_OF_STARS):
        raise UsageError(f"{stars} is no number of stars", remedy="Use 0 to 5", hr=E_INVALIDARG)
    return RATING_OF_STARS[stars]
