"""`player-host partners`: listing plug-ins, checking them, enabling and disabling them."""

import json
import textwrap
from pathlib import Path

import pytest

SHOP = """
from partner_api import Capability, ContentPartner, ServiceInfo

class Shop(ContentPartner):
    service_info = ServiceInfo("Shop", "The Shop", Capability.CONTENT_PARTNER)

    def Download(self, container_list, cookie): ...
    def DownloadTrackComplete(self, hr, track_id, params): ...
    def GetContentPartnerInfo(self, info_name): ...
"""


@pytest.fixture
def run(empty_home, tmp_path: Path):
    """Run the program where `shops.py`, if a test writes it, can be imported."""

    def run(*words: str):
        return empty_home.run(*words, PYTHONPATH=str(tmp_path))

    return run


@pytest.fixture
def write(tmp_path: Path):
    """Write a module with the sound shop, and what a test makes of it."""

    def write(source: str = "") -> None:
        (tmp_path / "shops.py").write_text(SHOP + textwrap.dedent(source), "utf-8")

    return write


@pytest.fixture
def settings(empty_home):
    """The home's `partners.toml`, which is empty at first."""
    empty_home.home.mkdir()
    file = empty_home.home / "partners.toml"
    file.touch()
    return file


# --- list -----------------------------------------------------------------------------------------


def test_partners_alone_lists_them(run):
    (listed,) = [p for p in run("partners", "--json").document if p["name"] == "proseware"]
    assert [listed] == [p for p in run("partners", "list", "--json").document if p == listed]
    assert (listed["status"], listed["reason"], listed["advice"]) == ("ready", "", "")
    assert listed["reference"] == "sample_partners.proseware:Proseware"
    assert listed["distribution"] == "content-partner"
    assert listed["version"]
    assert listed["capabilities"] == listed["service_info"]["capabilities"]
    assert {"Download", "DownloadTrackComplete"} <= set(listed["methods"])


def test_people_see_where_a_plug_in_comes_from(run):
    assert "content-partner " in run("partners").out


def test_a_plug_in_that_cannot_be_used_is_listed_with_what_to_do(run, settings):
    settings.write_text('["no.such:Plugin".host]\n')
    ended = run("partners")
    assert ended.status == 0
    assert '"no.such:Plugin"' not in ended.out
    assert "no.such:Plugin: importing no.such:Plugin failed" in ended.out
    assert "  what to do: " in ended.out


# --- check ----------------------------------------------------------------------------------------


def test_a_sound_plug_in_passes_its_check(run):
    ended = run("partners", "check", "proseware")
    assert (ended.status, ended.out) == (0, "proseware: sound\n")


def test_a_wrong_signature_is_shown_with_the_documented_one_under_it(run, write):
    write("""
        class Turned(Shop):
            def Download(self, cookie, container_list): ...
        """)
    ended = run("partners", "check", "shops:Turned")
    assert ended.status == 1
    assert ended.out == textwrap.dedent("""\
        shops:Turned: 1 error
          error: Download: its parameters stand in the wrong order (T1-LIFE-07)
            found:      Download(self, cookie, container_list)
            documented: Download(self, container_list, cookie)
            what to do: Write the parameters as documented
        """)


def test_a_warning_is_told_and_fails_nothing(run, write):
    write("""
        class Selling(Shop):
            def CanBuySilent(self, container_list): ...
        """)
    ended = run("partners", "check", "shops:Selling")
    assert ended.status == 0
    assert ended.out.startswith("shops:Selling: 1 warning\n  warning: CanBuySilent: ")


def test_errors_come_before_warnings(run, write):
    write("""
        class Wrong(Shop):
            service_info = ServiceInfo("Shop", "The Shop", Capability(0))
            def UpdateDevice(self, device_name): ...
            def Buy(self, container_list, cookie): ...
        """)
    words = [
        line.split(":")[0] for line in run("partners", "check", "shops:Wrong").out.splitlines()
    ]
    told = [word.strip() for word in words if word.strip() in {"error", "warning"}]
    assert told == ["error", "error", "warning"]


