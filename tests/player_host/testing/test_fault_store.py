"""The fault store as a client sees it that is nothing but a socket."""

import base64
import hashlib
import re
import socket
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from player_host.clock import ManualClock
from player_host.errors import UsageError
from player_host.testing.fault_store import (
    KINDS,
    Ending,
    Fault,
    FaultKind,
    FaultSchedule,
    fault_store,
)

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PAGE = Path(__file__).parents[3] / "docs" / "fault-store.md"
DEADLINE_S = 60.0
SIZE = 5_000
STAYING = {FaultKind.STALL, FaultKind.SILENCE}
ENDLESS = {FaultKind.ENDLESS_HEAD, FaultKind.ENDLESS_BODY}


def connected(store):
    host, port = store.url("").removeprefix("http://").split(":")
    line = socket.create_connection((host, int(port)), DEADLINE_S)
    line.settimeout(DEADLINE_S)
    return closing(line)


def ask(line, *headers, method="GET"):
    lines = [f"{method} /track.mp3 HTTP/1.1", "Host: store", *headers, "", ""]
    line.sendall("\r\n".join(lines).encode())


def read(line, size=None):
    """Read so many bytes, or up to the end of the connection."""
    found = b""
    while size is None or len(found) < size:
        piece = line.recv(65536)
        if not piece:
            break
        found += piece
    return found


def read_answer(line):
    """Read an answer of announced length, and return its head and its body."""
    found = b""
    while b"\r\n\r\n" not in found:
        found += line.recv(65536)
    head, _, body = found.partition(b"\r\n\r\n")
    length = int(re.search(rb"Content-Length: (\d+)", head)[1])
    return head.decode(), body + read(line, length - len(body))


def body_of(answer):
    return answer.partition(b"\r\n\r\n")[2]


def faulty(kind, *, at=300, by=5, word=""):
    return FaultSchedule((Fault(kind, at=at, by=by, word=word),), size=SIZE)


def answered(schedule, *headers):
    """Return what one request is answered with, byte for byte, as far as it goes."""
    with fault_store(schedule, clock=ManualClock(NOW)) as store, connected(store) as line:
        ask(line, *headers)
        return read(line, 400 if schedule.faults[0].kind in ENDLESS else None)


def test_a_reset_ends_the_connection_after_its_byte():
    with fault_store(faulty(FaultKind.RESET)) as store, connected(store) as line:
        ask(line)
        found = read(line, line.recv(65536, socket.MSG_PEEK).index(b"\r\n\r\n") + 4 + 300)
        with pytest.raises(ConnectionResetError):
            line.recv(1)
        assert body_of(found) == store.versions[0][:300]
        assert [sent.ending for sent in store.answers()] == [Ending.RESET]


def test_a_half_closed_connection_still_takes_what_the_client_sends():
    with fault_store(faulty(FaultKind.HALF_CLOSE)) as store, connected(store) as line:
        ask(line)
        assert body_of(read(line)) == store.versions[0][:300]
        for _ in range(10):
            ask(line)  # a closed one would answer with a reset, and the next of these would fail


def test_a_stalled_answer_has_its_bytes_and_no_end():
    with fault_store(faulty(FaultKind.STALL)) as store, connected(store) as line:
        ask(line)
        (sent,) = store_answers(store, 1)
        assert (sent.body_sent, sent.ending) == (300, Ending.STAY)
        found = read(line, line.recv(65536, socket.MSG_PEEK).index(b"\r\n\r\n") + 4 + 300)
        assert body_of(found) == store.versions[0][:300]
        line.setblocking(False)
        with pytest.raises(BlockingIOError):
            line.recv(1)


