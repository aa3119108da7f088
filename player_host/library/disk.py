"""Moves files to final names so that nothing is overwritten and nothing is lost at a crash."""

import errno
import hashlib
import os
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from partner_api.hresult import E_ACCESSDENIED, E_FAIL, HRESULT
from player_host.errors import StorageError
from player_host.units import ByteCount

ERROR_FILE_NOT_FOUND: Final = 2
ERROR_DISK_FULL: Final = 112
ERROR_INVALID_NAME: Final = 123

# What file operations raise; the second for a name that the system's encoding cannot hold.
FILE_FAULTS: Final = (OSError, UnicodeEncodeError)

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_DENIED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
# What file systems without hard links answer (exFAT, some network shares).
_NO_LINKS: Final = frozenset(
    {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK, errno.EINVAL}
)
_NO_FOLDER_SYNC: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF})


def move_without_overwriting(source: Path, target: Path) -> None:
    """Give a file its new name on the same file system; never replaces what is there.

    Where there are hard links the new name appears at once and whole. Elsewhere an empty file
    claims the name first; a crash in between leaves it, which recovery removes.

    Raises:
        FileExistsError: the target exists.
        OSError: as the system reports it; the source keeps its name.
    """
    if os.name == "nt":
        source.rename(target)  # refuses an existing target on Windows
        return
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _claim_and_replace(source, target)
        return
    try:
        source.unlink()
    except OSError:
        # Not moved after all: no file may stay under a final name that nobody owns.
        with suppress(OSError):
            target.unlink()
        raise


def _claim_and_replace(source: Path, target: Path) -> None:
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        source.replace(target)
    except OSError:
        with suppress(OSError):
            target.unlink()
        raise


def make_folders(folder: Path, root: Path) -> set[Path]:
    """Make a folder below the root and what is missing above it.

    Returns:
        The folders that have a new entry, for `sync_folders`.

    Raises:
        OSError: a folder cannot be made, or a file is in its place.
    """
    missing: list[Path] = []
    level = folder
    while not level.is_dir():
        missing.append(level)
        if level == root:
            break
        level = level.parent
    if not missing:
        return set()
    folder.mkdir(parents=True, exist_ok=True)
    return {level.parent for level in missing}


def sync_folders(folders: Iterable[Path]) -> None:
    """Make the entries of folders durable, where the platform can do that.

    Raises:
        OSError: the disk reports a fault.
    """
    if os.name == "nt":
        return
    for folder in sorted(set(folders)):
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def size_of(path: Path) -> ByteCount | None:
    """Return the size of a regular file; None if there is none. Links are not followed."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return ByteCount(found.st_size) if stat.S_ISREG(found.st_mode) else None


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file in lower-case hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def holds(path: Path, size: ByteCount, sha256: str) -> bool:
    """Return whether a regular file with this size and digest lies at the path.

    Raises:
        OSError: the file cannot be read.
    """
    return size_of(path) == size and digest_of(path) == sha256


def storage_error(error: OSError | UnicodeEncodeError, where: Path) -> StorageError:
    """Return the host's error for a failed file operation, with the code for the plug-in.

    Args:
        error: one of `FILE_FAULTS`.
        where: the file or folder; a name that cannot be encoded is known from the error.
    """
    if isinstance(error, UnicodeEncodeError):
        return _encoding_error(error)
    remedy, hr = "Check the folder and its permissions, then download it again", HRESULT(E_FAIL)
    if error.errno in _FULL:
        remedy, hr = "Free some space, then download it again", HRESULT.from_win32(ERROR_DISK_FULL)
    elif error.errno in _DENIED:
        hr = E_ACCESSDENIED
    elif error.errno == errno.ENOENT:
        hr = HRESULT.from_win32(ERROR_FILE_NOT_FOUND)
    return StorageError(
        f"the file cannot be filed ({error.strerror or error})",
        where=str(where),
        remedy=remedy,
        hr=hr,
    )


def _encoding_error(error: UnicodeEncodeError) -> StorageError:
    return StorageError(
        f"the system's encoding of file names ({sys.getfilesystemencoding()}) cannot hold the name",
        # Bytes that were no text in that encoding are shown as the UTF-8 that they mostly are.
        where=error.object.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
        remedy="Set a UTF-8 locale (such as LC_ALL=C.UTF-8) or PYTHONUTF8=1, then try again",
        hr=HRESULT.from_win32(ERROR_INVALID_NAME),
    )
