"""The life of a plug-in's process: adopt the wire, load, make, serve, end.

It ends with the Player. The wire's end is noticed by the thread that reads it; for the case that
a plug-in lets no other thread run, Linux is asked to kill the process group when the lifeline is
closed: a pipe whose other end the Player alone holds.
"""

import base64
import contextlib
import logging
import os
import platform
import queue
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any, Final, NoReturn

from partner_api.enums import ThreadingModel
from partner_api.partner import ContentPartner, PartnerContext
from partner_api.proxy import CallbackProxy, LicenseStoreProxy
from partner_api.service_info import CONTRACT_VERSION
from partner_api.structuring import SettingsProblems, secret_fields, secret_names, structure
from partner_api.stub import FREE_THREADS, describe
from partner_api.surrogate.findings import Finding
from partner_api.surrogate.loading import (
    Imported,
    LoadingFailed,
    import_plugin,
    judge_class,
    methods_of,
    place_of,
)
from partner_api.surrogate.serving import (
    PartnerServer,
    WireHandler,
    WirePort,
    tell_dead_threads,
)
from partner_api.surrogate.wire import (
    WIRE_VERSION,
    Channel,
    Create,
    Created,
    Failed,
    Hello,
    Load,
    Loaded,
    WireError,
    body_as,
    message,
    service_info_to_data,
)

STATUS_WITHOUT_PLAYER: Final = 70
STATUS_WIRE_BROKEN: Final = 71
STATUS_OUT_OF_MEMORY: Final = 72
EXIT_REASONS: Final = {
    STATUS_WITHOUT_PLAYER: "the player was gone",
    STATUS_WIRE_BROKEN: "what came over the wire was no message",
    STATUS_OUT_OF_MEMORY: "no memory was left to read the wire",
}
"""What the exit statuses of this program mean."""

_Order = tuple[str, Any]