def store_answers(store, count):
    deadline = time.monotonic() + DEADLINE_S
    while len(store.answers()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return store.answers()


def test_a_trickle_comes_whole_if_the_client_waits_for_it():
    with fault_store(faulty(FaultKind.TRICKLE, at=SIZE - 5)) as store, connected(store) as line:
        ask(line)
        assert read_answer(line)[1] == store.versions[0]


def test_more_than_announced_comes_with_the_rest_of_the_body():
    found = answered(faulty(FaultKind.LENGTH_TOO_SHORT))
    assert b"Content-Length: 4995\r\n" in found
    assert len(body_of(found)) == SIZE


def test_a_sound_part_is_a_part_of_the_body():
    with fault_store(FaultSchedule(size=SIZE)) as store, connected(store) as line:
        ask(line, "Range: bytes=10-19")
        head, body = read_answer(line)
        assert head.startswith("HTTP/1.1 206 ")
        assert "Content-Range: bytes 10-19/5000" in head
        assert body == store.versions[0][10:20]
        ask(line, "Range: bytes=10-", 'If-Range: "another"')
        assert read_answer(line)[1] == store.versions[0]
        ask(line, "Range: bytes=5000-")
        assert read_answer(line)[0].startswith("HTTP/1.1 416 ")


def test_a_head_alone_meets_no_fault():
    with fault_store(faulty(FaultKind.EMPTY)) as store, connected(store) as line:
        ask(line, method="HEAD")
        assert f"Content-Length: {SIZE}\r\n".encode() in line.recv(65536)
        ask(line)
        assert read_answer(line)[1] == b""
        assert [sent.provoked for sent in store.answers()] == [False, True]


@pytest.mark.parametrize("word", KINDS[FaultKind.WRONG_DIGEST].words)
def test_a_wrong_digest_is_well_formed_and_that_of_another_body(word):
    with fault_store(faulty(FaultKind.WRONG_DIGEST, word=word)) as store, connected(store) as line:
        ask(line)
        head, body = read_answer(line)
        encoded = re.search(
            rf"^{word}: (?:sha-256=:|SHA-256=)?([\w+/]+=*):?\r?$", head, re.MULTILINE
        )[1]
        told = base64.b64decode(encoded, validate=True)
        assert body == store.versions[0]
        right = hashlib.md5(body) if word == "Content-MD5" else hashlib.sha256(body)
        assert len(told) == right.digest_size
        assert told != right.digest()


@pytest.mark.parametrize("kind", [FaultKind.BODY_SPLICED, FaultKind.RANGE_FORGED])
def test_what_only_a_digest_can_tell_has_the_right_digest_beside_the_wrong_bytes(kind):
    schedule = FaultSchedule((Fault(kind, at=1_000),), size=SIZE, digests=True)
    with fault_store(schedule) as store, connected(store) as line:
        ask(line, "Range: bytes=100-")
        head, body = read_answer(line)
        right = base64.b64encode(hashlib.sha256(store.versions[0]).digest()).decode()
        assert f"Repr-Digest: sha-256=:{right}:" in head
        assert len(body) == SIZE - 100
        assert body != store.versions[0][100:]


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind not in {*STAYING, FaultKind.RESET}]
)
def test_the_same_seed_gives_the_same_bytes(kind):
    schedule = FaultSchedule((Fault(kind, at=4_990, by=5),), seed=7, size=SIZE)
    headers = ("Range: bytes=100-", "Connection: close")
    sent = answered_and_closed(schedule, *headers)
    assert sent == answered_and_closed(schedule, *headers)
    assert bool(sent) is (kind is not FaultKind.HANG_UP)


def answered_and_closed(schedule, *headers):
    """As `answered`, where the store would wait for the next request."""
    with fault_store(schedule, clock=ManualClock(NOW)) as store, connected(store) as line:
        ask(line, *headers)
        if schedule.faults[0].kind in ENDLESS:
            return read(line, 400)[:400]
        found = read(line, 1)
        if not found:
            return found
        (sent,) = store_answers(store, 1)
        while len(body_of(found)) < sent.body_sent:
            found += line.recv(65536)
        return found


@given(seed=st.integers(0, 2**64))
def test_a_schedule_goes_through_json_and_comes_again_from_its_seed(seed):
    schedule = FaultSchedule.drawn(seed, digests=True)
    assert FaultSchedule.from_json(schedule.to_json()) == schedule
    assert FaultSchedule.drawn(seed, digests=True) == schedule


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"faults": [{"kind": "rain"}]}',
        '{"faults": [{"kind": "cut", "at": -1}]}',
        '{"faults": [{"kind": "status", "word": "200"}]}',
        '{"size": 1}',
        '{"more": 1}',
        "[" * 100_000,
    ],
)
def test_what_is_no_schedule_is_refused(text):
    with pytest.raises(UsageError, match="no fault schedule"):
        FaultSchedule.from_json(text)


def test_a_body_of_ones_own_is_served_and_a_tiny_one_refused():
    with fault_store(body=b"m" * 64) as store, connected(store) as line:
        ask(line)
        assert read_answer(line)[1] == b"m" * 64
    with pytest.raises(UsageError), fault_store(body=b"m"):
        pass


def test_the_page_lists_each_kind_with_its_words():
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE))
    assert set(rows) == set(map(str, KINDS))
    for kind, row in KINDS.items():
        assert row.says in rows[kind]
        assert all(f"`{word}`" in rows[kind] for word in row.words)


@pytest.mark.long
def test_the_tests_of_the_page_pass(tmp_path):
    for text in re.findall(
        r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    ):
        name = re.match(r"# tests/(test_\w+\.py)\n", text)[1]
        (tmp_path / name).write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr
