"""What a plug-in holds of the player: the callback and the licence store.

Both turn a method call into a record, hand it to the player's port and turn the return into the
method's result, on whatever thread the plug-in calls from (T1-THR-05). Arguments that no record
can hold are answered with E_INVALIDARG, and told to the port as `Malformed`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from partner_api import calls
from partner_api.callback import CatalogVersion, ContentPartnerCallback
from partner_api.calls import CallbackCall, CatalogVersionReturned, ContentIDsReturned, Return
from partner_api.enums import CallbackNotification
from partner_api.hresult import E_INVALIDARG, HRESULT, RPC_E_DISCONNECTED, ComError
from partner_api.licensing import License
from partner_api.stub import describe
from partner_api.transaction import MAX_PARAMS_BYTES, MAX_URL_CHARACTERS
from partner_api.variant import Variant

MAX_UINT32 = 0xFFFFFFFF
MAX_LIST_ITEMS = 1_000_000


class CallbackPort(Protocol):
    """The player's side of the callback; `session.py` supplies the switchboard."""

    def receive(self, call: CallbackCall) -> Return:
        """Answer one call of the plug-in, on the plug-in's thread."""
        ...


class CallbackProxy(ContentPartnerCallback):
    """The callback of one plug-in instance.

    Disconnected, every method answers RPC_E_DISCONNECTED here, and nothing reaches the player: the
    instance may be a lost one, while the session goes on with another (T1-LIFE-04).
    """

    def __init__(self, port: CallbackPort) -> None:
        self._port = port
        self._connected = True

    def disconnect(self) -> None:
        """Stop passing calls on; called after `SetCallback(None)` or the death of the instance."""
        self._connected = False

    def Notify(self, type: CallbackNotification, context: Variant) -> HRESULT:
        return self._send(
            calls.CallbackNotify, lambda: (CallbackNotification(type), _variant(context))
        )

    def BuyComplete(self, hr: int, cookie: int) -> HRESULT:
        return self._send(calls.BuyComplete, lambda: (_hr(hr), _uint(cookie)))

    def DownloadTrack(
        self, cookie: int, url: str | None, track_id: int, params: str | None, hr: int
    ) -> HRESULT:
        try:
            call = calls.DownloadTrack(
                _uint(cookie), _url(url), _uint(track_id), _params(params), _hr(hr)
            )
        except Exception as error:
            return self._refuse_answer(cookie, track_id, error)
        return self._pass_on(call).hr

    def GetCatalogVersion(self) -> CatalogVersion:
        returned = self._pass_on(calls.GetCatalogVersion())
        if not isinstance(returned, CatalogVersionReturned):
            raise ComError(returned.hr)
        return CatalogVersion(returned.version, returned.schema_version, returned.lcid)

    def UpdateDeviceComplete(self, device_name: str) -> HRESULT:
        return self._send(calls.UpdateDeviceComplete, lambda: (_string(device_name),))

    def ChangeView(self, type: str, id: str, filter: str) -> HRESULT:
        return self._send(calls.ChangeView, lambda: (_string(type), _string(id), _string(filter)))

    def AddListContents(self, list_cookie: int, items: Sequence[int]) -> HRESULT:
        return self._send(calls.AddListContents, lambda: (_uint(list_cookie), _uints(items)))

    def ListContentsComplete(self, list_cookie: int, hr: int) -> HRESULT:
        return self._send(calls.ListContentsComplete, lambda: (_uint(list_cookie), _hr(hr)))

    def SendMessageComplete(self, message: str, param: str, result: str) -> HRESULT:
        return self._send(
            calls.SendMessageComplete,
            lambda: (_string(message), _string(param), _string(result)),
        )

    def GetContentIDsInLibrary(self) -> tuple[int, ...]:
        returned = self._pass_on(calls.GetContentIDsInLibrary())
        if not isinstance(returned, ContentIDsReturned):
            raise ComError(returned.hr)
        return returned.content_ids

    def RefreshLicenseComplete(self, cookie: int, content_id: int, hr: int) -> HRESULT:
        return self._send(
            calls.RefreshLicenseComplete, lambda: (_uint(cookie), _uint(content_id), _hr(hr))
        )

    def ShowPopup(self, index: int, parameters: str) -> HRESULT:
        return self._send(calls.ShowPopup, lambda: (_int32(index), _string(parameters)))

    def VerifyPermissionComplete(self, permission: str, context: Variant, hr: int) -> HRESULT:
        return self._send(
            calls.VerifyPermissionComplete,
            lambda: (_string(permission), _variant(context), _hr(hr)),
        )

    def Predeliver(self, license: License) -> HRESULT:
        """Deliver a licence; the context's licence store calls this."""
        return self._send(calls.Predeliver, lambda: (_license(license),))

    def report_misuse(self, getter: str, index: Any, count: int) -> None:
        """Record an index that a container or list does not have (T1-CON-08).

        One that is no number is recorded as -1.
        """
        shown = max(-1, min(index, MAX_UINT32)) if isinstance(index, int) else -1
        self._pass_on(calls.IndexOutOfRange(getter, shown, count))

    def _send(
        self, record: type[CallbackCall], arguments: Callable[[], tuple[Any, ...]]
    ) -> HRESULT:
        try:
            call: CallbackCall = record(*arguments())
        except Exception as error:
            # Not only what the checks below raise: an argument may be an object of the plug-in's.
            call = calls.Malformed(record.__name__, describe(error))
            self._pass_on(call)
            return E_INVALIDARG
        return self._pass_on(call).hr

    def _refuse_answer(self, cookie: object, track_id: object, error: Exception) -> HRESULT:
        problem = f"cookie {_shown(cookie)}, track {_shown(track_id)}: {describe(error)}"
        return self._pass_on(
            calls.MalformedAnswer(_uint_or_none(cookie), _uint_or_none(track_id), problem[:1_000])
        ).hr

    def _pass_on(self, call: CallbackCall) -> Return:
        if not self._connected:
            return Return(RPC_E_DISCONNECTED)
        return self._port.receive(call)


