"""TLS of a server that nobody here wrote: only a certificate that fits is good enough."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import frozen

from partner_api.hresult import HRESULT
from player_host.clock import SystemClock
from player_host.errors import TransferError
from player_host.settings import NetworkClass
from player_host.transfer import TransferRequest, TransferRoom

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
UNTRUSTED = HRESULT.named("HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_FAILURE)")
NO_TLS = HRESULT.named("HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CHANNEL_ERROR)")
AUTHORITY = """
[ca]
default_ca = here
[here]
database = index
rand_serial = yes
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
policy = anybody
unique_subject = no
[anybody]
commonName = supplied
"""


@frozen
class Authority:
    """A certificate authority, by the `openssl` program."""

    openssl: str
    folder: Path

    def run(self, *words):
        subprocess.run([self.openssl, *words], cwd=self.folder, check=True, capture_output=True)

    def found(self):
        (self.folder / "authority.cnf").write_text(AUTHORITY)
        (self.folder / "index").touch()
        self.self_signed("ca")
        return self

    def self_signed(self, name, host="localhost"):
        files = ["-keyout", f"{name}.key", "-out", f"{name}.pem"]
        names = ["-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"]
        self.run("req", "-x509", *KEY, *files, *names, "-days", "2")

    def signed(self, name, host="localhost", begin=NOW - DAY, end=NOW + DAY):
        (self.folder / "names").write_text(f"subjectAltName=DNS:{host}\n")
        files = ["-keyout", f"{name}.key", "-out", f"{name}.csr"]
        self.run("req", "-new", *KEY, *files, "-subj", f"/CN={host}")
        dates = ["-startdate", f"{begin:%Y%m%d%H%M%SZ}", "-enddate", f"{end:%Y%m%d%H%M%SZ}"]
        files = ["-in", f"{name}.csr", "-out", f"{name}.pem", "-extfile", "names"]
        self.run("ca", "-batch", "-notext", "-config", "authority.cnf", *dates, *files)

    def directives(self, name):
        """Return what makes nginx use a certificate."""
        certificate, key = (self.folder / f"{name}.{end}" for end in ("pem", "key"))
        return f"ssl_certificate {certificate};", f"ssl_certificate_key {key};"


@pytest.fixture
def authority(program, tmp_path, monkeypatch):
    """An authority that is trusted."""
    folder = tmp_path / "authority"
    folder.mkdir()
    made = Authority(program("openssl"), folder).found()
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
    return made


@pytest.fixture
def body(nginx, mp3):
    return nginx.put("track.mp3", mp3())


@pytest.fixture
def fetch(nginx, partial, database, quick):
    """Fetch the file over TLS, with a room of its own: it reads the trusted authorities once."""

    async def fetched(host="localhost"):
        url = nginx.url("/track.mp3", "https", host)
        request = TransferRequest(url, partial, NetworkClass.LOOPBACK, True)
        async with TransferRoom(database, SystemClock()) as room:
            return (await room.fetch(request, quick)).path.read_bytes()

    return fetched


async def refused(fetch, partial, hr, host="localhost"):
    with pytest.raises(TransferError) as caught:
        await fetch(host)
    assert caught.value.hr == hr
    assert not partial.exists()
    return caught.value


async def test_a_certificate_of_a_trusted_authority_is_good(authority, nginx, body, fetch):
    authority.signed("store")
    nginx.serve(*authority.directives("store"), listen="ssl")
    assert await fetch() == body


async def test_a_self_signed_certificate_is_refused(authority, nginx, body, fetch, partial):
    authority.self_signed("store")
    nginx.serve(*authority.directives("store"), listen="ssl")
    error = await refused(fetch, partial, UNTRUSTED)
    assert "self-signed" in error.what.replace("self signed", "self-signed")
    assert nginx.answers(0) == []


async def test_an_authority_that_is_not_trusted_is_refused(
    authority, nginx, body, fetch, partial, monkeypatch
):
    authority.signed("store")
    authority.self_signed("another")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.folder / "another.pem"))
    nginx.serve(*authority.directives("store"), listen="ssl")
    await refused(fetch, partial, UNTRUSTED)


@pytest.mark.parametrize(
    ("certified", "asked"), [("contoso.example", "localhost"), ("localhost", "127.0.0.1")]
)
async def test_a_certificate_of_another_host_is_refused(
    authority, nginx, body, fetch, partial, certified, asked
):
    authority.signed("store", host=certified)
    nginx.serve(*authority.directives("store"), listen="ssl")
    error = await refused(fetch, partial, UNTRUSTED, host=asked)
    assert asked in error.what


@pytest.mark.parametrize(
    ("begin", "end", "reason"),
    [(NOW - 3 * DAY, NOW - DAY, "expired"), (NOW + DAY, NOW + 3 * DAY, "not yet valid")],
)
async def test_a_certificate_out_of_its_dates_is_refused(
    authority, nginx, body, fetch, partial, begin, end, reason
):
    authority.signed("store", begin=begin, end=end)
    nginx.serve(*authority.directives("store"), listen="ssl")
    error = await refused(fetch, partial, UNTRUSTED)
    assert reason in error.what


async def test_a_server_without_tls_is_named(authority, nginx, body, fetch, partial):
    nginx.serve()
    await refused(fetch, partial, NO_TLS)


async def test_nothing_leads_from_https_to_http(authority, nginx, body, fetch, partial):
    authority.signed("store")
    away = "return 302 http://localhost:1/track.mp3;"
    nginx.serve(*authority.directives("store"), away, listen="ssl")
    await refused(fetch, partial, HRESULT.named("NS_E_INVALID_REDIRECT"))
    assert [answer.status for answer in nginx.answers(1)] == [302]
