"""Whatever a server proposes, what comes out is one safe name in the folder it is meant for."""

import re
import unicodedata
from itertools import islice
from pathlib import PurePosixPath, PureWindowsPath
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pathvalidate import validate_filename

from player_host.file_names import NameBounds, name_key
from player_host.transfer.names import alternatives, disposition_name, file_name, url_name

# Written from Microsoft's rules for names, not from the code under test.
RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE
)
NASTY = st.one_of(
    st.sampled_from(["CON", "con.mp3", "aux .x", "nul", "COM¹", "CONIN$", ".incoming", "~"]),
    st.sampled_from(["..", ".", "../..", "/", "\\", "C:", "a:b", '|?*<>"', "a.", "a ", " ."]),
    st.sampled_from(["x" * 300, "音" * 200, "e\u0301" * 200, ".mp3", "; filename=", "%2e%2e%2f"]),
    st.sampled_from(["\0", "\u202egnp.exe", "\ud800", "\ufeff", "a\u2028b", "\n\t", "\\\\?\\"]),
)
ANY = st.one_of(NASTY, st.text(), st.lists(NASTY, max_size=5).map("".join))
URLS = st.one_of(ANY, ANY.map(lambda text: f"https://store.example/{text}"))
BOUNDS = st.builds(NameBounds, size=st.integers(40, 255), units=st.integers(40, 255))
WIDE = NameBounds(255, 255)


def _check_name(name: str, bounds: NameBounds = WIDE) -> None:
    assert len(name.encode("utf-8")) <= bounds.size
    assert len(name.encode("utf-16-le")) // 2 <= bounds.units
    assert not re.search(r'[/\\:*?"<>|]', name)
    assert not RESERVED.fullmatch(name)
    assert name[0] not in ". "
    assert name[-1] not in ". "
    assert not {unicodedata.category(c) for c in name} & {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}
    assert PurePosixPath(name).name == PureWindowsPath(name).name == name
    validate_filename(name, platform="universal")


@given(URLS, ANY | st.none(), BOUNDS)
@example("https://a.example/CON.mp3", None, WIDE)
def test_whatever_a_server_proposes_the_name_is_safe(url, disposition, bounds):
    name = file_name(url, disposition, bounds)

    _check_name(name, bounds)
    assert file_name(url, disposition, bounds) == name


@given(ANY)
def test_whatever_stands_in_a_quoted_name_is_made_safe(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')

    _check_name(file_name("https://a.example/x", f'attachment; filename="{escaped}"'))


@given(ANY)
def test_a_quoted_name_means_what_was_quoted(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    header = f'attachment; filename="{escaped}"; size=5'

    assert disposition_name(header) == (text or None)


@given(st.text())
def test_an_extended_name_means_what_was_encoded(text):
    encodable = text.encode("utf-8", "ignore").decode("utf-8")
    header = f"attachment; filename=\"plain\"; filename*=UTF-8''{quote(encodable, safe='')}"

    assert disposition_name(header) == (encodable or "plain")


@given(st.text(st.characters(codec="utf-8")))
def test_a_name_in_a_url_is_decoded(text):
    assert url_name(f"https://a.example/album/{quote(text, safe='')}?sign=/x#t=/1") == text


@given(ANY)
def test_a_safe_name_stays_as_it_is(text):
    name = file_name("", f"attachment; filename*=UTF-8''{quote(text.encode('utf-8', 'ignore'))}")

    assert file_name("", f"attachment; filename*=UTF-8''{quote(name, safe='')}") == name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("", None),
        ("inline", None),
        ("attachment; filename=", None),
        ("attachment; filename=song.mp3", "song.mp3"),
        ("attachment; FILENAME = song.mp3 ; size=1", "song.mp3"),
        ("attachment; filename=my song.mp3", "my song.mp3"),
        ('attachment; filename="a;b.mp3"', "a;b.mp3"),
        ('attachment; filename="say \\"hi\\".mp3"', 'say "hi".mp3'),
        ('attachment; name="; filename=evil.exe"; filename="b.mp3"', "b.mp3"),
        ('attachment; filename="one.mp3"; filename="two.mp3"', "one.mp3"),
        ("attachment; filename=\"e.mp3\"; filename*=UTF-8''%E9%9F%B3.mp3", "音.mp3"),
        ("attachment; filename*=utf-8'de'St%C3%B6re.mp3; filename=x", "Störe.mp3"),
        ("attachment; filename*=ISO-8859-1''St%F6re.mp3", "Störe.mp3"),
        ("attachment; filename*=UTF-8''%F6.mp3; filename=plain.mp3", "plain.mp3"),
        ("attachment; filename*=KOI8-R''%C1.mp3; filename=plain.mp3", "plain.mp3"),
        ("attachment; filename*=no-quotes.mp3; filename=plain.mp3", "plain.mp3"),
        ("attachment; filename=" + "x" * 5000, None),
        ('attachment; filename="unclosed', None),
    ],
)
def test_content_disposition_is_read_as_its_rfcs_say(header, name):
    assert disposition_name(header) == name


@pytest.mark.parametrize(
    ("proposed", "name"),
    [
        ("../../evil.mp3", "evil.mp3"),
        ("..\\..\\evil.mp3", "evil.mp3"),
        ("/etc/passwd", "passwd"),
        ("album/", "album"),
        ("C:evil.mp3", "C_evil.mp3"),
        ("song.mp3:stream", "song.mp3_stream"),
        ("CON:?.mp3. ", "CON__.mp3"),
        ("nul.mp3", "_nul.mp3"),
        ("com1", "_com1"),
        (".bashrc", "bashrc"),
        ("evil\u202e3pm.exe", "evil3pm.exe"),
        ("song\0.mp3", "song.mp3"),
        ("two\nlines.mp3", "two lines.mp3"),
        ("..", "from-url"),
        ("\u200b", "from-url"),
        ("...///...", "from-url"),
    ],
)
def test_a_name_from_a_header_is_one_component(proposed, name):
    header = f"attachment; filename*=UTF-8''{quote(proposed, safe='')}"

    assert file_name("https://a.example/from-url", header) == name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://a.example/album/01%20Title.mp3?token=a/b", "01 Title.mp3"),
        ("https://a.example/..%2f..%2fevil.mp3", "evil.mp3"),
        ("https://a.example/%ff.mp3", "_.mp3"),
        ("https://a.example/#sha-256=00", "download"),
        ("https://a.example", "download"),
        ("https://[broken/x", "download"),
    ],
)
def test_a_name_from_a_url_is_the_last_component_of_its_path(url, name):
    assert file_name(url) == name


def test_a_long_name_keeps_its_extension():
    name = file_name("https://a.example/" + quote("音" * 200) + ".mp3")

    assert name == "音" * 83 + ".mp3"


@given(URLS, st.integers(1, 6), BOUNDS)
@example("https://a.example/CON.mp3", 3, NameBounds(40, 40))
def test_every_alternative_is_another_name_and_safe(url, number, bounds):
    names = list(islice(alternatives(file_name(url, None, bounds), bounds), number))
    for name in names:
        _check_name(name, bounds)

    assert len({name_key(name) for name in names}) == number


def test_the_first_alternative_is_the_name_and_the_others_are_numbered():
    assert list(islice(alternatives("A e\u0301.MP3"), 3)) == [
        "A e\u0301.MP3",
        "A e\u0301 (2).MP3",
        "A e\u0301 (3).MP3",
    ]
