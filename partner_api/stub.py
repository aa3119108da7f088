"""One call into a plug-in object: from the record to the method, from its result to the return.

Runs on the plug-in's own thread, in its own process or the Player's. Whatever the plug-in does,
a return comes out: an exception and a result of the wrong type are faults of the plug-in, recorded
with E_UNEXPECTED and a reason.
"""

import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from partner_api import calls
from partner_api.calls import Call, Faulted, PartnerCall, Return
from partner_api.content import ContentContainerList
from partner_api.enums import TemplateSize
from partner_api.hresult import E_OUTOFMEMORY, E_UNEXPECTED, HRESULT, S_OK, ComError
from partner_api.partner import (
    CatalogURL,
    ContentPartner,
    ContextMenuInfo,
    SilentPurchase,
    Template,
)
from partner_api.variant import Variant

FREE_THREADS: Final = 4
"""How many threads serve a plug-in with `ThreadingModel.FREE`."""

MAX_REASON_CHARACTERS: Final = 1_000
MAX_FRAMES: Final = 50
_URL_QUERY: Final = re.compile(r"(https?://[^\s?#'\"<>]{0,2048})[?#][^\s'\"<>]*")
_URL_USERINFO: Final = re.compile(r"://[^\s/?#\"<>]*@")


class Callback(Protocol):
    """What `SetCallback` passes, as far as a call needs it; see `proxy.CallbackProxy`."""

    def report_misuse(self, getter: str, index: Any, count: int) -> None:
        """Take note of an index that a container or list does not have."""
        ...


class _WrongResult(Exception):
    pass


def invoke(
    partner: ContentPartner[Any],
    call: PartnerCall,
    callback: Callback,
    on_fault: Callable[[PartnerCall, BaseException], None] = lambda _call, _error: None,
) -> Return:
    """Make the call and return how it ended; never raises.

    Args:
        partner: the plug-in object.
        call: the record of the call.
        callback: what `SetCallback` passes when it attaches; it is told of indexes that a
            container list does not have (T1-CON-08).
        on_fault: told of an exception that counts as a fault of the plug-in.
    """
    arguments = _arguments(call, callback)
    try:
        result = getattr(partner, call.method)(*arguments)
        return _READERS.get(type(call), _read_hresult)(result)
    except ComError as error:
        return Return(error.hr) if error.hr.failed else _fault(call, f"raised ComError({error.hr})")
    except _WrongResult as error:
        return _fault(call, str(error))
    except MemoryError:
        return Faulted(E_OUTOFMEMORY, f"{call.method} ran out of memory")
    except BaseException as error:
        # Signals reach the main thread alone: whatever arrives here, the plug-in raised itself.
        on_fault(call, error)
        return _fault(call, f"raised {describe(error)}")


def describe(error: BaseException) -> str:
    """Return what a plug-in's exception says, as far as it can be shown.

    Used wherever a plug-in's own words enter a message, the log or the transcript: bounded,
    printable in every encoding, one line, without the queries and the userinfo of URLs, which may
    hold signatures and passwords.
    """
    kind = type(error).__name__
    try:
        words = str(error)
    except BaseException:
        return kind
    shown = presentable(words)
    return f"{kind}: {shown}"[:MAX_REASON_CHARACTERS] if shown else kind


def presentable(words: str) -> str:
    """Return foreign words as one line, bounded, without the queries and userinfo of URLs."""
    bare = without_queries(words[: 2 * MAX_REASON_CHARACTERS])
    shown = " ".join(bare.encode("utf-8", "backslashreplace").decode().split())
    return shown[:MAX_REASON_CHARACTERS]


def without_queries(words: str) -> str:
    """Return words without the queries and the userinfo of URLs: signatures, passwords."""
    return _URL_QUERY.sub(r"\1?~", _URL_USERINFO.sub("://", words))


