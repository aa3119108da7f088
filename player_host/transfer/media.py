"""What kind of file the first bytes announce; pure functions, no I/O."""

from enum import StrEnum
from typing import Final

from player_host import asf

MEDIA_SUFFIXES: Final = (
    *(".asf", ".wma", ".wmv"),
    *(".mp3", ".flac"),
    *(".mp4", ".m4a", ".m4b"),
    *(".ogg", ".oga", ".opus"),
)

HEAD_LENGTH: Final = 512
"""How many of a file's first bytes the functions here want to see."""

MPEG_RESERVED_VERSION: Final = 1
MPEG_LAYER_III: Final = 1


class MediaKind(StrEnum):
    """The containers that the Player files."""

    ASF = "asf"
    MP3 = "mp3"
    MP4 = "mp4"
    FLAC = "flac"
    OGG = "ogg"


DOCUMENTS: Final = (
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<head", "an HTML page"),
    (b"<body", "an HTML page"),
    (b"<asx", "a playlist (ASX)"),
    (b"<?wpl", "a playlist (WPL)"),
    (b"<smil", "a playlist (SMIL)"),
    (b"#extm3u", "a playlist (M3U)"),
    (b"[playlist]", "a playlist (PLS)"),
    (b"[reference]", "a playlist (ASX)"),
    (b"http://", "a playlist (a list of URLs)"),
    (b"https://", "a playlist (a list of URLs)"),
    (b"<?xml", "an XML document"),
    (b"{", "a JSON document"),
    (b"[", "a JSON document"),
    (b"<", "a document in a markup language"),
)

FOREIGN: Final = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF-", "a PDF document"),
    (b"RIFF", "a RIFF file (WAV, AVI or WebP)"),
    (b"\x1a\x45\xdf\xa3", "a Matroska or WebM file"),
    (b"ADIF", "a bare AAC stream"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a program"),
)


def is_named_as_media(name: str) -> bool:
    """Return whether a file's name says that it is one of the containers that the Player files.

    >>> is_named_as_media("01 Platform One.MP3"), is_named_as_media("cover.png")
    (True, False)
    """
    return name.lower().endswith(MEDIA_SUFFIXES)


def media_kind(head: bytes) -> MediaKind | None:
    """Return the container that a file's first bytes announce, or None."""
    if head.startswith(asf.HEADER):
        return MediaKind.ASF
    if head.startswith(b"fLaC"):
        return MediaKind.FLAC
    if head.startswith(b"OggS"):
        return MediaKind.OGG
    if head[4:8] == b"ftyp":
        return MediaKind.MP4
    if head.startswith(b"ID3") or _is_mpeg_frame(head):
        return MediaKind.MP3
    return None


def document_kind(head: bytes) -> str | None:
    """Return what kind of document the first bytes announce, in words, or None."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return next((words for start, words in DOCUMENTS if text.startswith(start)), None)


def foreign_kind(head: bytes) -> str | None:
    """Return what a file that is no media of a supported kind seems to be, in words, or None."""
    return next((words for start, words in FOREIGN if head.startswith(start)), None)


def _is_mpeg_frame(head: bytes) -> bool:
    """Say whether an MPEG audio layer III frame header stands at the beginning."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = (head[1] >> 3) & 3, (head[1] >> 1) & 3
    bitrate, sampling = head[2] >> 4, (head[2] >> 2) & 3
    known = version != MPEG_RESERVED_VERSION and layer == MPEG_LAYER_III
    return known and bitrate not in {0, 15} and sampling != 3
