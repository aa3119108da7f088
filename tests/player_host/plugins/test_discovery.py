"""Which plug-ins there are, and what is wrong with each; every one is loaded in its own process."""

import sys
from pathlib import Path

import pytest

from player_host.errors import PartnerIncompatible, PartnerUnavailable
from player_host.plugins.discovery import (
    Loading,
    PluginStatus,
    find,
    known_names,
    probe,
    settings_for,
    survey,
)
from player_host.plugins.output import Scrubber
from player_host.settings import HostSettings, PartnerSettings, PartnersFile
from player_host.units import Seconds

pytestmark = pytest.mark.anyio

PLUG_INS = """
from partner_api import Capability, ContentPartner, ServiceInfo

class Sound(ContentPartner):
    service_info = ServiceInfo("Sound", "Sound", Capability.CONTENT_PARTNER)
    def Download(self, container_list, cookie): ...
    def DownloadTrackComplete(self, hr, track_id, params): ...

class OfAnotherContract(Sound):
    service_info = ServiceInfo("New", "New", Capability.CONTENT_PARTNER, contract_version=2)

class OfType2(Sound):
    service_info = ServiceInfo("Two", "Two", Capability.ALT_LOGIN)

class WithoutServiceInfo(ContentPartner):
    def Download(self, container_list, cookie): ...
    def DownloadTrackComplete(self, hr, track_id, params): ...

class WithAnotherServiceInfo(Sound):
    service_info = "Shop"

class WithoutDownload(ContentPartner):
    service_info = ServiceInfo("Bare", "Bare", Capability.CONTENT_PARTNER)

class Foreign:
    service_info = Sound.service_info

number = 7
"""
NOTHING_SAID = PartnersFile(Path("partners.toml"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder on the paths of this process and of those that it starts."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "discovered_plugins.py").write_text(PLUG_INS)
    return tmp_path


def install(site: Path, **plugins: str) -> None:
    """Put a distribution with plug-ins there."""
    info = site / "shops-4.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shops\nVersion: 4.2\n")
    lines = (f"{name} = {reference}\n" for name, reference in plugins.items())
    (info / "entry_points.txt").write_text("[partner_api.partners]\n" + "".join(lines))


def host_words(name: str, **words) -> PartnersFile:
    source = Path("partners.toml")
    return PartnersFile(source, {name: PartnerSettings(name, source, HostSettings(**words))})


async def test_a_sound_plug_in_is_ready_and_says_where_it_comes_from(site):
    install(site, sound="discovered_plugins:Sound")
    record = await find("sound", NOTHING_SAID)
    assert record.status is PluginStatus.READY
    assert (record.distribution, record.version) == ("shops", "4.2")
    assert record.reference == "discovered_plugins:Sound"
    assert record.service_info.key == "Sound"
    assert record.methods == ("Download", "DownloadTrackComplete")


@pytest.mark.requirement("T1-THR-01")
async def test_no_code_of_a_plug_in_enters_this_process(site):
    install(site, sound="discovered_plugins:Sound")
    await survey(NOTHING_SAID)
    assert "discovered_plugins" not in sys.modules


WRONG = {
    "OfAnotherContract": (PluginStatus.INCOMPATIBLE, "contract version 2"),
    "OfType2": (PluginStatus.INCOMPATIBLE, "0x40"),
    "WithoutServiceInfo": (PluginStatus.BROKEN, "service_info"),
    "WithAnotherServiceInfo": (PluginStatus.BROKEN, "service_info"),
    "WithoutDownload": (PluginStatus.BROKEN, "Download and DownloadTrackComplete"),
    "Foreign": (PluginStatus.BROKEN, "no subclass"),
    "number": (PluginStatus.BROKEN, "no subclass"),
    "Missing": (PluginStatus.BROKEN, "AttributeError"),
}


@pytest.mark.requirement("T1-LIFE-05")
async def test_what_is_wrong_with_each_plug_in_is_said(site):
    references = {name.lower(): f"discovered_plugins:{name}" for name in WRONG}
    install(site, sound="discovered_plugins:Sound", **references)
    records = {record.name: record for record in await survey(NOTHING_SAID)}
    for name, (status, words) in WRONG.items():
        record = records[name.lower()]
        assert (record.status, words in record.reason) == (status, True), record.reason
    assert records["sound"].status is PluginStatus.READY


@pytest.mark.requirement("T1-LIFE-05")
async def test_a_plug_in_that_is_not_ready_is_not_found(site):
    install(site, odd="discovered_plugins:OfType2")
    with pytest.raises(PartnerUnavailable, match=r"partner odd: the plug-in is incompatible"):
        await find("odd", NOTHING_SAID)


async def test_a_plug_in_for_a_later_contract_says_that_the_player_is_older(site):
    install(site, new="discovered_plugins:OfAnotherContract")
    loading = Loading(NOTHING_SAID.of("new"), False, Scrubber())
    with pytest.raises(PartnerIncompatible, match="the player is older"):
        await loading.load()


IMPORTS = {
    "a syntax error": ("def (", "SyntaxError"),
    "a missing library": ("import no_such_library_at_all", "no_such_library_at_all"),
    "an exception": ("raise ValueError('not today')", "not today"),
    "the end of the interpreter": ("import sys\nsys.exit(3)", "SystemExit"),
    "an interruption": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "the end of the process": ("import os\nos._exit(3)", "exit status 3"),
    "an exception without words": (
        "class Bad(Exception):\n    def __str__(self): raise ValueError\nraise Bad",
        "Bad",
    ),
}


async def test_an_import_that_fails_breaks_that_plug_in_alone(site):
    names = {f"odd{number}": case for number, case in enumerate(IMPORTS)}
    for name, case in names.items():
        (site / f"{name}.py").write_text(IMPORTS[case][0])
    install(site, sound="discovered_plugins:Sound", **{name: f"{name}:Shop" for name in names})
    records = {record.name: record for record in await survey(NOTHING_SAID)}
    for name, case in names.items():
        assert records[name].status is PluginStatus.BROKEN
        assert IMPORTS[case][1] in records[name].reason, case
    assert records["sound"].status is PluginStatus.READY


async def test_an_exception_in_an_import_is_shown_with_its_line(site):
    (site / "faulty.py").write_text("\n\nraise ValueError('not today')\n")
    install(site, odd="faulty:Shop")
    record = await probe("odd", NOTHING_SAID)
    assert "faulty.py:3" in record.reason


async def test_an_import_that_takes_too_long_is_ended(site):
    (site / "slow.py").write_text("import time\ntime.sleep(60)\n")
    install(site, slow="slow:Shop")
    record = await probe("slow", host_words("slow", load_deadline=Seconds(0.5)))
    assert record.status is PluginStatus.BROKEN
    assert "within 0.5 s" in record.reason


@pytest.mark.parametrize("reference", ["discovered_plugins", "no_such_module_at_all:X"])
async def test_a_reference_that_leads_nowhere_is_broken(site, reference):
    install(site, odd=reference)
    record = await probe("odd", NOTHING_SAID)
    assert record.status is PluginStatus.BROKEN


async def test_a_disabled_plug_in_is_not_even_imported(site):
    witness = site / "imported"
    (site / "telling.py").write_text(f"open({str(witness)!r}, 'w').close()\n")
    install(site, odd="telling:Shop")
    record = await probe("odd", host_words("odd", enabled=False))
    assert (record.status, "enabled = false" in record.reason) == (PluginStatus.DISABLED, True)
    assert not witness.exists()
    with pytest.raises(PartnerUnavailable, match="partners enable odd"):
        settings_for("odd", host_words("odd", enabled=False))


@pytest.mark.requirement("T1-REG-01")
async def test_of_two_plug_ins_with_one_key_the_first_works(site):
    install(site, one="discovered_plugins:Sound", two="discovered_plugins:Sound")
    records = {record.name: record for record in await survey(NOTHING_SAID)}
    assert records["one"].status is PluginStatus.READY
    assert records["two"].status is PluginStatus.BROKEN
    assert "'Sound' is that of one" in records["two"].reason


async def test_a_class_can_be_named_as_module_and_attribute(site):
    record = await find("discovered_plugins:Sound", NOTHING_SAID)
    assert record.service_info.key == "Sound"
    with pytest.raises(PartnerUnavailable, match="broken"):
        await find("discovered_plugins:Missing", NOTHING_SAID)


async def test_a_class_in_the_working_directory_is_found(tmp_path, monkeypatch):
    (tmp_path / "at_hand.py").write_text(PLUG_INS)
    monkeypatch.chdir(tmp_path)
    assert (await find("at_hand:Sound", NOTHING_SAID)).status is PluginStatus.READY


async def test_the_working_directory_shadows_no_module_of_the_surrogate(tmp_path, monkeypatch):
    (tmp_path / "attrs.py").write_text("raise AssertionError('shadowed')")
    monkeypatch.chdir(tmp_path)
    assert (await find("proseware", NOTHING_SAID)).status is PluginStatus.READY


@pytest.mark.parametrize("name", ["", "no such", "a:b:c", "../x:y", ":", "x:"])
def test_a_name_that_is_none_is_unknown_and_the_installed_ones_are_listed(name):
    with pytest.raises(PartnerUnavailable, match="proseware"):
        settings_for(name, NOTHING_SAID)


@pytest.mark.requirement("T1-LIFE-09")
async def test_plug_ins_are_looked_for_anew_each_time_in_the_order_of_their_names(site):
    before = known_names(NOTHING_SAID)
    install(site, zebra="discovered_plugins:Sound", aardvark="discovered_plugins:OfType2")
    after = [record.name for record in await survey(NOTHING_SAID)]
    assert after == sorted([*before, "aardvark", "zebra"])
