"""The header of an ASF file: a bounded walk over its objects, and its two protection objects.

Two rooms read such headers. `player_host.licensing` decides by them, and takes a header whole
or not at all: `sound_objects`. `player_host.library` describes files by them, and takes what
can be had: `readable_objects`. Walk and reading are the same; sizes and counts come from the
file and are never trusted, and the media data is never read.
"""

import re
import struct
from collections.abc import Container, Iterator
from typing import BinaryIO, Final
from uuid import UUID

from attrs import frozen

from player_host.errors import MediaError
from player_host.units import ByteCount

HEADER: Final = UUID("75b22630-668e-11cf-a6d9-00aa0062ce6c").bytes_le
DATA: Final = UUID("75b22636-668e-11cf-a6d9-00aa0062ce6c").bytes_le
STREAM_PROPERTIES: Final = UUID("b7dc0791-a9b7-11cf-8ee6-00c00c205365").bytes_le
CONTENT_ENCRYPTION: Final = UUID("2211b3fb-bd23-11d2-b4b7-00a0c955fc6e").bytes_le
EXTENDED_ENCRYPTION: Final = UUID("298ae614-2622-4c17-b935-dae07ee9289c").bytes_le
VIDEO_MEDIA: Final = UUID("bc19efc0-5b4d-11cf-a8fd-00805f5c442b").bytes_le

MAX_OBJECTS: Final = 1024
MAX_OBJECT_SIZE: Final = ByteCount(1024 * 1024)  # only of the objects that are read
MAX_SOUND_HEADER_SIZE: Final = ByteCount(16 * 1024 * 1024)
MAX_READABLE_HEADER_SIZE: Final = ByteCount(64 * 1024 * 1024)  # large pictures stand in it
MAX_KEY_ID_LENGTH: Final = 1024

_HEADER_HEAD: Final = struct.Struct("<16sQI2s")
_OBJECT_HEAD: Final = struct.Struct("<16sQ")
_LENGTH: Final = struct.Struct("<I")

# Each part of a pattern ends at the next < or >, so a search takes time in proportion to the
# text. No XML parser: the header comes from outside, and single elements are all that is wanted.
_ELEMENT: Final = r"<{0}(?:\s[^<>]*)?>([^<>]*)</{0}\s*>"
_KID_ELEMENT: Final = re.compile(_ELEMENT.format("KID"), re.IGNORECASE)
_KID_ATTRIBUTE: Final = re.compile(
    rf"<KID\s[^<>]*?\bVALUE\s*=\s*\"([^\"<>]{{1,{MAX_KEY_ID_LENGTH}}})\"", re.IGNORECASE
)
_DISTRIBUTOR: Final = re.compile(_ELEMENT.format("ContentDistributor"), re.IGNORECASE)
_ENTITIES: Final = (
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", '"'),
    ("&apos;", "'"),
    ("&amp;", "&"),
)


@frozen
class AsfObject:
    """An object of the header: `body` is what could be read of the `size` bytes announced."""

    guid: bytes
    size: ByteCount
    body: bytes


@frozen
class ContentEncryption:
    """What a Content Encryption Object says; not `is_whole` where it ends before its key does.

    `key_id` is printable and has no more than 1024 characters; None where there is no such text.
    """

    key_id: str | None
    is_whole: bool


@frozen
class ExtendedEncryption:
    """What the DRM header in an Extended Content Encryption Object says.

    `key_id` is as in `ContentEncryption`. `distributor` is as found, and "" where there is none.
    """

    key_id: str | None
    distributor: str


def sound_objects(file: BinaryIO, wanted: Container[bytes], where: str) -> Iterator[AsfObject]:
    """Yield the wanted objects of a file's header, whole; nothing for a file that is not ASF.

    Called by `player_host.licensing.protection`, on any thread. What follows the last object
    that the caller takes is not looked at.

    Args:
        file: the file, which is read from its first byte.
        wanted: the ids of the objects to yield.
        where: the file's name for messages.

    Raises:
        MediaError: the header, or the next object of it, is damaged or exceeds a bound.
        OSError: the file cannot be read.
    """
    announced = _announced(file, where)
    if announced is None:
        return
    size, count = announced
    if not _HEADER_HEAD.size <= size <= MAX_SOUND_HEADER_SIZE:
        raise broken(where, f"the header object has a size of {size} bytes")
    if count > MAX_OBJECTS:
        raise broken(where, f"it announces {count} objects")
    for found in _objects(file, wanted, size, count, where):
        if found.size > MAX_OBJECT_SIZE:
            raise broken(where, f"a protection object has {found.size} bytes")
        if len(found.body) < found.size:
            raise broken(where, "it ends within a protection object")
        yield found


