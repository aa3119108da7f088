"""Transports over httpcore's pools: to checked addresses, and through a proxy.

The first takes the place of `native` where that is not possible; no other one speaks to proxies.
"""

import logging
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import anyio
import httpcore

from player_host.errors import TransferError
from player_host.settings import NetworkClass
from player_host.transfer import faults
from player_host.transfer.pinning import CountingStream, PinningBackend
from player_host.transfer.proxies import Proxy
from player_host.transfer.transport import KEEP_ALIVE, Ask, Take, joined
from player_host.transfer.tunnels import (
    CREDENTIALS_WANTED,
    ProxyBackend,
    authorization,
    credentials_wanted,
)
from player_host.transfer.urls import redact_url
from player_host.units import ByteCount

# It logs whole URLs and headers; ours are redacted.
logging.getLogger("httpcore").setLevel(logging.WARNING)


class PooledTransport:
    """A connection pool over whatever opens its connections."""

    def __init__(
        self, backend: httpcore.AsyncNetworkBackend, connections: int, tls: ssl.SSLContext
    ) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=KEEP_ALIVE,
            network_backend=backend,
        )

    async def send(self, ask: Ask) -> "PooledReply":
        """Send a GET; the body follows when it is asked for.

        Raises:
            TransferError: no answer came.
        """
        where = redact_url(ask.target.url)
        with _named_errors(where):
            # One silence at a time, a server could draw out the head of an answer for ever.
            with anyio.fail_after(ask.connect_timeout + ask.read_timeout):
                answer = await self._pool.handle_async_request(self._asked(ask))
        return PooledReply(answer, where)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()

    def _asked(self, ask: Ask) -> httpcore.Request:
        to = ask.target
        scheme, host = to.scheme.encode("ascii"), to.host.encode("ascii")
        url = httpcore.URL(scheme=scheme, host=host, port=to.port, target=to.path)
        return httpcore.Request("GET", url, headers=list(ask.fields), extensions=_timeouts(ask))


class PinnedTransport(PooledTransport):
    """Connections to checked addresses."""

    def __init__(self, network: NetworkClass, connections: int, tls: ssl.SSLContext) -> None:
        super().__init__(PinningBackend(network), connections, tls)


class ProxiedTransport(PooledTransport):
    """Connections to a proxy: a tunnel to each server, or requests that the proxy passes on."""

    def __init__(self, proxy: Proxy, connections: int, tls: ssl.SSLContext) -> None:
        super().__init__(ProxyBackend(proxy, tls), connections, tls)
        self._proxy = proxy

    async def send(self, ask: Ask) -> "PooledReply":
        """Send a GET, to the proxy or through it.

        Raises:
            TransferError: the proxy is of no help, or no answer came.
        """
        reply = await super().send(ask)
        if reply.status == CREDENTIALS_WANTED and not self._proxy.tunnels:
            await reply.aclose()
            raise credentials_wanted(self._proxy)
        return reply

    def _asked(self, ask: Ask) -> httpcore.Request:
        proxy, to = self._proxy, ask.target
        if proxy.tunnels:
            return super()._asked(ask)
        target = b"%b://%b%b" % (to.scheme.encode("ascii"), to.authority, to.path)
        # The scheme is that of the request; whether there is TLS is the backend's affair.
        host = proxy.host.encode("ascii")
        url = httpcore.URL(scheme=b"http", host=host, port=proxy.port, target=target)
        fields = [*ask.fields, *authorization(proxy)]
        return httpcore.Request("GET", url, headers=fields, extensions=_timeouts(ask))


class PooledReply:
    """One answer of httpcore."""

    def __init__(self, answer: httpcore.Response, where: str) -> None:
        self._answer = answer
        self._where = where
        self._headers = joined(answer.headers)
        self._chunks = answer.aiter_stream()

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._answer.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The header, by names in lower case."""
        return self._headers

    async def step(self, take: Take) -> ByteCount | None:
        """Hand on the next chunk of the body; None where it is over.

        Raises:
            TransferError: silence, a lost connection, or an end before the announced length.
            Exception: whatever `take` raises.
        """
        with _named_errors(self._where, in_body=True):
            chunk = await anext(self._chunks, None)
        if chunk is None:
            return None
        take(memoryview(chunk))
        return ByteCount(len(chunk))

    async def sent_more_than(self, length: int) -> bool:
        """Say whether the server sent more than the length that it announced."""
        stream = self._answer.extensions["network_stream"]
        if not isinstance(stream, CountingStream) or not await stream.sent_more_than(length):
            return False
        # The next answer on this connection would begin with what is left of this one.
        await stream.aclose()
        return True

    async def aclose(self) -> None:
        """Give the connection back to the pool, or close it."""
        with _named_errors(self._where):
            await self._answer.aclose()


def _timeouts(ask: Ask) -> dict[str, dict[str, float]]:
    return {"timeout": {"connect": ask.connect_timeout, "read": ask.read_timeout}}


@contextmanager
def _named_errors(where: str, *, in_body: bool = False) -> Iterator[None]:
    """Turn what the libraries raise into the error that names it."""
    try:
        yield
    except TimeoutError:
        raise faults.READ_TIMEOUT.at(where) from None
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        raise _connect_error(error, where) from error
    except httpcore.TimeoutException as error:
        raise faults.READ_TIMEOUT.at(where) from error
    except (httpcore.NetworkError, ssl.SSLError) as error:
        raise faults.CONNECTION_LOST.at(where) from error
    except httpcore.RemoteProtocolError as error:
        raise _protocol_error(error, where, in_body=in_body) from error
    except (httpcore.LocalProtocolError, httpcore.UnsupportedProtocol) as error:
        raise faults.URL_INVALID.at(where) from error


def _connect_error(error: Exception, where: str) -> TransferError:
    """Name what went wrong after the TCP connection stood: TLS, or its deadline."""
    if isinstance(error, httpcore.ConnectTimeout):
        return faults.CONNECT_TIMEOUT.at(where)
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return faults.CERTIFICATE.at(where, cause.verify_message)
    if isinstance(cause, ssl.SSLError):
        return faults.SECURE_CHANNEL.at(where)
    return faults.CANNOT_CONNECT.at(where)


def _protocol_error(error: Exception, where: str, *, in_body: bool) -> TransferError:
    if in_body:
        return faults.TRUNCATED.at(where)
    if "without sending a response" in str(error):
        return faults.CONNECTION_LOST.at(where)
    return faults.ANSWER_UNREADABLE.at(where)
