"""A plug-in in this process, on threads of its own.

`Apartment`: one thread, calls arrive one at a time in the order they were made (T1-THR-02).
`Free`: several threads, calls arrive concurrently (T1-THR-03). The event loop never runs plug-in
code and never waits for it without a deadline. A thread that does not come back cannot be ended:
its instance is given up (`dead`), and its callback is disconnected.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import anyio
from attrs import field, frozen

from partner_api.calls import Faulted, PartnerCall, Return
from partner_api.enums import ThreadingModel
from partner_api.hresult import RPC_E_SERVER_DIED_DNE, RPC_E_TIMEOUT
from partner_api.partner import ContentPartner
from partner_api.proxy import CallbackProxy
from partner_api.stub import FREE_THREADS, describe, invoke, trace_of
from player_host.errors import PartnerUnavailable, PlayerHostError, SettingsError
from player_host.log import get_logger
from player_host.plugins.instance import UNSEEN, Witness
from player_host.units import Seconds

_log = get_logger(__name__)


@frozen(eq=False)
class _Job:
    """A call on its way into the plug-in."""

    call: PartnerCall
    witness: Witness
    begun: Future[bool] = field(factory=Future)
    """Whether it is made; False: the instance was given up before its turn."""
    ended: Future[Return] = field(factory=Future)
    _ending: threading.Lock = field(factory=threading.Lock)

    def begin(self) -> bool:
        """Tell the caller that the call is made now; False if it is not."""
        if not self.begun.set_running_or_notify_cancel():
            return False
        try:
            self.witness.begun()
        except Exception as error:
            self.begun.set_exception(error)
            return False
        self.ended.set_running_or_notify_cancel()
        self.begun.set_result(True)
        return True

    def end(self, returned: Return) -> None:
        """Tell how the call ended; what comes later is not heard."""
        with self._ending:
            if not self.ended.done():
                self.witness.ended(returned)
                self.ended.set_result(returned)

    def refuse(self) -> None:
        """Tell the caller that the call is not made."""
        if self.begun.set_running_or_notify_cancel():
            self.begun.set_result(False)


def _tell(call: PartnerCall, error: BaseException) -> None:
    _log.info("partner.call_raised", method=call.method, trace=trace_of(error))


class Apartment:
    """One instance of a partner and the threads that serve it.

    Args:
        name: the partner's name, for the threads and the log.
        make: makes the plug-in object; it runs on the first of its threads, and so does whatever
            else of the plug-in's it needs. A SettingsError of it comes out as itself.
        model: how many threads.
        callback: what `SetCallback` passes.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], ContentPartner[Any]],
        model: ThreadingModel,
        callback: CallbackProxy,
    ) -> None:
        self.name = name
        self.callback = callback
        self.dead = False
        self._make = make
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._made: Future[ContentPartner[Any]] = Future()
        self._threads = FREE_THREADS if model is ThreadingModel.FREE else 1

    async def start(self, deadline: Seconds) -> None:
        """Make the plug-in object.

        Raises:
            PartnerUnavailable: its constructor raised, or missed the deadline.
            SettingsError: `make` found the plug-in's settings wrong.
        """
        for number in range(self._threads):
            # A daemon: a plug-in that hangs must not keep the player from ending.
            threading.Thread(
                target=self._serve, args=(number,), name=f"{self.name}-{number}", daemon=True
            ).start()
        with anyio.move_on_after(deadline):
            await asyncio.shield(asyncio.wrap_future(self._made))
            return
        raise self._unavailable(f"its constructor did not return within {deadline:g} s")

    async def call(self, call: PartnerCall, deadline: Seconds, witness: Witness = UNSEEN) -> Return:
        """Make one call and return how it ended; cancellation waits for the call's end.

        The deadline runs from the moment at which a thread takes the call: waiting for a call
        ahead, which has a deadline of its own, costs nothing.
        """
        if self.dead:
            return Faulted(RPC_E_SERVER_DIED_DNE, "the instance was given up earlier")
        job = _Job(call, witness)
        self._jobs.put(job)
        with anyio.CancelScope(shield=True):
            if not await asyncio.wrap_future(job.begun):
                why = "the instance was given up before the call"
                return Faulted(RPC_E_SERVER_DIED_DNE, why)
        try:
            with anyio.move_on_after(deadline, shield=True):
                return await asyncio.wrap_future(job.ended)
        except asyncio.CancelledError:
            # The task itself was cancelled, past the shield: others may wait behind this call.
            asyncio.get_running_loop().call_later(deadline, self._give_up_unless_ended, job)
            raise
        self.give_up()
        _log.warning("partner.deadline_missed", partner=self.name, method=call.method)
        job.end(Faulted(RPC_E_TIMEOUT, f"{call.method} did not return within {deadline:g} s"))
        return job.ended.result()

    def give_up(self) -> None:
        """Disconnect the instance, end the calls that wait, let its threads end when they can."""
        self.dead = True
        self.callback.disconnect()
        self._refuse_waiting()
        self.close()

    def close(self) -> None:
        """Let the threads end after the calls that are queued."""
        for _ in range(self._threads):
            self._jobs.put(None)

    def _serve(self, number: int) -> None:
        if number == 0:
            try:
                self._made.set_result(self._make())
            except SettingsError as error:
                self._made.set_exception(error)
                return
            except BaseException as error:
                self._made.set_exception(self._unavailable(describe(error)))
                return
        try:
            partner = self._made.result()
        except PlayerHostError:
            return
        while (job := self._jobs.get()) is not None:
            if self.dead:
                job.refuse()
            elif job.begin():
                job.end(invoke(partner, job.call, self.callback, _tell))

    def _refuse_waiting(self) -> None:
        with suppress(queue.Empty):
            while True:
                job = self._jobs.get_nowait()
                if job is not None:
                    job.refuse()

    def _give_up_unless_ended(self, job: _Job) -> None:
        if not job.ended.done():
            self.give_up()

    def _unavailable(self, why: str) -> PartnerUnavailable:
        return PartnerUnavailable(f"making the plug-in failed: {why}", where=f"partner {self.name}")
