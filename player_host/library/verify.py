"""Compares the library with the Music folder."""

import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

from attrs import frozen

from player_host.database import Database
from player_host.errors import StorageError
from player_host.library.disk import digest_of, size_of, storage_error

INCOMING: Final = ".incoming"
MAX_DEPTH: Final = 32


class Problem(StrEnum):
    """What can be wrong."""

    MISSING = "the file is missing"
    SIZE = "the file has another size"
    DIGEST = "the file has another content"
    UNREADABLE = "the file cannot be read"
    STRAY = "the library does not know the file"
    INTENT = "a publication was not ended"


@frozen
class Finding:
    """One difference.

    Attributes:
        problem: what is wrong.
        path: relative to the Music folder, with "/".
        item_id: the library's entry, if there is one.
    """

    problem: Problem
    path: str
    item_id: int | None = None


@frozen
class Verification:
    """The outcome of a comparison.

    Attributes:
        checked: how many entries were compared with their files.
        findings: entries first, then stray files, then intents.
    """

    checked: int
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether library and folder agree."""
        return not self.findings


def verify_library(database: Database, music: Path, *, digests: bool = False) -> Verification:
    """Compare every entry with its file, and look for files without an entry.

    Called by `library verify`, on any thread; changes nothing. While downloads run, a file
    that is being published can show as a stray file or an intent.

    Args:
        database: the home's database.
        music: the Music folder; `.incoming` in it is passed over.
        digests: read every file and compare its SHA-256 too.

    Raises:
        StorageError: a folder cannot be read, or the file system's encoding cannot hold the
            path of an entry.
    """
    rows = database.rows("SELECT id, source_path, file_size, sha256 FROM library_items ORDER BY id")
    findings: list[Finding] = []
    for row in rows:
        path = music / row["source_path"]
        problem = _problem(path, row["file_size"], row["sha256"] if digests else None)
        if problem is not None:
            findings.append(Finding(problem, row["source_path"], row["id"]))
    intents = [row["path"] for row in database.rows("SELECT path FROM library_intents ORDER BY id")]
    known = {row["source_path"] for row in rows} | set(intents)
    findings += [Finding(Problem.STRAY, path) for path in _files(music) if path not in known]
    findings += [Finding(Problem.INTENT, path) for path in intents]
    return Verification(len(rows), tuple(findings))


def _problem(path: Path, size: int, sha256: str | None) -> Problem | None:
    try:
        found = size_of(path)
        if found is None:
            return Problem.MISSING
        if found != size:
            return Problem.SIZE
        return Problem.DIGEST if sha256 is not None and digest_of(path) != sha256 else None
    except UnicodeEncodeError as error:
        raise storage_error(error, path) from error
    except OSError:
        return Problem.UNREADABLE


def _files(music: Path) -> list[str]:
    """Return every file below the Music folder but the host's own, sorted."""
    if not music.exists():
        return []
    try:
        return sorted(_walk(music, music, MAX_DEPTH))
    except OSError as error:
        raise storage_error(error, music) from error


def _walk(folder: Path, music: Path, depth: int) -> Iterator[str]:
    if depth == 0:
        raise StorageError("the folders are nested too deeply", where=str(folder))
    with os.scandir(folder) as entries:
        for entry in entries:
            path = Path(entry.path)
            if folder == music and entry.name == INCOMING:
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(path, music, depth - 1)
            else:
                yield _printable(path.relative_to(music).as_posix())


def _printable(name: str) -> str:
    """Escape the bytes of a file name that are no text."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
