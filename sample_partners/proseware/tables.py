"""The eight table files of a catalogue, and the package in which the store offers them.

The files are tab-separated although their names end in `.csv`, in UTF-16LE with a byte order
mark, with CR LF and without a header row (T1-TSV-01 to -07, -14 to -18). The package is a zip
file that holds them beside `manifest.json`; the real binary format is not documented.
"""

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import TypeAlias

from sample_partners.proseware.catalog import (
    Album,
    Artist,
    Catalog,
    CatalogList,
    Genre,
    Radio,
    Subgenre,
    Track,
)

SCHEMA_VERSION = 1
LOCALE_ID = 1033
_BYTE_ORDER_MARK = b"\xff\xfe"
_FIXED_DATE = (2006, 11, 1, 0, 0, 0)

Row: TypeAlias = tuple[str, ...]


def table_files(catalog: Catalog) -> dict[str, bytes]:
    """Return the eight files by name; a table without rows is an empty file."""
    return {name: _encode(rows(catalog)) for name, rows in _TABLES.items()}


def full_package(catalog: Catalog, *, compressed: bool) -> bytes:
    """Return the package of a full catalogue, the same bytes for the same catalogue.

    Args:
        catalog: what to pack.
        compressed: True for `catalog.wmdb.lz`, False for `catalog.wmdb`.
    """
    out = BytesIO()
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(out, "w", method) as package:
        _add(package, "manifest.json", _manifest(catalog), method)
        for name, data in table_files(catalog).items():
            _add(package, name, data, method)
    return out.getvalue()


def _add(package: zipfile.ZipFile, name: str, data: bytes, method: int) -> None:
    entry = zipfile.ZipInfo(name, _FIXED_DATE)
    entry.create_system = 0
    package.writestr(entry, data, compress_type=method)


def _manifest(catalog: Catalog) -> bytes:
    manifest = {
        "kind": "full",
        "version": catalog.version,
        "schema_version": SCHEMA_VERSION,
        "locale": LOCALE_ID,
    }
    return json.dumps(manifest).encode()


def _encode(rows: Iterable[Row]) -> bytes:
    lines = "".join("\t".join(row) + "\r\n" for row in rows)
    return _BYTE_ORDER_MARK + lines.encode("utf-16-le") if lines else b""


def _flag(value: bool) -> str:
    return "1" if value else "0"


def _number(value: float) -> str:
    return f"{value:g}"


def _ids(ids: Iterable[int]) -> str:
    return "".join(f"{item};" for item in ids)


def _track_row(track: Track) -> Row:
    return (
        str(track.id),
        track.title,
        str(track.duration),
        str(track.number),
        track.price,
        _flag(track.can_stream),
        _flag(track.can_download),
        _flag(track.has_preview),
        "0",
        track.rating,
        str(track.album_id),
        _ids(track.artist_ids),
        track.composer,
        _number(track.popularity),
        track.stars,
    )


def _album_row(album: Album) -> Row:
    return (
        str(album.id),
        album.name,
        str(album.artist_id),
        "",
        album.release_date,
        album.price,
        str(album.genre_id),
        _ids(album.subgenre_ids),
        _number(album.popularity),
        _flag(album.is_recently_added),
        _flag(album.is_featured),
        "0",
        "0",
    )


def _artist_row(artist: Artist) -> Row:
    return (str(artist.id), artist.name, str(artist.genre_id), "", _number(artist.popularity), "")


def _genre_row(genre: Genre) -> Row:
    flags = (_flag(genre.feeds_are_available), _flag(genre.has_composer))
    return (str(genre.id), genre.title, *flags)


def _subgenre_row(subgenre: Subgenre) -> Row:
    return (
        str(subgenre.id),
        subgenre.title,
        subgenre.subtitle,
        _flag(subgenre.feeds_are_available),
        str(subgenre.genre_id),
        str(subgenre.rank),
    )


def _list_row(entry: CatalogList) -> Row:
    return (
        str(entry.id),
        entry.title,
        entry.subtitle,
        entry.description,
        entry.kind,
        entry.price,
        _number(entry.popularity),
        "0",
        "0",
        "0",
        entry.view,
        "0",
        "-",
        _flag(entry.is_dynamic),
    )


def _list_item_rows(catalog: Catalog) -> Iterator[Row]:
    for entry in catalog.lists:
        for position, item in enumerate(entry.items):
            yield str(entry.id), str(item), str(position)


def _radio_row(radio: Radio) -> Row:
    return (
        str(radio.id),
        radio.title,
        radio.subtitle,
        radio.programmer,
        str(radio.genre_id),
        ";".join(radio.moods),
        "",
        radio.description,
        "0",
        radio.stars,
        _flag(radio.is_subscription_only),
        "0",
        "0",
        "0",
        str(radio.rank),
    )


_TABLES: dict[str, Callable[[Catalog], Iterable[Row]]] = {
    "track.csv": lambda catalog: map(_track_row, catalog.tracks),
    "album.csv": lambda catalog: map(_album_row, catalog.albums),
    "artist.csv": lambda catalog: map(_artist_row, catalog.artists),
    "genre.csv": lambda catalog: map(_genre_row, catalog.genres),
    "subgenre.csv": lambda catalog: map(_subgenre_row, catalog.subgenres),
    "list.csv": lambda catalog: map(_list_row, catalog.lists),
    "listitem.csv": _list_item_rows,
    "radio.csv": lambda catalog: map(_radio_row, catalog.radios),
}
