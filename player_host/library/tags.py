"""Reads what a media file says about itself.

The container is recognised by its first bytes, never by a name. Whatever the tags hold is
cut to bounds; an attribute that cannot be read is left out, and the rest is kept.
"""

import os
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final

from attrs import evolve, frozen

from partner_api.hresult import E_ACCESSDENIED, HRESULT
from player_host.errors import MediaError
from player_host.library import values
from player_host.library.containers import Lookup, Opened, opener
from player_host.library.records import MediaTags
from player_host.log import get_logger
from player_host.units import ByteCount

__all__ = ["MediaTags", "read_tags"]

SNIFFED_BYTES: Final = 64
READ_WHOLE: Final = ByteCount(1024 * 1024)
"""A file up to this size is read at once: to seek in it is a call of the system each time."""

_log = get_logger(__name__)


def read_tags(path: Path) -> MediaTags:
    """Read the attributes of a media file.

    Called by the driver of a transaction when a transfer has ended, before publishing, and by
    `player_host.library.verify`; on any thread. Reads a few kilobytes of a large file as a
    rule; the file is not changed.

    Args:
        path: ASF, MP3, MP4, FLAC or Ogg, under any name.

    Returns:
        What the file says, every text bounded (4,096 characters, 64 values) and free of control
        characters. What is missing or broken is left out.

    Raises:
        MediaError: no such container, or one too damaged to play
            (`NS_E_WMP_INVALID_LIBRARY_ADD`); the file cannot be read (`E_ACCESSDENIED`).
    """
    try:
        with path.open("rb") as file:
            is_small = os.fstat(file.fileno()).st_size <= READ_WHOLE
            return _read(BytesIO(file.read()) if is_small else file, path)
    except OSError as error:
        raise MediaError(
            f"the file cannot be read ({error.strerror or error})",
            where=str(path),
            remedy="Check that it exists and that this user may read it",
            hr=E_ACCESSDENIED,
        ) from error


def _read(file: BinaryIO, path: Path) -> MediaTags:
    found = opener(file.read(SNIFFED_BYTES))
    if found is None:
        raise _unsupported(path, "the file is in none of the formats ASF, MP3, MP4, FLAC, Ogg")
    file.seek(0)
    try:
        opened = found(file)
    except Exception as error:
        # mutagen meets bytes from outside with whatever exception they provoke.
        raise _unsupported(path, f"the file is damaged ({type(error).__name__})") from error
    return _assemble(opened)


def _unsupported(path: Path, what: str) -> MediaError:
    return MediaError(
        what,
        where=str(path),
        remedy="Ask the store for the file again",
        hr=HRESULT.named("NS_E_WMP_INVALID_LIBRARY_ADD"),
    )


@frozen
class _Reader:
    """Reads attributes by their documented names; what cannot be read is not there."""

    lookup: Lookup

    def raw(self, attribute: str) -> Sequence[object]:
        try:
            return self.lookup(attribute)
        except Exception as error:  # one broken attribute hides no other
            _log.warning(
                "library.attribute.unreadable", attribute=attribute, error=type(error).__name__
            )
            return ()

    def first(self, attribute: str) -> object:
        return next(iter(self.raw(attribute)), "")

    def text(self, attribute: str) -> str:
        return values.clean_text(self.first(attribute))

    def texts(self, attribute: str) -> tuple[str, ...]:
        return values.clean_texts(self.raw(attribute))

    def guid(self, attribute: str) -> str:
        return values.guid(self.first(attribute))


def _assemble(opened: Opened) -> MediaTags:
    read, facts = _Reader(opened.lookup), opened.facts
    return evolve(
        facts,
        title=read.text("Title"),
        authors=read.texts("Author"),
        album_artist=read.text("WM/AlbumArtist"),
        album_title=read.text("WM/AlbumTitle"),
        genres=read.texts("WM/Genre"),
        track_number=_track_number(read),
        part_of_set=read.text("WM/PartOfSet"),
        composers=read.texts("WM/Composer"),
        publisher=read.text("WM/Publisher"),
        parental_rating=read.text("WM/ParentalRating"),
        year=values.year(read.first("WM/Year")),
        release_date=read.text("ReleaseDate") or read.text("WM/Year"),
        copyright=read.text("Copyright"),
        # The file header comes first, then the DRM header (LIB-08).
        content_distributor=read.text("WM/ContentDistributor") or facts.content_distributor,
        **dict(_store_attributes(read)),
        protection_type=read.text("WM/ProtectionType"),
        is_protected=facts.is_protected or values.truth(read.first("Is_Protected")),
    )


def _store_attributes(read: _Reader) -> Iterator[tuple[str, Any]]:
    kind = read.text("WM/ContentDistributorType")
    yield "content_distributor_type", kind if kind in {"List", "Radio"} else ""  # LIB-19
    yield (
        "content_distributor_duration",
        values.seconds(read.first("ContentDistributorDuration")),
    )
    yield "provider", read.text("WM/Provider")
    yield "provider_rating", read.text("WM/ProviderRating")
    yield "provider_style", read.text("WM/ProviderStyle")
    yield "subscription_content_id", read.text("WM/SubscriptionContentID")
    yield "unique_file_identifier", read.text("WM/UniqueFileIdentifier")
    yield "collection_id", read.guid("WM/WMCollectionID")
    yield "collection_group_id", read.guid("WM/WMCollectionGroupID")
    yield "wm_content_id", read.guid("WM/WMContentID")
    yield "media_class_primary_id", read.guid("WM/MediaClassPrimaryID")
    yield "media_class_secondary_id", read.guid("WM/MediaClassSecondaryID")


def _track_number(read: _Reader) -> int | None:
    number = values.track_number(read.first("WM/TrackNumber"))
    return number or values.zero_based_track_number(read.first("WM/Track"))
