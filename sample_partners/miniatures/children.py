"""Plug-ins that start processes of their own, and leave them behind."""

import os
import subprocess
import time

from sample_partners.miniatures.hangs import FOR_EVER_S
from sample_partners.miniatures.miniature import Miniature


class StartsAProgram(Miniature):
    """Starts a program that runs for an hour, and forgets it."""

    def misbehave(self) -> None:
        """Start it."""
        command = ["sleep", str(FOR_EVER_S)]
        program = subprocess.Popen(command)  # noqa: S603 - nobody else's words are in it
        self.note_process(program.pid)


class StartsAProgramAndHangs(StartsAProgram):
    """Starts such a program, and waits for its end."""

    def misbehave(self) -> None:
        """Start it and sleep."""
        super().misbehave()
        time.sleep(FOR_EVER_S)


class Forks(Miniature):
    """Forks a process that keeps the wire open and does nothing."""

    def misbehave(self) -> None:
        """Fork; go on in the parent."""
        pid = os.fork()
        if pid == 0:
            time.sleep(FOR_EVER_S)
            os._exit(0)
        self.note_process(pid)


class ForksAndExits(Forks):
    """Forks such a process, and ends: the wire stays open behind it."""

    def misbehave(self) -> None:
        """Fork; end the parent."""
        super().misbehave()
        os._exit(0)


class Daemonises(Miniature):
    """Forks twice, so that the process that stays is nobody's child.

    It stays in the group of the plug-in's process. One that called `os.setsid` would have left it,
    and with it the reach of the Player.
    """

    def misbehave(self) -> None:
        """Fork a process that forks another and ends."""
        child = os.fork()
        if child == 0:
            grandchild = os.fork()
            if grandchild == 0:
                time.sleep(FOR_EVER_S)
            else:
                self.note_process(grandchild)
            os._exit(0)
        os.waitpid(child, 0)


class LeavesTheSession(Miniature):
    """Starts a program in a session of its own, out of the Player's reach, with its outputs."""

    def misbehave(self) -> None:
        """Start it; write its number where nobody looks for remains."""
        command = ["sleep", str(FOR_EVER_S)]
        program = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - as above
        (self.context.data_dir / "escaped").write_text(str(program.pid), "ascii")
