"""Reads a TOML file that a user wrote: bounded, and every fault with its line and column."""

import re
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from player_host.errors import SettingsError
from player_host.units import ByteCount

MAX_BYTES: Final = ByteCount(1024 * 1024)

_POSITION: Final = re.compile(r" \(at line (\d+), column (\d+)\)| \(at end of document\)")


def load_toml(path: Path, *, limit: ByteCount = MAX_BYTES) -> dict[str, Any]:
    """Return what a file says that has to be there.

    For files that the user names; for those of the home folder, which need not exist, there is
    `read_toml`.

    Args:
        path: of the file.
        limit: how large it may be.

    Raises:
        SettingsError: it is no regular file, cannot be read, is too large, or is no TOML in
            UTF-8; for the last, `where` has line and column.
    """
    try:
        text = _text_of(path, limit)
    except OSError as error:
        raise _unreadable(error, path, "Mend its path or its permissions") from error
    return parse_toml(text, path)


def read_toml(path: Path) -> str:
    """Return the text of a file; "" if there is none.

    Raises:
        SettingsError: it is no regular file, cannot be read, is larger than `MAX_BYTES`, or no
            UTF-8.
    """
    try:
        return _text_of(path, MAX_BYTES)
    except FileNotFoundError:
        return ""
    except OSError as error:
        remedy = "Mend the permissions, or choose another folder with --home"
        raise _unreadable(error, path, remedy) from error


def parse_toml(
    text: str, path: Path, *, parse_float: Callable[[str], Any] = float
) -> dict[str, Any]:
    """Return what a text says.

    Args:
        text: of the file.
        path: of the file, for messages.
        parse_float: makes the numbers with a fraction; `str` where documents are compared, for
            a NaN does not equal itself.

    Raises:
        SettingsError: it is no TOML, where `where` has line and column; or it is nested too
            deeply or has a number with too many digits.
    """
    try:
        return tomllib.loads(text, parse_float=parse_float)
    except tomllib.TOMLDecodeError as error:
        place = _POSITION.search(str(error))
        position = (place[1], place[2]) if place and place[1] else _end_of(text)
        raise _no_toml(_POSITION.sub("", str(error)), position, path) from error
    except RecursionError as error:
        raise SettingsError("its values are nested too deeply", where=str(path)) from error
    except ValueError as error:
        raise SettingsError("a number in it has too many digits", where=str(path)) from error


def check_size(data: bytes, path: Path, limit: ByteCount = MAX_BYTES) -> None:
    """Refuse a file that is too large.

    Raises:
        SettingsError: it is.
    """
    if len(data) > limit:
        raise SettingsError(f"the file is larger than {limit / 2**20:g} MiB", where=str(path))


def _text_of(path: Path, limit: ByteCount) -> str:
    if not stat.S_ISREG(path.stat().st_mode):
        raise SettingsError("it is no file", where=str(path))
    with path.open("rb") as file:
        data = file.read(limit + 1)
    check_size(data, path, limit)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        raise _no_toml("a byte that is no UTF-8", _end_of(before), path) from error


def _unreadable(error: OSError, path: Path, remedy: str) -> SettingsError:
    what = f"the file cannot be read ({error.strerror})"
    return SettingsError(what, where=str(path), remedy=remedy)


def _no_toml(what: str, position: tuple[object, object], path: Path) -> SettingsError:
    line, column = position
    return SettingsError(
        f"the file is no valid TOML: {what}",
        where=f"{path}: line {line}, column {column}",
        remedy="Mend the file; nothing was changed",
    )


def _end_of(text: str) -> tuple[int, int]:
    return text.count("\n") + 1, len(text) - text.rfind("\n")
