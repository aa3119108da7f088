"""A store and a home for Players that are killed, and the witnesses that outlive them.

A Player's end, however it comes, ends the process of its plug-in, a moment later. Nothing is
judged before that process is gone too.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from attrs import define, field, frozen

from partner_api.calls import DownloadTrackComplete
from player_host.database import Database
from player_host.library.verify import verify_library
from player_host.settings import HOME_VARIABLE, Home
from player_host.transcript import Called, Lost, Returned, Transcript, read_transcript
from sample_partners.proseware.process import StoreProcess

HERE = Path(__file__).parent
PARTNER = "kill_partner:Witness"
DEADLINE_S = 60.0
SUCCESS = "S_OK"
ABORTED = 0x80004004


# --- witnesses ---------------------------------------------------------------------------------


@frozen
class Entry:
    """A line of the plug-in's journal: a call, and in which of its instances it was."""

    instance: int
    call: str
    args: dict[str, Any]
    result: Any

    @property
    def key(self) -> tuple[int, int]:
        """Cookie and track of an answer or, by its params, of a completion."""
        cookie = self.args["params"].removeprefix("order=")
        return int(cookie), self.args["track_id"]


@frozen
class TrackLine:
    """A track of the ledger."""

    cookie: int
    track_id: int
    state: str
    hr: int | None
    attempts: int
    reopened: bool

    @property
    def key(self) -> tuple[int, int]:
        return self.cookie, self.track_id


@define
class Journal:
    """The plug-in's own journal, shared by all its instances."""

    path: Path

    def entries(self, *calls: str) -> list[Entry]:
        """Every line, or those of some calls."""
        instance, found = 0, []
        for line in self._lines():
            if line["call"] == "SetCallback" and line["args"]["callback"]:
                instance += 1
            found.append(Entry(instance, line["call"], line["args"], line["result"]))
        return [entry for entry in found if not calls or entry.call in calls]

    def count(self, call: str) -> int:
        return len(self.entries(call))

    def wait_for(self, call: str, count: int, player: "subprocess.Popen[bytes]") -> None:
        """Wait until a call stands there so often, or the player has ended."""
        needle, deadline = f'{{"call": "{call}",'.encode(), time.monotonic() + DEADLINE_S
        while self._bytes().count(needle) < count and player.poll() is None:
            assert time.monotonic() < deadline, f"{call} did not come {count} times"
            time.sleep(0.001)

    def _lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._bytes().splitlines()]

    def _bytes(self) -> bytes:
        return self.path.read_bytes() if self.path.exists() else b""


