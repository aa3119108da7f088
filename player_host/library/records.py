"""The values of the library: what a file says, where it came from, what the library holds."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from attrs import field, frozen

from player_host.units import ByteCount, Seconds

MediaType = Literal["audio", "other", "photo", "playlist", "radio", "video"]

NO_TIME = Seconds(0.0)
MEDIA_CLASS_MUSIC = "D1607DBC-E323-4BE2-86A1-48A42A28441E"
MEDIA_CLASS_VIDEO = "DB9830BD-3AB3-4FAB-8A37-1A995F7FF74B"


@frozen(kw_only=True)
class MediaTags:
    """What a media file says about itself; made by `player_host.library.tags.read_tags`.

    Texts are bounded and hold no control characters; an attribute that the file lacks is "",
    an empty tuple or None. GUIDs are upper-case text without braces.

    Attributes:
        file_type: the extension for the content, found in its bytes (LIB-11), such as "mp3".
        media_type: "audio" or "video" by the streams of the file (LIB-10).
        duration: length of the streams in seconds, 0.0 if unknown (LIB-13).
        content_distributor: the store's key exactly as the file has it (LIB-06), from the file
            header or else from the DRM header (LIB-08).
        track_number: starts at 1 (LIB-17).
        part_of_set: "n/m" as written.
        is_protected: the file has a protection header.
        drm_key_id: the key that the protection header names, or "".
    """

    file_type: str
    media_type: MediaType = "audio"
    duration: Seconds = NO_TIME
    title: str = ""
    authors: tuple[str, ...] = ()
    album_artist: str = ""
    album_title: str = ""
    genres: tuple[str, ...] = ()
    track_number: int | None = None
    part_of_set: str = ""
    composers: tuple[str, ...] = ()
    publisher: str = ""
    parental_rating: str = ""
    year: int | None = None
    release_date: str = ""
    copyright: str = ""
    content_distributor: str = ""
    content_distributor_type: str = ""
    content_distributor_duration: Seconds = NO_TIME
    provider: str = ""
    provider_rating: str = ""
    provider_style: str = ""
    subscription_content_id: str = ""
    unique_file_identifier: str = ""
    collection_id: str = ""
    collection_group_id: str = ""
    wm_content_id: str = ""
    media_class_primary_id: str = ""
    media_class_secondary_id: str = ""
    protection_type: str = ""
    is_protected: bool = False
    drm_key_id: str = ""

    @property
    def reported_duration(self) -> Seconds:
        """Duration in seconds; the distributor's value where the file has none (LIB-14)."""
        return self.duration or self.content_distributor_duration

    @property
    def artist(self) -> str:
        """The album's artist, else the first track artist, else ""."""
        return self.album_artist or next(iter(self.authors), "")


@frozen
class Origin:
    """Where a download came from: the plug-in's key and the store's track id."""

    partner: str
    content_id: int


@frozen
class Identity:
    """What makes two downloads the same purchase.

    Attributes:
        partner: the key of the plug-in that delivered it; two plug-ins never share an entry.
        content_id: the store's track id.
        distributor: `WM/ContentDistributor`, or without one the partner's key.
        distributor_is_partner: the file names no distributor and the partner's key stands in.
    """

    partner: str
    content_id: int
    distributor: str
    distributor_is_partner: bool

    @classmethod
    def of(cls, tags: MediaTags, origin: Origin) -> "Identity":
        """Return the identity of a file with these tags from this origin."""
        named = tags.content_distributor
        return cls(origin.partner, origin.content_id, named or origin.partner, not named)


@frozen(kw_only=True)
class LibraryItem:
    """One entry of the library.

    Attributes:
        id: row number, stable while the entry lives and kept when its file is replaced.
        source_path: where the file lies, relative to the Music folder, with "/" (LIB-12).
        identity: partner, content id and distributor.
        tags: what the file said when it was added.
        file_size: bytes.
        sha256: lower-case hexadecimal digest of the file when it was added.
        acquisition_time: the moment it was added, aware, UTC (LIB-09).
        tracking_id: made by the library.
        user_rating: 0 to 99 (LIB-18).
    """

    id: int
    source_path: str
    identity: Identity
    tags: MediaTags = field(repr=False)
    file_size: ByteCount
    sha256: str
    acquisition_time: datetime
    tracking_id: UUID
    user_rating: int = 0

    @property
    def partner(self) -> str:
        """Key of the plug-in that delivered the file."""
        return self.identity.partner

    @property
    def content_id(self) -> int:
        """The store's track id."""
        return self.identity.content_id

    @property
    def distributor(self) -> str:
        """`WM/ContentDistributor` as the file has it; "" puts the item in no purchased node."""
        return self.tags.content_distributor

    @property
    def file_type(self) -> str:
        """The extension, such as "mp3" (LIB-11)."""
        return self.tags.file_type

    @property
    def media_type(self) -> MediaType:
        """One of the six values of LIB-10."""
        return self.tags.media_type

    @property
    def duration(self) -> Seconds:
        """Seconds, by LIB-13 and LIB-14."""
        return self.tags.reported_duration

    @property
    def is_protected(self) -> bool:
        """Whether the file has a protection header."""
        return self.tags.is_protected
