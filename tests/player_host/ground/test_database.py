"""`player.db`: made, migrated, locked, and left alone where it is not ours to touch."""

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from player_host.database import Database
from player_host.errors import DatabaseDamaged, DatabaseTooNew, StorageError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "player.db"


def tables(database: Database) -> set[str]:
    return {row["name"] for row in database.rows("SELECT name FROM sqlite_master")}


def make(path: Path) -> None:
    Database.open(path).close()


def insert_and_fail(database: Database) -> None:
    with database.transaction():
        with database.transaction() as connection:
            connection.execute(
                "INSERT INTO requests (partner, items, made_at) VALUES ('p', 'i', 't')"
            )
        raise RuntimeError


def test_a_missing_database_is_made_with_its_folder_and_its_tables(path: Path) -> None:
    database = Database.open(path)
    assert {"requests", "transactions", "tracks", "sessions"} <= tables(database)
    database.close()


def test_what_was_committed_is_there_after_reopening(path: Path) -> None:
    database = Database.open(path)
    with database.transaction() as connection:
        connection.execute("INSERT INTO requests (partner, items, made_at) VALUES ('p', 'i', 't')")
    database.close()
    again = Database.open(path)
    assert [row["partner"] for row in again.rows("SELECT partner FROM requests")] == ["p"]
    again.close()


def test_an_error_rolls_the_whole_block_back(path: Path) -> None:
    database = Database.open(path)
    with pytest.raises(RuntimeError):
        insert_and_fail(database)
    assert database.row("SELECT * FROM requests") is None
    database.close()


def test_an_inner_block_is_committed_with_the_outer_one_only(path: Path) -> None:
    database = Database.open(path)
    with pytest.raises(RuntimeError), database.transaction():
        insert_and_fail(database)
    assert database.rows("SELECT * FROM requests") == []
    database.close()


def test_a_durable_block_syncs_fully_and_the_next_does_not(path: Path) -> None:
    database = Database.open(path)
    with database.transaction(durable=True) as connection:
        during = connection.execute("PRAGMA synchronous").fetchone()[0]
    after = database.row("PRAGMA synchronous")
    assert (during, after is not None and after[0]) == (2, 1)
    database.close()


