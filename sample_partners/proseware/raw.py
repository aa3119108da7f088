"""Answers that HTTP forbids: a body of another length than announced, a cut connection.

An ASGI server keeps its promises, so these are written to the connection directly. The
server's protocol class is told to note each connection by its peer; an answer finds it there.
"""

import asyncio
from collections.abc import Iterable
from http import HTTPStatus

from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_open: dict[tuple[str, int], asyncio.Transport] = {}


class NotingProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol, which also notes the open connections."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note the connection; called by the event loop."""
        super().connection_made(transport)
        if self.client is not None:
            _open[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; called by the event loop."""
        if self.client is not None:
            _open.pop(self.client, None)
        super().connection_lost(exc)


class RawResponse:
    """An answer whose headers and body need not agree; the connection closes after it.

    Args:
        request: what is answered.
        status: the HTTP status.
        headers: sent as they are.
        body: sent as it is.
    """

    def __init__(
        self,
        request: Request,
        status: int,
        headers: Iterable[tuple[str, str]],
        body: bytes,
    ) -> None:
        self.status = status
        self.body_length = len(body)
        self._peer = request.scope["client"]
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers]
        lines += ["connection: close", "", ""]
        self._bytes = "\r\n".join(lines).encode("latin-1") + body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write the answer and wait until the connection is gone (ASGI)."""
        transport = _open.get(self._peer)
        if transport is not None:
            transport.write(self._bytes)
            transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass
