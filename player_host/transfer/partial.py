"""A partial file: bytes written where they arrive, hashed on the way, synced at the end."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from player_host.transfer import faults
from player_host.transfer.digests import Algorithm
from player_host.transfer.media import HEAD_LENGTH
from player_host.units import ByteCount

READ_SIZE: Final = 1024 * 1024


class PartialFile:
    """One open partial file; all its errors are `StorageError`s.

    Made by `create` or `reopen`. Not for two tasks at once.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self.size = ByteCount(0)
        self.head = b""
        self._file = file
        self._hash = hashlib.sha256()

    @classmethod
    def create(cls, path: Path) -> "PartialFile":
        """Open a partial file anew; what it held is gone."""
        with storage_errors(path):
            return cls(path, path.open("w+b", buffering=0))

    @classmethod
    def reopen(cls, path: Path) -> "PartialFile":
        """Open a partial file that is to be continued, and hash what it holds (blocking)."""
        with storage_errors(path):
            partial = cls(path, path.open("r+b", buffering=0))
            try:
                while chunk := partial._file.read(READ_SIZE):
                    partial._count(chunk)
            except BaseException:
                partial.close()
                raise
            return partial

    @property
    def sha256(self) -> str:
        """The digest of every byte that the file holds now, in hexadecimal digits."""
        return self._hash.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Append bytes; they have been handed to the operating system when it returns.

        Raises:
            StorageError: the disk is full, or the file cannot be written. What was written of
                the chunk is counted, and may be continued from.
        """
        view = memoryview(chunk)
        with storage_errors(self.path):
            while view:
                written = self._file.write(view)
                self._count(bytes(view[:written]) if written < len(view) else view)
                view = view[written:]

    def sync(self) -> None:
        """Bring the file to the disk (blocking)."""
        with storage_errors(self.path):
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file; safe to call twice."""
        with storage_errors(self.path):
            self._file.close()

    def _count(self, chunk: bytes | memoryview) -> None:
        self._hash.update(chunk)
        self.size = ByteCount(self.size + len(chunk))
        if len(self.head) < HEAD_LENGTH:
            self.head = (self.head + bytes(chunk[:HEAD_LENGTH]))[:HEAD_LENGTH]


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
