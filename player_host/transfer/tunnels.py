"""Connections to a proxy, which may stand at any address, and tunnels through it.

The tunnel is opened here, below the pool: the pool then does over it what it does over any other
connection, TLS included, and a failure of the proxy is named before it can be taken for one of
the store.
"""

import socket
import ssl
from typing import Final

import anyio
import httpcore

from player_host.errors import TransferError
from player_host.transfer import faults
from player_host.transfer.pinning import CountingStream, SocketOptions
from player_host.transfer.proxies import Proxy
from player_host.transfer.resolving import place_of

CREDENTIALS_WANTED: Final = 407


class ProxyBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to one proxy, or through it."""

    def __init__(self, proxy: Proxy, tls: ssl.SSLContext) -> None:
        self._proxy = proxy
        self._tls = tls
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: SocketOptions | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the proxy, and through it to a host where it tunnels: one deadline for all.

        Raises:
            TransferError: the proxy is not found, not reached or not trusted, does not answer in
                time, or opens no tunnel.
        """
        late = faults.PROXY_CONNECT_TIMEOUT
        try:
            with anyio.fail_after(timeout):
                stream = await self._secured(await self._connected(local_address, socket_options))
                if self._proxy.tunnels:
                    late = faults.PROXY_TIMEOUT
                    await self._open_tunnel(stream, place_of(host, port))
        except TimeoutError:
            raise self._error(late) from None
        return CountingStream(stream)

    async def sleep(self, seconds: float) -> None:
        """Wait; for the pool's own use."""
        await anyio.sleep(seconds)

    async def _connected(
        self, local_address: str | None, socket_options: SocketOptions | None
    ) -> httpcore.AsyncNetworkStream:
        proxy = self._proxy
        try:
            return await self._inner.connect_tcp(
                proxy.host, proxy.port, None, local_address, socket_options
            )
        except httpcore.ConnectError as error:
            unknown = isinstance(error.__cause__, socket.gaierror)
            fault = faults.PROXY_NOT_FOUND if unknown else faults.PROXY_UNREACHABLE
            raise self._error(fault) from error

    async def _secured(self, stream: httpcore.AsyncNetworkStream) -> httpcore.AsyncNetworkStream:
        if not self._proxy.is_secure:
            return stream
        try:
            return await stream.start_tls(self._tls, self._proxy.host)
        except httpcore.ConnectError as error:
            cause = error.__cause__
            reason = cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else ""
            raise self._error(faults.PROXY_INSECURE, reason) from error
        except BaseException:
            with anyio.CancelScope(shield=True):
                await stream.aclose()
            raise

    async def _open_tunnel(self, stream: httpcore.AsyncNetworkStream, target: str) -> None:
        """Send CONNECT; closes the stream where no tunnel comes of it."""
        host = self._proxy.host.encode("ascii")
        url = httpcore.URL(
            scheme=b"http", host=host, port=self._proxy.port, target=target.encode("ascii")
        )
        asked = httpcore.Request(
            "CONNECT", url, headers=[(b"Host", url.target), *authorization(self._proxy)]
        )
        connection = httpcore.AsyncHTTP11Connection(url.origin, stream)
        try:
            answer = await connection.handle_async_request(asked)
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise self._error(faults.PROXY_FAILED, "it hung up, or speaks no HTTP") from error
        if answer.status // 100 != 2:
            await connection.aclose()
            raise self._refusal(answer.status, target)

    def _refusal(self, status: int, target: str) -> TransferError:
        if status == CREDENTIALS_WANTED:
            return credentials_wanted(self._proxy)
        passes = faults.is_transient(faults.http_status(status, target).hr)
        fault = faults.PROXY_FAILED if passes else faults.PROXY_REFUSED
        return self._error(fault, f"HTTP status {status} for {target}")

    def _error(self, fault: faults.Fault, detail: str = "") -> TransferError:
        known = [self._proxy.variable, detail] if detail else [self._proxy.variable]
        return fault.at(self._proxy.place, "; ".join(known))


def authorization(proxy: Proxy) -> list[tuple[bytes, bytes]]:
    """Return the header with a proxy's credentials; for the proxy alone, never for a store."""
    if proxy.authorization is None:
        return []
    return [(b"Proxy-Authorization", proxy.authorization)]


def credentials_wanted(proxy: Proxy) -> TransferError:
    """Make the error for the status 407, in answer to CONNECT or to a request."""
    return faults.PROXY_CREDENTIALS.at(proxy.place, proxy.variable)
