"""The boundary to the HTTP library: one GET, its redirects, its body, its errors.

Nothing but this module and the transports, `native` and `pooled`, imports httpx, and no exception
of it leaves them.
"""

import logging
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final

import httpcore
import httpx
from attrs import frozen

from player_host.errors import TransferError
from player_host.log import get_logger
from player_host.settings import NetworkClass
from player_host.transfer import faults
from player_host.transfer.pinning import CountingStream
from player_host.transfer.policy import TransferPolicy
from player_host.transfer.pooled import PinnedTransport, ProxiedTransport
from player_host.transfer.proxies import Proxies, Proxy
from player_host.transfer.urls import redact_url, redirect_target
from player_host.units import ByteCount

if TYPE_CHECKING:
    from player_host.transfer.native import NativeTransport

NO_BODY: Final = httpx.ByteStream(b"")
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
REQUEST_HEADERS: Final = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "User-Agent": "content-partner",
}

log = get_logger(__name__)


@frozen
class Answer:
    """The head of an answer, and the way to its body.

    Attributes:
        status: the HTTP status; never a redirect.
        headers: names in lower case; a repeated one is joined with commas.
    """

    status: int
    headers: Mapping[str, str]
    _url: str
    _response: httpx.Response

    @property
    def where(self) -> str:
        """The redacted URL that answered."""
        return redact_url(self._url)

    async def drain(self, take: Callable[[memoryview], None]) -> AsyncGenerator[ByteCount, None]:
        """Hand the body on as it arrives; yield how much was handed on since the last time.

        `take` may be called on a thread, but never while the caller has the floor.

        Raises:
            TransferError: silence, a lost connection, or an end before the announced length.
            Exception: whatever `take` raises.
        """
        step = self._response.extensions.get("step")
        with _named_errors(self._url, in_body=True):
            while step is not None:
                count = await step(take)
                if count is None:
                    return
                if count:
                    yield count
            async for chunk in self._response.aiter_raw():
                take(memoryview(chunk))
                yield ByteCount(len(chunk))

    async def sent_more_than(self, length: int) -> bool:
        """Say whether the server sent more than the length that it announced."""
        sent_more = self._response.extensions.get("sent_more")
        if sent_more is not None:
            return bool(await sent_more())
        stream = self._response.extensions["network_stream"]
        if not isinstance(stream, CountingStream) or not await stream.sent_more_than(length):
            return False
        # The next answer on this connection would begin with what is left of this one.
        await stream.aclose()
        return True


class HttpClient:
    """GET requests over kept connections, one pool for each network class and proxy in use.

    Which proxies there are is read from the environment when this is made.
    """

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._proxies = Proxies.from_environment()
        self._transports: dict[NetworkClass | Proxy, httpx.AsyncBaseTransport] = {}
        self._tls: ssl.SSLContext | None = None
        # Both libraries log whole URLs and headers; ours are redacted.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)

    async def aclose(self) -> None:
        """Close every connection."""
        while self._transports:
            await self._transports.popitem()[1].aclose()

    @asynccontextmanager
    async def get(
        self, url: str, headers: Mapping[str, str], network: NetworkClass, policy: TransferPolicy
    ) -> AsyncIterator[Answer]:
        """Send a GET, follow redirects as the policy says, and give the answer's head.

        Raises:
            TransferError: no answer came, or a redirect is not allowed.
        """
        for hop in range(policy.redirects + 1):
            transport = self._transport(network, self._proxies.of(url, network))
            response = await self._send(transport, url, headers, policy)
            try:
                if response.status_code not in REDIRECTS or "location" not in response.headers:
                    found = _joined(response.headers.raw)
                    yield Answer(response.status_code, found, url, response)
                    return
                if policy.redirects == 0:
                    raise faults.http_status(response.status_code, redact_url(url))
                url = redirect_target(url, response.headers["location"])
                log.debug("transfer.redirected", url=redact_url(url), hop=hop + 1)
            finally:
                with _named_errors(url):
                    await response.aclose()
        raise faults.REDIRECT_LIMIT.at(redact_url(url), f"{policy.redirects} times")

    async def _send(
        self,
        transport: httpx.AsyncBaseTransport,
        url: str,
        headers: Mapping[str, str],
        policy: TransferPolicy,
    ) -> httpx.Response:
        timeout = {"connect": policy.connect_timeout, "read": policy.read_timeout}
        with _named_errors(url):
            target = httpx.URL(url)
            named = {"Host": target.netloc.decode("ascii"), **REQUEST_HEADERS, **headers}
            # An entity tag may hold any byte (RFC 9110, 8.8.3).
            fields = httpx.Headers(named, encoding="latin-1")
            request = httpx.Request(
                "GET", target, headers=fields, stream=NO_BODY, extensions={"timeout": timeout}
            )
            return await transport.handle_async_request(request)

    def _transport(self, network: NetworkClass, proxy: Proxy | None) -> httpx.AsyncBaseTransport:
        way = proxy or network
        if way not in self._transports:
            self._transports[way] = self._opened(network, proxy)
        return self._transports[way]

    def _opened(self, network: NetworkClass, proxy: Proxy | None) -> httpx.AsyncBaseTransport:
        self._tls = self._tls or httpx.create_ssl_context()
        if proxy is None:
            return _transport_class()(network, self._connections, self._tls)
        log.info("transfer.proxy", proxy=proxy.place, variable=proxy.variable)
        return ProxiedTransport(proxy, self._connections, self._tls)


def _joined(fields: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return header fields by their names in lower case; repeated ones are joined."""
    found: dict[str, str] = {}
    for name, value in fields:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _transport_class() -> type["NativeTransport | PinnedTransport"]:
    """Return the fast transport where the event loop and what is installed allow it."""
    try:
        from player_host.transfer.native import NativeTransport, is_possible  # noqa: PLC0415
    except ImportError:
        return PinnedTransport
    return NativeTransport if is_possible() else PinnedTransport


@contextmanager
def _named_errors(url: str, *, in_body: bool = False) -> Iterator[None]:
    """Turn what the libraries raise into the error that names it."""
    try:
        yield
    except httpx.InvalidURL:
        raise faults.URL_INVALID.at(redact_url(url)) from None
    except TimeoutError:
        raise faults.READ_TIMEOUT.at(redact_url(url)) from None
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        raise _connect_error(error, redact_url(url)) from error
    except httpcore.TimeoutException as error:
        raise faults.READ_TIMEOUT.at(redact_url(url)) from error
    except (httpcore.NetworkError, ssl.SSLError) as error:
        raise faults.CONNECTION_LOST.at(redact_url(url)) from error
    except httpcore.RemoteProtocolError as error:
        raise _protocol_error(error, redact_url(url), in_body=in_body) from error
    except (httpcore.LocalProtocolError, httpcore.UnsupportedProtocol) as error:
        raise faults.URL_INVALID.at(redact_url(url)) from error


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