@define
class KillHome:
    """A home folder, the Players that are run on it one after another, and what they left."""

    home: Home
    store: StoreProcess
    journal: Journal
    kills: int = 0
    _served_before: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._served_before = len(self.store.served())

    def begin(
        self, verb: str, *words: str, cut: str = "", victim: str = "player", hurry: str = ""
    ) -> "subprocess.Popen[bytes]":
        """Start a Player; for the options see `kill_player.py`."""
        options = ["--victim", victim]
        options += ["--cut", cut] if cut else []
        options += ["--hurry", hurry] if hurry else []
        command = [sys.executable, str(HERE / "kill_player.py"), *options]
        return self._begin([*command, str(self.home.path), verb, *words])

    def begin_program(self, *words: str) -> "subprocess.Popen[bytes]":
        """Start a Player as a user does, by its console script."""
        program = shutil.which("player-host", path=str(Path(sys.executable).parent))
        assert program is not None, "player-host is not installed beside this Python"
        return self._begin([program, *words])

    def _begin(self, command: list[str]) -> "subprocess.Popen[bytes]":
        paths = [*filter(None, [os.environ.get("PYTHONPATH")]), str(HERE)]
        places = {"PYTHONPATH": os.pathsep.join(paths), HOME_VARIABLE: str(self.home.path)}
        return subprocess.Popen(
            command,
            env=os.environ | places,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run_program(self, *words: str, status: int = 0) -> None:
        """Run the console script to its end."""
        ended_with, complaint = self.end_of(self.begin_program(*words))
        assert ended_with == status, complaint

    def run(self, verb: str, *words: str, **options: str) -> None:
        """Run a Player to its end."""
        status, complaint = self.end_of(self.begin(verb, *words, **options))
        assert status == 0, complaint

    def run_until_cut(self, cut: str, verb: str, *words: str) -> None:
        """Run a Player that has to die at a named point."""
        status, complaint = self.end_of(self.begin(verb, *words, cut=cut))
        assert status not in {0, 1, 2}, f"{cut} was not reached: {complaint}"
        self.kills += 1

    def run_past_cut(self, cut: str, verb: str, *words: str) -> None:
        """Run a Player whose plug-in's process has to die at a named point."""
        before = self.losses
        self.run(verb, *words, cut=cut, victim="surrogate")
        assert self.losses == before + 1, f"{cut} was not reached"
        self.kills += 1

    def kill(self, player: "subprocess.Popen[bytes]", *, ended: Collection[int] = (0,)) -> bool:
        """`kill -9` a Player; return whether it was still running.

        Args:
            player: the Player.
            ended: the statuses with which it may have ended before.
        """
        player.kill()
        status, complaint = self.end_of(player)
        was_running = status not in ended
        assert not was_running or status < 0 or os.name == "nt", complaint
        self.kills += was_running
        return was_running

    def kill_surrogate(self, player: "subprocess.Popen[bytes]") -> bool:
        """`kill -9` the process of a Player's plug-in; return whether there was one."""
        try:
            (surrogate,) = surrogates_of(player)
            surrogate.kill()
        except (ValueError, psutil.NoSuchProcess):
            return False
        self.kills += 1
        return True

    def end_of(self, player: "subprocess.Popen[bytes]") -> tuple[int, str]:
        """Wait for the end of a Player and of all that it started.

        Returns:
            The Player's status, and what it complained of.
        """
        try:
            _, complaint = player.communicate(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            player.kill()
            player.communicate()
            raise
        deadline = time.monotonic() + DEADLINE_S
        while left := processes_of(self.home):
            assert time.monotonic() < deadline, f"outlived its Player: {left}"
            time.sleep(0.005)
        return player.returncode, complaint.decode(errors="replace")

    @property
    def losses(self) -> int:
        """How many losses of an instance the transcripts have."""
        return sum(isinstance(e, Lost) for t in self.transcripts() for e in t.entries)

    @property
    def was_started(self) -> bool:
        """Whether the last session's plug-in returned from its first call, `SetCallback`."""
        ends = (e for e in self.transcripts()[-1].entries if isinstance(e, Returned))
        first = next(ends, None)
        return first is not None and first.returned.hr.succeeded

    def transcripts(self) -> list[Transcript]:
        """The transcripts of all sessions, oldest first."""
        return [read_transcript(path) for path in sorted(self.home.transcripts.iterdir())]

    def tracks(self) -> list[TrackLine]:
        """Every track of the ledger."""
        rows = self.query(
            "SELECT x.cookie, t.track_id, t.state, t.hr, t.attempts, t.reopened_in IS NOT NULL"
            " FROM tracks t JOIN transactions x ON x.id = t.transaction_id"
            " ORDER BY x.id, t.track_id"
        )
        return [TrackLine(*row[:5], reopened=bool(row[5])) for row in rows]

    def states(self) -> Counter[str]:
        """How many tracks are in each state, those not counted that were asked for anew."""
        return Counter(track.state for track in self.tracks() if not track.reopened)

    def request_states(self) -> list[str]:
        return [row[0] for row in self.query("SELECT state FROM requests ORDER BY id")]

    def settle_in(self) -> None:
        """Write plain settings: the plug-in has no oddities any more."""
        write_settings(self.home, self.store, self.journal.path)

    def mark_cancelling(self) -> None:
        """Do what `downloads cancel` does while another process has the home."""
        with closing(sqlite3.connect(self.home.database)) as database, database:
            database.execute("UPDATE requests SET state = 'cancelling'")

    def count(self, table: str) -> int:
        return int(self.query(f"SELECT count(*) FROM {table}")[0][0])

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.home.database)) as database:
            return database.execute(sql).fetchall()

    def partials(self) -> list[str]:
        return sorted(path.name for path in self.home.incoming.iterdir())

    def gets(self, track_id: int) -> list[dict[str, object]]:
        """What the store served of a track since this home was made."""
        lines = self.store.served()[self._served_before :]
        return [line for line in lines if line["track_id"] == track_id and line["method"] == "GET"]

    def completions(self) -> dict[tuple[int, int], list[Entry]]:
        """The completions that the plug-in saw, by cookie and track."""
        seen: dict[tuple[int, int], list[Entry]] = {}
        for entry in self.journal.entries("DownloadTrackComplete"):
            seen.setdefault(entry.key, []).append(entry)
        return seen


