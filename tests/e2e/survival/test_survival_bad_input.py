"""Bad plug-ins and bad settings: one line for each, and the plug-in beside them works."""

import os
import venv
from pathlib import Path

import anyio
import psutil
import pytest

from player_host.errors import PartnerUnavailable, SettingsError
from player_host.player import open_player
from player_host.plugins.discovery import PluginRecord, PluginStatus, survey
from player_host.settings import Home, load_partner_settings

LOOP = 3
"""What an event loop keeps open: its selector, and the two ends by which it is woken."""

BROKEN, INCOMPATIBLE = PluginStatus.BROKEN, PluginStatus.INCOMPATIBLE
MINIATURES = "sample_partners.miniatures"

ENTRY_POINTS = {
    "a-sound-one": f"{MINIATURES}.miniature:Miniature",
    "chats": f"{MINIATURES}.imports.chats:Shop",
    "dies": f"{MINIATURES}.imports.dies:Shop",
    "empty-key": f"{MINIATURES}.imports.has_an_empty_key:Shop",
    "forged-empty-key": f"{MINIATURES}.registrations:HasAnEmptyKey",
    "forged-long-key": f"{MINIATURES}.registrations:HasALongKey",
    "lacks-a-library": f"{MINIATURES}.imports.lacks_a_library:Shop",
    "lacks-a-module": f"{MINIATURES}.no_such_module:Shop",
    "lacks-an-attribute": f"{MINIATURES}.registrations",
    "lacks-completion": f"{MINIATURES}.registrations:LacksCompletion",
    "lacks-methods": f"{MINIATURES}.registrations:LacksMethods",
    "leaves": f"{MINIATURES}.imports.leaves:Shop",
    "long-key": f"{MINIATURES}.imports.has_a_long_key:Shop",
    "misspelt": f"{MINIATURES}.registrations:Shpo",
    "no-class": f"{MINIATURES}.registrations:NOT_A_CLASS",
    "no-partner": f"{MINIATURES}.registrations:LacksServiceInfo",
    "no-service-info": f"{MINIATURES}.registrations:HasNoServiceInfo",
    "of-another-contract": f"{MINIATURES}.registrations:OfAnotherContract",
    "of-type-2": f"{MINIATURES}.registrations:OfType2",
    "raises": f"{MINIATURES}.imports.raises:Shop",
    "shares-its-key": f"{MINIATURES}.registrations:SharesItsKey",
    "sleeps": f"{MINIATURES}.imports.sleeps:Shop",
    "unparsable": "unparsable_plug_in:Shop",
}

INTERPRETERS = {
    "python-is-a-folder": "folder",
    "python-is-a-text": "text",
    "python-is-a-text-with-rights": "script",
    "python-is-mute": "mute",
    "python-is-missing": "missing/bin/python",
    "python-is-no-name": "no-such-python-at-all",
    "python-is-true": "true",
    "python-lacks-partner-api": "bare",
}
"""Names of plug-ins that are not installed here, and what `make_interpreters` puts there."""

VERDICTS = {
    "dies": (BROKEN, "exit status 5"),
    "empty-key": (BROKEN, "key is a printable text"),
    "forged-empty-key": (BROKEN, "key is a printable text"),
    "forged-long-key": (BROKEN, "key has at most 255 characters"),
    "lacks-a-library": (BROKEN, "No module named 'no_such_library_at_all'"),
    "lacks-a-module": (BROKEN, "No module named"),
    "lacks-an-attribute": (BROKEN, "registrations"),
    "lacks-completion": (BROKEN, "does not implement DownloadTrackComplete"),
    "lacks-methods": (BROKEN, "does not implement Download and DownloadTrackComplete"),
    "leaves": (BROKEN, "SystemExit: nothing to do here"),
    "long-key": (BROKEN, "key has at most 255 characters"),
    "misspelt": (BROKEN, "has no attribute 'Shpo'"),
    "no-class": (BROKEN, "is no subclass of partner_api.ContentPartner"),
    "no-partner": (BROKEN, "is no subclass of partner_api.ContentPartner"),
    "no-service-info": (BROKEN, "service_info is missing or no ServiceInfo"),
    "of-another-contract": (INCOMPATIBLE, "contract version 2, this player speaks 1"),
    "of-type-2": (INCOMPATIBLE, "lack CONTENT_PARTNER"),
    "raises": (BROKEN, "RuntimeError: the store is closed"),
    "shares-its-key": (BROKEN, "'Miniature' is that of a-sound-one"),
    "sleeps": (BROKEN, "was not imported within 2 s"),
    "unparsable": (BROKEN, "SyntaxError"),
    "python-is-a-folder": (BROKEN, "cannot be run"),
    "python-is-a-text": (BROKEN, "cannot be run"),
    "python-is-a-text-with-rights": (BROKEN, "cannot be run"),
    "python-is-mute": (BROKEN, "did not say hello within 2 s"),
    "python-is-missing": (BROKEN, "cannot be run"),
    "python-is-no-name": (BROKEN, "cannot be run"),
    "python-is-true": (BROKEN, "exit status 0"),
    "python-lacks-partner-api": (BROKEN, "has no partner_api"),
}


