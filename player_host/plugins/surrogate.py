"""A plug-in in a process of its own, as the Player sees it: the client of the wire.

One thread reads the wire. It answers the plug-in's calls, so that an answer never waits for the
event loop, and hands returns over to it. Whatever comes over the wire is foreign: what does not
fit ends the instance, and the Player goes on.
"""

import asyncio
import itertools
import queue
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, Final

import anyio
from attrs import frozen

from partner_api.calls import RETURN_OF, CallbackCall, Faulted, PartnerCall, Return
from partner_api.encoding import call_from_data, return_from_data
from partner_api.enums import ThreadingModel
from partner_api.hresult import (
    E_UNEXPECTED,
    RPC_E_CLIENT_CANTMARSHAL_DATA,
    RPC_E_INVALID_DATAPACKET,
    RPC_E_SERVER_DIED,
    RPC_E_SERVER_DIED_DNE,
    RPC_E_TIMEOUT,
)
from partner_api.service_info import CONTRACT_VERSION
from partner_api.structuring import MAX_PROBLEMS
from partner_api.stub import FREE_THREADS, presentable
from partner_api.surrogate.wire import (
    KINDS,
    WIRE_VERSION,
    Channel,
    Create,
    Created,
    Failed,
    Hello,
    Load,
    Loaded,
    LogLine,
    MessageTooLong,
    WireError,
    body_as,
    call_message,
    goodbye,
    message,
    return_message,
    service_info_from_data,
)
from player_host.errors import PartnerIncompatible, PartnerUnavailable
from player_host.log import get_logger
from player_host.plugins.child import start_child
from player_host.plugins.instance import LOST, UNSEEN, Description, Loss, Making, Witness
from player_host.plugins.output import OutputLog, Scrubber, texts_at
from player_host.plugins.port import InstancePort
from player_host.settings import PartnerSettings, settings_error
from player_host.units import Seconds

EXIT_GRACE: Final = Seconds(3.0)
"""For a process that was told to end."""

DYING_GRACE: Final = Seconds(1.0)
"""For a process that closed the wire."""

MOST_STRAYS: Final = 100
"""Returns of calls whose callers are gone, or which were never made."""

_log = get_logger(__name__)


@frozen(eq=False)
class _Pending:
    """A call that has no return yet."""

    call: PartnerCall
    witness: Witness
    returned: "asyncio.Future[Return]"


