"""Rows about partial files: one for each path, gone when they are dropped."""

import pytest

from player_host import database as schema
from player_host.database import Database
from player_host.errors import StorageError
from player_host.transfer.digests import Algorithm, Digest
from player_host.transfer.partial import PartialFile, remove, size_of
from player_host.transfer.state import PartialState, PartialStates
from player_host.transfer.validators import Validators

STATE = PartialState("digest", Validators('"a"', None), 5000)


@pytest.fixture
def states(database, clock):
    return PartialStates(database, clock)


def test_a_row_is_found_again_by_another_connection(states, partial, database, clock, tmp_path):
    states.save(partial, STATE)
    other = Database.open(tmp_path / "player.db")
    assert PartialStates(other, clock).find(partial) == STATE
    other.close()


def test_a_later_row_takes_the_place_of_an_earlier_one(states, partial):
    digests = (
        Digest(Algorithm.MD5, b"x" * 16, "digest"),
        Digest(Algorithm.SHA_1, b"y" * 20, "URL"),
    )
    later = PartialState("other", Validators(None, "stamp"), None, "sha", digests)
    states.save(partial, STATE)
    states.save(partial, later)
    assert states.find(partial) == later


def test_dropping_and_pruning_leave_other_rows_alone(states, partial, tmp_path):
    kept = tmp_path / "kept"
    kept.write_bytes(b"x")
    for path in (partial, kept, tmp_path / "gone"):
        states.save(path, STATE)
    states.drop(partial)
    states.drop(partial)
    states.prune()
    assert [states.find(path) for path in (partial, kept, tmp_path / "gone")] == [None, STATE, None]


def test_a_partial_is_found_by_whatever_path_leads_to_it(states, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    states.save(tmp_path / "a.partial", STATE)
    assert states.find((tmp_path / "a.partial").relative_to(tmp_path)) == STATE


def test_a_reopened_partial_knows_its_bytes(partial):
    body = bytes(range(256)) * 5000
    first = PartialFile.create(partial)
    first.write(body[:700_000])
    first.close()
    again = PartialFile.reopen(partial)
    again.write(body[700_000:])
    again.sync()
    again.close()
    once = PartialFile.create(partial.with_name("once"))
    once.write(body)
    once.close()
    assert (again.size, again.sha256, again.head) == (once.size, once.sha256, body[:512])
    assert partial.read_bytes() == body


def test_a_head_made_of_single_bytes_is_the_same_head(partial):
    file = PartialFile.create(partial)
    for byte in range(600):
        file.write(bytes([byte % 256]))
    file.close()
    assert file.head == bytes(byte % 256 for byte in range(512))


def test_a_missing_partial_has_no_size_and_is_removed_twice(partial, tmp_path):
    assert size_of(partial) is None
    assert size_of(tmp_path) is None
    remove(partial)
    with pytest.raises(StorageError):
        PartialFile.reopen(partial)


def test_a_row_of_an_earlier_version_has_no_digests(partial, clock, tmp_path, monkeypatch):
    every = schema._migrations()
    monkeypatch.setattr("player_host.database._migrations", lambda: every[:5])
    old = Database.open(tmp_path / "old.db")
    with old.transaction() as connection:
        connection.execute(
            "INSERT INTO transfer_partials VALUES (?, 'digest', '\"a\"', NULL, 5000, NULL, '')",
            (str(partial),),
        )
    old.close()
    monkeypatch.setattr("player_host.database._migrations", lambda: every)
    new = Database.open(tmp_path / "old.db")
    assert PartialStates(new, clock).find(partial) == STATE
    new.close()
