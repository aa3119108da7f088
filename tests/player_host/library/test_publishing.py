"""Publishing: a verified partial becomes a file with its final name and a library row, or stays."""

import errno
import os
import sqlite3
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from partner_api.hresult import E_ACCESSDENIED, HRESULT
from player_host.errors import StorageError
from player_host.library import disk
from player_host.library.records import LibraryItem, MediaTags, Origin
from player_host.library.verify import Finding, Problem, verify_library

FILED = "Unknown Artist/Unknown Album/Song.mp3"


@pytest.mark.requirement("T1-DL-25", "T1-DL-26", "LIB-12", "LIB-27")
def test_a_published_file_lies_in_the_music_folder_and_in_the_library(home):
    item = home.publish(b"the whole song")

    assert home.files() == {item.source_path: b"the whole song"}
    assert home.count("library_items") == 1
    assert item.source_path == FILED


@pytest.mark.requirement("T1-DL-50")
def test_the_callers_step_sees_the_row_and_is_committed_with_it(home):
    seen = []

    def step(connection: sqlite3.Connection, item: LibraryItem) -> None:
        row = connection.execute("SELECT id FROM library_items").fetchone()
        seen.append((row["id"], item.id, (home.music / item.source_path).exists()))
        connection.execute("CREATE TABLE mine (x INTEGER) STRICT")

    home.publish(step=step)

    assert seen == [(1, 1, True)]
    assert home.count("mine") == 0


@pytest.mark.requirement("LIB-09", "LIB-10", "LIB-11")
def test_the_library_itself_sets_time_type_and_tracking_id(home):
    home.clock.advance(timedelta(hours=3))
    first, second = home.publish(), home.publish(b"b", content_id=2)

    assert first.acquisition_time == home.clock.now()
    assert (first.file_type, first.media_type, first.user_rating) == ("mp3", "audio", 0)
    assert first.tracking_id != second.tracking_id


def test_publish_is_the_one_element_case(home):
    given = home.publication(b"abc")

    item = home.publisher.publish(
        given.partial,
        given.tags,
        given.origin,
        size=given.size,
        sha256=given.sha256,
        step=given.step,
        fallback_title="unused",
    )

    assert (item.file_size, item.sha256) == (3, given.sha256)


def test_a_batch_gives_one_result_for_each_publication_in_order(home):
    batch = [home.publication(bytes([n]), content_id=n, tags={"title": f"T{n}"}) for n in range(9)]
    batch[4].partial.unlink()

    results = home.publisher.publish_many(batch)

    assert [getattr(r, "content_id", None) for r in results] == [0, 1, 2, 3, None, 5, 6, 7, 8]
    assert isinstance(results[4], StorageError)
    assert len(home.files()) == 8
    assert home.unended() == 0


def test_more_files_than_a_batch_holds_are_published_all(home, monkeypatch):
    monkeypatch.setattr("player_host.library.publications.BATCH_SIZE", 3)
    batch = [home.publication(bytes([n]), content_id=n) for n in range(10)]

    results = home.publisher.publish_many(batch)

    assert [r.content_id for r in results] == list(range(10))
    assert len(home.files()) == 10


def test_tracks_with_one_name_are_numbered(home):
    paths = [home.publish(bytes([n]), content_id=n).source_path for n in range(3)]

    folder = "Unknown Artist/Unknown Album"
    assert paths == [f"{folder}/Song.mp3", f"{folder}/Song (2).mp3", f"{folder}/Song (3).mp3"]


def test_names_that_differ_in_case_or_accents_alone_are_numbered(home):
    titles = ["Café", "CAFE\u0301", "cafe\u0301"]
    items = [
        home.publish(bytes([n]), content_id=n, tags={"title": title})
        for n, title in enumerate(titles)
    ]

    assert [Path(i.source_path).stem for i in items] == ["Café", "CAFÉ (2)", "café (3)"]


def test_many_files_of_one_name_all_find_a_name(home):
    batch = [home.publication(bytes([n]), content_id=n) for n in range(80)]

    results = home.publisher.publish_many(batch)

    assert len({r.source_path for r in results}) == 80


