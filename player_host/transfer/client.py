"""One GET: its way, its redirects, its answer.

Which transport carries it is decided here, and nowhere else; each names its own errors.
"""

import os
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Final

import certifi
from attrs import frozen

from player_host.log import get_logger
from player_host.settings import NetworkClass
from player_host.transfer import faults
from player_host.transfer.policy import TransferPolicy
from player_host.transfer.proxies import Proxies, Proxy
from player_host.transfer.targets import target_of
from player_host.transfer.transport import Ask, Reply, Take, Transport
from player_host.transfer.urls import redact_url, redirect_target
from player_host.units import ByteCount

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
    _reply: Reply

    @property
    def where(self) -> str:
        """The redacted URL that answered."""
        return redact_url(self._url)

    async def drain(self, take: Take) -> AsyncGenerator[ByteCount, None]:
        """Hand the body on as it arrives; yield how much was handed on since the last time.

        `take` may be called on a thread, but never while the caller has the floor.

        Raises:
            TransferError: silence, a lost connection, or an end before the announced length.
            Exception: whatever `take` raises.
        """
        while (count := await self._reply.step(take)) is not None:
            if count:
                yield count

    async def sent_more_than(self, length: int) -> bool:
        """Say whether the server sent more than the length that it announced."""
        return await self._reply.sent_more_than(length)


class HttpClient:
    """GET requests over kept connections, one pool for each network class and proxy in use.

    Which proxies there are is read from the environment when this is made.
    """

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._proxies = Proxies.from_environment()
        self._transports: dict[NetworkClass | Proxy, Transport] = {}
        self._tls = cache(_tls_context)  # made for the first https URL: it takes its time

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
            reply = await transport.send(_ask(url, headers, policy))
            try:
                if reply.status not in REDIRECTS or "location" not in reply.headers:
                    yield Answer(reply.status, reply.headers, url, reply)
                    return
                if policy.redirects == 0:
                    raise faults.http_status(reply.status, redact_url(url))
                url = redirect_target(url, reply.headers["location"])
                log.debug("transfer.redirected", url=redact_url(url), hop=hop + 1)
            finally:
                await reply.aclose()
        raise faults.REDIRECT_LIMIT.at(redact_url(url), f"{policy.redirects} times")

    def _transport(self, network: NetworkClass, proxy: Proxy | None) -> Transport:
        way = proxy or network
        if way not in self._transports:
            self._transports[way] = self._opened(network, proxy)
        return self._transports[way]

    def _opened(self, network: NetworkClass, proxy: Proxy | None) -> Transport:
        if proxy is None:
            return self._native(network) or self._pooled(network)
        from player_host.transfer.pooled import ProxiedTransport  # noqa: PLC0415 - slow to load

        log.info("transfer.proxy", proxy=proxy.place, variable=proxy.variable)
        return ProxiedTransport(proxy, self._connections, self._tls())

    def _native(self, network: NetworkClass) -> Transport | None:
        """Return the fast transport where the event loop and what is installed allow it."""
        try:
            from player_host.transfer import native  # noqa: PLC0415 - needs what may be missing
        except ImportError:
            return None
        if not native.is_possible():
            return None
        return native.NativeTransport(network, self._connections, self._tls)

    def _pooled(self, network: NetworkClass) -> Transport:
        from player_host.transfer.pooled import PinnedTransport  # noqa: PLC0415 - slow to load

        return PinnedTransport(network, self._connections, self._tls())


def _ask(url: str, headers: Mapping[str, str], policy: TransferPolicy) -> Ask:
    """Return what is sent to get a URL.

    Raises:
        TransferError: its host is no name that can be looked up.
    """
    try:
        target = target_of(url)
    except ValueError as error:
        raise faults.URL_INVALID.at(redact_url(url)) from error
    # An entity tag may hold any byte (RFC 9110, 8.8.3).
    named = {**REQUEST_HEADERS, **headers}.items()
    fields = [(name.encode("ascii"), value.encode("latin-1")) for name, value in named]
    host = (b"Host", target.authority)
    return Ask(target, (host, *fields), policy.connect_timeout, policy.read_timeout)


def _tls_context() -> ssl.SSLContext:
    """Return how certificates are verified: as SSL_CERT_FILE and SSL_CERT_DIR say, or certifi."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file or folder:
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    return ssl.create_default_context(cafile=certifi.where())
