"""`player-host catalog`: fetches a store's catalogue, shows it, searches it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from attrs import asdict, frozen
from cyclopts import App

from player_host.catalog.items import Item, ItemKind, parse_items
from player_host.catalog.rows import Album, CatalogList, Track
from player_host.catalog.store import Catalogs, InstalledCatalog
from player_host.cli.desk import Desk, Given
from player_host.cli.outcome import ExitStatus
from player_host.cli.running import check_partner, run_player
from player_host.cli.tables import add_row, plain_table
from player_host.cli.wording import count_text, duration_text, moment_text
from player_host.clock import SystemClock
from player_host.errors import UnknownItem, UsageError
from player_host.player import Player

MAX_SHOWN: Final = 1_000_000

application = App(name="catalog", help="Fetch, show and search the catalogue of a store.")


@frozen
class _Shelf:
    """What is shown: rows of one kind, as JSON and as cells."""

    name: str
    rows: Sequence[Any]
    headings: tuple[str, ...]
    cells: Callable[[Any], tuple[object, ...]]


@application.command
def refresh(partner: str, /, *, desk: Given) -> ExitStatus:
    """Ask a store for its catalogue and install it if there is a new one.

    --json: `partner`, `changed`, and of the installed catalogue `version`,
    `schema_version`, `lcid`, `expires` (null without one).

    Args:
        partner: a plug-in, as `player-host partners` lists it, or module:attribute
        desk: where the result is shown
    """
    check_partner(desk, partner)

    async def work(player: Player) -> ExitStatus:
        before = player.catalogs.installed(partner)
        await player.activate(partner)
        await player.refresh_catalog()
        installed = player.catalogs.installed(partner)
        changed = _version(before) != _version(installed)
        if desk.as_json:
            desk.show_json({"partner": partner, "changed": changed, **_installed_json(installed)})
        else:
            desk.show(_installed_text(installed, changed=changed))
        return ExitStatus.DONE

    return run_player(desk, work)


@application.command
def show(partner: str, what: str = "albums", /, *, limit: int = 100, desk: Given) -> ExitStatus:
    """Show the installed catalogue of a store.

    For example:
      player-host catalog show proseware            its albums
      player-host catalog show proseware lists      its lists
      player-host catalog show proseware album:7    the tracks of an album
      player-host catalog show proseware list:3     the items of a list

    --json: `partner`, `total`, and `albums`, `lists`, `tracks` or `items`,
    whose keys are the fields of the catalogue's tables.

    Args:
        partner: whose catalogue
        what: albums, lists, album:ID or list:ID
        limit: at most so many rows
        desk: where the result is shown
    """
    with desk.reading() as database:
        catalogs = Catalogs(database, SystemClock())
        if catalogs.installed(partner) is None:
            raise _no_catalog(partner)
        shelf = _shelf(catalogs, partner, what)
    _show(desk, partner, [shelf], limit)
    return ExitStatus.DONE


@application.command
def find(partner: str, text: str, /, *, limit: int = 100, desk: Given) -> ExitStatus:
    """Find albums and tracks by a part of their titles; case does not matter.

    --json: `partner`, `total`, `albums` and `tracks`. Status 5 if nothing was
    found.

    Args:
        partner: whose catalogue
        text: a part of the title
        limit: at most so many of each, up to 10000
        desk: where the result is shown
    """
    _check_limit(limit, 10_000)
    with desk.reading() as database:
        catalogs = Catalogs(database, SystemClock())
        if catalogs.installed(partner) is None:
            raise _no_catalog(partner)
        albums = _albums(catalogs.find_albums(partner, text, limit))
        tracks = _tracks(catalogs.find_tracks(partner, text, limit))
    _show(desk, partner, [albums, tracks], limit)
    return ExitStatus.DONE if albums.rows or tracks.rows else ExitStatus.NOTHING_SELECTED


def _shelf(catalogs: Catalogs, partner: str, what: str) -> _Shelf:
    if what == "albums":
        return _albums(catalogs.albums(partner))
    if what == "lists":
        return _lists(catalogs.lists(partner))
    selection = parse_items([what])
    if len(selection.items) != 1 or selection.tracks:
        raise UsageError(
            "one album or one list is shown at a time",
            where=what,
            remedy="Give albums, lists, album:ID or list:ID",
        )
    (item,) = selection.items
    if item.kind is ItemKind.ALBUM:
        return _tracks_of_album(catalogs, partner, item)
    return _items_of_list(catalogs, partner, item)


def _tracks_of_album(catalogs: Catalogs, partner: str, item: Item) -> _Shelf:
    if catalogs.album(partner, item.id) is None:
        raise _unknown(item)
    return _tracks(catalogs.tracks(partner, item.id))


def _items_of_list(catalogs: Catalogs, partner: str, item: Item) -> _Shelf:
    found = catalogs.catalog_list(partner, item.id)
    if found is None:
        raise _unknown(item)
    ids = catalogs.items(partner, item.id)
    if found.item_type == "T":
        known = catalogs.tracks_by_id(partner, ids)
        return _tracks([known[number] for number in ids if number in known])
    rows = [{"type": found.item_type, "id": number} for number in ids]
    return _Shelf("items", rows, ("type", ">id"), lambda row: (row["type"], row["id"]))


def _albums(rows: Sequence[Album]) -> _Shelf:
    return _Shelf(
        "albums",
        rows,
        ("item", "title", "released", "price"),
        lambda album: (f"album:{album.id}", album.title, album.release_date, album.price),
    )


def _lists(rows: Sequence[CatalogList]) -> _Shelf:
    def kind(one: CatalogList) -> str:
        name = _LISTED.get(one.item_type, one.item_type)
        return f"{name}, dynamic" if one.is_dynamic else name

    return _Shelf(
        "lists",
        rows,
        ("item", "title", "of", "price"),
        lambda one: (f"list:{one.id}", one.displayed_title, kind(one), one.price),
    )


def _tracks(rows: Sequence[Track]) -> _Shelf:
    return _Shelf(
        "tracks",
        rows,
        ("item", ">no", "title", ">time", "price", "download"),
        lambda track: (
            f"track:{track.id}",
            track.number,
            track.title,
            duration_text(track.duration_s),
            track.price,
            "yes" if track.can_download else "no",
        ),
    )


_LISTED: Final = {
    "T": "tracks",
    "P": "artists",
    "A": "albums",
    "L": "lists",
    "G": "genres",
    "S": "subgenres",
    "R": "radios",
}


def _show(desk: Desk, partner: str, shelves: Iterable[_Shelf], limit: int) -> None:
    _check_limit(limit, MAX_SHOWN)
    if desk.as_json:
        document: dict[str, Any] = {"partner": partner, "total": 0}
        for shelf in shelves:
            document["total"] += len(shelf.rows)
            document[shelf.name] = [_row_json(row) for row in shelf.rows[:limit]]
        desk.show_json(document)
        return
    for shelf in shelves:
        if not shelf.rows:
            desk.remark(f"no {shelf.name}")
            continue
        table = plain_table(*shelf.headings, elastic="title")
        for row in shelf.rows[:limit]:
            add_row(table, *shelf.cells(row))
        desk.show(table)
        if len(shelf.rows) > limit:
            desk.remark(f"{limit} of {count_text(len(shelf.rows), 'row')}; see --limit")


def _row_json(row: Any) -> dict[str, Any]:
    document: dict[str, Any] = row if isinstance(row, dict) else asdict(row)
    return document


def _version(installed: InstalledCatalog | None) -> int | None:
    return None if installed is None else installed.version


def _installed_json(installed: InstalledCatalog | None) -> dict[str, Any]:
    return {
        "version": _version(installed),
        "schema_version": installed.schema_version if installed else None,
        "lcid": installed.lcid if installed else None,
        "expires": installed.expires.isoformat() if installed and installed.expires else None,
    }


def _installed_text(installed: InstalledCatalog | None, *, changed: bool) -> str:
    if installed is None:
        return "the store has no catalogue"
    what = "installed" if changed else "unchanged"
    return f"catalogue {installed.version} {what}; expires: {moment_text(installed.expires)}"


def _check_limit(limit: int, most: int) -> None:
    if not 1 <= limit <= most:
        raise UsageError(f"--limit is 1 to {most}", where=f"--limit {limit}")


def _no_catalog(partner: str) -> UnknownItem:
    return UnknownItem(
        "no catalogue of this partner is installed",
        where=f"partner {partner}",
        remedy=f"`player-host catalog refresh {partner}` fetches it",
    )


def _unknown(item: Item) -> UnknownItem:
    return UnknownItem(f"the installed catalogue has no such {item.kind}", where=str(item))
