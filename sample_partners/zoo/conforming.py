"""Exhibits that are odd, and break nothing: a kit that complains of one of them is wrong."""

import asyncio
import itertools
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from queue import Empty
from typing import Final

from attrs import evolve

from partner_api import (
    E_FAIL,
    HRESULT,
    S_FALSE,
    S_OK,
    CallbackNotification,
    CatalogURL,
    ComError,
    ContentPartnerCallback,
    PartnerContext,
    ThreadingModel,
    Variant,
)
from sample_partners.zoo.base import NOT_LICENSED, REQUIRES_PURCHASE, STORE_URL, Exhibit, Order

SUCCESS_CODES: Final = (
    S_OK,
    S_FALSE,
    HRESULT(0x0004_0000),
    HRESULT.named("NS_S_TRACK_ALREADY_DOWNLOADED"),
    HRESULT(0x7FFF_FFFF),
)
LONGEST_PARAMS: Final = "\N{BEAMED EIGHTH NOTES}" * (512 * 1024)
"""1 MiB of UTF-16, to the byte."""

_AT_ONCE: Final = 16
"""So many tracks are answered within `Download`, where it still returns at once (T1-DL-06)."""

_THREADS: Final = 16
_BATCH: Final = 10
_SLOW_ANSWERS: Final = 5
_SLOW_ANSWER_S: Final = 0.2
_CLOSING_DEADLINE_S: Final = 4.0
_NEW_VERSION: Final = 20_061_101


class AnswersInDownload(Exhibit):
    """Answers while the Player waits in `Download`, as far as that is quick (T1-DL-28)."""

    def take(self, order: Order) -> HRESULT | None:
        """Answer the first tracks here; the worker gets the others."""
        self.work(evolve(order, tracks=order.tracks[:_AT_ONCE]))
        return super().take(evolve(order, tracks=order.tracks[_AT_ONCE:]))


class AnswersBeforeItReturns(Exhibit):
    """Waits in `Download` until a thread of its own has answered (T1-DL-28)."""

    def take(self, order: Order) -> HRESULT | None:
        """Wait for the first tracks; the worker gets the others."""
        first = evolve(order, tracks=order.tracks[:_AT_ONCE])
        thread = threading.Thread(target=self.work, args=(first,), daemon=True)
        thread.start()
        thread.join()
        return super().take(evolve(order, tracks=order.tracks[_AT_ONCE:]))


