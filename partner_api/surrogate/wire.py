"""The wire between the Player and the process of a plug-in, in both directions.

A stream socket carries one JSON object a line, in UTF-8, at most `MAX_MESSAGE_BYTES` long; half
a surrogate pair has to be escaped, all else may be. A second one, in the same form, carries the
Player's answers to the calls of the plug-in, and nothing else: the thread that made a call can read
its answer itself. An object has one key, the kind of message; its value is the message's body:

====================  =========  ==========================================================
Kind                  From       Body
====================  =========  ==========================================================
``hello``             surrogate  `Hello`: the versions that it speaks; always the first
``load``              player     `Load`: which plug-in, and how much memory it may take
``loaded``            surrogate  `Loaded`: its ServiceInfo
``create``            player     `Create`: its settings and its folder
``created``           surrogate  `Created`: it is ready for its first call, `SetCallback`
``failed``            surrogate  `Failed`, instead of `loaded` or `created`
``call``              both       ``id``, ``name`` and ``arguments`` of a record of `calls`
``return``            both       ``id`` of the call, ``name`` and ``values`` of a record; the
                                 Player's come on the second socket
``log``               surrogate  `LogLine`
``goodbye``           player     nothing; the surrogate ends
====================  =========  ==========================================================

Each side numbers its own calls. Calls run in both directions at once, and the Player answers calls
while it waits for an answer. The end of the stream ends the surrogate.
"""

import json
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final, NoReturn, TypeVar

from attrs import asdict, field, frozen
from cattrs import Converter

from partner_api.calls import Call, Return
from partner_api.encoding import call_to_data, is_sequence, return_to_data, sequence_hook
from partner_api.enums import Capability, ThreadingModel
from partner_api.service_info import ServiceInfo
from partner_api.surrogate.findings import Finding, Severity

WIRE_VERSION: Final = 2
MAX_MESSAGE_BYTES: Final = 16 * 1024 * 1024

LINGER_S: Final = 0.0003 if (os.cpu_count() or 1) > 1 else 0.0
"""For a surrogate: to sleep and be woken takes longer than most answers of the Player."""

_READ_BYTES: Final = 65_536

_DONTWAIT: Final[int | None] = getattr(socket, "MSG_DONTWAIT", None)

T = TypeVar("T")


class WireError(Exception):
    """What came in is no message, or what should go out is none; the words can be shown."""


class MessageTooLong(WireError):
    """A message does not fit a line; it was not sent."""


@frozen
class Hello:
    """The first line of a surrogate.

    Attributes:
        wire: the version of this wire.
        contract: the version of the contract that it speaks.
        software: what it is, for messages.
    """

    wire: int
    contract: int
    software: str = ""


@frozen
class Load:
    """What to load.

    Attributes:
        name: the name of an entry point; where `reference` is given, a name for messages alone.
        reference: a class as `module:attribute`, or None.
        memory_limit: of the whole address space, in bytes; None for none. For platforms that
            have such a limit.
        examine: whether `Loaded` is to hold the findings of an examination.
    """

    name: str
    reference: str | None = None
    memory_limit: int | None = None
    examine: bool = False


@frozen
class Loaded:
    """A plug-in was imported, and looks like one.

    Attributes:
        reference: where it was found, as `module:attribute`.
        service_info: its ServiceInfo.
        distribution: whose plug-in it is; "" where that is unknown.
        version: of the distribution.
        methods: the documented methods that it has.
        findings: of the examination, if one was asked for.
        secrets: the names of its settings that are secret, as far as they are known now.
    """

    reference: str
    service_info: dict[str, Any]
    distribution: str = ""
    version: str = ""
    methods: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    secrets: tuple[str, ...] = ()


@frozen
class Create:
    """What to make the plug-in of.

    Attributes:
        settings: its table in `partners.toml`.
        data_dir: the folder that belongs to it.
        log_level: 10 debug, 20 info, 30 warning, 40 error, 50 critical; what is below need not
            be sent.
    """

    settings: dict[str, Any] = field(repr=False)
    data_dir: str
    log_level: int = 30


@frozen
class Created:
    """The plug-in object was made.

    Attributes:
        secrets: the names of those settings that are secret.
    """

    secrets: tuple[str, ...] = ()


