"""The sample store as a process: started, spoiled over its own interface, ended."""

import socket
import sys
import urllib.error
import urllib.request

import pytest

from player_host import sample_store
from player_host.errors import PlayerHostError, UsageError
from player_host.sample_store import SampleStore, running_store


def ask(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as response:
        return response.read()


def test_the_store_runs_as_long_as_the_block():
    with running_store() as store:
        assert store.settings == {"store_url": store.url, "account": "demo", "password": "demo"}
        assert b'"version"' in ask(f"{store.url}/catalog/current")
    with pytest.raises(urllib.error.URLError):
        ask(store.url)


def test_two_stores_run_beside_each_other_and_the_key_to_one_does_not_show():
    with running_store() as one, running_store() as other:
        assert one.url != other.url
        one.set_fault("404")
        other.clear_faults()
        assert repr(one) == f"SampleStore(url={one.url!r})"


def test_a_fault_that_the_store_does_not_know_is_refused_in_its_words(proseware_store):
    with pytest.raises(UsageError, match="'rain' is no kind of fault; there are html"):
        proseware_store.set_fault("rain")


def test_a_store_that_is_gone_is_told():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        gone = SampleStore(f"http://127.0.0.1:{silent.getsockname()[1]}", "key")
        for ask_it in (lambda: gone.set_fault("404"), gone.clear_faults):
            with pytest.raises(PlayerHostError, match="the store does not answer"):
                ask_it()


def test_without_the_sample_stores_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(sample_store, "STORE_PACKAGE", "no_such_package")
    with pytest.raises(UsageError, match="the sample stores are not installed"), running_store():
        pytest.fail("the block must not begin")


def test_a_store_that_does_not_start_is_told_with_its_last_words(monkeypatch):
    complaint = "import sys; sys.stderr.write('first\\nno more ports\\n')"
    monkeypatch.setattr(sample_store, "COMMAND", (sys.executable, "-c", complaint))
    with pytest.raises(PlayerHostError, match=r"no more ports: .* did not start"), running_store():
        pytest.fail("the block must not begin")
