"""What the tag library does not tell of an ASF file: video streams and the protection header.

The walk and the reading are those of `player_host.asf`, as far as a damaged header allows.
The DRM header (extended content encryption object) may name the distributor (LIB-08).
"""

from typing import BinaryIO, Final

from attrs import evolve, frozen

from player_host.asf import (
    CONTENT_ENCRYPTION,
    EXTENDED_ENCRYPTION,
    STREAM_PROPERTIES,
    VIDEO_MEDIA,
    AsfObject,
    read_content_encryption,
    read_extended_encryption,
    readable_objects,
)
from player_host.asf import HEADER as ASF_MAGIC

__all__ = ["ASF_MAGIC", "AsfHeader", "read_asf_header"]

_WANTED: Final = frozenset({STREAM_PROPERTIES, CONTENT_ENCRYPTION, EXTENDED_ENCRYPTION})


@frozen(kw_only=True)
class AsfHeader:
    """What the header says beyond its attributes; the distributor is as found, not yet bounded."""

    has_streams: bool = False
    has_video: bool = False
    is_protected: bool = False
    key_id: str = ""
    distributor: str = ""


def read_asf_header(file: BinaryIO) -> AsfHeader:
    """Walk the header object of an ASF file, from its first byte.

    A damaged or overlong header gives what was found before the damage. Of several protection
    objects the first that names a key counts. Called by `player_host.library.containers` alone.

    Raises:
        OSError: the file cannot be read.
    """
    header = AsfHeader()
    for found in readable_objects(file, _WANTED):
        header = _with_object(header, found)
    return header


def _with_object(header: AsfHeader, found: AsfObject) -> AsfHeader:
    if found.guid == STREAM_PROPERTIES:
        video = header.has_video or found.body.startswith(VIDEO_MEDIA)
        return evolve(header, has_streams=True, has_video=video)
    if found.guid == CONTENT_ENCRYPTION:
        return _with_key(header, read_content_encryption(found.body).key_id)
    drm = read_extended_encryption(found.body)
    return evolve(_with_key(header, drm.key_id), distributor=drm.distributor)


def _with_key(header: AsfHeader, key_id: str | None) -> AsfHeader:
    return evolve(header, is_protected=True, key_id=header.key_id or key_id or "")
