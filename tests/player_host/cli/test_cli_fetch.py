"""`fetch`: real processes, a real server, and what lies in the folder afterwards."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from player_host.cli.fetching.names import Names, name_of, partial_name
from player_host.file_names import name_key

DEADLINE_S = 90.0
ESCAPE = "\x1b"
KEYS = {"url", "line", "status", "file", "size", "sha256", "seconds", "retries", "error"}
SUSPENDED = "suspended; the same command goes on"

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and links are POSIX")


@define(eq=False)
class Files:
    """A server of files that honours Range and If-Range, and misbehaves where it is told to.

    `bodies` has the files by path, `proposals` the headers that propose a name for them; `heads`
    takes the place of an answer's status and headers; `cuts` ends the next answers after so many
    bytes; `held` stops before the last byte until `released`.
    """

    bodies: dict[str, bytes] = field(factory=dict)
    proposals: dict[str, str] = field(factory=dict)
    heads: dict[str, list[tuple[int, dict[str, str]]]] = field(factory=dict)
    cuts: dict[str, list[int]] = field(factory=dict)
    held: set[str] = field(factory=set)
    released: threading.Event = field(factory=threading.Event)
    requests: list[tuple[str, str | None]] = field(factory=list)
    under_way: Counter[str] = field(factory=Counter)
    most: int = 0
    lock: threading.Lock = field(factory=threading.Lock)
    port: int = 0

    def put(self, path: str, size: int = 1_000) -> bytes:
        self.bodies[path] = os.urandom(size)
        return self.bodies[path]

    def url(self, path: str, query: str = "") -> str:
        return f"http://127.0.0.1:{self.port}{path}{query}"

    def ranges_of(self, path: str) -> list[str | None]:
        return [asked for seen, asked in self.requests if seen == path]

    def until(self, reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not reached():
            assert time.monotonic() < deadline, "it never came that far"
            time.sleep(0.02)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.partition("?")[0]
        with self.lock:
            self.requests.append((path, handler.headers.get("Range")))
            self.under_way[path] += 1
            self.most = max(self.most, self.under_way.total())
        try:
            self._answer(handler, path)
        finally:
            with self.lock:
                self.under_way[path] -= 1

    def _answer(self, handler: BaseHTTPRequestHandler, path: str) -> None:
        if self.heads.get(path):
            status, headers = self.heads[path].pop(0)
            return self._send(handler, status, headers | {"Content-Length": "0"}, b"")
        if path not in self.bodies:
            return self._send(handler, 404, {"Content-Length": "5"}, b"gone\n")
        body = self.bodies[path]
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        begin = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range") or "")
        if begin is None or handler.headers.get("If-Range") != etag:
            return self._send(
                handler, 200, {"ETag": etag, "Content-Length": str(len(body))}, body, path
            )
        start, total = int(begin[1]), len(body)
        told = {"Content-Range": f"bytes {start}-{total - 1}/{total}", "ETag": etag}
        rest = body[start:]
        return self._send(handler, 206, told | {"Content-Length": str(len(rest))}, rest, path)

    def _send(self, handler, status, headers, body, path="") -> None:
        handler.send_response(status)
        if path in self.proposals:
            handler.send_header("Content-Disposition", self.proposals[path])
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        with contextlib.suppress(ConnectionError):  # whoever asked may be gone
            if self.cuts.get(path):
                handler.wfile.write(body[: self.cuts[path].pop(0)])
                handler.close_connection = True
                return
            if path in self.held:
                handler.wfile.write(body[:-1])
                self.released.wait(DEADLINE_S)
                body = body[-1:]
            handler.wfile.write(body)


@pytest.fixture
def files() -> Iterator[Files]:
    served = Files()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            served.answer(self)

        def log_message(self, *arguments) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        served.port = server.server_port
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield served
        served.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "songs"


@pytest.fixture
def fetch(empty_home, folder: Path):
    """Run `fetch` with these words, perhaps with a list on its standard input."""

    def run(*words: str, listed: str | bytes | None = None, **more):
        given_list = listed.encode() if isinstance(listed, str) else listed or b""
        done = subprocess.run(
            command(folder, *words),
            input=given_list,
            capture_output=True,
            env=empty_home.variables,
            timeout=DEADLINE_S,
            check=False,
            **more,
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    return run


@pytest.fixture
def begun(empty_home, folder: Path):
    """Start `fetch` and leave it running."""
    running: list[subprocess.Popen[str]] = []

    def start(*words: str) -> "subprocess.Popen[str]":
        running.append(empty_home.start("fetch", *words, "--to", str(folder)))
        return running[-1]

    yield start
    for process in running:
        with process:
            process.kill()


def command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "player_host", "fetch", *words, "--to", str(folder)]


def contents(folder: Path) -> dict[str, bytes]:
    """The files under their names; what begins with a dot is nobody's file."""
    return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.startswith(".")}


