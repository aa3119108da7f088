"""What is fetched: sets of MP3 files that are sound, as far as their structure goes."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

from attrs import frozen

from player_host.units import ByteCount

KIB: Final = 1024
MIB: Final = 1024 * KIB
FRAME_HEAD: Final = b"\xff\xfb\x90\x00"
"""MPEG 1, layer III, 128 kbit/s, 44.1 kHz: 417 bytes with this head."""

FRAME_SIZE: Final = 417
TAG_HEAD: Final = 10
FRAMES_DRAWN: Final = 2_500
"""About a MiB; a longer file repeats them."""


@frozen
class FileSet:
    """Files of one size.

    Attributes:
        name: chooses it on the command line.
        count: how many files.
        size: of each.
        is_secure: fetched over TLS.
    """

    name: str
    count: int
    size: ByteCount
    is_secure: bool = False

    @property
    def folder(self) -> str:
        """Where the files lie below the server's root; sets of the same files share it."""
        return f"{self.count}x{self.size}"

    @property
    def total(self) -> ByteCount:
        """Bytes of all files."""
        return ByteCount(self.count * self.size)

    @property
    def names(self) -> list[str]:
        """The names of the files."""
        return [f"{number:04}.mp3" for number in range(self.count)]

    def __str__(self) -> str:
        unit, word = (MIB, "MiB") if self.size >= MIB else (KIB, "KiB")
        tls = " over TLS" if self.is_secure else ""
        return f"{self.count:,} x {self.size // unit} {word}{tls}"


SETS: Final = {
    one.name: one
    for one in (
        FileSet("small", 2_000, ByteCount(100 * KIB)),
        FileSet("medium", 200, ByteCount(5 * MIB)),
        FileSet("large", 2, ByteCount(500 * MIB)),
        FileSet("tls", 200, ByteCount(5 * MIB), is_secure=True),
    )
}


def lay_out(wanted: FileSet, root: Path) -> None:
    """Write a set's files below the server's root, where they are missing."""
    folder = root / wanted.folder
    if folder.exists():
        return
    folder.mkdir()
    for number, name in enumerate(wanted.names):
        with (folder / name).open("wb") as file:
            file.writelines(mp3_pieces(wanted.size, number))


def warm(wanted: FileSet, root: Path) -> None:
    """Bring a set's files into the page cache."""
    for name in wanted.names:
        with (root / wanted.folder / name).open("rb", buffering=0) as file:
            while file.read(4 * MIB):
                pass


def mp3_pieces(size: ByteCount, seed: int) -> Iterator[bytes]:
    """Yield an MP3 file of exactly this size: a tag that is padded, then frames."""
    frames, padding = divmod(size - TAG_HEAD, FRAME_SIZE)
    yield b"ID3\x04\x00\x00" + _synchsafe(padding) + bytes(padding)
    # Not for secrets: a seed has to give the same bytes again.
    draw = Random(seed).randbytes
    drawn = min(frames, FRAMES_DRAWN)
    block = b"".join(FRAME_HEAD + draw(FRAME_SIZE - len(FRAME_HEAD)) for _ in range(drawn))
    for first in range(0, frames, drawn):
        yield block[: (frames - first) * FRAME_SIZE]


def _synchsafe(number: int) -> bytes:
    """Return a number as ID3v2 writes it: seven bits a byte."""
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))
