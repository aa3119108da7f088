"""`player-host new-partner`: writes the package of a new plug-in."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

from attrs import frozen

from player_host.cli.desk import Given
from player_host.cli.outcome import ExitStatus
from player_host.cli.wording import count_text, shown
from player_host.scaffold.names import PartnerNames, partner_names
from player_host.scaffold.writing import write_package

STORE_PORT: Final = 8080
"""Where my-player/partners.toml of a new package looks for its store."""


def new_partner(
    name: str, /, *, folder: Path | None = None, friendly_name: str | None = None, desk: Given
) -> ExitStatus:
    """Write the package of a new plug-in: code, tests, a store to develop against.

    For example:
      player-host new-partner contoso-tunes
      player-host new-partner contoso --friendly-name "Contoso Music"

    The package installs, passes its tests and downloads an album as it is.
    Nothing is asked, and nothing that exists is overwritten.

    --json: `name`, `module`, `class`, `entry_point`, `friendly_name`, `folder`,
    `files`, and what to type: `install` and `try_out`, lists of commands.

    Args:
        name: of the plug-in: lower-case words with hyphens between them
        folder: where the package goes; without it a new folder NAME, here
        friendly_name: what people read; without it the words of the name
        desk: where the result is shown
    """
    names = partner_names(name, friendly_name)
    written = write_package(names, folder or Path(names.name))
    steps = _next_steps(names, written.folder)
    if desk.as_json:
        desk.show_json(
            {
                "name": names.name,
                "module": names.module,
                "class": names.class_name,
                "entry_point": names.entry_point,
                "friendly_name": names.friendly_name,
                "folder": str(written.folder),
                "files": list(written.files),
                "install": steps.install,
                "try_out": steps.try_out,
            }
        )
        return ExitStatus.DONE
    desk.show(f"{count_text(len(written.files), 'file')} in {shown(str(written.folder))}")
    desk.show("", "Install it and run its tests:", *_indented(steps.install))
    desk.show("", "A first download; the store runs in a terminal of its own:")
    desk.show(*_indented(steps.try_out))
    desk.show("", "The protocol, clause by clause:", *_indented(steps.check))
    desk.show("", "README.md in the folder goes on from here.")
    return ExitStatus.DONE


@frozen
class _Steps:
    """What to type next."""

    install: list[str]
    try_out: list[str]
    check: list[str]


def _next_steps(names: PartnerNames, folder: Path) -> _Steps:
    """Return commands that use the Python and the program that run this."""
    python = _program("python") or shlex.quote(sys.executable)
    player_host = _program("player-host") or f"{python} -m player_host"
    here = Path.cwd()
    place = folder.relative_to(here) if folder.is_relative_to(here) else folder
    return _Steps(
        install=[
            *([] if folder == here else [f"cd {shlex.quote(str(place))}"]),
            f"{python} -m pip install -e '.[test]'",
            f"{python} -m pytest",
        ],
        try_out=[
            f"{python} -m {names.module}.double --port {STORE_PORT}",
            f"{player_host} catalog refresh {names.name} --home my-player",
            f"{player_host} download {names.name} album:1 --home my-player",
        ],
        check=[f"{player_host} conformance run {names.name} --home my-player"],
    )


def _program(name: str) -> str | None:
    """Return the name of a program if the shell finds the one that lies beside this Python."""
    found = shutil.which(name)
    if found is None or Path(found).absolute().parent != Path(sys.executable).parent:
        return None
    return name


def _indented(commands: list[str]) -> list[str]:
    return [f"  {shown(command)}" for command in commands]