def test_several_plug_ins_are_checked_each_once_and_one_error_is_enough(run, write):
    write("class Unfinished(Shop):\n    Download = None\n")
    names = ("proseware", "shops:Unfinished", "proseware")
    ended = run("partners", "check", *names, "--json")
    assert ended.status == 1
    assert [(p["name"], p["errors"]) for p in ended.document] == [
        ("proseware", 0),
        ("shops:Unfinished", 1),
    ]


def test_programs_get_every_finding_whole(run, write):
    write("""
        class Late(Shop):
            async def Download(self, container_list, cookie): ...
        """)
    (checked,) = run("partners", "check", "shops:Late", "--json").document
    listed = run("partners", "--json").document[0]
    assert set(checked) == {*listed, "errors", "warnings", "findings"}
    assert (checked["errors"], checked["warnings"]) == (1, 0)
    (finding,) = checked["findings"]
    assert finding["severity"] == "error"
    assert (finding["subject"], finding["requirement"]) == ("Download", "T1-LIFE-07")
    assert finding["documented"] == "Download(self, container_list, cookie)"
    assert {"problem", "advice", "found"} < set(finding)


def test_a_method_that_is_missing_is_an_error_with_its_signature(run, write):
    write("""
        class Unfinished(ContentPartner):
            service_info = Shop.service_info
        """)
    ended = run("partners", "check", "shops:Unfinished")
    assert ended.status == 1
    assert ended.out.startswith("shops:Unfinished: 3 errors\n")
    assert "documented: DownloadTrackComplete(self, hr, track_id, params)" in ended.out


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("raise LookupError('not today')", "LookupError: not today"),
        ("def (", "SyntaxError"),
        ("class Other: ...", "no attribute 'Wanted'"),
        ("Wanted = 7", "an object of type int is no subclass"),
        ("class Wanted(Shop):\n    service_info = None", "service_info"),
    ],
)
def test_what_cannot_be_loaded_is_not_sound(run, write, source, words):
    write(source)
    ended = run("partners", "check", "shops:Wanted")
    assert ended.status == 1
    assert words in ended.out
    assert "sound" not in ended.out


def test_a_plug_in_of_another_contract_fails_its_check(run, write):
    write("""
        class Newer(Shop):
            service_info = ServiceInfo("New", "New", Capability.CONTENT_PARTNER, contract_version=9)
        """)
    ended = run("partners", "check", "shops:Newer")
    assert ended.status == 1
    assert "service_info.contract_version: it is 9" in ended.out


def test_a_plug_in_that_is_disabled_can_be_checked(run, settings):
    settings.write_text("[proseware.host]\nenabled = false\n")
    assert run("partners", "check", "proseware").out == "proseware: sound\n"


def test_settings_need_no_values_for_a_check(run, settings):
    settings.write_text('[proseware.settings]\npassword = { env = "NOBODY_SETS_THIS" }\n')
    assert run("partners", "check", "proseware").status == 0


def test_a_name_that_is_none_is_told_before_anything_is_loaded(run, write):
    write("print('loaded')")
    ended = run("partners", "check", "shops:Shop", "nobody")
    assert (ended.status, ended.out) == (3, "")
    assert "nobody" in ended.err
    assert "proseware" in ended.err
    assert "loaded" not in ended.err


def test_a_check_wants_a_name(run):
    assert run("partners", "check").status == 3


def test_no_escape_sequence_of_a_plug_in_reaches_the_terminal(run, write):
    write(r"""
        Odd = type("\x1b[2JOdd", (), {})
        class Wrong(Shop):
            Settings = Odd
            Download = Odd()
        """)
    ended = run("partners", "check", "shops:Wrong")
    assert ended.status == 1
    assert "\x1b" not in ended.out
    assert "\\x1b[2JOdd" in ended.out


