"""Containers: what a download or a purchase consists of.

The Player builds them and hands a `ContentContainerList` to `Download`, `Buy`, `CanBuySilent`
and `CompareContainerListPrices` (T1-LIFE-08). The getters have the documented spelling; lists
and containers are Python sequences as well::

    for container in container_list:
        for item in container:
            grant(item.id, item.price)

For every method:

* **Caller.** Of the getters the partner, as often as it likes: lists and containers travel by
  value, so a getter reads the partner's own copy, and no call crosses to the Player.
* **Thread.** Any, also after the call that brought the list has returned (T1-DL-27); they never
  change (T1-CON-09).
* **Failure codes.** A getter with a bad index raises `ComError` with `E_INVALIDARG` (T1-CON-11),
  and the Player is told of it (T1-CON-08). The others do not fail.
* **Values.** IDs are numbers of 0 to 2**32 - 1. A price is a text of the store's own or a
  `PriceMarker` (T1-PRC-01). Indexes begin at zero.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias, overload

from attrs import Attribute, evolve, field, frozen
from attrs.validators import deep_iterable, instance_of

from partner_api.enums import NO_ID, LibraryLocation, PriceMarker, TransactionType
from partner_api.hresult import E_INVALIDARG, ComError
from partner_api.variant import check_dword

MisuseObserver: TypeAlias = Callable[[str, int, int], None]
"""Called with the getter's name, the bad index and the count, on the partner's thread."""

CONTAINER_TYPES: Final = frozenset(
    {LibraryLocation.ALBUM, LibraryLocation.LIST, LibraryLocation.UNKNOWN}
)
"""Album, bundle offered by the store, loose tracks (T1-CON-03)."""


def _check_price(_instance: Any, _attribute: "Attribute[Any]", value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"a price is a str, not {type(value).__name__}")


def _check_container_type(
    _instance: Any, _attribute: "Attribute[LibraryLocation]", value: LibraryLocation
) -> None:
    if value not in CONTAINER_TYPES:
        raise ValueError(f"{value} is no type of container")


@frozen
class ContentItem:
    """One track of a container.

    Attributes:
        id: the track's ID in the store's catalogue, 0 to 2**32 - 1 (T1-CON-07).
        price: the store's price text, or a `PriceMarker` (T1-PRC-03). Never interpreted.

    Raises:
        TypeError: if a value has the wrong type.
        ValueError: if the ID is out of range.
    """

    id: int = field(validator=check_dword)
    price: str = field(default=PriceMarker.UNKNOWN, validator=_check_price)


def _items(values: Iterable[ContentItem]) -> tuple[ContentItem, ...]:
    return tuple(values)


@frozen
class ContentContainer(Sequence[ContentItem]):
    """An album, a bundle offered by the store, or loose tracks.

    Attributes:
        type: `LibraryLocation.ALBUM`, `LIST` or `UNKNOWN` (T1-CON-03).
        id: the album's or the list's ID; `NO_ID` for loose tracks (T1-CON-04).
        price: the price of the whole, which need not be the sum of the parts (T1-PRC-05);
            `PriceMarker.UNKNOWN` for loose tracks (T1-PRC-04).
        items: the tracks, in order.
        on_misuse: told about every index out of range; no part of the value.

    Raises:
        TypeError: if a value has the wrong type.
        ValueError: if the ID is out of range, the type is no type of container, or loose tracks
            have an ID or a price.
    """

    type: LibraryLocation = field(converter=LibraryLocation, validator=_check_container_type)
    id: int = field(validator=check_dword)
    price: str = field(validator=_check_price)
    items: tuple[ContentItem, ...] = field(
        converter=_items, validator=deep_iterable(instance_of(ContentItem))
    )
    on_misuse: MisuseObserver | None = field(default=None, kw_only=True, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.type is not LibraryLocation.UNKNOWN:
            return
        if self.id != NO_ID:
            raise ValueError("loose tracks have no ID of their own (T1-CON-04)")
        if self.price != PriceMarker.UNKNOWN:
            raise ValueError("loose tracks have no price of their own (T1-PRC-04)")

    @classmethod
    def loose(cls, items: Iterable[ContentItem]) -> "ContentContainer":
        """Put tracks that belong to no album or list into a container of their own.

        Called by whoever builds lists: the Player, and tests.

        Args:
            items: the tracks, in order.

        Returns:
            A container of type `LibraryLocation.UNKNOWN`, with `NO_ID` and `PriceMarker.UNKNOWN`
            (T1-CON-03, T1-CON-04, T1-PRC-04).

        Raises:
            TypeError: if an item is no `ContentItem`.
        """
        return cls(LibraryLocation.UNKNOWN, NO_ID, PriceMarker.UNKNOWN, tuple(items))

    def GetID(self) -> int:
        """The ID of the album or list.

        Returns:
            Its ID in the store's catalogue; `NO_ID` for loose tracks (T1-CON-04).
        """
        return self.id

    def GetPrice(self) -> str:
        """The price of the whole.

        Returns:
            The price of the album or list, which need not be the sum of its items' (T1-PRC-02,
            T1-PRC-05); `PriceMarker.UNKNOWN` for loose tracks (T1-PRC-04).
        """
        return self.price

    def GetType(self) -> LibraryLocation:
        """What kind of container it is.

        Returns:
            `LibraryLocation.ALBUM`, `LibraryLocation.LIST` for a bundle offered by the store, or
            `LibraryLocation.UNKNOWN` for loose tracks (T1-CON-03).
        """
        return self.type

    def GetContentCount(self) -> int:
        """How many items there are.

        Returns:
            The number of items that `GetContentID` and `GetContentPrice` can address
            (T1-CON-05); may be 0.
        """
        return len(self.items)

    def GetContentPrice(self, index: int) -> str:
        """The price of one item.

        Args:
            index: zero-based, less than `GetContentCount()` (T1-CON-06, T1-CON-08).

        Returns:
            The store's price text, or a `PriceMarker` (T1-PRC-03).

        Raises:
            ComError: `E_INVALIDARG` for any other index (T1-CON-11).
        """
        return self._item("GetContentPrice", index).price

    def GetContentID(self, index: int) -> int:
        """The ID of one item.

        Args:
            index: zero-based, less than `GetContentCount()` (T1-CON-06, T1-CON-08).

        Returns:
            The track's ID in the store's catalogue (T1-CON-07): what `DownloadTrack` takes as
            `track_id` (T1-DL-10).

        Raises:
            ComError: `E_INVALIDARG` for any other index (T1-CON-11).
        """
        return self._item("GetContentID", index).id

    def _item(self, getter: str, index: int) -> ContentItem:
        if not _is_index(index, len(self.items)):
            raise _misused(self.on_misuse, getter, index, len(self.items))
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[ContentItem]:
        return iter(self.items)

    @overload
    def __getitem__(self, index: int) -> ContentItem: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ContentItem, ...]: ...
    def __getitem__(self, index: int | slice) -> ContentItem | tuple[ContentItem, ...]:
        return self.items[index]


def _containers(values: Iterable[ContentContainer]) -> tuple[ContentContainer, ...]:
    return tuple(values)


@frozen
class ContentContainerList(Sequence[ContentContainer]):
    """Everything that one transaction is about.

    Attributes:
        transaction_type: `DOWNLOAD` for `Download`; `BUY` for `Buy`, `CanBuySilent` and
            `CompareContainerListPrices` (T1-DL-05, T1-BUY-17, T1-BUY-30).
        containers: the containers, in order. The Player sends one or more (T1-CON-01).
        on_misuse: told about every index out of range; no part of the value.

    Raises:
        TypeError: if a value has the wrong type.
        ValueError: if the transaction type is unknown.
    """

    transaction_type: TransactionType = field(converter=TransactionType)
    containers: tuple[ContentContainer, ...] = field(
        converter=_containers, validator=deep_iterable(instance_of(ContentContainer))
    )
    on_misuse: MisuseObserver | None = field(default=None, kw_only=True, eq=False, repr=False)

    def GetTransactionType(self) -> TransactionType:
        """What the list is made for.

        Returns:
            `TransactionType.DOWNLOAD` in `Download`; `TransactionType.BUY` in `Buy`,
            `CanBuySilent` and `CompareContainerListPrices` (T1-DL-05, T1-BUY-17, T1-BUY-30).
        """
        return self.transaction_type

    def GetContainerCount(self) -> int:
        """How many containers there are.

        Returns:
            The number of containers that `GetContainer` can address: one or more (T1-CON-01).
        """
        return len(self.containers)

    def GetContainer(self, index: int) -> ContentContainer:
        """One container.

        Args:
            index: zero-based, less than `GetContainerCount()` (T1-CON-10).

        Returns:
            The container at that place (T1-CON-02).

        Raises:
            ComError: `E_INVALIDARG` for any other index (T1-CON-11).
        """
        if not _is_index(index, len(self.containers)):
            raise _misused(self.on_misuse, "GetContainer", index, len(self.containers))
        return self.containers[index]

    def observed(self, on_misuse: MisuseObserver | None) -> "ContentContainerList":
        """The same list, with one observer for itself and for all its containers.

        Called on the way into the plug-in, so that the Player hears of bad indexes (T1-CON-08).

        Args:
            on_misuse: told about every index out of range, with the getter's name, the index and
                the count, on the thread that called the getter; `None` for nobody.

        Returns:
            A copy that equals the original: observers are no part of the value.
        """
        containers = tuple(evolve(one, on_misuse=on_misuse) for one in self.containers)
        return evolve(self, containers=containers, on_misuse=on_misuse)

    def __len__(self) -> int:
        return len(self.containers)

    def __iter__(self) -> Iterator[ContentContainer]:
        return iter(self.containers)

    @overload
    def __getitem__(self, index: int) -> ContentContainer: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ContentContainer, ...]: ...
    def __getitem__(self, index: int | slice) -> ContentContainer | tuple[ContentContainer, ...]:
        return self.containers[index]


def _is_index(index: object, count: int) -> bool:
    return isinstance(index, int) and not isinstance(index, bool) and 0 <= index < count


def _misused(observer: MisuseObserver | None, getter: str, index: int, count: int) -> ComError:
    if observer is not None:
        observer(getter, index, count)
    return ComError(E_INVALIDARG, f"{getter}({index!r}) of {count}")
