"""The rules of what a person asks for by its URL: any kind of file, at any address.

A plug-in's URL stays within the network class that its settings name. What a person types is
meant as it stands, so the class is that of the address to which its host leads; redirects and
later look-ups of the name have to stay within it.
"""

import socket
from typing import Final
from urllib.parse import urlsplit

import anyio
from attrs import define, evolve, field

from player_host.settings import NetworkClass
from player_host.transfer.addresses import network_class
from player_host.transfer.policy import MIB, TRACK_POLICY
from player_host.units import ByteCount

FETCH_POLICY: Final = evolve(
    TRACK_POLICY,
    name="fetch",
    redirects=10,
    max_size=ByteCount(16 * 1024 * 1024 * MIB),
    is_hashed=False,
)
"""Files that `player-host fetch` is asked for: as patient as with tracks, and as long as 16 TiB."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@define
class NetworkFinder:
    """Says in which network class the host of a URL lies; each host is looked up once."""

    _found: dict[str, NetworkClass] = field(init=False, factory=dict)

    async def network_of(self, url: str) -> NetworkClass:
        """Return the class of the first address of a URL's host.

        Called on the event loop before a transfer begins. Where the name cannot be resolved, or
        leads to an address that no URL may lead to, it is `PUBLIC`: connecting tells the error.

        Args:
            url: one that `check_url` has let pass.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        if host in self._found:
            return self._found[host]
        try:
            entries = await anyio.getaddrinfo(
                host, parts.port or _DEFAULT_PORTS[parts.scheme], type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError):
            return NetworkClass.PUBLIC
        classes = (network_class(str(entry[4][0])) for entry in entries)
        found = next((one for one in classes if one is not None), NetworkClass.PUBLIC)
        self._found[host] = found
        return found
