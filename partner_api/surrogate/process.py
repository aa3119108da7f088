"""The life of a plug-in's process: adopt the wire, load, make, serve, end.

It ends with the Player: a thread waits for the end of the lifeline, a pipe whose other end the
Player alone holds. For the case that a plug-in lets no other thread run, Linux is asked to kill the
process group when the lifeline is closed.
"""

import base64
import contextlib
import logging
import os
import platform
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from partner_api.enums import ThreadingModel
from partner_api.partner import ContentPartner, PartnerContext
from partner_api.proxy import CallbackProxy, LicenseStoreProxy
from partner_api.service_info import CONTRACT_VERSION
from partner_api.structuring import SettingsProblems, secret_fields, secret_names, structure
from partner_api.stub import FREE_THREADS, describe
from partner_api.surrogate.ending import (
    STATUS_WIRE_BROKEN,
    STATUS_WITHOUT_PLAYER,
    end_at_once,
)
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
    take,
    tell_dead_threads,
)
from partner_api.surrogate.wire import (
    LINGER_S,
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


class SurrogateProcess:
    """One plug-in, from its name to its end. Made and run on the main thread."""

    def __init__(self, wire: Channel, answers: Channel) -> None:
        self._channel = wire
        self._port = WirePort(wire, answers)
        self._taking = threading.Lock()
        self._dismissed = False
        self._partner_class: type[ContentPartner[Any]] | None = None
        self._name = ""

    def run(self) -> None:
        """Serve the Player until it says goodbye."""
        software = f"partner_api on {platform.python_implementation()} {platform.python_version()}"
        self._channel.send(message(Hello(WIRE_VERSION, CONTRACT_VERSION, software)))
        tell_dead_threads(self._channel)
        while (order := self._next_order()) is not None:
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
        while (order := self._next_order()) is not None:
            kind, body = order
            if kind != "call":
                end_at_once(STATUS_WIRE_BROKEN)
            server.serve(body)

    def _next_order(self) -> tuple[str, Any] | None:
        """Wait for what the Player sends next, on the thread that will see to it.

        Nobody has to be woken for an order in this way. The end of the wire is the end of the
        process.

        Returns:
            Kind and body of a message; None after the Player's goodbye.
        """
        with self._taking:
            if self._dismissed:
                return None
            received = take(self._channel)
            self._dismissed = received[0] == "goodbye"
            return None if self._dismissed else received

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


def watch(lifeline: int, channels: tuple[Channel, ...]) -> None:
    """End with the Player, also while no thread of the plug-in reads the wire.

    The channels stay open as long as the process: its threads may outlive the goodbye.
    """

    def wait(_kept: tuple[Channel, ...]) -> None:
        with contextlib.suppress(OSError):
            os.read(lifeline, 1)
        end_at_once(STATUS_WITHOUT_PLAYER)

    threading.Thread(target=wait, args=(channels,), name="lifeline", daemon=True).start()


def main(arguments: list[str]) -> None:
    """Run a surrogate: `python -m partner_api.surrogate WIRE ANSWERS LIFELINE`, three descriptors.

    On Windows, where descriptors are not inherited, two lines on the standard input say what the
    sockets are, and its end stands for that of the lifeline.
    """
    if sys.platform == "win32":
        wire, answers = (
            socket.fromshare(base64.b64decode(sys.stdin.buffer.readline())) for _ in range(2)
        )
        lifeline = sys.stdin.fileno()
    else:
        wire_number, answers_number, lifeline = map(int, arguments)
        for descriptor in (wire_number, answers_number, lifeline):
            os.set_inheritable(descriptor, False)
        guard(lifeline)
        wire = socket.socket(fileno=wire_number)
        answers = socket.socket(fileno=answers_number)
    channels = Channel(wire, LINGER_S), Channel(answers, LINGER_S)
    watch(lifeline, channels)
    for name in ("PYTHONSAFEPATH", "PYTHONUNBUFFERED"):  # meant for this process alone
        os.environ.pop(name, None)
    with contextlib.suppress(WireError, OSError):
        SurrogateProcess(*channels).run()


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