class LicenseStoreProxy:
    """The licence store of one plug-in instance (T1-DL-33)."""

    def __init__(self, callback: CallbackProxy) -> None:
        self._callback = callback

    def Predeliver(self, license: License) -> HRESULT:
        """Deliver one licence; its place in the sequence of calls is recorded."""
        return self._callback.Predeliver(license)


def _uint(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"a 32-bit unsigned number was expected, not {type(value).__name__}")
    number = int.__index__(value)
    if not 0 <= number <= MAX_UINT32:
        raise ValueError(f"{_shown(number)} is no 32-bit unsigned number")
    return number


def _uint_or_none(value: object) -> int | None:
    try:
        return _uint(value)
    except (TypeError, ValueError):
        return None


def _shown(value: object) -> str:
    """Show a small number; of anything else its type, for showing it may raise or be long."""
    if type(value) is int and abs(value) < 2**64:
        return str(value)
    return type(value).__name__[:40]


def _uints(values: Sequence[int]) -> tuple[int, ...]:
    if len(values) > MAX_LIST_ITEMS:
        raise ValueError(f"{len(values)} items; at most {MAX_LIST_ITEMS} fit one call")
    return tuple(_uint(value) for value in values)


def _int32(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"a 32-bit number was expected, not {type(value).__name__}")
    number = int.__index__(value)
    if not -(2**31) <= number < 2**31:
        raise ValueError(f"{_shown(number)} is no signed 32-bit number")
    return number


def _hr(value: object) -> HRESULT:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"an HRESULT was expected, not {type(value).__name__}")
    return HRESULT(int.__index__(value))


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"text or None was expected, not {type(value).__name__}")
    return value


def _url(value: object) -> str | None:
    """Check a URL; one that is too long to be usable is cut where that still shows."""
    text = _text(value)
    return None if text is None else text[: MAX_URL_CHARACTERS + 1]


def _params(value: object) -> str | None:
    """Check params; those that are surely over the bound do not reach the record."""
    text = _text(value)
    return None if text is None else _bounded(text)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text was expected, not {type(value).__name__}")
    return _bounded(value)


def _variant(value: object) -> Variant:
    if not isinstance(value, Variant):
        raise TypeError(f"a Variant was expected, not {type(value).__name__}")
    if isinstance(value.value, str):
        _bounded(value.value)
    return value


def _bounded(text: str) -> str:
    """Check that a text is not surely over the bound, which params and all others share."""
    if len(text) * 2 > MAX_PARAMS_BYTES:
        raise ValueError(f"a text has {len(text)} characters; 1 MiB of UTF-16 is the bound")
    return text


def _license(value: object) -> License:
    if not isinstance(value, License):
        raise TypeError(f"a License was expected, not {type(value).__name__}")
    return value
