"""What a transport is: whatever sends one GET, and hands on the head of the answer and its body.

There are two: `native`, over sockets of the room's own, and `pooled`, over httpcore's pools, for
proxies and where the first is not possible. Neither follows redirects, keeps cookies or decodes.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from attrs import frozen

from player_host.transfer.targets import Target
from player_host.units import ByteCount, Seconds

KEEP_ALIVE: Final = Seconds(15.0)
"""How long a connection is kept that nobody uses."""

Take = Callable[[memoryview], None]
"""Takes in bytes of a body at once; the view is of no use afterwards."""


@frozen
class Ask:
    """One GET.

    Attributes:
        target: what is asked for.
        fields: the header, Host included, as it is sent.
        connect_timeout: for name, connection and TLS together.
        read_timeout: the longest silence of the server.
    """

    target: Target
    fields: tuple[tuple[bytes, bytes], ...]
    connect_timeout: Seconds
    read_timeout: Seconds


class Reply(Protocol):
    """The head of an answer, and the way to its body; for one task."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The header: names in lower case; a repeated one is joined with commas."""

    async def step(self, take: Take) -> ByteCount | None:
        """Hand on what comes next of the body; None where it is over.

        `take` may be called on another thread, never on two at a time, and not after this has
        returned.

        Returns:
            how many bytes; 0 where there are no more for the moment.

        Raises:
            TransferError: silence, a lost connection, or an end before the announced length.
            Exception: whatever `take` raises.
        """

    async def sent_more_than(self, length: int) -> bool:
        """Say, after the last step, whether bytes stand behind a body of the announced length."""

    async def aclose(self) -> None:
        """Give the connection back, or close it where the body was not read to its end."""


class Transport(Protocol):
    """Connections that are kept for further requests; on the event loop."""

    async def send(self, ask: Ask) -> Reply:
        """Send a GET, and wait for the head of the answer.

        Raises:
            TransferError: no answer came.
        """

    async def aclose(self) -> None:
        """Close every connection."""


def joined(fields: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return header fields by their names in lower case; repeated ones are joined."""
    found: dict[str, str] = {}
    for name, value in fields:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found
