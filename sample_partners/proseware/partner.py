"""The plug-in of Proseware Music: a well-behaved Type 1 partner to read and to start from.

`Proseware` answers the Player's calls. What takes time is done by an `OrderDesk` on a thread
of its own, which lives from `SetCallback(callback)` to `SetCallback(None)`.
"""

from pathlib import Path

from attrs import frozen

from partner_api import (
    E_INVALIDARG,
    E_NOTIMPL,
    E_UNEXPECTED,
    HRESULT,
    S_OK,
    AccountType,
    CallbackNotification,
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
    Secret,
    ServiceInfo,
    Variant,
    VarType,
)
from sample_partners.proseware.failures import DESCRIPTIONS, StoreFailure
from sample_partners.proseware.journal import Journal, journaled
from sample_partners.proseware.orders import Order, OrderDesk, cookie_of
from sample_partners.proseware.store_client import StoreClient

_CLOSING_DEADLINE_S = 4.0
_LOGIN_FAILURE_PAGE = 1
_DAYS_TO_RENEW_AHEAD = 5

_ART = {
    ItemInfo.ALBUM_ART_URL: "album",
    ItemInfo.ARTIST_ART_URL: "artist",
    ItemInfo.LIST_ART_URL: "list",
    ItemInfo.GENRE_ART_URL: "genre",
    ItemInfo.SUBGENRE_ART_URL: "subgenre",
    ItemInfo.RADIO_ART_URL: "radio",
    ItemInfo.TREE_LIST_ICON_URL: "icon",
}
_PAGES = {ItemInfo.CREATE_ACCOUNT_URL: "account", ItemInfo.FORGET_PASSWORD_URL: "password"}


