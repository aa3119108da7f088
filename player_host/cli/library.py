"""`player-host library`: what was downloaded, as a tree, a list, a search, a check."""

from typing import Annotated, Any

import anyio
from cyclopts import App, Parameter

from player_host.catalog.queries import CatalogQueries
from player_host.cli.desk import Desk, Given
from player_host.cli.outcome import ExitStatus
from player_host.cli.running import check_partner
from player_host.cli.tables import add_row, plain_table
from player_host.cli.trees import as_rich_tree, node_to_json
from player_host.cli.wording import count_text, duration_text, shown
from player_host.database import Database
from player_host.errors import PartnerUnavailable
from player_host.library.nodes import StoreNode, library_tree
from player_host.library.queries import Page, find_items, list_items
from player_host.library.records import LibraryItem
from player_host.library.verify import verify_library
from player_host.plugins.discovery import find
from player_host.settings import load_partner_settings

application = App(name="library", help="Show, search and check what was downloaded.")


@application.command
def tree(
    *,
    everywhere: Annotated[bool, Parameter(name="--all", negative="")] = False,
    store: str | None = None,
    desk: Given,
) -> ExitStatus:
    """Draw the library as a tree; a store's music is below All Music/Purchased Music.

    --json: nested nodes with `name`, `items` (ids and paths) and `children`.

    Args:
        everywhere: name the tracks below every node, not only below the purchased ones
        store: add the node of this partner's store, with the lists of its catalogue
        desk: where the result is shown
    """
    with desk.reading() as database:
        root = library_tree(database, _store_node(desk, database, store) if store else None)
    if desk.as_json:
        desk.show_json(node_to_json(root))
    else:
        desk.show(as_rich_tree(root, everywhere=everywhere, plain=desk.is_plain))
    return ExitStatus.DONE


@application.command(name="list")
def list_library(
    *, partner: str | None = None, limit: int = 100, offset: int = 0, desk: Given
) -> ExitStatus:
    """List the library, the oldest entry first.

    --json: `total`, `offset` and `items` (`id`, `title`, `artists`, `album`,
    `genres`, `duration_s`, `path`, `bytes`, `sha256`, `partner`, `content_id`,
    `distributor`, `protected`, `added_at`).

    Args:
        partner: only what this partner delivered; its name or the key of its store
        limit: at most so many, 1 to 1000
        offset: pass over so many
        desk: where the result is shown
    """
    with desk.reading() as database:
        key = None if partner is None else _key_of(desk, database, partner)
        page = list_items(database, limit=limit, offset=offset, partner=key)
    nothing = "the library is empty" if partner is None else f"no entries of partner {partner}"
    return _show_page(desk, page, nothing=nothing)


@application.command(name="find")
def find_in_library(text: str, /, *, limit: int = 100, offset: int = 0, desk: Given) -> ExitStatus:
    """Find entries by a text in title, artists or album, or by Attribute=value.

    For example:
      player-host library find lantern
      player-host library find "Album=Lantern Hours"

    --json: the keys of `library list`. Status 5 if nothing was found.

    Args:
        text: a part of the text, or an attribute with its whole value; case does not matter
        limit: at most so many, 1 to 1000
        offset: pass over so many
        desk: where the result is shown
    """
    with desk.reading() as database:
        page = find_items(database, text, limit=limit, offset=offset)
    status = _show_page(desk, page, nothing="nothing found")
    return status if page.total else ExitStatus.NOTHING_SELECTED


@application.command
def verify(*, digest: Annotated[bool, Parameter(negative="")] = False, desk: Given) -> ExitStatus:
    """Compare the library with the files in the Music folder; changes nothing.

    --json: `checked`, `sound` and `findings` (`problem`, `path`, `item`).
    Status 1 if something is wrong.

    Args:
        digest: read every file and compare its SHA-256 too
        desk: where the result is shown
    """
    with desk.reading() as database:
        outcome = verify_library(database, desk.home.music, digests=digest)
    if desk.as_json:
        findings = [
            {"problem": f.problem.value, "path": f.path, "item": f.item_id}
            for f in outcome.findings
        ]
        desk.show_json({"checked": outcome.checked, "sound": outcome.sound, "findings": findings})
    else:
        desk.show(*(f"{shown(f.path)}: {f.problem}" for f in outcome.findings))
        entries = count_text(outcome.checked, "entry")
        problems = count_text(len(outcome.findings), "problem")
        desk.show(f"{entries} checked, {'all sound' if outcome.sound else problems}")
    return ExitStatus.DONE if outcome.sound else ExitStatus.FAILED


def item_to_json(item: LibraryItem) -> dict[str, Any]:
    """Return the documented keys of an entry."""
    return {
        "id": item.id,
        "title": item.tags.title,
        "artists": list(item.tags.authors),
        "album": item.tags.album_title,
        "genres": list(item.tags.genres),
        "duration_s": item.duration,
        "path": item.source_path,
        "bytes": item.file_size,
        "sha256": item.sha256,
        "partner": item.partner,
        "content_id": item.content_id,
        "distributor": item.distributor,
        "protected": item.is_protected,
        "added_at": item.acquisition_time.isoformat(),
    }


def _show_page(desk: Desk, page: Page, *, nothing: str) -> ExitStatus:
    if desk.as_json:
        items = [item_to_json(item) for item in page.items]
        desk.show_json({"total": page.total, "offset": page.offset, "items": items})
        return ExitStatus.DONE
    if not page.items:
        beyond = f"nothing from entry {page.offset + 1} on ({count_text(page.total, 'entry')})"
        desk.remark(beyond if page.total else nothing)
        return ExitStatus.DONE
    table = plain_table(">id", "title", "artist", ">time", "store", elastic="title")
    for item in page.items:
        tags = item.tags
        length = duration_text(item.duration)
        add_row(table, item.id, tags.title or "-", tags.artist or "-", length, item.distributor)
    desk.show(table)
    end = page.offset + len(page.items)
    if end < page.total:
        desk.remark(f"{page.offset + 1} to {end} of {page.total}; go on with --offset {end}")
    return ExitStatus.DONE


def _key_of(desk: Desk, database: Database, partner: str) -> str:
    """Return the key under which the library has what a partner delivered.

    A plug-in is loaded only where the library knows no key that is written so.
    """
    rows = database.rows("SELECT DISTINCT partner FROM library_items ORDER BY partner")
    keys = [row["partner"] for row in rows]
    alike = [key for key in keys if key.casefold() == partner.casefold()]
    if partner in alike:
        return partner
    return alike[0] if alike else _key_of_plugin(desk, partner)


def _key_of_plugin(desk: Desk, partner: str) -> str:
    try:
        record = anyio.run(find, partner, load_partner_settings(desk.home.partners_toml))
    except PartnerUnavailable:
        return partner
    return partner if record.service_info is None else record.service_info.key


def _store_node(desk: Desk, database: Database, partner: str) -> StoreNode:
    check_partner(desk, partner)
    record = anyio.run(find, partner, load_partner_settings(desk.home.partners_toml))
    assert record.service_info is not None
    lists = CatalogQueries(database).lists(partner)
    named = tuple((one.id, one.displayed_title) for one in lists)
    return StoreNode(record.service_info.friendly_name, named)