def trace_of(error: BaseException) -> str:
    """Return where an exception came from, for the log: places and `describe`, no source lines.

    The words of exceptions and the lines of a source can hold what a log must not.
    """
    frames = traceback.extract_tb(error.__traceback__)[-MAX_FRAMES:]
    places = (f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
    return "\n".join(("Traceback (most recent call last):", *places, describe(error)))


def _arguments(call: PartnerCall, callback: Callback) -> tuple[Any, ...]:
    if isinstance(call, calls.SetCallback):
        return (callback if call.attached else None,)
    return tuple(
        value.observed(callback.report_misuse) if isinstance(value, ContentContainerList) else value
        for value in call.arguments
    )


def _fault(call: Call, what: str) -> Faulted:
    return Faulted(E_UNEXPECTED, f"{call.method} {what}"[:MAX_REASON_CHARACTERS])


def _read_hresult(result: object) -> Return:
    if result is None:
        return Return(S_OK)
    if isinstance(result, bool) or not isinstance(result, int):
        raise _WrongResult(f"returned {type(result).__name__}; an HRESULT or None was expected")
    try:
        return Return(HRESULT(result))
    except ValueError:
        raise _WrongResult(f"returned {result}, which is no 32-bit number") from None


def _expect(result: object, kind: type, what: str) -> Any:
    if not isinstance(result, kind) or (isinstance(result, bool) and kind is not bool):
        raise _WrongResult(f"returned {type(result).__name__}; {what} was expected")
    return result


def _read_info(result: object) -> Return:
    return calls.InfoReturned(S_OK, _expect(result, Variant, "a Variant"))


def _read_commands(result: object) -> Return:
    items: Sequence[object] = _expect(result, Sequence, "a sequence of ContextMenuInfo")
    return calls.CommandsReturned(S_OK, tuple(_read_command(item) for item in items))


def _read_command(item: object) -> ContextMenuInfo:
    command: ContextMenuInfo = _expect(item, ContextMenuInfo, "ContextMenuInfo items")
    _expect(command.menu_text, str, "a menu text")
    _expect(command.help_text, str, "a help text")
    return command


def _read_silent_purchase(result: object) -> Return:
    purchase: SilentPurchase = _expect(result, SilentPurchase, "a SilentPurchase")
    total_price = _expect(purchase.total_price, str, "a price in text")
    silent_ok = _expect(purchase.silent_ok, bool, "True or False")
    return calls.SilentPurchaseReturned(S_OK, total_price, silent_ok)


def _read_streaming_url(result: object) -> Return:
    return calls.StreamingURLReturned(S_OK, _expect(result, str, "a URL"))


def _read_catalog_url(result: object) -> Return:
    answer: CatalogURL = _expect(result, CatalogURL, "a CatalogURL")
    url = _expect(answer.url, str, "a URL in text")
    expiration = _expect(answer.expiration, Variant, "a Variant as expiration")
    return calls.CatalogURLReturned(S_OK, answer.new_version, url, expiration)


def _read_template(result: object) -> Return:
    template: Template = _expect(result, Template, "a Template")
    url = _expect(template.url, str, "a URL in text")
    size = _expect(template.size, TemplateSize, "a TemplateSize")
    return calls.TemplateReturned(S_OK, url, size)


def _read_comparison(result: object) -> Return:
    comparison: int = _expect(result, int, "an integer")
    if not -(2**31) <= comparison < 2**31:
        raise _WrongResult("returned a number of more than 32 bits")
    return calls.ComparisonReturned(S_OK, comparison)


_READERS: Final[Mapping[type[Call], Callable[[object], Return]]] = {
    calls.GetItemInfo: _read_info,
    calls.GetContentPartnerInfo: _read_info,
    calls.GetCommands: _read_commands,
    calls.CanBuySilent: _read_silent_purchase,
    calls.GetStreamingURL: _read_streaming_url,
    calls.GetCatalogURL: _read_catalog_url,
    calls.GetTemplate: _read_template,
    calls.CompareContainerListPrices: _read_comparison,
}
