"""What the store served, one JSON line per answer: the witness on the store's side.

    {"track_id": 701, "method": "GET", "range": null, "status": 200, "bytes": 24950}

`bytes` counts the body as far as it was handed to the connection. A query is never written,
because its signature would open the file.
"""

import json
from pathlib import Path

from attrs import define, field
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sample_partners.proseware.raw import RawResponse


@define
class AccessLog:
    """Writes the lines, or nothing if there is no path; used on the server's one thread."""

    path: Path | None = None

    def add(self, **line: object) -> None:
        """Append one line; it is in the file when this returns."""
        if self.path is None:
            return
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


@define(eq=False)
class Served:
    """An answer that is noted in the log when it has been sent (an ASGI application)."""

    answer: ASGIApp
    track_id: int
    log: AccessLog
    _status: int = field(init=False, default=0)
    _count: int = field(init=False, default=0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, then write the line, also when the customer went away (ASGI)."""

        async def counting_send(message: Message) -> None:
            await send(message)
            self._count_message(message)

        try:
            await self.answer(scope, receive, counting_send)
        finally:
            self._write(scope)

    def _count_message(self, message: Message) -> None:
        self._status = message.get("status", self._status)
        self._count += len(message.get("body", b""))

    def _write(self, scope: Scope) -> None:
        status, count = self._status, self._count
        if isinstance(self.answer, RawResponse):
            status, count = self.answer.status, self.answer.body_length
        self.log.add(
            track_id=self.track_id,
            method=scope["method"],
            range=Headers(scope=scope).get("range"),
            status=status,
            bytes=0 if scope["method"] == "HEAD" else count,
        )
