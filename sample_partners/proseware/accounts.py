"""Who may download what: the accounts of the store and its decision on each track.

A decision is either a grant, from which the licence is written, or a refusal with a reason;
the plug-in turns the reason into a failure code (`failures`).
"""

import hmac
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import frozen

from sample_partners.proseware.catalog import Catalog, Track

SUBSCRIPTION_PERIOD = timedelta(days=30)


class Refusal(StrEnum):
    """Why a track is not granted; the value is what the store's answer says."""

    NOT_LOGGED_IN = "not-logged-in"
    NOT_OWNED = "not-owned"
    ALBUM_ONLY = "album-only"
    NOT_DOWNLOADABLE = "not-downloadable"
    UNKNOWN_TRACK = "unknown-track"


@frozen
class Grant:
    """A track that the account may have: what it may do with it, and until when."""

    track: Track
    rights: tuple[str, ...]
    expires: datetime | None


@frozen
class Account:
    """One customer. A subscriber may also have `rented` albums, for a period at a time."""

    name: str
    password: str
    owned_albums: frozenset[int] = frozenset()
    rented_albums: frozenset[int] = frozenset()
    owned_tracks: frozenset[int] = frozenset()
    owns_everything: bool = False

    def owns(self, track: Track) -> bool:
        """Return whether the account bought the track, alone or with its album."""
        if self.owns_everything or track.album_id in self.owned_albums:
            return True
        return track.id in self.owned_tracks


ALBUMS_SOLD_WHOLE = frozenset({6})

ACCOUNTS = (
    Account(
        "demo",
        "demo",
        owned_albums=frozenset({1, 2, 4, 5, 7, 9}),
        rented_albums=frozenset({3}),
    ),
    Account("guest", "guest", owned_tracks=frozenset({701, 801})),
)

ACCOUNTS_OF_LOAD = tuple(
    Account(account.name, account.password, owns_everything=True) for account in ACCOUNTS
)


def account_of(accounts: tuple[Account, ...], name: str, password: str) -> Account | None:
    """Return the account with this name and password, or None."""
    for account in accounts:
        if account.name == name and _equal(account.password, password):
            return account
    return None


def decide(catalog: Catalog, account: Account, track_id: int, now: datetime) -> Grant | Refusal:
    """Return what the store says when the account asks for a track.

    Args:
        catalog: what the store sells.
        account: who asks.
        track_id: what is asked for; any number.
        now: aware, from which a rental's period counts.
    """
    track = catalog.track_by_id.get(track_id)
    if track is None:
        return Refusal.UNKNOWN_TRACK
    if not track.can_download:
        return Refusal.NOT_DOWNLOADABLE
    if account.owns(track):
        return Grant(track, ("play", "burn", "sync"), None)
    if track.album_id in account.rented_albums:
        return Grant(track, ("play", "sync"), now + SUBSCRIPTION_PERIOD)
    return Refusal.ALBUM_ONLY if track.album_id in ALBUMS_SOLD_WHOLE else Refusal.NOT_OWNED


def _equal(left: str, right: str) -> bool:
    # JSON may bring half a surrogate pair, which UTF-8 alone refuses.
    pair = (text.encode("utf-8", "surrogatepass") for text in (left, right))
    return hmac.compare_digest(*pair)
