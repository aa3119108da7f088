"""What a file's header says about its protection: the objects of an ASF file.

The walk and the reading are those of `player_host.asf`; here a header is sound, or an error.
"""

import base64
import binascii
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

from attrs import frozen

from player_host.asf import (
    CONTENT_ENCRYPTION,
    EXTENDED_ENCRYPTION,
    broken,
    read_content_encryption,
    read_extended_encryption,
    sound_objects,
)
from player_host.errors import StorageError

_WANTED: Final = frozenset({CONTENT_ENCRYPTION, EXTENDED_ENCRYPTION})


class ProtectionKind(StrEnum):
    """Which object of the header announces the protection."""

    CONTENT_ENCRYPTION = "content-encryption"
    EXTENDED_CONTENT_ENCRYPTION = "extended-content-encryption"


@frozen
class Protection:
    """A file's protection: the key that it needs, None where the header names none."""

    key_id: str | None
    kind: ProtectionKind


def read_protection(path: Path) -> Protection | None:
    """Return what a file's header says about its protection; None for an unprotected file.

    Called after a transfer, on a worker thread or where a short read is no harm. A kind of
    file other than ASF counts as unprotected.

    Raises:
        MediaError: the file begins as an ASF file, and its header is broken.
        StorageError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return _read(file, str(path))
    except OSError as error:
        raise StorageError(
            f"the file cannot be read ({error.strerror})",
            where=str(path),
            remedy="Check the file and its permissions",
        ) from error


def normal_key_id(key_id: str) -> str:
    """Return a key id in the one form in which two are compared.

    A GUID in either of its notations, and the Base64 of one, are the same key; other texts
    are compared as they are.
    """
    text = key_id.strip()
    try:
        return str(UUID(text))
    except ValueError:
        pass
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text
    return str(UUID(bytes_le=raw)) if len(raw) == 16 else text


def _read(file: BinaryIO, where: str) -> Protection | None:
    found: Protection | None = None
    for each in sound_objects(file, _WANTED, where):
        if each.guid == EXTENDED_ENCRYPTION:
            key_id = read_extended_encryption(each.body).key_id
            return Protection(key_id, ProtectionKind.EXTENDED_CONTENT_ENCRYPTION)
        found = _simple(each.body, where)
    return found


def _simple(body: bytes, where: str) -> Protection:
    encryption = read_content_encryption(body)
    if not encryption.is_whole:
        raise broken(where, "the content encryption object is too short")
    return Protection(encryption.key_id, ProtectionKind.CONTENT_ENCRYPTION)
