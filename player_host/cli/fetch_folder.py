"""The folder into which `player-host fetch` puts files: names, partial files, publishing.

A file gets its name when it is whole, verified and on the disk, and never takes the place of
another one. A process may die between any two steps; the same command then goes on.
"""

import hashlib
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from player_host.cli.fetch_names import Names, name_of, partial_name
from player_host.cli.fetch_notes import Note, Notes
from player_host.errors import StorageError, UsageError
from player_host.file_names import name_key
from player_host.library.disk import (
    FILE_FAULTS,
    move_without_overwriting,
    storage_error,
    sync_folders,
)
from player_host.settings import Home
from player_host.transfer.request import VerifiedPartial
from player_host.transfer.urls import digest_url


class FetchFolder:
    """One folder, held by one process for each home; made by `open_folder`."""

    def __init__(self, path: Path, home: Path, notes: Notes) -> None:
        self.path = path
        self.notes = notes
        self._home = home
        self._names = Names(_names_in(path))
        self._lock = threading.Lock()

    def promise(self, url: str) -> str:
        """Return the name that the file of a URL is going to have."""
        return self._names.free(name_of(url))

    def partial_for(self, url: str) -> Path:
        """Return where the bytes of a URL are gathered.

        What lies there and is no partial file of its own is removed: a link that somebody
        planted, or the second name of a file that was published when its process died.

        Raises:
            StorageError: it cannot be removed.
        """
        path = self.path / partial_name(name_of(url), url, self._home)
        try:
            found = path.lstat()
            if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                path.unlink()
        except FileNotFoundError:
            pass
        except OSError as error:
            raise storage_error(error, path) from error
        return path

    def publish(self, url: str, name: str, partial: VerifiedPartial) -> str:
        """Give a whole file its name, and bring that to the disk (blocking, on any thread).

        Args:
            url: it came from.
            name: that was promised; another one is taken where a file has it meanwhile.
            partial: verified and synced.

        Returns:
            the name.

        Raises:
            StorageError: the file cannot be given a name; it stays where it is.
        """
        try:
            with self._lock:
                name = self._move(url, name, partial)
            sync_folders([self.path])
        except FILE_FAULTS as error:
            raise storage_error(error, self.path / name) from error
        return name

    def _move(self, url: str, name: str, partial: VerifiedPartial) -> str:
        modified, wished = partial.path.stat().st_mtime_ns, name
        while True:
            note = Note(
                digest_url(url), name, partial.size, modified, partial.sha256, at=time.time()
            )
            self.notes.add(note)
            try:
                move_without_overwriting(partial.path, self.path / name)
            except FileExistsError:
                name = self._names.free(wished)
            else:
                return name


@contextmanager
def open_folder(path: Path, home: Home) -> Iterator[FetchFolder]:
    """Make the folder if it is missing, and keep other fetches of this home out of it.

    Args:
        path: as the user gave it.
        home: keeps the notes.

    Raises:
        UsageError: it is no folder, or another fetch uses it.
        StorageError: it cannot be made or written.
    """
    folder = _made(path)
    notes = home.path / "fetches"
    stem = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    try:
        notes.mkdir(parents=True, exist_ok=True)
        lock = FileLock(notes / f"{stem}.lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise UsageError(
            "another fetch is writing into this folder",
            where=str(folder),
            remedy="Wait until it has ended, or choose another folder",
        ) from None
    except OSError as error:
        raise storage_error(error, notes) from error
    try:
        yield FetchFolder(folder, home.path, Notes(notes / f"{stem}.jsonl"))
    finally:
        lock.release()


def _made(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
        return path.resolve(strict=True)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(
            "a folder is needed, and this is none",
            where=str(path),
            remedy="Name a folder with --to; it is made if it is missing",
        ) from None
    except FILE_FAULTS as error:
        reason = getattr(error, "strerror", None) or error
        raise StorageError(
            f"the folder cannot be made ({reason})",
            where=str(path),
            remedy="Mend the permissions, or name another folder with --to",
        ) from error


def _names_in(folder: Path) -> set[str]:
    try:
        with os.scandir(folder) as entries:
            return {name_key(entry.name) for entry in entries}
    except OSError as error:
        raise storage_error(error, folder) from error
