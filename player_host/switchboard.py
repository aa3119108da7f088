"""Where the calls of a plug-in arrive, on its own threads, and which room answers them."""

from collections.abc import Callable
from functools import singledispatchmethod

from partner_api import calls
from partner_api.calls import CallbackCall, Return
from partner_api.enums import CallbackNotification
from partner_api.hresult import E_INVALIDARG, E_NOTIMPL, E_UNEXPECTED, RPC_E_DISCONNECTED, S_OK
from player_host.catalog.store import Catalogs
from player_host.database import Database
from player_host.downloads.driver import Downloads
from player_host.errors import PlayerHostError, StorageError
from player_host.library.queries import content_ids
from player_host.licensing.store import Licenses
from player_host.log import get_logger
from player_host.plugins.active import Recorder

_log = get_logger(__name__)


class Switchboard:
    """The player's side of the callback for one session.

    Args:
        partner: the name under which catalogue and licences are kept.
        account: whose licences these are, as far as it is known before the partner is asked.
        key: the store's key, under which the library keeps its files.
        lcid: the player's locale, reported while there is no catalogue (T1-CAT-24).
        on_new_catalog: told, on the plug-in's thread, that a new catalogue can be fetched.
    """

    def __init__(
        self,
        *,
        database: Database,
        recorder: Recorder,
        downloads: Downloads,
        licenses: Licenses,
        catalogs: Catalogs,
        partner: str,
        account: str,
        key: str,
        lcid: int,
        on_new_catalog: Callable[[], None],
    ) -> None:
        self.account = account
        self._database = database
        self._recorder = recorder
        self._downloads = downloads
        self._licenses = licenses
        self._catalogs = catalogs
        self._partner = partner
        self._key = key
        self._lcid = lcid
        self._on_new_catalog = on_new_catalog
        self._closed = False

    def receive(self, call: CallbackCall) -> Return:
        """Answer one call, on the plug-in's thread (T1-THR-05). Never raises."""
        try:
            with self._database.lock:
                if self._closed:
                    return Return(RPC_E_DISCONNECTED)
            # Outside the lock: it takes the lock itself, and logs without it.
            if isinstance(call, calls.DownloadTrack | calls.MalformedAnswer):
                return self._downloads.receive(call)
            returned, fault = self._recorded(call)
        except Exception as error:
            # The end of the session may have come in between; then there is nothing to report.
            if self._closed:
                return Return(RPC_E_DISCONNECTED)
            returned, fault = _failure(error), error
        if fault is not None:
            _log_fault(call, fault)
        else:
            _log_call(call, returned)
        return returned

    def close(self) -> None:
        """Answer RPC_E_DISCONNECTED from now on (T1-LIFE-04)."""
        with self._database.lock:
            self._closed = True
            self._downloads.book.session.disconnect()

    def _recorded(self, call: CallbackCall) -> tuple[Return, Exception | None]:
        """Answer a call; its return is recorded also where its room raised, which comes along."""
        with self._database.lock:
            if self._closed:
                return Return(RPC_E_DISCONNECTED), None
            number = self._recorder.called(call)
            fault: Exception | None = None
            try:
                returned = self._answer(call)
            except Exception as error:
                returned, fault = _failure(error), error
            self._recorder.returned(number, returned)
        if isinstance(fault, StorageError):
            # Without room for the host's own books the session cannot go on.
            self._downloads.book.fail(fault)
        return returned, fault

    @singledispatchmethod
    def _answer(self, _call: CallbackCall) -> Return:
        return Return(E_NOTIMPL)

    @_answer.register
    def _(self, call: calls.Predeliver) -> Return:
        self._licenses.deliver(self._partner, self.account, call.license)
        return Return(S_OK)

    @_answer.register
    def _(self, _call: calls.GetCatalogVersion) -> Return:
        installed = self._catalogs.installed(self._partner)
        if installed is None:
            return calls.CatalogVersionReturned(S_OK, 0, 0, self._lcid)
        return calls.CatalogVersionReturned(
            S_OK, installed.version, installed.schema_version, installed.lcid
        )

    @_answer.register
    def _(self, _call: calls.GetContentIDsInLibrary) -> Return:
        return calls.ContentIDsReturned(S_OK, tuple(sorted(content_ids(self._database, self._key))))

    @_answer.register
    def _(self, call: calls.CallbackNotify) -> Return:
        if call.type is CallbackNotification.NEW_CATALOG_AVAILABLE:
            self._on_new_catalog()
        return Return(S_OK)

    @_answer.register
    def _(self, _call: calls.IndexOutOfRange | calls.Malformed) -> Return:
        return Return(E_INVALIDARG)


def _failure(error: Exception) -> Return:
    return Return(error.hr if isinstance(error, PlayerHostError) else E_UNEXPECTED)


def _log_fault(call: CallbackCall, fault: Exception) -> None:
    if isinstance(fault, PlayerHostError):
        _log.error("callback.failed", method=call.method, error=str(fault))
    else:
        _log.error("callback.host_fault", method=call.method, exc_info=fault)


def _log_call(call: CallbackCall, returned: Return) -> None:
    """Log, without the player's lock, what deserves a line."""
    if isinstance(call, calls.IndexOutOfRange):
        _log.warning(
            "protocol.violated",
            clause="T1-CON-08",
            by="partner",
            what=f"{call.getter}({call.index}) of {call.count}",
        )
    elif isinstance(call, calls.Malformed):
        _log.warning("callback.malformed", method=call.called, problem=call.problem)
    elif returned.hr == E_NOTIMPL:
        _log.info("callback.not_implemented", method=call.method)