class SurrogateProcess:
    """One plug-in, from its name to its end. Made and run on the main thread."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._port = WirePort(channel)
        self._orders: queue.SimpleQueue[_Order] = queue.SimpleQueue()
        self._partner_class: type[ContentPartner[Any]] | None = None
        self._name = ""

    def run(self) -> None:
        """Serve the Player until it says goodbye."""
        software = f"partner_api on {platform.python_implementation()} {platform.python_version()}"
        self._channel.send(message(Hello(WIRE_VERSION, CONTRACT_VERSION, software)))
        threading.Thread(target=self._read, name="wire", daemon=True).start()
        tell_dead_threads(self._channel)
        while (order := self._orders.get())[0] != "goodbye":
            kind, body = order
            if kind == "load":
                self._load(body_as(Load, body))
            elif kind == "create":
                server = self._create(body_as(Create, body))
                if server is not None:
                    self._serve(server)
                    return

    def _load(self, order: Load) -> None:
        self._name = order.name
        limit_memory(order.memory_limit)
        findings: tuple[Finding, ...] = ()
        try:
            imported = import_plugin(order.name, order.reference)
            findings = _examined(imported.found) if order.examine else ()
            self._partner_class = judge_class(imported.found, imported.reference)
        except LoadingFailed as error:
            failed = Failed("load", (error.problem,), error.advice, findings)
            self._channel.send(message(failed))
            return
        self._channel.send(message(_described(imported, self._partner_class, findings)))

    def _create(self, order: Create) -> PartnerServer | None:
        """Make the plug-in object and say so; None where it cannot be made."""
        assert self._partner_class is not None
        partner_class = self._partner_class
        callback = CallbackProxy(self._port)
        try:
            settings = make_settings(partner_class, order.settings)
            context = PartnerContext(
                settings=settings,
                licenses=LicenseStoreProxy(callback),
                data_dir=Path(order.data_dir),
                log=self._logger(order.log_level),
            )
            partner = partner_class(context)
        except SettingsProblems as error:
            self._channel.send(message(Failed("settings", error.problems)))
            return None
        except BaseException as error:
            problem = f"{describe(error)}{place_of(error)}"
            self._channel.send(message(Failed("create", (problem,))))
            return None
        self._channel.send(message(Created(secret_fields(settings))))
        return PartnerServer(partner, callback, self._channel)

    def _serve(self, server: PartnerServer) -> None:
        assert self._partner_class is not None
        if self._partner_class.service_info.threading_model is ThreadingModel.FREE:
            for number in range(1, FREE_THREADS):
                name = f"{self._name}-{number}"
                threading.Thread(target=self._work, args=(server,), name=name, daemon=True).start()
        self._work(server)

    def _work(self, server: PartnerServer) -> None:
        while (order := self._orders.get())[0] == "call":
            server.serve(order[1])
        self._orders.put(order)

    def _read(self) -> None:
        """Hand on what the Player sends; the end of the wire is the end of the process."""
        try:
            while (received := self._channel.receive()) is not None:
                kind, body = received
                if kind == "return":
                    self._port.returned(body)
                else:
                    self._orders.put((kind, body))
        except MemoryError:
            end_at_once(STATUS_OUT_OF_MEMORY)
        except Exception as error:
            print(f"the wire broke: {error!r}"[:500], file=sys.stderr)  # noqa: T201
            end_at_once(STATUS_WIRE_BROKEN)
        end_at_once(STATUS_WITHOUT_PLAYER)

    def _logger(self, level: int) -> logging.Logger:
        logger = logging.getLogger(f"partner.{self._name}")
        logger.setLevel(level)
        logger.propagate = False
        logger.addHandler(WireHandler(self._channel))
        return logger


def make_settings(partner_class: type[Any], table: dict[str, Any]) -> object:
    """Return the plug-in's settings: an instance of its class `Settings`, None if it has none.

    Raises:
        SettingsProblems: a value is wrong, or there is a table for a plug-in without settings.
    """
    kind = getattr(partner_class, "Settings", None)
    if kind is not None:
        return structure(kind, table)
    if table:
        raise SettingsProblems(("this plug-in has no settings",))
    return None


def limit_memory(limit: int | None) -> None:
    """Bound the address space of this process, where the platform can."""
    if limit is None or sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on every platform

    _, hardest = resource.getrlimit(resource.RLIMIT_AS)
    if hardest != resource.RLIM_INFINITY:
        limit = min(limit, hardest)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def guard(lifeline: int) -> None:
    """Let the kernel kill this process group when the lifeline is closed, where it can."""
    if sys.platform != "linux" or os.getpgrp() != os.getpid():
        return
    import fcntl  # noqa: PLC0415 - not on every platform

    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
    flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)


def end_at_once(status: int) -> NoReturn:
    """End this process, whatever its threads are doing, with what it has started."""
    if status == STATUS_WITHOUT_PLAYER and hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(status)


def main(arguments: list[str]) -> None:
    """Run a surrogate: `python -m partner_api.surrogate WIRE LIFELINE`, two descriptors.

    On Windows, where descriptors are not inherited, a line on the standard input says what the
    wire is, and there is no lifeline.
    """
    if sys.platform == "win32":
        wire = socket.fromshare(base64.b64decode(sys.stdin.buffer.readline()))
    else:
        descriptor, lifeline = map(int, arguments)
        os.set_inheritable(descriptor, False)
        os.set_inheritable(lifeline, False)
        guard(lifeline)
        wire = socket.socket(fileno=descriptor)
    for name in ("PYTHONSAFEPATH", "PYTHONUNBUFFERED"):  # meant for this process alone
        os.environ.pop(name, None)
    with contextlib.suppress(WireError, OSError):
        SurrogateProcess(Channel(wire)).run()


def _examined(found: object) -> tuple[Finding, ...]:
    from partner_api.surrogate.examination import examine  # noqa: PLC0415 - only where asked for

    return examine(found)


def _described(
    imported: Imported, partner_class: type[ContentPartner[Any]], findings: tuple[Finding, ...]
) -> Loaded:
    return Loaded(
        reference=imported.reference,
        service_info=service_info_to_data(partner_class.service_info),
        distribution=imported.distribution,
        version=imported.version,
        methods=methods_of(partner_class),
        secrets=secret_names(getattr(partner_class, "Settings", None)),
        findings=findings,
    )