def test_threads_write_one_after_the_other(path: Path) -> None:
    database = Database.open(path)

    def write(name: str) -> None:
        for _ in range(50):
            with database.transaction() as connection:
                connection.execute(
                    "INSERT INTO requests (partner, items, made_at) VALUES (?, '', '')", (name,)
                )

    threads = [threading.Thread(target=write, args=(str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(database.rows("SELECT * FROM requests")) == 200
    database.close()


def test_a_database_of_a_later_version_is_refused_and_left_as_it_is(path: Path) -> None:
    make(path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=999")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(DatabaseTooNew, match="999") as caught:
        Database.open(path)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [b"this is a diary, not a database" * 10, b"SQLite format 3\x00", b"SQLite format 3\x00" * 100],
    ids=["text", "header only", "nonsense after the header"],
)
def test_a_damaged_database_is_refused_and_left_as_it_is(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(DatabaseDamaged) as caught:
        Database.open(path)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == content
    assert sorted(p.name for p in path.parent.iterdir()) == ["player.db"]


def test_pages_that_were_overwritten_are_noticed(path: Path) -> None:
    database = Database.open(path)
    with database.transaction() as connection:
        connection.executemany(
            "INSERT INTO requests (partner, items, made_at) VALUES (?, ?, '')",
            (("p", "x" * 500) for _ in range(200)),
        )
    database.close()
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2 : len(damaged) // 2 + 8192] = os.urandom(8192)
    path.write_bytes(damaged)
    with pytest.raises(DatabaseDamaged):
        Database.open(path)
    assert path.read_bytes() == bytes(damaged)


def refusal(path: Path) -> StorageError:
    with pytest.raises(StorageError) as caught:
        Database.open(path)
    assert str(path) in str(caught.value)
    assert "damaged" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("mode", ["normal", "exclusive"])
def test_a_database_that_another_program_holds_is_not_called_damaged(
    path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    make(path)
    monkeypatch.setattr("player_host.database.BUSY_TIMEOUT_MS", 10)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute(f"PRAGMA locking_mode={mode}")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("CREATE TABLE theirs (a)")
        refused = refusal(path)
    assert "locked" in refused.what
    assert "Another program" in refused.remedy
    make(path)


def test_a_write_that_waits_in_vain_is_told_of_the_other_program(path: Path) -> None:
    database = Database.open(path)
    database.rows("PRAGMA busy_timeout=10")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            pytest.raises(StorageError, match="Another program"),
            database.transaction() as connection,
        ):
            connection.execute("DELETE FROM requests")
    database.close()


OPEN_WITHOUT_SPACE = """
import resource, signal, sys
from pathlib import Path
from player_host.database import Database
from player_host.errors import StorageError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
try:
    Database.open(Path(sys.argv[1]))
except StorageError as error:
    sys.exit(f"refused: {error}")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit on the size of files")
def test_a_disk_that_takes_no_more_is_not_called_a_damaged_database(path: Path) -> None:
    path.parent.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", OPEN_WITHOUT_SPACE, str(path)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.stderr.startswith(f"refused: {path}")
    assert "Free some space" in done.stderr


def test_a_database_whose_schema_is_malformed_is_damaged(path: Path) -> None:
    make(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA writable_schema=ON")
        other.execute("UPDATE sqlite_master SET sql = 'CREATE nonsense' WHERE name = 'requests'")
    with pytest.raises(DatabaseDamaged, match="malformed"):
        Database.open(path)


@pytest.mark.parametrize(
    ("message", "code", "kind"),
    [
        ("malformed database schema (a)", sqlite3.SQLITE_ERROR, DatabaseDamaged),
        ("malformed database schema (a)", None, DatabaseDamaged),
        ("no words for it", sqlite3.SQLITE_CORRUPT_INDEX, DatabaseDamaged),
        ("no words for it", sqlite3.SQLITE_NOTADB, DatabaseDamaged),
        ("disk I/O error", sqlite3.SQLITE_IOERR_READ, StorageError),
        ("unable to open database file", sqlite3.SQLITE_CANTOPEN, StorageError),
        ("database or disk is full", sqlite3.SQLITE_FULL, StorageError),
    ],
)
def test_damage_is_only_what_sqlite_calls_corrupt(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    message: str,
    code: int | None,
    kind: type[Exception],
) -> None:
    error = sqlite3.OperationalError(message)
    if code is not None:
        error.sqlite_errorcode = code

    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr(Database, "_configure", fail)
    with pytest.raises(kind) as caught:
        Database.open(path)
    assert type(caught.value) is kind
    assert message in str(caught.value)


def test_an_older_schema_is_brought_up_to_date_with_a_copy_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = "CREATE TABLE old (a TEXT) STRICT;\n"
    monkeypatch.setattr("player_host.database._migrations", lambda: (first,))
    database = Database.open(path)
    with database.transaction() as connection:
        connection.execute("INSERT INTO old VALUES ('kept')")
    database.close()
    second = "ALTER TABLE old ADD COLUMN b TEXT;\nCREATE TABLE fresh (c TEXT) STRICT;\n"
    monkeypatch.setattr("player_host.database._migrations", lambda: (first, second))
    database = Database.open(path)
    assert [tuple(row) for row in database.rows("SELECT a, b FROM old")] == [("kept", None)]
    assert "fresh" in tables(database)
    database.close()
    with sqlite3.connect(path.with_name("player.db.v1.bak")) as copy:
        assert copy.execute("SELECT * FROM old").fetchall() == [("kept",)]
    copy.close()


def test_a_migration_that_fails_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = "CREATE TABLE old (a TEXT) STRICT;\n"
    monkeypatch.setattr("player_host.database._migrations", lambda: (first,))
    make(path)
    broken = "CREATE TABLE fresh (c TEXT) STRICT;\nCREATE TABLE old (a TEXT);\n"
    monkeypatch.setattr("player_host.database._migrations", lambda: (first, broken))
    with pytest.raises(StorageError):
        Database.open(path)
    monkeypatch.setattr("player_host.database._migrations", lambda: (first,))
    database = Database.open(path)
    assert "fresh" not in tables(database)
    database.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="file"):
        Database.open(tmp_path / "file" / "player.db")


def test_the_key_columns_of_every_table_without_rowid_stand_in_front(path: Path) -> None:
    """SQLite 3.40 takes such a STRICT table for damaged where they do not."""
    database = Database.open(path)
    clustered = database.rows("SELECT name FROM pragma_table_list WHERE wr AND schema = 'main'")
    assert len(clustered) > 3
    for table in clustered:
        columns = database.rows("SELECT pk FROM pragma_table_info(?)", (table["name"],))
        keys = [bool(column["pk"]) for column in columns]
        assert keys == sorted(keys, reverse=True), table["name"]
    database.close()


COMMIT_AND_DIE = """
import os, signal, sys
from pathlib import Path
from player_host.database import Database
database = Database.open(Path(sys.argv[1]))
with database.transaction() as connection:
    connection.execute("INSERT INTO requests (partner, items, made_at) VALUES ('whole', '', '')")
with database.transaction() as connection:
    connection.execute("INSERT INTO requests (partner, items, made_at) VALUES ('half', '', '')")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_commit_survives_the_death_of_the_process_and_half_a_one_does_not(path: Path) -> None:
    subprocess.run([sys.executable, "-c", COMMIT_AND_DIE, str(path)], check=False)
    database = Database.open(path)
    assert [row["partner"] for row in database.rows("SELECT partner FROM requests")] == ["whole"]
    database.close()
