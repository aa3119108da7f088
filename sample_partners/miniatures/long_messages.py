"""Plug-ins whose words have a hundred million characters."""

from typing import Final

from partner_api import (
    HRESULT,
    S_OK,
    CallbackNotification,
    ContentContainerList,
    PartnerInfo,
    Variant,
)
from sample_partners.miniatures.miniature import Miniature, tracks_of

LENGTH: Final = 100_000_000


class AnswersWithLongParams(Miniature):
    """Gives each track params of 100 MB."""

    def Download(self, container_list: ContentContainerList | None, cookie: int) -> HRESULT | None:
        """Grant every track; the answer would be E_INVALIDARG."""
        for track_id in tracks_of(container_list):
            self.grant(cookie, track_id, "x" * LENGTH)
        return S_OK


class NotifiesAtLength(Miniature):
    """Sends a notification with a text of 100 MB."""

    def misbehave(self) -> None:
        """Send it."""
        assert self.callback is not None
        self.callback.Notify(CallbackNotification.LOGIN_STATE_CHANGE, Variant.bstr("x" * LENGTH))


class HasALongName(Miniature):
    """Names a user of 100 MB."""

    def GetContentPartnerInfo(self, info_name: str) -> Variant:
        """Answer with the name."""
        if info_name != PartnerInfo.USER_NAME:
            return super().GetContentPartnerInfo(info_name)
        return Variant.bstr("x" * LENGTH)
