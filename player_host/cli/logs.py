"""The log of the program, on the standard error output.

Events of the host and of plug-ins (`partner.NAME`) take one way. Other libraries are heard from
warnings on only: what they log may hold whole URLs.
"""

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import structlog

from player_host.log import get_logger

OWN_LOGGERS: Final = ("player_host", "partner")

_log = get_logger(__name__)


class _ErrorOutput(logging.StreamHandler[Any]):
    """Writes to what the standard error output is at that moment.

    A live display takes its place while it is shown, so that a line does not tear it.
    """

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; called on any thread."""
        self.stream = sys.stderr
        super().emit(record)


def configure_log(*, verbose: bool) -> None:
    """Set up the log: warnings only, or with `--verbose` every event."""
    handler = _ErrorOutput()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.dev.ConsoleRenderer(
                    colors=_is_terminal() and "NO_COLOR" not in os.environ,
                    pad_event_to=0,
                    pad_level=False,
                    exception_formatter=structlog.dev.plain_traceback,
                ),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in OWN_LOGGERS:
        logging.getLogger(name).setLevel(logging.DEBUG if verbose else logging.WARNING)


@contextmanager
def told_otherwise(name: str, *, verbose: bool) -> Iterator[None]:
    """Keep the warnings of a module out of the log: the verb tells of them in better words.

    Args:
        name: of the module.
        verbose: leave them there too.
    """
    logger = logging.getLogger(name)
    before = logger.level
    if not verbose:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def logging_dead_threads(*, verbose: bool) -> Iterator[None]:
    """Log the exception that ends a thread, as one line; a plug-in may start threads of its own.

    Args:
        verbose: with the traceback.
    """

    def died(fault: threading.ExceptHookArgs) -> None:
        if issubclass(fault.exc_type, SystemExit):
            return
        name = fault.thread.name if fault.thread else "unknown"
        trace = fault.exc_value if verbose else None
        # The words of an exception may hold what the log must not: its type is enough.
        error = fault.exc_type.__name__
        _log.error("partner.thread_died", thread_name=name, error=error, exc_info=trace)

    before, threading.excepthook = threading.excepthook, died
    try:
        yield
    finally:
        threading.excepthook = before


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()
