"""From a list of the catalogue to the tracks that it stands for (T1-DL-52)."""

from collections.abc import Iterable

from player_host.catalog.queries import CatalogQueries
from player_host.catalog.rows import CatalogList
from player_host.errors import UsageError

MAX_EXAMINED = 1_000_000


def list_tracks(
    catalogs: CatalogQueries, partner: str, found: CatalogList, *, limit: int
) -> list[int]:
    """Return the IDs of a static list's tracks, by position.

    A list of tracks names each as often as its store does. Items of other kinds are expanded to
    their tracks, inner lists to their items; each track then comes once.

    Args:
        catalogs: the installed catalogues.
        partner: the partner's key.
        found: the list.
        limit: how many tracks there may be.

    Raises:
        UsageError: the items of the list, or of a list in it, are not known or cannot be
            downloaded; or there are too many tracks.
    """
    refuse_unknown_items(found)
    if found.item_type == "T":
        track_ids = list(catalogs.items(partner, found.id, limit=limit + 1))
        _check_count(len(track_ids), limit)
        return track_ids
    return _expanded(catalogs, partner, _leaves(catalogs, partner, found), limit)


def _leaves(
    catalogs: CatalogQueries, partner: str, outer: CatalogList
) -> dict[tuple[str, int], None]:
    """Return the items of a list and of the lists in it, each once, in order."""
    leaves: dict[tuple[str, int], None] = {}
    waiting = [outer.id]
    seen: set[int] = set()
    while waiting:
        list_id = waiting.pop()
        inner = None if list_id in seen else catalogs.catalog_list(partner, list_id)
        seen.add(list_id)
        if inner is None:
            continue
        refuse_unknown_items(inner)
        items = catalogs.items(partner, list_id)
        if inner.item_type == "L":
            waiting.extend(reversed(items))
        else:
            leaves.update(((inner.item_type, item_id), None) for item_id in items)
    return leaves


def _expanded(
    catalogs: CatalogQueries, partner: str, items: Iterable[tuple[str, int]], limit: int
) -> list[int]:
    tracks: dict[int, None] = {}
    examined = 0
    for item_type, item_id in items:
        found = catalogs.track_ids(partner, item_type, item_id, limit=limit + 1)
        tracks.update(dict.fromkeys(found))
        _check_count(len(tracks), limit)
        # Items that share their tracks cost a look at each all the same.
        examined += len(found)
        if examined > MAX_EXAMINED:
            raise too_large(f"lists that name at most {MAX_EXAMINED} tracks again and again")
    return list(tracks)


def _check_count(count: int, limit: int) -> None:
    if count > limit:
        raise too_large(f"at most {limit} tracks")


def refuse_unknown_items(found: CatalogList) -> None:
    """Refuse a list whose tracks the catalogue cannot name.

    Raises:
        UsageError: the list is dynamic or lists radio feeds.
    """
    where = f"list:{found.id}"
    if found.is_dynamic:
        raise UsageError(
            "the list is dynamic: its items are not in the catalogue",
            where=where,
            remedy="Name its albums or tracks",
        )
    if found.item_type == "R":
        raise UsageError(
            "the list names radio feeds, which cannot be downloaded",
            where=where,
            remedy="Name albums, tracks or other lists",
        )


def too_large(limit: str) -> UsageError:
    """Return the error for a request beyond a bound."""
    return UsageError(
        f"one request takes {limit}", remedy="Ask for fewer items, in several requests"
    )
