"""Container lists for scenarios: loose tracks, an album or a list, with and without prices."""

from partner_api.content import ContentContainer, ContentContainerList, ContentItem
from partner_api.enums import LibraryLocation, PriceMarker, TransactionType


def loose_list(tracks: tuple[int, ...]) -> ContentContainerList:
    """Return a list of tracks that belong to nothing."""
    container = ContentContainer.loose(tuple(ContentItem(track) for track in tracks))
    return ContentContainerList(TransactionType.DOWNLOAD, (container,))


def listed(kind: LibraryLocation, number: int, tracks: tuple[int, ...]) -> ContentContainerList:
    """Return the list of an album or of a list of the store."""
    items = tuple(ContentItem(track) for track in tracks)
    container = ContentContainer(kind, number, PriceMarker.UNKNOWN, items)
    return ContentContainerList(TransactionType.DOWNLOAD, (container,))


def priced(tracks: tuple[int, ...]) -> tuple[ContentItem, ...]:
    """Return tracks with a price."""
    return tuple(ContentItem(track, "$0.99") for track in tracks)


def priced_list(track: int, price: str) -> ContentContainerList:
    """Return a list to be bought, of one track."""
    container = ContentContainer.loose((ContentItem(track, price),))
    return ContentContainerList(TransactionType.BUY, (container,))


def numbered(tracks: tuple[int, ...], count: int) -> tuple[int, ...]:
    """Return as many different tracks: first those that are there, then others."""
    known = dict.fromkeys(tracks)
    number = 1
    while len(known) < count:
        known.setdefault(number)
        number += 1
    return tuple(known)[:count]
