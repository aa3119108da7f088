"""The program: its verbs, its global options, and its way from arguments to an exit status."""

import io
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Group, Parameter

from player_host.cli.desk import Desk, writing
from player_host.cli.logs import configure_log
from player_host.cli.outcome import MEANINGS, ExitStatus, tell

_STATUSES = "\n".join(f"{status.value:>4}  {meaning}" for status, meaning in MEANINGS.items())

_HELP = f"""A Player for Type 1 online music stores: runs a store's plug-in,
downloads what it grants, checks licences, files the music and lists it.

First steps:
  player-host demo                        all of it, with a store of its own
  player-host partners                    which plug-ins are installed
  player-host catalog refresh proseware   fetch what a store has to offer
  player-host catalog show proseware      look at it
  player-host download proseware album:7  download an album
  player-host library tree                what is there now

Items are named as album:7, album:7;8, track:701;702 or list:3. A partner is
named by its entry point, or as module:attribute. What a partner needs to know
stands in partners.toml in the home folder.

Exit status:
{_STATUSES}

`player-host --install-completion` lets the shell complete verbs and options."""

_VERBS: Final = {
    "demo": "demo:demo",
    "partners": "partners:application",
    "catalog": "catalog:application",
    "download": "download:download",
    "downloads": "downloads:application",
    "library": "library:application",
    "fetch": "fetch:fetch",
    "conformance": "conformance:application",
    "new-partner": "new_partner:new_partner",
    "transcript": "transcript:application",
}
"""Where each verb is; loaded when it is used."""

application = App(
    name="player-host",
    help=_HELP,
    help_format="plaintext",
    version=lambda: f"player-host {version('content-partner')}",
    version_flags=["--version"],
    result_action="return_value",
    help_epilogue=None,
)
application.meta.group_parameters = Group("Options of every verb", sort_key=90)
application.register_install_completion_command(
    group=Group("Set-up", sort_key=80), help="Install completion for your shell."
)
for _name, _place in _VERBS.items():
    application.command(f"player_host.cli.{_place}", name=_name)


@application.meta.default
def launch(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    home: Path | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
    verbose: Annotated[bool, Parameter(negative="", name=["--verbose", "-v"])] = False,
    in_process: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Take the options of every verb, then run the verb.

    Args:
        tokens: the verb and its arguments.
        home: folder of database, music, transcripts and partners.toml; without it
            $PLAYER_HOST_HOME, else the platform's place for user data
        json: print one JSON document instead of text
        verbose: log every event to the standard error output; show tracebacks
        in_process: run plug-ins inside the player, for debugging: a breakpoint works
    """
    desk = Desk(home, json, verbose, in_process=in_process)
    configure_log(verbose=verbose)
    try:
        return _run_verb(tokens, desk)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        return tell(desk, error)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the entry point of `player-host`.

    Args:
        arguments: without the program's name; None for those of the process.

    Returns:
        The exit status, see `ExitStatus`. `SystemExit` for a pipe whose reader went away.
    """
    _never_fail_to_write()
    tokens = sys.argv[1:] if arguments is None else list(arguments)
    if not _VERBS.keys() & set(tokens):
        _load_verbs()
    try:
        with writing(sys.stdout):
            returned = application.meta(tokens, exit_on_error=False, print_error=False)
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except Exception as error:
        return tell(Desk(as_json="--json" in tokens, verbose="--verbose" in tokens), error)
    return int(returned or 0)


def _run_verb(tokens: Sequence[str], desk: Desk) -> int:
    command, bound, ignored = application.parse_args(tokens, exit_on_error=False, print_error=False)
    if "desk" in ignored:
        return int(command(*bound.args, **bound.kwargs, desk=desk) or 0)
    with writing(sys.stdout):  # help and version are shown past the desk
        return int(command(*bound.args, **bound.kwargs) or 0)


def _load_verbs() -> None:
    """Load every verb, for the program's own help, which shows what each one does."""
    for name in _VERBS:
        _ = application[name]


def _never_fail_to_write() -> None:
    """Let a character that the output cannot encode be escaped instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
