"""Calls of the Player into the plug-in, and calls of the plug-in into the Player.

The plug-in object lives on the main thread of its process; with `ThreadingModel.FREE` three
threads more serve it (T1-THR-02, T1-THR-03). A thread of the plug-in that calls the Player reads
the answer itself.
"""

import itertools
import os
import sys
import threading
from logging import ERROR, INFO, Handler, LogRecord
from typing import Any, Final, NoReturn

from partner_api.calls import CallbackCall, Faulted, Malformed, PartnerCall, Return
from partner_api.encoding import call_from_data, return_from_data
from partner_api.hresult import (
    E_INVALIDARG,
    E_OUTOFMEMORY,
    E_UNEXPECTED,
    RPC_E_CALL_REJECTED,
    RPC_E_DISCONNECTED,
    RPC_E_SERVER_CANTMARSHAL_DATA,
)
from partner_api.partner import ContentPartner
from partner_api.proxy import CallbackProxy
from partner_api.stub import describe, invoke, trace_of
from partner_api.surrogate.ending import (
    STATUS_OUT_OF_MEMORY,
    STATUS_WIRE_BROKEN,
    STATUS_WITHOUT_PLAYER,
    end_at_once,
)
from partner_api.surrogate.loading import place_of
from partner_api.surrogate.wire import (
    Channel,
    LogLine,
    MessageTooLong,
    WireError,
    call_message,
    message,
    return_message,
)

MAX_LOG_CHARACTERS: Final = 8_000


class WirePort:
    """The Player, as the callback of the plug-in sees it.

    One thread of the plug-in at a time has a call under way, for the Player answers them one
    after the other; it reads the answer itself.
    """

    def __init__(self, wire: Channel, answers: Channel) -> None:
        self._wire = wire
        self._answers = answers
        self._numbers = itertools.count(1)
        self._process_id = os.getpid()
        self._turn = threading.Lock()
        self._caller: int | None = None

    def receive(self, call: CallbackCall) -> Return:
        """Send a call and wait for its answer, on a thread of the plug-in.

        The process ends with the wire, so that nobody waits in vain.

        Returns:
            The Player's answer. RPC_E_DISCONNECTED in a process that the plug-in forked: it has
            no Player. RPC_E_CALL_REJECTED in a signal handler or a finalizer that interrupted
            the same thread while it waits here: the first answer has to be read first.
        """
        if os.getpid() != self._process_id:
            return Return(RPC_E_DISCONNECTED)
        if self._caller == threading.get_ident():
            return Return(RPC_E_CALL_REJECTED)
        number = next(self._numbers)
        try:
            data = call_message(number, call)
        except MessageTooLong as error:
            self.receive(Malformed(type(call).__name__, str(error)))
            return Return(E_INVALIDARG)
        with self._turn:
            self._caller = threading.get_ident()
            try:
                self._wire.send(data)
                return self._answer(number)
            finally:
                self._caller = None

    def _answer(self, number: int) -> Return:
        while True:
            _, body = take(self._answers)
            # Before it may come that of a call whose waiting a signal handler has ended.
            if body["id"] == number:
                return _returned(body)


def take(channel: Channel) -> tuple[str, Any]:
    """Wait for the next message; the process ends where none will come."""
    try:
        received = channel.receive()
    except MemoryError:
        end_at_once(STATUS_OUT_OF_MEMORY)
    except WireError as error:
        _end_broken(error)
    if received is None:
        end_at_once(STATUS_WITHOUT_PLAYER)
    return received


def _returned(body: Any) -> Return:
    try:
        return return_from_data(body["name"], body["values"])
    except Exception as error:
        _end_broken(error)


def _end_broken(error: Exception) -> NoReturn:
    print(f"the wire broke: {error!r}"[:500], file=sys.stderr)  # noqa: T201
    end_at_once(STATUS_WIRE_BROKEN)


class PartnerServer:
    """Makes the calls of the Player into one plug-in object, and answers them."""

    def __init__(
        self, partner: ContentPartner[Any], callback: CallbackProxy, channel: Channel
    ) -> None:
        self._partner = partner
        self._callback = callback
        self._channel = channel

    def serve(self, body: dict[str, Any]) -> None:
        """Make one call, on the thread that it is for."""
        call = call_from_data(body["name"], body["arguments"])
        assert isinstance(call, PartnerCall)
        returned = invoke(self._partner, call, self._callback, on_fault=self._tell)
        self._channel.send(_return_data(body["id"], call, returned))

    def _tell(self, call: PartnerCall, error: BaseException) -> None:
        log_line(self._channel, INFO, f"{call.method} raised\n{trace_of(error)}")


def _return_data(number: int, call: PartnerCall, returned: Return) -> bytes:
    """Return the message that ends a call; one that cannot be made says so to the Player."""
    try:
        return return_message(number, returned)
    except MessageTooLong as error:
        fault = Faulted(RPC_E_SERVER_CANTMARSHAL_DATA, f"{call.method} returned {error}")
    except MemoryError:
        fault = Faulted(E_OUTOFMEMORY, f"{call.method} returned more than memory holds")
    except Exception as error:
        # An object of the plug-in's own can pass for a value until somebody looks into it.
        why = f"{call.method} returned what no message holds: {describe(error)}"
        fault = Faulted(E_UNEXPECTED, why)
    return return_message(number, fault)


class WireHandler(Handler):
    """Sends what the plug-in logs."""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel

    def emit(self, record: LogRecord) -> None:
        """Send one line; called on any thread."""
        try:
            log_line(self._channel, record.levelno, self.format(record))
        except Exception:
            self.handleError(record)


def tell_dead_threads(channel: Channel) -> None:
    """Let the Player's log say which thread of the plug-in an exception has ended."""

    def died(fault: threading.ExceptHookArgs) -> None:
        if fault.exc_value is None or isinstance(fault.exc_value, SystemExit):
            return
        name = fault.thread.name if fault.thread else "unknown"
        # The words of an exception may hold what a log must not: its type and place are enough.
        what = f"{fault.exc_type.__name__}{place_of(fault.exc_value)}"
        log_line(channel, ERROR, f"thread {name} died: {what}")
        log_line(channel, INFO, trace_of(fault.exc_value))

    threading.excepthook = died


def log_line(channel: Channel, level: int, text: str) -> None:
    """Send a text to the Player's log, cut to its bound."""
    channel.send(message(LogLine(level, text[:MAX_LOG_CHARACTERS])))
