"""Publishing and recovery are cut between any two lines; nothing is ever lost or left over."""

import errno
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import player_host.library
from partner_api.hresult import E_ACCESSDENIED
from player_host.errors import StorageError
from player_host.library.disk import digest_of
from player_host.library.publishing import Publisher

ROOM = Path(player_host.library.__file__).parent
# The modules that touch files or rows; a cut within pure code is the same as one before it.
CUT_MODULES = {
    str(ROOM / name) for name in ("publishing.py", "finishing.py", "disk.py", "recovery.py")
}
# A process that dies closes nothing.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

OLD, NEW = b"the old song", b"the new song, a little longer"
# As long as the old song: only the digest tells that the user altered it.
ALTERED = b"the OLD SONG"


class Killed(BaseException):
    """Stands for the death of the process: no handler of the room catches it."""


class Cut:
    """Ends the code within it before the n-th line of the library's modules."""

    def __init__(self, line: int) -> None:
        self.left = line
        self.reached = False

    def __enter__(self) -> "Cut":
        self.before = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        sys.settrace(self.before)
        return kind is Killed

    def _call(self, frame, event, argument):
        return self._line if frame.f_code.co_filename in CUT_MODULES else None

    def _line(self, frame, event, argument):
        if event == "line":
            self.left -= 1
            if self.left == 0:
                self.reached = True
                sys.settrace(None)
                raise Killed
        return self._line


def step(connection: sqlite3.Connection, item) -> None:
    connection.execute("INSERT INTO steps (item, digest) VALUES (?, ?)", (item.id, item.sha256))


def refuse(connection: sqlite3.Connection, item) -> None:
    raise LookupError("the step fails")


def nothing_before(home):
    return home.publication(NEW, step=step)


def same_before(home):
    home.publish(NEW)
    return home.publication(NEW, step=step)


def other_before(home):
    home.publish(OLD, tags={"title": "Old"})
    return home.publication(NEW, step=step)


def other_of_that_name_before(home):
    home.publish(OLD)
    return home.publication(NEW, step=step)


def altered_before(home):
    old = home.publish(OLD, tags={"title": "Old"})
    (home.music / old.source_path).write_bytes(ALTERED)
    return home.publication(NEW, step=step)


def step_that_fails(home):
    return home.publication(NEW, step=refuse)


SCENES = [
    nothing_before,
    same_before,
    other_before,
    other_of_that_name_before,
    altered_before,
    step_that_fails,
]


@pytest.fixture
def stage(tmp_path, homes, monkeypatch):
    """Makes a scene once, and gives a fresh copy of it as often as asked."""

    # What reaches the disk is not what a killed process can lose.
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)

    def make(scene):
        first = homes.at(tmp_path / "first")
        with first.database.transaction() as connection:
            connection.execute("CREATE TABLE steps (item INTEGER, digest TEXT) STRICT")
        scene(first)
        first.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        first.database.close()

        def fresh():
            root = tmp_path / "home"
            shutil.rmtree(root, ignore_errors=True)
            shutil.copytree(tmp_path / "first", root)
            return homes.at(root)

        return fresh

    return make


def _again(home, given):
    """The publication as the caller would make it in a new process."""
    return given.__class__(
        partial=home.music / ".incoming" / given.partial.name,
        tags=given.tags,
        origin=given.origin,
        size=given.size,
        sha256=given.sha256,
        step=given.step,
    )


def _check_sound(home) -> None:
    rows = home.database.rows("SELECT source_path, file_size, sha256 FROM library_items")
    altered = {path for path, content in home.files().items() if content == ALTERED}
    for row in rows:
        path = home.music / row["source_path"]
        said = (path.stat().st_size, digest_of(path)) == (row["file_size"], row["sha256"])
        assert said is (row["source_path"] not in altered)
    filed = {path for path in home.files() if not path.startswith(".incoming/")}
    assert filed - altered == {row["source_path"] for row in rows} - altered
    assert home.unended() == 0


def _is_done(home) -> bool:
    """Whether the step was committed; then the row was too, and the partial is gone."""
    digest = hashlib.sha256(NEW).hexdigest()
    steps = home.database.rows("SELECT digest FROM steps")
    assert len(steps) <= 1
    if steps:
        assert home.database.row("SELECT 1 FROM library_items WHERE sha256 = ?", (digest,))
        assert ".incoming/1.part" not in home.files()
    return bool(steps)


def _recover(home, given) -> None:
    home.publisher.recover(lambda intent: given.step)


def _carry_on(home, given) -> None:
    """What the caller does after a start: publish what is not done; the partial must be there."""
    _check_sound(home)
    if not _is_done(home):
        assert home.files()[".incoming/1.part"] == NEW
        home.publisher.publish_many([_again(home, given)])
    _check_sound(home)


