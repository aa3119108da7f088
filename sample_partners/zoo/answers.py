"""Exhibits that break what `Download` and its answers owe (T1-DL)."""

import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from partner_api import (
    E_FAIL,
    E_INVALIDARG,
    HRESULT,
    S_OK,
    ComError,
    ContentContainerList,
    ContentPartnerCallback,
    PartnerContext,
    TransactionType,
    Variant,
)
from sample_partners.zoo.base import REQUIRES_PURCHASE, Exhibit, Order

TOO_LONG_S: Final = 5.1
AFTER_THE_CALL_S: Final = 0.2
A_WHILE_S: Final = 0.3

_NO_COOKIE: Final = 0x0BAD_C00C
_MOST_CHARACTERS: Final = 512 * 1024
_NOTHING: Final = ContentContainerList(TransactionType.DOWNLOAD, ())


class WaitsBeforeItReturns(Exhibit):
    """Comes back from `Download` after five seconds."""

    def take(self, order: Order) -> HRESULT | None:
        """Wait, then begin."""
        self.pause(TOO_LONG_S)
        return super().take(order)


# --- T1-DL-07: none left out ---------------------------------------------------------------------


class LeavesTheLastOut(Exhibit):
    """Stops one track too early."""

    def sequence(self, order: Order) -> Iterable[int]:
        """Return all but the last."""
        return order.tracks[:-1]


class LosesTheThird(Exhibit):
    """Answers every track but the third."""

    def sequence(self, order: Order) -> Iterable[int]:
        """Return them without it."""
        return (*order.tracks[:2], *order.tracks[3:])


class ForgetsItsSecondOrder(Exhibit):
    """Answers nothing of the second `Download` that it gets."""

    def sequence(self, order: Order) -> Iterable[int]:
        """Return nothing, for the second."""
        return () if order.number == 2 else order.tracks


class ReadsTheFirstContainerOnly(Exhibit):
    """Looks into one container of a list."""

    def tracks_of(self, container_list: ContentContainerList) -> Iterable[int]:
        """Return the tracks of that one."""
        return dict.fromkeys(item.id for container in container_list[:1] for item in container)


class TakesAllOnesForAnError(Exhibit):
    """Takes the cookie 0xFFFFFFFF for -1, and -1 for a mistake."""

    def sequence(self, order: Order) -> Iterable[int]:
        """Return nothing under that cookie."""
        return () if order.cookie == 0xFFFFFFFF else order.tracks


class AnswersATrackOnceForAll(Exhibit):
    """Does not answer a track that it has granted in another download that is still open."""

    def __init__(self, context: PartnerContext[Exhibit.Settings]) -> None:
        super().__init__(context)
        self._on_their_way: set[int] = set()
        self._lock = threading.Lock()

    def grant(self, order: Order, track_id: int) -> HRESULT:
        """Grant it, unless it is on its way."""
        with self._lock:
            if track_id in self._on_their_way:
                return S_OK
            self._on_their_way.add(track_id)
        return super().grant(order, track_id)

    def DownloadTrackComplete(
        self, hr: HRESULT, track_id: int, params: str | None
    ) -> HRESULT | None:
        """Note that it has arrived."""
        with self._lock:
            self._on_their_way.discard(track_id)
        return S_OK


class HasSevenPlaces(Exhibit):
    """Forgets a download that begins while seven are open."""

    def __init__(self, context: PartnerContext[Exhibit.Settings]) -> None:
        super().__init__(context)
        self._open: dict[str, set[int]] = {}
        self._lock = threading.Lock()

    def take(self, order: Order) -> HRESULT | None:
        """Begin, if there is a place."""
        granted = {one for one in order.tracks if self.refusal_of(one) is None}
        with self._lock:
            if len(self._open) >= 7:
                return S_OK
            if granted:
                self._open[str(order.cookie)] = granted
        return super().take(order)

    def DownloadTrackComplete(
        self, hr: HRESULT, track_id: int, params: str | None
    ) -> HRESULT | None:
        """Free the place with the last track."""
        with self._lock:
            left = self._open.get(params or "", set())
            left.discard(track_id)
            if not left:
                self._open.pop(params or "", None)
        return S_OK


