"""Transports over httpcore's pools: to checked addresses, and through a proxy.

The first takes the place of `native` where that is not possible; no other one speaks to proxies.
"""

import ssl
from collections.abc import AsyncIterator
from typing import Final

import anyio
import httpcore
import httpx

from player_host.settings import NetworkClass
from player_host.transfer.pinning import PinningBackend
from player_host.transfer.proxies import Proxy
from player_host.transfer.tunnels import (
    CREDENTIALS_WANTED,
    ProxyBackend,
    authorization,
    credentials_wanted,
)

KEEP_ALIVE_SECONDS: Final = 15.0


class PooledTransport(httpx.AsyncBaseTransport):
    """A connection pool over whatever opens its connections."""

    def __init__(
        self, backend: httpcore.AsyncNetworkBackend, connections: int, tls: ssl.SSLContext
    ) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
            network_backend=backend,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a GET; the body follows when it is asked for.

        Raises:
            TransferError: no connection came about.
            TimeoutError: the head of the answer did not come in time.
            Exception: what httpcore raises.
        """
        timeout, asked = request.extensions["timeout"], self._asked(request)
        # One silence at a time, a server could draw out the head of an answer for ever.
        with anyio.fail_after(timeout["connect"] + timeout["read"]):
            answer = await self._pool.handle_async_request(asked)
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()

    def _asked(self, request: httpx.Request) -> httpcore.Request:
        url = request.url
        return httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=request.headers.raw,
            extensions=request.extensions,
        )


class PinnedTransport(PooledTransport):
    """Connections to checked addresses."""

    def __init__(self, network: NetworkClass, connections: int, tls: ssl.SSLContext) -> None:
        super().__init__(PinningBackend(network), connections, tls)


class ProxiedTransport(PooledTransport):
    """Connections to a proxy: a tunnel to each server, or requests that the proxy passes on."""

    def __init__(self, proxy: Proxy, connections: int, tls: ssl.SSLContext) -> None:
        super().__init__(ProxyBackend(proxy, tls), connections, tls)
        self._proxy = proxy

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a GET, to the proxy or through it.

        Raises:
            TransferError: the proxy is of no help.
            TimeoutError: the head of the answer did not come in time.
            Exception: what httpcore raises.
        """
        response = await super().handle_async_request(request)
        if response.status_code == CREDENTIALS_WANTED and not self._proxy.tunnels:
            await response.aclose()
            raise credentials_wanted(self._proxy)
        return response

    def _asked(self, request: httpx.Request) -> httpcore.Request:
        proxy, url = self._proxy, request.url
        if proxy.tunnels:
            return super()._asked(request)
        target = b"%b://%b%b" % (url.raw_scheme, url.netloc, url.raw_path)
        host = proxy.host.encode("ascii")
        return httpcore.Request(
            method=request.method,
            # The scheme is that of the request; whether there is TLS is the backend's affair.
            url=httpcore.URL(scheme=b"http", host=host, port=proxy.port, target=target),
            headers=[*request.headers.raw, *authorization(proxy)],
            extensions=request.extensions,
        )


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._answer.aiter_stream():
            yield chunk

    async def aclose(self) -> None:
        await self._answer.aclose()