def test_a_foreign_file_is_never_overwritten(home):
    foreign = home.music / FILED
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"mine")

    item = home.publish(b"theirs")

    assert home.files() == {FILED: b"mine", item.source_path: b"theirs"}


def test_a_foreign_file_that_appears_at_the_last_moment_is_not_overwritten(home, monkeypatch):
    real, foreign = os.link, home.music / FILED

    def link(source, target, **kwargs):
        if not foreign.exists():
            foreign.write_bytes(b"mine")
        real(source, target, **kwargs)

    monkeypatch.setattr(os, "link", link)
    item = home.publish(b"theirs")

    assert home.files() == {FILED: b"mine", item.source_path: b"theirs"}
    assert home.unended() == 0


def test_without_hard_links_a_file_is_published_all_the_same(home, monkeypatch):
    def link(source, target, **kwargs):
        raise OSError(errno.EOPNOTSUPP, "no links here")

    monkeypatch.setattr(os, "link", link)
    home.publish(b"one")
    home.publish(b"two", content_id=2)

    assert sorted(home.files().values()) == [b"one", b"two"]


def test_the_same_purchase_with_the_same_bytes_makes_no_second_file(home):
    steps = []
    first = home.publish(b"song")
    second = home.publish(b"song", step=lambda connection, item: steps.append(item))

    assert second == first
    assert steps == [first]
    assert home.files() == {first.source_path: b"song"}
    assert home.unended() == 0


def test_a_purchase_whose_file_is_gone_is_filed_anew_under_the_same_entry(home):
    first = home.publish(b"song")
    (home.music / first.source_path).unlink()

    second = home.publish(b"song")

    assert (second.id, second.source_path) == (first.id, first.source_path)
    assert second.tracking_id == first.tracking_id
    assert home.files() == {first.source_path: b"song"}


def test_a_purchase_with_new_bytes_replaces_entry_and_file(home):
    first = home.publish(b"old song", tags={"title": "Old"})
    second = home.publish(b"new song", tags={"title": "New"})

    assert second.id == first.id
    assert home.files() == {second.source_path: b"new song"}
    assert home.count("library_items") == 1
    assert home.unended() == 0


def test_a_replaced_file_of_the_same_name_makes_room_only_after_the_commit(home):
    home.publish(b"old song")
    second = home.publish(b"new song")

    assert home.files() == {second.source_path: b"new song"}
    assert second.source_path == FILED.replace("Song", "Song (2)")


@pytest.mark.parametrize("altered", [b"OLD SONG", b"old song, tagged", b""])
@pytest.mark.parametrize("title", ["Song", "New"])
def test_a_file_that_the_user_altered_is_left_where_it_is(home, kept, altered, title):
    first = home.publish(b"old song")
    (home.music / first.source_path).write_bytes(altered)
    second = home.publish(b"new song", tags={"title": title})

    assert home.files() == {first.source_path: altered, second.source_path: b"new song"}
    assert (second.id, home.count("library_items"), home.unended()) == (first.id, 1, 0)
    assert kept() == [first.source_path]


def test_an_altered_file_that_was_left_is_a_stray_one(home):
    first = home.publish(b"old song")
    (home.music / first.source_path).write_bytes(b"retagged")
    home.publish(b"old song")

    assert verify_library(home.database, home.music, digests=True).findings == (
        Finding(Problem.STRAY, first.source_path),
    )


def test_a_link_that_the_user_put_in_place_of_the_file_is_left_too(home, tmp_path):
    first = home.publish(b"old song")
    path = home.music / first.source_path
    path.rename(tmp_path / "elsewhere.mp3")
    path.symlink_to(tmp_path / "elsewhere.mp3")
    home.publish(b"new song")

    assert path.is_symlink()
    assert path.read_bytes() == b"old song"