class WorksInItsFirstLifeOnly(Exhibit):
    """Answers nothing once it has been started a second time in its folder."""

    def SetCallback(self, callback: ContentPartnerCallback | None) -> HRESULT | None:
        """Count its lives in a file."""
        if callback is not None:
            with self._file.open("a", encoding="ascii") as file:
                file.write("x")
        return super().SetCallback(callback)

    def sequence(self, order: Order) -> Iterable[int]:
        """Return nothing in a later life."""
        return order.tracks if self._file.stat().st_size == 1 else ()

    @property
    def _file(self) -> Path:
        return self.context.data_dir / "lives"


# --- T1-DL-07: none twice ------------------------------------------------------------------------


class SaysItTwice(Exhibit):
    """Answers each track, and at once again."""

    def answer(self, order: Order, track_id: int) -> HRESULT:
        """Answer twice, unless the first answer failed."""
        first = super().answer(order, track_id)
        return first if first.failed else super().answer(order, track_id)


class BeginsAgainAtTheEnd(Exhibit):
    """Repeats its first answer after the last one."""

    def sequence(self, order: Order) -> Iterable[int]:
        """Return the first track at both ends."""
        return (*order.tracks, *order.tracks[:1])


class CountsOnceTooOften(Exhibit):
    """Answers a track that is listed several times once for each place, and once more."""

    def sequence(self, order: Order) -> Iterable[int]:
        """Return each track that often, and each other one once."""
        listed = Counter(item.id for container in order.container_list for item in container)
        return (one for one, n in listed.items() for _ in range(n if n == 1 else n + 1))


class OffersAgainWhatFailed(Exhibit):
    """Grants a track again, under the old cookie, when its transfer has failed."""

    def DownloadTrackComplete(
        self, hr: HRESULT, track_id: int, params: str | None
    ) -> HRESULT | None:
        """Answer it once more."""
        if hr.failed and params and self.callback is not None:
            self.callback.DownloadTrack(int(params), self.url_of(track_id), track_id, params, S_OK)
        return S_OK


class SendsParamsWithoutEnd(Exhibit):
    """Gives params of more than 1 MiB, which is no answer."""

    def params_of(self, order: Order, track_id: int) -> str | None:
        """Return one character too many."""
        return "x" * (_MOST_CHARACTERS + 1)


# --- T1-DL-08 to T1-DL-11: what an answer says ---------------------------------------------------


class KeepsSilentAboutRefusals(Exhibit):
    """Does not answer what it does not grant."""

    def refuse(self, order: Order, track_id: int, hr: HRESULT) -> HRESULT:
        """Say nothing."""
        return S_OK


class GrantsWhatIsForSale(Exhibit):
    """Grants what has to be bought first."""

    def refusal_of(self, track_id: int) -> HRESULT | None:
        """Return other reasons only."""
        refusal = super().refusal_of(track_id)
        return None if refusal == REQUIRES_PURCHASE else refusal


class CutsCookies(Exhibit):
    """Keeps 16 bits of a cookie."""

    def cookie_of(self, order: Order) -> int:
        """Return them."""
        return order.cookie & 0xFFFF


class TakesZeroForNone(Exhibit):
    """Takes the cookie 0 for a missing one."""

    def cookie_of(self, order: Order) -> int:
        """Return one of its own instead."""
        return order.cookie or _NO_COOKIE


class KeepsItsFirstCookie(Exhibit):
    """Answers every download under the cookie of the first."""

    _first: int | None = None

    def cookie_of(self, order: Order) -> int:
        """Return that one."""
        if self._first is None:
            self._first = order.cookie
        return self._first


class TakesTheLastCookie(Exhibit):
    """Is slow, and then answers under the cookie of whichever download came last."""

    _last = 0

    def take(self, order: Order) -> HRESULT | None:
        """Remember one cookie alone."""
        self._last = order.cookie
        return super().take(order)

    def work(self, order: Order) -> None:
        """Wait a while first."""
        self.pause(A_WHILE_S)
        super().work(order)

    def cookie_of(self, order: Order) -> int:
        """Return that one."""
        return self._last


