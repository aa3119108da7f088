"""Whether a licence fits the file that came, by what the file's own header says.

Whether it lets a track be fetched at all is asked before, at `DownloadTrack`: see
`partner_api.verdicts`.
"""

from datetime import datetime

from partner_api.hresult import HRESULT, S_OK
from partner_api.licensing import License
from partner_api.verdicts import NOT_ACQUIRED, UNUSABLE, judge_grant
from player_host.licensing.protection import Protection, normal_key_id


def judge_file(
    license: License | None,  # noqa: A002
    protection: Protection | None,
    now: datetime,
) -> HRESULT:
    """Answer whether the file that came can be used with the licence that was delivered.

    The licence is judged as at `DownloadTrack` first: it may have expired meanwhile. An
    unprotected file then needs nothing more; a licence with a key id and an unprotected file
    go together, because the licence grants more than the file asks for. A protected file
    needs a licence with the file's own key id.

    Args:
        license: what was delivered for the content, if anything was.
        protection: what `read_protection` found in the file; None for an unprotected one.
        now: the present moment, aware.

    Returns:
        as `judge_grant`; for a protected file also NS_E_WMP_DRM_LICENSE_NOTACQUIRED where the
        licence says that the content is unprotected, and NS_E_WMP_DRM_LICENSE_UNUSABLE where it
        is for another key, or the file names none.
    """
    verdict = judge_grant(license, now)
    if license is None or verdict.failed or protection is None:
        return verdict
    if license.key_id is None:
        return NOT_ACQUIRED
    if protection.key_id is None:
        return UNUSABLE
    same = normal_key_id(license.key_id) == normal_key_id(protection.key_id)
    return S_OK if same else UNUSABLE