def _each_cut(stage, scene, before: Callable, cut_part: Callable) -> int:
    """Cut `cut_part` before each of its lines in turn; returns how many lines there were."""
    given = None

    def remember(home):
        nonlocal given
        given = scene(home)

    fresh = stage(remember)
    line = 0
    while True:
        line += 1
        home = fresh()
        publication = _again(home, given)
        before(home, publication)
        with Cut(line) as cut:
            cut_part(home, publication)
        home.database.close()
        after = home.at(home.root)
        _recover(after, publication)
        _carry_on(after, publication)
        assert _is_done(after) is (publication.step is step)
        assert (ALTERED in after.files().values()) is (scene is altered_before)
        after.database.close()
        if not cut.reached:
            return line


def _publish(home, publication) -> None:
    home.publisher.publish_many([publication])


def _no_links(source, target, **kwargs):
    raise OSError(errno.EOPNOTSUPP, "no links here")


def _untouched(home, publication) -> None:
    pass


@pytest.mark.parametrize("scene", SCENES)
def test_a_death_at_any_line_of_publishing_is_recovered_from(stage, scene):
    lines = _each_cut(stage, scene, _untouched, _publish)

    assert lines > 50


def test_a_death_at_any_line_is_recovered_from_without_hard_links(stage, monkeypatch):
    monkeypatch.setattr(os, "link", _no_links)

    assert _each_cut(stage, nothing_before, _untouched, _publish) > 50


# Where the process dies first; then recovery itself is cut.
DEATHS = {
    "with both names": ("player_host.library.disk.Path.unlink", nothing_before),
    "with the final name": ("player_host.library.finishing.sync_folders", nothing_before),
    "with the final name beside the old file": (
        "player_host.library.finishing.sync_folders",
        other_before,
    ),
    "with the final name beside an altered file": (
        "player_host.library.finishing.sync_folders",
        altered_before,
    ),
    "after the commit beside an altered file": (
        "player_host.library.finishing.Finisher.sweep",
        altered_before,
    ),
    "after the commit": ("player_host.library.finishing.Finisher.sweep", other_before),
    "after the commit of a duplicate": (
        "player_host.library.finishing.Finisher.sweep",
        same_before,
    ),
}


@pytest.mark.parametrize("death", DEATHS)
def test_a_death_at_any_line_of_recovery_is_recovered_from(stage, death):
    place, scene = DEATHS[death]

    def die_there(home, publication):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(place, _die)
            with pytest.raises(Killed):
                _publish(home, publication)
        # The claims died with the process; what recovery leaves open is closed with the database.
        home.publisher = Publisher(home.database, home.music, home.clock)

    assert _each_cut(stage, scene, die_there, _recover) > 5


def _die(*args, **kwargs):
    raise Killed