@frozen
class Failed:
    """The plug-in cannot be used.

    Attributes:
        stage: "load", "settings" or "create".
        problems: what is wrong, a line each.
        advice: what its author or user can do.
        findings: of the examination, if one was asked for.
    """

    stage: str
    problems: tuple[str, ...]
    advice: str = ""
    findings: tuple[Finding, ...] = ()


@frozen
class LogLine:
    """A line that the plug-in logged through its context.

    Attributes:
        level: 10 debug, 20 info, 30 warning, 40 error, 50 critical.
        text: at most 8,000 characters are kept.
    """

    level: int
    text: str


KINDS: Final = {
    "hello": Hello,
    "load": Load,
    "loaded": Loaded,
    "create": Create,
    "created": Created,
    "failed": Failed,
    "log": LogLine,
}
"""The messages that are neither calls nor returns nor `goodbye`."""


class Channel:
    """One end of one of the two sockets. Any thread may send; one thread receives.

    Args:
        end: a connected stream socket that blocks.
        linger_s: how long to look for a message again and again before sleeping for it.
    """

    def __init__(self, end: socket.socket, linger_s: float = 0.0) -> None:
        self._socket = end
        # A descriptor of its own: that of the sender may be closed, and used anew, any time.
        self._reading = end.dup()
        self._read = bytearray()
        self._linger_s = linger_s
        self._sending = threading.Lock()
        self._counting = threading.Lock()
        self._deferred = 0

    def send(self, data: bytes) -> None:
        """Send one message, as `message`, `call_message` or `return_message` made it.

        Raises:
            OSError: the other end is gone.
        """
        with self._sending:
            self._socket.sendall(data)

    def send_or_defer(self, data: bytes, defer: Callable[[Callable[[], None]], None]) -> None:
        """Send one message without waiting; what would wait is given to `defer`.

        For one thread, which is the only one that sends in this way.

        Args:
            data: the message.
            defer: lets another thread do what it is given, one thing after the other.

        Raises:
            OSError: the other end is gone.
        """
        # Behind what was deferred all else is deferred: messages keep their order, and the one
        # thread that sends them never waits for a lock that is behind it in its own queue.
        if self._deferred or not self._sending.acquire(blocking=False):
            self._defer(partial(self.send, data), defer)
            return
        try:
            rest = self._send_some(data)
            if rest:
                # The lock goes with it: nothing may come between the halves of a message.
                self._defer(partial(self._send_rest, rest), defer)
                return
        except BaseException:
            self._sending.release()
            raise
        self._sending.release()

    def receive(self) -> tuple[str, Any] | None:
        """Wait for the next message; return its kind and its body, or None at the end.

        Raises:
            WireError: what came is no message.
        """
        try:
            line = self._next_line()
        except OSError:
            return None
        if len(line) > MAX_MESSAGE_BYTES:
            raise WireError(f"a line of more than {MAX_MESSAGE_BYTES} bytes")
        # A line without its end is what the death of its sender leaves.
        return parse(line) if line.endswith(b"\n") else None

    def close_reading(self) -> None:
        """Receive nothing more; called by the thread that receives, at its end."""
        self._reading.close()

    def close(self) -> None:
        """Close this end, and wake the thread that receives; the socket goes with the last."""
        with suppress(OSError):  # the other end was quicker
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _next_line(self) -> bytes:
        """Return a line with its end; without it what the stream ends with, or what is too long."""
        searched = 0
        while (end := self._read.find(b"\n", searched)) < 0:
            searched = len(self._read)
            more = self._some() if searched <= MAX_MESSAGE_BYTES else b""
            if not more:
                end = searched
                break
            self._read += more
        line = bytes(memoryview(self._read)[: end + 1])
        del self._read[: end + 1]
        return line

    def _some(self) -> bytes:
        """Return what comes next; nothing at the end of the stream."""
        if self._linger_s and _DONTWAIT is not None:
            until = time.perf_counter() + self._linger_s
            while time.perf_counter() < until:
                with suppress(BlockingIOError):
                    return self._reading.recv(_READ_BYTES, _DONTWAIT)
        return self._reading.recv(_READ_BYTES)

    def _defer(
        self, sending: Callable[[], None], defer: Callable[[Callable[[], None]], None]
    ) -> None:
        def send() -> None:
            try:
                sending()
            finally:
                with self._counting:
                    self._deferred -= 1

        with self._counting:
            self._deferred += 1
        try:
            defer(send)
        except BaseException:
            with self._counting:
                self._deferred -= 1
            raise

    def _send_some(self, data: bytes) -> bytes:
        """Send what the socket takes at once; return the rest."""
        if _DONTWAIT is None:
            return data
        try:
            return data[self._socket.send(data, _DONTWAIT) :]
        except BlockingIOError:
            return data

    def _send_rest(self, rest: bytes) -> None:
        try:
            self._socket.sendall(rest)
        finally:
            self._sending.release()