def test_what_a_plug_in_prints_stays_out_of_the_document(run, write):
    write("print('as if it were a result')")
    (checked,) = run("partners", "check", "shops:Shop", "--json").document
    assert checked["errors"] == 0


# --- enable and disable ---------------------------------------------------------------------------


def statuses(run) -> dict[str, str]:
    return {p["name"]: p["status"] for p in run("partners", "--json").document}


def test_a_plug_in_is_disabled_and_enabled_again(run, settings):
    assert run("partners", "disable", "proseware").out == "proseware is disabled\n"
    assert statuses(run)["proseware"] == "disabled"
    assert run("partners", "enable", "proseware").out == "proseware is enabled\n"
    assert statuses(run)["proseware"] == "ready"
    assert settings.read_text() == "[proseware.host]\nenabled = true\n"


def test_the_way_to_enable_a_plug_in_is_told_where_it_is_missed(run):
    run("partners", "disable", "proseware")
    ended = run("catalog", "refresh", "proseware")
    assert ended.status == 1
    assert "player-host partners enable proseware" in ended.err


def test_what_is_so_already_is_not_written_again(run, settings):
    run("partners", "disable", "proseware")
    before = settings.stat().st_ino, settings.stat().st_mtime_ns
    ended = run("partners", "disable", "proseware", "--json")
    assert ended.status == 0
    assert ended.document == {
        "name": "proseware",
        "enabled": False,
        "changed": False,
        "file": str(settings),
    }
    assert (settings.stat().st_ino, settings.stat().st_mtime_ns) == before
    assert run("partners", "disable", "proseware").out == "proseware is disabled already\n"


def test_in_a_home_that_is_not_there_yet_a_plug_in_can_be_disabled(run, empty_home):
    assert run("partners", "disable", "proseware", "--json").document["changed"] is True
    assert (empty_home.home / "partners.toml").is_file()


def test_a_class_is_disabled_by_its_reference(run, write):
    write()
    run("partners", "disable", "shops:Shop")
    assert statuses(run)["shops:Shop"] == "disabled"


@pytest.mark.parametrize("verb", ["enable", "disable"])
def test_a_plug_in_that_is_not_there_is_neither_enabled_nor_disabled(run, settings, verb):
    ended = run("partners", verb, "nobody")
    assert (ended.status, ended.out) == (3, "")
    assert "proseware" in ended.err
    assert settings.read_text() == ""


def test_a_plug_in_of_which_only_the_settings_are_left_can_be_disabled(run, settings):
    settings.write_text("[gone.settings]\naccount = 'demo'\n")
    assert run("partners", "disable", "gone").status == 0
    assert "[gone.host]\nenabled = false\n" in settings.read_text()


def test_a_wrong_setting_of_another_plug_in_is_no_hindrance(run, settings):
    settings.write_text("[other.host]\nnetwork = 'mars'\n")
    assert run("partners", "disable", "proseware").status == 0


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[proseware.host]\nenabled = = true\n", "line 2, column 11"),
        ("[proseware.host]\nnetwork = 'loop", "line 2, column 16"),
    ],
)
@pytest.mark.parametrize("verb", ["enable", "disable"])
def test_a_file_that_is_no_toml_is_left_alone_and_its_place_named(run, settings, verb, text, place):
    settings.write_text(text)
    ended = run("partners", verb, "proseware", "--json")
    assert ended.status == 3
    error = ended.document["error"]
    assert error["where"] == f"{settings}: {place}"
    assert "no valid TOML" in error["what"]
    assert settings.read_text() == text


def test_the_json_of_a_check_is_one_document(run, write):
    write("class Other(Shop): ...")
    ended = run("partners", "check", "shops:Shop", "shops:Other", "--json")
    assert [one["name"] for one in json.loads(ended.out)] == ["shops:Shop", "shops:Other"]