def partials(folder: Path) -> list[Path]:
    return sorted(folder.glob(".*")) if folder.exists() else []


def gathered(folder: Path) -> int:
    """How many bytes lie in partial files."""
    with contextlib.suppress(FileNotFoundError):
        return sum(path.stat().st_size for path in partials(folder))
    return 0


def test_urls_become_files_of_their_names_and_nothing_else_is_left(files, fetch, folder):
    song, other = files.put("/music/01%20One.mp3", 400_000), files.put("/b.bin")
    status, out, err = fetch(files.url("/music/01%20One.mp3", "?key=hunter2"), files.url("/b.bin"))
    assert status == 0
    assert contents(folder) == {"01 One.mp3": song, "b.bin": other}
    assert partials(folder) == []
    assert "2 of 2 files in" in out
    assert "fetched 01 One.mp3 (400.0 kB)" in err
    assert ESCAPE not in out + err


def test_nothing_of_the_player_is_loaded_that_a_fetch_does_not_need():
    script = "import sys, player_host.cli.fetch; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = {".".join(name.split(".")[:2]) for name in done.stdout.split()}
    assert "player_host.transfer" in loaded
    unneeded = {"mutagen", *map("player_host.{}".format, ("player", "catalog", "conformance"))}
    assert not loaded & unneeded


def test_any_kind_of_file_is_taken_also_a_web_page(files, fetch, folder):
    files.bodies["/index.html"] = b"<!doctype html><p>not music</p>"
    assert fetch(files.url("/index.html"))[0] == 0
    assert contents(folder) == {"index.html": files.bodies["/index.html"]}


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"<!DOCTYPE html>Log in first", "an HTML page"), (b"\x89PNG\r\n\x1a\n....", "a PNG image")],
)
def test_what_is_not_what_its_name_says_does_not_get_that_name(files, fetch, folder, body, reason):
    files.bodies["/song.MP3"] = body
    status, out, _ = fetch(files.url("/song.MP3"))
    assert status == 1
    assert reason in out
    assert list(folder.iterdir()) == []


def test_a_song_with_an_unusual_beginning_is_taken_and_with_an_option_anything_is(
    files, fetch, folder
):
    files.bodies["/padded.mp3"] = bytes(600)
    files.bodies["/page.mp3"] = b"<!DOCTYPE html>Log in first"
    assert fetch(files.url("/padded.mp3"))[0] == 0
    assert fetch(files.url("/page.mp3"), "--anything")[0] == 0
    assert contents(folder) == {name[1:]: body for name, body in files.bodies.items()}


def test_a_list_on_the_standard_input_may_have_comments_blank_lines_and_any_line_ends(
    files, fetch, folder
):
    one, two = files.put("/1.bin"), files.put("/2.bin")
    listed = f"\ufeff{files.url('/1.bin')}\r\n\r\n  # a comment\r\n  {files.url('/2.bin')}  "
    status, out, _ = fetch("-", "--json", listed=listed)
    assert status == 0
    assert contents(folder) == {"1.bin": one, "2.bin": two}
    assert [one["line"] for one in json.loads(out)["files"]] == [1, 4]


def test_wrong_lines_are_told_by_their_numbers_and_stop_no_other(files, fetch, folder):
    good = files.put("/good.bin")
    lines = ["no url", "ftp://contoso.example/x?s=hunter2", files.url("/good.bin"), "\udcff"]
    lines.append("http://demo:hunter2@contoso.example/x")
    listed = "\n".join(lines).encode("utf-8", "surrogateescape")
    status, out, err = fetch("-", listed=listed)
    assert status == 2
    assert contents(folder) == {"good.bin": good}
    told = [line for line in err.splitlines() if line.startswith("line ")]
    assert [line.partition(":")[0] for line in told] == ["line 1", "line 2", "line 4", "line 5"]
    assert "1 of 5 files in" in out
    assert "hunter2" not in out + err


def test_a_host_may_be_given_by_its_name(files, fetch, folder):
    body = files.put("/a.bin")
    assert fetch(f"http://localhost:{files.port}/a.bin")[0] == 0
    assert contents(folder) == {"a.bin": body}


def test_a_url_that_is_given_twice_is_fetched_once(files, fetch, folder):
    body = files.put("/a.bin")
    status, _, err = fetch(files.url("/a.bin"), files.url("/a.bin"))
    assert (status, contents(folder)) == (0, {"a.bin": body})
    assert "each is fetched once" in err


def test_nothing_is_overwritten_and_two_files_of_one_name_are_two_files(files, fetch, folder):
    folder.mkdir()
    (folder / "Song.mp3").write_bytes(b"mine")
    first, second = files.put("/x/song.mp3"), files.put("/y/song.mp3")
    assert fetch(files.url("/x/song.mp3"), files.url("/y/song.mp3"))[0] == 0
    expected = {"Song.mp3": b"mine", "song (2).mp3": first, "song (3).mp3": second}
    assert contents(folder) == expected


def test_a_file_that_takes_the_name_meanwhile_keeps_it(files, begun, folder):
    body = files.put("/song.mp3", 5_000)
    files.held.add("/song.mp3")
    process = begun(files.url("/song.mp3"))
    files.until(lambda: gathered(folder) > 0)
    (folder / "song.mp3").write_bytes(b"mine")
    files.released.set()
    process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0
    assert contents(folder) == {"song.mp3": b"mine", "song (2).mp3": body}


def test_whoever_asks_once_more_after_all_is_done_gets_it_once_more(files, fetch, folder):
    files.put("/a.bin")
    assert [fetch(files.url("/a.bin"))[0] for _ in range(2)] == [0, 0]
    assert set(contents(folder)) == {"a.bin", "a (2).bin"}


@pytest.mark.parametrize(
    ("words", "listed", "status", "said"),
    [
        ((), None, 3, "no URL is given"),
        (("ftp://contoso.example/x",), None, 3, "the URL's scheme is not supported"),
        (("contoso.example/x",), None, 3, "where: URL 1"),
        (("--conections", "2"), None, 3, "Unknown option: --conections"),
        (("-", "--connections", "0"), "x", 3, "Must be >= 1"),
        (("-",), "no url\n", 3, "line 1: the URL is not valid"),
        (("-",), "# nothing\n\n", 5, "the list has no URL"),
        (("-", "--json", "--events"), "x", 3, "exclude each other"),
    ],
)
def test_wrong_usage_is_told_and_makes_no_folder(fetch, folder, words, listed, status, said):
    found, out, err = fetch(*words, listed=listed)
    assert found == status
    assert said in err
    assert "Traceback" not in out + err
    assert not folder.exists()


def test_a_folder_that_is_a_file_is_wrong_usage_and_one_that_cannot_be_made_a_fault(
    files, empty_home, tmp_path: Path
):
    files.put("/a.bin")
    (tmp_path / "file").write_bytes(b"")
    for taken in (tmp_path / "file", tmp_path / "file" / "below"):
        ended = empty_home.run("fetch", files.url("/a.bin"), "--to", str(taken))
        assert (ended.status, "a folder is needed" in ended.err) == (3, True)
    if sys.platform == "linux":
        ended = empty_home.run("fetch", files.url("/a.bin"), "--to", "/proc/nobody/songs")
        assert (ended.status, "the folder cannot be made" in ended.err) == (4, True)


def test_the_status_says_whether_all_some_or_none_came(files, fetch):
    files.put("/a.bin")
    assert fetch(files.url("/missing.bin"))[0] == 1
    status, out, _ = fetch(files.url("/a.bin"), files.url("/missing.bin"))
    assert status == 2
    assert "missing.bin: the server answered with HTTP status 404" in out
    assert "Check the URL" in out


def test_the_document_has_for_each_url_what_became_of_it(files, fetch):
    body = files.put("/a.bin", 5_000)
    urls = files.url("/a.bin", "?key=hunter2"), files.url("/missing.bin")
    status, out, _ = fetch(*urls, "--sha256", "--json")
    document = json.loads(out)
    assert status == 2
    assert set(document) == {"folder", "fetched", "failed", "bytes", "seconds", "files"}
    assert (document["fetched"], document["failed"], document["bytes"]) == (1, 1, 5_000)
    good, bad = document["files"]
    assert set(good) == set(bad) == KEYS
    assert good["url"] == files.url("/a.bin", "?...")
    assert (good["status"], good["file"], good["size"]) == ("fetched", "a.bin", 5_000)
    assert good["sha256"] == hashlib.sha256(body).hexdigest()
    assert (bad["status"], bad["file"], bad["error"]["hr"]) == (
        "failed",
        None,
        "BG_E_HTTP_ERROR_404",
    )