def surrogates_of(player: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    """Return the processes of plug-ins that a Player has at this moment."""
    try:
        children = psutil.Process(player.pid).children()
        return [child for child in children if "partner_api.surrogate" in child.cmdline()]
    except psutil.Error:
        return []


def processes_of(home: Home) -> list[psutil.Process]:
    """Return the processes that Players of a home started, also those that outlived them."""
    return [
        p for p in psutil.process_iter() if environment_of(p).get(HOME_VARIABLE) == str(home.path)
    ]


def environment_of(process: psutil.Process) -> dict[str, str]:
    """Return what a process was started with; nothing for one that ended or is foreign."""
    try:
        return process.environ()
    except psutil.Error:
        return {}


# --- judgement ---------------------------------------------------------------------------------


@define
class StoreBytes:
    """What the store has for each track, fetched freshly by no Player."""

    store: StoreProcess
    _digests: dict[int, str] = field(factory=dict)

    def digest(self, track_id: int) -> str:
        """The SHA-256 of a track that was fetched."""
        return self._digests[track_id]

    def fetch(self, track_ids: Iterable[int]) -> None:
        """Fetch what is not known yet, with every fault of the store switched off."""
        wanted = sorted(set(track_ids) - set(self._digests))
        if not wanted:
            return
        self.store.clear_faults()
        with httpx.Client(base_url=self.store.url, trust_env=False, timeout=DEADLINE_S) as http:
            login = http.post("/login", json={"account": "demo", "password": "demo"}).json()
            headers = {"authorization": f"Bearer {login['token']}"}
            asked = http.post("/licenses", json={"track_ids": wanted}, headers=headers).json()
            for track in asked["tracks"]:
                content = http.get(track["url"]).content
                self._digests[track["track_id"]] = hashlib.sha256(content).hexdigest()


@frozen
class Judge:
    """Compares what the witnesses say after the last Player has ended."""

    bytes: StoreBytes

    def finds_all_in_order(self, home: KillHome, track_ids: set[int]) -> None:
        """Every track is in the library once, intact, and was completed as it should be."""
        self.finds_library(home, track_ids)
        self.finds_nothing_left(home)
        assert set(home.request_states()) == {"done"}
        last = {track.track_id: track for track in home.tracks() if not track.reopened}
        assert {t for t, line in last.items() if (line.state, line.hr) == ("completed", 0)} == (
            track_ids
        )
        assert set(last) == track_ids
        self.finds_completions(home)

    def finds_library(self, home: KillHome, track_ids: set[int]) -> None:
        self.bytes.fetch(track_ids)
        rows = home.query("SELECT content_id, source_path FROM library_items")
        assert sorted(content_id for content_id, _ in rows) == sorted(track_ids)
        for content_id, path in rows:
            content = (home.home.music / path).read_bytes()
            assert hashlib.sha256(content).hexdigest() == self.bytes.digest(content_id), path
        database = Database.open(home.home.database)
        try:
            assert verify_library(database, home.home.music, digests=True).findings == ()
        finally:
            database.close()

    def finds_nothing_left(self, home: KillHome) -> None:
        """Nothing unfinished is on the disk or in the database."""
        assert home.partials() == []
        tables = ("library_intents", "library_sweeps", "transfer_partials")
        assert {table: home.count(table) for table in tables} == dict.fromkeys(tables, 0)
        settled = {"completed", "refused", "cancelled", "undeliverable"}
        assert set(home.states()) <= settled

    def finds_completions(self, home: KillHome) -> None:
        """Completions as T1-DL-42 has them: one each, repeated only after a recorded crash."""
        accepted = {t.key: t for t in home.tracks() if t.state in {"completed", "undeliverable"}}
        seen = home.completions()
        assert set(seen) <= set(accepted), "a completion of a track that was not accepted"
        assert {t for t, line in accepted.items() if line.state == "completed"} <= set(seen)
        answered = [
            entry.key
            for entry in home.journal.entries("DownloadTrack")
            if entry.args["hr"] == entry.result == SUCCESS
        ]
        assert len(answered) == len(set(answered))
        assert set(answered) <= set(accepted), "an accepted track was lost"
        # The journal misses at most the answer that a kill cut short.
        assert len(accepted) - len(answered) <= home.kills
        for key, line in accepted.items():
            self._judge_completions(line, seen.get(key, []))
        assert sum(line.attempts - 1 for line in accepted.values()) <= home.kills
        self._judge_repeats(home)
        self._judge_abandoned(home)
        self._judge_library_before_completion(home)

    def _judge_completions(self, line: TrackLine, completions: list[Entry]) -> None:
        assert 1 <= line.attempts <= 3
        assert len(completions) <= line.attempts
        instances = [entry.instance for entry in completions]
        assert len(instances) == len(set(instances)), "a repeat without a crash"
        codes = {entry.args["hr"] for entry in completions}
        assert len(codes) <= 1, "a repeat with another outcome"

    def _judge_repeats(self, home: KillHome) -> None:
        """Every repeat follows a loss that is on record: its line, or a transcript cut short."""
        crashes, last = 0, {}
        for transcript in home.transcripts():
            for entry in transcript.entries:
                crashes += isinstance(entry, Lost)
                if isinstance(entry, Called) and isinstance(entry.call, DownloadTrackComplete):
                    key = entry.chain, entry.call.track_id
                    assert last.get(key) != crashes, f"no loss before the repeat for {key}"
                    last[key] = crashes
            crashes += not transcript.complete

    def _judge_abandoned(self, home: KillHome) -> None:
        abandoned = [track for track in home.tracks() if track.state == "abandoned"]
        assert {track.hr for track in abandoned} <= {ABORTED}

    def _judge_library_before_completion(self, home: KillHome) -> None:
        looks = home.journal.entries("FileInLibrary")
        assert {look.result for look in looks} <= {"present"}
        successes = [
            entry
            for entry in home.journal.entries("DownloadTrackComplete")
            if entry.args["hr"] == SUCCESS
        ]
        looked = {(look.instance, look.args["track_id"]) for look in looks}
        assert {(s.instance, s.args["track_id"]) for s in successes} <= looked


# --- report ------------------------------------------------------------------------------------


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell where the kills at random moments have hit."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.getreports(kind)]
    kills = [
        value.split("|")
        for report in reports
        if report.when == "call"
        for name, value in report.user_properties
        if name == "kill"
    ]
    if not kills:
        return
    terminalreporter.section("where the kills hit")
    for victim, hits in groupby(sorted(kills), key=itemgetter(0)):
        terminalreporter.line(f"{victim} killed:")
        for place, count in Counter(place for _, place, _ in hits).most_common():
            terminalreporter.line(f"{count:6} {place}")
    if terminalreporter.verbosity > 0:
        for victim, place, moment in kills:
            terminalreporter.line(f"     {victim}: {place}: {moment}")


# --- fixtures ----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def running_kill_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    log = tmp_path_factory.mktemp("kill-store") / "access.jsonl"
    with StoreProcess(access_log=log) as store:
        yield store


@pytest.fixture
def kill_store(running_kill_store: StoreProcess) -> Iterator[StoreProcess]:
    running_kill_store.clear_faults()
    yield running_kill_store
    running_kill_store.clear_faults()


@pytest.fixture(scope="session")
def judge(running_kill_store: StoreProcess) -> Judge:
    return Judge(StoreBytes(running_kill_store))


def write_settings(
    home: Home, store: StoreProcess, journal: Path, host: str = "", plugin: str = ""
) -> None:
    home.path.mkdir(parents=True, exist_ok=True)
    home.partners_toml.write_text(
        f'["{PARTNER}".host]\nnetwork = "loopback"\n{host}\n'
        f'["{PARTNER}".settings]\nstore_url = "{store.url}"\naccount = "demo"\n'
        f'password = "demo"\njournal = {json.dumps(str(journal))}\n{plugin}\n',
        encoding="utf-8",
    )


@pytest.fixture(scope="session")
def furnished_home(
    tmp_path_factory: pytest.TempPathFactory, running_kill_store: StoreProcess
) -> Home:
    """A home with the store's catalogue, to be copied."""
    home = Home(tmp_path_factory.mktemp("furnished") / "home")
    journal = Journal(home.path.parent / "journal.jsonl")
    write_settings(home, running_kill_store, journal.path)
    KillHome(home, running_kill_store, journal).run("activate")
    return home


@pytest.fixture
def make_home(
    tmp_path: Path, furnished_home: Home, kill_store: StoreProcess
) -> Callable[..., KillHome]:
    """Make a fresh home; `host` and `plugin` are further lines of its settings."""

    def make(*, host: str = "", plugin: str = "") -> KillHome:
        home = Home(tmp_path / "home")
        shutil.copytree(furnished_home.path, home.path)
        write_settings(home, kill_store, tmp_path / "journal.jsonl", host, plugin)
        return KillHome(home, kill_store, Journal(tmp_path / "journal.jsonl"))

    return make


@pytest.fixture
def kill_home(make_home: Callable[..., KillHome]) -> KillHome:
    return make_home()
