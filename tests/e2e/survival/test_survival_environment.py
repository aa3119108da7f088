"""A plug-in in a virtual environment of its own, which has attrs, cattrs and partner_api alone."""

import importlib.util
import json
import shutil
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

import partner_api
from partner_api.transaction import TrackState
from sample_partners.miniatures import miniature

pytestmark = pytest.mark.anyio

LIBRARIES = {"attr", "attrs", "cattrs", "typing_extensions"}
"""cattrs itself needs the last one."""

OWN = {"partner_api", "lean_shop", "sample_partners"}

SHOP = '''
"""A miniature that writes down which modules are loaded in its process."""

import json
import sys

from sample_partners.miniatures.miniature import Miniature


class LeanShop(Miniature):
    def DownloadTrackComplete(self, hr, track_id, params):
        files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
        document = {"prefix": sys.prefix, "modules": files}
        (self.context.data_dir / "loaded.json").write_text(json.dumps(document))
'''


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    """A virtual environment without pip; partner_api is on its path by a `.pth`."""
    folder = tmp_path_factory.mktemp("lean")
    venv.EnvBuilder(symlinks=True).create(folder / "environment")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = folder / "environment" / "lib" / version / "site-packages"
    for library in LIBRARIES:
        _copy(library, site)
    contract = folder / "contract"
    shutil.copytree(Path(partner_api.__file__).parent, contract / "partner_api")
    (site / "contract.pth").write_text(f"{contract}\n")
    shop = site / "sample_partners" / "miniatures"
    shop.mkdir(parents=True)
    shutil.copy(miniature.__file__, shop)
    (site / "lean_shop.py").write_text(SHOP)
    info = site / "lean_shop-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lean-shop\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[partner_api.partners]\nlean = lean_shop:LeanShop\n")
    return folder / "environment"


def _copy(library: str, site: Path) -> None:
    found = importlib.util.find_spec(library)
    assert found is not None
    assert found.origin is not None
    origin = Path(found.origin)
    if origin.name == "__init__.py":
        shutil.copytree(origin.parent, site / library)
    else:
        shutil.copy(origin, site)


@pytest.fixture
def bare_paths(monkeypatch):
    """Let no path of this process lead a child to further libraries."""
    monkeypatch.delenv("PYTHONPATH", raising=False)


@pytest.mark.requirement("T1-THR-01")
async def test_attrs_and_cattrs_are_all_that_a_plug_in_s_environment_needs(
    survival, environment, bare_paths
):
    interpreter = str(environment / "bin" / "python")
    async with survival.open_named("lean", host={"interpreter": interpreter}) as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.states(request) == [TrackState.COMPLETED] * 3
    path = survival.home.plugin_data("lean") / "loaded.json"
    loaded = json.loads(path.read_text())
    assert loaded["prefix"] == str(environment)
    foreign = {
        name.partition(".")[0]
        for name, file in loaded["modules"].items()
        if file is not None and not _of_the_standard_library(file)
    }
    assert {"attr", "cattrs", *OWN} <= foreign
    assert foreign <= LIBRARIES | OWN | {"__main__"}


@pytest.mark.requirement("T1-LIFE-05")
async def test_a_plug_in_that_only_its_own_environment_has_is_listed_with_its_distribution(
    survival, environment, bare_paths
):
    interpreter = str(environment / "bin" / "python")
    async with survival.open_named("lean", host={"interpreter": interpreter}) as stage:
        (record,) = [r for r in await stage.player.plugins() if r.name == "lean"]
        assert (record.status, record.distribution, record.version) == ("ready", "lean-shop", "1.0")
        assert record.service_info.key == "LeanShop"


def _of_the_standard_library(file: str) -> bool:
    if "site-packages" in file:
        return False
    return any(file.startswith(sysconfig.get_path(key)) for key in ("stdlib", "platstdlib"))
