"""A group of arrived files: all of it, or each member by itself, and never half of one."""

import hashlib
import os
import shutil
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import anyio
import pytest

import player_host
from partner_api.hresult import HRESULT, S_OK
from partner_api.licensing import License, Right
from partner_api.transaction import Action, TrackEvent, TrackState
from player_host.clock import SystemClock
from player_host.database import Database
from player_host.downloads.arrivals import Arrivals, Arrived
from player_host.downloads.book import TrackKey, TransactionBook, Work
from player_host.downloads.ledger import Ledger, Order
from player_host.downloads.pipeline import partial_name
from player_host.downloads.rooms import Rooms
from player_host.library.publishing import Publisher
from player_host.licensing.store import Licenses
from player_host.player import open_player
from player_host.settings import Home
from player_host.transfer.media import MediaKind
from player_host.transfer.request import VerifiedPartial
from player_host.transfer.room import TransferRoom

ROOMS = Path(player_host.__file__).parent
# The modules that touch files, rows or machines; a cut within pure code is one before it.
CUT_MODULES = {
    str(ROOMS / name)
    for name in (
        "downloads/arrivals.py",
        "downloads/book.py",
        "library/publishing.py",
        "library/finishing.py",
        "library/disk.py",
    )
}
MUSIC = (Path(__file__).parents[1] / "library" / "media" / "tone.mp3").read_bytes()
PARTNER = SimpleNamespace(name="shop", key="Shop")


class Desk:
    """What a Player has at hand while files arrive: books, rooms, and the arrivals themselves.

    Made on an event loop; the tracks of one transaction are accepted, with their licences.
    """

    def __init__(self, home: Home) -> None:
        clock = SystemClock()
        self.home = home
        self.database = Database.open(home.database)
        self.ledger = Ledger(self.database, clock)
        self.licenses = Licenses(self.database)
        self.book = TransactionBook(
            self.database, self.ledger, self.ledger.open_session(PARTNER.name, "t.jsonl")
        )
        self.failed: list[tuple[int, HRESULT]] = []
        self.dropped: list[int] = []
        transfer = TransferRoom(self.database, clock)
        publisher = Publisher(self.database, home.music, clock)
        self.arrivals = Arrivals(
            Rooms(self.database, clock, home, transfer, publisher, self.licenses),
            self.book,
            self.ledger,
            PARTNER,
            account="",
            fail=lambda key, error: self.failed.append((key.track_id, error.hr)),
            drop=lambda key: self.dropped.append(key.track_id),
        )

    def accept(self, container_list) -> list[Arrived]:
        """Accept the tracks of a list, and let their files arrive."""
        request_id = self.ledger.open_request(PARTNER.name, "album:1")
        transaction = self.book.open(request_id, container_list)
        self.book.call_download(transaction)
        for track in transaction.machine:
            granted = License(track.track_id, None, frozenset({Right.PLAY}), None)
            self.licenses.deliver(PARTNER.name, "", granted)
            transaction.machine.answered(track.track_id, TrackEvent.GRANTED, S_OK)
            self.ledger.note_answer(transaction.id, track, Order("http://shop/x", "p"))
        arrived = [Arrived(key, self.file(key)) for key in self.accepted()]
        for one in arrived:
            one.file.path.write_bytes(MUSIC + bytes([one.key.track_id]))
        return arrived

    def accepted(self) -> list[TrackKey]:
        rows = self.database.rows(
            "SELECT transaction_id, track_id FROM tracks WHERE state = 'accepted' ORDER BY track_id"
        )
        return [TrackKey(*row) for row in rows]

    def file(self, key: TrackKey) -> VerifiedPartial:
        content = MUSIC + bytes([key.track_id])
        digest = hashlib.sha256(content).hexdigest()
        path = self.home.incoming / partial_name(key)
        return VerifiedPartial(path, len(content), digest, MediaKind.MP3)

    async def publish(self, group: Sequence[Arrived]) -> None:
        """Let a group arrive together, and wait until nothing more happens to it."""
        send, receive = anyio.create_memory_object_stream[Arrived](len(group))
        async with send, receive, anyio.create_task_group() as tasks:
            for one in group:
                send.send_nowait(one)
            tasks.start_soon(self.arrivals.run, receive)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()

    def take_over(self) -> None:
        """Do what a session does that finds the tracks of a dead one."""
        for transaction_id, request_id, cookie in self.ledger.unsettled_transactions("shop"):
            self.book.take_over(transaction_id, request_id, cookie)

    def states(self) -> dict[int, TrackState]:
        return {
            row["track_id"]: TrackState(row["state"])
            for row in self.database.rows("SELECT track_id, state FROM tracks")
        }

    def library(self) -> dict[int, str]:
        rows = self.database.rows("SELECT content_id, source_path FROM library_items")
        return {row["content_id"]: row["source_path"] for row in rows}


@pytest.fixture
def home(tmp_path):
    made = Home(tmp_path / "home")
    made.make()
    return made


@pytest.fixture(autouse=True)
def _on_one_thread(monkeypatch):
    """Let the worker's part run where it can be followed."""

    async def inline(work, *args):
        return work(*args)

    monkeypatch.setattr("player_host.downloads.arrivals.anyio.to_thread.run_sync", inline)


@contextmanager
def desk_at(home):
    desk = Desk(home)
    try:
        yield desk
    finally:
        desk.database.close()


@pytest.mark.requirement("T1-DL-19", "T1-DL-25")
def test_completions_are_due_in_the_order_in_which_the_files_arrived(home, order):
    async def scene():
        with desk_at(home) as desk:
            first, second, third = desk.accept(order(1, 2, 3))
            await desk.publish([third, first, second])
            assert set(desk.library()) == {1, 2, 3}
            return desk.book.work.take(10), [third.key, first.key, second.key]

    work, keys = anyio.run(scene)
    assert work == [Work(key, Action.COMPLETE) for key in keys]


