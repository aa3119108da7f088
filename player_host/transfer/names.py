"""The name of a file that is fetched: from Content-Disposition, or from the URL. Pure.

What a server proposes is a name, never a place: of a path only the last component counts, and that
goes through the sanitiser that the library's filing uses too (`player_host.file_names`).
"""

import re
from collections.abc import Iterator
from itertools import count
from typing import Final
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from player_host.file_names import (
    FILE_SYSTEM,
    NameBounds,
    cut,
    finish,
    readable,
    safe_name,
)

MAX_HEADER_LENGTH: Final = 4096
UNNAMED: Final = "download"

_SEPARATORS: Final = re.compile(r"[/\\]")
_PARAMETER: Final = re.compile(
    r"""\s* ; \s* (?P<name> [!#$%&'*+\-.^_`|~0-9A-Za-z]+ ) \s* = \s*
        (?: " (?P<quoted> (?: [^"\\] | \\. )* ) "  |  (?P<plain> [^;"]* ) )""",
    re.VERBOSE | re.DOTALL,
)
_QUOTED_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
_SUFFIX: Final = re.compile(r"(?P<stem>.*[^. ])(?P<suffix>\.[A-Za-z0-9]{1,16})", re.DOTALL)
_EXTENDED: Final = re.compile(r"(?P<charset>[A-Za-z0-9-]{1,20})'[A-Za-z0-9-]*'(?P<text>[^'\s]*)")
_CHARSETS: Final = {"utf-8": "utf-8", "iso-8859-1": "latin-1"}


def file_name(url: str, disposition: str | None = None, bounds: NameBounds = FILE_SYSTEM) -> str:
    """Return a safe name for what a URL leads to.

    Called by whoever fetches a file that no tags name. Any thread may call this.

    Args:
        url: the absolute URL that answered.
        disposition: the answer's Content-Disposition, if it has one; it goes before the URL.
        bounds: how long the name may be; narrower where something is to be added to it.

    Returns:
        one component of a path, never empty: `download` where neither says anything of use.
    """
    proposed = disposition_name(disposition or "")
    named = _component(proposed, bounds) if proposed else ""
    return named or _component(url_name(url), bounds) or UNNAMED


def disposition_name(header: str) -> str | None:
    """Return the name that Content-Disposition proposes, as the server meant it, or None.

    `filename*` goes before `filename` (RFC 6266, 4.3). What is returned is not safe yet.
    """
    if len(header) > MAX_HEADER_LENGTH:
        return None
    parameters = _parameters(header)
    extended = _decoded(parameters.get("filename*", ""))
    return extended or parameters.get("filename") or None


def url_name(url: str) -> str:
    """Return the last component of a URL's path, decoded; empty where there is none.

    What is returned is not safe yet.
    """
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    return unquote(path.rpartition("/")[2], errors="replace").replace("\ufffd", "_")


def alternatives(name: str, bounds: NameBounds = FILE_SYSTEM) -> Iterator[str]:
    """Yield the name, then `name (2).mp3` and so on, without end.

    Args:
        name: a safe one, such as `file_name` returns.
        bounds: how long each may be.
    """
    yield name
    stem, suffix = _split(name)
    for number in count(2):
        yield _fitting(stem, f" ({number}){suffix}", bounds)


def _component(text: str, bounds: NameBounds) -> str:
    """Return the last component of a proposed path, safe; a long one keeps its extension."""
    parts = (readable(part) for part in reversed(_SEPARATORS.split(text)))
    last = next((part for part in parts if part.rstrip(". ")), "")
    stem, suffix = _split(last.rstrip(". "))
    safe = safe_name(stem, "")
    return _fitting(safe, suffix, bounds) if safe else ""


def _split(name: str) -> tuple[str, str]:
    match = _SUFFIX.fullmatch(name)
    return (match["stem"], match["suffix"]) if match else (name, "")


def _fitting(stem: str, ending: str, bounds: NameBounds) -> str:
    """Return stem and ending, the stem cut so that both fit; the ending is ASCII."""
    room = NameBounds(bounds.size - len(ending), bounds.units - len(ending))
    return f"{finish(cut(stem, room), room) or UNNAMED}{ending}"


def _parameters(header: str) -> dict[str, str]:
    """Return the parameters, names in lower case; of a repeated one the first counts."""
    found: dict[str, str] = {}
    position = header.find(";")
    while position >= 0 and (match := _PARAMETER.match(header, position)):
        quoted = match["quoted"]
        plain = (match["plain"] or "").strip()
        text = plain if quoted is None else _QUOTED_PAIR.sub(r"\1", quoted)
        found.setdefault(match["name"].lower(), text)
        position = match.end()
    return found


def _decoded(text: str) -> str:
    """Return what an extended value says (RFC 8187), empty where it cannot be read."""
    match = _EXTENDED.fullmatch(text)
    charset = _CHARSETS.get(match["charset"].lower()) if match else None
    if match is None or charset is None:
        return ""
    try:
        return unquote_to_bytes(match["text"]).decode(charset)
    except UnicodeError:
        return ""