@pytest.fixture(scope="module")
def bad_home(tmp_path_factory):
    """A home with every bad plug-in at once, all of them found by this process and its children."""
    folder = tmp_path_factory.mktemp("bad")
    site = folder / "site"
    install(site, ENTRY_POINTS)
    (site / "unparsable_plug_in.py").write_text("class Shop(\n")
    home = Home(folder / "home")
    home.make()
    write_settings(home, make_interpreters(folder / "interpreters"))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site))
        paths = [str(site), *filter(None, [os.environ.get("PYTHONPATH")])]
        patch.setenv("PYTHONPATH", os.pathsep.join(paths))
        yield home


@pytest.fixture(scope="module")
def descriptors(bad_home) -> int:
    """How many descriptors this process has before the survey."""
    return psutil.Process().num_fds()


@pytest.fixture(scope="module")
def records(bad_home, descriptors) -> dict[str, PluginRecord]:
    """What a survey of that home says."""
    found = anyio.run(survey, load_partner_settings(bad_home.partners_toml))
    return {record.name: record for record in found}


def install(site: Path, plugins: dict[str, str]) -> None:
    info = site / "shops-4.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shops\nVersion: 4.2\n")
    lines = (f"{name} = {reference}\n" for name, reference in plugins.items())
    (info / "entry_points.txt").write_text("[partner_api.partners]\n" + "".join(lines))


def make_interpreters(folder: Path) -> dict[str, str]:
    """Make what is no Python, or none that will do; return the words for `partners.toml`."""
    (folder / "folder").mkdir(parents=True)
    (folder / "text").write_text("print('no')\n")
    for name, text in (("script", "print('no')\n"), ("mute", "#!/bin/sh\nexec sleep 60\n")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (folder / "true").symlink_to("/bin/true")
    venv.EnvBuilder(symlinks=True).create(folder / "environment")
    (folder / "bare").symlink_to(folder / "environment" / "bin" / "python")
    places = {name: str(folder / what) for name, what in INTERPRETERS.items()}
    bare = str(folder / "environment" / "bin" / "python")
    return places | {"python-is-no-name": "no-such-python-at-all", "python-lacks-partner-api": bare}


def write_settings(home: Home, interpreters: dict[str, str]) -> None:
    lines = [f"[{name}.host]\ninterpreter = '{path}'\n" for name, path in interpreters.items()]
    lines = [line + "load_deadline = 2\n" if "mute" in line else line for line in lines]
    lines.append("[sleeps.host]\nload_deadline = 2\n")
    home.partners_toml.write_text("".join(lines), "utf-8")


@pytest.mark.parametrize("name", VERDICTS)
def test_what_is_wrong_with_a_plug_in_is_one_line_that_says_what_to_do(records, name):
    status, words = VERDICTS[name]
    record = records[name]
    assert record.status is status
    assert words in record.reason
    assert record.advice
    assert "\n" not in record.reason + record.advice
    assert len(record.reason + record.advice) < 1_000


@pytest.mark.parametrize("name", ["a-sound-one", "chats", "proseware"])
def test_the_plug_ins_beside_bad_ones_are_ready(records, name):
    record = records[name]
    assert (record.status, record.reason, record.advice) == (PluginStatus.READY, "", "")


def test_every_plug_in_has_a_record_and_the_installed_ones_say_whose_they_are(records):
    assert set(records) == {*ENTRY_POINTS, *INTERPRETERS, "proseware"}
    owners = {(records[name].distribution, records[name].version) for name in ENTRY_POINTS}
    assert owners == {("shops", "4.2")}


@pytest.mark.anyio
async def test_a_survey_leaves_no_process_and_no_descriptor(records, descriptors, wait_until):
    here = psutil.Process()
    await wait_until(
        lambda: not [c for c in here.children() if "partner_api.surrogate" in _command(c)],
        "the processes of all plug-ins have ended",
    )
    await wait_until(lambda: here.num_fds() <= descriptors + LOOP, "every descriptor is closed")


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["raises", "dies", "of-another-contract", "python-is-a-text"])
async def test_activating_a_bad_plug_in_says_the_same_and_leaves_the_player_whole(
    bad_home, tmp_path, records, name
):
    home = Home(tmp_path / "home")
    home.path.mkdir()
    home.partners_toml.write_bytes(bad_home.partners_toml.read_bytes())
    async with open_player(home) as player:
        with pytest.raises(PartnerUnavailable) as caught:
            await player.activate(name)
        error = caught.value
        assert error.where == f"partner {name}"
        assert records[name].reason in error.what
        assert error.remedy == records[name].advice
        assert player.active is None


UNPARSABLE = {
    "no value": "[proseware.host]\nenabled =\n",
    "a key twice": "[a.host]\nenabled = true\nenabled = false\n",
    "no end": "[proseware.settings\n",
    "no text": b"\xff\xfe\x00",
}


@pytest.mark.anyio
@pytest.mark.parametrize("case", UNPARSABLE)
async def test_settings_that_do_not_parse_are_named_with_their_file_and_what_to_do(tmp_path, case):
    home = Home(tmp_path)
    text = UNPARSABLE[case]
    home.partners_toml.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError) as caught:
        async with open_player(home):
            pass
    assert caught.value.where.startswith(str(home.partners_toml))
    assert "TOML" in caught.value.what
    assert caught.value.remedy
    assert "\n" not in str(caught.value)