class AnswersFromSixteenThreads(Exhibit):
    """Answers the tracks of a list on as many threads as it has (T1-THR-05)."""

    def work(self, order: Order) -> None:
        """Let each thread answer its share."""
        shares = [evolve(order, tracks=order.tracks[n::_THREADS]) for n in range(_THREADS)]
        threads = [
            threading.Thread(target=super(AnswersFromSixteenThreads, self).work, args=(share,))
            for share in shares
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


class HasAThreadForEachOrder(Exhibit):
    """Answers each download on a thread of its own, all at the same time."""

    def __init__(self, context: PartnerContext[Exhibit.Settings]) -> None:
        super().__init__(context)
        self._threads: list[threading.Thread] = []

    def take(self, order: Order) -> HRESULT | None:
        """Start the thread."""
        thread = threading.Thread(target=self.work, args=(order,), daemon=True)
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()
        return S_OK

    def stop(self) -> None:
        """Wait for them all."""
        super().stop()
        for thread in self._threads:
            thread.join(_CLOSING_DEADLINE_S)


class AnswersInReverse(Exhibit):
    """Answers the last track first (T1-DL-40)."""

    def sequence(self, order: Order) -> Iterable[int]:
        """Return them backwards."""
        return reversed(order.tracks)


class InterleavesItsOrders(Exhibit):
    """Answers one track of each open download in turn (T1-DL-30)."""

    def serve(self) -> None:
        """Take the open orders in turn, until the end."""
        in_turn: deque[tuple[Order, Iterator[int]]] = deque()
        while True:
            with suppress(Empty):
                order = self.orders.get(block=not in_turn)
                self.orders.task_done()
                if order is None:
                    return
                in_turn.append((order, iter(order.tracks)))
            if self.is_released.is_set():
                in_turn.clear()
            elif in_turn:
                self._answer_one(in_turn)

    def _answer_one(self, in_turn: deque[tuple[Order, Iterator[int]]]) -> None:
        order, tracks = in_turn.popleft()
        track_id = next(tracks, None)
        if track_id is not None:
            self.answer(order, track_id)
            in_turn.append((order, tracks))


class TakesItsTime(Exhibit):
    """Is very slow with its first answers."""

    def __init__(self, context: PartnerContext[Exhibit.Settings]) -> None:
        super().__init__(context)
        self._slow_answers = itertools.repeat(_SLOW_ANSWER_S, _SLOW_ANSWERS)

    def answer(self, order: Order, track_id: int) -> HRESULT:
        """Answer after a pause."""
        self.pause(next(self._slow_answers, 0.0))
        return S_OK if self.is_released.is_set() else super().answer(order, track_id)


class SendsTheLongestParams(Exhibit):
    """Has a megabyte to say about the first track of a list (T1-DL-13)."""

    def params_of(self, order: Order, track_id: int) -> str | None:
        """Return all of it, once."""
        if track_id == order.tracks[0]:
            return LONGEST_PARAMS
        return super().params_of(order, track_id)


class GrantsWithoutParams(Exhibit):
    """Has nothing to say about its tracks (T1-DL-13)."""

    def params_of(self, order: Order, track_id: int) -> str | None:
        """Return nothing."""
        return None


class GrantsWithEverySuccessCode(Exhibit):
    """Grants with S_OK, S_FALSE and others, as any success code orders a download (T1-DL-14)."""

    def __init__(self, context: PartnerContext[Exhibit.Settings]) -> None:
        super().__init__(context)
        self._codes = itertools.cycle(SUCCESS_CODES)

    def tell(
        self, order: Order, url: str | None, track_id: int, params: str | None, hr: HRESULT
    ) -> HRESULT:
        """Answer with the next one."""
        code = next(self._codes) if hr.succeeded else hr
        return super().tell(order, url, track_id, params, code)


class AnswersInBatches(Exhibit):
    """Delivers the licences of several tracks, and answers these then."""

    def work(self, order: Order) -> None:
        """Take one batch after the other."""
        for start in range(0, len(order.tracks), _BATCH):
            batch = order.tracks[start : start + _BATCH]
            refusals = {track_id: self._prepare(track_id) for track_id in batch}
            for track_id, refusal in refusals.items():
                if self.is_released.is_set():
                    return
                self._finish(order, track_id, refusal)

    def _prepare(self, track_id: int) -> HRESULT | None:
        refusal = self.refusal_of(track_id)
        if refusal is None and self.deliver(track_id).failed:
            return NOT_LICENSED
        return refusal

    def _finish(self, order: Order, track_id: int, refusal: HRESULT | None) -> None:
        if refusal is not None:
            self.refuse(order, track_id, refusal)
            return
        params = self.params_of(order, track_id)
        self.tell(order, self.url_of(track_id), track_id, params, S_OK)


class AnswersEachOccurrence(Exhibit):
    """Answers a track as often as it is listed (T1-DL-39), but none again that failed."""

    def work(self, order: Order) -> None:
        """Answer item after item."""
        failed: set[int] = set()
        for item in itertools.chain.from_iterable(order.container_list):
            if self.is_released.is_set():
                return
            if item.id not in failed and self.answer(order, item.id).failed:
                failed.add(item.id)


class ConnectsLate(Exhibit):
    """Does nothing before its first order, and then asks for the library first of all."""

    def start(self) -> None:
        """Wait for an order."""

    def take(self, order: Order) -> HRESULT | None:
        """Start the worker that there is not yet."""
        super().start()
        return super().take(order)

    def serve(self) -> None:
        """Ask, then work."""
        if self.callback is not None:
            with suppress(ComError):
                self.callback.GetContentIDsInLibrary()
        super().serve()


class RestartsItsWorker(Exhibit):
    """Lets its worker go when there is nothing to do, and takes on another for the next order."""

    def __init__(self, context: PartnerContext[Exhibit.Settings]) -> None:
        super().__init__(context)
        self._turn = threading.Lock()

    def start(self) -> None:
        """Wait for an order."""

    def take(self, order: Order) -> HRESULT | None:
        """Take on a worker, if there is none."""
        with self._turn:
            self.orders.put(order)
            if self._worker is None:
                super().start()
        return S_OK

    def serve(self) -> None:
        """Work while there are orders."""
        while (order := self._next()) is not None:
            self.work(order)
            self.orders.task_done()

    def _next(self) -> Order | None:
        with self._turn:
            while not self.orders.empty():
                order = self.orders.get()
                if order is not None:
                    return order
                self.orders.task_done()
            self._worker = None
            return None


class IsDrivenByAGenerator(Exhibit):
    """Has its answers in a generator that somebody else drives."""

    def work(self, order: Order) -> None:
        """Drive it, until the callback is released."""
        for _ in self._answers(order):
            if self.is_released.is_set():
                return

    def _answers(self, order: Order) -> Iterator[HRESULT]:
        for track_id in order.tracks:
            yield self.answer(order, track_id)


class RunsAnEventLoop(Exhibit):
    """Is written with asyncio, and answers from the threads of its loop."""

    def work(self, order: Order) -> None:
        """Run a loop for the order."""
        asyncio.run(self._work(order))

    async def _work(self, order: Order) -> None:
        await asyncio.gather(*(self._answer(order, track_id) for track_id in order.tracks))

    async def _answer(self, order: Order, track_id: int) -> None:
        if not self.is_released.is_set():
            await asyncio.to_thread(self.answer, order, track_id)


class TakesCallsAtOnce(Exhibit, threading_model=ThreadingModel.FREE):
    """Takes several calls at the same time, and bears it (T1-THR-03)."""


class TalksInSetCallback(Exhibit):
    """Calls the Player while the Player waits in `SetCallback` (T1-THR-05)."""

    def SetCallback(self, callback: ContentPartnerCallback | None) -> HRESULT | None:
        """Ask and tell before it returns."""
        returned = super().SetCallback(callback)
        if callback is not None:
            callback.GetCatalogVersion()
            callback.GetContentIDsInLibrary()
            callback.Notify(CallbackNotification.NEW_CATALOG_AVAILABLE, Variant.empty())
        return returned


class RefusesEverything(Exhibit):
    """Grants nothing to anybody (T1-DL-08)."""

    def refusal_of(self, track_id: int) -> HRESULT | None:
        """Return the same reason always."""
        return REQUIRES_PURCHASE


class ComplainsOfCompletions(Exhibit):
    """Answers completions with a failure code, and means that it has heard (T1-DL-42)."""

    def DownloadTrackComplete(
        self, hr: HRESULT, track_id: int, params: str | None
    ) -> HRESULT | None:
        """Complain."""
        return E_FAIL


class HasANewCatalogue(Exhibit):
    """Has another catalogue than the Player, with its version in the path (T1-CAT-09)."""

    def GetCatalogURL(
        self, catalog_version: int, catalog_schema_version: int, catalog_lcid: int
    ) -> CatalogURL:
        """Return it."""
        nothing_new = super().GetCatalogURL(catalog_version, catalog_schema_version, catalog_lcid)
        url = f"{STORE_URL}/{_NEW_VERSION}/catalog.wmdb.lz"
        return evolve(nothing_new, new_version=_NEW_VERSION, url=url)
