"""Plug-ins that do not keep their password to themselves."""

import os
import sys

from partner_api import HRESULT, S_OK, ContentContainerList, PartnerInfo, Variant
from sample_partners.miniatures.miniature import Miniature, tracks_of


class TellsItsPassword(Miniature):
    """Prints its password, logs it, and raises with it in the message."""

    def misbehave(self) -> None:
        """Tell everybody."""
        password = self.context.settings.password.reveal()
        sys.stdout.write(f"the password is {password}\n")
        sys.stderr.write(f"was it {password}?\n")
        self.context.log.warning("logging in with %s", password)
        raise RuntimeError(f"login with {password} failed")


class DiesWithItsPassword(Miniature):
    """Has its password for its last words."""

    def misbehave(self) -> None:
        """Print it, and end the process."""
        sys.stderr.write(f"cannot log in with {self.context.settings.password.reveal()}\n")
        os._exit(1)


class RepeatsItsPassword(Miniature):
    """Tells its password ten thousand times over: wherever that is cut, the cut hits one."""

    def misbehave(self) -> None:
        """Tell it at length."""
        text = f"{self.context.settings.password.reveal()} " * 10_000
        sys.stdout.write(text + "\n")
        self.context.log.warning(text)
        raise RuntimeError(text)


class SendsItsPassword(Miniature):
    """Gives the Player its password as the params of every track."""

    def Download(self, container_list: ContentContainerList | None, cookie: int) -> HRESULT | None:
        """Grant every track."""
        for track_id in tracks_of(container_list):
            self.grant(cookie, track_id, f"login={self.context.settings.password.reveal()}")
        return S_OK


class IsCalledLikeItsPassword(Miniature):
    """Names its password when it is asked for its user."""

    def GetContentPartnerInfo(self, info_name: str) -> Variant:
        """Answer with the password."""
        if info_name != PartnerInfo.USER_NAME:
            return super().GetContentPartnerInfo(info_name)
        return Variant.bstr(self.context.settings.password.reveal())
