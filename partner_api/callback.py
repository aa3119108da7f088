"""The callback: the methods of the Player that a partner calls.

A partner gets its callback in `ContentPartner.SetCallback` and releases it when `SetCallback`
is called with `None`. For every method:

* **Caller.** The plug-in, until `SetCallback(None)`.
* **Thread.** Any thread of the plug-in may call, also several at once, also while a call of the
  Player into the plug-in is pending (T1-THR-05). The answer comes at once; the Player does the
  work that follows, such as a transfer, later and elsewhere.
* **Result codes as arguments.** The Player looks at the sign alone: any success code means yes,
  any failure code means no (T1-HR-01).
* **Return.** Methods without out-values return an `HRESULT`, methods with out-values return
  these and raise `ComError`. Nothing else is raised. Success is any success code (T1-HR-02).
* **Failure codes.** `E_INVALIDARG`: an argument is unknown, out of range or of the wrong type, and
  the call had no effect. `RPC_E_DISCONNECTED`: the callback was released (T1-LIFE-04).
  `E_NOTIMPL`: this Player does not offer the method. `RPC_E_CALL_REJECTED`: the plug-in makes far
  more calls than its downloads need. `E_FAIL`, `E_UNEXPECTED`: the Player could not do it.
* **Values.** Cookies, IDs and versions are numbers of 0 to 2**32 - 1. Zero is a cookie like any
  other (T1-DL-46). A text is never `None` unless its type says so, may be empty, and has at most
  1 MiB of UTF-16.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from attrs import field, frozen

from partner_api.enums import CallbackNotification
from partner_api.hresult import HRESULT
from partner_api.variant import Variant, check_dword


@frozen
class CatalogVersion:
    """The catalogue that the Player has in use; what `GetCatalogVersion` answers.

    Attributes:
        version: 0 where there is no catalogue (T1-CAT-24).
        schema_version: version of the catalogue's format; 0 where there is no catalogue.
        lcid: locale ID, such as 0x409 for English (United States).

    Raises:
        TypeError: if a value is no int.
        ValueError: if a value is outside 0 to 2**32 - 1.
    """

    version: int = field(validator=check_dword)
    schema_version: int = field(validator=check_dword)
    lcid: int = field(validator=check_dword)


class ContentPartnerCallback(ABC):
    """What a partner sees of the Player: the methods that it calls.

    The docstring of `partner_api.callback` says what holds for all of them.
    """

    __slots__ = ()

    @abstractmethod
    def Notify(self, type: CallbackNotification, context: Variant) -> HRESULT:
        """Tell the Player that something changed at the store.

        Called when it has happened, not before.

        Args:
            type: what happened, and with it the context (T1-NOT-05):

                * `LOGIN_STATE_CHANGE` with VT_BOOL: a login (true) or a logout (false)
                  succeeded; the value is the state that resulted, not the outcome of the attempt
                  (T1-LOGIN-08, T1-LOGIN-12, T1-LOGIN-18). With VT_UI4: a login failed; the
                  value is the store's index of a page for it, which the Player asks for with
                  `GetItemInfo(ItemInfo.LOGIN_FAILURE_URL)` (T1-LOGIN-09, T1-LOGIN-10). Owed for
                  every `Login`, for every successful `Logout` and for every other change of the
                  state (T1-LOGIN-25).
                * `AUTH_RESULT` with VT_BOOL: how `Authenticate` ended (T1-AUTH-03).
                * `LICENSE_UPDATED` with VT_UI4: the content ID whose licence is new (T1-LIC-22).
                * `NEW_CATALOG_AVAILABLE` with VT_EMPTY: the Player then calls `GetCatalogURL`
                  (T1-CAT-10, T1-CAT-11).
                * `NEW_PLUGIN_AVAILABLE` with VT_BOOL: true if the new plug-in is required
                  (T1-NOT-04).
                * `DISABLE_RADIO_SKIPPING` with VT_EMPTY: no further skips in the station that is
                  playing (T1-RAD-04, T1-RAD-05).
            context: VT_BOOL, VT_UI4 or VT_EMPTY, as the type says.

        Returns:
            `E_INVALIDARG` for an unknown type or a context that does not belong to it
            (T1-NOT-11); `E_UNEXPECTED` for `AUTH_RESULT` without an open attempt (T1-AUTH-09).
        """

    @abstractmethod
    def BuyComplete(self, hr: int, cookie: int) -> HRESULT:
        """Report how a purchase ended: exactly once for each `Buy`, failed ones included.

        Called when the purchase is finished, not before (T1-BUY-13, T1-BUY-14, T1-BUY-16). The
        result comes first here and the cookie second.

        Args:
            hr: a success code only after all licences of the purchase were delivered
                (T1-BUY-15). The Player asks for the words to a failure code with `GetItemInfo`
                and the three error names (T1-BUY-20).
            cookie: from `Buy`, unchanged (T1-BUY-12).

        Returns:
            `E_INVALIDARG` for a cookie that is unknown or was completed before (T1-BUY-26).
        """

    @abstractmethod
    def DownloadTrack(
        self, cookie: int, url: str | None, track_id: int, params: str | None, hr: int
    ) -> HRESULT:
        """Answer for one track of a `Download`: fetch it, or leave it.

        Called once for each track of the container list, for those that are not to be downloaded
        as well (T1-DL-07, T1-DL-08); in any order, from any thread, also before `Download` has
        returned (T1-DL-28, T1-DL-40). A track listed n times gets one to n answers, of which the
        first acts (T1-DL-39). Before a success code the licence has to be in place: call
        `context.licenses.Predeliver` first, for unprotected content too (T1-DL-17, T1-DL-32).

        The Player downloads a granted track into the Music folder, adds it to the library, and
        then calls `DownloadTrackComplete` (T1-DL-25, T1-DL-26, T1-DL-50). Nothing completes a
        track that was refused (T1-DL-34).

        Args:
            cookie: from `Download`, unchanged (T1-DL-09).
            url: absolute http or https URL of the track's file, at most 32,768 characters; `None`
                or empty where the track is not to be downloaded (T1-DL-11, T1-DL-12, T1-DL-48).
            track_id: the content ID, as the container reported it (T1-DL-10).
            params: any text of the store, at most 1 MiB of UTF-16, or `None`. It comes back
                unchanged in `DownloadTrackComplete`, which carries no cookie: put into it what
                you need to know there (T1-DL-13, T1-DL-18, T1-DL-24).
            hr: any success code orders the download, any failure code forbids it (T1-DL-14,
                T1-DL-15). For a failure code, be ready to give its description with
                `GetItemInfo` (T1-DL-29).

        Returns:
            What became of the answer. After a failure code regard the track as not downloaded,
            and do not repeat the call (T1-DL-55).

            | Situation                                     | HRESULT              | The track    |
            | --------------------------------------------- | -------------------- | ------------ |
            | success code, licence present                 | `S_OK`               | accepted (1) |
            | failure code                                  | `S_OK`               | refused (2)  |
            | success code, no URL or none absolute http(s) | `S_OK`               | failed (3)   |
            | success code, licence not predelivered        | a licence code (4)   | refused (2)  |
            | params over the bound, or hr no 32-bit number | `E_INVALIDARG`       | refused (2)  |
            | unknown cookie, or track not of this list     | `E_INVALIDARG`       | no effect    |
            | more answers than the list has occurrences    | `E_INVALIDARG`       | no effect    |
            | after `Download` failed, or too late (5)      | `E_INVALIDARG`       | no effect    |
            | a further permitted one, also after the end   | `S_FALSE`            | no effect    |
            | an answer after the user cancelled            | `S_FALSE`            | no effect    |
            | an answer after `SetCallback(None)`           | `RPC_E_DISCONNECTED` | no effect    |

            1. Transferred, then completed.
            2. Settled: no transfer and no completion.
            3. Settled by a completion with a failure code (T1-DL-48).
            4. `NS_E_WMP_DRM_LICENSE_NOTACQUIRED`, `NS_E_WMP_DRM_LICENSE_EXPIRED` or
               `NS_E_WMP_DRM_LICENSE_UNUSABLE`: no licence, one that has ended, one without the
               right to play.
            5. `answer_deadline` of `partners.toml`: 600 seconds where it says nothing.

            If `Download` returns a failure after tracks were accepted, these are finished and
            completed; the rest of the transaction is void (T1-DL-35).
        """

    @abstractmethod
    def GetCatalogVersion(self) -> CatalogVersion:
        """Ask which catalogue the Player has in use.

        Called whenever the partner wants to know (T1-CAT-14). After an update was applied this is
        the version that `GetCatalogURL` announced, also when asked from within
        `Notify(CATALOG_DOWNLOAD_COMPLETE)` (T1-CAT-15, T1-CAT-25).

        Returns:
            Version, schema version and locale; version 0 where there is none (T1-CAT-24).

        Raises:
            ComError: `RPC_E_DISCONNECTED` after the callback was released.
        """

    @abstractmethod
    def UpdateDeviceComplete(self, device_name: str) -> HRESULT:
        """Give a device back to the Player.

        Called after the work on it has ended (T1-DEV-08). Owed exactly once for each `UpdateDevice`
        that returned a success code, and forbidden for the others (T1-DEV-05, T1-DEV-06).

        Args:
            device_name: the name from `UpdateDevice`, unchanged (T1-DEV-07).

        Returns:
            `E_INVALIDARG` for a device that is not lent to the partner (T1-DEV-12).
        """

    @abstractmethod
    def ChangeView(self, type: str, id: str, filter: str) -> HRESULT:
        """Show another view, as if the user had gone there.

        The view is that of the given type and ID, filtered (T1-UI-16). Called only in response to a
        request of the user, such as `InvokeCommand` or `SendMessage` (T1-UI-15).

        Args:
            type: a `LibraryLocation`, such as `LibraryLocation.ROOT` for the root of the store
                (T1-UI-20); or `NAVIGATE_BACK` or `NAVIGATE_FORWARD`, which act like the Player's
                buttons (T1-UI-19).
            id: decimal text of the ID to show; empty for the views of all of a kind; a full URL
                where the type is `LibraryLocation.ONLINE_STORE` (T1-UI-17, T1-UI-18, T1-UI-32).
            filter: text for the word wheel (the search box); empty for none.

        Returns:
            `E_ACCESSDENIED` where no user asked for it (T1-UI-31).
        """

    @abstractmethod
    def AddListContents(self, list_cookie: int, items: Sequence[int]) -> HRESULT:
        """Supply items of a dynamic list; further calls append.

        Called once or more for each `GetListContents` that returned a success code, before
        `ListContentsComplete` (T1-LIST-07, T1-LIST-12).

        Args:
            list_cookie: from `GetListContents`, unchanged (T1-LIST-09).
            items: catalogue IDs of the type that `GetListContents` asked for, in order
                (T1-LIST-11); at most 1,000,000 in one call. May be empty (T1-LIST-17).

        Returns:
            `E_INVALIDARG` for a cookie that is unknown or finished (T1-LIST-20).
        """

    @abstractmethod
    def ListContentsComplete(self, list_cookie: int, hr: int) -> HRESULT:
        """End a dynamic list.

        Called after its last `AddListContents` (T1-LIST-08). Owed once for each `GetListContents`
        that returned a success code (T1-LIST-18). The cookie is dead afterwards.

        Args:
            list_cookie: from `GetListContents`, unchanged (T1-LIST-09).
            hr: any success code if the list is whole; after a failure code the Player discards
                what it has of it (T1-LIST-13, T1-LIST-19).

        Returns:
            `E_INVALIDARG` for a cookie that is unknown or finished (T1-LIST-20).
        """

    @abstractmethod
    def SendMessageComplete(self, message: str, param: str, result: str) -> HRESULT:
        """Answer a message of a discovery page.

        Owed once for each `SendMessage` that returned a success code (T1-MSG-04). Identical
        messages are answered first in, first out (T1-MSG-07).

        Args:
            message: from `SendMessage`, unchanged (T1-MSG-05).
            param: from `SendMessage`, unchanged (T1-MSG-05).
            result: any text; the page gets it, the Player does not read it.

        Returns:
            `E_INVALIDARG` if no such message is open.
        """

    @abstractmethod
    def GetContentIDsInLibrary(self) -> tuple[int, ...]:
        """Ask which of the store's tracks the user has.

        Called whenever the partner wants to know.

        Returns:
            The content IDs of the store's tracks that were purchased or downloaded
            (T1-NOT-06, T1-NOT-08).

        Raises:
            ComError: `RPC_E_DISCONNECTED` after the callback was released.
        """

    @abstractmethod
    def RefreshLicenseComplete(self, cookie: int, content_id: int, hr: int) -> HRESULT:
        """Report how the renewal of a licence ended.

        Called when it is over (T1-LIC-15). Owed exactly once for each `RefreshLicense` that
        returned a success code (T1-LIC-25).

        Args:
            cookie: from `RefreshLicense`, unchanged (T1-LIC-16).
            content_id: from `RefreshLicense`, unchanged (T1-LIC-17).
            hr: any success code if the licence was renewed and is in place (T1-LIC-18,
                T1-LIC-27).

        Returns:
            `E_INVALIDARG` if cookie and content ID do not belong to one open request; the
            request stays open (T1-LIC-26).
        """

    @abstractmethod
    def ShowPopup(self, index: int, parameters: str) -> HRESULT:
        """Show a page of the store in a modal window.

        Called, as a rule, because the user picked a command that `InvokeCommand` ran. The Player
        asks for URL and caption with `GetItemInfo(ItemInfo.POPUP_URL)` and
        `GetItemInfo(ItemInfo.POPUP_CAPTION)`, each with a VT_I4 (T1-POP-01, T1-POP-02).

        Args:
            index: the store's own number of the page, -2**31 to 2**31 - 1 (T1-POP-06).
            parameters: query string for the URL; `DlgX=w&DlgY=h` sets the size of the window in
                pixels (T1-POP-03, T1-POP-04). May be empty.

        Returns:
            The failure code of `GetItemInfo`, if it failed; then there is no window (T1-POP-08).
        """

    @abstractmethod
    def VerifyPermissionComplete(self, permission: str, context: Variant, hr: int) -> HRESULT:
        """Report whether an action is allowed.

        Called when the check is over (T1-PERM-04). Owed once for each `VerifyPermission` that
        returned a success code (T1-PERM-10).

        Args:
            permission: from `VerifyPermission`, unchanged (T1-PERM-05).
            context: from `VerifyPermission`, unchanged: the canonical device name (T1-PERM-06).
            hr: any success code grants, any failure code denies (T1-PERM-07).

        Returns:
            `E_INVALIDARG` if no such question is open.
        """
