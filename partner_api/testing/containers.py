"""Container lists as the Player builds them: albums and lists first, then the loose tracks."""

from collections.abc import Iterable

from partner_api.content import ContentContainer, ContentContainerList, ContentItem
from partner_api.enums import LibraryLocation, PriceMarker, TransactionType


def album(
    album_id: int, *, tracks: Iterable[int | ContentItem], price: str = PriceMarker.UNKNOWN
) -> ContentContainer:
    """Return the container that the Player makes of `album:ID` (T1-DL-52).

    Args:
        album_id: in the store's catalogue, 0 to 2**32 - 1.
        tracks: IDs of tracks, whose prices are then unknown, or items with prices; in order. A
            track may be listed several times (T1-DL-39).
        price: of the album as a whole, the store's text or a `PriceMarker` (T1-PRC-02).

    Raises:
        TypeError: a value has the wrong type.
        ValueError: an ID is out of range.
    """
    return ContentContainer(LibraryLocation.ALBUM, album_id, price, _items(tracks))


def purchased_list(
    list_id: int, *, tracks: Iterable[int | ContentItem], price: str = PriceMarker.UNKNOWN
) -> ContentContainer:
    """Return the container that the Player makes of `list:ID`: what a store sells as one.

    Arguments and errors are those of `album`.
    """
    return ContentContainer(LibraryLocation.LIST, list_id, price, _items(tracks))


def loose_tracks(*tracks: int | ContentItem) -> ContentContainer:
    """Return the one container in which the Player puts every `track:ID` of a request.

    It has no ID and no price of its own (T1-CON-04, T1-PRC-04).

    Args:
        tracks: IDs of tracks, or items with prices; in order.

    Raises:
        TypeError: a value has the wrong type.
        ValueError: an ID is out of range.
    """
    return ContentContainer.loose(_items(tracks))


def for_download(*containers: ContentContainer) -> ContentContainerList:
    """Return the list that `Download` gets (T1-DL-05)."""
    return ContentContainerList(TransactionType.DOWNLOAD, containers)


def for_purchase(*containers: ContentContainer) -> ContentContainerList:
    """Return the list that `Buy`, `CanBuySilent` and the comparison of prices get (T1-BUY-17)."""
    return ContentContainerList(TransactionType.BUY, containers)


def _items(tracks: Iterable[int | ContentItem]) -> tuple[ContentItem, ...]:
    return tuple(one if isinstance(one, ContentItem) else ContentItem(one) for one in tracks)
