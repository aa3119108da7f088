"""The callback of a rehearsal: it keeps every call, and answers like the Player."""

import itertools
from collections.abc import Iterator
from typing import Any, Final, TypeVar

from partner_api.callback import CatalogVersion
from partner_api.calls import Call, Download, Faulted, PartnerCall, Return, SetCallback
from partner_api.content import ContentContainerList
from partner_api.partner import ContentPartner
from partner_api.proxy import CallbackProxy
from partner_api.stub import invoke
from partner_api.testing.downloads import PATIENCE_S, RehearsedDownload
from partner_api.testing.licenses import FakeLicenseStore
from partner_api.testing.port import RecordingPort
from partner_api.transaction import Violation

NO_CATALOG: Final = CatalogVersion(version=0, schema_version=0, lcid=0x409)

C = TypeVar("C", bound=Call)


class RecordingCallback(CallbackProxy):
    """A callback that is a Player to the plug-in, and a record of the conversation to the test.

    The plug-in calls its documented methods, from any thread; arguments are checked as in the
    Player, by the same code. `rehearse` makes one; a test that needs more than that makes its
    own and calls `attach`, `begin`, `make` and `release` in the Player's place, on its own
    thread. What the plug-in raises comes out of these as it is.

    Args:
        licenses: where licences are delivered to; by default a store of its own.
        catalog_version: what `GetCatalogVersion` answers; by default there is no catalogue.
        content_ids: what `GetContentIDsInLibrary` answers.
    """

    def __init__(
        self,
        licenses: FakeLicenseStore | None = None,
        *,
        catalog_version: CatalogVersion = NO_CATALOG,
        content_ids: tuple[int, ...] = (),
    ) -> None:
        self.licenses = FakeLicenseStore() if licenses is None else licenses
        self._stage = RecordingPort(self.licenses, catalog_version, content_ids)
        self._cookies = _cookies()
        super().__init__(self._stage)

    @property
    def calls(self) -> list[Call]:
        """Every call so far, in either direction, as its record of `partner_api.calls`."""
        with self._stage.changed:
            return list(self._stage.calls)

    @property
    def violations(self) -> list[Violation]:
        """Every clause that the plug-in broke so far, as the Player would report it."""
        with self._stage.changed:
            return list(self._stage.violations)

    def of(self, kind: type[C]) -> list[C]:
        """Return the calls of one kind, such as `of(DownloadTrack)`, in their order."""
        return [call for call in self.calls if isinstance(call, kind)]

    def wait_for(self, kind: type[C], *, count: int = 1, deadline_s: float = PATIENCE_S) -> list[C]:
        """Wait until there are so many calls of a kind, and return them.

        Args:
            kind: such as `partner_api.calls.BuyComplete`.
            count: how many.
            deadline_s: how long, in seconds.

        Raises:
            AssertionError: there are fewer at the deadline; the message says what came instead.
        """
        if self._stage.wait_until(lambda: len(self.of(kind)) >= count, deadline_s):
            return self.of(kind)
        methods = [type(call).__name__ for call in self.calls]
        raise AssertionError(
            f"{len(self.of(kind))} of {count} {kind.__name__} after {deadline_s:g} s;"
            f" the calls were: {', '.join(methods) or 'none'}"
        )

    def attach(self, partner: ContentPartner[Any]) -> None:
        """Call `SetCallback` with this callback, the first call that a plug-in gets (T1-LIFE-01).

        Raises:
            AssertionError: it returned a failure code, or something that is no HRESULT.
        """
        returned = self.make(partner, SetCallback(attached=True))
        if returned.hr.failed:
            raise AssertionError(
                f"SetCallback returned {returned.hr.name}; the Player would unload the plug-in"
                " (T1-LIFE-13)"
            )

    def begin(
        self,
        partner: ContentPartner[Any],
        container_list: ContentContainerList,
        *,
        cookie: int | None = None,
    ) -> RehearsedDownload:
        """Call `Download` under a cookie, and follow what comes of it.

        Args:
            partner: the plug-in.
            container_list: what `for_download` returns.
            cookie: 0 to 2**32 - 1; by default one that was not used before. The first ones are
                2**32 - 1 and 0, cookies like any other (T1-DL-46).

        Raises:
            ValueError: the cookie was used before (T1-DL-45).
            AssertionError: `Download` returned something that is no HRESULT.
        """
        drawn = self._unused_cookie() if cookie is None else cookie
        booking = self._stage.open(drawn, container_list)
        download = RehearsedDownload(self._stage, booking, lambda call: self.make(partner, call))
        download.returned = self.make(partner, Download(container_list, drawn)).hr
        with self._stage.changed:
            booking.machine.download_returned(download.returned)
        return download

    def make(self, partner: ContentPartner[Any], call: PartnerCall) -> Return:
        """Make one call into the plug-in and return how it ended.

        Args:
            partner: the plug-in.
            call: its record, such as `GetContentPartnerInfo("UserName")`.

        Returns:
            The HRESULT and the out-values; where the plug-in raised `ComError`, its code alone.

        Raises:
            AssertionError: the plug-in returned something of another type than is documented.
            BaseException: whatever else the plug-in raised, as it is.
        """
        self._stage.note(call)
        raised: list[BaseException] = []
        returned = invoke(partner, call, self, on_fault=lambda _, error: raised.append(error))
        if raised:
            raise raised[0]
        if isinstance(returned, Faulted):
            raise AssertionError(f"{type(partner).__name__}.{returned.reason}")  # noqa: TRY004
        return returned

    def release(self, partner: ContentPartner[Any]) -> None:
        """Call `SetCallback(None)`; calls after its return are violations (T1-LIFE-04).

        Raises:
            AssertionError: it returned something that is no HRESULT.
        """
        try:
            self.make(partner, SetCallback(attached=False))
        finally:
            self.disconnect()

    def disconnect(self) -> None:
        """Answer RPC_E_DISCONNECTED from now on; the calls are kept all the same."""
        self._stage.disconnect()

    def _unused_cookie(self) -> int:
        return next(cookie for cookie in self._cookies if not self._stage.knows(cookie))


def _cookies() -> Iterator[int]:
    """Yield the cookies that plug-ins forget to think of, then others."""
    return itertools.chain((0xFFFFFFFF,), itertools.count())
