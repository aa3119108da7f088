"""What every exhibit has in common: a whole store without a server, which conforms.

Its files are said to be where nothing is fetched from. A subclass overrides one of the small steps
and so breaks one clause, or does the same in an unusual way.
"""

import itertools
import re
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from queue import Queue
from typing import Any, Final

from attrs import evolve, frozen

from partner_api import (
    E_INVALIDARG,
    HRESULT,
    RPC_E_DISCONNECTED,
    S_OK,
    AccountType,
    Capability,
    CatalogURL,
    ComError,
    ContentContainerList,
    ContentPartner,
    ContentPartnerCallback,
    ItemInfo,
    License,
    PartnerContext,
    PartnerInfo,
    PartnerNotification,
    PriceMarker,
    Right,
    ServiceInfo,
    ThreadingModel,
    Variant,
    VarType,
)

STORE_URL: Final = "http://127.0.0.1:9"
GRANTED: Final = range(1, 1_001)
"""The tracks that may be downloaded."""

FOR_SALE: Final = range(9_000, 10_000)
"""The tracks that have to be bought first."""

REQUIRES_PURCHASE: Final = HRESULT.named("NS_E_TRACK_DOWNLOAD_REQUIRES_PURCHASE")
NOT_SIGNED_IN: Final = HRESULT.named("NS_E_SUBSCRIPTIONSERVICE_LOGIN_FAILED")
UNKNOWN_TRACK: Final = HRESULT(0x8004_0201)
NOT_LICENSED: Final = HRESULT(0x8004_0202)

WORDS: Final[Mapping[HRESULT, str]] = {
    REQUIRES_PURCHASE: "Buy this track before you download it.",
    NOT_SIGNED_IN: "Sign in to download music.",
    UNKNOWN_TRACK: "There is no such track.",
    NOT_LICENSED: "The licence could not be delivered.",
}
"""Its failure codes, and what it says of them."""

ART: Final = frozenset(
    {
        ItemInfo.ALBUM_ART_URL,
        ItemInfo.ARTIST_ART_URL,
        ItemInfo.LIST_ART_URL,
        ItemInfo.GENRE_ART_URL,
        ItemInfo.SUBGENRE_ART_URL,
        ItemInfo.RADIO_ART_URL,
        ItemInfo.TREE_LIST_ICON_URL,
    }
)
PAGES: Final = frozenset({ItemInfo.CREATE_ACCOUNT_URL, ItemInfo.FORGET_PASSWORD_URL})
ERROR_NAMES: Final = frozenset(
    {ItemInfo.ERROR_DESCRIPTION, ItemInfo.ERROR_URL, ItemInfo.ERROR_URL_LINK_TEXT}
)

_NEXT_QUESTION: Final = datetime(2100, 1, 1, tzinfo=UTC)
_CLOSING_DEADLINE_S: Final = 4.0
_PRICE: Final = re.compile(r"\D*(\d{1,9}(?:\.\d{1,4})?)\D*")


@frozen
class Order:
    """One `Download`.

    Attributes:
        number: 1 for the first of this instance.
        cookie: as it came.
        container_list: as it came.
        tracks: each track once, in the order of the list.
    """

    number: int
    cookie: int
    container_list: ContentContainerList
    tracks: tuple[int, ...]


