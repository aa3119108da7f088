"""Which URLs are taken, and that what is shown of them holds no secret."""

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_api.hresult import HRESULT
from player_host.errors import TransferError
from player_host.transfer import check_url, redact_url
from player_host.transfer.urls import digest_url, redirect_target

INVALID = HRESULT.named("HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)")
SCHEME = HRESULT.named("HRESULT_FROM_WIN32(ERROR_WINHTTP_UNRECOGNIZED_SCHEME)")

url_like = st.one_of(
    st.text(),
    st.builds("http://{}".format, st.text()),
    st.builds(
        "{}://{}:{}/{}?{}".format,
        st.sampled_from(["http", "https", "HTTP", "ftp"]),
        st.text(max_size=40),
        st.integers(-1, 70_000),
        st.text(max_size=20),
        st.text(max_size=20),
    ),
)


@pytest.mark.requirement("T1-DL-48")
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/a.mp3",
        "https://store.example/music/1?sig=a%20b&c=d#e",
        "HTTPS://STORE.EXAMPLE",
        "http://[::1]:80/",
        "http://münchen.example/straße",
        "http://store.example./a",
        "http://store.example/" + "a" * 8000,
    ],
)
def test_absolute_http_urls_are_taken(url):
    check_url(url)


@pytest.mark.requirement("T1-DL-48")
@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "track.mp3",
        "/music/track.mp3",
        "//store.example/a",
        "http:/a",
        "http:a",
        "http://",
        "http:///a",
        "http://:80/a",
        "http://store.example:0/",
        "http://store.example:/",
        "http://store.example:65536/",
        "http://store.example:x/",
        "http://user@store.example/",
        "http://user:secret@store.example/",
        "http://store.example/a b",
        "http://store.example/a\nHost: b",
        "http://store.example\\@other.example/",
        " http://store.example/",
        "http://store.example/\x00",
        "http://store.example/\ud800",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://[vF.x]/",
        "http://" + "a" * 64 + ".example/",
        "http://" + "a." * 200 + "example/",
        "http://sto*re.example/",
        "http://store..example/",
        "http://store.example/" + "a" * 9000,
        "http://store.example/a#sha-256=rubbish",
    ],
)
def test_what_is_no_such_url_is_refused(url):
    with pytest.raises(TransferError) as caught:
        check_url(url)
    assert caught.value.hr == INVALID


@pytest.mark.requirement("T1-DL-48")
@pytest.mark.parametrize(
    "url", ["ftp://store.example/a", "file:///etc/passwd", "mms://a/b", "data:,x", "C:/music/a.mp3"]
)
def test_other_schemes_are_refused_with_their_own_code(url):
    with pytest.raises(TransferError) as caught:
        check_url(url)
    assert caught.value.hr == SCHEME


@settings(deadline=None)
@given(url_like)
def test_what_is_taken_is_understood_by_the_http_library_alike(text):
    try:
        check_url(text)
    except TransferError:
        return
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        return  # named at the request, before anything is connected to
    assert url.scheme in {"http", "https"}
    assert url.host
    assert not url.userinfo


@settings(deadline=None)
@given(st.text(max_size=50), st.text(max_size=50), st.sampled_from(["?", "#", "?a=b#"]))
def test_a_message_about_a_url_holds_neither_query_nor_credentials(host, path, mark):
    shown = redact_url(f"http://user:Tops3cret@{host}/{path}{mark}Tops3cret")
    assert "Tops3cret" not in shown
    assert shown.isprintable()
    assert len(shown) < 210


def test_what_is_shown_says_where():
    assert redact_url("https://u:p@a.example/b/c?sig=1#x") == "https://a.example/b/c?..."
    assert redact_url("http://a.example:80/b") == "http://a.example:80/b"
    assert redact_url("http://u:pass/word@a.example/") == "(no absolute URL)"
    assert redact_url("") == "(no URL)"
    assert redact_url("sig=secret") == "(no absolute URL)"


@settings(deadline=None)
@given(st.text())
def test_digests_tell_urls_apart_and_show_nothing(text):
    assert digest_url(text) == digest_url(text) != digest_url(text + "x")
    assert len(digest_url(text)) == 64


def test_redirects_are_relative_to_where_they_stand():
    assert redirect_target("http://a.example/b/c", "../d?e") == "http://a.example/d?e"
    assert redirect_target("http://a.example/b", "//c.example/d") == "http://c.example/d"
    assert redirect_target("http://a.example/b", "https://a.example/") == "https://a.example/"


@pytest.mark.parametrize("location", ["http://a.example/", "HTTP://a.example/"])
def test_no_redirect_leads_from_https_to_http(location):
    with pytest.raises(TransferError, match="from https to http") as caught:
        redirect_target("https://a.example/b", location)
    assert caught.value.hr == HRESULT.named("NS_E_INVALID_REDIRECT")


@settings(deadline=None)
@given(st.text())
def test_any_location_is_followed_within_the_rules_or_refused(location):
    try:
        target = redirect_target("https://a.example/b", location)
    except TransferError:
        return
    check_url(target)
    assert target.lower().startswith("https://")
