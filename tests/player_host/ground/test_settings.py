"""`partners.toml` and the home folder: a wrong setting is named with file, key, expectation."""

import contextlib
import string
from pathlib import Path

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from partner_api.secret import Secret
from player_host.errors import SettingsError, StorageError
from player_host.settings import (
    HOME_VARIABLE,
    Home,
    NetworkClass,
    file_name_of,
    find_home,
    load_partner_settings,
    structure_settings,
)


@frozen
class StoreSettings:
    store_url: str
    password: Secret
    retries: int = 3
    journal: Path | None = None


def write(folder: Path, text: str) -> Path:
    path = folder / "partners.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problem(folder: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load_partner_settings(write(folder, text))
    return str(caught.value)


def test_a_missing_file_means_no_settings(tmp_path: Path) -> None:
    assert load_partner_settings(tmp_path / "partners.toml") == {}


def test_the_two_tables_of_a_partner_are_kept_apart(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "[proseware.host]\nnetwork = 'loopback'\ncall_deadline = 5\n"
        "[proseware.settings]\nstore_url = 'http://127.0.0.1:1'\n",
    )
    settings = load_partner_settings(path)["proseware"]
    assert settings.host.network is NetworkClass.LOOPBACK
    assert settings.host.call_deadline == 5.0
    assert settings.plugin == {"store_url": "http://127.0.0.1:1"}


def test_without_a_word_a_partner_may_reach_public_addresses_only(tmp_path: Path) -> None:
    settings = load_partner_settings(write(tmp_path, "[proseware.settings]\n"))["proseware"]
    assert settings.host.network is NetworkClass.PUBLIC
    assert settings.host.enabled


def test_a_value_is_read_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE_PASSWORD", "hunter2")
    path = write(tmp_path, "[p.settings]\npassword = { env = 'STORE_PASSWORD' }\n")
    settings = load_partner_settings(path)["p"]
    assert settings.plugin["password"] == "hunter2"
    assert "hunter2" not in repr(settings)


def test_a_variable_that_is_not_set_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "[p.settings]\nstore.password = { env = 'NO_SUCH_VARIABLE' }\n")
    settings = load_partner_settings(path)["p"]
    with pytest.raises(SettingsError, match="NO_SUCH_VARIABLE") as caught:
        _ = settings.plugin
    assert caught.value.where == f"{path}: [p.settings] store password"


def test_a_variable_that_one_partner_lacks_stops_no_other(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "[other.settings]\npassword = { env = 'NO_SUCH_VARIABLE' }\n"
        "[p.settings]\nstore_url = 'http://127.0.0.1:1'\n",
    )
    settings = load_partner_settings(path)
    assert settings["p"].plugin == {"store_url": "http://127.0.0.1:1"}
    assert settings["other"].host.enabled


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        ("[p.host]\nnetwork = 'lan'\n", ["[p.host]", "network", "'public', 'private', 'loopback'"]),
        ("[p.host]\nnetwork = 3\n", ["network", "expected"]),
        ("[p.host]\ncall_deadline = 'soon'\n", ["call_deadline", "expected a number, found text"]),
        ("[p.host]\ncall_deadline = true\n", ["call_deadline", "expected a number"]),
        ("[p.host]\ncall_deadline = 0\n", ["call_deadline", "above 0"]),
        ("[p.host]\ncall_deadline = nan\n", ["call_deadline", "above 0"]),
        ("[p.host]\nenabled = 'yes'\n", ["enabled", "expected true or false, found text"]),
        ("[p.host]\nnetwrok = 'public'\n", ["netwrok", "known are", "network"]),
        ("[p.hots]\n", ["[p]", "'hots'"]),
        ("p = 3\n", ["[p]", "a table was expected"]),
        ("[p]\nsettings = 3\n", ["[p.settings]", "a table was expected"]),
        ("[p.host\n", ["no valid TOML", "line 1"]),
    ],
)
def test_a_wrong_setting_is_named_with_file_key_and_expectation(
    tmp_path: Path, text: str, fragments: list[str]
) -> None:
    message = problem(tmp_path, text)
    assert str(tmp_path / "partners.toml") in message
    for fragment in fragments:
        assert fragment in message