class Surrogate:
    """One plug-in in a process of its own; see `Instance`.

    Made on the event loop by `start_surrogate`.
    """

    description: Description

    def __init__(self, name: str, settings: PartnerSettings, scrubber: Scrubber) -> None:
        self._loss: Loss | None = None
        self._name = name
        self._settings = settings
        self._scrubber = scrubber
        self._output = OutputLog(name, scrubber)
        self._loop = asyncio.get_running_loop()
        self._reply: asyncio.Future[Any] = self._loop.create_future()
        self._awaits_reply = True
        self._stage = _STARTING
        self._gone = anyio.Event()
        self._numbers = itertools.count(1)
        self._pending: dict[int, _Pending] = {}
        self._turn = anyio.Semaphore(1, fast_acquire=True)
        self._lock = threading.Lock()
        self._closing = False
        self._strays = 0
        self._secrets: tuple[str, ...] = ()
        self._deferred: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._sender = threading.Thread(target=self._send, name=f"{name}-out", daemon=True)
        self._reader = threading.Thread(target=self._read, name=f"{name}-wire", daemon=True)
        self._port: InstancePort | None = None
        self._on_lost: Callable[[Loss], None] = lambda _loss: None

    @property
    def loss(self) -> Loss | None:
        """How it was lost; None while it is there."""
        return self._loss

    async def start(self) -> None:
        """Start the process and read its first message.

        Raises:
            PartnerUnavailable: it cannot be started, or says nothing in time.
            PartnerIncompatible: it speaks another version of the wire or of the contract.
        """
        # On the event loop, for some milliseconds: a thread's result is lost with its waiter.
        self._child, ends = start_child(self._name, self._settings.command, self._output)
        self._channel, self._answers = Channel(ends.wire), Channel(ends.answers)
        self._reader.start()
        self._sender.start()
        self._child.watch(self._exited)
        try:
            _check_versions(await self._replied("did not say hello"), self._name)
        except BaseException:
            self.give_up(Loss(RPC_E_SERVER_DIED_DNE, "it was not started"))
            raise

    async def load(self, reference: str | None, *, examine: bool) -> None:
        """Let it import the plug-in; `description` says what was found.

        Args:
            reference: the class as `module:attribute`; None for the entry point of that name.
            examine: whether the description is to hold the findings of an examination.

        Raises:
            PartnerUnavailable: there is no such plug-in, its import fails, or takes too long.
        """
        limit = self._settings.host.memory_limit_mib * 1024 * 1024
        self._awaits_reply, self._stage = True, _IMPORTING
        self._order(message(Load(self._name, reference, limit or None, examine)))
        loaded = await self._replied("was not imported")
        self.description = _description(loaded, self._name)
        self._secrets = loaded.secrets
        if self.description.service_info.threading_model is ThreadingModel.FREE:
            self._turn = anyio.Semaphore(FREE_THREADS, fast_acquire=True)

    async def create(self, making: Making, deadline: Seconds) -> None:
        """Make the plug-in object; see `Instance`."""
        self._port = making.port
        self._on_lost = making.on_lost
        self._learn(self._secrets, making)
        try:
            data = message(Create(dict(making.table), str(making.data_dir), making.log_level))
        except (MessageTooLong, TypeError, ValueError) as error:
            problem = f"the table cannot be sent: {error}"
            raise settings_error((problem,), where=making.where) from None
        self._awaits_reply, self._stage = True, _MAKING
        self._order(data)
        created = await self._replied("was not made", deadline, where=making.where)
        if not isinstance(created, Created):
            raise self._unavailable("its process answered out of turn")
        self._learn(created.secrets, making)

    async def call(self, call: PartnerCall, deadline: Seconds, witness: Witness = UNSEEN) -> Return:
        """Make one call; see `Instance`."""
        with anyio.CancelScope(shield=True):
            await self._turn.acquire()
            try:
                returned = await self._call(call, deadline, witness)
            finally:
                self._turn.release()
        return returned

    def give_up(self, loss: Loss) -> None:
        """End the process, and its calls with it, at once; any thread may call."""
        self._lose(loss)
        self._child.kill()

    async def close(self) -> None:
        """Say goodbye, and wait for the end of the process; after a grace, bring it about."""
        self._closing = True
        self._disconnect()
        self._order(goodbye())
        try:
            with anyio.CancelScope(shield=True):
                with anyio.move_on_after(EXIT_GRACE):
                    await self._gone.wait()
                    return
                _log.warning("partner.did_not_end", partner=self._name, after_s=EXIT_GRACE)
                self._child.kill()
                await self._gone.wait()
        except BaseException:
            self._child.kill()
            raise

    # --- on the event loop ---

    async def _call(self, call: PartnerCall, deadline: Seconds, witness: Witness) -> Return:
        if self._loss is not None:
            return Faulted(RPC_E_SERVER_DIED_DNE, self._loss.reason)
        number = next(self._numbers)
        try:
            data = call_message(number, call)
        except MessageTooLong as error:
            return Faulted(RPC_E_CLIENT_CANTMARSHAL_DATA, str(error))
        witness.begun()
        pending = self._pending[number] = _Pending(call, witness, self._loop.create_future())
        self._order(data)
        late = self._loop.call_later(deadline, self._miss_deadline, number, deadline)
        # Where the task itself is cancelled, past the shield, the deadline is still kept: others
        # may wait behind this call.
        returned = await pending.returned
        late.cancel()
        return returned

    def _miss_deadline(self, number: int, deadline: Seconds) -> None:
        """End the instance, unless the call has returned meanwhile."""
        pending = self._pending.pop(number, None)
        if pending is None:
            return
        method = pending.call.method
        _log.warning("partner.deadline_missed", partner=self._name, method=method)
        loss = Loss(RPC_E_TIMEOUT, f"{method} did not return within {deadline:g} s")
        self.give_up(loss)
        self._see_end(pending, Faulted(loss.hr, loss.reason))

    def _order(self, data: bytes) -> None:
        with suppress(OSError):  # the thread that reads notices it, and says how it ended
            self._channel.send_or_defer(data, self._deferred.put)

    async def _replied(self, what: str, deadline: Seconds | None = None, *, where: str = "") -> Any:
        """Wait for the answer to an order; `what` is the complaint if it does not come."""
        if self._loss is not None:
            raise self._unavailable(*_explained(self._loss.reason, self._stage, self._settings))
        deadline = deadline or self._settings.host.load_deadline
        with anyio.move_on_after(deadline):
            reply = await asyncio.shield(self._reply)
            self._reply = self._loop.create_future()
            if isinstance(reply, Failed):
                raise self._failure(reply, where)
            return reply
        self.give_up(Loss(RPC_E_TIMEOUT, f"it {what} within {deadline:g} s"))
        await asyncio.sleep(0)  # the session hears of the loss before its books are closed
        raise self._unavailable(
            f"it {what} within {deadline:g} s", "Mend it, or raise the deadline in partners.toml"
        )

    def _unavailable(self, what: str, remedy: str = "") -> PartnerUnavailable:
        what = self._scrubber.scrub(what)
        return PartnerUnavailable(what, where=f"partner {self._name}", remedy=remedy)

    def _failure(self, failed: Failed, where: str) -> Exception:
        problems = failed.problems[:MAX_PROBLEMS]
        if failed.stage == "settings":
            return settings_error(map(self._clean, problems), where=where)
        what = "; ".join(map(self._clean, problems))
        if failed.stage == "create":
            what = f"making the plug-in failed: {what}"
        unavailable = self._unavailable(what, self._clean(failed.advice))
        unavailable.findings = failed.findings
        return unavailable

    def _clean(self, words: str) -> str:
        return presentable(self._scrubber.scrub(words))

    def _learn(self, names: Iterable[str], making: Making) -> None:
        """Let the scrubber know the values of secret settings."""
        for name in names:
            self._scrubber.learn(texts_at(making.table, name))

    def _tell_loss(self, loss: Loss, is_unexpected: bool) -> None:
        """Tell the session, unless it is closing the instance, and then everybody who waits."""
        try:
            if is_unexpected:
                self._on_lost(loss)
        finally:
            self._end_waiting(loss)

    def _end_waiting(self, loss: Loss) -> None:
        for number in list(self._pending):
            # Whoever takes it out ends it: the thread that reads may be about to.
            pending = self._pending.pop(number, None)
            if pending is not None:
                self._see_end(pending, Faulted(loss.hr, loss.reason))
        if not self._reply.done():
            self._reply.set_exception(
                self._unavailable(*_explained(loss.reason, self._stage, self._settings))
            )
            self._reply.exception()  # nobody may be waiting: it need not be reported

    # --- on the thread that reads the wire, and on that which waits for the process ---

    def _send(self) -> None:
        """Send what would have kept the event loop waiting; a thread of its own."""
        while (sending := self._deferred.get()) is not None:
            with suppress(OSError):
                sending()

    def _read(self) -> None:
        loss: Loss | None = None
        try:
            while (received := self._channel.receive()) is not None:
                self._take(*received)
        except WireError as error:
            loss = Loss(RPC_E_INVALID_DATAPACKET, f"its process sent {error}")
        except OSError:
            pass  # gone while it was answered
        except Exception as error:
            _log.error("partner.wire_failed", partner=self._name, exc_info=error)
            loss = Loss(RPC_E_INVALID_DATAPACKET, "what its process sent could not be handled")
        self._channel.close_reading()
        if loss is not None:
            self._lose(loss)
            self._child.kill()
        self._child.wait(EXIT_GRACE if self._closing else DYING_GRACE)

    def _take(self, kind: str, body: Any) -> None:
        """Handle one message."""
        if kind == "call":
            self._answer(body)
        elif kind == "return":
            self._return(body)
        elif kind == "log":
            line = body_as(LogLine, body)
            self._output.logged(line.level, line.text)
        elif kind in _REPLIES:
            self._take_reply(kind, body)
        else:
            raise WireError(f"a message of the unknown kind {kind[:40]!r}")

    def _take_reply(self, kind: str, body: Any) -> None:
        if not self._awaits_reply:
            raise WireError(f"{kind} out of turn")
        self._awaits_reply = False
        self._on_loop(self._reply_with, body_as(KINDS[kind], body))

    def _answer(self, body: Any) -> None:
        try:
            number, call = _number(body["id"]), call_from_data(body["name"], body["arguments"])
        except Exception as error:
            raise WireError(f"a call that is none: {error!r}"[:500]) from error
        if not isinstance(call, CallbackCall) or self._port is None:
            raise WireError(f"a call of {call.method}, which is not for the player, or too early")
        returned = self._port.receive(call)
        try:
            data = return_message(number, returned)
        except MessageTooLong:
            data = return_message(number, Return(E_UNEXPECTED))
        self._answers.send(data)

    def _return(self, body: Any) -> None:
        try:
            number, returned = _number(body["id"]), return_from_data(body["name"], body["values"])
        except Exception as error:
            raise WireError(f"a return that is none: {error!r}"[:500]) from error
        # Taken out here: a flood of returns must not reach the event loop.
        pending = self._pending.pop(number, None)
        if pending is not None:
            returned = _fitting(pending.call, returned)
            pending.witness.ended(returned)
            self._on_loop(self._end_call, pending, returned)
            return
        self._strays += 1
        if self._strays > MOST_STRAYS:
            raise WireError("returns that nobody waits for")

    def _see_end(self, pending: _Pending, returned: Return) -> None:
        pending.witness.ended(returned)
        self._end_call(pending, returned)

    def _end_call(self, pending: _Pending, returned: Return) -> None:
        if not pending.returned.done():
            pending.returned.set_result(returned)

    def _reply_with(self, reply: object) -> None:
        if not self._reply.done():
            self._reply.set_result(reply)

    def _exited(self) -> None:
        """Take note of the end of the process: nothing of it is left."""
        words = self._output.last_words()
        said = f"; its last words: {words}" if words else ""
        self._lose(Loss(RPC_E_SERVER_DIED, f"its process {self._child.ending()}{said}"))
        self._channel.close()
        self._answers.close()
        self._answers.close_reading()
        self._reader.join()
        self._deferred.put(None)
        self._on_loop(self._gone.set)

    def _lose(self, loss: Loss) -> None:
        with self._lock:
            if self._loss is not None:
                return
            self._loss = loss
        self._disconnect()
        self._on_loop(self._tell_loss, loss, not self._closing)

    def _disconnect(self) -> None:
        if self._port is not None:
            self._port.disconnect()

    def _on_loop(self, callback: Callable[..., object], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            self._loop.call_soon_threadsafe(partial(callback, *arguments))


async def start_surrogate(
    name: str,
    settings: PartnerSettings,
    *,
    reference: str | None,
    examine: bool = False,
    scrubber: Scrubber | None = None,
) -> Surrogate:
    """Start a process and let it import a plug-in.

    Args:
        name: of the plug-in.
        settings: how the host treats it.
        reference: its class as `module:attribute`; None for the entry point of that name.
        examine: whether the description is to hold the findings of an examination.
        scrubber: takes secrets out of what it prints.

    Raises:
        PartnerUnavailable: it cannot be started, or its import fails; nothing of it is left.
        PartnerIncompatible: it speaks another version.
    """
    surrogate = Surrogate(name, settings, scrubber or Scrubber(settings.from_environment))
    await surrogate.start()
    try:
        await surrogate.load(reference, examine=examine)
    except BaseException:
        surrogate.give_up(Loss(RPC_E_SERVER_DIED_DNE, "it was not loaded"))
        raise
    return surrogate


def _number(value: object) -> int:
    if type(value) is not int:
        raise TypeError("the id of a call is a whole number")
    return value


_STARTING: Final = "before it said hello"
_IMPORTING: Final = "while it was imported"
_MAKING: Final = "while the plug-in was made"
_ADVICE: Final = {
    _STARTING: "Mend interpreter or surrogate in its table of partners.toml",
    _IMPORTING: "Import it by hand, with {command}, to see more",
    _MAKING: "Mend its constructor; `--in-process` lets a debugger into it",
}
"""What to do about a process that ended too early, by what it was doing."""

_REPLIES: Final = frozenset({"hello", "loaded", "created", "failed"})


def _check_versions(hello: Any, name: str) -> None:
    if not isinstance(hello, Hello):
        raise PartnerUnavailable("its process did not begin with hello", where=f"partner {name}")
    for what, theirs, ours in (
        ("wire", hello.wire, WIRE_VERSION),
        ("contract", hello.contract, CONTRACT_VERSION),
    ):
        if theirs != ours:
            older = "the player" if theirs > ours else "the surrogate"
            raise PartnerIncompatible(
                f"its surrogate speaks version {theirs} of the {what}, the player version {ours}:"
                f" {older} is older",
                where=f"partner {name}",
                remedy="Update " + ("the player" if theirs > ours else "partner_api where it runs"),
            )


def _description(loaded: Any, name: str) -> Description:
    if not isinstance(loaded, Loaded):
        raise PartnerUnavailable("its process answered out of turn", where=f"partner {name}")
    try:
        info = service_info_from_data(loaded.service_info)
    except WireError as error:
        raise PartnerUnavailable(
            f"its process sent {error}",
            where=f"partner {name}",
            remedy="Mend the ServiceInfo that its surrogate sends",
        ) from error
    return Description(
        loaded.reference, info, loaded.distribution, loaded.version, loaded.methods, loaded.findings
    )


def _explained(reason: str, stage: str, settings: PartnerSettings) -> tuple[str, str]:
    """Return what is wrong with a process that ended before it was ready, and what to do."""
    if "No module named" in reason and "partner_api" in reason:
        return (
            f"the interpreter {settings.command[0]} has no partner_api",
            "Install content-partner into its environment",
        )
    return f"{reason} ({stage})", _ADVICE[stage].format(command=settings.command[0])


def _fitting(call: PartnerCall, returned: Return) -> Return:
    """Return how a call ended, as its record may end; a plug-in cannot claim its own loss."""
    if isinstance(returned, Faulted):
        believable = returned.hr.failed and returned.hr not in LOST
        return Faulted(returned.hr if believable else E_UNEXPECTED, presentable(returned.reason))
    expected = RETURN_OF.get(type(call), Return)
    with_values = expected is not Return
    if type(returned) is expected and not (with_values and returned.hr.failed):
        return returned
    if type(returned) is Return and returned.hr.failed:
        return returned
    return Faulted(
        E_UNEXPECTED, f"{call.method} ended with {type(returned).__name__}, {returned.hr.name}"
    )
