"""The bodies that the fault store serves: a file, its later versions, and what is no media."""

import gzip
import struct
from random import Random
from typing import Final

from player_host.units import ByteCount

KEPT_HEAD: Final = 48
"""What all versions have in common: enough to be known as the same kind of media."""

DOCUMENTS: Final = {
    "html": ("text/html", b"<!DOCTYPE html><html><title>Sorry</title>Log in first</html>\n"),
    "json": ("application/json", b'{"error": "the session has ended", "code": 40}\n'),
    "m3u": ("audio/x-mpegurl", b"#EXTM3U\nhttp://127.0.0.1/track.mp3\n"),
    "asx": ("video/x-ms-asf", b'<asx version="3.0"><entry><ref href="track"/></entry></asx>\n'),
}
PICTURE: Final = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + bytes(600)


def sound_mp3(size: ByteCount, seed: int) -> bytes:
    """Return the beginning of an MP3 file, then bytes that follow from a seed.

    Its Xing header tells its length, so that its end can be proven without an announced length.
    """
    frame = b"\xff\xfb\x90\x00" + bytes(32)
    xing = b"Xing" + struct.pack(">II", 2, size)
    return version_of(frame + xing + bytes(size - KEPT_HEAD), seed, 0)


def version_of(body: bytes, seed: int, number: int) -> bytes:
    """Return a version of a body: as long, beginning as it does, with other bytes behind."""
    # Not for secrets: the same seed has to give the same bytes.
    noise = Random(f"{seed}/{number}").randbytes(len(body))  # noqa: S311
    return body[:KEPT_HEAD] + noise[KEPT_HEAD:]


def gzipped(body: bytes) -> bytes:
    """Return a body as a server encodes it, the same bytes each time."""
    return gzip.compress(body, compresslevel=1, mtime=0)
