"""A partial file: bytes written where they arrive, hashed on the way, synced at the end."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from player_host.errors import StorageError
from player_host.transfer import faults
from player_host.transfer.digests import Algorithm
from player_host.transfer.media import HEAD_LENGTH
from player_host.transfer.space import reserve
from player_host.units import ByteCount

READ_SIZE: Final = 1024 * 1024
RESERVED_FROM: Final = 1024 * 1024
"""How much has to be missing for its room to be reserved."""
HOW: Final = (
    os.O_RDWR
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
"""A link that somebody planted under a partial file's name is not followed."""


class PartialFile:
    """One open partial file; all its errors are `StorageError`s.

    Made by `create` or `reopen`. Not for two tasks at once.
    """

    def __init__(self, path: Path, number: int, *, is_hashed: bool) -> None:
        self.path = path
        self.size = ByteCount(0)
        self.head = b""
        self._number = number
        self._is_open = True
        self._reserved = ByteCount(0)
        self._hash = hashlib.sha256() if is_hashed else None

    @classmethod
    def create(cls, path: Path, *, is_hashed: bool = True) -> "PartialFile":
        """Open a partial file anew; what it held is gone."""
        with storage_errors(path):
            return cls(
                path, os.open(path, HOW | os.O_CREAT | os.O_TRUNC, 0o666), is_hashed=is_hashed
            )

    @classmethod
    def reopen(cls, path: Path, *, is_hashed: bool = True) -> "PartialFile":
        """Open a partial file that is to be continued, and read what it holds (blocking)."""
        with storage_errors(path):
            partial = cls(path, os.open(path, HOW), is_hashed=is_hashed)
            try:
                partial._read()
            except BaseException:
                partial.close()
                raise
            return partial

    @property
    def sha256(self) -> str | None:
        """The digest of every byte that the file holds now, in hexadecimal digits.

        None where it was not asked for when the file was opened.
        """
        return None if self._hash is None else self._hash.hexdigest()

    def reserve(self, total: ByteCount) -> None:
        """Make sure that there is room for so many bytes; its size stays what it is.

        Raises:
            StorageError: there is none, or no file may be so long.
        """
        if total - self.size < RESERVED_FROM:
            return
        with storage_errors(self.path):
            reserve(self.path, self._number, self.size, total)
            self._reserved = total

    def write(self, chunk: bytes | memoryview) -> None:
        """Append bytes; they have been handed to the operating system when it returns.

        Raises:
            StorageError: the disk is full, or the file cannot be written. What was written of
                the chunk is counted, and may be continued from.
        """
        view = memoryview(chunk)
        try:
            while view:
                written = os.write(self._number, view)
                self._count(view[:written])
                view = view[written:]
        except OSError as error:
            raise faults.storage(error, str(self.path)) from error

    def sync(self) -> None:
        """Bring the file to the disk (blocking)."""
        with storage_errors(self.path):
            os.fsync(self._number)

    def close(self) -> None:
        """Close the file, and give back what was reserved in vain; safe to call twice."""
        if not self._is_open:
            return
        self._is_open = False
        with storage_errors(self.path):
            try:
                if self._reserved > self.size:
                    os.ftruncate(self._number, self.size)
            finally:
                os.close(self._number)

    def _read(self) -> None:
        """Take up what the file holds: all of it where it is hashed, else its head alone."""
        while chunk := os.read(self._number, READ_SIZE):
            self._count(memoryview(chunk))
            if self._hash is None:
                self.size = ByteCount(os.lseek(self._number, 0, os.SEEK_END))
                return

    def _count(self, chunk: memoryview) -> None:
        if self._hash is not None:
            self._hash.update(chunk)
        self.size = ByteCount(self.size + len(chunk))
        if len(self.head) < HEAD_LENGTH:
            self.head = (self.head + bytes(chunk[:HEAD_LENGTH]))[:HEAD_LENGTH]


def sync_all(files: Iterable[PartialFile]) -> list[Exception | None]:
    """Bring several files to the disk (blocking); return for each the error that it met."""
    return [_synced(file) for file in files]


def _synced(file: PartialFile) -> StorageError | None:
    try:
        file.sync()
    except StorageError as error:
        return error
    return None


def remove(path: Path) -> None:
    """Remove a partial file; nothing happens where there is none.

    Raises:
        StorageError: it cannot be removed.
    """
    with storage_errors(path):
        path.unlink(missing_ok=True)


def size_of(path: Path) -> ByteCount | None:
    """Return the size of a partial file, or None where there is no such regular file."""
    try:
        return ByteCount(path.stat().st_size) if path.is_file() else None
    except OSError:
        return None


def digests_of(
    path: Path, algorithms: Iterable[Algorithm], first: ByteCount
) -> dict[Algorithm, bytes]:
    """Return the digests of what a file holds from a byte on (blocking).

    Raises:
        StorageError: it cannot be read.
    """
    hashes = {one: hashlib.new(one, usedforsecurity=False) for one in algorithms}
    with storage_errors(path), path.open("rb") as file:
        file.seek(first)
        while chunk := file.read(READ_SIZE):
            for each in hashes.values():
                each.update(chunk)
    return {algorithm: each.digest() for algorithm, each in hashes.items()}


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Name what the operating system says about a file.

    Raises:
        StorageError: in place of any `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise faults.storage(error, str(path)) from error