def test_a_table_whose_name_is_no_bare_key_is_named_as_toml_writes_it(tmp_path: Path) -> None:
    message = problem(tmp_path, '["shop:Shop".host]\nnetwork = 3\n')
    assert '["shop:Shop".host]' in message
    settings = load_partner_settings(write(tmp_path, '["shop:Shop".settings]\n'))["shop:Shop"]
    assert settings.key == '["shop:Shop".settings]'


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "partners.toml"
    path.write_bytes(b"\xff\xfe[p]")
    with pytest.raises(SettingsError, match="no valid TOML"):
        load_partner_settings(path)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    assert "1 MiB" in problem(tmp_path, "#" * (1024 * 1024 + 1))


@given(st.text(max_size=200))
def test_no_text_gives_anything_but_settings_or_a_settings_error(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "partners.toml"
    path.write_bytes(text.encode("utf-8", "replace"))
    with contextlib.suppress(SettingsError):
        load_partner_settings(path)


def test_the_settings_of_a_plug_in_are_made_from_its_class() -> None:
    data = {"store_url": "http://x", "password": "hunter2", "journal": "/tmp/j"}
    settings = structure_settings(StoreSettings, data, where="here")
    assert settings == StoreSettings("http://x", Secret("hunter2"), 3, Path("/tmp/j"))


@pytest.mark.parametrize(
    ("data", "fragments"),
    [
        ({"password": "x"}, ["store_url: the key is missing; expected text"]),
        ({"store_url": 3, "password": "x"}, ["store_url: expected text, found a whole number"]),
        ({"store_url": "x", "password": 3}, ["password: expected text"]),
        ({"store_url": "x", "password": "y", "retries": 1.5}, ["retries: expected a whole number"]),
        ({"store_url": "x", "password": "y", "colour": 1}, ["colour", "known are store_url"]),
    ],
)
def test_a_wrong_setting_of_a_plug_in_is_named(data: object, fragments: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        structure_settings(StoreSettings, data, where="partners.toml: [p.settings]")
    for fragment in ["partners.toml: [p.settings]", *fragments]:
        assert fragment in str(caught.value)


def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        structure_settings(StoreSettings, {"retries": "x"}, where="here")
    for key in ("store_url", "password", "retries"):
        assert key in str(caught.value)


def test_a_secret_stays_out_of_the_message() -> None:
    with pytest.raises(SettingsError) as caught:
        structure_settings(StoreSettings, {"password": "hunter2"}, where="here")
    assert "hunter2" not in str(caught.value)


def test_the_home_folder_is_the_one_chosen_then_the_environment_then_the_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "env"))
    assert find_home(tmp_path / "chosen").path == tmp_path / "chosen"
    assert find_home(None).path == tmp_path / "env"
    monkeypatch.delenv(HOME_VARIABLE)
    assert find_home(None).path.name == "player-host"


def test_a_home_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="file"):
        Home(tmp_path / "file" / "home").make()


@given(st.text(max_size=300), st.text(max_size=300))
def test_file_names_of_partners_are_safe_and_differ(first: str, second: str) -> None:
    for partner in (first, second):
        name = file_name_of(partner)
        assert len(name) <= 100
        assert name.isascii()
        assert set(name) <= set(string.ascii_letters + string.digits + "-_")
    assert (file_name_of(first) == file_name_of(second)) == (first == second)


def test_the_data_folder_of_a_plug_in_stays_inside_the_home(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for name in ("../../etc", "a/b", "module:Class", "C:\\x"):
        folder = home.plugin_data(name)
        assert folder.parent == tmp_path / "plugins"
        assert "/" not in folder.name
        assert "\\" not in folder.name
