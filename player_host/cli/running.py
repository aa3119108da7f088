"""Runs a verb that needs the Player: opens it, and suspends it in order on Ctrl-C or SIGTERM."""

import sys
from collections.abc import Awaitable, Callable
from contextlib import redirect_stdout
from functools import partial
from typing import TypeVar

import anyio

from player_host.cli.desk import Desk
from player_host.cli.interruption import cancel_on_signal, fast_loop
from player_host.cli.logs import logging_dead_threads
from player_host.cli.outcome import ExitStatus
from player_host.clock import SystemClock
from player_host.downloads.ledger import Ledger
from player_host.errors import UsageError, only_cause
from player_host.player import Player, open_player
from player_host.plugins.discovery import is_reference, known_names
from player_host.settings import load_partner_settings
from player_host.transcript import Entry

Work = Callable[[Player], Awaitable[ExitStatus]]
Observer = Callable[[Entry], None]

T = TypeVar("T")

SUSPENDING = "suspending; a call into the plug-in is waited for. Again ends at once"
SUSPENDED = "suspended; `player-host downloads resume` goes on"


def run_player(desk: Desk, work: Work, observer: Observer | None = None) -> ExitStatus:
    """Open the Player, do the work, close the Player.

    On SIGINT or SIGTERM the work is cancelled, downloads are suspended (T1-DL-53), and the
    status is 130. A second Ctrl-C ends the program at once; the ledger bears that too.
    What a plug-in prints meanwhile goes to the standard error output, beside the results.

    Args:
        desk: names the home folder.
        work: on the event loop; gets the open Player.
        observer: sees every call and return of every session.

    Raises:
        PlayerHostError: whatever opening and work raise.
        BaseExceptionGroup: several things went wrong at once.
    """
    try:
        with redirect_stdout(sys.stderr), logging_dead_threads(verbose=desk.verbose):
            status = anyio.run(partial(_run, desk, work, observer), backend_options=fast_loop())
    except KeyboardInterrupt:
        status = ExitStatus.INTERRUPTED
    except BaseExceptionGroup as group:
        raise only_cause(group) from group
    if status is ExitStatus.INTERRUPTED:
        desk.remark(SUSPENDED if _any_request_is_open(desk) else "interrupted")
    return status


def check_partner(desk: Desk, name: str) -> None:
    """Tell a wrong name from a plug-in that fails.

    Raises:
        UsageError: no plug-in has this name, and it is no `module:attribute`.
        SettingsError: `partners.toml` is wrong.
    """
    names = known_names(load_partner_settings(desk.home.partners_toml))
    if is_reference(name) or name in names:
        return
    raise UsageError(
        f"no plug-in named {name!r} is installed",
        remedy=f"Installed are: {', '.join(names) or 'none'}."
        " A class can be named as module:attribute",
    )


async def _run(desk: Desk, work: Work, observer: Observer | None) -> ExitStatus:
    status = ExitStatus.INTERRUPTED
    # Only the work is cancelled: the Player around it has to close in order.
    working = anyio.CancelScope()
    async with anyio.create_task_group() as tasks:
        await tasks.start(cancel_on_signal, desk, working, SUSPENDING)
        async with open_player(desk.home, observer=observer, in_process=desk.in_process) as player:
            with working:
                status = await work(player)
        tasks.cancel_scope.cancel()
    return status


def _any_request_is_open(desk: Desk) -> bool:
    with desk.reading() as database:
        return any(r.state == "open" for r in Ledger(database, SystemClock()).requests())
