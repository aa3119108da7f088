"""The boundary to the HTTP library: one GET, its redirects, its body, its errors.

No other module imports httpx, and no exception of it leaves this one.
"""

import logging
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import anyio
import httpcore
import httpx
from attrs import frozen

from player_host.errors import TransferError
from player_host.log import get_logger
from player_host.settings import NetworkClass
from player_host.transfer import faults
from player_host.transfer.pinning import CountingStream, PinningBackend
from player_host.transfer.policy import TransferPolicy
from player_host.transfer.urls import redact_url, redirect_target

KEEP_ALIVE_SECONDS: Final = 15.0
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
        where: the redacted URL that answered.
    """

    status: int
    headers: Mapping[str, str]
    where: str
    _response: httpx.Response

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the body as it arrives.

        Raises:
            TransferError: silence, a lost connection, or an end before the announced length.
        """
        with _named_errors(self.where, in_body=True):
            async for chunk in self._response.aiter_raw():
                yield chunk

    async def sent_more_than(self, length: int) -> bool:
        """Say whether the server sent more than the length that it announced."""
        stream = self._response.extensions["network_stream"]
        if not isinstance(stream, CountingStream) or not await stream.sent_more_than(length):
            return False
        # The next answer on this connection would begin with what is left of this one.
        await stream.aclose()
        return True


class HttpClient:
    """GET requests over kept connections, one pool for each network class in use."""

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._clients: dict[NetworkClass, httpx.AsyncClient] = {}
        self._tls: ssl.SSLContext | None = None
        # Both libraries log whole URLs and headers; ours are redacted.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)

    async def aclose(self) -> None:
        """Close every connection."""
        while self._clients:
            await self._clients.popitem()[1].aclose()

    @asynccontextmanager
    async def get(
        self, url: str, headers: Mapping[str, str], network: NetworkClass, policy: TransferPolicy
    ) -> AsyncIterator[Answer]:
        """Send a GET, follow redirects as the policy says, and give the answer's head.

        Raises:
            TransferError: no answer came, or a redirect is not allowed.
        """
        client = self._client(network)
        for hop in range(policy.redirects + 1):
            response = await self._send(client, url, headers, policy)
            try:
                if response.status_code not in REDIRECTS or "location" not in response.headers:
                    found = dict(response.headers)
                    yield Answer(response.status_code, found, redact_url(url), response)
                    return
                if policy.redirects == 0:
                    raise faults.http_status(response.status_code, redact_url(url))
                url = redirect_target(url, response.headers["location"])
                log.debug("transfer.redirected", url=redact_url(url), hop=hop + 1)
            finally:
                with _named_errors(redact_url(url)):
                    await response.aclose()
        raise faults.REDIRECT_LIMIT.at(redact_url(url), f"{policy.redirects} times")

    async def _send(
        self,
        client: httpx.AsyncClient,
        url: str,
        headers: Mapping[str, str],
        policy: TransferPolicy,
    ) -> httpx.Response:
        timeout = httpx.Timeout(policy.read_timeout, connect=policy.connect_timeout, pool=None)
        with _named_errors(redact_url(url)):
            request = client.build_request("GET", url, headers=dict(headers), timeout=timeout)
            # One silence at a time, a server could draw out the head of an answer for ever.
            with anyio.fail_after(policy.connect_timeout + policy.read_timeout):
                return await client.send(request, stream=True)

    def _client(self, network: NetworkClass) -> httpx.AsyncClient:
        if network not in self._clients:
            self._tls = self._tls or httpx.create_ssl_context()
            self._clients[network] = httpx.AsyncClient(
                transport=_PinnedTransport(network, self._connections, self._tls),
                headers=REQUEST_HEADERS,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                follow_redirects=False,
                trust_env=False,
            )
        return self._clients[network]


class _PinnedTransport(httpx.AsyncBaseTransport):
    """A connection pool over `PinningBackend`."""

    def __init__(self, network: NetworkClass, connections: int, tls: ssl.SSLContext) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
            network_backend=PinningBackend(network),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        answer = await self._pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._answer.aiter_stream():
            yield chunk

    async def aclose(self) -> None:
        await self._answer.aclose()


@contextmanager
def _named_errors(where: str, *, in_body: bool = False) -> Iterator[None]:
    """Turn what the libraries raise into the error that names it."""
    try:
        yield
    except httpx.InvalidURL:
        raise faults.URL_INVALID.at(where) from None
    except httpx.RemoteProtocolError:
        # Raised while a redirect is prepared that is not followed here: Location is no URL.
        raise faults.REDIRECT_WRONG.at(where, "no URL") from None
    except TimeoutError:
        raise faults.READ_TIMEOUT.at(where) from None
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        raise _connect_error(error, where) from error
    except httpcore.TimeoutException as error:
        raise faults.READ_TIMEOUT.at(where) from error
    except httpcore.NetworkError as error:
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
