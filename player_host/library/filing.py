"""Where a file goes in the Music folder, by its tags. Pure functions; nothing is opened.

    <album artist>/<album>/<nn> <title>.<ext>

Tags come from outside. Every component is safe on Linux, macOS and Windows: no separators,
no reserved names, no control, format (bidirectional, zero-width) or unassigned characters, no
leading dot (names such as `.incoming` belong to the host), no blanks or dots at the end. A
component has at most 200 bytes, the whole path at most 180 UTF-16 units, so that it fits
below the classic path limit of Windows.
"""

import unicodedata
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Final

from pathvalidate import FileNameSanitizer, FileNameValidator
from pathvalidate.handler import ReservedNameHandler

from player_host.library.records import MediaTags

MAX_COMPONENT_BYTES: Final = 200
MAX_PATH_UNITS: Final = 180
MAX_EXTENSION_CHARACTERS: Final = 8
UNKNOWN_ARTIST: Final = "Unknown Artist"
UNKNOWN_ALBUM: Final = "Unknown Album"
UNKNOWN_TITLE: Final = "Unknown Title"

# Room that is kept for the mark of a second file of the same name: at most " (24 digits)".
_MARK_UNITS: Final = 27
_UNMARKED_UNITS: Final = MAX_PATH_UNITS - _MARK_UNITS
# A third of the path, after two separators, where all three components are long.
_SHARE_UNITS: Final = (_UNMARKED_UNITS - 2) // 3
_BLANKS: Final = frozenset({"Zs", "Zl", "Zp"})
_DROPPED: Final = frozenset({"Cc", "Cf", "Cs", "Cn"})
_RESERVED: Final = frozenset(
    {"CONIN$", "CONOUT$", *FileNameValidator(platform="universal").reserved_keywords}
)

# Reserved names are dealt with in `_finish`: pathvalidate would change every occurrence.
_SANITIZER: Final = FileNameSanitizer(
    max_len=MAX_COMPONENT_BYTES,
    platform="universal",
    fs_encoding="utf-8",
    reserved_name_handler=ReservedNameHandler.as_is,
)


def library_path(tags: MediaTags, *, fallback_title: str = UNKNOWN_TITLE) -> PurePosixPath:
    """Return the path, relative to the Music folder, for a file with these tags.

    Called by the publisher; also for previews. The same tags always give the same path.

    Args:
        tags: what the file says; `file_type` becomes the extension.
        fallback_title: names a file without a title, such as the title in the catalogue.
    """
    extension = _extension(tags.file_type)
    title = safe_component(tags.title, "") or safe_component(fallback_title, UNKNOWN_TITLE)
    number = f"{tags.track_number:02d} " if tags.track_number else ""
    parts = (
        safe_component(tags.artist, UNKNOWN_ARTIST),
        safe_component(tags.album_title, UNKNOWN_ALBUM),
        _file_name(f"{number}{title}", f".{extension}"),
    )
    path = PurePosixPath(*parts)
    if _units(str(path)) <= _UNMARKED_UNITS:
        return path
    folders = (_finish(_cut(folder, units=_SHARE_UNITS)) for folder in parts[:2])
    return PurePosixPath(*folders, _file_name(path.stem, path.suffix, units=_SHARE_UNITS))


def numbered(path: PurePosixPath, number: int | str) -> PurePosixPath:
    """Return the path for the n-th file of one name: `01 Title (2).mp3`; n is 2 or more.

    A short text of letters and digits may stand for the number.
    """
    units = _units(path.name) + _MARK_UNITS
    return path.with_name(_file_name(path.stem, f" ({number}){path.suffix}", units=units))


def collision_key(path: PurePosixPath) -> str:
    """Return what two paths share if a file system without case or with normalisation mixes them.

    Canonical caseless matching of the Unicode standard (definition D145), in form NFC.
    """
    folded = unicodedata.normalize("NFD", str(path)).casefold()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", folded))


@lru_cache(maxsize=1_024)
def safe_component(text: str, fallback: str) -> str:
    """Return a text as one component of a path, or the fallback if nothing of it is left.

    Applying it twice changes nothing.
    """
    known = "".join(_readable(c) for c in unicodedata.normalize("NFC", text))
    readable = unicodedata.normalize("NFC", known)
    plain = _SANITIZER.sanitize(_cut(" ".join(readable.split()).lstrip(". ")), "_")
    return _finish(str(plain).lstrip(". ")) or fallback


def _extension(file_type: str) -> str:
    safe = safe_component(file_type.replace(".", ""), "bin")[:MAX_EXTENSION_CHARACTERS]
    return safe.rstrip(" ") or "bin"


def _readable(character: str) -> str:
    category = unicodedata.category(character)
    if category in _DROPPED and not character.isspace():
        return ""
    return " " if category in _BLANKS or character.isspace() else character


def _finish(text: str) -> str:
    """Return the text without a bad end, and prefixed where Windows reserves its name."""
    text = text.rstrip(". ")
    if text.partition(".")[0].rstrip(" ").upper() in _RESERVED:
        return _cut(f"_{text}").rstrip(". ")
    return text


def _file_name(stem: str, ending: str, *, units: int = MAX_PATH_UNITS) -> str:
    room = _cut(stem, size=MAX_COMPONENT_BYTES - len(ending.encode()), units=units - _units(ending))
    return f"{_finish(room) or UNKNOWN_TITLE}{ending}"


def _cut(text: str, *, size: int = MAX_COMPONENT_BYTES, units: int = MAX_PATH_UNITS) -> str:
    """Return the longest beginning within both bounds that splits no combined character."""
    if len(text.encode()) <= size and _units(text) <= units:
        return text
    end = _last_fitting(text, size, units)
    while end and unicodedata.combining(text[end]):
        end -= 1
    return text[:end]


def _last_fitting(text: str, size: int, units: int) -> int:
    for index, character in enumerate(text):
        size -= len(character.encode())
        units -= _units(character)
        if size < 0 or units < 0:
            return index
    return len(text)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
