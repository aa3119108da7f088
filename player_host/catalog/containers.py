"""From the items of a request to the container list that a partner gets.

An album becomes one container, a list becomes one container, all loose tracks of the request
become one (T1-DL-52). No container is empty (T1-CON-12).
"""

import json
from collections.abc import Iterable, Sequence

from attrs import define, field, frozen

from partner_api.content import ContentContainer, ContentContainerList, ContentItem
from partner_api.enums import NO_ID, LibraryLocation, PriceMarker, TransactionType
from player_host.catalog.expansion import list_tracks, too_large
from player_host.catalog.items import Item, ItemKind, ItemSelection
from player_host.catalog.rows import Track
from player_host.catalog.store import Catalogs
from player_host.errors import NothingSelected, UnknownItem

MAX_TRACKS = 100_000
MAX_LIST_BYTES = 16 * 1024 * 1024
BYTES_PER_ENTRY = 64

NOT_OFFERED = "the store does not offer it for download (CanDownload is 0)"

_MARKERS: dict[str, str] = {
    "": PriceMarker.UNKNOWN,
    "0": PriceMarker.FREE,
    "-": PriceMarker.CANNOT_BUY,
}


@frozen
class LeftOut:
    """A track that the request names and the container list does not.

    Attributes:
        track_id: the track.
        reason: why, as the end of a sentence.
    """

    track_id: int
    reason: str


@frozen
class ContainerSelection:
    """What a request comes to.

    Attributes:
        container_list: goes to the partner; one container or more.
        left_out: tracks that are not asked for (T1-DL-51).
    """

    container_list: ContentContainerList
    left_out: tuple[LeftOut, ...]


def price_marker(price: str) -> str:
    """Return a catalogue's price as containers show it (T1-PRC-08)."""
    return _MARKERS.get(price, price)


def build_container_list(
    catalogs: Catalogs,
    partner: str,
    items: ItemSelection,
    transaction_type: TransactionType = TransactionType.DOWNLOAD,
) -> ContainerSelection:
    """Return the containers of a request.

    Called by the Player before a transaction is opened. Tracks alone can be asked for without
    an installed catalogue, since they need nothing but their IDs; their price is unknown.

    Args:
        catalogs: the installed catalogues.
        partner: the partner's key.
        items: what the user named.
        transaction_type: a download leaves out tracks whose CanDownload is 0 (T1-DL-51).

    Returns:
        Albums and lists in the order of the request, then the loose tracks.

    Raises:
        UnknownItem: the catalogue has no such item, or there is no catalogue.
        NothingSelected: no track is left.
        UsageError: a list's items are not known or cannot be downloaded, or the request has
            more than 100,000 tracks or would pass 16 MiB.
    """
    builder = _Builder(catalogs, partner, transaction_type)
    for item in items.items:
        builder.add(item)
    builder.add_loose(items.tracks)
    return builder.result()


@define
class _Builder:
    catalogs: Catalogs
    partner: str
    transaction_type: TransactionType
    containers: list[ContentContainer] = field(factory=list)
    left_out: dict[int, LeftOut] = field(factory=dict)
    track_count: int = 0
    size_bytes: int = 0

    def add(self, item: Item) -> None:
        if item.kind is ItemKind.ALBUM:
            self._add_album(item)
        elif item.kind is ItemKind.LIST:
            self._add_list(item)

    def add_loose(self, track_ids: Sequence[int]) -> None:
        if not track_ids:
            return
        if self.catalogs.installed(self.partner) is None:
            tracks = tuple(ContentItem(track_id) for track_id in track_ids)
        else:
            tracks = self._offered(self._known(track_ids))
        self._append(LibraryLocation.UNKNOWN, NO_ID, "", tracks)

    def result(self) -> ContainerSelection:
        left_out = tuple(self.left_out.values())
        if not self.containers:
            raise NothingSelected(
                "the request names no track that can be downloaded",
                where=f"{len(left_out)} tracks left out" if left_out else "",
                remedy="Name other items; the store's catalogue says what it offers",
            )
        containers = ContentContainerList(self.transaction_type, tuple(self.containers))
        return ContainerSelection(containers, left_out)

    def _add_album(self, item: Item) -> None:
        album = self.catalogs.album(self.partner, item.id)
        if album is None:
            raise self._unknown(item)
        track_ids = self.catalogs.track_ids(self.partner, "A", album.id, limit=MAX_TRACKS + 1)
        tracks = self._offered(self._known(track_ids))
        self._append(LibraryLocation.ALBUM, album.id, album.price, tracks)

    def _add_list(self, item: Item) -> None:
        found = self.catalogs.catalog_list(self.partner, item.id)
        if found is None:
            raise self._unknown(item)
        track_ids = list_tracks(self.catalogs, self.partner, found, limit=MAX_TRACKS)
        tracks = self._offered(self._known(track_ids))
        self._append(LibraryLocation.LIST, found.id, found.price, tracks)

    def _known(self, track_ids: Sequence[int]) -> tuple[Track, ...]:
        self._check_count(len(track_ids))
        found = self.catalogs.tracks_by_id(self.partner, track_ids)
        for track_id in track_ids:
            if track_id not in found:
                raise self._unknown(Item(ItemKind.TRACK, track_id))
        return tuple(found[track_id] for track_id in track_ids)

    def _offered(self, tracks: Iterable[Track]) -> tuple[ContentItem, ...]:
        filtered = self.transaction_type is TransactionType.DOWNLOAD
        offered = []
        for track in tracks:
            if filtered and not track.can_download:
                self.left_out[track.id] = LeftOut(track.id, NOT_OFFERED)
            else:
                offered.append(ContentItem(track.id, price_marker(track.price)))
        return tuple(offered)

    def _append(
        self, kind: LibraryLocation, container_id: int, price: str, items: tuple[ContentItem, ...]
    ) -> None:
        if not items:
            return
        container = ContentContainer(kind, container_id, price_marker(price), items)
        self._check_count(len(items))
        self.track_count += len(items)
        self.size_bytes += _size_bytes(container)
        if self.size_bytes > MAX_LIST_BYTES:
            raise too_large(f"at most {MAX_LIST_BYTES} bytes")
        self.containers.append(container)

    def _check_count(self, more: int) -> None:
        if self.track_count + more > MAX_TRACKS:
            raise too_large(f"at most {MAX_TRACKS} tracks")

    def _unknown(self, item: Item) -> UnknownItem:
        if self.catalogs.installed(self.partner) is None:
            return UnknownItem(
                "no catalogue of this store is installed",
                where=str(item),
                remedy="Fetch the store's catalogue first; tracks can be named without it",
            )
        return UnknownItem(
            f"the installed catalogue has no such {item.kind}",
            where=str(item),
            remedy="Look it up in the catalogue, or fetch a newer one",
        )


def _size_bytes(container: ContentContainer) -> int:
    """Return what a container takes on its way to the partner, rather too much than too little."""
    prices = [container.price, *(item.price for item in container.items)]
    return sum(BYTES_PER_ENTRY + len(json.dumps(price)) for price in prices)
