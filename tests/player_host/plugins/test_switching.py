"""Enabling and disabling: `partners.toml` says one thing differently, and all else as before."""

import os
import stat
import threading
import tomllib
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from player_host.errors import SettingsError, StorageError, UsageError
from player_host.plugins import switching
from player_host.plugins.switching import names_in, switch
from player_host.settings import load_partner_settings
from player_host.toml_text import MAX_BYTES
from player_host.units import Seconds


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "partners.toml"


def switched(file: Path, before: str, name: str = "shop", *, enabled: bool = False) -> str:
    """Write a file, switch, and return what it says then, its line ends included."""
    file.write_bytes(before.encode())
    assert switch(file, name, enabled=enabled) is True
    return file.read_bytes().decode()


def is_enabled(file: Path, name: str = "shop") -> bool:
    return load_partner_settings(file).of(name).host.enabled


def test_disabling_writes_the_table_and_enabling_changes_its_value(file):
    assert switch(file, "shop", enabled=False) is True
    assert file.read_text() == "[shop.host]\nenabled = false\n"
    assert is_enabled(file) is False
    assert switch(file, "shop", enabled=True) is True
    assert file.read_text() == "[shop.host]\nenabled = true\n"
    assert is_enabled(file) is True


@pytest.mark.parametrize(
    "before", ["", "[shop.host]\nenabled = true\n", "[shop.settings]\nx = 1\n"]
)
def test_a_plug_in_is_enabled_unless_the_file_says_otherwise(file, before):
    file.write_text(before)
    written = file.stat().st_ino, file.stat().st_mtime_ns
    assert switch(file, "shop", enabled=True) is False
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == written


def test_a_missing_file_enables_everything_and_stays_missing(file):
    assert switch(file, "shop", enabled=True) is False
    assert not file.exists()


def test_comments_and_order_stay_as_they_are(file):
    before = (
        "# my shops\n\n[other.settings]\nz = 1   # last letter first\na = 2\n\n"
        "# the good one\n[shop.host]  # how it runs\nnetwork = 'loopback'\n"
        "enabled = true # for now\n\n# the end\n"
    )
    after = switched(file, before)
    assert after == before.replace("enabled = true #", "enabled = false #")


def test_a_new_table_stands_at_the_end_where_it_parts_no_comment_from_its_table(file):
    before = "[shop.settings]\nx = 1\n\n# about the other one\n[other.host]\n"
    assert switched(file, before) == f"{before}\n[shop.host]\nenabled = false\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("shop = {host = {enabled = true}}\n", "shop = {host = {enabled = false}}\n"),
        ("shop.host.enabled = true\n", "shop.host.enabled = false\n"),
        ("[shop]\nhost.enabled = true\n", "[shop]\nhost.enabled = false\n"),
        ("[shop]\nhost = { }\n", "[shop]\nhost = {enabled = false }\n"),
        ("[shop.host]\nx = 1", "[shop.host]\nx = 1\nenabled = false\n"),
        ("[shop.host]\r\nx = 1\r\n", "[shop.host]\r\nx = 1\r\nenabled = false\r\n"),
        ("x.settings.y = 1\r\n", "x.settings.y = 1\r\n\r\n[shop.host]\r\nenabled = false\r\n"),
        ("[shop]\nsettings.x = 1", "[shop]\nsettings.x = 1\n\n[shop.host]\nenabled = false\n"),
    ],
)
def test_the_switch_is_written_in_the_way_of_the_file(file, before, after):
    written = switched(file, before)
    assert written.replace(" ", "") == after.replace(" ", "")


@pytest.mark.parametrize("before", ["shop = {settings = {x = 1}}\n", "shop.settings.x = 1\n"])
def test_a_table_that_no_header_can_continue_is_continued_from_within(file, before):
    written = switched(file, before)
    assert tomllib.loads(written) == {"shop": {"settings": {"x": 1}, "host": {"enabled": False}}}