def parse(line: bytes) -> tuple[str, Any]:
    """Return kind and body of a line.

    Raises:
        WireError: it is no JSON object with one key.
    """
    try:
        document = _loads(line.decode())
        ((kind, body),) = document.items()
    except (ValueError, AttributeError, RecursionError) as error:
        # Nothing of it is quoted: there may be settings in it, and secrets among these.
        raise WireError(f"a line that is no message ({len(line)} bytes)") from error
    return kind, body


def message(body: Any) -> bytes:
    """Return the line of a message that is neither a call nor a return.

    Raises:
        MessageTooLong: it does not fit.
        TypeError: it holds what JSON cannot: a date, for example.
        ValueError: it holds a number that JSON cannot: NaN, infinity.
    """
    kind = next(kind for kind, made in KINDS.items() if isinstance(body, made))
    return _line({kind: asdict(body)})


def goodbye() -> bytes:
    """Return the line by which the Player lets a surrogate end."""
    return _line({"goodbye": {}})


def call_message(number: int, call: Call) -> bytes:
    """Return the line of a call.

    Raises:
        MessageTooLong: it does not fit.
    """
    body = {"id": number, "name": type(call).__name__, "arguments": call_to_data(call)}
    return _line({"call": body})


def return_message(number: int, returned: Return) -> bytes:
    """Return the line that ends a call; `number` is that of the call.

    Raises:
        MessageTooLong: it does not fit.
    """
    body = {"id": number, "name": type(returned).__name__, "values": return_to_data(returned)}
    return _line({"return": body})


def body_as(kind: type[T], body: object) -> T:
    """Return the body of a message as its class.

    Raises:
        WireError: it does not fit.
    """
    try:
        return _converter.structure(_exactly(dict)(body, dict), kind)
    except Exception as error:
        raise WireError(f"a message that is no {kind.__name__}: {error!r}"[:500]) from error


def service_info_to_data(info: ServiceInfo) -> dict[str, Any]:
    """Return a ServiceInfo as JSON values."""
    return {
        "key": info.key,
        "friendly_name": info.friendly_name,
        "capabilities": int(info.capabilities),
        "threading_model": info.threading_model.value,
        "contract_version": info.contract_version,
    }


def service_info_from_data(data: Any) -> ServiceInfo:
    """Return the ServiceInfo that a surrogate sent.

    Raises:
        WireError: it is none, or breaks a rule; the message says which.
    """
    try:
        return ServiceInfo(
            key=data["key"],
            friendly_name=data["friendly_name"],
            capabilities=Capability(_dword(data["capabilities"])),
            threading_model=ThreadingModel(data["threading_model"]),
            contract_version=data["contract_version"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise WireError(f"a ServiceInfo that is none: {error}"[:500]) from error


def _dword(value: object) -> int:
    if type(value) is not int or not 0 <= value <= 0xFFFF_FFFF:
        raise ValueError("capabilities are a 32-bit number without a sign")
    return value


def _line(document: dict[str, Any]) -> bytes:
    data = (_dumps(document) + "\n").encode("ascii")
    if len(data) > MAX_MESSAGE_BYTES:
        raise MessageTooLong(f"{len(data)} bytes; a message has at most {MAX_MESSAGE_BYTES}")
    return data


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _exactly(expected: type) -> Any:
    def check(value: Any, _: object) -> Any:
        if type(value) is not expected:
            raise TypeError(f"{expected.__name__} was expected, not {type(value).__name__}")
        return value

    return check


def _make_converter() -> Converter:
    # Unknown keys are let pass: a later version of the same wire may have more to say.
    converter = Converter()
    for kind in (str, int, bool):
        converter.register_structure_hook(kind, _exactly(kind))
    converter.register_structure_hook(Severity, lambda value, _: Severity(value))
    converter.register_structure_hook_func(lambda asked: asked == dict[str, Any], _exactly(dict))
    converter.register_structure_hook_func(is_sequence, sequence_hook(converter))
    return converter


_dumps = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_loads = json.JSONDecoder(parse_constant=_no_number).decode
_converter = _make_converter()
