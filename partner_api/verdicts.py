"""The Player's verdicts on a grant that need no state: for the Player and for rehearsals alike."""

from datetime import datetime
from typing import Final

from partner_api.hresult import HRESULT, S_OK
from partner_api.licensing import License, Right

NOT_ACQUIRED: Final = HRESULT.named("NS_E_WMP_DRM_LICENSE_NOTACQUIRED")
EXPIRED: Final = HRESULT.named("NS_E_WMP_DRM_LICENSE_EXPIRED")
UNUSABLE: Final = HRESULT.named("NS_E_WMP_DRM_LICENSE_UNUSABLE")

UNUSABLE_URL: Final = HRESULT.named("HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)")
"""What the completion of a track without a usable URL reports (T1-DL-48)."""


def judge_grant(license: License | None, now: datetime) -> HRESULT:  # noqa: A002
    """Answer a success-coded `DownloadTrack` as far as licences go.

    Called on whatever thread the answer is given on; reads nothing.

    Args:
        license: what was delivered for the content, if anything was (T1-DL-17). Unprotected
            content has a licence too, one without a key id (T1-DL-32).
        now: the present moment, aware.

    Returns:
        S_OK; NS_E_WMP_DRM_LICENSE_NOTACQUIRED without a licence;
        NS_E_WMP_DRM_LICENSE_EXPIRED from the moment of expiry on;
        NS_E_WMP_DRM_LICENSE_UNUSABLE where the rights lack `play`.
    """
    if license is None:
        return NOT_ACQUIRED
    if license.expires is not None and license.expires <= now:
        return EXPIRED
    return S_OK if Right.PLAY in license.rights else UNUSABLE
