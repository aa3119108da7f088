"""Content protection in the header of an ASF file, as far as a reader can see it.

ffmpeg's ASF muxer writes no Content Encryption Object, so this puts one into a finished file.
The packets stay as they are; only the header says that the content is protected and names
the key. The objects and their fields are those of the ASF specification, sections 3.1, 3.2
and 3.14.
"""

import struct
from uuid import UUID

_HEADER = UUID("75B22630-668E-11CF-A6D9-00AA0062CE6C").bytes_le
_FILE_PROPERTIES = UUID("8CABDCA1-A947-11CF-8EE4-00C00C205365").bytes_le
_CONTENT_ENCRYPTION = UUID("2211B3FB-BD23-11D2-B4B7-00A0C955FC6E").bytes_le

_OBJECT_HEAD = struct.Struct("<16sQ")
_HEADER_HEAD = struct.Struct("<16sQIBB")
_FILE_SIZE = struct.Struct("<Q")
_FILE_SIZE_OFFSET = 40


def protect(file: bytes, *, key_id: str, license_url: str, secret: bytes) -> bytes:
    """Return the file with a Content Encryption Object at the start of its header.

    Args:
        file: a whole ASF file.
        key_id: names the key; the track's licence carries the same text.
        license_url: where a Player of old would have asked for a licence.
        secret: the opaque secret data; nothing reads it.

    Raises:
        ValueError: the bytes are no ASF file.
    """
    size, count, *reserved = _read_header(file)
    addition = _content_encryption_object(key_id, license_url, secret)
    head = _HEADER_HEAD.pack(_HEADER, size + len(addition), count + 1, *reserved)
    return head + addition + file[_HEADER_HEAD.size :]


def with_true_size(file: bytes) -> bytes:
    """Return the file with its own length in the File Properties Object.

    Raises:
        ValueError: the bytes are no ASF file, or the object is missing.
    """
    start = _offset_of(file, _FILE_PROPERTIES) + _FILE_SIZE_OFFSET
    return file[:start] + _FILE_SIZE.pack(len(file)) + file[start + _FILE_SIZE.size :]


def _read_header(file: bytes) -> tuple[int, int, int, int]:
    if not file.startswith(_HEADER) or len(file) < _HEADER_HEAD.size:
        raise ValueError("no ASF file: the header object is missing")
    _, size, count, *reserved = _HEADER_HEAD.unpack_from(file)
    return size, count, reserved[0], reserved[1]


def _offset_of(file: bytes, wanted: bytes) -> int:
    size, count, *_ = _read_header(file)
    offset = _HEADER_HEAD.size
    for _ in range(count):
        if offset + _OBJECT_HEAD.size > min(size, len(file)):
            break
        guid, length = _OBJECT_HEAD.unpack_from(file, offset)
        if guid == wanted:
            return offset
        offset += max(length, _OBJECT_HEAD.size)
    raise ValueError(f"no ASF object {UUID(bytes_le=wanted)} in the header")


def _content_encryption_object(key_id: str, license_url: str, secret: bytes) -> bytes:
    fields = (secret, b"DRM\0", _text(key_id), _text(license_url))
    data = b"".join(struct.pack("<I", len(field)) + field for field in fields)
    return _OBJECT_HEAD.pack(_CONTENT_ENCRYPTION, _OBJECT_HEAD.size + len(data)) + data


def _text(value: str) -> bytes:
    return value.encode("ascii") + b"\0"
