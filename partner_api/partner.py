"""The plug-in: the methods of a partner that the Player calls.

A plug-in is a subclass of `ContentPartner`. It sets `service_info`, usually a nested attrs class
`Settings`, and overrides what its store can do. For every method:

* **Caller.** The Player, from another process (T1-THR-01): arguments are values and may be kept.
  The plug-in has a process of its own, unless someone debugs it.
* **Thread.** With `ThreadingModel.APARTMENT` calls arrive one at a time, always on the same
  thread, the main one of the plug-in's process, and wait while one is being served (T1-THR-02).
  With `ThreadingModel.FREE` they arrive concurrently, on several threads (T1-THR-03).
* **At once.** A method that owes a completion starts the work on a thread of its own and returns
  (T1-THR-07): 250 ms are a warning, 5 seconds a failure (T1-THR-08).
* **Deadline.** A call that is not back in time (`call_deadline` of `partners.toml`; 30 seconds
  where it says nothing, and someone who debugs has all the time) ends with `RPC_E_TIMEOUT`, and
  the plug-in's process is ended with it. A new instance takes over, as after a death, at most
  `restarts` times a session (3 where the file says nothing); its first call is `SetCallback`.
* **Return.** Methods without out-values return an `HRESULT`; `None` stands for `S_OK`. Methods
  with out-values return these and raise `ComError` with a failure code (T1-HR-03). Success is
  any success code (T1-HR-02). Every other exception, and a result of another type, counts as a
  fault of the plug-in and as `E_UNEXPECTED`.
* **Failure codes.** `E_INVALIDARG` for bad arguments, `E_NOTIMPL` for what the store does not
  support, a code of the store's own for refusals of business (T1-HR-05). Of the latter the
  Player asks for words with `GetItemInfo`.
* **Not overridden.** The method answers `E_NOTIMPL`, except `SetCallback`. A Type 1 partner must
  implement `Download`, `DownloadTrackComplete` and `GetContentPartnerInfo`; the base answers
  `E_NOTIMPL` there too, so that a check of a plug-in finds what is missing.
* **Values.** Cookies, IDs, versions and counts are numbers of 0 to 2**32 - 1; cookies of different
  kinds of request may coincide (T1-DL-45). Zero is a cookie like any other (T1-DL-46). A text is
  never `None` unless its type says so, and may be empty.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from attrs import field, frozen

from partner_api.callback import ContentPartnerCallback
from partner_api.content import ContentContainerList
from partner_api.enums import PartnerNotification, StreamingType, TaskType, TemplateSize
from partner_api.hresult import E_NOTIMPL, HRESULT, S_OK, ComError
from partner_api.licensing import LicenseStore
from partner_api.service_info import ServiceInfo
from partner_api.variant import Variant, check_dword

if TYPE_CHECKING:  # the default lets authors write `ContentPartner` without brackets
    from typing_extensions import TypeVar

    SettingsT = TypeVar("SettingsT", default=Any)
else:
    from typing import TypeVar

    SettingsT = TypeVar("SettingsT")


@frozen
class PartnerContext(Generic[SettingsT]):
    """What a plug-in is given when it is created, as the argument of its `__init__`.

    Attributes:
        settings: the plug-in's settings: an instance of its class `Settings`, already checked.
        licenses: where licences are delivered before tracks are granted (T1-DL-33).
        data_dir: a folder of the plug-in's own; it exists and outlives the session.
        log: where the plug-in reports; nothing secret belongs there.
    """

    settings: SettingsT
    licenses: LicenseStore
    data_dir: Path
    log: logging.Logger


@frozen
class ContextMenuInfo:
    """One entry of a context menu; `GetCommands` answers a sequence of them.

    Attributes:
        id: the command that `InvokeCommand` gets, unique within the menu; 0 makes the entry a
            separator (T1-CTX-05, T1-CTX-11).
        menu_text: what the menu shows (T1-CTX-06).
        help_text: what may be shown while the entry is highlighted.

    Raises:
        TypeError: if the ID is no int.
        ValueError: if the ID is outside 0 to 2**32 - 1.
    """

    id: int = field(validator=check_dword)
    menu_text: str
    help_text: str = ""


@frozen
class SilentPurchase:
    """What `CanBuySilent` answers.

    Attributes:
        total_price: the total in the store's own format (T1-BUY-03). Never interpreted.
        silent_ok: True if the purchase may go ahead without a dialog box (T1-BUY-05).
    """

    total_price: str
    silent_ok: bool


@frozen
class CatalogURL:
    """What `GetCatalogURL` answers.

    Attributes:
        new_version: the version that the URL leads to; the Player's own version says that there
            is nothing new (T1-CAT-03, T1-CAT-18).
        url: of a full catalogue or of an update; it should carry the version in its path
            (T1-CAT-06, T1-CAT-09).
        expiration: a VT_DATE: when the Player asks again (T1-CAT-04, T1-CAT-05, T1-CAT-23).

    Raises:
        TypeError: if the version is no int.
        ValueError: if the version is outside 0 to 2**32 - 1.
    """

    new_version: int = field(validator=check_dword)
    url: str
    expiration: Variant


@frozen
class Template:
    """What `GetTemplate` answers.

    Attributes:
        url: of the discovery page (T1-UI-07).
        size: how much room the page gets (T1-UI-08).
    """

    url: str
    size: TemplateSize


class ContentPartner(Generic[SettingsT]):
    """Base class of every plug-in: the methods that the Player calls.

    The docstring of `partner_api.partner` says what holds for all of them. The Player creates one
    instance per session, and another where that was lost, on the thread that also serves the calls
    of an apartment. An exception of `__init__` makes the store unavailable.

    Args:
        context: settings, licence store, folder and log of this plug-in.

    Attributes:
        service_info: the registration; every plug-in sets it.
        Settings: an attrs class for the plug-in's settings, or `None` where it has none. An
            instance of it is made and checked in the plug-in's process.
        context: what the plug-in was given when it was created.
        callback: the Player's methods; `None` before `SetCallback` and after its end.
    """

    service_info: ClassVar[ServiceInfo]
    Settings: ClassVar[Any] = None

    def __init__(self, context: PartnerContext[SettingsT]) -> None:
        self.context = context
        self.callback: ContentPartnerCallback | None = None

    def SetCallback(self, callback: ContentPartnerCallback | None) -> HRESULT | None:
        """Take the Player's callback, or release it.

        The first call that a plug-in gets (T1-LIFE-01), and with `None` the last one, at the end
        of the session or when another store is activated (T1-LIFE-02, T1-LIFE-14). After `None`
        the old callback must not be used (T1-LIFE-03, T1-LIFE-04); stop what is running first.
        What is still owed then is owed no more.

        Args:
            callback: the Player's methods; a second one replaces the first (T1-LIFE-12). `None`
                releases it.

        Returns:
            A failure code makes the Player unload the plug-in (T1-LIFE-13). The base stores the
            callback as `self.callback` and returns `S_OK`.
        """
        self.callback = callback
        return S_OK

    def Notify(self, type: PartnerNotification, context: Variant) -> HRESULT | None:
        """Hear about an event in the Player.

        Called when it has happened; no completion is owed.

        Args:
            type: what happened:

                * `BACKGROUND_PROCESSING_BEGIN` and `BACKGROUND_PROCESSING_END`, with VT_EMPTY:
                  background work, such as the renewal of licences, may run between the two and
                  has to be suspended at the end (T1-NOT-02, T1-NOT-03, T1-LIC-19, T1-LIC-20).
                  Sent only with `Capability.BACKGROUND_PROCESSING` (T1-NOT-01); tolerate
                  repeats (T1-NOT-09).
                * `CATALOG_DOWNLOAD_FAILURE`, with VT_ERROR: why no catalogue arrived (T1-CAT-13).
                * `CATALOG_DOWNLOAD_COMPLETE`, with VT_EMPTY: the catalogue is in use (T1-CAT-12,
                  T1-CAT-25).
            context: VT_ERROR or VT_EMPTY, as the type says.

        Returns:
            The Player goes on whatever it is; `E_UNEXPECTED` suits an unknown type.
        """
        return E_NOTIMPL

    def GetItemInfo(self, info_name: str, context: Variant) -> Variant:
        """Give a URL, a caption or a text.

        Called often, whenever the Player shows something of the store: be quick.

        Args:
            info_name: an `ItemInfo`, compared with regard to case (T1-ITEM-18, T1-ITEM-21).
            context: what it is asked for:

                * VT_UI4 catalogue ID for art and the icon of a tree node (T1-ITEM-01);
                * VT_I4 index for pop-ups and `AUTHENTICATION_SUCCESS_URL` (T1-ITEM-02);
                * VT_UI4 index for `LOGIN_FAILURE_URL`; every index that was sent needs a page
                  (T1-ITEM-03, T1-LOGIN-11);
                * VT_EMPTY for the alternative login, `CREATE_ACCOUNT_URL` and
                  `FORGET_PASSWORD_URL` (T1-ITEM-04). The alternative login is asked for only
                  with `Capability.ALT_LOGIN` (T1-LOGIN-20);
                * VT_BSTR for `HTML_VIEW_URL`: the HtmlFlink parameter of a station (T1-ITEM-05);
                * VT_ERROR for the three error names: a code that this plug-in supplied
                  (T1-ITEM-06).

        Returns:
            Always a VT_BSTR (T1-ITEM-07).

        Raises:
            ComError: for an unknown name, context or ID, and for the error names where the code
                is not known (T1-ITEM-11, T1-ITEM-19, T1-ITEM-20).
        """
        raise ComError(E_NOTIMPL)

    def GetContentPartnerInfo(self, info_name: str) -> Variant:
        """Give a fact about the account or a policy of the store.

        Asked at any time, and again after a change; answer from the present state.

        Args:
            info_name: a `PartnerInfo` (T1-INFO-11).

        Returns:
            Tagged as the name wants it (T1-INFO-01 to T1-INFO-09): VT_BOOL for `LOGIN_STATE`,
            `HAS_CACHED_CREDENTIALS` and `PURCHASED_TRACK_REQUIRES_RE_DOWNLOAD`; VT_UI4 for
            `MEDIA_PLAYER_ACCOUNT_TYPE` (an `AccountType`), `LICENSE_REFRESH_ADVANCE_WARNING`
            (days before expiry, one number for all, T1-LIC-03) and `MAXIMUM_TRACKS_PER_PURCHASE`
            (0: no limit); VT_BSTR for `ACCOUNT_TYPE`, `ACCOUNT_BALANCE` and `USER_NAME`, empty
            where nobody is signed in (T1-INFO-14).

        Raises:
            ComError: for an unknown name (T1-INFO-15).
        """
        raise ComError(E_NOTIMPL)

    def GetCommands(
        self, location: str, location_context: Variant, item_location: str, item_ids: Sequence[int]
    ) -> Sequence[ContextMenuInfo]:
        """Give the store's entries of a context menu.

        Called on every right click in a view of the store (T1-CTX-01): be quick.

        Args:
            location: the `LibraryLocation` of the view in which the user right-clicked.
            location_context: VT_UI4 ID of that view; VT_EMPTY where it has none.
            item_location: the `LibraryLocation` of the selected items; `UNKNOWN` where nothing
                is selected (T1-CTX-12).
            item_ids: catalogue IDs of the selected items (T1-CTX-02); none where nothing is
                selected (T1-CTX-12).

        Returns:
            The entries in order; an empty sequence for none (T1-CTX-03, T1-CTX-10).

        Raises:
            ComError: if there can be no menu; the Player then shows none of the store.
        """
        raise ComError(E_NOTIMPL)

    def InvokeCommand(
        self,
        command_id: int,
        location: str,
        location_context: Variant,
        item_location: str,
        item_ids: Sequence[int],
    ) -> HRESULT | None:
        """Run the command that the user picked.

        Called once for each pick from the menu that `GetCommands` gave (T1-CTX-07). Counts as a
        request of the user: `ChangeView` and `ShowPopup` are allowed as a consequence.

        Args:
            command_id: an ID that `GetCommands` gave for this menu; never 0 (T1-CTX-09).
            location: as in that call (T1-CTX-08), like the rest.
            location_context: as in that call.
            item_location: as in that call.
            item_ids: as in that call.

        Returns:
            A failure code if the command could not be run.
        """
        return E_NOTIMPL

    def CanBuySilent(self, container_list: ContentContainerList) -> SilentPurchase:
        """Say what a purchase costs, and whether it may go ahead without a dialog box.

        Called before every purchase (T1-BUY-01). The user confirms in either case (T1-BUY-08).

        Args:
            container_list: what is to be bought, with the prices that the user was shown
                (T1-BUY-02); `TransactionType.BUY`.

        Returns:
            The total, which may differ from the listed prices (T1-BUY-04), and the permission.

        Raises:
            ComError: the purchase is abandoned; the Player asks for the words to the code with
                `GetItemInfo` (T1-BUY-24).
        """
        raise ComError(E_NOTIMPL)

    def Buy(self, container_list: ContentContainerList, cookie: int) -> HRESULT | None:
        """Start a purchase.

        Called after the user confirmed it (T1-BUY-08). Owes `BuyComplete`, exactly once, also for a
        purchase that failed (T1-BUY-13, T1-BUY-14). An expired licence of content bought earlier
        may simply be renewed (T1-LIC-24).

        Args:
            container_list: what `CanBuySilent` was asked about (T1-BUY-09). At most
                `MAXIMUM_TRACKS_PER_PURCHASE` tracks (T1-BUY-18); albums, lists and loose tracks
                may be mixed (T1-BUY-31).
            cookie: names the purchase, unique within the session (T1-BUY-10); keep it for
                `BuyComplete` (T1-BUY-11).

        Returns:
            A failure code if the purchase was not started; a completion may still follow
            (T1-BUY-25).
        """
        return E_NOTIMPL

    def GetStreamingURL(self, streaming_type: StreamingType, stream_context: Variant) -> str:
        """Give the URL of a stream.

        Called just before the item is played (T1-STR-01).

        Args:
            streaming_type: the kind of stream that is wanted (T1-STR-03).
            stream_context: VT_UI4 with the item's catalogue ID (T1-STR-02).

        Returns:
            The URL, good for one playback (T1-STR-08); for radio and video that of an ASX file
            (T1-STR-04).

        Raises:
            ComError: for `StreamingType.UNKNOWN` and an unknown ID (T1-STR-07).
        """
        raise ComError(E_NOTIMPL)

    def Download(self, container_list: ContentContainerList, cookie: int) -> HRESULT | None:
        """Start a download transaction. Every Type 1 partner implements this.

        Called when a discovery page or the user wants tracks downloaded (T1-DL-01, T1-DL-02).
        The method starts the inspection of the list and returns without waiting for licences or
        URLs (T1-DL-06). Owes `DownloadTrack` once for each track, with a failure code for those
        that are not to be downloaded (T1-DL-07, T1-DL-08) - for all of them, where nobody is
        signed in (T1-DL-54). No call ends the transaction: it is over when every track was
        answered and every granted one completed (T1-DL-43).

        Args:
            container_list: the tracks; `TransactionType.DOWNLOAD` (T1-DL-03, T1-DL-05).
            cookie: names the transaction (T1-DL-04). Several may be open at once (T1-DL-30).

        Returns:
            A failure code makes the transaction void: nothing is owed, and later answers are
            rejected (T1-DL-35). `E_INVALIDARG` for `None` in place of a list; a list without
            tracks is no failure (T1-DL-47). The base answers `E_NOTIMPL`.
        """
        return E_NOTIMPL

    def DownloadTrackComplete(
        self, hr: HRESULT, track_id: int, params: str | None
    ) -> HRESULT | None:
        """Hear how the download of one track ended. Every Type 1 partner implements this.

        Called once for each track that `DownloadTrack` granted and the Player accepted, in any
        order, also while other tracks of the transaction are unanswered (T1-DL-19, T1-DL-41,
        T1-DL-42). It is repeated only if the plug-in died during the earlier call, and it may
        come to a later instance than the one that granted the track (T1-DL-53). On success the
        file is stored and in the library already (T1-DL-50).

        Args:
            hr: any success code if the track was downloaded, any failure code if not
                (T1-DL-20, T1-DL-23).
            track_id: from `DownloadTrack` (T1-DL-21).
            params: from `DownloadTrack`, unchanged (T1-DL-22); `None` and empty mean the same
                (T1-DL-49). There is no cookie: only this tells transactions apart (T1-DL-24).

        Returns:
            Anything counts as delivered, failure codes too. The base answers `E_NOTIMPL`.
        """
        return E_NOTIMPL

    def RefreshLicense(
        self,
        cookie: int,
        local: bool,
        url: str | None,
        type: StreamingType,
        content_id: int,
        refresh_reason: str,
        reason_context: Variant,
    ) -> HRESULT | None:
        """Start the renewal of one licence that is about to end.

        Called for each file whose licence will soon end (T1-LIC-04); returns before the renewal is
        done (T1-LIC-14). Owes `RefreshLicenseComplete`, once, if it returned a success code
        (T1-LIC-25). Must not show anything to the user (T1-LIC-13). A licence whose subscription
        has ended may be left to expire (T1-LIC-23).

        Args:
            cookie: names the request (T1-LIC-05); several may be open (T1-LIC-28).
            local: True if the file is on the user's computer (T1-LIC-06).
            url: URL of the local file; `None` where there is none (T1-LIC-07, T1-LIC-08).
            type: the kind of media (T1-LIC-09).
            content_id: the item's ID.
            refresh_reason: a `RefreshReason` (T1-LIC-10).
            reason_context: VT_BSTR with the canonical device name for `RefreshReason.SYNC`,
                VT_EMPTY for the others (T1-LIC-11, T1-LIC-12).

        Returns:
            A failure code if no renewal was started; then nothing is owed.
        """
        return E_NOTIMPL

    def GetCatalogURL(
        self, catalog_version: int, catalog_schema_version: int, catalog_lcid: int
    ) -> CatalogURL:
        """Say where the next catalogue or update is.

        Called when the Player is ready for one: after `Notify(NEW_CATALOG_AVAILABLE)`, and when
        the last answer expired (T1-CAT-01, T1-CAT-05, T1-CAT-11). The outcome of the download
        comes with `Notify` (T1-CAT-12, T1-CAT-13).

        Args:
            catalog_version: the version in use; 0 where there is none (T1-CAT-02) and after an
                update that did not fit (T1-CAT-20).
            catalog_schema_version: its schema version.
            catalog_lcid: its locale ID.

        Returns:
            URL, the version it leads to, and when to ask again (T1-CAT-03). An update is given
            only where it starts at `catalog_version` (T1-CAT-07).

        Raises:
            ComError: the Player keeps what it has.
        """
        raise ComError(E_NOTIMPL)

    def GetTemplate(
        self,
        task: TaskType,
        location: str,
        context: Variant,
        click_location: str,
        click_context: Variant,
        filter: str,
        view_params: str | None,
    ) -> Template:
        """Give the discovery page for a view.

        Called whenever the view changes in the Library, Sync or Burn pane, and when one of these
        becomes active (T1-UI-01, T1-UI-02). The page need not be fetched afterwards (T1-UI-10).

        Args:
            task: the active pane (T1-UI-03); answer `CURRENT` like `BROWSE` (T1-UI-30).
            location: the `LibraryLocation` of the view (T1-UI-12).
            context: VT_UI4 ID of the view, for a release year the year; VT_EMPTY where it has
                none (T1-UI-13, T1-UI-28).
            click_location: the `LibraryLocation` of the selected item; `UNKNOWN` for none.
            click_context: VT_UI4 ID of the selected item; VT_EMPTY for none.
            filter: text of the word wheel (T1-UI-04).
            view_params: parameters of the script call that caused the change; `None` if the user
                did (T1-UI-05, T1-UI-06). Do not rely on them (T1-UI-27).

        Returns:
            URL and size of the page.

        Raises:
            ComError: no page is shown, and the list takes all room (T1-UI-29).
        """
        raise ComError(E_NOTIMPL)

    def UpdateDevice(self, device_name: str) -> HRESULT | None:
        """Get a portable device to oneself while it is synchronised.

        Called while that goes on (T1-DEV-02), and only with `Capability.DEVICE_AVAILABLE`
        (T1-DEV-01). Owes `UpdateDeviceComplete`, exactly once, if it returned a success code
        (T1-DEV-05).

        Args:
            device_name: the canonical name of the device.

        Returns:
            A success code, before any work on the device starts, if there is work to do
            (T1-DEV-03); a failure code if there is none (T1-DEV-04).
        """
        return E_NOTIMPL

    def GetListContents(
        self, location: str, context: Variant, list_type: str, params: str, list_cookie: int
    ) -> HRESULT | None:
        """Start to supply the items of a dynamic list.

        Called for a list of the catalogue that is marked dynamic, and for one that only the store
        knows (T1-LIST-01, T1-LIST-14); returns before the items are there (T1-LIST-06). Owes
        `AddListContents`, once or more, and then `ListContentsComplete`, if it returned a success
        code (T1-LIST-07, T1-LIST-08, T1-LIST-18).

        Args:
            location: the `LibraryLocation` of the view whose list is wanted (T1-LIST-03).
            context: VT_UI4 ID of the item whose list is wanted; VT_EMPTY where there is none
                (T1-LIST-16).
            list_type: the `LibraryLocation` of the items that are wanted (T1-LIST-04).
            params: parameters of the store's own, as its page gave them; may be empty and may be
                all that counts (T1-LIST-14, T1-LIST-15).
            list_cookie: names the retrieval (T1-LIST-05).

        Returns:
            A failure code if the list cannot be supplied; then nothing is owed.
        """
        return E_NOTIMPL

    def Login(
        self, user_info: bytes, pwd_info: bytes, used_cached_creds: bool, ok_to_cache: bool
    ) -> HRESULT | None:
        """Sign the user in.

        Called when the user signs in, and when another action needs it (T1-LOGIN-02, T1-LOGIN-07).
        Owes `Notify(LOGIN_STATE_CHANGE)`: VT_BOOL true on success (T1-LOGIN-08), VT_UI4 with the
        index of a page on failure (T1-LOGIN-09). No second attempt starts meanwhile
        (T1-LOGIN-32).

        Args:
            user_info: the user name, encrypted (T1-LOGIN-03, T1-LOGIN-04).
            pwd_info: the password, encrypted.
            used_cached_creds: True: use the credentials that the plug-in keeps; the two byte
                blocks may be empty (T1-LOGIN-05, T1-LOGIN-29).
            ok_to_cache: True: the plug-in may keep the credentials; otherwise it must not
                (T1-LOGIN-06).

        Returns:
            A failure code if no attempt was started.
        """
        return E_NOTIMPL

    def Authenticate(self, user_info: bytes, pwd_info: bytes) -> HRESULT | None:
        """Start to check who the user is, without signing in.

        Called for a page of the store that wants to know (T1-AUTH-01); the login state stays
        (T1-AUTH-08). The method returns before the check is done (T1-AUTH-02). Owes
        `Notify(AUTH_RESULT)` with a VT_BOOL (T1-AUTH-03).

        Args:
            user_info: the user name, encrypted as for `Login` (T1-AUTH-07).
            pwd_info: the password, encrypted as for `Login`.

        Returns:
            A failure code if no attempt was started.
        """
        return E_NOTIMPL

    def Logout(self) -> HRESULT | None:
        """Sign the user out, and forget credentials that were kept.

        Called when the user or a page wants it (T1-LOGIN-13, T1-LOGIN-24). Owes
        `Notify(LOGIN_STATE_CHANGE)` with VT_BOOL false if it succeeded (T1-LOGIN-12).

        Returns:
            A failure code if the user stays signed in; then there is no notification
            (T1-LOGIN-27).
        """
        return E_NOTIMPL

    def SendMessage(self, message: str, param: str) -> HRESULT | None:
        """Take a message of a discovery page.

        Called when the page's script sends one (T1-MSG-01). Owes `SendMessageComplete`, once, if it
        returned a success code (T1-MSG-04, T1-MSG-08). With `Capability.ALT_LOGIN` this is how the
        page says that the user signed in (T1-LOGIN-23).

        Args:
            message: any text of the store's page (T1-MSG-03).
            param: any text of the store's page.

        Returns:
            A failure code if the message was not taken; the page then gets no answer.
        """
        return E_NOTIMPL

    def StationEvent(
        self,
        station_event_type: str,
        station_id: int,
        playlist_index: int,
        track_id: int,
        track_data: str,
        seconds_played: int,
    ) -> HRESULT | None:
        """Hear what is played of a station that the store supplied.

        Called for every track that starts, ends or is skipped (T1-RAD-01, T1-RAD-12). At the
        store's limit of skips, call `Notify(DISABLE_RADIO_SKIPPING)` (T1-RAD-04, T1-RAD-06).

        Args:
            station_event_type: a `StationEventType` (T1-RAD-02).
            station_id: ID of the radio feed (T1-RAD-09, like the next three).
            playlist_index: zero-based position of the entry.
            track_id: content ID of the entry, or `NOT_FOUND_ID`.
            track_data: text of the entry.
            seconds_played: how long the track played, in whole seconds, 0 to 2**32 - 1 (T1-RAD-03,
                T1-RAD-10).

        Returns:
            The Player goes on whatever it is.
        """
        return E_NOTIMPL

    def CompareContainerListPrices(
        self, list_base: ContentContainerList, list_compare: ContentContainerList
    ) -> int:
        """Say which of two lists is cheaper.

        The Player asks because it cannot read prices (T1-PRC-01); when, the documents leave open.

        Args:
            list_base: one way to buy; `TransactionType.BUY` (T1-BUY-30).
            list_compare: the other.

        Returns:
            Negative if `list_base` is cheaper, 0 if they cost the same, positive if it is dearer;
            -2**31 to 2**31 - 1, only the sign counts (T1-PRC-06, T1-PRC-07).

        Raises:
            ComError: where a price is unknown or cannot be paid; no order is assumed (T1-PRC-09).
        """
        raise ComError(E_NOTIMPL)

    def VerifyPermission(self, permission: str, context: Variant) -> HRESULT | None:
        """Start to check whether an action is allowed.

        Called before content of the store goes to a device (T1-PERM-01); returns before the check
        is done (T1-PERM-03). Owes `VerifyPermissionComplete`, once, if it returned a success code;
        for a permission that it does not know, with a failure code (T1-PERM-04, T1-PERM-09).

        Args:
            permission: a `Permission`.
            context: VT_BSTR with the canonical device name for `Permission.SYNC` (T1-PERM-02).

        Returns:
            A failure code counts as denied, and nothing is owed (T1-PERM-10).
        """
        return E_NOTIMPL
