"""A licence store without a Player."""

from collections.abc import Callable
from datetime import UTC, datetime

from partner_api.hresult import E_FAIL, HRESULT, S_OK
from partner_api.licensing import License
from partner_api.verdicts import judge_grant


def _now() -> datetime:
    return datetime.now(UTC)


class FakeLicenseStore:
    """A `LicenseStore` that keeps what is delivered, and judges grants as the Player does.

    A rehearsal's plug-in reaches it through its context, so that each delivery has its place
    among the calls. It may also be used alone, as the `licenses` of a context.

    Args:
        now: says what time it is, aware; by default the real one.

    Attributes:
        licenses: what was delivered last for each item, by content ID.
        failing_with: a failure code with which every delivery ends from now on; `None` lets
            them succeed.
    """

    def __init__(self, now: Callable[[], datetime] = _now) -> None:
        self.licenses: dict[int, License] = {}
        self.failing_with: HRESULT | None = None
        self._now = now

    def Predeliver(self, license: License) -> HRESULT:  # noqa: A002, N802 - spelt like the protocol
        """Keep a licence; a later one for the same item replaces it (T1-DL-33). Any thread.

        Returns:
            `S_OK`; `E_FAIL` for a key ID that is not printable; or the code in `failing_with`.
        """
        if self.failing_with is not None:
            return self.failing_with
        if license.key_id is not None and not license.key_id.isprintable():
            return E_FAIL
        self.licenses[license.content_id] = license
        return S_OK

    def judge(self, content_id: int) -> HRESULT:
        """Answer a success-coded `DownloadTrack` as the Player does; see `verdicts.judge_grant`."""
        return judge_grant(self.licenses.get(content_id), self._now())