def test_the_name_that_a_server_proposes_is_taken_where_that_is_asked_for(files, fetch, folder):
    bodies = [b"ID3" + files.put(f"/{number}") for number in range(4)]
    files.bodies = {f"/{number}": body for number, body in enumerate(bodies)}
    files.proposals = {
        "/0": 'attachment; filename="One.mp3"',
        "/1": "attachment; filename=../../One.mp3",
        "/2": "attachment; filename*=UTF-8''Zw%C3%B6lf%2F12.mp3",
    }
    urls = [files.url(f"/{number}") for number in range(4)]
    assert fetch(*urls)[0] == 0
    assert set(contents(folder)) == {"0", "1", "2", "3"}
    shutil.rmtree(folder)
    assert fetch(*urls, "--server-names", "--connections", "1")[0] == 0
    found = contents(folder)
    assert set(found) == {"One.mp3", "One (2).mp3", "12.mp3", "3"}
    assert sorted(found.values()) == sorted(bodies)


def test_the_name_of_a_song_is_not_taken_for_what_is_none(files, fetch, folder):
    files.bodies["/get"] = b"<!DOCTYPE html>Log in first"
    files.proposals = {"/get": 'attachment; filename="One.mp3"'}
    assert fetch(files.url("/get"), "--server-names")[0] == 0
    assert contents(folder) == {"get": files.bodies["/get"]}


def test_a_digest_is_told_where_it_is_asked_for_or_had_to_be_compared(files, fetch):
    body = files.put("/a.bin", 5_000)
    found = hashlib.sha256(body).hexdigest()
    for url, words, told in (
        (files.url("/a.bin"), (), None),
        (files.url("/a.bin"), ("--sha256",), found),
        (files.url("/a.bin") + f"#sha-256={found}", (), found),
    ):
        document = json.loads(fetch(url, *words, "--json")[1])
        assert document["files"][0]["sha256"] == told


@pytest.mark.parametrize("policy", ["durable", "fast"])
def test_either_policy_brings_the_same_files(files, fetch, folder, policy):
    bodies = {f"{n}.bin": files.put(f"/{n}.bin", 1000 * n) for n in range(1, 40)}
    status, _, _ = fetch(*(files.url(f"/{name}") for name in bodies), "--policy", policy)
    assert (status, contents(folder)) == (0, bodies)


def test_events_are_lines_for_programs_and_the_last_one_is_the_document(files, fetch):
    files.put("/a.bin", 500_000)
    files.cuts["/a.bin"] = [300_000]
    listed = f"no url\n{files.url('/a.bin')}\n"
    status, out, _ = fetch("-", "--events", listed=listed)
    events = [json.loads(line) for line in out.splitlines()]
    names = [one["event"] for one in events if one["event"] != "progress"]
    assert names == ["wrong", "started", "retried", "settled", "done"]
    retried = next(one for one in events if one["event"] == "retried")
    assert (retried["line"], retried["kept"]) == (2, 300_000)
    assert retried["hr"] == "HRESULT_FROM_WIN32(ERROR_HANDLE_EOF)"
    assert [one["retries"] for one in events[-1]["files"]] == [1, 0]
    assert status == 2


def test_an_attempt_that_failed_is_told_with_its_reason_and_goes_on_where_it_stopped(
    files, fetch, folder
):
    body = files.put("/a.bin", 500_000)
    files.cuts["/a.bin"] = [300_000]
    status, _, err = fetch(files.url("/a.bin"))
    assert (status, contents(folder)) == (0, {"a.bin": body})
    assert "a.bin: tried again: the body ended before its announced length" in err
    assert "300.0 kB are kept" in err
    assert files.ranges_of("/a.bin") == [None, "bytes=300000-"]


@on_posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_fetch_is_suspended_and_the_same_command_goes_on(
    files, begun, fetch, folder, number
):
    small, large = files.put("/small.bin"), files.put("/large.bin", 600_000)
    files.held.add("/large.bin")
    urls = files.url("/small.bin"), files.url("/large.bin")
    process = begun(*urls)
    files.until(lambda: gathered(folder) == 599_999 and (folder / "small.bin").exists())
    process.send_signal(number)
    _, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130
    assert SUSPENDED in err
    assert contents(folder) == {"small.bin": small}

    files.released.set()
    status, out, _ = fetch(*urls, "--json")
    assert status == 0
    assert [one["status"] for one in json.loads(out)["files"]] == ["already here", "fetched"]
    assert contents(folder) == {"small.bin": small, "large.bin": large}
    assert partials(folder) == []
    assert files.ranges_of("/small.bin") == [None]
    assert files.ranges_of("/large.bin") == [None, "bytes=599999-"]


