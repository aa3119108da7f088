"""Every address belongs to one network class, or to none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from player_host.settings import NetworkClass
from player_host.transfer.addresses import network_class


@pytest.mark.parametrize("address", ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"])
def test_loopback(address):
    assert network_class(address) is NetworkClass.LOOPBACK


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "fd00::1",
        "fe80::1",
        "fe80::1%eth0",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "::192.168.0.1",
    ],
)
def test_private(address):
    assert network_class(address) is NetworkClass.PRIVATE


@pytest.mark.parametrize(
    "address",
    ["93.184.215.14", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_public(address):
    assert network_class(address) is NetworkClass.PUBLIC


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "192.0.2.1",
        "2001:db8::1",
        "x",
        "",
    ],
)
def test_no_class(address):
    assert network_class(address) is None


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_an_ipv4_address_in_ipv6_clothes_keeps_its_class(address):
    assert network_class(f"::ffff:{address}") is network_class(str(address))
    assert network_class(f"64:ff9b::{address}") is network_class(str(address))


@settings(deadline=None)
@given(st.text())
def test_what_is_no_address_has_no_class_and_no_crash(text):
    assert network_class(text) in {None, *NetworkClass}
