"""The file at a catalogue URL: a zip with a manifest and the eight tables.

The binary catalogue of the original is not documented; this format stands in for it.
`catalog.wmdb.lz` is deflated, `catalog.wmdb` stored; which one it is, and whether it is a full
catalogue or an update, the content tells (T1-CAT-19).

Nothing that the file says of itself is believed: its directory is bounded before it is listed,
sizes are bounded as announced and as unpacked, and nothing is ever written under a name that
comes from it.
"""

import struct
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO

from player_host.catalog.fields import Table
from player_host.catalog.findings import refusal, shortened
from player_host.catalog.format import TABLES
from player_host.catalog.manifest import MANIFEST, Manifest, parse_manifest
from player_host.errors import CatalogError

CHUNK_BYTES = 65_536
MAX_PACKAGE_BYTES = 256 * 1024 * 1024
MAX_TABLE_BYTES = 256 * 1024 * 1024
MAX_UNPACKED_BYTES = 384 * 1024 * 1024
MAX_MANIFEST_BYTES = 65_536
MAX_RATIO = 250
RATIO_FREE_BYTES = 4 * 1024 * 1024

ERROR_FILE_TOO_LARGE = 223

_MAX_DIRECTORY_BYTES = 8_192
_END_SIGNATURE = b"PK\x05\x06"
_END = struct.Struct("<4s4H2LH")
_UNSOUND = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
)


