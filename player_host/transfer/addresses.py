"""Network classes: which addresses a URL's host may have.

A class is exact: `loopback` admits loopback alone, `private` neither loopback nor public
addresses. An IPv6 address that carries an IPv4 address is judged by what it carries.
"""

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from typing import Final

from player_host.settings import NetworkClass

PRIVATE: Final = tuple(
    map(
        IPv4Network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"),
    )
)
PRIVATE_V6: Final = tuple(map(IPv6Network, ("fc00::/7", "fe80::/10")))
TRANSLATED: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))


def network_class(address: str) -> NetworkClass | None:
    """Return the class of a numeric address; None for one that no URL may lead to.

    None stands for multicast, unspecified, reserved and documentation addresses, and for
    what is no address.
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address):
        return _class_v6(parsed)
    return _class_v4(parsed)


def _class_v4(address: IPv4Address) -> NetworkClass | None:
    if address.is_loopback:
        return NetworkClass.LOOPBACK
    if any(address in network for network in PRIVATE):
        return NetworkClass.PRIVATE
    return NetworkClass.PUBLIC if address.is_global and not address.is_multicast else None


def _class_v6(address: IPv6Address) -> NetworkClass | None:
    if address.is_loopback:
        return NetworkClass.LOOPBACK
    carried = _carried(address)
    if carried is not None:
        return _class_v4(carried)
    if any(address in network for network in PRIVATE_V6):
        return NetworkClass.PRIVATE
    return NetworkClass.PUBLIC if address.is_global and not address.is_multicast else None


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address.teredo:
        return address.teredo[1]
    if any(address in network for network in TRANSLATED):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
