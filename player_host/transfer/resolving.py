"""From a host's name to addresses of its class: what is judged here is what is connected to."""

import socket
from typing import Final

import anyio

from player_host.settings import NetworkClass
from player_host.transfer import faults
from player_host.transfer.addresses import network_class

MAX_ADDRESSES: Final = 16


async def checked_addresses(host: str, port: int, network: NetworkClass) -> list[str]:
    """Resolve a name; every address has to be of the class.

    Called on the event loop before each new connection, by either transport.

    Raises:
        TransferError: the name is not resolved, or an address is not of the class.
    """
    place = place_of(host, port)
    try:
        found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise faults.NAME_NOT_RESOLVED.at(place) from error
    addresses = list(dict.fromkeys(entry[4][0] for entry in found))[:MAX_ADDRESSES]
    if not addresses:
        raise faults.NAME_NOT_RESOLVED.at(place)
    for address in addresses:
        if network_class(address) is not network:
            detail = f"{address} is not {network.value}"
            raise faults.NETWORK_REFUSED.at(place, detail)
    return addresses


def place_of(host: str, port: int) -> str:
    """Return host and port as they stand in a message."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
