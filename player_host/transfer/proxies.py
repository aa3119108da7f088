"""Which proxy a URL goes through, as the environment says. Nothing is connected to here.

`HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY` name proxies, `NO_PROXY` what is reached without one;
the standard library reads them, in capitals or small letters. Under CGI (`REQUEST_METHOD` is
set) `HTTP_PROXY` in capitals does not count: a request's header could have set it.

Only the network class `public` goes through a proxy: what is private or loopback here would be
another place there. A proxy resolves names by itself, so the addresses of a name can be checked
no more than the network behind the proxy: whoever names a proxy trusts it to lead to public
places. An address that stands in the URL is checked, on every hop, before anything is sent.
"""

import re
import socket
from base64 import b64encode
from collections.abc import Mapping
from typing import Final, Self
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import (  # type: ignore[attr-defined]
    getproxies_environment,
    proxy_bypass_environment,
)

from attrs import field, frozen

from player_host.errors import TransferError
from player_host.settings import NetworkClass
from player_host.transfer import faults
from player_host.transfer.addresses import network_class
from player_host.transfer.resolving import place_of
from player_host.transfer.urls import SCHEMES, check_url

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
SHOWN_SCHEME: Final = 20
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")


@frozen
class Proxy:
    """A proxy, and how it is asked.

    Attributes:
        host: its name or address, in ASCII.
        is_secure: whether the connection to the proxy itself is TLS.
        tunnels: whether it is asked for a tunnel (CONNECT, for https), or for the URL (for http).
        variable: what names it in the environment.
        authorization: what stands in Proxy-Authorization.
    """

    host: str
    port: int
    is_secure: bool
    tunnels: bool
    variable: str
    authorization: bytes | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """Host and port, as they stand in a message."""
        return place_of(self.host, self.port)


@frozen
class Proxies:
    """The proxies that were named when the transfer room was opened."""

    _settings: Mapping[str, str] = field(repr=False)

    @classmethod
    def from_environment(cls) -> Self:
        """Read the variables of this process."""
        return cls(getproxies_environment())

    def of(self, url: str, network: NetworkClass) -> Proxy | None:
        """Return the proxy for a URL; None where it is reached directly.

        Called on the event loop before each request, redirected ones included.

        Args:
            url: one that `check_url` or `redirect_target` has let pass.
            network: the class in which the URL has to stay.

        Raises:
            TransferError: the URL would go through a proxy and has an address that is not
                public, or what the environment says names no proxy that can be used.
        """
        if network is not NetworkClass.PUBLIC:
            return None
        parts = urlsplit(url)
        host, port = _host(parts), parts.port or DEFAULT_PORTS[parts.scheme]
        named = parts.scheme if parts.scheme in self._settings else "all"
        if named not in self._settings or self._is_bypassed(host, port):
            return None
        _check_literal(host, port)
        tunnels = parts.scheme == "https"
        return _proxy(f"{named.upper()}_PROXY", self._settings[named], tunnels=tunnels)

    def _is_bypassed(self, host: str, port: int) -> bool:
        if host == "localhost" or host.endswith(".localhost"):
            return True
        spellings = (host, place_of(host, port))
        return any(proxy_bypass_environment(one, dict(self._settings)) for one in spellings)


def _host(parts: SplitResult) -> str:
    """Return a host as name servers and proxies understand it: fullwidth digits are digits."""
    host = parts.hostname or ""
    return host if ":" in host else host.encode("idna").decode("ascii").lower().rstrip(".")


def _check_literal(host: str, port: int) -> None:
    address = _literal(host)
    if address is not None and network_class(address) is not NetworkClass.PUBLIC:
        detail = f"{address} is not {NetworkClass.PUBLIC.value}"
        raise faults.NETWORK_REFUSED.at(place_of(host, port), detail)


def _literal(host: str) -> str | None:
    """Return the address that a host is, in whichever spelling; None for a name.

    No name ends in a number: what does and is no address is returned as it stands.
    """
    if ":" in host:
        return host
    if not _NUMBER.fullmatch(host.rpartition(".")[2]):
        return None
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return host


def _proxy(variable: str, value: str, *, tunnels: bool) -> Proxy:
    text = value.strip()
    parts = _split(variable, text if "://" in text else f"http://{text}")
    if parts.scheme not in SCHEMES:
        detail = f"a proxy of the kind {parts.scheme[:SHOWN_SCHEME] or 'unknown'}"
        raise faults.PROXY_UNUSABLE.at(variable, detail)
    credentials, _, place = parts.netloc.rpartition("@")
    at = _split(variable, f"{parts.scheme}://{place}/")
    try:
        check_url(at.geturl())
    except TransferError:
        raise faults.PROXY_UNUSABLE.at(variable, "no host, or no port") from None
    return Proxy(
        host=_host(at),
        port=at.port or DEFAULT_PORTS[at.scheme],
        is_secure=at.scheme == "https",
        tunnels=tunnels,
        variable=variable,
        authorization=_basic(credentials),
    )


def _split(variable: str, text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:
        raise faults.PROXY_UNUSABLE.at(variable, "no URL") from None


def _basic(credentials: str) -> bytes | None:
    """Return the credentials of a proxy's URL as Proxy-Authorization has them (RFC 7617)."""
    if not credentials:
        return None
    name, _, password = credentials.partition(":")
    plain = f"{unquote(name)}:{unquote(password)}"
    return b"Basic " + b64encode(plain.encode("utf-8", "surrogateescape"))
