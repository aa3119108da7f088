"""The alphabet: one frozen record per call across the boundary, and one per return.

The transcript stores these records, the wire carries them, `transaction.DownloadTransaction`
consumes them, the property tests generate them. Nothing else describes a call.

A record's fields are the method's parameters, in their order and under their names, so that
`invoke` can make the call from the record. `SetCallback` is the one exception: an object
cannot travel, so its record only says whether there is one.

Loaded on demand: a plug-in that imports `partner_api` does not pay for this module.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import field, fields, frozen

from partner_api.content import ContentContainerList
from partner_api.enums import (
    CallbackNotification,
    PartnerNotification,
    StreamingType,
    TaskType,
    TemplateSize,
)
from partner_api.hresult import HRESULT
from partner_api.licensing import License
from partner_api.partner import ContextMenuInfo
from partner_api.variant import Variant


def as_utf16(text: str) -> str:
    r"""Return the text with its surrogate pairs joined, as its UTF-16 code units say.

    Two texts with the same code units become equal; a lone surrogate stays what it is.

    >>> as_utf16("\ud83c\udfb5") == "\U0001f3b5"
    True
    """
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _text(value: str | None) -> str | None:
    return as_utf16(value) if isinstance(value, str) else value


@frozen
class Call:
    """A call in either direction. `interface` is whose method it is."""

    interface: ClassVar[str]

    @property
    def method(self) -> str:
        """The documented name of the method."""
        return type(self).__name__

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The arguments in the order of the method's parameters."""
        return tuple(getattr(self, name) for name in argument_names(type(self)))


@frozen
class PartnerCall(Call):
    """A call of the player into the partner (`IWMPContentPartner`)."""

    interface = "Partner"


@frozen
class CallbackCall(Call):
    """A call of the partner into the player (`IWMPContentPartnerCallback`, licence store)."""

    interface = "Callback"


@frozen
class Return:
    """How a call ended, when it has no out-values or failed."""

    hr: HRESULT


@frozen
class Faulted(Return):
    """How a call ended that was not answered properly.

    The callee raised, answered with something that is no HRESULT, missed its deadline, or its
    process died. `hr` is the code that the caller sees; `reason` says what happened.
    """

    reason: str


# --- The player calls the partner: 23 methods --------------------------------------------------


@frozen
class SetCallback(PartnerCall):
    """`attached` is False for the NULL of the shutdown."""

    attached: bool


@frozen
class PartnerNotify(PartnerCall):
    """`Notify` of the partner."""

    type: PartnerNotification
    context: Variant

    @property
    def method(self) -> str:
        """The documented name, which both interfaces use."""
        return "Notify"


@frozen
class GetItemInfo(PartnerCall):
    """Ends with `InfoReturned`."""

    info_name: str
    context: Variant


@frozen
class GetContentPartnerInfo(PartnerCall):
    """Ends with `InfoReturned`."""

    info_name: str


@frozen
class GetCommands(PartnerCall):
    """Ends with `CommandsReturned`."""

    location: str
    location_context: Variant
    item_location: str
    item_ids: tuple[int, ...]


@frozen
class InvokeCommand(PartnerCall):
    """Follows a `GetCommands` with the same situation."""

    command_id: int
    location: str
    location_context: Variant
    item_location: str
    item_ids: tuple[int, ...]


@frozen
class CanBuySilent(PartnerCall):
    """Ends with `SilentPurchaseReturned`."""

    container_list: ContentContainerList


@frozen
class Buy(PartnerCall):
    """Owes a `BuyComplete`."""

    container_list: ContentContainerList
    cookie: int


@frozen
class GetStreamingURL(PartnerCall):
    """Ends with `StreamingURLReturned`."""

    streaming_type: StreamingType
    stream_context: Variant


@frozen
class Download(PartnerCall):
    """Owes a `DownloadTrack` for each track (T1-DL-07)."""

    container_list: ContentContainerList | None
    cookie: int


