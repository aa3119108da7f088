"""The attributes of a library item: documented names, aliases, where they are stored, types.

Every name and alias can be used to get and to search (LIB-15). `part` says which attribute of
`MediaTags` or `LibraryItem` holds the value.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

from attrs import frozen

from player_host.library.records import LibraryItem


class Stored(StrEnum):
    """Where an attribute is kept."""

    BOTH = "library and file"
    LIBRARY = "library"
    FILE = "file"


class Kind(StrEnum):
    """The type of a value."""

    TEXT = "text"
    NUMBER = "number"
    SECONDS = "seconds"
    BOOLEAN = "boolean"
    GUID = "GUID"
    TIME = "date and time"


@frozen
class Attribute:
    """One documented attribute.

    Attributes:
        name: the documented name, such as `WM/AlbumTitle`.
        part: the attribute of `MediaTags`, or of `LibraryItem` for what the library adds.
        aliases: equal names for get and search.
        multiple: whether it may have several values (LIB-16).
    """

    name: str
    part: str
    aliases: tuple[str, ...] = ()
    stored: Stored = Stored.BOTH
    kind: Kind = Kind.TEXT
    multiple: bool = False

    def values_of(self, item: LibraryItem) -> tuple[str, ...]:
        """Return the values that an item has, as text; none for what is unset.

        A Boolean is `true` or `false`, a time ISO 8601 in UTC.
        """
        # The item first: its duration falls back to the distributor's (LIB-14).
        holder = item if hasattr(LibraryItem, self.part) else item.tags
        value = getattr(holder, self.part)
        values = value if isinstance(value, tuple) else (value,)
        return tuple(_as_text(v) for v in values if v is not None and v != "")


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _guid(name: str, part: str) -> Attribute:
    return Attribute(f"WM/{name}", part, (name,), kind=Kind.GUID)


def _library(name: str, part: str, kind: Kind = Kind.TEXT) -> Attribute:
    return Attribute(name, part, stored=Stored.LIBRARY, kind=kind)


ATTRIBUTES: Final[tuple[Attribute, ...]] = (
    Attribute("Title", "title", ("Name",)),
    Attribute("Author", "authors", ("Artist", "Actor"), multiple=True),
    Attribute("WM/AlbumArtist", "album_artist", ("AlbumArtist",)),
    Attribute("WM/AlbumTitle", "album_title", ("Album",)),
    Attribute("WM/Genre", "genres", ("Genre",), multiple=True),
    Attribute(
        "WM/TrackNumber", "track_number", ("OriginalIndex", "OriginalIndexLeft"), kind=Kind.NUMBER
    ),
    Attribute("WM/PartOfSet", "part_of_set", stored=Stored.FILE),
    _library("PartOfSet", "part_of_set"),
    Attribute("WM/Composer", "composers", ("Composer",), multiple=True),
    Attribute("WM/Publisher", "publisher", ("Label", "ReleasedBy", "Studio")),
    Attribute("WM/ParentalRating", "parental_rating", ("MPAARating",)),
    Attribute("WM/Year", "year", stored=Stored.FILE, kind=Kind.NUMBER),
    _library("ReleaseDate", "release_date"),
    Attribute("Copyright", "copyright"),
    Attribute("WM/ContentDistributor", "content_distributor", ("ContentDistributor",)),
    Attribute("WM/ContentDistributorType", "content_distributor_type", ("ContentDistributorType",)),
    _library("ContentDistributorDuration", "content_distributor_duration", Kind.SECONDS),
    Attribute("WM/Provider", "provider", ("MetadataSource",)),
    Attribute("WM/ProviderRating", "provider_rating", ("Rating",)),
    Attribute("WM/ProviderStyle", "provider_style", ("Style",)),
    Attribute("WM/SubscriptionContentID", "subscription_content_id", ("SubscriptionContentID",)),
    Attribute("WM/UniqueFileIdentifier", "unique_file_identifier", ("UniqueFileIdentifier",)),
    _guid("WMCollectionID", "collection_id"),
    _guid("WMCollectionGroupID", "collection_group_id"),
    _guid("WMContentID", "wm_content_id"),
    _guid("MediaClassPrimaryID", "media_class_primary_id"),
    _guid("MediaClassSecondaryID", "media_class_secondary_id"),
    Attribute("WM/ProtectionType", "protection_type", ("ProtectionType",)),
    Attribute("Is_Protected", "is_protected", ("DigitallySecure",), kind=Kind.BOOLEAN),
    _library("DRMKeyID", "drm_key_id"),
    Attribute("Duration", "duration", kind=Kind.SECONDS),
    Attribute("FileSize", "file_size", ("Size",), kind=Kind.NUMBER),
    _library("FileType", "file_type"),
    _library("MediaType", "media_type"),
    _library("SourceURL", "source_path"),
    _library("AcquisitionTime", "acquisition_time", Kind.TIME),
    _library("TrackingID", "tracking_id", Kind.GUID),
    _library("UserRating", "user_rating", Kind.NUMBER),
)

_BY_NAME: Final = {
    name.casefold(): attribute
    for attribute in ATTRIBUTES
    for name in (attribute.name, *attribute.aliases)
}


def find_attribute(name: str) -> Attribute | None:
    """Return the attribute with this name or alias, ignoring case, or None (LIB-15)."""
    return _BY_NAME.get(name.casefold())
