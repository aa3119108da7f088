"""Exhibits that break what a plug-in owes as an object (T1-LIFE, T1-THR, T1-CON)."""

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import sleep
from typing import Any, Final, cast

from partner_api import (
    E_NOTIMPL,
    HRESULT,
    S_OK,
    ComError,
    ContentContainer,
    ContentContainerList,
    ContentPartnerCallback,
    PartnerContext,
    ThreadingModel,
    Variant,
)
from sample_partners.zoo.base import Exhibit, Order

BETWEEN_ANSWERS_S: Final = 0.1
AFTER_THE_RELEASE_S: Final = 0.05
TOO_SLOW_S: Final = 0.4
STATUS: Final = 3

_INSIDE_S: Final = 0.05


# --- T1-LIFE-04 ----------------------------------------------------------------------------------


class GoesOnAfterItsRelease(Exhibit):
    """Is slow with its answers, and does not hear that nobody waits for them any more."""

    def SetCallback(self, callback: ContentPartnerCallback | None) -> HRESULT | None:
        """Keep the old callback in place of none."""
        return S_OK if callback is None else super().SetCallback(callback)

    def answer(self, order: Order, track_id: int) -> HRESULT:
        """Answer after a pause."""
        self.pause(BETWEEN_ANSWERS_S)
        return super().answer(order, track_id)


class CallsAfterItsRelease(Exhibit):
    """Has a last question once it has been released."""

    def SetCallback(self, callback: ContentPartnerCallback | None) -> HRESULT | None:
        """Release the callback, but for a thread that has it still."""
        old = self.callback
        returned = super().SetCallback(callback)
        if callback is None and old is not None:
            threading.Thread(target=self.ask, args=(old,), daemon=True).start()
        return returned

    def ask(self, callback: ContentPartnerCallback) -> None:
        """Ask when `SetCallback` is over."""
        self.wait_after_release(AFTER_THE_RELEASE_S)
        try:
            callback.GetCatalogVersion()
        except ComError:
            return

    def wait_after_release(self, seconds: float) -> None:
        """Let time pass on the calling thread."""
        sleep(seconds)


# --- T1-LIFE-07 ----------------------------------------------------------------------------------


class RaisesInDownload(Exhibit):
    """Raises an exception that is no `ComError`."""

    def take(self, order: Order) -> HRESULT | None:
        """Fail.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("no download today")


class ReturnsAText(Exhibit):
    """Returns a text where a result code belongs."""

    def take(self, order: Order) -> HRESULT | None:
        """Begin nothing and say so in words."""
        return cast("HRESULT", "done")


class AnswersAFactWithABareNumber(Exhibit):
    """Returns an int in place of a `Variant`."""

    def GetContentPartnerInfo(self, info_name: str) -> Variant:
        """Return the value without its type."""
        return cast("Variant", super().GetContentPartnerInfo(info_name).value)


class RaisesAtAnUnknownName(Exhibit):
    """Forgets to turn its own exception into a failure code."""

    def GetContentPartnerInfo(self, info_name: str) -> Variant:
        """Look it up.

        Raises:
            KeyError: the name is unknown.
        """
        return self.facts()[info_name]


class ExitsInACompletion(Exhibit):
    """Ends its process when a track has arrived."""

    def DownloadTrackComplete(
        self, hr: HRESULT, track_id: int, params: str | None
    ) -> HRESULT | None:
        """Leave without a word."""
        os._exit(STATUS)


class HearsNoCompletions(Exhibit):
    """Does without a method that every partner has."""

    def DownloadTrackComplete(
        self, hr: HRESULT, track_id: int, params: str | None
    ) -> HRESULT | None:
        """Say that it is not there."""
        return E_NOTIMPL


# --- T1-THR --------------------------------------------------------------------------------------


class ServesOneAtATime(Exhibit, threading_model=ThreadingModel.FREE):
    """Says that it takes several calls at once, and breaks when it gets them."""

    def __init__(self, context: PartnerContext[Exhibit.Settings]) -> None:
        super().__init__(context)
        self._busy = threading.Lock()

    def take(self, order: Order) -> HRESULT | None:
        """Begin, if it is alone."""
        with self._alone():
            return super().take(order)

    def GetContentPartnerInfo(self, info_name: str) -> Variant:
        """Answer, if it is alone."""
        with self._alone():
            return super().GetContentPartnerInfo(info_name)

    def GetItemInfo(self, info_name: str, context: Variant) -> Variant:
        """Answer, if it is alone."""
        with self._alone():
            return super().GetItemInfo(info_name, context)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._busy.acquire(blocking=False):
            raise RuntimeError("there is somebody in here already")
        try:
            self.pause(_INSIDE_S)
            yield
        finally:
            self._busy.release()


class IsSlowWithTexts(Exhibit):
    """Looks texts up at its leisure, on the thread that was called."""

    def GetItemInfo(self, info_name: str, context: Variant) -> Variant:
        """Wait, then answer."""
        self.pause(TOO_SLOW_S)
        return super().GetItemInfo(info_name, context)


# --- T1-CON-08 -----------------------------------------------------------------------------------


class ReadsUntilItFails(Exhibit):
    """Does not ask how many items there are: it goes on until there is an error."""

    def tracks_of(self, container_list: ContentContainerList) -> Iterable[int]:
        """Return each track of each container once."""
        found: dict[int, Any] = {}
        for container in container_list:
            found |= dict.fromkeys(ids_until_error(container))
        return found


class ReadsBelowZero(Exhibit):
    """Reads containers from their end, and one item too far."""

    def tracks_of(self, container_list: ContentContainerList) -> Iterable[int]:
        """Return each track once, in their order, and ask for an item before the first."""
        for container in container_list:
            id_at(container, -1)
        return super().tracks_of(container_list)


class AsksForOneContainerMore(Exhibit):
    """Counts containers from 0 to their number."""

    def tracks_of(self, container_list: ContentContainerList) -> Iterable[int]:
        """Return each track once, and ask for a container after the last."""
        try:
            container_list.GetContainer(container_list.GetContainerCount())
        except ComError:
            return super().tracks_of(container_list)
        return ()


def ids_until_error(container: ContentContainer) -> Iterator[int]:
    """Yield the tracks of a container until an index fails."""
    index = 0
    while (track_id := id_at(container, index)) is not None:
        yield track_id
        index += 1


def id_at(container: ContentContainer, index: int) -> int | None:
    """Return a track of a container; None where the index fails."""
    try:
        return container.GetContentID(index)
    except ComError:
        return None