@frozen
class DownloadTrackComplete(PartnerCall):
    """Carries no cookie: `params` are the partner's own, unchanged (T1-DL-22)."""

    hr: HRESULT
    track_id: int
    params: str | None = field(converter=_text)


@frozen
class RefreshLicense(PartnerCall):
    """Owes a `RefreshLicenseComplete`."""

    cookie: int
    local: bool
    url: str | None
    type: StreamingType
    content_id: int
    refresh_reason: str
    reason_context: Variant


@frozen
class GetCatalogURL(PartnerCall):
    """Ends with `CatalogURLReturned`."""

    catalog_version: int
    catalog_schema_version: int
    catalog_lcid: int


@frozen
class GetTemplate(PartnerCall):
    """Ends with `TemplateReturned`."""

    task: TaskType
    location: str
    context: Variant
    click_location: str
    click_context: Variant
    filter: str
    view_params: str | None


@frozen
class UpdateDevice(PartnerCall):
    """Owes an `UpdateDeviceComplete` where it returned a success code."""

    device_name: str


@frozen
class GetListContents(PartnerCall):
    """Owes `AddListContents`, then `ListContentsComplete`."""

    location: str
    context: Variant
    list_type: str
    params: str
    list_cookie: int


@frozen
class Login(PartnerCall):
    """The two blobs are encrypted; they never reach a transcript."""

    user_info: bytes
    pwd_info: bytes
    used_cached_creds: bool
    ok_to_cache: bool


@frozen
class Authenticate(PartnerCall):
    """Owes a `CallbackNotify` with the result."""

    user_info: bytes
    pwd_info: bytes


@frozen
class Logout(PartnerCall):
    """Owes a `CallbackNotify` if it succeeded."""


@frozen
class SendMessage(PartnerCall):
    """Owes a `SendMessageComplete`."""

    message: str
    param: str


@frozen
class StationEvent(PartnerCall):
    """Playback of a radio feed, for the store's log."""

    station_event_type: str
    station_id: int
    playlist_index: int
    track_id: int
    track_data: str
    seconds_played: int


@frozen
class CompareContainerListPrices(PartnerCall):
    """Ends with `ComparisonReturned`."""

    list_base: ContentContainerList
    list_compare: ContentContainerList


@frozen
class VerifyPermission(PartnerCall):
    """Owes a `VerifyPermissionComplete`."""

    permission: str
    context: Variant


# --- The partner calls the player: 13 methods, the licence store, and its own mistakes ---------


@frozen
class CallbackNotify(CallbackCall):
    """`Notify` of the callback."""

    type: CallbackNotification
    context: Variant

    @property
    def method(self) -> str:
        """The documented name, which both interfaces use."""
        return "Notify"


@frozen
class BuyComplete(CallbackCall):
    """Result first, cookie second."""

    hr: HRESULT
    cookie: int


@frozen
class DownloadTrack(CallbackCall):
    """The partner's answer for one track of a `Download`."""

    cookie: int
    url: str | None
    track_id: int
    params: str | None = field(converter=_text)
    hr: HRESULT


@frozen
class GetCatalogVersion(CallbackCall):
    """Ends with `CatalogVersionReturned`."""


@frozen
class UpdateDeviceComplete(CallbackCall):
    """Gives the device back."""

    device_name: str


@frozen
class ChangeView(CallbackCall):
    """Only in response to a user's request."""

    type: str
    id: str
    filter: str


@frozen
class AddListContents(CallbackCall):
    """Batches append."""

    list_cookie: int
    items: tuple[int, ...]


@frozen
class ListContentsComplete(CallbackCall):
    """Ends the list; its cookie is dead afterwards."""

    list_cookie: int
    hr: HRESULT


@frozen
class SendMessageComplete(CallbackCall):
    """Repeats the two strings of `SendMessage`."""

    message: str
    param: str
    result: str


@frozen
class GetContentIDsInLibrary(CallbackCall):
    """Ends with `ContentIDsReturned`."""


@frozen
class RefreshLicenseComplete(CallbackCall):
    """Cookie first, result last."""

    cookie: int
    content_id: int
    hr: HRESULT