@pytest.mark.parametrize("name", ["a.b:C", "with blank", 'quo"te', "mod_ule:Attr.inner", "é"])
def test_a_name_of_whatever_characters_is_one_key(file, name):
    switch(file, name, enabled=False)
    assert names_in(file) == (name,)
    assert is_enabled(file, name) is False


def test_a_switch_that_is_no_switch_becomes_one(file):
    assert switched(file, '[shop.host]\nenabled = "no"\n') == "[shop.host]\nenabled = false\n"


def test_values_that_equal_nothing_are_no_hindrance(file):
    before = "[shop.settings]\nx = nan\nwhen = 2020-01-01T00:00:00Z\n"
    assert switched(file, before).startswith(before)


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"[shop.host\n", "line 1, column 11"),
        (b"[a]\nb = 1\nb = 2\n", "line 3, column 6"),
        (b"[a]\nb = 'c", "line 2, column 7"),
        (b"[a]\nb = '\xff'\n", "line 2, column 6"),
        (b"\xef\xbb\xbf[a]\n", "line 1, column 1"),
    ],
)
def test_a_file_that_is_no_toml_is_refused_with_line_and_column(file, data, place):
    file.write_bytes(data)
    with pytest.raises(SettingsError, match="no valid TOML") as caught:
        switch(file, "shop", enabled=False)
    assert caught.value.where == f"{file}: {place}"
    with pytest.raises(SettingsError, match=place):
        names_in(file)
    assert file.read_bytes() == data


@pytest.mark.parametrize("text", ["shop = 7\n", "[shop]\nhost = true\n", "[[shop]]\n"])
def test_what_is_no_table_is_not_overwritten(file, text):
    file.write_text(text)
    with pytest.raises(SettingsError, match="a table was expected"):
        switch(file, "shop", enabled=False)
    assert file.read_text() == text


def test_values_nested_without_end_are_refused(file):
    file.write_text(f"x = {'[' * 100_000}")
    with pytest.raises(SettingsError, match="too deeply"):
        switch(file, "shop", enabled=False)


def test_a_file_has_a_largest_size_before_and_after(file):
    comment = "#" * (MAX_BYTES - 1) + "\n"
    for text in (comment, comment + "#"):
        file.write_text(text)
        with pytest.raises(SettingsError, match="1 MiB"):
            switch(file, "shop", enabled=False)
        assert file.read_text() == text


@pytest.mark.skipif(os.name == "nt", reason="there are no such things")
def test_what_is_no_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", tmp_path):
        with pytest.raises(SettingsError, match="it is no file"):
            names_in(path)


