"""One component of a path, made safe; shared by the library's filing and by transfers. Pure.

Texts come from outside: tags, headers, URLs. A component is safe on Linux, macOS and Windows: no
separators, no reserved names, no control, format (bidirectional, zero-width) or unassigned
characters, no leading dot (names such as `.incoming` belong to the host), no blanks or dots at
the end, and a bounded length.
"""

import unicodedata
from functools import lru_cache
from typing import Final

from attrs import frozen
from pathvalidate import FileNameSanitizer, FileNameValidator
from pathvalidate.handler import ReservedNameHandler


@frozen
class NameBounds:
    """How long a name may be: in bytes of UTF-8, and in code units of UTF-16."""

    size: int
    units: int


FILE_SYSTEM: Final = NameBounds(size=255, units=255)
"""What the usual file systems take, each counting in its own way."""

_BLANKS: Final = frozenset({"Zs", "Zl", "Zp"})
_DROPPED: Final = frozenset({"Cc", "Cf", "Cs", "Cn"})
_RESERVED: Final = frozenset(
    {"CONIN$", "CONOUT$", *FileNameValidator(platform="universal").reserved_keywords}
)

# Reserved names are dealt with in `finish`: pathvalidate would change every occurrence.
_SANITIZER: Final = FileNameSanitizer(
    max_len=FILE_SYSTEM.size,
    platform="universal",
    fs_encoding="utf-8",
    reserved_name_handler=ReservedNameHandler.as_is,
)


@lru_cache(maxsize=1_024)
def safe_name(text: str, fallback: str, bounds: NameBounds = FILE_SYSTEM) -> str:
    """Return a text as one component of a path, or the fallback if nothing of it is left.

    Any thread may call this. Applying it twice changes nothing.

    Args:
        text: anything.
        fallback: returned as it is.
        bounds: at most `FILE_SYSTEM`.
    """
    plain = str(_SANITIZER.sanitize(cut(readable(text), bounds), "_"))
    return finish(plain.lstrip(". "), bounds) or fallback


def readable(text: str) -> str:
    """Return what a person can read of a text, in form NFC: one line, single blanks, no dot first.

    It may still hold characters that no name may have, and has any length.
    """
    known = "".join(_shown(c) for c in unicodedata.normalize("NFC", text))
    return " ".join(unicodedata.normalize("NFC", known).split()).lstrip(". ")


def finish(text: str, bounds: NameBounds = FILE_SYSTEM) -> str:
    """Return the text without a bad end, and prefixed where Windows reserves its name."""
    text = text.rstrip(". ")
    if text.partition(".")[0].rstrip(" ").upper() in _RESERVED:
        return cut(f"_{text}", bounds).rstrip(". ")
    return text


def name_key(name: str) -> str:
    """Return what two names share if a file system without case or with normalisation mixes them.

    Canonical caseless matching of the Unicode standard (definition D145), in form NFC.
    """
    folded = unicodedata.normalize("NFD", name).casefold()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", folded))


def cut(text: str, bounds: NameBounds = FILE_SYSTEM) -> str:
    """Return the longest beginning within both bounds that splits no combined character."""
    if len(text.encode()) <= bounds.size and utf16_units(text) <= bounds.units:
        return text
    end = _last_fitting(text, bounds.size, bounds.units)
    while end and unicodedata.combining(text[end]):
        end -= 1
    return text[:end]


def utf16_units(text: str) -> int:
    """Return how many code units Windows counts in a text."""
    return len(text.encode("utf-16-le")) // 2


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in _DROPPED and not character.isspace():
        return ""
    return " " if category in _BLANKS or character.isspace() else character


def _last_fitting(text: str, size: int, units: int) -> int:
    for index, character in enumerate(text):
        size -= len(character.encode())
        units -= utf16_units(character)
        if size < 0 or units < 0:
            return index
    return len(text)
