"""Home folders that are in use, damaged, full, or cannot be written."""

import errno
import os
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, contextmanager

import pytest

from partner_api import E_ACCESSDENIED, E_FAIL, HRESULT, S_OK
from partner_api.transaction import TrackState
from player_host.errors import (
    DatabaseDamaged,
    DatabaseTooNew,
    HomeInUse,
    SettingsError,
    StorageError,
)
from player_host.player import open_player
from player_host.settings import Home

pytestmark = pytest.mark.anyio

DISK_FULL = HRESULT.named("HRESULT_FROM_WIN32(ERROR_DISK_FULL)")


@contextmanager
def largest_file(size):
    """Let the operating system refuse files beyond this size, as a full disk would."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_second_player_on_one_home_is_told_that_it_is_in_use(bench, shop):
    async with bench.playing(shop):
        with pytest.raises(HomeInUse, match=str(bench.home.path)):
            async with open_player(bench.home):
                pass
    async with open_player(bench.home):
        pass


_OPEN = """
import anyio, sys
from pathlib import Path
from player_host.player import open_player
from player_host.settings import Home
async def main():
    async with open_player(Home(Path(sys.argv[1]))):
        print("open", flush=True)
        sys.stdin.readline()
anyio.run(main)
"""


@contextmanager
def _another_process(home):
    command = [sys.executable, "-c", _OPEN, str(home.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline().strip() == b"open"
        yield other


async def test_the_player_of_another_process_has_the_home_until_it_dies(bench):
    with _another_process(bench.home) as other:
        with pytest.raises(HomeInUse):
            async with open_player(bench.home):
                pass
        other.kill()
    async with open_player(bench.home) as player:
        assert player.requests() == []


def _names(home):
    return sorted(path.name for path in home.path.iterdir())


DAMAGE = {
    "text": lambda _: b"this is no database, whatever its name says\n" * 100,
    "a header only": lambda content: content[:50],
    "a broken page": lambda content: content[:4096] + os.urandom(8192) + content[12288:],
    "a broken schema": lambda content: content[:100] + b"\xff" * 900 + content[1000:],
}


@pytest.mark.parametrize("case", DAMAGE)
async def test_a_damaged_database_is_an_error_and_stays_as_it_is(bench, case):
    async with open_player(bench.home):
        pass
    bench.home.database.write_bytes(DAMAGE[case](bench.home.database.read_bytes()))
    before = bench.home.database.read_bytes()
    with pytest.raises(DatabaseDamaged, match=r"player\.db"):
        async with open_player(bench.home):
            pass
    assert bench.home.database.read_bytes() == before


async def test_a_database_of_a_later_version_is_an_error_and_stays_as_it_is(bench):
    async with open_player(bench.home):
        pass
    with sqlite3.connect(bench.home.database) as connection:
        connection.execute("PRAGMA user_version=999")
    connection.close()
    before = bench.home.database.read_bytes()
    with pytest.raises(DatabaseTooNew, match="999"):
        async with open_player(bench.home):
            pass
    assert bench.home.database.read_bytes() == before


async def test_a_database_that_is_refused_gets_no_files_beside_it(bench):
    async with open_player(bench.home):
        pass
    with sqlite3.connect(bench.home.database) as connection:
        connection.execute("PRAGMA user_version=999")
    connection.close()
    before = _names(bench.home)
    with pytest.raises(DatabaseTooNew):
        async with open_player(bench.home):
            pass
    assert _names(bench.home) == before


@pytest.mark.parametrize("name", ["Music", "Music/.incoming", "transcripts", "session.lock"])
async def test_a_folder_that_cannot_be_made_is_named(tmp_path, name):
    home = Home(tmp_path / "home")
    if name == "session.lock":
        (home.path / name).mkdir(parents=True)
    else:
        (home.path / name).parent.mkdir(parents=True)
        (home.path / name).write_bytes(b"a file where a folder should be")
    with pytest.raises(StorageError) as caught:
        async with open_player(home):
            pass
    assert str(home.path / name) in str(caught.value)
    assert caught.value.remedy


async def test_a_home_that_is_a_file_is_named(tmp_path):
    (tmp_path / "home").write_bytes(b"a file")
    with pytest.raises(StorageError, match="home"):
        async with open_player(Home(tmp_path / "home")):
            pass


async def test_partners_toml_that_is_no_toml_is_named(bench):
    bench.home.path.mkdir()
    bench.home.partners_toml.write_text("[proseware")
    with pytest.raises(SettingsError, match=r"partners\.toml"):
        async with open_player(bench.home):
            pass


@pytest.mark.requirement("T1-DL-20", "T1-DL-25")
async def test_a_full_disk_in_the_transfer_is_reported_and_leaves_nothing(bench, shop, make_song):
    bench.offer(1)
    bench.server.files["/2.mp3"] = make_song() + bytes(8 * 1024 * 1024)
    async with bench.playing(shop) as player:
        with largest_file(4 * 1024 * 1024):
            await bench.download(player, "track:1;2")
        assert sorted(bench.library(player)) == [1]
    assert {t: hr for t, hr, _ in shop.completions} == {1: S_OK, 2: DISK_FULL}
    assert list(bench.files()) == ["Band/Album/01 Song 1.mp3"]


REFUSALS = {
    "no space": (errno.ENOSPC, DISK_FULL),
    "no permission": (errno.EACCES, E_ACCESSDENIED),
    "a disk that cannot be written": (errno.EROFS, E_ACCESSDENIED),
    "a broken disk": (errno.EIO, E_FAIL),
}


async def test_what_belongs_to_no_accepted_track_is_swept_at_the_next_start(bench):
    async with open_player(bench.home):
        pass
    for name in ("7-70.part", "7-71.part.quarantined"):
        (bench.home.incoming / name).write_bytes(b"what was left")
    async with open_player(bench.home):
        assert not list(bench.home.incoming.iterdir())


@pytest.mark.requirement("T1-DL-20", "T1-DL-25")
@pytest.mark.parametrize("case", REFUSALS)
async def test_a_final_name_that_the_system_refuses_is_reported_and_leaves_nothing(
    bench, shop, monkeypatch, case
):
    number, code = REFUSALS[case]
    link = os.link

    def refuse(source, target, **options):
        if "Song 2" in str(target):
            raise OSError(number, os.strerror(number))
        link(source, target, **options)

    monkeypatch.setattr(os, "link", refuse)
    bench.offer(1, 2)
    async with bench.playing(shop) as player:
        await bench.download(player, "track:1;2")
        assert sorted(bench.library(player)) == [1]
    assert {t: hr for t, hr, _ in shop.completions} == {1: S_OK, 2: code}
    assert list(bench.files()) == ["Band/Album/01 Song 1.mp3"]


@pytest.mark.requirement("T1-DL-20", "T1-DL-25")
async def test_a_file_in_the_place_of_a_folder_fails_its_track_alone(bench, shop, make_song):
    bench.home.music.mkdir(parents=True)
    (bench.home.music / "Blocked").write_bytes(b"the user's own")
    bench.server.files["/1.mp3"] = make_song(artist="Blocked")
    bench.server.files["/2.mp3"] = make_song(artist="Free")
    async with bench.playing(shop) as player:
        await bench.download(player, "track:1;2")
    outcomes = {t: hr for t, hr, _ in shop.completions}
    assert (outcomes[1].failed, outcomes[2]) == (True, S_OK)
    assert sorted(bench.files()) == ["Blocked", "Free/Album/01 Song.mp3"]


async def test_an_answer_that_cannot_be_committed_fails_and_its_track_is_asked_for_anew(
    bench, shop, log
):
    class Partner(shop):
        full = True

        def Download(self, container_list, cookie):
            self.license(1)
            if not self.full:
                return super().Download(container_list, cookie)
            with largest_file(4096):
                self.answer(cookie, 1)
            return S_OK

    bench.offer(1)
    async with bench.playing(Partner) as player:
        with pytest.raises(StorageError, match="cannot be written"):
            await bench.download(player, "track:1")
    (first,) = [hr for _, hr in shop.answers]
    assert first.failed
    assert "ledger.write_failed" in [event["event"] for event in log.events]
    Partner.full = False
    async with bench.playing(Partner) as player:
        (request,) = player.requests()
        await player.resume(request.id)
        await player.wait([request.id])
        tracks = bench.tracks(player, request.id)
    assert tracks[1].state is TrackState.COMPLETED
    assert [(track_id, hr) for track_id, hr, _ in shop.completions] == [(1, S_OK)]


async def _download_while_the_disk_fills(bench, shop, until_the_end):
    async with bench.playing(shop) as player:
        until_the_end.enter_context(largest_file(1024))
        await bench.download(player, "track:1")


async def test_a_transcript_that_lost_a_line_ends_there_and_reads_back_so_far(bench, shop, log):
    class Partner(shop):
        def Download(self, container_list, cookie):
            with largest_file(1024):
                for number in range(200):
                    self.answer((cookie + 1) % 2**32, number)
            self.grant(cookie, 1)

    with pytest.raises(StorageError, match="transcript"):
        async with bench.playing(Partner) as player:
            await bench.download(player, "track:1")
    (transcript,) = bench.transcripts()
    numbers = [entry.number for entry in transcript.entries]
    assert not transcript.complete
    assert numbers == list(range(1, len(numbers) + 1))
    assert shop.instances[0].callback is None


async def test_a_disk_that_stays_full_ends_the_player_with_a_clear_error(bench, shop, log):
    bench.offer(1)
    with ExitStack() as until_the_end:
        with pytest.raises(StorageError, match="cannot be written"):
            await _download_while_the_disk_fills(bench, shop, until_the_end)
        assert shop.instances[0].callback is None
    assert shop.completions == []
    async with open_player(bench.home) as player:
        assert bench.library(player) == {}
    assert bench.files() == {}
