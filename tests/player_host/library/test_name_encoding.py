"""A file system whose encoding cannot hold a title: an error that says so, and nothing is lost.

The encoding of file names is a matter of the whole process, so each test runs one.
"""

import os
import subprocess
import sys

import pytest

TITLES = ["Größe", "音楽", "😀"]

PRELUDE = """
import hashlib, json, sys
from pathlib import Path
from player_host.clock import SystemClock
from player_host.database import Database
from player_host.errors import StorageError
from player_host.library.publishing import Publisher
from player_host.library.records import MediaTags, Origin
from player_host.library.verify import verify_library

root, title = Path(sys.argv[1]), json.loads(sys.argv[2])
music, database = root / "Music", Database.open(root / "player.db")
publisher = Publisher(database, music, SystemClock())

def say(error):
    assert isinstance(error, StorageError), repr(error)
    print(json.dumps([str(error), f"0x{int(error.hr):08X}"]))

def publish():
    publisher.publish(
        music / ".incoming" / "1.part",
        MediaTags(file_type="mp3", title=title, content_distributor="Proseware"),
        Origin("Proseware", 1),
        size=4,
        sha256=hashlib.sha256(b"song").hexdigest(),
        step=lambda connection, item: None,
    )
"""
PUBLISH = """
try:
    publish()
except StorageError as error:
    say(error)
"""
VERIFY = """
try:
    verify_library(database, music)
except StorageError as error:
    say(error)
"""
RECOVER = """
for recovered in publisher.recover(lambda intent: lambda connection, item: None):
    say(recovered.error)
"""

pytestmark = pytest.mark.skipif(
    sys.platform in {"win32", "darwin"}, reason="file names are always Unicode on this system"
)


def _in_ascii(home, script: str, title: str) -> str:
    """Run a script in the C locale without UTF-8 mode; returns what it wrote."""
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = subprocess.run(
        [sys.executable, "-c", PRELUDE + script, str(home.root), _ascii_json(title)],
        env=os.environ | plain,
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return ended.stdout.decode()


def _ascii_json(text: str) -> str:
    return '"' + "".join(f"\\u{unit:04x}" for unit in _utf16(text)) + '"'


def _utf16(text: str) -> list[int]:
    raw = text.encode("utf-16-be")
    return [int.from_bytes(raw[n : n + 2], "big") for n in range(0, len(raw), 2)]


def _says_what_to_do(written: str) -> bool:
    marks = ("encoding of file names (ascii)", "PYTHONUTF8=1", "LC_ALL=C.UTF-8", "0x8007007B")
    return all(mark in written for mark in marks)


@pytest.mark.parametrize("title", TITLES)
def test_publishing_says_which_encoding_and_keeps_the_partial(home, title):
    home.partial(b"song")

    assert _says_what_to_do(_in_ascii(home, PUBLISH, title))
    assert home.files() == {".incoming/1.part": b"song"}
    assert [path.name for path in home.music.iterdir()] == [".incoming"]
    assert home.count("library_items") == home.unended() == 0


def test_a_title_that_the_encoding_holds_is_published(home):
    home.partial(b"song")

    assert _in_ascii(home, PUBLISH, "Song") == ""
    assert list(home.files().values()) == [b"song"]


def test_downloading_again_what_has_such_a_name_is_the_same_error(home):
    item = home.publish(b"song", tags={"title": TITLES[0]})
    home.partial(b"song")

    assert _says_what_to_do(_in_ascii(home, PUBLISH, TITLES[0]))
    assert home.files() == {item.source_path: b"song", ".incoming/1.part": b"song"}


def test_comparing_a_library_with_such_names_is_the_same_error(home):
    home.publish(b"song", tags={"title": TITLES[0]})

    assert _says_what_to_do(_in_ascii(home, VERIFY, TITLES[0]))


def test_an_intent_with_such_a_name_waits_for_a_start_that_can_hold_it(home, monkeypatch):
    def die(*args):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("player_host.library.finishing.sync_folders", die)
        with pytest.raises(KeyboardInterrupt):
            home.publish(b"song", tags={"title": TITLES[0]})

    assert _says_what_to_do(_in_ascii(home, RECOVER, TITLES[0]))
    assert home.count("library_intents") == 1

    (recovered,) = home.publisher.recover(lambda intent: lambda connection, item: None)

    assert recovered.error is None
    assert home.files() == {recovered.item.source_path: b"song"}


def test_a_file_to_be_removed_that_has_such_a_name_stays_noted(home):
    path = f"{TITLES[0]}.mp3"
    (home.music / path).write_bytes(b"old")
    with home.database.transaction() as connection:
        connection.execute("INSERT INTO library_sweeps VALUES (?)", (path,))

    assert _in_ascii(home, RECOVER, TITLES[0]) == ""
    assert (home.count("library_sweeps"), home.files()) == (1, {path: b"old"})
