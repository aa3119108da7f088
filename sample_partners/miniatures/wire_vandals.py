"""Plug-ins that write to the wire of their own process, past `partner_api`."""

import itertools
import json
import os
import random
import socket
import stat
from typing import Final

from attrs import frozen

from partner_api import PartnerContext
from sample_partners.miniatures.miniature import Miniature

_MB: Final = 1_000_000
_HIGHEST_DESCRIPTOR: Final = 256


class WritesALine(Miniature):
    """Writes the line that its settings name, where only messages belong."""

    @frozen
    class Settings(Miniature.Settings):
        """What the user sets.

        Attributes:
            line: what is written; `{depth}` in it stands for a list of 100,000 lists.
        """

        line: str = ""

    context: "PartnerContext[WritesALine.Settings]"  # type: ignore[assignment]

    def misbehave(self) -> None:
        """Write it."""
        nested = "[" * 100_000 + "]" * 100_000
        write(self.context.settings.line.replace("{depth}", nested).encode() + b"\n")


class WritesRandomBytes(Miniature):
    """Writes bytes that mean nothing."""

    def misbehave(self) -> None:
        """Write some, with newlines among them."""
        write(random.Random(70).randbytes(4_096) + b"\n")  # noqa: S311 - they need no quality


class WritesWithoutNewline(Miniature):
    """Writes 100 MB in one line."""

    def misbehave(self) -> None:
        """Write them, as far as somebody reads."""
        for _ in range(100):
            write(b" " * _MB)


class TearsAMessage(Miniature):
    """Ends its process in the middle of a message."""

    def misbehave(self) -> None:
        """Write half a return, and exit."""
        write(b'{"return":{"id":')
        os._exit(0)


class CallsWithoutListening(Miniature):
    """Writes call after call, and takes the answers to none."""

    def misbehave(self) -> None:
        """Fill the wire for as long as somebody reads it."""
        for number in itertools.count(1_000_000):
            body = {"id": number, "name": "GetCatalogVersion", "arguments": {}}
            write(json.dumps({"call": body}).encode() + b"\n")


class HangsUp(Miniature):
    """Shuts the wire down, and lives on."""

    def misbehave(self) -> None:
        """Shut it down in both directions."""
        the_wire().shutdown(socket.SHUT_RDWR)


def the_wire() -> socket.socket:
    """Return the first socket that this process has; it stays open when the object goes."""
    for descriptor in range(3, _HIGHEST_DESCRIPTOR):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                return socket.socket(fileno=os.dup(descriptor))
        except OSError:
            continue
    raise LookupError("this process has no socket")


def write(data: bytes) -> None:
    """Send bytes over the wire, between two messages."""
    with the_wire() as wire:
        wire.sendall(data)
