"""Refuses ID3 tags that would exhaust memory: monstrous ones, and frames that unfold.

A compressed frame of a few kilobytes can unfold to gigabytes, and mutagen unfolds it without a
bound. Nobody writes such frames, so a tag with one is not read at all.
"""

import re
from typing import BinaryIO, Final

from player_host.library.mapping import ID3_PARSED

MAX_ID3_BYTES: Final = 32 * 1024 * 1024

# In the second flag byte of a frame: bit 7 in ID3v2.3, bit 3 in ID3v2.4.
_COMPRESSED_BIT: Final = {3: 0x80, 4: 0x08}
_HEADER_BYTES: Final = 10
# The tag was freed of sync bits: FF 00 stands for FF. The bit is in the header's flags.
_UNSYNCHRONISED: Final = 0x80
_FLAGS_AT: Final = 9
_NAMES: Final = sorted(name for name in ID3_PARSED if len(name) == 4)
# Matches one letter and looks ahead for the rest: a name that begins within another is seen too.
_FRAME: Final = re.compile(
    b"[%s](?:%s)"
    % (
        "".join(sorted({name[0] for name in _NAMES})).encode("ascii"),
        "|".join(f"(?<={name[0]})(?={name[1:]})" for name in _NAMES).encode("ascii"),
    )
)


def refuse_trap(file: BinaryIO) -> None:
    """Raise if the tag at the start of a file must not be read.

    Called before mutagen sees an MP3 file; leaves the position anywhere.

    Raises:
        ValueError: the tag is larger than 32 MiB, or a frame in it is compressed.
        OSError: the file cannot be read.
    """
    file.seek(0)
    head = file.read(_HEADER_BYTES)
    if not head.startswith(b"ID3") or len(head) < _HEADER_BYTES:
        return
    size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
    if size > MAX_ID3_BYTES:
        raise ValueError("the tag is too large")
    bit = _COMPRESSED_BIT.get(head[3], 0)
    body = file.read(size) if bit else b""
    if head[5] & _UNSYNCHRONISED and head[3] == 3:
        # Both forms: a tag that was badly disguised is read as it is.
        body = body.replace(b"\xff\0", b"\xff") + body
    if _has_compressed_frame(body, bit):
        raise ValueError("a frame is compressed")


def _has_compressed_frame(body: bytes, bit: int) -> bool:
    """Tell by name, flag and the start of a zlib stream: pictures hold the first two by chance."""
    for found in _FRAME.finditer(body):
        start = found.start() + _FLAGS_AT
        head = body[start : start + 7]
        if head and head[0] & bit and (_begins_zlib(head[1:]) or _begins_zlib(head[5:])):
            return True
    return False


def _begins_zlib(content: bytes) -> bool:
    # RFC 1950, section 2.2: method 8, and a check over the two bytes.
    return (
        len(content) > 1 and content[0] & 0x0F == 8 and int.from_bytes(content[:2], "big") % 31 == 0
    )
