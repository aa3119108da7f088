"""What a partner publishes: a package, or a folder with the tables, as far as it can be opened.

Installing takes only a sound package. For an inspection it is enough that a package can be read
at all, within the same bounds: tables may be missing or have other names, the version may be 0,
and it may be an update, in which nothing more can be read.
"""

import json
import os
import zipfile
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO

import attrs
from attrs import frozen

from player_host.catalog import package as catalog_package
from player_host.catalog.breaches import CatalogBreach
from player_host.catalog.fields import Table
from player_host.catalog.findings import refusal, shortened
from player_host.catalog.format import TABLES
from player_host.catalog.manifest import (
    MANIFEST,
    Manifest,
    UpdateRefusedError,
    parse_manifest,
)
from player_host.catalog.package import (
    CHUNK_BYTES,
    is_compressed,
    open_archive,
    read_manifest,
    table_chunks,
    too_large,
)
from player_host.errors import CatalogError

MOST_NAMES = 10_000
"""So many names of a folder are looked at."""


@frozen
class Publication:
    """What was published, open for reading.

    Attributes:
        names: of the files in it, as they are written there.
        is_package: whether it is a package, which holds nothing else.
        is_compressed: whether it is a package in the compressed form (T1-CAT-17).
        is_update: whether it is the package of an update; what its files mean is not known.
        version: the store's number; None where nothing says it.
        chunks: yields the bytes of a table that is there; raises CatalogError.
    """

    names: tuple[str, ...]
    is_package: bool
    is_compressed: bool
    is_update: bool
    version: int | None
    chunks: Callable[[Table], Generator[bytes, None, None]]


@contextmanager
def published(path: Path) -> Iterator[Publication]:
    """Open a package or a folder for an inspection.

    Args:
        path: a package as it is downloaded, or a folder with the tables.

    Raises:
        CatalogError: it cannot be read: it is neither, is damaged or too large, or has no
            manifest or one of another format.
    """
    if path.is_dir():
        yield _folder(path)
        return
    with open_archive(path) as archive:
        yield _package(path.name, archive)


def name_breaches(publication: Publication) -> Iterator[CatalogBreach]:
    """Yield which tables are missing or have other names (T1-TSV-01, T1-TSV-02)."""
    expected = [MANIFEST, *(table.file for table in TABLES)]
    others = list((Counter(publication.names) - Counter(expected)).elements())
    for table in TABLES:
        if table.file in publication.names:
            continue
        misnamed = next((name for name in others if _stem(name) == _stem(table.file)), None)
        if misnamed is None:
            yield CatalogBreach("T1-TSV-02", table.file, 0, "", "the file is missing")
            continue
        others.remove(misnamed)
        what = f"the file must have exactly this name, not {shortened(misnamed)}"
        yield CatalogBreach("T1-TSV-01", table.file, 0, "", what)
        what = "there is no file of this name"
        yield CatalogBreach("T1-TSV-02", table.file, 0, "", what, follows_from="T1-TSV-01")
    if publication.is_package:
        for name in others:
            what = "the package must hold each table once and no other file"
            yield CatalogBreach("T1-TSV-01", shortened(name), 0, "", what)


def _stem(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).stem.casefold()


def _package(where: str, archive: zipfile.ZipFile) -> Publication:
    try:
        version = _lenient_manifest(where, archive).version
    except UpdateRefusedError:
        version = None
    return Publication(
        names=tuple(entry.orig_filename for entry in archive.infolist()),
        is_package=True,
        is_compressed=is_compressed(archive),
        is_update=version is None,
        version=version,
        chunks=partial(table_chunks, archive),
    )


def _lenient_manifest(where: str, archive: zipfile.ZipFile) -> Manifest:
    """Return the manifest; version 0 is a breach to report, and no reason to read nothing."""
    try:
        return read_manifest(where, archive)
    except CatalogError as error:
        if not error.what.endswith("(T1-CAT-22)"):
            raise
        members = json.loads(archive.read(MANIFEST).decode("utf-8-sig"))
    manifest = parse_manifest(json.dumps(members | {"version": 1}).encode())
    return attrs.evolve(manifest, version=0)


def _folder(path: Path) -> Publication:
    with _as_readable(path.name), os.scandir(path) as entries:
        names = [entry.name for entry in islice(entries, MOST_NAMES) if entry.is_file()]
    tables = {table.file for table in TABLES} & set(names)
    with _as_readable(path.name):
        sizes = {name: (path / name).stat().st_size for name in tables}
    if sum(sizes.values()) > catalog_package.MAX_UNPACKED_BYTES:
        what = f"the tables have {sum(sizes.values())} bytes"
        raise too_large(path.name, what, catalog_package.MAX_UNPACKED_BYTES)
    return Publication(
        names=tuple(names),
        is_package=False,
        is_compressed=False,
        is_update=False,
        version=None,
        chunks=lambda table: _file_chunks(path / table.file),
    )


def _file_chunks(path: Path) -> Generator[bytes, None, None]:
    limit, taken = catalog_package.MAX_TABLE_BYTES, 0
    with _as_readable(path.name):
        file = path.open("rb")
    with file:
        while piece := _piece(file, path.name):
            taken += len(piece)
            if taken > limit:
                raise too_large(path.name, f"the file has more than {limit} bytes", limit)
            yield piece


def _piece(file: IO[bytes], where: str) -> bytes:
    with _as_readable(where):
        return file.read(CHUNK_BYTES)


@contextmanager
def _as_readable(where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"it cannot be read ({error.strerror})"
        raise refusal(what, "T1-CAT-19", where=where) from error
