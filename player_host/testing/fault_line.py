"""One connection of the fault store: answers carried out, byte by byte where they say so."""

import asyncio
import os
import socket
import struct
from contextlib import suppress
from typing import Final

from player_host.testing.fault_drafts import Answer, Ending, Request
from player_host.units import ByteCount

PIECE: Final = 64 * 1024
LAST_PIECE: Final = 2048
"""Sent at once, so that bytes beyond an announced length come with those before it."""

RESET_ON_CLOSE: Final = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
"""The linger option, on, with no seconds."""


class Line:
    """One connection, as it sends one answer.

    Attributes:
        reader: what the client sends.
        body_sent: bytes behind the head that the operating system has taken.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer
        self.body_sent = ByteCount(0)

    async def carry_out(self, planned: Answer) -> Ending:
        """Send an answer, and return what is to become of the connection.

        Raises:
            OSError: the client has gone.
        """
        self.body_sent = ByteCount(0)
        await self._send(planned.head)
        body = planned.body
        at = len(body) if planned.slow_from is None else planned.slow_from
        await self._send_body(body[:at])
        for index in range(at, len(body)):
            await asyncio.sleep(planned.pause)
            await self._send_body(body[index : index + 1])
        filled = 0
        while filled < planned.filled:
            await self._send_body(planned.filler)
            filled += len(planned.filler)
        return planned.ending

    async def end(self, ending: Ending) -> None:
        """Prepare the end that closing the connection is to have, and wait where nothing comes.

        Raises:
            OSError: the client has gone.
        """
        if ending is Ending.RESET:
            found: socket.socket = self._writer.get_extra_info("socket")
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        elif ending in {Ending.STAY, Ending.HALF_CLOSE}:
            if ending is Ending.HALF_CLOSE:
                self._writer.write_eof()
            await self._until_gone()

    async def _until_gone(self) -> None:
        with suppress(ConnectionError):
            while await self.reader.read(PIECE):
                pass

    async def _send_body(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            length = len(left) if len(left) <= LAST_PIECE else min(PIECE, len(left) - LAST_PIECE)
            await self._send(left[:length])
            self.body_sent = ByteCount(self.body_sent + length)
            left = left[length:]

    async def _send(self, data: bytes | memoryview) -> None:
        if self.reader.at_eof():
            raise ConnectionResetError("the client has gone")
        self._writer.write(data)
        await self._writer.drain()


def parse_request(head: bytes) -> Request:
    """Return the request of a head; what is no header line is left out."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, _, rest = first.partition(" ")
    pairs = (line.partition(":") for line in lines if ":" in line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return Request(method, rest.partition(" ")[0], headers)
