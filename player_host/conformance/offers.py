"""What a partner has on offer, as far as scenarios need it: from its catalogue or a fixture file.

`conformance.toml` has a table for each partner:

    [proseware]
    tracks = [701, 702]             # that this account may download
    refused = [301]                 # that are not to be downloaded
    albums = { 7 = [701, 702] }
    lists = { 3 = [701, 301] }
    [proseware.signed_out]          # settings with which nobody is signed in
    account = ""
    [proseware.store]
    setting = "store_url"           # the kit stands in the way to this URL
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from player_host.errors import UsageError
from player_host.toml_text import load_toml
from player_host.units import ByteCount

MAX_IDS: Final = 100_000
MAX_FILE_BYTES: Final = ByteCount(16 * 1024 * 1024)
NO_TRACK: Final = 0xFFFF_FFFE
_MOST_DIGITS: Final = 10
_KEYS: Final = frozenset({"tracks", "refused", "albums", "lists", "signed_out", "store", "unknown"})


@frozen
class Offer:
    """What scenarios ask for.

    Attributes:
        tracks: that the account may download.
        refused: that are not to be downloaded.
        albums: with their tracks.
        lists: with their tracks.
        unknown: the ID of a track that the store does not have.
        signed_out: settings with which nobody is signed in; empty where that cannot be had.
        store_setting: the setting that holds the store's URL; "" where the kit may not know it.
        source: where this comes from, for the reader.
    """

    tracks: tuple[int, ...]
    refused: tuple[int, ...] = ()
    albums: Mapping[int, tuple[int, ...]] = field(factory=dict)
    lists: Mapping[int, tuple[int, ...]] = field(factory=dict)
    unknown: int = NO_TRACK
    signed_out: Mapping[str, Any] = field(factory=dict, repr=False)
    store_setting: str = ""
    source: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to ask for."""
        return not (self.tracks or self.refused)


def read_offers(path: Path) -> Mapping[str, Offer]:
    """Return what a fixture file says, by partner.

    Raises:
        UsageError: the file is not there, cannot be read or is no TOML, or a key in it is wrong;
            `where` names it.
    """
    tables = load_toml(path, limit=MAX_FILE_BYTES)
    return {name: _offer(table, f"{path}: {name}") for name, table in tables.items()}


def _offer(table: object, where: str) -> Offer:
    if not isinstance(table, dict):
        raise UsageError("a table was expected", where=where)
    for key in table.keys() - _KEYS:
        keys = ", ".join(sorted(_KEYS))
        raise UsageError(f"no key {key!r} is known here; there are {keys}", where=where)
    store = table.get("store", {})
    if not isinstance(store, dict) or not isinstance(store.get("setting", ""), str):
        raise UsageError("setting: the name of a setting was expected", where=f"{where}.store")
    signed_out = table.get("signed_out", {})
    if not isinstance(signed_out, dict):
        raise UsageError("a table of settings was expected", where=f"{where}.signed_out")
    offer = Offer(
        tracks=_ids(table.get("tracks", []), f"{where}.tracks"),
        refused=_ids(table.get("refused", []), f"{where}.refused"),
        albums=_groups(table.get("albums", {}), f"{where}.albums"),
        lists=_groups(table.get("lists", {}), f"{where}.lists"),
        unknown=_ids([table.get("unknown", NO_TRACK)], f"{where}.unknown")[0],
        signed_out=signed_out,
        store_setting=store.get("setting", ""),
        source=where,
    )
    both = set(offer.tracks) & set(offer.refused)
    if both:
        raise UsageError(f"track {min(both)} is both in tracks and in refused", where=where)
    return offer


def _groups(value: object, where: str) -> Mapping[int, tuple[int, ...]]:
    if not isinstance(value, dict):
        raise UsageError("a table from IDs to lists of tracks was expected", where=where)
    groups = {}
    for key, tracks in value.items():
        if not key.isascii() or not key.isdecimal() or len(key) > _MOST_DIGITS:
            raise UsageError(f"the ID of an album or list was expected, not {key!r}", where=where)
        groups[_ids([int(key)], where)[0]] = _ids(tracks, f"{where}.{key}")
    return groups


def _ids(value: object, where: str) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > MAX_IDS:
        raise UsageError("a list of track IDs was expected", where=where)
    for one in value:
        if type(one) is not int or not 0 <= one < 0xFFFF_FFFF:
            raise UsageError(f"an ID from 0 to 4294967294 was expected, not {one!r}", where=where)
    return tuple(value)
