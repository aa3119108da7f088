"""The plug-in's worker: answers the tracks of one order after another on its own thread.

For each batch of tracks it asks the store, then for each track delivers the licence and calls
`DownloadTrack`, in this order (T1-DL-17), exactly once per track (T1-DL-07).
"""

import logging
import queue
import threading
from collections.abc import Callable, Iterator

from attrs import frozen

from partner_api import HRESULT, S_OK, ContentPartnerCallback, License
from sample_partners.proseware.failures import (
    LICENSE_NOT_DELIVERED,
    STORE_UNAVAILABLE,
    UNKNOWN_TRACK,
    StoreFailure,
)
from sample_partners.proseware.journal import Journal
from sample_partners.proseware.store_client import TRACKS_PER_REQUEST, Decision, StoreClient


@frozen
class Order:
    """One `Download` call: its cookie, and each of its tracks once, in the list's order."""

    cookie: int
    track_ids: tuple[int, ...]

    def batches(self) -> Iterator[tuple[int, ...]]:
        """Return the tracks in groups of one request to the store."""
        for start in range(0, len(self.track_ids), TRACKS_PER_REQUEST):
            yield self.track_ids[start : start + TRACKS_PER_REQUEST]


def params_of(cookie: int) -> str:
    """Return the private text that tells a completion which order it belongs to (T1-DL-24)."""
    return f"order={cookie}"


def cookie_of(params: str | None) -> int | None:
    """Return the cookie in such a text, or None if it is of another form."""
    name, _, number = (params or "").partition("=")
    return int(number) if name == "order" and number.isascii() and number.isdigit() else None


class OrderDesk:
    """Takes orders at once and works through them on a thread of its own.

    Args:
        client: the way to the store; closed when the desk's thread ends.
        callback: the Player; not called after `close`.
        deliver: puts a licence into the Player's licence store.
        journal: notes the calls to the Player.
        log: for what nobody else hears of.
    """

    def __init__(
        self,
        client: StoreClient,
        callback: ContentPartnerCallback,
        deliver: Callable[[License], HRESULT],
        journal: Journal,
        log: logging.Logger,
    ) -> None:
        self._client = client
        self._callback = callback
        self._deliver = deliver
        self._journal = journal
        self._log = log
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proseware-orders", daemon=True)
        self._thread.start()

    def place(self, order: Order) -> None:
        """Take an order; returns at once (T1-DL-06)."""
        self._orders.put(order)

    def close(self, deadline_s: float) -> None:
        """Stop after the present track and wait for it, at most this long (T1-LIFE-04)."""
        self._closing.set()
        self._orders.put(None)
        self._thread.join(deadline_s)

    def _run(self) -> None:
        try:
            while (order := self._orders.get()) is not None:
                self._work_through(order)
        finally:
            self._client.close()

    def _work_through(self, order: Order) -> None:
        failure: HRESULT | None = None
        for batch in order.batches():
            if self._closing.is_set():
                return
            # A store that could not be asked once holds the user up no further.
            decisions = self._decisions(batch) if failure is None else failure
            failure = decisions if isinstance(decisions, HRESULT) else None
            self._answer_batch(order.cookie, batch, decisions)

    def _decisions(self, track_ids: tuple[int, ...]) -> dict[int, Decision] | HRESULT:
        try:
            return self._client.decisions(track_ids)
        except StoreFailure as failure:
            self._log.warning("store not asked: %s", failure)
            return failure.hr
        except Exception:
            # The tracks are owed an answer whatever went wrong here.
            self._log.exception("store not asked")
            return STORE_UNAVAILABLE

    def _answer_batch(
        self, cookie: int, track_ids: tuple[int, ...], decisions: dict[int, Decision] | HRESULT
    ) -> None:
        for track_id in track_ids:
            if self._closing.is_set():
                return
            if isinstance(decisions, HRESULT):
                self._refuse(cookie, track_id, decisions)
            else:
                self._answer(cookie, track_id, decisions.get(track_id))

    def _answer(self, cookie: int, track_id: int, decision: Decision | None) -> None:
        if decision is None:
            return self._refuse(cookie, track_id, UNKNOWN_TRACK)
        if not decision.granted:
            return self._refuse(cookie, track_id, decision.failure)
        if not self._is_delivered(decision):
            return self._refuse(cookie, track_id, LICENSE_NOT_DELIVERED)
        return self._download_track(cookie, decision.url, track_id, S_OK)

    def _is_delivered(self, decision: Decision) -> bool:
        try:
            return self._deliver(decision.license).succeeded
        except Exception:
            self._log.exception("licence of track %d not delivered", decision.track_id)
            return False

    def _refuse(self, cookie: int, track_id: int, hr: HRESULT) -> None:
        self._download_track(cookie, "", track_id, hr)

    def _download_track(self, cookie: int, url: str, track_id: int, hr: HRESULT) -> None:
        try:
            answer = self._journal.call(
                "DownloadTrack",
                self._callback.DownloadTrack,
                cookie=cookie,
                url=url,
                track_id=track_id,
                params=params_of(cookie),
                hr=hr,
            )
        except Exception:
            self._log.exception("track %d of order %d not answered", track_id, cookie)
            return
        if answer.failed:
            # The Player will not download it, and asking again would not help (T1-DL-55).
            self._log.info("track %d of order %d: the Player says %s", track_id, cookie, answer)
