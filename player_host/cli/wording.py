"""Words and numbers as people read them; foreign text made harmless for a terminal."""

import unicodedata
from datetime import datetime
from typing import Final

from player_host.units import ByteCount, Seconds

_UNITS: Final = ("kB", "MB", "GB", "TB")


def shown(text: str) -> str:
    r"""Return foreign text with everything but printable characters escaped.

    Titles, file names and messages come from stores and plug-ins; an escape sequence in them
    must not reach the terminal, and a lone surrogate cannot be written at all.

    >>> shown("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def size_text(size: ByteCount | int) -> str:
    """Return a number of bytes in decimal units.

    >>> size_text(25_663)
    '25.7 kB'
    """
    if size < 1_000:
        return f"{size} bytes"
    amount = float(size)
    for unit in _UNITS:
        amount /= 1_000
        if amount < 999.95 or unit == _UNITS[-1]:
            break
    return f"{amount:.1f} {unit}"


def duration_text(duration: Seconds | float) -> str:
    """Return a duration as minutes and seconds, with hours where there are any.

    >>> duration_text(3_725.2)
    '1:02:05'
    """
    minutes, seconds = divmod(round(duration), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def count_text(count: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it belongs.

    >>> count_text(1, "track"), count_text(12, "track"), count_text(0, "entry")
    ('1 track', '12 tracks', '0 entries')
    """
    if count == 1:
        return f"1 {noun}"
    plural = f"{noun[:-1]}ies" if noun.endswith("ry") else f"{noun}s"
    return f"{count} {plural}"


def moment_text(moment: datetime | str | None) -> str:
    """Return a moment to the second, in UTC as it is stored; "never" for None."""
    if moment is None:
        return "never"
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def shortened(text: str, limit: int) -> str:
    """Return at most `limit` characters, the last of them dots where something is missing."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _escaped(character: str) -> str:
    if unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode("ascii")
