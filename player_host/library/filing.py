"""Where a file goes in the Music folder, by its tags. Pure functions; nothing is opened.

    <album artist>/<album>/<nn> <title>.<ext>

Tags come from outside. Every component is safe on Linux, macOS and Windows: no separators,
no reserved names, no control, format (bidirectional, zero-width) or unassigned characters, no
leading dot (names such as `.incoming` belong to the host), no blanks or dots at the end. A
component has at most 200 bytes, the whole path at most 180 UTF-16 units, so that it fits
below the classic path limit of Windows.
"""

from pathlib import PurePosixPath
from typing import Final

from attrs import evolve

from player_host.file_names import NameBounds, cut, finish, name_key, safe_name, utf16_units
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
_COMPONENT: Final = NameBounds(size=MAX_COMPONENT_BYTES, units=MAX_PATH_UNITS)


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
    if utf16_units(str(path)) <= _UNMARKED_UNITS:
        return path
    share = evolve(_COMPONENT, units=_SHARE_UNITS)
    folders = (finish(cut(folder, share), _COMPONENT) for folder in parts[:2])
    return PurePosixPath(*folders, _file_name(path.stem, path.suffix, units=_SHARE_UNITS))


def numbered(path: PurePosixPath, number: int | str) -> PurePosixPath:
    """Return the path for the n-th file of one name: `01 Title (2).mp3`; n is 2 or more.

    A short text of letters and digits may stand for the number.
    """
    units = utf16_units(path.name) + _MARK_UNITS
    return path.with_name(_file_name(path.stem, f" ({number}){path.suffix}", units=units))


def collision_key(path: PurePosixPath) -> str:
    """Return what two paths share if a file system without case or with normalisation mixes them.

    Canonical caseless matching, as `name_key` does it.
    """
    return name_key(str(path))


def safe_component(text: str, fallback: str) -> str:
    """Return a text as one component of a path, or the fallback if nothing of it is left.

    Applying it twice changes nothing.
    """
    return safe_name(text, fallback, _COMPONENT)


def _extension(file_type: str) -> str:
    safe = safe_component(file_type.replace(".", ""), "bin")[:MAX_EXTENSION_CHARACTERS]
    return safe.rstrip(" ") or "bin"


def _file_name(stem: str, ending: str, *, units: int = MAX_PATH_UNITS) -> str:
    size = MAX_COMPONENT_BYTES - len(ending.encode())
    room = cut(stem, NameBounds(size=size, units=units - utf16_units(ending)))
    return f"{finish(room, _COMPONENT) or UNKNOWN_TITLE}{ending}"
