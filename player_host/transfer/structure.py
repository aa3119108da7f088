"""Whether a file's own structure proves that it is whole.

Asked where a server announced no length and simply closed the connection: then the end of the
body may be the end of the file, or the end of a process. What cannot be proven is not: an
MP3 without a byte count, FLAC, and files that were written as a live stream.
"""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from player_host import asf
from player_host.transfer import faults
from player_host.transfer.media import MediaKind

MAX_STEPS: Final = 1_000_000
OGG_PAGE_HEAD: Final = struct.Struct("<4sBB8sL8xB")
OGG_LAST_PAGE: Final = 4
XING_SEARCH: Final = 4096
ID3_HEAD_SIZE: Final = 10
ID3V1_SIZE: Final = 128


def proves_end(path: Path, kind: MediaKind | None) -> bool:
    """Say whether the file ends exactly where its structure says (blocking).

    Raises:
        StorageError: the file cannot be read.
    """
    proof = _PROOFS.get(kind) if kind else None
    if proof is None:
        return False
    try:
        with path.open("rb") as file:
            return proof(file, path.stat().st_size)
    except OSError as error:
        raise faults.storage(error, str(path)) from error


def _asf(file: BinaryIO, size: int) -> bool:
    """Header, data and index objects fill the file, and none has an unknown size."""
    position = 0
    seen: set[bytes] = set()
    for _ in range(MAX_STEPS):
        if position == size:
            return {asf.HEADER, asf.DATA} <= seen
        file.seek(position)
        head = file.read(24)
        if len(head) < 24:
            return False
        length = int.from_bytes(head[16:24], "little")
        if not 24 <= length <= size - position:
            return False
        seen.add(head[:16])
        position += length
    return False


def _mp4(file: BinaryIO, size: int) -> bool:
    """The boxes fill the file, and there are both a movie and its data."""
    position = 0
    seen: set[bytes] = set()
    for _ in range(MAX_STEPS):
        if position == size:
            return {b"moov", b"mdat"} <= seen
        file.seek(position)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if len(head) < 8 or not 8 <= length <= size - position:
            return False
        seen.add(head[4:8])
        position += length
    return False


def _ogg(file: BinaryIO, size: int) -> bool:
    """The pages fill the file, and every stream in it has had its last page."""
    position = 0
    begun: set[int] = set()
    ended: set[int] = set()
    for _ in range(MAX_STEPS):
        if position == size:
            return bool(begun) and begun == ended
        file.seek(position)
        head = file.read(OGG_PAGE_HEAD.size)
        if len(head) < OGG_PAGE_HEAD.size:
            return False
        magic, version, flags, _granule, serial, segments = OGG_PAGE_HEAD.unpack(head)
        lacing = file.read(segments)
        if magic != b"OggS" or version != 0 or len(lacing) < segments:
            return False
        begun.add(serial)
        if flags & OGG_LAST_PAGE:
            ended.add(serial)
        position += OGG_PAGE_HEAD.size + segments + sum(lacing)
    return False


def _mp3(file: BinaryIO, size: int) -> bool:
    """The byte count of a Xing or Info header leads to the end, or to an ID3v1 tag there."""
    start = _id3_size(file.read(ID3_HEAD_SIZE))
    file.seek(start)
    frame = file.read(XING_SEARCH)
    at = max(frame.find(b"Xing", 0, 200), frame.find(b"Info", 0, 200))
    if at < 0 or len(frame) < at + 16:
        return False
    flags = int.from_bytes(frame[at + 4 : at + 8], "big")
    if not flags & 2:
        return False
    offset = at + (12 if flags & 1 else 8)
    audio = int.from_bytes(frame[offset : offset + 4], "big")
    rest = size - start - audio
    if audio == 0 or rest not in {0, ID3V1_SIZE}:
        return False
    file.seek(start + audio)
    return rest == 0 or file.read(3) == b"TAG"


def _id3_size(head: bytes) -> int:
    """Return the length of an ID3v2 tag at the beginning, 0 where there is none."""
    if len(head) < ID3_HEAD_SIZE or not head.startswith(b"ID3"):
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    footer = ID3_HEAD_SIZE if head[5] & 0x10 else 0
    return ID3_HEAD_SIZE + size + footer


_PROOFS: Final[dict[MediaKind, Callable[[BinaryIO, int], bool]]] = {
    MediaKind.ASF: _asf,
    MediaKind.MP3: _mp3,
    MediaKind.MP4: _mp4,
    MediaKind.OGG: _ogg,
}