def readable_objects(file: BinaryIO, wanted: Container[bytes]) -> Iterator[AsfObject]:
    """Yield the wanted objects up to the first damage or bound; the last may be cut short.

    Called by `player_host.library.asf_header`, on any thread, with a file that is read from its
    first byte.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        size, count = _announced(file, "") or (0, 0)
        size, count = min(size, MAX_READABLE_HEADER_SIZE), min(count, MAX_OBJECTS)
        yield from _objects(file, wanted, size, count, "")
    except MediaError:
        return


def read_content_encryption(body: bytes) -> ContentEncryption:
    """Read secret data, protection type and key id, each with its length before it.

    Called by both rooms with the body of a Content Encryption Object. No bytes raise an error.
    """
    place, field, is_whole = 0, b"", False
    for _ in range(3):
        if place + _LENGTH.size > len(body):
            return ContentEncryption(None, is_whole=False)
        (length,) = _LENGTH.unpack_from(body, place)
        place += _LENGTH.size
        field = body[place : place + length]
        is_whole = len(field) == length
        place += length
    key_id = _usable(field.decode().rstrip("\0").strip()) if field.isascii() else None
    return ContentEncryption(key_id, is_whole)


def read_extended_encryption(body: bytes) -> ExtendedEncryption:
    """Read the DRM header, XML in UTF-16 with its length before it.

    Called by both rooms with the body of an Extended Content Encryption Object. The key is the
    KID element's text or, in later headers, its VALUE. No bytes raise an error.
    """
    text = body[_LENGTH.size :].decode("utf-16-le", "replace")
    return ExtendedEncryption(_key_id(text), _distributor(text))


def broken(where: str, how: str) -> MediaError:
    """Return the error of a broken header, for the caller to raise."""
    return MediaError(
        f"the ASF header is broken: {how}", where=where, remedy="Fetch the file again"
    )


def _announced(file: BinaryIO, where: str) -> tuple[int, int] | None:
    """Return the header's size and its number of objects; None for another kind of file."""
    file.seek(0)
    head = file.read(_HEADER_HEAD.size)
    if not head.startswith(HEADER):
        return None
    if len(head) < _HEADER_HEAD.size:
        raise broken(where, "it ends within its first object")
    _, size, count, _ = _HEADER_HEAD.unpack(head)
    return size, count


def _objects(
    file: BinaryIO, wanted: Container[bytes], end: int, count: int, where: str
) -> Iterator[AsfObject]:
    place = _HEADER_HEAD.size
    for _ in range(count):
        file.seek(place)
        head = file.read(_OBJECT_HEAD.size)
        if len(head) < _OBJECT_HEAD.size or place + _OBJECT_HEAD.size > end:
            raise broken(where, "it has fewer objects than it announces")
        guid, size = _OBJECT_HEAD.unpack(head)
        if not _OBJECT_HEAD.size <= size <= end - place:
            raise broken(where, f"an object has a size of {size} bytes")
        if guid in wanted:
            room = ByteCount(size - _OBJECT_HEAD.size)
            yield AsfObject(guid, room, file.read(min(room, MAX_OBJECT_SIZE)))
        place += size


def _key_id(text: str) -> str | None:
    elements = (match[1].strip() for match in _KID_ELEMENT.finditer(text))
    for element in elements:
        if 1 <= len(element) <= MAX_KEY_ID_LENGTH:
            return _usable(element)
    attribute = _KID_ATTRIBUTE.search(text)
    return _usable(attribute[1]) if attribute else None


def _usable(text: str) -> str | None:
    named = bool(text.strip()) and len(text) <= MAX_KEY_ID_LENGTH
    return text if named and text.isprintable() else None


def _distributor(text: str) -> str:
    found = _DISTRIBUTOR.search(text)
    value = found[1] if found else ""
    for entity, character in _ENTITIES:
        value = value.replace(entity, character)
    return value