def test_an_old_file_that_cannot_be_read_is_left_too(home, monkeypatch):
    first = home.publish(b"old song")

    def digest(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    given = home.publication(b"a new song")
    monkeypatch.setattr("player_host.library.disk.digest_of", digest)
    (second,) = home.publisher.publish_many([given])

    assert home.files() == {first.source_path: b"old song", second.source_path: b"a new song"}


def test_nothing_is_said_of_a_replaced_file_that_is_what_it_was(home, kept):
    home.publish(b"old song", tags={"title": "Old"})
    home.publish(b"new song", tags={"title": "New"})
    gone = home.publish(b"a", content_id=2)
    (home.music / gone.source_path).unlink()
    home.publish(b"b", content_id=2, tags={"title": "Other"})

    assert kept() == []


def test_an_altered_file_is_not_reported_as_kept_when_nothing_was_replaced(home, kept):
    first = home.publish(b"old song")
    (home.music / first.source_path).write_bytes(b"retagged")

    def refuse(connection, item):
        raise LookupError("no such transaction")

    with pytest.raises(LookupError):
        home.publish(b"new song", step=refuse)

    assert home.files()[first.source_path] == b"retagged"
    assert kept() == []


def test_the_same_content_id_from_another_distributor_is_another_purchase(home):
    home.publish(b"a")
    home.publish(b"b", tags={"content_distributor": "Contoso"})

    assert home.count("library_items") == 2


def test_a_plug_in_cannot_replace_what_another_delivered(home):
    home.publish(b"a")
    home.publish(b"b", partner="Impostor")

    assert sorted(home.files().values()) == [b"a", b"b"]


def test_without_a_distributor_the_partners_key_stands_in_and_is_marked(home):
    named = home.publish(b"a")
    unnamed = home.publish(b"b", tags={"content_distributor": ""})

    assert (unnamed.identity.distributor, unnamed.distributor) == ("Proseware", "")
    assert unnamed.identity.distributor_is_partner
    assert named.id != unnamed.id


def test_one_purchase_twice_in_a_batch_is_one_entry(home):
    first = home.publication(b"song")
    again = evolve(first, partial=home.partial(b"song", "again.part"))

    results = home.publisher.publish_many([first, again])

    assert results[0] == results[1]
    assert len(home.files()) == 1


def test_many_threads_publish_without_losing_or_doubling_a_file(home):
    batches = [
        [home.publication(bytes([t, n]), content_id=100 * t + n) for n in range(5)]
        for t in range(6)
    ]
    batches += [[home.publication(b"same", content_id=7777)]] * 2
    results = []
    threads = [
        threading.Thread(target=lambda b=b: results.append(home.publisher.publish_many(b)))
        for b in batches[:-1]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(isinstance(r, LibraryItem) for batch in results for r in batch)
    assert len(home.files()) == home.count("library_items") == 31
    assert home.unended() == 0


def test_two_threads_with_the_same_purchase_agree_on_one_entry(home):
    first = home.publication(b"same")
    other = evolve(first, partial=home.partial(b"same", "other.part"))
    together, results = threading.Barrier(2), []

    def run(publication):
        together.wait()
        results.extend(home.publisher.publish_many([publication]))

    threads = [threading.Thread(target=run, args=(p,)) for p in (first, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results[0] == results[1]
    assert len(home.files()) == 1


def _nothing_happened(home, content: bytes) -> None:
    assert home.files() == {".incoming/1.part": content}
    assert home.count("library_items") == 0
    assert home.unended() == 0


@pytest.mark.parametrize(
    ("code", "hr"),
    [
        (errno.ENOSPC, HRESULT.from_win32(112)),
        (errno.EACCES, E_ACCESSDENIED),
        (errno.EROFS, E_ACCESSDENIED),
    ],
)
@pytest.mark.parametrize("call", ["make_folders", "move_without_overwriting"])
def test_a_disk_that_fails_leaves_the_partial_and_nothing_else(home, monkeypatch, call, code, hr):
    def fail(*args):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(f"player_host.library.publishing.{call}", fail)
    with pytest.raises(StorageError) as caught:
        home.publish(b"song")

    assert caught.value.hr == hr
    _nothing_happened(home, b"song")


def test_a_folder_that_cannot_be_synced_undoes_the_publication(home, monkeypatch):
    def fail(folders):
        monkeypatch.undo()
        raise OSError(errno.EIO, "disk fault")

    monkeypatch.setattr("player_host.library.finishing.sync_folders", fail)
    with pytest.raises(StorageError, match="disk fault"):
        home.publish(b"song")

    _nothing_happened(home, b"song")


def test_a_step_that_raises_undoes_its_publication_alone(home):
    def refuse(connection, item):
        raise LookupError("no such transaction")

    bad = home.publication(b"bad", content_id=1, step=refuse)
    good = home.publication(b"good", content_id=2)
    results = home.publisher.publish_many([bad, good])

    assert isinstance(results[0], LookupError)
    assert isinstance(results[1], LibraryItem)
    assert sorted(home.files().values()) == [b"bad", b"good"]
    assert bad.partial.read_bytes() == b"bad"
    assert home.unended() == 0


def test_a_step_that_raises_for_a_duplicate_keeps_the_partial(home):
    home.publish(b"song")

    def refuse(connection, item):
        raise LookupError("no")

    with pytest.raises(LookupError):
        home.publish(b"song", step=refuse)

    assert ".incoming/1.part" in home.files()
    assert home.unended() == 0


def test_a_full_database_undoes_the_batch(home):
    def fill(connection, item):
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(StorageError, match="full"):
        home.publish(b"song", step=fill)

    _nothing_happened(home, b"song")


def test_a_database_that_cannot_begin_leaves_the_partial(home):
    other = sqlite3.connect(home.database.path, isolation_level=None)
    home.database.rows("PRAGMA busy_timeout=1")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="locked"):
        home.publish(b"song")
    other.execute("ROLLBACK")
    other.close()

    _nothing_happened(home, b"song")


def test_a_partial_of_another_size_is_refused(home):
    with pytest.raises(StorageError, match="verified"):
        home.publish(b"song", size=5)

    _nothing_happened(home, b"song")


def test_a_link_in_place_of_the_partial_is_refused(home, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"song")
    given = home.publication(b"song")
    given.partial.unlink()
    given.partial.symlink_to(secret)

    (result,) = home.publisher.publish_many([given])

    assert isinstance(result, StorageError)


def test_a_file_in_the_place_of_the_artists_folder_is_an_error_that_says_where(home):
    (home.music / "Unknown Artist").write_bytes(b"not a folder")

    with pytest.raises(StorageError, match="cannot be filed"):
        home.publish(b"song")

    assert home.count("library_items") == home.unended() == 0


def test_the_row_holds_every_tag(home):
    tags = {
        "title": "Song",
        "content_distributor": "Proseware",
        "authors": ("Ä", "B/C"),
        "genres": ("Rock", "音楽"),
        "composers": ("X",),
        "track_number": 3,
        "year": 1999,
        "duration": 1.5,
        "is_protected": True,
        "drm_key_id": "k",
        "media_type": "video",
        "file_type": "wmv",
    }
    item = home.publish(tags=tags)
    stored = home.publish(tags=tags)

    assert stored == item
    assert stored.tags == MediaTags(
        **({"title": "Song", "content_distributor": "Proseware"} | tags)
    )


def test_a_partial_outside_the_music_folder_is_published_too(home, tmp_path):
    partial = tmp_path / "elsewhere.part"
    partial.write_bytes(b"song")

    home.publish(b"song", partial=partial)

    assert not partial.exists()


def test_an_origin_with_the_largest_id_is_kept(home):
    item = home.publish(origin=Origin("Proseware", 0xFFFF_FFFF))

    assert item.content_id == 0xFFFF_FFFF


def test_moving_never_replaces_and_says_so(tmp_path):
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"a")
    target.write_bytes(b"b")

    with pytest.raises(FileExistsError):
        disk.move_without_overwriting(source, target)

    assert (source.read_bytes(), target.read_bytes()) == (b"a", b"b")


def test_a_claimed_name_is_given_back_if_the_move_fails(tmp_path, monkeypatch):
    def link(source, target, **kwargs):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(FileNotFoundError):
        disk.move_without_overwriting(tmp_path / "missing", tmp_path / "b")

    assert not (tmp_path / "b").exists()