@frozen
class ShowPopup(CallbackCall):
    """The player asks for the page with `GetItemInfo`."""

    index: int
    parameters: str


@frozen
class VerifyPermissionComplete(CallbackCall):
    """Repeats permission and context."""

    permission: str
    context: Variant
    hr: HRESULT


@frozen
class Predeliver(CallbackCall):
    """A licence delivered through the context's licence store (T1-DL-17, T1-DL-33)."""

    interface = "LicenseStore"
    license: License


@frozen
class IndexOutOfRange(CallbackCall):
    """A getter of a container or list was called with an index it does not have (T1-CON-08)."""

    interface = "Container"
    getter: str
    index: int
    count: int


@frozen
class Malformed(CallbackCall):
    """A call whose arguments no record can hold; `problem` says which and why."""

    called: str
    problem: str


@frozen
class MalformedAnswer(CallbackCall):
    """A `DownloadTrack` whose arguments no record can hold; it still names its track, if it can.

    The track is settled as refused.
    """

    cookie: int | None
    track_id: int | None
    problem: str


# --- Returns with out-values -------------------------------------------------------------------


@frozen
class InfoReturned(Return):
    """Ends `GetItemInfo` and `GetContentPartnerInfo`."""

    data: Variant


@frozen
class CommandsReturned(Return):
    """Ends `GetCommands`."""

    items: tuple[ContextMenuInfo, ...]


@frozen
class SilentPurchaseReturned(Return):
    """Ends `CanBuySilent`."""

    total_price: str
    silent_ok: bool


@frozen
class StreamingURLReturned(Return):
    """Ends `GetStreamingURL`."""

    url: str


@frozen
class CatalogURLReturned(Return):
    """Ends `GetCatalogURL`."""

    new_version: int
    url: str
    expiration: Variant


@frozen
class TemplateReturned(Return):
    """Ends `GetTemplate`."""

    url: str
    size: TemplateSize


@frozen
class ComparisonReturned(Return):
    """Ends `CompareContainerListPrices`."""

    result: int


@frozen
class CatalogVersionReturned(Return):
    """Ends `GetCatalogVersion`."""

    version: int
    schema_version: int
    lcid: int


@frozen
class ContentIDsReturned(Return):
    """Ends `GetContentIDsInLibrary`."""

    content_ids: tuple[int, ...]


RETURN_OF: Mapping[type[Call], type[Return]] = {
    GetItemInfo: InfoReturned,
    GetContentPartnerInfo: InfoReturned,
    GetCommands: CommandsReturned,
    CanBuySilent: SilentPurchaseReturned,
    GetStreamingURL: StreamingURLReturned,
    GetCatalogURL: CatalogURLReturned,
    GetTemplate: TemplateReturned,
    CompareContainerListPrices: ComparisonReturned,
    GetCatalogVersion: CatalogVersionReturned,
    GetContentIDsInLibrary: ContentIDsReturned,
}
"""The record that ends a successful call; a method that is not named ends with `Return`."""


def _records_of(base: type[Call]) -> tuple[type[Call], ...]:
    # attrs replaces each class by a slotted one; the first may still be listed as a subclass.
    return tuple(r for r in base.__subclasses__() if globals().get(r.__name__) is r)


PARTNER_CALLS = _records_of(PartnerCall)
CALLBACK_CALLS = _records_of(CallbackCall)
CALLS: Mapping[str, type[Call]] = {r.__name__: r for r in (*PARTNER_CALLS, *CALLBACK_CALLS)}
RETURNS: Mapping[str, type[Return]] = {
    record.__name__: record for record in (Return, Faulted, *dict.fromkeys(RETURN_OF.values()))
}

_argument_names: dict[type[Call], tuple[str, ...]] = {}


def argument_names(record: type[Call]) -> tuple[str, ...]:
    """Return the parameter names of the method that a record stands for, in order."""
    names = _argument_names.get(record)
    if names is None:
        names = tuple(attribute.name for attribute in fields(record))
        _argument_names[record] = names
    return names
