"""Whatever the tags say, the path is safe on every platform and lies in the Music folder."""

import re
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pathvalidate import validate_filename

from player_host.library.filing import (
    MAX_COMPONENT_BYTES,
    MAX_PATH_UNITS,
    collision_key,
    library_path,
    numbered,
    safe_component,
)
from player_host.library.records import MediaTags

# Written from Microsoft's rules for names, not from the code under test.
RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE
)
NASTY = st.one_of(
    st.sampled_from(["CON", "con.mp3", "aux .x", "nul", "COM¹", "CONIN$", ".incoming", "~"]),
    st.sampled_from(["..", ".", "../..", "/", "\\", "C:", "a:b", '|?*<>"', "a.", "a ", " ."]),
    st.sampled_from(["x" * 300, "音" * 200, "e\u0301" * 200, "👩\u200d👩\u200d👧" * 40]),
    st.sampled_from(["\0", "\u202egnp.exe", "\ud800", "\ufeff", "a\u2028b", "\n\t"]),
)
ANY = st.one_of(NASTY, st.text(), st.lists(NASTY, max_size=4).map("".join))
TAGS = st.builds(
    MediaTags,
    file_type=st.one_of(st.sampled_from(["mp3", "wma", "flac"]), ANY),
    title=ANY,
    album_artist=ANY,
    authors=st.lists(ANY, max_size=2).map(tuple),
    album_title=ANY,
    track_number=st.none() | st.integers(1, 99_999),
)


def _check_component(name: str) -> None:
    assert name
    assert len(name.encode("utf-8")) <= MAX_COMPONENT_BYTES
    assert not re.search(r'[/\\:*?"<>|]', name)
    assert not RESERVED.fullmatch(name)
    assert name[0] not in ". "
    assert name[-1] not in ". "
    assert not {unicodedata.category(c) for c in name} & {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}
    assert unicodedata.is_normalized("NFC", name)
    validate_filename(name, platform="universal")


def _check_path(path: PurePosixPath) -> None:
    assert not path.is_absolute()
    assert not PureWindowsPath(str(path)).drive
    assert len(path.parts) == len(PureWindowsPath(str(path)).parts) == 3
    assert len(str(path).encode("utf-16-le")) // 2 <= MAX_PATH_UNITS
    for part in path.parts:
        _check_component(part)


@given(TAGS, ANY)
def test_any_tags_give_a_safe_path(tags, fallback):
    path = library_path(tags, fallback_title=fallback)

    _check_path(path)
    assert library_path(tags, fallback_title=fallback) == path


@given(TAGS, st.integers(2, 10_000) | st.sampled_from(["0123abcd", "f" * 24]))
@example(MediaTags(file_type="0000000\u20280", title="CON"), 2)
@example(MediaTags(file_type="mp3", album_artist="音" * 60, album_title="é" * 99), 2)
@example(MediaTags(file_type="mp3", title="a" * 300, album_title="é" * 99), "f" * 24)
def test_a_numbered_path_is_as_safe_and_another(tags, number):
    first = library_path(tags)
    second = numbered(first, number)

    _check_path(second)
    assert collision_key(second) != collision_key(first)
    assert (second.parent, second.suffix) == (first.parent, first.suffix)


@given(ANY)
@example("_" * 199 + "CON")
def test_a_safe_component_stays_as_it_is(text):
    once = safe_component(text, "x")

    _check_component(once)
    assert safe_component(once, "x") == once


@given(st.text(), st.text())
def test_the_collision_key_ignores_case_and_normalisation(first, second):
    same = "".join(first.split("/"))
    forms = {unicodedata.normalize(form, same) for form in ("NFC", "NFD")}
    keys = {collision_key(PurePosixPath(f)) for form in forms for f in (form, form.casefold())}

    assert len(keys) == 1
    assert collision_key(PurePosixPath(f"{first}1")) != collision_key(PurePosixPath(f"{second}2"))


@pytest.mark.parametrize(
    ("tags", "path"),
    [
        ({}, "Unknown Artist/Unknown Album/Unknown Title.mp3"),
        (
            {"album_artist": "A", "authors": ("B",), "album_title": "C", "title": "D"},
            "A/C/D.mp3",
        ),
        ({"authors": ("B", "X"), "title": "D", "track_number": 3}, "B/Unknown Album/03 D.mp3"),
        ({"title": "D", "track_number": 123}, "Unknown Artist/Unknown Album/123 D.mp3"),
        ({"album_artist": "AC/DC", "title": "T.N.T."}, "AC_DC/Unknown Album/T.N.T.mp3"),
        ({"album_artist": "../../etc", "title": "x"}, "_.._etc/Unknown Album/x.mp3"),
        ({"album_artist": ".incoming", "title": "x"}, "incoming/Unknown Album/x.mp3"),
        ({"album_artist": "NUL", "title": "con"}, "_NUL/Unknown Album/_con.mp3"),
        ({"title": "CON:?.mp3. "}, "Unknown Artist/Unknown Album/CON__.mp3.mp3"),
        ({"title": "evil\u202e3pm.exe"}, "Unknown Artist/Unknown Album/evil3pm.exe.mp3"),
        ({"title": "  two \n  lines "}, "Unknown Artist/Unknown Album/two lines.mp3"),
    ],
)
def test_the_path_is_artist_album_number_and_title(tags, path):
    assert str(library_path(MediaTags(file_type="mp3", **tags))) == path


def test_the_caller_names_a_file_without_a_title():
    path = library_path(MediaTags(file_type="wma"), fallback_title="From the catalogue")

    assert path.name == "From the catalogue.wma"


def test_the_second_file_of_a_name_has_a_number_before_the_extension():
    assert numbered(PurePosixPath("a/b/01 Title.mp3"), 2) == PurePosixPath("a/b/01 Title (2).mp3")


def test_a_long_path_is_shared_fairly():
    long = "x" * 500
    path = library_path(MediaTags(file_type="mp3", title=long, album_artist=long, album_title=long))

    assert [len(part) for part in path.parts] == [50, 50, 50]
    assert path.suffix == ".mp3"


def test_a_cut_never_leaves_a_base_without_its_accent():
    name = safe_component("x" + "q\u0323\u0301" * 100, "")

    assert name.endswith("q\u0323\u0301")


def test_caseless_names_collide_as_they_do_on_macos_and_windows():
    keys = {collision_key(PurePosixPath(n)) for n in ("Straße/É", "STRASSE/e\u0301", "strasse/é")}

    assert len(keys) == 1
