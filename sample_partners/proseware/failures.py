"""The failure codes that the plug-in gives, the words for them, and what leads to which.

For every code that it passes to `DownloadTrack` a partner can say a sentence, for which the
Player asks with `GetItemInfo` (T1-DL-29, T1-ITEM-11).
"""

from typing import Final

from partner_api import HRESULT

LOGIN_FAILED: Final = HRESULT.named("NS_E_SUBSCRIPTIONSERVICE_LOGIN_FAILED")
MUST_BE_BOUGHT: Final = HRESULT.named("NS_E_TRACK_DOWNLOAD_REQUIRES_PURCHASE")
ALBUM_MUST_BE_BOUGHT: Final = HRESULT.named("NS_E_TRACK_DOWNLOAD_REQUIRES_ALBUM_PURCHASE")
NOT_DOWNLOADABLE: Final = HRESULT.named("NS_E_CANNOT_BUY_OR_DOWNLOAD_CONTENT")
UNKNOWN_TRACK: Final = HRESULT.named("NS_E_NOT_CONTENT_PARTNER_TRACK")
STORE_UNAVAILABLE: Final = HRESULT.named("NS_E_WMP_SERVER_UNAVAILABLE")
STORE_SILENT: Final = HRESULT.named("NS_E_SUBSCRIPTIONSERVICE_DOWNLOAD_TIMEOUT")
LICENSE_NOT_DELIVERED: Final = HRESULT.named("NS_E_WMP_DRM_LICENSE_NOTACQUIRED")

DESCRIPTIONS: Final = {
    LOGIN_FAILED: "Sign in to Proseware Music, then try again.",
    MUST_BE_BOUGHT: "Buy this track before you download it.",
    ALBUM_MUST_BE_BOUGHT: "This track comes with its album only. Buy the album to download it.",
    NOT_DOWNLOADABLE: "This track can be streamed but not downloaded.",
    UNKNOWN_TRACK: "Proseware Music does not have this track any more.",
    STORE_UNAVAILABLE: "Proseware Music cannot be reached. Try again later.",
    STORE_SILENT: "Proseware Music takes too long to answer. Try again later.",
    LICENSE_NOT_DELIVERED: "The rights for this track could not be stored on your computer.",
}

_BY_REASON: Final = {
    "not-logged-in": LOGIN_FAILED,
    "not-owned": MUST_BE_BOUGHT,
    "album-only": ALBUM_MUST_BE_BOUGHT,
    "not-downloadable": NOT_DOWNLOADABLE,
    "unknown-track": UNKNOWN_TRACK,
}


def failure_of(reason: str) -> HRESULT:
    """Return the code for a reason of the store's server; one that it does not know is general."""
    return _BY_REASON.get(reason, NOT_DOWNLOADABLE)


class StoreFailure(Exception):
    """The store could not be asked.

    Args:
        hr: the failure code that every track of the request gets.
        what: for the log.
    """

    def __init__(self, hr: HRESULT, what: str) -> None:
        super().__init__(what)
        self.hr = hr
