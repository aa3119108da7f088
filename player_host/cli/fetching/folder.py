"""The folder into which `player-host fetch` puts files: names, partial files, publishing.

A file gets its name when it is whole, verified and on the disk, and never takes the place of
another one. A process may die between any two steps; the same command then goes on.
"""

import hashlib
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from attrs import frozen
from filelock import FileLock, Timeout

from player_host.cli.fetching.names import Names, partial_name
from player_host.cli.fetching.notes import Note, Notes
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


@frozen
class Whole:
    """A file that has come and has no name yet.

    Attributes:
        url: it came from.
        name: that was promised; another one is taken where a file has it meanwhile.
        partial: verified.
    """

    url: str
    name: str
    partial: VerifiedPartial


class FetchFolder:
    """One folder, held by one process for each home; made by `open_folder`."""

    def __init__(self, path: Path, home: Path, notes: Notes, *, is_synced: bool) -> None:
        self.path = path
        self.notes = notes
        self._is_synced = is_synced
        self._home = home
        self._names = Names(_names_in(path))

    def promise(self, wished: str) -> str:
        """Return the name that a file is going to have which wishes for one."""
        return self._names.free(wished)

    def partial_for(self, url: str, wished: str) -> Path:
        """Return where the bytes of a URL are gathered.

        What lies there and is no partial file of its own is removed: a link that somebody
        planted, or the second name of a file that was published when its process died.

        Raises:
            StorageError: it cannot be removed.
        """
        path = self.path / partial_name(wished, url, self._home)
        try:
            found = path.lstat()
            if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                path.unlink()
        except FileNotFoundError:
            pass
        except OSError as error:
            raise storage_error(error, path) from error
        return path

    def publish(self, whole: Sequence[Whole]) -> list[str | StorageError]:
        """Give whole files their names, and bring those to the disk where that is asked for.

        Blocking; on any thread, never on two at a time. Each file has its name, or stays where
        it is.

        Returns:
            for each the name that it has, or why it has none.

        Raises:
            StorageError: none of them can be given a name.
        """
        self.notes.add([self._noted(one, one.name) for one in whole])
        outcomes = [self._named(one) for one in whole]
        if self._is_synced:
            try:
                sync_folders([self.path])
            except OSError as error:
                raise storage_error(error, self.path) from error
        return outcomes

    def _noted(self, one: Whole, name: str) -> Note:
        """Make the note that is written before a file gets its name."""
        file = one.partial
        try:
            modified = file.path.stat().st_mtime_ns
        except OSError as error:
            raise storage_error(error, file.path) from error
        return Note(digest_url(one.url), name, file.size, modified, file.sha256, at=time.time())

    def _named(self, one: Whole) -> str | StorageError:
        name = one.name
        try:
            while True:
                try:
                    move_without_overwriting(one.partial.path, self.path / name)
                except FileExistsError:
                    name = self._names.free(one.name)
                    self.notes.add([self._noted(one, name)])
                else:
                    return name
        except StorageError as error:
            return error
        except FILE_FAULTS as error:
            return storage_error(error, self.path / name)


@contextmanager
def open_folder(path: Path, home: Home, *, is_synced: bool = True) -> Iterator[FetchFolder]:
    """Make the folder if it is missing, and keep other fetches of this home out of it.

    Args:
        path: as the user gave it.
        home: keeps the notes.
        is_synced: whether names are brought to the disk.

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
        with closing(Notes(notes / f"{stem}.jsonl")) as told:
            yield FetchFolder(folder, home.path, told, is_synced=is_synced)
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
