"""Raw tag values made clean: bounded texts, numbers and GUIDs. Pure functions.

Raw values are what containers hold: text, bytes, numbers, truth values, pairs "n of m".
Every function returns its neutral value for what it cannot read; none raises.
"""

import math
import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from typing import Final
from uuid import UUID

from player_host.units import Seconds

MAX_TEXT_CHARACTERS: Final = 4_096
MAX_VALUES: Final = 64
MAX_TRACK_NUMBER: Final = 99_999
MAX_DURATION_S: Final = 10.0 * 365 * 24 * 3600

_FORBIDDEN: Final = frozenset({"Cc", "Cs"})
_LEADING_NUMBER: Final = re.compile(r"\s*([0-9]{1,9})(?![0-9])")
_YEAR: Final = re.compile(r"\s*([0-9]{4})(?![0-9])")


def clean_text(raw: object) -> str:
    """Return text without control characters and lone surrogates, of bounded length.

    Blanks stay as they are: values are compared exactly (LIB-06).
    """
    text = _as_text(raw)[: MAX_TEXT_CHARACTERS * 2]
    kept = (c for c in text if unicodedata.category(c) not in _FORBIDDEN)
    return "".join(kept)[:MAX_TEXT_CHARACTERS]


def clean_texts(raws: Iterable[object]) -> tuple[str, ...]:
    """Return the values that are not empty, at most 64 of them, in their order (LIB-16)."""
    found: list[str] = []
    for raw in raws:
        if len(found) == MAX_VALUES:
            break
        text = clean_text(raw)
        if text:
            found.append(text)
    return tuple(found)


def track_number(raw: object) -> int | None:
    """Return a track number, 1 or more, from `3`, `"3"`, `"3/12"` or `(3, 12)` (LIB-17)."""
    number = _whole_number(raw)
    if number is None or not 1 <= number <= MAX_TRACK_NUMBER:
        return None
    return number


def zero_based_track_number(raw: object) -> int | None:
    """Return a track number from the older `WM/Track`, whose first track is 0."""
    number = _whole_number(raw)
    return None if number is None else track_number(number + 1)


def year(raw: object) -> int | None:
    """Return the four-digit year that a date begins with."""
    found = _YEAR.match(clean_text(raw))
    return int(found[1]) if found and int(found[1]) else None


def seconds(raw: object) -> Seconds:
    """Return a duration in seconds; 0.0 for what is negative, endless or no number."""
    try:
        value = float(raw if isinstance(raw, (int, float)) else clean_text(raw)[:32])
    except (ValueError, OverflowError):
        return Seconds(0.0)
    sane = math.isfinite(value) and 0.0 <= value <= MAX_DURATION_S
    return Seconds(value if sane else 0.0)


def guid(raw: object) -> str:
    """Return a GUID as upper-case text, from 16 bytes in memory order or from text, else ""."""
    with suppress(ValueError):
        if isinstance(raw, bytes) and len(raw) == 16:
            return str(UUID(bytes_le=raw)).upper()
        return str(UUID(clean_text(raw)[:64].strip())).upper()
    return ""


def truth(raw: object) -> bool:
    """Return a Boolean from a truth value, a number, or the texts `true` and `1`."""
    if isinstance(raw, (bool, int)):
        return bool(raw)
    return clean_text(raw).strip().lower() in {"true", "1"}


def _as_text(raw: object) -> str:
    if isinstance(raw, bytes):
        return _decoded(raw)
    if isinstance(raw, tuple):
        return "/".join(str(part) for part in raw if part)
    return str(raw)


def _decoded(raw: bytes) -> str:
    """Decode UTF-16LE that ends with two zero bytes (LIB-24), else UTF-8."""
    raw = raw[: MAX_TEXT_CHARACTERS * 4]
    if len(raw) % 2 == 0 and b"\0" in raw:
        return raw.decode("utf-16-le", "replace").partition("\0")[0].removeprefix("\ufeff")
    return raw.decode("utf-8", "replace").partition("\0")[0]


def _whole_number(raw: object) -> int | None:
    if isinstance(raw, int):
        return int(raw)
    if isinstance(raw, tuple):
        return _whole_number(raw[0]) if raw else None
    found = _LEADING_NUMBER.match(clean_text(raw))
    return int(found[1]) if found else None
