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
    sha256: str
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

    def add(self, note: Note) -> None:
        """Write a note, before the file gets its name.

        Raises:
            StorageError: it cannot be written.
        """
        self._by_url[note.url] = note
        line = json.dumps(asdict(note)) + "\n"
        self._write(self._path, line, os.O_APPEND)

    def forget(self, urls: Iterable[str]) -> None:
        """Remove the notes of these URLs.

        Raises:
            StorageError: the file cannot be written.
        """
        for url in urls:
            self._by_url.pop(digest_url(url), None)
        lines = "".join(json.dumps(asdict(note)) + "\n" for note in self._by_url.values())
        try:
            if not lines:
                self._path.unlink(missing_ok=True)
                return
            newer = self._path.with_suffix(".new")
            self._write(newer, lines, os.O_TRUNC)
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

    @staticmethod
    def _write(path: Path, text: str, how: int) -> None:
        try:
            number = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600)
            with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as error:
            raise storage_error(error, path) from error