class Exhibit(ContentPartner["Exhibit.Settings"]):
    """Grants some tracks and refuses the others, on a thread of its own; does nothing wrong.

    Attributes:
        orders: what its worker has still to answer.
        is_released: set at `SetCallback(None)`: what is unanswered then is owed no more.
    """

    service_info = ServiceInfo(
        key="Exhibit", friendly_name="Exhibit", capabilities=Capability.CONTENT_PARTNER
    )

    @frozen
    class Settings:
        """What may be set.

        Attributes:
            account: who is signed in; empty for nobody.
        """

        account: str = "visitor"

    def __init_subclass__(cls, *, threading_model: ThreadingModel | None = None) -> None:
        """Give each exhibit a key of its own, and the threading model that it names."""
        super().__init_subclass__()
        model = threading_model or cls.service_info.threading_model
        cls.service_info = evolve(
            cls.service_info, key=cls.__name__, friendly_name=cls.__name__, threading_model=model
        )

    def __init__(self, context: "PartnerContext[Exhibit.Settings]") -> None:
        super().__init__(context)
        self.orders: Queue[Order | None] = Queue()
        self.is_released = threading.Event()
        self._numbers = itertools.count(1)
        self._worker: threading.Thread | None = None

    # --- what the Player calls ---

    def SetCallback(self, callback: ContentPartnerCallback | None) -> HRESULT | None:
        """Begin to work, or end whatever is under way and release the callback."""
        if callback is None:
            self.is_released.set()
            self.stop()
            self.callback = None
            return S_OK
        self.is_released.clear()
        self.callback = callback
        self.start()
        return S_OK

    def Notify(self, type: PartnerNotification, context: Variant) -> HRESULT | None:
        """Take note of it."""
        return S_OK

    def Download(self, container_list: ContentContainerList | None, cookie: int) -> HRESULT | None:
        """Hand the list over to the worker."""
        if container_list is None:
            return E_INVALIDARG
        tracks = tuple(self.tracks_of(container_list))
        order = Order(next(self._numbers), cookie, container_list, tracks)
        return self.take(order)

    def DownloadTrackComplete(
        self, hr: HRESULT, track_id: int, params: str | None
    ) -> HRESULT | None:
        """Take note of it."""
        return S_OK

    def GetContentPartnerInfo(self, info_name: str) -> Variant:
        """Answer each of the nine names.

        Raises:
            ComError: any other name.
        """
        try:
            return self.facts()[info_name]
        except KeyError:
            raise ComError(E_INVALIDARG) from None

    def GetItemInfo(self, info_name: str, context: Variant) -> Variant:
        """Answer art, the pages of the account, and words for its own codes.

        Raises:
            ComError: anything else.
        """
        if info_name in ART and context.type is VarType.UI4:
            return self.art(info_name, context)
        if info_name in PAGES and context.type is VarType.EMPTY:
            return self.page(info_name)
        if context.type is VarType.ERROR and isinstance(context.value, HRESULT):
            return self.words(info_name, context.value)
        raise ComError(E_INVALIDARG)

    def GetCatalogURL(
        self, catalog_version: int, catalog_schema_version: int, catalog_lcid: int
    ) -> CatalogURL:
        """Say that there is nothing new (T1-CAT-18)."""
        return CatalogURL(catalog_version, "", Variant.date(_NEXT_QUESTION))

    def CompareContainerListPrices(
        self, list_base: ContentContainerList, list_compare: ContentContainerList
    ) -> int:
        """Compare what the lists cost.

        Raises:
            ComError: a price is unknown or cannot be paid.
        """
        base, other = total_of(list_base), total_of(list_compare)
        return (base > other) - (base < other)

    # --- its worker ---

    def start(self) -> None:
        """Start the worker, unless it runs; on the thread of `SetCallback`."""
        if self._worker is None:
            self._worker = threading.Thread(target=self.serve, daemon=True)
            self._worker.start()

    def stop(self) -> None:
        """End the worker and wait for it, within bounds; on the thread of `SetCallback`."""
        worker, self._worker = self._worker, None
        if worker is not None:
            self.orders.put(None)
            worker.join(_CLOSING_DEADLINE_S)

    def serve(self) -> None:
        """Work until the end; on the worker."""
        while (order := self.orders.get()) is not None:
            self.work(order)
            self.orders.task_done()
        self.orders.task_done()

    def pause(self, seconds: float) -> None:
        """Let time pass on the calling thread, at most until the callback is released."""
        self.is_released.wait(seconds)

    # --- the steps of a download ---

    def tracks_of(self, container_list: ContentContainerList) -> Iterable[int]:
        """Return each track of a list once."""
        return dict.fromkeys(item.id for container in container_list for item in container)

    def take(self, order: Order) -> HRESULT | None:
        """Begin an order; return what `Download` returns."""
        self.orders.put(order)
        return S_OK

    def work(self, order: Order) -> None:
        """Answer an order, until the callback is released; on the worker."""
        for track_id in self.sequence(order):
            if self.is_released.is_set():
                return
            self.answer(order, track_id)

    def sequence(self, order: Order) -> Iterable[int]:
        """Return the tracks to be answered, in this order."""
        return order.tracks

    def answer(self, order: Order, track_id: int) -> HRESULT:
        """Grant or refuse a track; return what became of the answer."""
        refusal = self.refusal_of(track_id)
        if refusal is not None:
            return self.refuse(order, track_id, refusal)
        return self.grant(order, track_id)

    def refusal_of(self, track_id: int) -> HRESULT | None:
        """Return why a track is not to be downloaded; None if it is."""
        if not self.context.settings.account:
            return NOT_SIGNED_IN
        return self.refusal_for_anybody(track_id)

    def refusal_for_anybody(self, track_id: int) -> HRESULT | None:
        """Return why nobody may download a track; None if the visitor may."""
        if track_id in FOR_SALE:
            return REQUIRES_PURCHASE
        return None if track_id in GRANTED else UNKNOWN_TRACK

    def grant(self, order: Order, track_id: int) -> HRESULT:
        """Deliver the licence, then answer with the URL."""
        if self.deliver(track_id).failed:
            return self.refuse(order, track_id, NOT_LICENSED)
        params = self.params_of(order, track_id)
        return self.tell(order, self.url_of(track_id), track_id, params, S_OK)

    def refuse(self, order: Order, track_id: int, hr: HRESULT) -> HRESULT:
        """Answer with a failure code."""
        return self.tell(order, None, track_id, None, hr)

    def deliver(self, track_id: int) -> HRESULT:
        """Deliver the licence of a track, which is unprotected (T1-DL-32)."""
        return self.context.licenses.Predeliver(License(track_id, None, {Right.PLAY}))

    def url_of(self, track_id: int) -> str | None:
        """Return where the file of a track is."""
        return f"{STORE_URL}/{track_id}.mp3"

    def params_of(self, order: Order, track_id: int) -> str | None:
        """Return what the completion shall bring back: the cookie (T1-DL-24)."""
        return str(order.cookie)

    def cookie_of(self, order: Order) -> int:
        """Return the cookie under which an order is answered."""
        return order.cookie

    def tell(
        self, order: Order, url: str | None, track_id: int, params: str | None, hr: HRESULT
    ) -> HRESULT:
        """Call `DownloadTrack`, while there is somebody to be called."""
        callback = self.callback
        if callback is None:
            return RPC_E_DISCONNECTED
        return callback.DownloadTrack(self.cookie_of(order), url, track_id, params, hr)

    # --- facts and texts ---

    def facts(self) -> Mapping[str, Variant]:
        """Return what is known about the account and the store, by name."""
        account = self.context.settings.account
        return {
            PartnerInfo.LOGIN_STATE: Variant.boolean(bool(account)),
            PartnerInfo.MEDIA_PLAYER_ACCOUNT_TYPE: Variant.ui4(AccountType.BUY_ONLY),
            PartnerInfo.ACCOUNT_TYPE: Variant.bstr("Day ticket"),
            PartnerInfo.HAS_CACHED_CREDENTIALS: Variant.boolean(False),
            PartnerInfo.LICENSE_REFRESH_ADVANCE_WARNING: Variant.ui4(5),
            PartnerInfo.PURCHASED_TRACK_REQUIRES_RE_DOWNLOAD: Variant.boolean(False),
            PartnerInfo.MAXIMUM_TRACKS_PER_PURCHASE: Variant.ui4(0),
            PartnerInfo.ACCOUNT_BALANCE: Variant.bstr("$20.00" if account else ""),
            PartnerInfo.USER_NAME: Variant.bstr(account),
        }

    def art(self, info_name: str, context: Variant) -> Variant:
        """Return the URL of a picture."""
        return Variant.bstr(f"{STORE_URL}/{info_name}/{context.value}.jpg")

    def page(self, info_name: str) -> Variant:
        """Return the URL of a page of the account."""
        return Variant.bstr(f"{STORE_URL}/{info_name}")

    def words(self, info_name: str, code: HRESULT) -> Variant:
        """Return what is said of a failure code.

        Raises:
            ComError: the code is not one of its own, or the name asks for something else.
        """
        texts: dict[str, Any] = {
            ItemInfo.ERROR_DESCRIPTION: WORDS.get(code),
            ItemInfo.ERROR_URL: f"{STORE_URL}/help",
            ItemInfo.ERROR_URL_LINK_TEXT: "Help",
        }
        if code not in WORDS or info_name not in texts:
            raise ComError(E_INVALIDARG)
        return Variant.bstr(texts[info_name])


def total_of(container_list: ContentContainerList) -> Decimal:
    """Return what a list costs: of each container its price, or else that of its items.

    Raises:
        ComError: a price is unknown or cannot be paid.
    """
    total = Decimal(0)
    for container in container_list:
        price = amount_of(container.price)
        if price is None:
            items = [amount_of(item.price) for item in container]
            if None in items:
                raise ComError(E_INVALIDARG)
            price = sum((item for item in items if item is not None), Decimal(0))
        total += price
    return total


def amount_of(price: str) -> Decimal | None:
    """Return what a price amounts to; None where it is no amount."""
    if price == PriceMarker.FREE:
        return Decimal(0)
    found = _PRICE.fullmatch(price)
    return Decimal(found[1]) if found else None
