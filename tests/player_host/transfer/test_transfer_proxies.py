"""Which proxy a URL goes through is said by the environment, the URL and the network class."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_api.hresult import HRESULT
from player_host.errors import TransferError
from player_host.settings import NetworkClass
from player_host.transfer.proxies import Proxies
from player_host.transfer.urls import check_url

PUBLIC = NetworkClass.PUBLIC


@pytest.fixture
def named(monkeypatch):
    """Makes the proxies of an environment that has these variables and no others."""

    def make(**variables):
        for name in list(os.environ):
            if name.lower().endswith("_proxy") or name == "REQUEST_METHOD":
                monkeypatch.delenv(name)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return Proxies.from_environment()

    return make


def place(proxies, url, network=PUBLIC):
    proxy = proxies.of(url, network)
    return proxy and proxy.place


def test_each_scheme_has_its_proxy_and_the_others_have_the_one_for_all(named):
    proxies = named(HTTP_PROXY="http://one:1", ALL_PROXY="http://two:2")
    assert place(proxies, "http://store.example/a") == "one:1"
    assert place(proxies, "https://store.example/a") == "two:2"
    assert place(named(), "http://store.example/a") is None


def test_small_letters_go_before_capitals(named):
    proxies = named(HTTPS_PROXY="http://one:1", https_proxy="http://two:2")
    assert place(proxies, "https://store.example/a") == "two:2"


def test_a_variable_that_a_request_to_a_web_server_could_have_set_does_not_count(named):
    proxies = named(HTTP_PROXY="http://evil:1", REQUEST_METHOD="GET")
    assert place(proxies, "http://store.example/a") is None
    proxies = named(http_proxy="http://good:1", REQUEST_METHOD="GET")
    assert place(proxies, "http://store.example/a") == "good:1"


@pytest.mark.parametrize("network", [NetworkClass.PRIVATE, NetworkClass.LOOPBACK])
def test_what_is_not_public_is_reached_directly(named, network):
    proxies = named(ALL_PROXY="http://proxy:3128")
    assert proxies.of("https://store.example/a", network) is None
    assert proxies.of("http://10.0.0.1/a", network) is None


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "shop.localhost", "shop.localhost."])
def test_no_localhost_goes_through_a_proxy(named, host):
    assert place(named(ALL_PROXY="http://proxy:3128"), f"http://{host}:8080/a") is None


@pytest.mark.parametrize(
    ("bypass", "url"),
    [
        ("*", "https://store.example/a"),
        ("store.example", "https://store.example/a"),
        ("a.example, Example", "https://store.example./a"),
        (".store.example", "https://cdn.STORE.example/a"),
        ("store.example:8443", "https://store.example:8443/a"),
        ("store.example:443", "https://store.example/a"),
        ("93.184.215.14", "http://93.184.215.14/a"),
        ("2606:4700::1111", "http://[2606:4700::1111]/a"),
    ],
)
def test_what_no_proxy_names_is_reached_directly(named, bypass, url):
    proxies = named(ALL_PROXY="http://proxy:3128", NO_PROXY=bypass)
    assert proxies.of(url, PUBLIC) is None


@pytest.mark.parametrize("bypass", ["", "tore.example", "store.example:80", "cdn.store.example"])
def test_what_no_proxy_does_not_name_goes_through_the_proxy(named, bypass):
    proxies = named(ALL_PROXY="http://proxy:3128", NO_PROXY=bypass)
    assert place(proxies, "https://store.example/a") == "proxy:3128"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "10.0.0.1",
        "169.254.169.254",
        "[::1]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::a00:1]",
        "2130706433",
        "0x7f.1",
        "0X7F000001",
        "127.1",
        "0177.0.0.1",
        "\uff11\uff12\uff17.0.0.1",
        "127\u30020\u30020\u30021",
        "0.0.0.0",
        "224.0.0.1",
        "1.2.3.4.5",
        "store.0x",
    ],
)
def test_an_address_that_is_not_public_is_refused_in_every_spelling(named, host):
    proxies = named(ALL_PROXY="http://proxy:3128")
    with pytest.raises(TransferError, match="is not public") as caught:
        proxies.of(f"https://{host}/a", PUBLIC)
    assert caught.value.hr == HRESULT.named("NS_E_CURL_NOTSAFE")


@pytest.mark.parametrize(
    "host", ["93.184.215.14", "0x5db8d70e", "[2606:4700::1111]", "4.example", "127.0.0.1.example"]
)
def test_a_public_address_goes_through_the_proxy_and_so_does_a_name(named, host):
    proxies = named(ALL_PROXY="http://proxy:3128")
    assert place(proxies, f"https://{host}/a") == "proxy:3128"


@pytest.mark.parametrize(
    ("value", "proxy"),
    [
        ("http://proxy.example:3128", ("proxy.example", 3128, False, None)),
        ("proxy.example:3128", ("proxy.example", 3128, False, None)),
        (" https://proxy.example/ ", ("proxy.example", 443, True, None)),
        ("http://[::1]", ("::1", 80, False, None)),
        # Name and password are those of RFC 7617, section 2 and 2.1.
        (
            "HTTP://Aladdin:open%20sesame@proxy:1",
            ("proxy", 1, False, "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ),
        ("test:123%C2%A3@proxy:1", ("proxy", 1, False, "dGVzdDoxMjPCow==")),
    ],
)
def test_a_proxy_is_named_by_a_url_or_by_host_and_port(named, value, proxy):
    host, port, is_secure, credentials = proxy
    found = named(HTTPS_PROXY=value).of("https://store.example/a", PUBLIC)
    assert (found.host, found.port, found.is_secure) == (host, port, is_secure)
    assert found.authorization == (credentials and f"Basic {credentials}".encode())
    assert found.tunnels
    assert not named(HTTP_PROXY=value).of("http://store.example/a", PUBLIC).tunnels


@pytest.mark.parametrize(
    "value",
    [
        "socks5://name:secret@proxy:1080",
        "socks4a://secret.example",
        "direct://",
        "http://",
        "http://name:secret@",
        "http://name:secret@proxy:port",
        "http://name:sec/secret@proxy:1",
        "http://name:secret@pro xy:1",
        "http://[secret",
        "http://proxy:0",
    ],
)
def test_a_proxy_that_cannot_be_used_is_an_error_and_no_direct_connection(named, value):
    proxies = named(ALL_PROXY=value, NO_PROXY="good.example")
    with pytest.raises(TransferError, match="names no proxy that can be used") as caught:
        proxies.of("https://store.example/a", PUBLIC)
    assert caught.value.hr == HRESULT.named("BG_E_INVALID_PROXY_INFO")
    assert caught.value.where == "ALL_PROXY"
    assert "http://host:port" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert proxies.of("https://good.example/a", PUBLIC) is None
    assert proxies.of("https://store.example/a", NetworkClass.LOOPBACK) is None


def test_a_proxy_for_socks_is_named_as_what_it_is(named):
    with pytest.raises(TransferError, match="socks5h"):
        named(HTTP_PROXY="socks5h://proxy:1080").of("http://store.example/a", PUBLIC)


def test_no_credentials_are_shown(named):
    proxies = named(HTTPS_PROXY="http://name:secret@proxy:3128")
    shown = repr(proxies) + repr(proxies.of("https://store.example/a", PUBLIC))
    assert "secret" not in shown
    assert "Basic" not in shown


@given(
    host=st.text(min_size=1, max_size=40) | st.ip_addresses().map(str),
    value=st.text(max_size=40) | st.from_regex(r"https?://[a-z:@/0-9%\[\]]{0,30}", fullmatch=True),
    bypass=st.text(max_size=40),
)
def test_whatever_is_named_there_is_a_proxy_or_none_or_a_named_error(host, value, bypass):
    url = f"http://{host}/a"
    try:
        check_url(url)
        Proxies({"http": value, "no": bypass}).of(url, PUBLIC)
    except TransferError:
        pass