def test_a_killed_fetch_goes_on_with_the_bytes_that_it_had(files, begun, fetch, folder):
    body = files.put("/large.bin", 600_000)
    files.held.add("/large.bin")
    process = begun(files.url("/large.bin"))
    files.until(lambda: gathered(folder) == 599_999)
    process.kill()
    process.communicate(timeout=DEADLINE_S)
    files.released.set()
    assert fetch(files.url("/large.bin"))[0] == 0
    assert contents(folder) == {"large.bin": body}
    assert files.ranges_of("/large.bin") == [None, "bytes=599999-"]


def test_a_file_that_changed_on_the_server_while_suspended_begins_anew(files, begun, fetch, folder):
    files.put("/large.bin", 600_000)
    files.held.add("/large.bin")
    process = begun(files.url("/large.bin"))
    files.until(lambda: gathered(folder) == 599_999)
    process.kill()
    process.communicate(timeout=DEADLINE_S)
    files.released.set()
    changed = files.put("/large.bin", 700_000)
    assert fetch(files.url("/large.bin"))[0] == 0
    assert contents(folder) == {"large.bin": changed}


@on_posix
def test_where_there_is_no_room_the_status_is_4_and_the_bytes_are_kept(
    files, fetch, folder, tmp_path: Path
):
    import resource

    body = files.put("/large.bin", 3_000_000)

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    status, _, err = fetch(files.url("/large.bin"), preexec_fn=limited)
    assert status == 4
    assert "error: the file system or a quota allows no larger file" in err
    assert SUSPENDED in err
    assert contents(folder) == {}
    assert fetch(files.url("/large.bin"))[0] == 0
    assert contents(folder) == {"large.bin": body}
    assert files.ranges_of("/large.bin") == [None, "bytes=1000000-"]


@pytest.mark.parametrize("option", ["--connections", "--per-server"])
def test_no_more_files_than_told_are_transferred_at_the_same_time(files, begun, option):
    paths = [f"/{number}.bin" for number in range(5)]
    for path in paths:
        files.put(path)
    files.held.update(paths)
    process = begun(*map(files.url, paths), option, "2")
    files.until(lambda: files.under_way.total() == 2)
    files.released.set()
    process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0
    assert files.most == 2


@on_posix
def test_a_second_fetch_into_the_same_folder_is_told_of_the_first(files, begun, fetch, folder):
    files.put("/a.bin", 5_000)
    files.held.add("/a.bin")
    begun(files.url("/a.bin"))
    files.until(lambda: gathered(folder) > 0)
    status, _, err = fetch(files.url("/a.bin"))
    assert status == 3
    assert "another fetch is writing into this folder" in err


def test_bytes_that_have_another_digest_than_the_url_says_never_get_the_name(files, fetch, folder):
    body = files.put("/a.bin")
    right, wrong = hashlib.sha256(body).hexdigest(), hashlib.sha256(b"other").hexdigest()
    status, out, _ = fetch(files.url("/a.bin", f"#sha-256={wrong}"), "--json")
    (one,) = json.loads(out)["files"]
    assert (status, one["error"]["hr"]) == (1, "BG_E_VALIDATION_FAILED")
    assert contents(folder) == {}
    assert fetch(files.url("/a.bin", f"#sha-256={right}"))[0] == 0
    assert contents(folder) == {"a.bin": body}


def test_a_redirect_into_another_network_is_refused_with_the_way_out(files, fetch):
    files.heads["/a.bin"] = [(302, {"Location": "http://10.1.2.3/a.bin"})]
    status, out, _ = fetch(files.url("/a.bin"))
    assert status == 1
    assert "Give the URL to which the server leads, if that place is meant" in out


@pytest.mark.parametrize("path", ["/..%2f..%2fevil.bin", "/%2e%2e", "/.bashrc", "/a%00%1b%5b2J.b"])
def test_a_name_from_a_url_neither_leaves_the_folder_nor_hides_in_it(files, fetch, folder, path):
    files.put(path)
    status, out, err = fetch(files.url(path))
    assert status == 0
    assert len(contents(folder)) == 1
    assert partials(folder) == []
    assert sorted(p.name for p in folder.parent.iterdir()) == ["home", "songs"]
    assert ESCAPE not in out + err


