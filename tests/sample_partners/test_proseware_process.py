"""The store as a process: how it starts, says where it is, and ends."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import zipfile
from io import BytesIO

import httpx
import pytest

from sample_partners.proseware.process import StoreNotStarted, StoreProcess
from sample_partners.proseware.store import listen

COMMAND = [sys.executable, "-m", "sample_partners.proseware.store"]
DEADLINE_S = 30


def is_gone(url: str) -> bool:
    """Return whether nothing listens any more, within the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        try:
            httpx.get(url, trust_env=False)
        except httpx.TransportError:
            return True
        time.sleep(0.05)
    return False


def start(*options: str, **keywords) -> tuple[subprocess.Popen, str]:
    process = subprocess.Popen(
        [*COMMAND, *options], stdout=subprocess.PIPE, text=True, encoding="utf-8", **keywords
    )
    return process, process.stdout.readline()


@pytest.fixture
def started():
    """Starts stores and cleans up after them."""
    processes = []

    def run(*options: str, **keywords) -> tuple[subprocess.Popen, str]:
        process, line = start(*options, **keywords)
        processes.append(process)
        return process, line

    yield run
    for process in processes:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def test_it_says_in_one_line_where_it_listens_and_then_answers(started, http):
    _, line = started()

    assert line.startswith("listening on http://127.0.0.1:")
    url = line.removeprefix("listening on ").strip()
    assert http.get(f"{url}/catalog/current").status_code == 200


def test_the_ready_file_holds_the_url(started, tmp_path):
    ready = tmp_path / "ready"
    _, line = started("--ready-file", str(ready))

    assert ready.read_text().strip() == line.removeprefix("listening on ").strip()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_status_0_and_without_a_word(started, number):
    process, line = started(stderr=subprocess.PIPE)
    process.send_signal(number)
    out, complaints = process.communicate(timeout=DEADLINE_S)

    assert (process.returncode, out, complaints) == (0, "", "")
    assert is_gone(line.removeprefix("listening on ").strip())


def test_it_ends_when_its_input_does_if_told_so(started):
    process, _ = started("--exit-with-parent", stdin=subprocess.PIPE)
    process.stdin.close()

    assert process.wait(DEADLINE_S) == 0


def test_it_does_not_care_about_its_input_otherwise(started, http):
    _, line = started(stdin=subprocess.DEVNULL)
    url = line.removeprefix("listening on ").strip()

    assert http.get(f"{url}/catalog/current").status_code == 200


def test_it_ends_when_the_process_that_started_it_is_killed():
    child = """
        import time
        from sample_partners.proseware.process import StoreProcess
        store = StoreProcess()
        store.start()
        print(store.url, flush=True)
        time.sleep(600)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(child)], stdout=subprocess.PIPE, text=True
    )
    url = parent.stdout.readline().strip()
    parent.kill()
    parent.communicate()

    assert is_gone(url)


def test_it_ends_in_time_with_a_customer_still_loading(http, customer_of):
    with StoreProcess() as store:
        store.set_fault("slow", value=100)
        url = customer_of(store, "demo").url_of(701)
        with http.stream("GET", url) as answer:
            next(answer.iter_raw())
            assert store.stop() == 0


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--fault", "nonsense"), "nonsense"),
        (("--tracks", "0"), "1 to 1000000"),
        (("--port", "seventy"), "invalid int"),
        (("--host", "192.0.2.1"), ""),
    ],
)
def test_wrong_options_end_it_with_status_2_and_the_reason(options, complaint):
    done = subprocess.run(
        [*COMMAND, *options], capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )

    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_its_answers_do_not_wait_for_acknowledgements():
    # asyncio switches Nagle's algorithm off only for sockets that name their protocol.
    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_a_store_that_cannot_start_says_why():
    store = StoreProcess(options=("--fault", "nonsense"))

    with pytest.raises(StoreNotStarted, match="nonsense"), store:
        pass


def test_a_port_in_use_is_refused():
    with StoreProcess() as first, pytest.raises(StoreNotStarted), StoreProcess(port=first.port):
        pass


def test_two_starts_give_the_same_bytes(http, customer_of):
    def digest() -> str:
        with StoreProcess() as store:
            demo = customer_of(store, "demo")
            files = [demo.file_of(track_id) for track_id in (101, 203, 301, 501, 701)]
            package = http.get(f"{store.url}/Catalogs/210/catalog.wmdb").content
            return hashlib.sha256(b"".join([*files, package])).hexdigest()

    assert digest() == digest()


def test_urls_and_tokens_outlive_a_restart_on_the_same_port(http, customer_of):
    with StoreProcess() as store:
        demo = customer_of(store, "demo")
        url = demo.url_of(701)
        before = http.get(url).headers["etag"]
        store.kill()
        store.start()

        assert http.get(url).headers["etag"] == before
        assert demo.ask(701)[701]["granted"]


def test_urls_of_another_seed_are_forged(http, customer_of):
    with StoreProcess(seed="one") as store:
        url = customer_of(store, "demo").url_of(701)
        store.stop()
        store.seed = "two"
        store.start()

        assert http.get(url).status_code == 403


def test_a_killed_store_answers_no_more(http):
    with StoreProcess() as store:
        url = store.url
        store.kill()

        with pytest.raises(httpx.TransportError):
            http.get(url)


def test_a_store_that_does_not_run_cannot_be_stopped():
    store = StoreProcess()

    with pytest.raises(RuntimeError, match="not running"):
        store.stop()


def test_the_admin_key_is_in_no_argument_and_no_repr():
    store = StoreProcess()

    assert store._admin_key not in repr(store)
    assert store._admin_key not in " ".join(store._command())


def test_without_a_key_in_the_environment_the_switch_stays_shut(started, http):
    environment = {k: v for k, v in os.environ.items() if k != "PROSEWARE_ADMIN_KEY"}
    _, line = started(env=environment)
    url = line.removeprefix("listening on ").strip()

    assert http.delete(f"{url}/admin/None/faults").status_code == 404


def test_a_hundred_thousand_tracks_are_served_without_a_file_on_disk(http, customer_of, tmp_path):
    with StoreProcess(tracks=100_000, options=("--work-dir", str(tmp_path))) as store:
        demo = customer_of(store, "demo")
        answers = demo.ask(1, 50_000, 100_000, 100_001)
        last = http.get(answers[100_000]["url"])
        package = zipfile.ZipFile(
            BytesIO(http.get(f"{store.url}/Catalogs/1/catalog.wmdb.lz").content)
        )

    assert [answers[n]["granted"] for n in (1, 50_000, 100_000, 100_001)] == [True] * 3 + [False]
    assert last.status_code == 200
    assert "Track 100000".encode("utf-16-le") in last.content
    assert package.read("track.csv").decode("utf-16").count("\r\n") == 100_000
    assert [file.name for file in tmp_path.iterdir()] == ["100000.mp3"]
