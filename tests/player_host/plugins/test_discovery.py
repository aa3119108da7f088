"""Which plug-ins there are, and what is wrong with each."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from partner_api import Capability, ContentPartner, ServiceInfo
from player_host.errors import PartnerUnavailable
from player_host.plugins.discovery import PluginStatus, discover, find
from player_host.settings import HostSettings, PartnerSettings


class Sound(ContentPartner):
    service_info = ServiceInfo("Sound", "Sound", Capability.CONTENT_PARTNER)


class OfAnotherContract(ContentPartner):
    service_info = ServiceInfo("New", "New", Capability.CONTENT_PARTNER, contract_version=2)


class OfType2(ContentPartner):
    service_info = ServiceInfo("Two", "Two", Capability.ALT_LOGIN)


class WithoutServiceInfo(ContentPartner):
    pass


class WithAnotherServiceInfo(ContentPartner):
    service_info = "Shop"


class Foreign:
    service_info = Sound.service_info


@pytest.fixture
def module(monkeypatch):
    made = ModuleType("discovered_plugins")
    made.__dict__.update({c.__name__: c for c in (Sound, Foreign, OfType2, OfAnotherContract)})
    made.__dict__.update({c.__name__: c for c in (WithoutServiceInfo, WithAnotherServiceInfo)})
    made.number = 7
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return made


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder on `sys.path`; `install` puts a distribution with plug-ins into it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def install(site: Path, **plugins: str) -> None:
    info = site / "shops-4.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shops\nVersion: 4.2\n")
    lines = (f"{name} = {reference}\n" for name, reference in plugins.items())
    (info / "entry_points.txt").write_text("[partner_api.partners]\n" + "".join(lines))


def test_a_sound_plug_in_is_ready_and_says_where_it_comes_from(module, site):
    install(site, sound="discovered_plugins:Sound")
    record = find("sound", {})
    assert record.status is PluginStatus.READY
    assert (record.distribution, record.version) == ("shops", "4.2")
    assert record.partner_class is Sound
    assert record.service_info == Sound.service_info


WRONG = {
    "OfAnotherContract": (PluginStatus.INCOMPATIBLE, "contract version 2"),
    "OfType2": (PluginStatus.INCOMPATIBLE, "0x40"),
    "WithoutServiceInfo": (PluginStatus.BROKEN, "service_info"),
    "WithAnotherServiceInfo": (PluginStatus.BROKEN, "service_info"),
    "Foreign": (PluginStatus.BROKEN, "no subclass"),
    "number": (PluginStatus.BROKEN, "no subclass"),
    "Missing": (PluginStatus.BROKEN, "AttributeError"),
}


@pytest.mark.requirement("T1-LIFE-05")
@pytest.mark.parametrize("attribute", WRONG)
def test_what_is_wrong_with_a_plug_in_is_said(module, site, attribute):
    status, words = WRONG[attribute]
    install(site, odd=f"discovered_plugins:{attribute}", sound="discovered_plugins:Sound")
    records = {record.name: record for record in discover({})}
    assert (records["odd"].status, words in records["odd"].reason) == (status, True)
    assert records["odd"].partner_class is None
    assert records["sound"].status is PluginStatus.READY
    with pytest.raises(PartnerUnavailable, match="partner odd"):
        find("odd", {})


IMPORTS = {
    "a syntax error": ("def (", "SyntaxError"),
    "a missing library": ("import no_such_library_at_all", "no_such_library_at_all"),
    "an exception": ("raise ValueError('not today')", "not today"),
    "the end of the interpreter": ("import sys\nsys.exit(3)", "SystemExit"),
    "an exception without words": (
        "class Bad(Exception):\n    def __str__(self): raise ValueError\nraise Bad",
        "Bad",
    ),
}


@pytest.mark.parametrize("case", IMPORTS)
def test_an_import_that_fails_breaks_that_plug_in_alone(module, site, case):
    source, words = IMPORTS[case]
    name = f"broken_import_{list(IMPORTS).index(case)}"
    (site / f"{name}.py").write_text(source)
    install(site, odd=f"{name}:Shop", sound="discovered_plugins:Sound")
    records = {record.name: record for record in discover({})}
    assert records["odd"].status is PluginStatus.BROKEN
    assert words in records["odd"].reason
    assert records["sound"].status is PluginStatus.READY


def test_an_interruption_while_importing_interrupts(site):
    (site / "interrupting.py").write_text("raise KeyboardInterrupt")
    install(site, odd="interrupting:Shop")
    with pytest.raises(KeyboardInterrupt):
        discover({})


@pytest.mark.parametrize("reference", ["discovered_plugins", "no_such_module_at_all:X"])
def test_a_reference_that_leads_nowhere_is_broken(module, site, reference):
    install(site, odd=reference)
    (record,) = (record for record in discover({}) if record.name == "odd")
    assert record.status is PluginStatus.BROKEN


def test_a_disabled_plug_in_is_not_even_imported(site):
    (site / "imported.py").write_text("raise AssertionError('imported')")
    install(site, odd="imported:Shop")
    source = Path("partners.toml")
    settings = {"odd": PartnerSettings("odd", source, HostSettings(enabled=False))}
    (record,) = (record for record in discover(settings) if record.name == "odd")
    assert (record.status, "enabled = false" in record.reason) == (PluginStatus.DISABLED, True)


def test_a_class_can_be_named_as_module_and_attribute(module):
    assert find("discovered_plugins:Sound", {}).partner_class is Sound
    with pytest.raises(PartnerUnavailable, match="broken"):
        find("discovered_plugins:Missing", {})


@pytest.mark.parametrize("name", ["", "no such", "a:b:c", "../x:y", ":", "x:"])
def test_a_name_that_is_none_is_unknown_and_the_installed_ones_are_listed(name):
    with pytest.raises(PartnerUnavailable, match="proseware"):
        find(name, {})


@pytest.mark.requirement("T1-LIFE-09")
def test_plug_ins_are_looked_for_anew_each_time_in_the_order_of_their_names(module, site):
    before = [record.name for record in discover({})]
    install(site, zebra="discovered_plugins:Sound", aardvark="discovered_plugins:Sound")
    after = [record.name for record in discover({})]
    assert after == sorted([*before, "aardvark", "zebra"])
