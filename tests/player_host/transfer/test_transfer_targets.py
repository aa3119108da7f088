"""What is sent for a URL: as it came where that may be sent, as httpx would send it elsewhere."""

import httpx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from player_host.errors import TransferError
from player_host.transfer.targets import target_of
from player_host.transfer.urls import check_url

TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zs"]), max_size=12)
PARTS = st.one_of(TEXTS, st.sampled_from(["%2F", "%zz", "%", "a+b", "~", "'", "{x}", "[1]", ":@!"]))
NAMES = PARTS.filter(lambda part: not set(part) & set("/?#") and part not in {".", ".."})


@given(st.lists(NAMES, max_size=4), st.lists(PARTS.filter(lambda p: "#" not in p), max_size=3))
def test_path_and_query_are_sent_as_httpx_sends_them(names, queries):
    url = "http://a.example/" + "/".join(names) + ("?" + "&".join(queries) if queries else "")
    try:
        check_url(url)
        oracle = httpx.URL(url)
    except (TransferError, httpx.InvalidURL):
        assume(False)
    target = target_of(url)
    assert target.path == oracle.raw_path
    assert (target.host, target.port) == ("a.example", 80)


@pytest.mark.parametrize(
    ("url", "host", "port", "authority"),
    [
        ("http://Contoso.Example", "contoso.example", 80, b"contoso.example"),
        ("https://contoso.example:443/", "contoso.example", 443, b"contoso.example"),
        ("https://contoso.example:80/", "contoso.example", 80, b"contoso.example:80"),
        ("http://Bücher.example/", "xn--bcher-kva.example", 80, b"xn--bcher-kva.example"),
        ("http://[2001:DB8::1]:8080/", "2001:db8::1", 8080, b"[2001:db8::1]:8080"),
        ("https://[::1]/", "::1", 443, b"[::1]"),
    ],
)
def test_host_and_port_are_those_of_the_url(url, host, port, authority):
    target = target_of(url)
    assert (target.host, target.port, target.authority) == (host, port, authority)


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("", b"/"),
        ("?a=b", b"/?a=b"),
        ("/a?", b"/a?"),
        ("/a#b?c", b"/a"),
        ("/a/./b/../c", b"/a/c"),
        ("/../../a", b"/a"),
        ("/a/..", b"/"),
        ("/a/b/..", b"/a/"),
        ("/a/.", b"/a/"),
        ("/.a/..b/c..", b"/.a/..b/c.."),
        ("/a?b/../c", b"/a?b/../c"),
        ("/%2e%2e/a", b"/%2e%2e/a"),
        ("/a%20b%zz?sig=%2B+%", b"/a%20b%zz?sig=%2B+%"),
    ],
)
def test_only_what_may_not_be_sent_is_changed(path, sent):
    assert target_of(f"http://a.example{path}").path == sent


def test_a_host_that_no_name_server_can_have_is_an_error():
    with pytest.raises(ValueError, match=r"."):
        target_of("http://xn--\u2024.example/")


@given(st.text(max_size=60))
def test_what_may_be_fetched_can_be_asked_for_in_one_line_or_is_refused(text):
    url = f"http://{text}"
    try:
        check_url(url)
        target = target_of(url)
    except (TransferError, ValueError):
        return
    line = target.path + target.authority
    assert line.isascii()
    assert not set(line) & set(b" \r\n\0")