@on_posix
def test_a_link_that_somebody_planted_for_the_partial_file_is_not_followed(
    files, fetch, folder, empty_home, tmp_path: Path
):
    body, url = files.put("/a.bin"), files.url("/a.bin")
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    folder.mkdir()
    (folder / partial_name("a.bin", url, empty_home.home)).symlink_to(victim)
    assert fetch(url)[0] == 0
    assert victim.read_bytes() == b"precious"
    assert contents(folder) == {"a.bin": body}


@on_posix
def test_a_file_that_was_published_when_its_process_died_is_not_written_again(
    files, fetch, folder, empty_home
):
    files.put("/a.bin")
    url = files.url("/a.bin")
    folder.mkdir()
    partial = folder / partial_name("a.bin", url, empty_home.home)
    partial.write_bytes(b"published")
    (folder / "a.bin").hardlink_to(partial)
    assert fetch(url)[0] == 0
    assert contents(folder) == {"a.bin": b"published", "a (2).bin": files.bodies["/a.bin"]}
    assert partials(folder) == []


def test_what_stands_in_a_query_is_neither_shown_nor_logged_nor_stored(files, fetch, empty_home):
    files.put("/a.bin", 500_000)
    files.cuts["/a.bin"] = [300_000]
    urls = files.url("/a.bin", "?key=hunter2"), files.url("/missing.bin", "?key=hunter2")
    status, out, err = fetch(*urls, "--verbose", "--events")
    assert status == 2
    assert "hunter2" not in out + err
    kept = [path for path in empty_home.home.rglob("*") if path.is_file()]
    assert kept
    assert not any(b"hunter2" in path.read_bytes() for path in kept)


@on_posix
def test_a_terminal_shows_bars_while_it_goes_on_and_the_sum_at_the_end(files, empty_home, folder):
    files.put("/one.bin", 400_000)
    files.put("/two.bin", 400_000)
    files.cuts["/two.bin"] = [300_000]
    words = command(folder, files.url("/one.bin"), files.url("/two.bin"), files.url("/none.bin"))
    shown, status = on_a_terminal(words, empty_home.variables)
    assert status == 2
    assert ESCAPE in shown
    assert "3/3 files  800.0 kB" in shown
    assert "two.bin: tried again: the body ended before its announced length" in shown
    assert "again: the body ended before" in shown
    assert " left" in shown
    assert "failed none.bin: the server answered with HTTP status 404" in shown
    assert "fetched one.bin" not in shown
    assert "2 of 3 files in" in shown


def on_a_terminal(words: list[str], variables: dict[str, str]) -> tuple[str, int]:
    import pty

    child, terminal = pty.fork()
    if child == 0:
        size = {"TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
        os.execve(words[0], words, variables | size)
    shown = b""
    with contextlib.suppress(OSError):  # Linux says so when the other side is closed
        while part := os.read(terminal, 65_536):
            shown += part
    os.close(terminal)
    return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_the_help_teaches_with_examples(empty_home):
    ended = empty_home.run("fetch", "--help")
    assert ended.status == 0
    assert "player-host fetch https://contoso.example/01.mp3 --to songs" in ended.out
    assert "Ctrl-C suspends; the same command goes on" in ended.out


@given(st.lists(st.text(max_size=60), min_size=1, max_size=30))
def test_promised_names_are_safe_and_no_file_system_mixes_two_of_them(parts):
    names = Names({name_key("download")})
    promised = [names.free(name_of(f"http://h/{part}".replace("?", "%3F"))) for part in parts]
    assert len({name_key(name) for name in promised} | {name_key("download")}) == len(parts) + 1
    assert not any(name.startswith(".") or {"/", "\\", "\0"} & set(name) for name in promised)
    assert all(len(name.encode()) <= 200 for name in promised)


def test_what_is_public_comes_through_the_proxy_of_the_environment(files, empty_home, folder):
    # A proxy is asked for whole URLs; the address is nobody's business here.
    far = files.put("http://93.184.215.14/far.bin")
    near = files.put("/near.bin")
    ended = empty_home.run(
        *("fetch", "http://93.184.215.14/far.bin", files.url("/near.bin"), "--to", str(folder)),
        http_proxy=f"http://127.0.0.1:{files.port}",
        no_proxy="",
    )
    assert ended.status == 0
    assert contents(folder) == {"far.bin": far, "near.bin": near}
