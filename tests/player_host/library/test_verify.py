"""Comparing the library with the Music folder."""

import sys

import pytest

from player_host.errors import StorageError
from player_host.library import verify
from player_host.library.verify import Finding, Problem, verify_library


def _problems(home, **options):
    return [
        (f.problem, f.path) for f in verify_library(home.database, home.music, **options).findings
    ]


def test_a_sound_library_has_no_findings(home):
    home.publish(b"a")
    home.publish(b"b", content_id=2)
    verified = verify_library(home.database, home.music, digests=True)

    assert (verified.checked, verified.findings, verified.sound) == (2, (), True)


def test_a_missing_file_is_found(home):
    item = home.publish()
    (home.music / item.source_path).unlink()
    verified = verify_library(home.database, home.music)

    assert verified.findings == (Finding(Problem.MISSING, item.source_path, item.id),)
    assert not verified.sound


def test_another_size_is_found(home):
    item = home.publish(b"abc")
    (home.music / item.source_path).write_bytes(b"abcd")

    assert _problems(home) == [(Problem.SIZE, item.source_path)]


def test_another_content_of_the_same_size_is_found_only_with_digests(home):
    item = home.publish(b"abc")
    (home.music / item.source_path).write_bytes(b"abd")

    assert _problems(home) == []
    assert _problems(home, digests=True) == [(Problem.DIGEST, item.source_path)]


def test_a_folder_in_the_place_of_a_file_is_a_missing_file(home):
    item = home.publish()
    (home.music / item.source_path).unlink()
    (home.music / item.source_path).mkdir()

    assert _problems(home) == [(Problem.MISSING, item.source_path)]


def test_stray_files_are_found_at_every_depth_but_not_among_the_partials(home):
    home.partial(b"on its way")
    (home.music / "stray.mp3").write_bytes(b"")
    (home.music / "a" / ".incoming").mkdir(parents=True)
    (home.music / "a" / ".incoming" / "b.mp3").write_bytes(b"")

    assert _problems(home) == [(Problem.STRAY, "a/.incoming/b.mp3"), (Problem.STRAY, "stray.mp3")]


def test_an_intent_that_was_left_is_found_once(home):
    with home.database.transaction() as connection:
        connection.execute(
            "INSERT INTO library_intents (path, path_key, partial, file_size, sha256, partner,"
            " content_id, tags) VALUES ('x.mp3', 'x.mp3', 'p', 1, '', 'P', 1, '{}')"
        )
    (home.music / "x.mp3").write_bytes(b"x")

    assert _problems(home) == [(Problem.INTENT, "x.mp3")]


def test_a_folder_that_leads_to_itself_is_not_followed(home):
    (home.music / "loop").symlink_to(home.music, target_is_directory=True)

    assert _problems(home) == [(Problem.STRAY, "loop")]


def test_folders_nested_without_end_are_an_error(home, monkeypatch):
    monkeypatch.setattr(verify, "MAX_DEPTH", 2)
    (home.music / "a" / "b" / "c").mkdir(parents=True)

    with pytest.raises(StorageError, match="nested"):
        verify_library(home.database, home.music)


def test_a_home_without_a_music_folder_is_empty(home, tmp_path):
    assert verify_library(home.database, tmp_path / "none").sound


def test_a_name_that_is_no_text_is_reported_in_escaped_form(home):
    name = b"\xff.mp3" if sys.platform == "linux" else b"x.mp3"
    (home.music / name.decode("utf-8", "surrogateescape")).write_bytes(b"")
    ((_, path),) = _problems(home)

    assert path.encode("utf-8").endswith(b".mp3")