@pytest.mark.skipif(os.name == "nt", reason="modes are those of POSIX")
def test_the_mode_of_the_file_is_kept_and_a_new_one_is_for_its_owner_alone(file):
    switch(file, "shop", enabled=False)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o640)
    switch(file, "shop", enabled=True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


@pytest.mark.skipif(os.name == "nt", reason="links want a privilege")
def test_a_link_to_the_file_stays_a_link(tmp_path, file):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    target = elsewhere / "shops.toml"
    target.write_text("[shop.host]\nenabled = true\n")
    file.symlink_to(target)
    switch(file, "shop", enabled=False)
    assert file.is_symlink()
    assert target.read_text() == "[shop.host]\nenabled = false\n"
    assert [path.name for path in elsewhere.iterdir()] == ["shops.toml"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_that_fails_leaves_the_old_file_and_nothing_else(file, monkeypatch, step):
    file.write_text("[shop.host]\nenabled = true\n")

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    if step == "fsync":
        monkeypatch.setattr(switching.os, "fsync", fail)
    else:
        monkeypatch.setattr(switching.Path, "replace", fail)
    with pytest.raises(StorageError, match="No space left"):
        switch(file, "shop", enabled=False)
    assert file.read_text() == "[shop.host]\nenabled = true\n"
    assert {path.name for path in file.parent.iterdir()} <= {"partners.toml", "partners.lock"}


def test_the_new_file_is_on_the_disk_before_it_takes_the_place_of_the_old_one(file, monkeypatch):
    file.write_text("[shop.host]\nenabled = true\n")
    seen: list[tuple[str, str]] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        seen.append((kind, file.read_text()))
        fsync(descriptor)

    monkeypatch.setattr(switching.os, "fsync", note)
    switch(file, "shop", enabled=False)
    old, new = "[shop.host]\nenabled = true\n", "[shop.host]\nenabled = false\n"
    assert seen[:1] == [("file", old)]
    assert seen[1:] == ([] if os.name == "nt" else [("folder", new)])


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "home").write_text("a file")
    with pytest.raises(StorageError, match="cannot be written"):
        switch(tmp_path / "home" / "partners.toml", "shop", enabled=False)


def test_switches_at_the_same_time_are_all_written(file, monkeypatch):
    monkeypatch.setattr(switching, "LOCK_DEADLINE", Seconds(300.0))
    names = [f"shop{number}" for number in range(12)]
    threads = [
        threading.Thread(target=switch, args=(file, name), kwargs={"enabled": False})
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(names_in(file)) == sorted(names)


def test_a_switch_waits_for_another_one_but_not_for_ever(file, monkeypatch):
    monkeypatch.setattr(switching, "LOCK_DEADLINE", Seconds(0.0))
    with (
        FileLock(file.with_name("partners.lock")),
        pytest.raises(UsageError, match="another program"),
    ):
        switch(file, "shop", enabled=False)
    assert not file.exists()


keys = st.sampled_from(["shop", "other", '"a.b:C"'])
comments = st.sampled_from(["", "# a comment\n", "\n", "\n# one\n\n# two\n"])
values = st.sampled_from(
    ["x = 1", "y = 'text' # why", "z = [1,\n  2, # two\n]", 'w = """\n# no\n"""']
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Return a file as people write them: tables in any order, comments in between."""
    parts = [draw(comments)]
    for key in draw(st.lists(keys, unique=True)):
        style = draw(st.sampled_from(["headers", "turned", "one", "settings", "nested"]))
        host = draw(st.sampled_from(["", "enabled = true\n", "enabled = false # off\n"]))
        host = f"[{key}.host] # host\nnetwork = 'loopback'\n{host}"
        plugin = f"[{key}.settings]\n{draw(values)}\n"
        tables = {
            "headers": [host, plugin],
            "turned": [plugin, host],
            "one": [f"[{key}]\n", host],
            "settings": [plugin],
            "nested": [host, plugin, f"[{key}.settings.deep]\n{draw(values)}\n"],
        }[style]
        parts += [part for table in tables for part in (table, draw(comments))]
    return "".join(parts)


@settings(deadline=None)
@given(before=documents(), name=st.sampled_from(["shop", "a.b:C", "new"]), enabled=st.booleans())
def test_one_thing_is_said_differently_and_every_other_line_stays(
    tmp_path_factory, before, name, enabled
):
    file = tmp_path_factory.mktemp("home") / "partners.toml"
    file.write_text(before)
    wanted: dict[str, Any] = tomllib.loads(before)
    was_enabled = wanted.get(name, {}).get("host", {}).get("enabled", True)
    assert switch(file, name, enabled=enabled) is (was_enabled is not enabled)
    after = file.read_text()
    if was_enabled is enabled:
        assert after == before
        return
    wanted.setdefault(name, {}).setdefault("host", {})["enabled"] = enabled
    assert tomllib.loads(after) == wanted
    kept = [line for line in before.splitlines() if line and not line.startswith("enabled = ")]
    lines = iter(after.splitlines())
    assert all(line in lines for line in kept)
    assert switch(file, name, enabled=enabled) is False
