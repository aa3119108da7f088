"""The library's rows: values to SQL and back. No rules live here."""

import json
import sqlite3
from datetime import datetime
from operator import attrgetter
from typing import Any, Final, cast
from uuid import UUID

import attrs

from player_host.database import Database
from player_host.library.records import Identity, LibraryItem, MediaTags

_TAG_PARTS: Final = tuple(field.name for field in attrs.fields(MediaTags))
_UNTOLD: Final = tuple(field.default for field in attrs.fields(MediaTags))
_LISTS: Final = frozenset({"authors", "genres", "composers"})
_BOOLEANS: Final = frozenset({"is_protected"})
_COLUMNS: Final = (
    "id",
    "source_path",
    "path_key",
    "partner",
    "content_id",
    "distributor",
    "distributor_is_partner",
    "file_size",
    "sha256",
    "acquisition_time",
    "tracking_id",
    "user_rating",
    *_TAG_PARTS,
)
# Column names are constants of this module.
_INSERT: Final = (
    f"INSERT INTO library_items ({', '.join(_COLUMNS)})"  # noqa: S608
    f" VALUES ({', '.join('?' * len(_COLUMNS))})"
)
_BY_IDENTITY: Final = (
    "SELECT * FROM library_items WHERE partner = ? AND content_id = ?"
    " AND distributor = ? AND distributor_is_partner = ?"
)

_tag_values: Final = attrgetter(*_TAG_PARTS)
_dumps: Final = json.JSONEncoder(ensure_ascii=False).encode


def insert_item(connection: sqlite3.Connection, item: LibraryItem, path_key: str) -> LibraryItem:
    """Insert a row; an `id` of 0 lets the database choose. Returns the item with its id."""
    values = (
        item.id or None,
        item.source_path,
        path_key,
        *identity_values(item.identity),
        item.file_size,
        item.sha256,
        item.acquisition_time.isoformat(),
        str(item.tracking_id),
        item.user_rating,
        *map(_to_column, _tag_values(item.tags)),
    )
    inserted = connection.execute(_INSERT, values).lastrowid
    return attrs.evolve(item, id=cast("int", inserted))


def find_by_identity(database: Database, identity: Identity) -> LibraryItem | None:
    """Return the entry for a purchase, or None."""
    row = database.row(_BY_IDENTITY, identity_values(identity))
    return None if row is None else item_from_row(row)


def identity_values(identity: Identity) -> tuple[str, int, str, int]:
    """Return the four columns of an identity, in the order of the table."""
    return (
        identity.partner,
        identity.content_id,
        identity.distributor,
        int(identity.distributor_is_partner),
    )


def item_from_row(row: sqlite3.Row) -> LibraryItem:
    """Return the item that a row of `library_items` holds."""
    tags: dict[str, Any] = {part: _from_column(part, row[part]) for part in _TAG_PARTS}
    return LibraryItem(
        id=row["id"],
        source_path=row["source_path"],
        identity=Identity(
            row["partner"],
            row["content_id"],
            row["distributor"],
            bool(row["distributor_is_partner"]),
        ),
        tags=MediaTags(**tags),
        file_size=row["file_size"],
        sha256=row["sha256"],
        acquisition_time=datetime.fromisoformat(row["acquisition_time"]),
        tracking_id=UUID(row["tracking_id"]),
        user_rating=row["user_rating"],
    )


def tags_to_text(tags: MediaTags) -> str:
    """Return what tags say as one JSON text, for the intent of a publication."""
    told = zip(_TAG_PARTS, _tag_values(tags), _UNTOLD, strict=True)
    return _dumps({part: value for part, value, untold in told if value != untold})


def tags_from_text(text: str) -> MediaTags:
    """Return the tags that `tags_to_text` wrote."""
    stored: dict[str, Any] = json.loads(text)
    tags: dict[str, Any] = {k: tuple(v) if k in _LISTS else v for k, v in stored.items()}
    return MediaTags(**tags)


def _to_column(value: object) -> object:
    if isinstance(value, tuple):
        return _dumps(value)
    return int(value) if isinstance(value, bool) else value


def _from_column(part: str, value: Any) -> Any:
    if part in _LISTS:
        return tuple(json.loads(value))
    return bool(value) if part in _BOOLEANS else value
