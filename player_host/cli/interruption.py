"""Ctrl-C and SIGTERM: the first one cancels what is under way, the second one ends the program."""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, NoReturn, TypeVar

import anyio
from anyio.abc import TaskStatus

from player_host.cli.desk import Desk
from player_host.cli.outcome import ExitStatus
from player_host.errors import only_cause

T = TypeVar("T")


def fast_loop() -> dict[str, Any]:
    """Return the options of `anyio.run` for work that transfers much: uvloop's, where it is."""
    return {"use_uvloop": find_spec("uvloop") is not None}


def run_until_signal(
    desk: Desk, work: Callable[[], Awaitable[T]], *, on_fast_loop: bool = False
) -> T:
    """Do what needs no Player; on SIGINT or SIGTERM cancel it.

    Args:
        desk: is told of the interruption.
        work: on the event loop; cleans up when it is cancelled.
        on_fast_loop: for work that transfers much: uvloop's event loop, where it is installed.

    Raises:
        KeyboardInterrupt: it was interrupted.
        PlayerHostError: whatever the work raises.
    """

    async def working() -> T:
        scope = anyio.CancelScope()
        async with anyio.create_task_group() as tasks:
            await tasks.start(cancel_on_signal, desk, scope, "ending. Again ends at once")
            with scope:
                done = await work()
            tasks.cancel_scope.cancel()
        if scope.cancelled_caught:
            raise KeyboardInterrupt
        return done

    try:
        return anyio.run(working, backend_options=fast_loop() if on_fast_loop else None)
    except BaseExceptionGroup as group:
        raise only_cause(group) from group


async def cancel_on_signal(
    desk: Desk,
    scope: anyio.CancelScope,
    remark: str,
    *,
    task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Cancel the work at the first signal, and end the program at the second."""
    try:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            task_status.started()
            async for _ in signals:
                if scope.cancel_called:
                    _end_at_once()
                desk.remark(remark)
                scope.cancel()
    except NotImplementedError:
        # Windows: the event loop itself turns Ctrl-C into a cancellation of the whole.
        task_status.started()


def _end_at_once() -> NoReturn:
    """End the program without waiting for anything; plug-ins end with it, the ledger bears it."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(ExitStatus.INTERRUPTED)
