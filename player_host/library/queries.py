"""Lists and searches the library."""

import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

from attrs import frozen

from player_host.database import Database
from player_host.errors import UsageError
from player_host.library.attributes import find_attribute
from player_host.library.records import LibraryItem
from player_host.library.rows import item_from_row

MAX_PAGE: Final = 1_000
MAX_SEARCH_CHARACTERS: Final = 1_000

Matches = Callable[[LibraryItem], bool]


@frozen
class Page:
    """Part of a list.

    Attributes:
        items: in the order in which they were added.
        total: how many items there are on all pages.
        offset: how many items come before these.
    """

    items: tuple[LibraryItem, ...]
    total: int
    offset: int


def list_items(
    database: Database, *, limit: int = 100, offset: int = 0, partner: str | None = None
) -> Page:
    """Return a page of the library, oldest entry first.

    Args:
        database: the home's database.
        limit: 1 to 1,000 items.
        offset: 0 or more items to pass over.
        partner: only what this plug-in delivered.

    Raises:
        UsageError: limit or offset out of bounds.
    """
    _check_page(limit, offset)
    with database.lock:  # the count and the page are of one moment
        counted = database.row(
            "SELECT count(*) FROM library_items WHERE ?1 IS NULL OR partner = ?1", (partner,)
        )
        rows = database.rows(
            "SELECT * FROM library_items WHERE ?1 IS NULL OR partner = ?1"
            " ORDER BY id LIMIT ?2 OFFSET ?3",
            (partner, limit, offset),
        )
    total = counted[0] if counted else 0
    return Page(tuple(item_from_row(row) for row in rows), total, offset)


def find_items(database: Database, query: str, *, limit: int = 100, offset: int = 0) -> Page:
    """Return a page of the items that match a query, oldest entry first.

    Args:
        database: the home's database.
        query: `Attribute=value` with a documented name or alias, such as `Album=Blue`, finds
            items that have this value; any other text is looked for within title, artists,
            album and album artist. Neither regards case or the form of accents.
        limit: 1 to 1,000 items.
        offset: 0 or more items to pass over.

    Raises:
        UsageError: the query is empty or longer than 1,000 characters, or limit or offset is
            out of bounds.
    """
    _check_page(limit, offset)
    matches = _matcher(query)
    found = [item for item in _every_item(database) if matches(item)]
    return Page(tuple(found[offset : offset + limit]), len(found), offset)


def get_item(database: Database, item_id: int) -> LibraryItem | None:
    """Return the entry with this id, or None."""
    row = database.row("SELECT * FROM library_items WHERE id = ?", (item_id,))
    return None if row is None else item_from_row(row)


def content_ids(database: Database, partner: str) -> frozenset[int]:
    """Return the store's track ids that the library has from a plug-in.

    For the answer to a page that asks which tracks the user has already.
    """
    rows = database.rows("SELECT content_id FROM library_items WHERE partner = ?", (partner,))
    return frozenset(row["content_id"] for row in rows)


def _matcher(query: str) -> Matches:
    if not query.strip() or len(query) > MAX_SEARCH_CHARACTERS:
        raise UsageError(
            f"the query must have 1 to {MAX_SEARCH_CHARACTERS} characters",
            remedy="Give a text, or Attribute=value such as Album=Blue",
        )
    name, equals, value = query.partition("=")
    attribute = find_attribute(name.strip()) if equals else None
    if attribute is None:
        wanted = _folded(query)
        return lambda item: any(wanted in _folded(text) for text in _searched(item))
    exactly = _folded(value)
    return lambda item: any(_folded(text) == exactly for text in attribute.values_of(item))


def _searched(item: LibraryItem) -> Iterator[str]:
    tags = item.tags
    yield from (tags.title, tags.album_title, tags.album_artist, *tags.authors)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text.strip()).casefold()


def _every_item(database: Database) -> list[LibraryItem]:
    return [item_from_row(row) for row in database.rows("SELECT * FROM library_items ORDER BY id")]


def _check_page(limit: int, offset: int) -> None:
    if not 1 <= limit <= MAX_PAGE or offset < 0:
        raise UsageError(
            f"a page of {limit} items from {offset} on cannot be given",
            remedy=f"Ask for 1 to {MAX_PAGE} items, from 0 on",
        )
