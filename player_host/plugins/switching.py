"""Enabling and disabling a plug-in: the one thing that the host itself changes in `partners.toml`.

The file is the user's: comments, order and line ends stay as they are, and so does its mode, for
there may be passwords in it. It is replaced as a whole, by one that was read back and says what
the old one said, but for the switch.
"""

import os
import re
import stat
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import tomlkit
from filelock import FileLock, Timeout

from player_host.errors import SettingsError, StorageError, UsageError
from player_host.toml_text import check_size, parse_toml, read_toml
from player_host.units import Seconds

LOCK_DEADLINE: Final = Seconds(10.0)

_LONE_LINE_FEED: Final = re.compile(r"(?<!\r)\n")


def switch(path: Path, name: str, *, enabled: bool) -> bool:
    """Write whether a plug-in may be used; takes effect when the next Player is opened.

    Args:
        path: `partners.toml`; it need not exist.
        name: the plug-in's entry point, or `module:attribute`. Whether there is one is not asked.
        enabled: False keeps every Player from loading it.

    Returns:
        False if the file said so already, or meant it by saying nothing.

    Raises:
        SettingsError: the file is no TOML, is too large, or says something else in the switch's
            place; it was left as it is.
        UsageError: another program is switching all the time.
        StorageError: the file cannot be written; it was left as it is.
    """
    with _alone(path):
        text = read_toml(path)
        document = parse_toml(text, path, parse_float=str)
        if _host_table(document, name, path).get("enabled", True) is enabled:
            return False
        _replace(path, _switched(text, document, name, enabled, path))
    return True


def names_in(path: Path) -> tuple[str, ...]:
    """Return the names of the plug-ins about which `partners.toml` says something.

    Raises:
        SettingsError: the file is no TOML, or is too large.
    """
    return tuple(parse_toml(read_toml(path), path, parse_float=str))


def _host_table(document: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    table = document
    for key in (name, "host"):
        inner = table.get(key, {})
        if not isinstance(inner, dict):
            raise SettingsError(f"a table was expected as {key!r}", where=f"{path}: partner {name}")
        table = inner
    return table


def _switched(text: str, document: dict[str, Any], name: str, enabled: bool, path: Path) -> str:
    """Return the text with the switch in it, and nothing else said differently."""
    wanted = deepcopy(document)
    wanted.setdefault(name, {}).setdefault("host", {})["enabled"] = enabled
    is_new = "host" not in document.get(name, {})
    for write in (_with_new_table, _with_new_value) if is_new else (_with_new_value,):
        with suppress(Exception):  # whatever the libraries cannot do: the next way may
            written = _with_line_ends_of(text, write(text, name, enabled))
            if tomllib.loads(written, parse_float=str) == wanted:
                return written
    value = str(enabled).lower()
    raise SettingsError(
        "the table is written in a way that cannot be added to",
        where=f"{path}: partner {name}",
        remedy=f"Write host = {{ enabled = {value} }} into it by hand",
    )


def _with_new_table(text: str, name: str, enabled: bool) -> str:
    # At the end, where no comment that belongs to another table is in the way.
    above = f"{text.rstrip()}\n\n" if text.strip() else ""
    return above + tomlkit.dumps({name: {"host": {"enabled": enabled}}})


def _with_new_value(text: str, name: str, enabled: bool) -> str:
    document: Any = tomlkit.parse(text)
    if "host" not in document[name]:
        document[name]["host"] = tomlkit.inline_table()
    document[name]["host"]["enabled"] = enabled
    return tomlkit.dumps(document)


def _with_line_ends_of(text: str, written: str) -> str:
    if "\r\n" not in text or _LONE_LINE_FEED.search(text):
        return written
    return _LONE_LINE_FEED.sub("\r\n", written)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other programs of the host from switching at the same time."""
    lock = FileLock(path.with_name("partners.lock"), timeout=LOCK_DEADLINE)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise UsageError(
            "another program is changing the file",
            where=str(path),
            remedy="Wait until it has ended, then try again",
        ) from None
    except OSError as error:
        raise _not_written(error, path) from error
    try:
        yield
    finally:
        lock.release()


def _replace(path: Path, text: str) -> None:
    data = text.encode()
    check_size(data, path)
    target = path.resolve()  # a link to the file stays a link
    try:
        new = _write_beside(target, data)
        try:
            new.replace(target)
        finally:
            new.unlink(missing_ok=True)
        _sync_folder(target.parent)
    except OSError as error:
        raise _not_written(error, path) from error


def _write_beside(target: Path, data: bytes) -> Path:
    """Write a file of the same mode into the same folder; for its owner alone, if it is new."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            with suppress(FileNotFoundError):
                new.chmod(stat.S_IMODE(target.stat().st_mode))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        new.unlink(missing_ok=True)
        raise
    return new


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # the new file is in place; not every system syncs folders
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _not_written(error: OSError, path: Path) -> StorageError:
    return StorageError(
        f"the file cannot be written ({error.strerror or error})",
        where=str(path),
        remedy="Mend the permissions of the folder, or free some space",
    )