class Package:
    """A package that is open for reading.

    Made by `Package.open` on the thread that installs; a context manager.

    Attributes:
        manifest: what the package says of itself.
        is_compressed: whether it is the compressed form that stores should offer (T1-CAT-17).
    """

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive = archive
        self.manifest = manifest
        self.is_compressed = is_compressed(archive)

    @classmethod
    def open(cls, path: Path) -> "Package":
        """Open a full catalogue and check its entries and its manifest.

        Args:
            path: the downloaded file; it may lie anywhere and have any name.

        Raises:
            CatalogError: it is no sound package, too large, or of another format.
            UpdateRefusedError: it is an update (T1-CAT-20).
        """
        archive = open_archive(path)
        try:
            manifest = read_manifest(path.name, archive)
            _check_names(path.name, archive)
            return cls(archive, manifest)
        except BaseException:
            archive.close()
            raise

    def __enter__(self) -> "Package":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._archive.close()

    def chunks(self, table: Table) -> Generator[bytes, None, None]:
        """Yield the bytes of a table, as `table_chunks` does.

        Raises:
            CatalogError: the entry is damaged.
        """
        return table_chunks(self._archive, table)


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open the zip of a package, and check it against every bound before anything is unpacked.

    Which files it holds and what its manifest says is not looked at. Called on the thread that
    installs or inspects; the caller closes it.

    Args:
        path: the downloaded file; it may lie anywhere and have any name.

    Raises:
        CatalogError: it is no plain zip, is damaged, or is too large.
    """
    with _as_refusal(path.name):
        _check_end(path)
        archive = zipfile.ZipFile(path)
    try:
        _check_entries(path, archive)
    except BaseException:
        archive.close()
        raise
    return archive


def is_compressed(archive: zipfile.ZipFile) -> bool:
    """Return whether a package is the compressed form that stores should offer (T1-CAT-17)."""
    return any(entry.compress_type == zipfile.ZIP_DEFLATED for entry in archive.infolist())


def read_manifest(where: str, archive: zipfile.ZipFile) -> Manifest:
    """Return the manifest of a full catalogue.

    Args:
        where: the name of the package, for messages.
        archive: from `open_archive`, which has bounded the manifest.

    Raises:
        CatalogError: there is none, or it is damaged or has another form.
        UpdateRefusedError: it is the manifest of an update (T1-CAT-20).
    """
    if MANIFEST not in archive.namelist():
        raise _wrong_entries(where)
    with _as_refusal(MANIFEST):
        text = archive.read(MANIFEST)
    return parse_manifest(text)


def table_chunks(archive: zipfile.ZipFile, table: Table) -> Generator[bytes, None, None]:
    """Yield the bytes of a table in pieces of at most 64 KiB.

    The caller closes the generator if it does not read to the end.

    Args:
        archive: from `open_archive`, and open until the last piece.
        table: which one; it is there.

    Raises:
        CatalogError: the entry is damaged.
    """
    with _as_refusal(table.file):
        entry = archive.open(table.file)
    with entry:
        while piece := _read(entry, table.file):
            yield piece


def too_large(where: str, what: str, limit: int) -> CatalogError:
    """Return the error for what exceeds a bound of this project.

    Args:
        where: the file.
        what: how large it is, a sentence without its end.
        limit: how many bytes are read at most.
    """
    what = f"{what}; at most {limit} are read"
    return refusal(what, "T1-CAT-19", where=where, win32=ERROR_FILE_TOO_LARGE)


def _read(entry: IO[bytes], where: str) -> bytes:
    with _as_refusal(where):
        return entry.read(CHUNK_BYTES)


@contextmanager
def _as_refusal(where: str) -> Iterator[None]:
    try:
        yield
    except _UNSOUND as error:
        raise refusal(f"the package is damaged ({error})", "T1-CAT-19", where=where) from error


def _check_end(path: Path) -> None:
    """Check the record at the end of a zip before anything is listed by it.

    Raises:
        CatalogError: the file is too large, is no zip, or has a large directory.
    """
    size = path.stat().st_size
    if size > MAX_PACKAGE_BYTES:
        raise too_large(path.name, f"the package has {size} bytes", MAX_PACKAGE_BYTES)
    with path.open("rb") as file:
        file.seek(max(0, size - _END.size))
        end = file.read(_END.size)
    if len(end) < _END.size or not end.startswith(_END_SIGNATURE):
        raise refusal(
            "the file is no catalogue package, or it is cut", "T1-CAT-19", where=path.name
        )
    _, disk, directory_disk, here, total, directory_bytes, _, comment = _END.unpack(end)
    if disk or directory_disk or comment or here != total:
        raise refusal("the package must be a plain zip in one part", "T1-CAT-19", where=path.name)
    if directory_bytes > _MAX_DIRECTORY_BYTES:
        raise _wrong_entries(path.name)


def _check_entries(path: Path, archive: zipfile.ZipFile) -> None:
    where = path.name
    entries = archive.infolist()
    for entry in entries:
        _check_entry(where, entry)
    unpacked = sum(entry.file_size for entry in entries)
    packed = path.stat().st_size
    if unpacked > MAX_UNPACKED_BYTES:
        raise too_large(where, f"the package unpacks to {unpacked} bytes", MAX_UNPACKED_BYTES)
    if unpacked > max(RATIO_FREE_BYTES, MAX_RATIO * packed):
        what = f"the package unpacks to {unpacked} bytes, more than {MAX_RATIO} times its size"
        raise refusal(what, "T1-CAT-19", where=where, win32=ERROR_FILE_TOO_LARGE)


def _check_entry(where: str, entry: zipfile.ZipInfo) -> None:
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        what = f"{shortened(entry.filename)} is packed by another method than deflate or none"
        raise refusal(what, "T1-CAT-19", where=where)
    limit = MAX_MANIFEST_BYTES if entry.filename == MANIFEST else MAX_TABLE_BYTES
    if entry.file_size > limit:
        raise too_large(where, f"{shortened(entry.filename)} has {entry.file_size} bytes", limit)


def _check_names(where: str, archive: zipfile.ZipFile) -> None:
    names = sorted(entry.orig_filename for entry in archive.infolist())
    if names != sorted([MANIFEST, *(table.file for table in TABLES)]):
        raise _wrong_entries(where)


def _wrong_entries(where: str) -> CatalogError:
    files = ", ".join(table.file for table in TABLES)
    what = f"the package must hold exactly {MANIFEST} and {files}, once each and without folders"
    return refusal(what, "T1-TSV-01", where=where)
