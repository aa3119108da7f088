"""What a run makes of the file that a partner offers; the store here serves anything."""

import http.server
import json
import zipfile
from collections.abc import Awaitable, Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from conformance_stores import served

from player_host.clock import SystemClock
from player_host.conformance.conducting import conduct
from player_host.conformance.offers import Offer
from player_host.conformance.publications import ANNOUNCED, judged_requirements
from player_host.conformance.running import Order
from player_host.conformance.runs import Run, ScenarioRun
from player_host.conformance.verdicts import Verdict
from player_host.settings import HostSettings, NetworkClass, PartnerSettings
from sample_partners.proseware.repertoire import repertoire
from sample_partners.proseware.tables import full_package

pytestmark = pytest.mark.anyio

UPDATE = {
    "kind": "update",
    "base_version": 209,
    "version": 210,
    "schema_version": 1,
    "locale": 1033,
}
SCENARIO = "one track"


class Store(http.server.BaseHTTPRequestHandler):
    """Names one file as the catalogue, and serves it; knows no account and no licence."""

    file = b""
    version = 210

    def do_GET(self) -> None:
        self._answer(self._current() if self.path == "/catalog/current" else self.file)

    def do_POST(self) -> None:
        self.send_error(503)

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def _current(self) -> bytes:
        expires = "2030-01-01T00:00:00+00:00"
        url = f"http://{self.headers['Host']}/Catalogs/{self.version}/catalog.lz"
        return json.dumps({"version": self.version, "url": url, "expires": expires}).encode()

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def store_url() -> Iterator[str]:
    with served(Store) as url:
        yield url


Shopping = Callable[[bytes], Awaitable[Run]]


@pytest.fixture
def shopped(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shopping:
    """Run the kit over Proseware, whose store offers a file."""

    async def run(file: bytes) -> Run:
        monkeypatch.setattr(Store, "file", file)
        scratch, folder = tmp_path / "scratch", tmp_path / "transcripts"
        for made in (scratch, folder):
            made.mkdir()
        host = HostSettings(network=NetworkClass.LOOPBACK)
        order = Order(
            partner=PartnerSettings("proseware", tmp_path / "partners.toml", host),
            table={"store_url": store_url, "account": "demo", "password": "demo"},
            offer=Offer(()),
            folder=folder,
            selected=frozenset((*judged_requirements(), ANNOUNCED)),
            scenarios=(SCENARIO,),
        )
        return await conduct(order, SystemClock(), scratch, lambda _: None)

    return run


def zipped(manifest: dict[str, object], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        archive.writestr("changes.csv", "what an update holds is not documented\r\n")
    return file.getvalue()


def catalogue(found: Run) -> ScenarioRun:
    return next(one for one in found.scenarios if one.name == "catalogue")


@pytest.mark.requirement("T1-CAT-07")
async def test_an_update_that_is_offered_first_is_a_breach_and_the_scenarios_are_run(shopped):
    found = await shopped(zipped(UPDATE))
    result = found.results["T1-CAT-07"]
    assert (result.verdict, result.total) == (Verdict.WARN, 1)
    assert "it is an update" in result.findings[0].what
    assert found.results["T1-TRK-01"].verdict is Verdict.VACUOUS
    assert catalogue(found).is_sound
    assert {one.name for one in found.scenarios} == {SCENARIO, "catalogue"}


@pytest.mark.requirement("T1-CAT-07", "T1-CAT-17")
async def test_a_whole_catalogue_that_is_stored_should_be_compressed_and_is_judged(shopped):
    found = await shopped(full_package(repertoire(), compressed=False))
    warned = {name for name, one in found.results.items() if one.verdict is Verdict.WARN}
    assert warned == {"T1-CAT-17"}
    assert found.results["T1-CAT-07"].verdict is Verdict.PASS
    assert found.results["T1-TRK-01"].verdict is Verdict.PASS


@pytest.mark.requirement("T1-CAT-03")
async def test_a_catalogue_of_another_version_than_announced_is_a_breach(shopped, monkeypatch):
    monkeypatch.setattr(Store, "version", 2)
    found = await shopped(full_package(repertoire(), compressed=True))
    result = found.results["T1-CAT-03"]
    assert result.verdict is Verdict.FAIL
    assert result.findings[0].what.endswith("the catalogue has version 210; 2 was announced")
    assert "cannot be installed" in found.fixture["source"]


@pytest.mark.requirement("T1-CAT-03")
async def test_a_catalogue_of_the_version_that_was_announced_keeps_the_clause(shopped):
    found = await shopped(full_package(repertoire(), compressed=True))
    assert found.results["T1-CAT-03"].verdict is Verdict.PASS


async def test_of_a_file_that_is_no_package_nothing_is_said_and_the_run_says_why(shopped):
    found = await shopped(b"<html>")
    assert "no catalogue package" in catalogue(found).problem
    assert "T1-CAT-07" not in found.results