def test_an_intent_without_any_file_is_dropped(home):
    given = home.publication(NEW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("player_host.library.publishing.move_without_overwriting", _die)
        with pytest.raises(Killed):
            _publish(home, given)
    given.partial.unlink()

    (recovered,) = home.publisher.recover(lambda intent: step)

    assert (recovered.item, recovered.partial_present) == (None, False)
    assert home.unended() == 0


def test_a_foreign_file_at_the_reserved_name_is_left_alone(home):
    given = home.publication(NEW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("player_host.library.publishing.move_without_overwriting", _die)
        with pytest.raises(Killed):
            _publish(home, given)
    foreign = home.music / "Unknown Artist" / "Unknown Album" / "Song.mp3"
    foreign.write_bytes(b"mine")

    (recovered,) = home.publisher.recover(lambda intent: step)

    assert recovered.partial_present
    assert recovered.intent.origin == given.origin
    assert foreign.read_bytes() == b"mine"


def test_a_step_that_fails_in_recovery_gives_the_partial_back(home):
    given = home.publication(NEW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("player_host.library.finishing.sync_folders", _die)
        with pytest.raises(Killed):
            _publish(home, given)

    (recovered,) = home.publisher.recover(lambda intent: refuse)

    assert isinstance(recovered.error, LookupError)
    assert (recovered.item, recovered.partial_present) == (None, True)
    assert home.files() == {".incoming/1.part": NEW}


def test_recovery_finishes_a_replacement_and_removes_the_old_file(home):
    old = home.publish(OLD, tags={"title": "Old"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("player_host.library.finishing.sync_folders", _die)
        with pytest.raises(Killed):
            _publish(home, home.publication(NEW))

    (recovered,) = home.publisher.recover(lambda intent: lambda connection, item: None)

    assert recovered.intent.replaces == old.source_path
    assert (recovered.item.id, recovered.error) == (old.id, None)
    assert home.files() == {recovered.item.source_path: NEW}


def test_recovery_leaves_a_replaced_file_that_was_altered_after_the_death(home, kept):
    old = home.publish(OLD, tags={"title": "Old"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("player_host.library.finishing.sync_folders", _die)
        with pytest.raises(Killed):
            _publish(home, home.publication(NEW))
    (home.music / old.source_path).write_bytes(ALTERED)

    (recovered,) = home.publisher.recover(lambda intent: lambda connection, item: None)

    assert home.files() == {recovered.item.source_path: NEW, old.source_path: ALTERED}
    assert home.unended() == 0
    assert kept() == [old.source_path]


def _die_with_two_final_names(home) -> None:
    given = [home.publication(NEW, content_id=n, tags={"title": f"T{n}"}) for n in (1, 2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("player_host.library.finishing.sync_folders", _die)
        with pytest.raises(Killed):
            home.publisher.publish_many(given)


def _unreadable(title: str) -> Callable[[Path], str]:
    def digest(path: Path) -> str:
        if path.stem == title:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return digest_of(path)

    return digest


def test_an_unreadable_file_hinders_neither_the_start_nor_the_other_intents(home, monkeypatch):
    _die_with_two_final_names(home)
    monkeypatch.setattr("player_host.library.disk.digest_of", _unreadable("T1"))

    bad, good = home.publisher.recover(lambda intent: lambda connection, item: None)

    assert (type(bad.error), bad.error.hr, bad.item) == (StorageError, E_ACCESSDENIED, None)
    assert bad.error.where == str(home.music / bad.intent.path)
    assert (good.error, good.item.content_id) == (None, 2)
    assert [row["path"] for row in home.database.rows("SELECT path FROM library_intents")] == [
        bad.intent.path
    ]


def test_an_intent_that_stayed_is_finished_by_the_next_start(home):
    _die_with_two_final_names(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("player_host.library.disk.digest_of", _unreadable("T1"))
        home.publisher.recover(lambda intent: lambda connection, item: None)

    (recovered,) = home.publisher.recover(lambda intent: lambda connection, item: None)

    assert (recovered.error, recovered.item.content_id) == (None, 1)
    assert home.unended() == 0
    assert len(home.files()) == home.count("library_items") == 2


def test_a_partial_that_cannot_be_removed_keeps_its_intent(home):
    given = home.publication(NEW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("player_host.library.disk.Path.unlink", _die)
        with pytest.raises(Killed):
            _publish(home, given)

    def refuse_to_unlink(path, missing_ok=False):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("player_host.library.recovery.Path.unlink", refuse_to_unlink)
        (recovered,) = home.publisher.recover(lambda intent: step)

    assert isinstance(recovered.error, StorageError)
    assert home.count("library_intents") == 1
    assert home.count("library_items") == 0


def test_recovery_spares_a_noted_file_that_belongs_to_an_entry_again(home):
    item = home.publish(NEW)
    with home.database.transaction() as connection:
        connection.execute("INSERT INTO library_sweeps VALUES (?)", (item.source_path,))

    home.publisher.recover(lambda intent: step)

    assert home.files() == {item.source_path: NEW}
    assert home.unended() == 0


def test_recovery_survives_a_home_folder_that_was_moved(home, homes, tmp_path):
    given = home.publication(NEW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("player_host.library.disk.Path.unlink", _die)
        with pytest.raises(Killed):
            _publish(home, given)
    home.database.close()
    moved = homes.at(home.root.rename(tmp_path / "moved"))

    (recovered,) = moved.publisher.recover(lambda intent: lambda connection, item: None)

    assert moved.files() == {recovered.item.source_path: NEW}
    moved.database.close()


CHILD = """
import hashlib, os, sys
from pathlib import Path
from player_host.clock import SystemClock
from player_host.database import Database
from player_host.library.publishing import Publisher
from player_host.library.records import MediaTags, Origin

root, call, number, content = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4].encode()
real, calls = getattr(os, call), 0

def dying(*args, **kwargs):
    global calls
    calls += 1
    if calls == number:
        os._exit(9)
    return real(*args, **kwargs)

setattr(os, call, dying)
partial = root / "Music" / ".incoming" / "1.part"
Publisher(Database.open(root / "player.db"), root / "Music", SystemClock()).publish(
    partial,
    MediaTags(file_type="mp3", title="Song", content_distributor="Proseware"),
    Origin("Proseware", 1),
    size=len(content),
    sha256=hashlib.sha256(content).hexdigest(),
    step=lambda connection, item: connection.execute(
        "INSERT INTO steps VALUES (?, ?)", (item.id, item.sha256)
    ),
)
"""


@pytest.mark.parametrize(
    ("call", "number"), [("link", 1), ("unlink", 1), ("fsync", 1), ("fsync", 2), ("mkdir", 2)]
)
def test_a_process_that_really_dies_is_recovered_from(home, homes, call, number):
    with home.database.transaction() as connection:
        connection.execute("CREATE TABLE steps (item INTEGER, digest TEXT) STRICT")
    given = home.publication(NEW, step=step)
    home.database.close()
    child = [sys.executable, "-c", textwrap.dedent(CHILD)]
    arguments = [str(home.root), call, str(number), NEW.decode()]
    ended = subprocess.run([*child, *arguments], check=False, capture_output=True, timeout=60)
    assert ended.returncode == 9, ended.stderr

    after = homes.at(home.root)
    _recover(after, given)
    _carry_on(after, given)

    assert _is_done(after)
    after.database.close()
