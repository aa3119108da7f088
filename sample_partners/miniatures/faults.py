"""Plug-ins whose methods run, and end as no method may."""

from typing import Any, cast

from partner_api import HRESULT, ContentContainerList, Variant
from sample_partners.miniatures.miniature import Miniature


class RaisesEverywhere(Miniature):
    """Raises in every method but `SetCallback`."""

    def Download(self, container_list: ContentContainerList | None, cookie: int) -> HRESULT | None:
        """Fail."""
        raise RuntimeError("no download today")

    def DownloadTrackComplete(
        self, hr: HRESULT, track_id: int, params: str | None
    ) -> HRESULT | None:
        """Fail."""
        raise RuntimeError("no completion today")

    def GetContentPartnerInfo(self, info_name: str) -> Variant:
        """Fail."""
        raise RuntimeError("no information today")


class RaisesWhatCannotBeShown(Miniature):
    """Raises an exception that raises when somebody wants to read it."""

    def misbehave(self) -> None:
        """Raise it."""
        raise Unspeakable


class Unspeakable(BaseException):
    """Has no words."""

    def __str__(self) -> str:
        """Fail."""
        raise ValueError("there are no words")

    __repr__ = __str__


class ReturnsNonsense(Miniature):
    """Returns what is neither an HRESULT nor the value that was asked for."""

    def Download(self, container_list: ContentContainerList | None, cookie: int) -> HRESULT | None:
        """Grant every track, then return a text."""
        super().Download(container_list, cookie)
        return cast("HRESULT", "done")

    def DownloadTrackComplete(
        self, hr: HRESULT, track_id: int, params: str | None
    ) -> HRESULT | None:
        """Return a number of more than 32 bits."""
        return cast("HRESULT", 2**40)

    def GetContentPartnerInfo(self, info_name: str) -> Variant:
        """Return a dictionary."""
        return cast("Variant", {"value": "listener"})


class ReturnsAnImpostor(Miniature):
    """Returns an object that claims to be a Variant, and has nothing of one."""

    def GetContentPartnerInfo(self, info_name: str) -> Variant:
        """Return it."""
        return cast("Variant", Impostor())


class Impostor:
    """Claims to be a Variant."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """Lie."""
        return Variant


class LogsAtLevelsOfItsOwn(Miniature):
    """Logs at levels that have no name, and one that no machine word holds."""

    def misbehave(self) -> None:
        """Log at them."""
        for level in (31, 55, 2**70):
            self.context.log.log(level, "at level %d", level)
