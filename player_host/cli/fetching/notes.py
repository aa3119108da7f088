"""What an unfinished `player-host fetch` has fetched already: one line for each file.

The same command looks here when it goes on, and takes no file a second time. The notes of a
command that has fetched all of its URLs are removed: whoever asks once more wants it once more.
"""

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import cattrs
from attrs import asdict, define, field, frozen

from player_host.library.disk import storage_error
from player_host.transfer.urls import digest_url
from player_host.units import ByteCount, Seconds

LONGEST_MEMORY: Final = Seconds(7 * 24 * 3600.0)
MAX_NOTES_SIZE: Final = ByteCount(256 * 1024 * 1024)
_HOW: Final = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)


@frozen
class Note:
    """A file that has its final name, or was about to get it.

    Attributes:
        url: digest of the URL.
        name: of the file in the folder.
        modified: the file's time stamp, in nanoseconds.
        at: when it was written, in seconds since 1970.
    """

    url: str
    name: str
    size: ByteCount
    modified: int
    sha256: str | None
    at: float

    def fits(self, folder: Path) -> bool:
        """Say whether the file is there as it was left."""
        try:
            found = (folder / self.name).lstat()
        except (OSError, ValueError):
            return False
        recent = 0 <= time.time() - self.at <= LONGEST_MEMORY
        return recent and (found.st_size, found.st_mtime_ns) == (self.size, self.modified)


@define
class Notes:
    """The notes about one folder; one process has them at a time."""

    _path: Path
    _by_url: dict[str, Note] = field(init=False, factory=dict)
    _number: int | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        """Read what is there; a line that makes no sense is as good as none."""
        for line in self._read().splitlines():
            try:
                note = cattrs.structure(json.loads(line), Note)
            except Exception:  # noqa: S112 - cattrs raises whatever its hooks raise
                continue
            self._by_url[note.url] = note

    def find(self, url: str, folder: Path) -> Note | None:
        """Return the note of a URL whose file is there as it was left."""
        note = self._by_url.get(digest_url(url))
        return note if note is not None and note.fits(folder) else None

    def add(self, notes: Iterable[Note]) -> None:
        """Write notes, before their files get their names.

        Raises:
            StorageError: they cannot be written.
        """
        added = tuple(notes)
        self._by_url.update((note.url, note) for note in added)
        lines = "".join(map(_line, added)).encode()
        try:
            if self._number is None:
                self._number = os.open(self._path, _HOW | os.O_APPEND, 0o600)
            while lines:
                lines = lines[os.write(self._number, lines) :]
        except OSError as error:
            raise storage_error(error, self._path) from error

    def close(self) -> None:
        """Close the file; safe to call twice."""
        if self._number is not None:
            os.close(self._number)
            self._number = None

    def forget(self, urls: Iterable[str]) -> None:
        """Remove the notes of these URLs.

        Raises:
            StorageError: the file cannot be written.
        """
        for url in urls:
            self._by_url.pop(digest_url(url), None)
        lines = "".join(map(_line, self._by_url.values()))
        self.close()
        try:
            if not lines:
                self._path.unlink(missing_ok=True)
                return
            newer = self._path.with_suffix(".new")
            with os.fdopen(os.open(newer, _HOW | os.O_TRUNC, 0o600), "wb") as file:
                file.write(lines.encode())
            newer.replace(self._path)
        except OSError as error:
            raise storage_error(error, self._path) from error

    def _read(self) -> str:
        try:
            if self._path.stat().st_size > MAX_NOTES_SIZE:
                return ""
            return self._path.read_text("utf-8", "replace")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise storage_error(error, self._path) from error


def _line(note: Note) -> str:
    return json.dumps(asdict(note)) + "\n"