class Proseware(ContentPartner["Proseware.Settings"]):
    """Proseware Music. Calls arrive one at a time (an apartment)."""

    service_info = ServiceInfo(
        key="Proseware",
        friendly_name="Proseware Music",
        capabilities=Capability.CONTENT_PARTNER | Capability.BACKGROUND_PROCESSING,
    )

    @frozen
    class Settings:
        """What the user sets.

        Attributes:
            store_url: where the store's server is, such as `http://127.0.0.1:8080`.
            account: the customer's name.
            password: the customer's password.
            journal: a file for a line per call in either direction; empty for none.
        """

        store_url: str
        account: str
        password: Secret
        journal: str = ""

    def __init__(self, context: "PartnerContext[Proseware.Settings]") -> None:
        super().__init__(context)
        settings = context.settings
        self.journal = Journal(Path(settings.journal) if settings.journal else None)
        self.outcomes: dict[tuple[int | None, int], HRESULT] = {}
        self._client: StoreClient | None = None
        self._desk: OrderDesk | None = None

    @journaled
    def SetCallback(self, callback: ContentPartnerCallback | None) -> HRESULT:
        """Begin to work for this callback; None stops all work and releases it."""
        if self._desk is not None:
            self._desk.close(_CLOSING_DEADLINE_S)
        self.callback = callback
        self._client = None if callback is None else self._new_client()
        self._desk = self._new_desk()
        return S_OK

    @journaled
    def Notify(self, type: PartnerNotification, context: Variant) -> HRESULT:
        """Hear about an event; this store does nothing in the background."""
        if type not in set(PartnerNotification):
            return E_UNEXPECTED
        if type == PartnerNotification.CATALOG_DOWNLOAD_FAILURE:
            self.context.log.warning("the Player could not take the catalogue: %s", context.value)
        return S_OK

    @journaled
    def Download(self, container_list: ContentContainerList | None, cookie: int) -> HRESULT:
        """Hand the order to the worker and return at once (T1-DL-06)."""
        if container_list is None:
            return E_INVALIDARG
        if self._desk is None:
            return E_UNEXPECTED
        # A track that is listed twice is owed one answer (T1-DL-39).
        tracks = dict.fromkeys(item.id for container in container_list for item in container)
        if tracks:
            self._desk.place(Order(cookie, tuple(tracks)))
        return S_OK

    @journaled
    def DownloadTrackComplete(self, hr: HRESULT, track_id: int, params: str | None) -> HRESULT:
        """Remember how the download of a track ended, by order and track."""
        self.outcomes[cookie_of(params), track_id] = HRESULT(hr)
        return S_OK

    @journaled
    def GetCatalogURL(
        self, catalog_version: int, catalog_schema_version: int, catalog_lcid: int
    ) -> CatalogURL:
        """Name the current catalogue, always a full one.

        Raises:
            ComError: the store cannot be asked, or there is no callback yet.
        """
        if self._client is None:
            raise ComError(E_UNEXPECTED)
        try:
            current = self._client.current_catalog()
        except StoreFailure as failure:
            raise ComError(failure.hr, str(failure)) from failure
        return CatalogURL(current.version, current.url, Variant.date(current.expires))

    @journaled
    def GetItemInfo(self, info_name: str, context: Variant) -> Variant:
        """Give the URL of a picture or page, or the words for a failure code.

        Raises:
            ComError: an unknown name, a context of another type, an unknown code.
        """
        if info_name in _ART:
            return self._url(f"art/{_ART[ItemInfo(info_name)]}/{_id(context)}.png")
        if info_name in _PAGES and context.type is VarType.EMPTY:
            return self._url(f"help/{_PAGES[ItemInfo(info_name)]}")
        if info_name == ItemInfo.LOGIN_FAILURE_URL and _id(context) == _LOGIN_FAILURE_PAGE:
            return self._url("help/login")
        return self._about_failure(info_name, context)

    @journaled
    def GetContentPartnerInfo(self, info_name: str) -> Variant:
        """Give a fact about the account, from the present state.

        Raises:
            ComError: an unknown name.
        """
        is_logged_in = self._client is not None and self._client.is_logged_in
        facts = {
            PartnerInfo.LOGIN_STATE: Variant.boolean(is_logged_in),
            PartnerInfo.MEDIA_PLAYER_ACCOUNT_TYPE: Variant.ui4(AccountType.SUBSCRIPTION),
            PartnerInfo.ACCOUNT_TYPE: Variant.bstr("Proseware Subscriber"),
            PartnerInfo.HAS_CACHED_CREDENTIALS: Variant.boolean(True),
            PartnerInfo.LICENSE_REFRESH_ADVANCE_WARNING: Variant.ui4(_DAYS_TO_RENEW_AHEAD),
            PartnerInfo.PURCHASED_TRACK_REQUIRES_RE_DOWNLOAD: Variant.boolean(False),
            PartnerInfo.MAXIMUM_TRACKS_PER_PURCHASE: Variant.ui4(0),
            PartnerInfo.ACCOUNT_BALANCE: Variant.bstr(""),
            PartnerInfo.USER_NAME: Variant.bstr(
                self.context.settings.account if is_logged_in else ""
            ),
        }
        fact = facts.get(PartnerInfo(info_name)) if info_name in set(PartnerInfo) else None
        if fact is None:
            raise ComError(E_INVALIDARG)
        return fact

    def deliver(self, license: License) -> HRESULT:
        """Put a licence into the Player's licence store; called on the worker's thread."""
        return self.journal.call("Predeliver", self.context.licenses.Predeliver, license=license)

    def _new_client(self) -> StoreClient:
        settings = self.context.settings
        password = settings.password.reveal()
        return StoreClient(settings.store_url, settings.account, password, self._tell_login)

    def _new_desk(self) -> OrderDesk | None:
        if self._client is None or self.callback is None:
            return None
        return OrderDesk(self._client, self.callback, self.deliver, self.journal, self.context.log)

    def _tell_login(self, succeeded: bool) -> None:
        callback = self.callback
        if callback is None:
            return
        state = Variant.boolean(True) if succeeded else Variant.ui4(_LOGIN_FAILURE_PAGE)
        kind = CallbackNotification.LOGIN_STATE_CHANGE
        self.journal.call("CallbackNotify", callback.Notify, type=kind, context=state)

    def _about_failure(self, info_name: str, context: Variant) -> Variant:
        hr = _code(context)
        if hr not in DESCRIPTIONS:
            raise ComError(E_INVALIDARG)
        match info_name:
            case ItemInfo.ERROR_DESCRIPTION:
                return Variant.bstr(DESCRIPTIONS[hr])
            case ItemInfo.ERROR_URL:
                return self._url(f"help/{hr.name}")
            case ItemInfo.ERROR_URL_LINK_TEXT:
                return Variant.bstr("Help from Proseware Music")
            case _:
                raise ComError(E_NOTIMPL)

    def _url(self, path: str) -> Variant:
        return Variant.bstr(f"{self.context.settings.store_url.rstrip('/')}/{path}")


def _id(context: Variant) -> int:
    if context.type is not VarType.UI4 or not isinstance(context.value, int):
        raise ComError(E_INVALIDARG)
    return context.value


def _code(context: Variant) -> HRESULT:
    if context.type is not VarType.ERROR or not isinstance(context.value, HRESULT):
        raise ComError(E_INVALIDARG)
    return context.value