class ResumesUnderOldCookies(Exhibit):
    """Is slow, and goes on after a restart with what its predecessor left unanswered."""

    def SetCallback(self, callback: ContentPartnerCallback | None) -> HRESULT | None:
        """Answer at once what was left."""
        returned = super().SetCallback(callback)
        left = [] if callback is None else sorted(self.context.data_dir.glob("*.order"))
        for file in left:
            tracks = tuple(map(int, file.read_text("ascii").split()))
            super().work(Order(0, int(file.stem), _NOTHING, tracks))
            file.unlink()
        return returned

    def take(self, order: Order) -> HRESULT | None:
        """Write it down."""
        self._file_of(order).write_text(" ".join(map(str, order.tracks)), "ascii")
        return super().take(order)

    def work(self, order: Order) -> None:
        """Wait a while first; strike it off at the end."""
        self.pause(A_WHILE_S)
        super().work(order)
        if not self.is_released.is_set():
            self._file_of(order).unlink(missing_ok=True)

    def _file_of(self, order: Order) -> Path:
        return self.context.data_dir / f"{order.cookie}.order"


class NamesThePlace(Exhibit):
    """Names the place of a track in the list in place of its ID."""

    def tell(
        self, order: Order, url: str | None, track_id: int, params: str | None, hr: HRESULT
    ) -> HRESULT:
        """Answer for the index."""
        return super().tell(order, url, order.tracks.index(track_id), params, hr)


class GrantsWithoutURL(Exhibit):
    """Grants a track and does not say where it is."""

    def url_of(self, track_id: int) -> str | None:
        """Return none."""
        return None


class GrantsARelativeURL(Exhibit):
    """Grants a track and gives the path alone."""

    def url_of(self, track_id: int) -> str | None:
        """Return it."""
        return f"/{track_id}.mp3"


# --- T1-DL-17, T1-DL-29: licences and words ------------------------------------------------------


class DeliversNoLicence(Exhibit):
    """Believes that unprotected files need none."""

    def deliver(self, track_id: int) -> HRESULT:
        """Do nothing."""
        return S_OK


class DeliversAfterTheAnswer(Exhibit):
    """Answers first, and delivers the licence then."""

    def grant(self, order: Order, track_id: int) -> HRESULT:
        """Do both, the wrong way round."""
        params = self.params_of(order, track_id)
        answered = self.tell(order, self.url_of(track_id), track_id, params, S_OK)
        self.deliver(track_id)
        return answered


class IgnoresTheLicenceStore(Exhibit):
    """Grants a track also where its licence could not be stored."""

    def deliver(self, track_id: int) -> HRESULT:
        """Deliver it, and look away."""
        super().deliver(track_id)
        return S_OK


class HasNoWords(Exhibit):
    """Cannot say what its own failure codes mean."""

    def words(self, info_name: str, code: HRESULT) -> Variant:
        """Fail.

        Raises:
            ComError: always.
        """
        raise ComError(E_INVALIDARG)


# --- T1-DL-35 to T1-DL-55 ------------------------------------------------------------------------


class AnswersAVoidDownload(Exhibit):
    """Returns a failure code from `Download`, and answers all the same."""

    def take(self, order: Order) -> HRESULT | None:
        """Begin, and say that it failed."""
        super().take(order)
        return E_FAIL if order.tracks else S_OK

    def work(self, order: Order) -> None:
        """Wait until the call is over."""
        self.pause(AFTER_THE_CALL_S)
        super().work(order)


class TakesNoListForAnEmptyOne(Exhibit):
    """Says S_OK to no list at all."""

    def Download(self, container_list: ContentContainerList | None, cookie: int) -> HRESULT | None:
        """Do nothing without a list."""
        return S_OK if container_list is None else super().Download(container_list, cookie)


class RefusesAnEmptyList(Exhibit):
    """Takes a list without tracks for a mistake."""

    def take(self, order: Order) -> HRESULT | None:
        """Begin, if there is something to do."""
        return super().take(order) if order.tracks else E_INVALIDARG


class GrantsToAnybody(Exhibit):
    """Grants tracks although nobody is signed in."""

    def refusal_of(self, track_id: int) -> HRESULT | None:
        """Return other reasons only."""
        return self.refusal_for_anybody(track_id)


class TriesAgain(Exhibit):
    """Repeats an answer that failed."""

    def answer(self, order: Order, track_id: int) -> HRESULT:
        """Answer, and again if that failed."""
        first = super().answer(order, track_id)
        return super().answer(order, track_id) if first.failed else first