@pytest.mark.requirement("T1-DL-19")
def test_a_member_that_fails_leaves_the_others_alone(home, order):
    async def scene():
        with desk_at(home) as desk:
            whole, damaged, unlicensed, gone, last = desk.accept(order(1, 2, 3, 4, 5))
            damaged.file.path.write_bytes(b"no music")
            with desk.database.transaction() as connection:
                connection.execute("DELETE FROM licenses WHERE content_id = 3")
            gone.file.path.unlink()
            await desk.publish([whole, damaged, unlicensed, gone, last])
            return desk.failed, desk.states(), set(desk.library())

    failed, states, library = anyio.run(scene)
    assert library == {track for track, state in states.items() if state is TrackState.FINISHED}
    assert library == {1, 5}
    assert [track for track, _ in failed] == [2, 3, 4]
    assert all(hr.failed for _, hr in failed)
    assert dict(failed)[3] == HRESULT.named("NS_E_WMP_DRM_LICENSE_NOTACQUIRED")


def test_a_step_that_fails_undoes_its_own_publication_alone(home, order, monkeypatch):
    note = Ledger.note_published

    def refuse_the_second(self, connection, transaction_id, track_id, library_id):
        if track_id == 2:
            raise sqlite3.OperationalError("disk I/O error")
        note(self, connection, transaction_id, track_id, library_id)

    monkeypatch.setattr(Ledger, "note_published", refuse_the_second)

    async def scene():
        with desk_at(home) as desk:
            group = desk.accept(order(1, 2, 3))
            await desk.publish(group)
            return desk.failed, set(desk.library()), group[1].file.path.read_bytes()

    failed, library, partial = anyio.run(scene)
    assert [track for track, _ in failed] == [2]
    assert library == {1, 3}
    assert partial == MUSIC + b"\x02"


def test_what_was_cancelled_before_its_turn_is_dropped(home, order):
    async def scene():
        with desk_at(home) as desk:
            group = desk.accept(order(1, 2))
            desk.book.happened(group[0].key, TrackEvent.CANCELLED)
            await desk.publish(group)
            return desk.dropped, set(desk.library())

    assert anyio.run(scene) == ([1], {2})


class Killed(BaseException):
    """Stands for the death of the process: no handler of the rooms catches it."""


class Cut:
    """Ends what runs before the n-th line of the modules that count."""

    def __init__(self, line: int) -> None:
        self.left = line

    def follow(self, frame, event, _argument):
        return self._line if frame.f_code.co_filename in CUT_MODULES else None

    def _line(self, _frame, event, _argument):
        if event == "line":
            self.left -= 1
            if self.left == 0:
                sys.settrace(None)
                raise Killed
        return self._line


@pytest.mark.long
@pytest.mark.requirement("T1-DL-25", "LIB-27")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_death_at_any_line_of_a_group_is_made_good_by_the_next_start(
    tmp_path, order, monkeypatch
):
    # What reaches the disk is not what a killed process can lose.
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    configure, commit = Database._configure, Database.transaction

    def configure_without_syncs(self):
        configure(self)
        self.rows("PRAGMA synchronous=OFF")

    monkeypatch.setattr(Database, "_configure", configure_without_syncs)
    monkeypatch.setattr(Database, "transaction", lambda self, **_durable: commit(self))
    first = Home(tmp_path / "first")
    first.make()

    async def accept():
        with desk_at(first) as desk:
            desk.accept(order(1, 2))

    async def die_before(line):
        with desk_at(home) as desk:
            desk.take_over()
            group = [Arrived(key, desk.file(key)) for key in desk.accepted()]
            cut = Cut(line)
            before = sys.gettrace()
            try:
                sys.settrace(cut.follow)
                await desk.publish(group)
            except BaseExceptionGroup:
                # A scope that is left in this way complains besides.
                if cut.left > 0:
                    raise
            finally:
                sys.settrace(before)
            return cut.left > 0

    anyio.run(accept)
    home, line, is_past_the_end = Home(tmp_path / "home"), 0, False
    while not is_past_the_end:
        line += 1
        shutil.rmtree(home.path, ignore_errors=True)
        shutil.copytree(first.path, home.path)
        is_past_the_end = anyio.run(die_before, line)
        anyio.run(_start_and_go_on, home)
    assert line > 150


async def _start_and_go_on(home: Home) -> None:
    async with open_player(home):
        pass
    with desk_at(home) as desk:
        _check_sound(desk)
        desk.take_over()
        await desk.publish([Arrived(key, desk.file(key)) for key in desk.accepted()])
        assert desk.failed == []
        assert set(desk.library()) == {1, 2}
        _check_sound(desk)


def _check_sound(desk: Desk) -> None:
    """What is in the library is there and finished; all else waits under its partial name."""
    library, states = desk.library(), desk.states()
    assert set(library) == {t for t, state in states.items() if state is TrackState.FINISHED}
    for track_id, path in library.items():
        assert (desk.home.music / path).read_bytes() == MUSIC + bytes([track_id])
    filed = {p for p in desk.home.music.glob("*/*/*") if p.is_file()}
    assert filed == {desk.home.music / path for path in library.values()}
    waiting = {partial_name(key) for key in desk.accepted()}
    assert {path.name for path in desk.home.incoming.iterdir()} == waiting
    for table in ("library_intents", "library_sweeps"):
        assert desk.database.rows(f"SELECT * FROM {table}") == []
