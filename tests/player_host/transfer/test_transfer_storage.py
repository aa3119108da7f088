"""What the disk refuses is a `StorageError` that says so."""

import errno
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from partner_api.hresult import E_ACCESSDENIED, HRESULT
from player_host.errors import StorageError, TransferError
from player_host.transfer import faults
from player_host.transfer.partial import PartialFile
from player_host.units import ByteCount

pytestmark = pytest.mark.anyio

ENORMOUS = 2**50
LIMITED = """
import resource, sys
from pathlib import Path
from player_host.errors import StorageError
from player_host.transfer.partial import PartialFile

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
file = PartialFile.create(Path(sys.argv[1]))
try:
    file.write(b"x" * 1500)
except StorageError as error:
    print(error.hr.name, file.size, file.path.stat().st_size)
file.close()
"""


async def fails(room, wanted, policy):
    with pytest.raises(StorageError) as caught:
        await room.fetch(wanted, policy)
    return caught.value


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_named():
    file = PartialFile(Path("a.part"), os.open("/dev/full", os.O_RDWR), is_hashed=False)
    with closing(file), pytest.raises(StorageError) as caught:
        file.write(b"x")
    assert caught.value.hr == HRESULT.named("HRESULT_FROM_WIN32(ERROR_DISK_FULL)")
    assert caught.value.where == "a.part"


async def test_a_file_for_which_there_is_no_room_is_refused_before_it_is_taken_in(
    room, store, wanted, quick, mp3
):
    announced = f'HTTP/1.1 200 OK\nContent-Length: {ENORMOUS}\nETag: "1"'
    store.then(store.raw(announced, mp3(), close=True))
    error = await fails(room, wanted, evolve(quick, max_size=ByteCount(ENORMOUS)))
    assert error.hr == HRESULT.named("HRESULT_FROM_WIN32(ERROR_DISK_FULL)")
    assert error.where == str(wanted.partial)
    assert len(store.requests) == 1


async def test_what_is_reserved_does_not_show_in_the_size_of_a_partial_file(
    room, store, wanted, quick, mp3
):
    body = mp3(5_000_000)
    store.then(store.cut(body, 3_000_000, 'ETag: "1"'), store.cut(body, 0))
    with pytest.raises(TransferError):
        await room.fetch(wanted, evolve(quick, attempts=1))
    assert wanted.partial.read_bytes() == body[:3_000_000]


async def test_a_link_that_was_planted_is_not_followed(room, store, wanted, quick, mp3, tmp_path):
    other = tmp_path / "other"
    other.write_bytes(b"somebody's")
    wanted.partial.symlink_to(other)
    store.then(store.whole(mp3()))
    error = await fails(room, wanted, quick)
    assert error.hr.failed
    assert other.read_bytes() == b"somebody's"


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limit on this system")
def test_a_quota_is_named_and_what_fitted_is_counted(tmp_path):
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "partial")]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.split() == ["HRESULT_FROM_WIN32(ERROR_DISK_FULL)", "1000", "1000"]


async def test_a_missing_folder_is_named(room, store, wanted, quick, mp3, tmp_path):
    store.then(store.whole(mp3()))
    error = await fails(room, evolve(wanted, partial=tmp_path / "none" / "partial"), quick)
    assert error.hr == HRESULT.named("HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND)")


async def test_a_file_in_place_of_the_folder_is_named(room, store, wanted, quick, mp3, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    store.then(store.whole(mp3()))
    error = await fails(room, evolve(wanted, partial=tmp_path / "file" / "partial"), quick)
    assert error.hr == HRESULT.named("HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND)")


async def test_a_folder_in_place_of_the_file_is_no_partial(room, store, wanted, quick, mp3):
    wanted.partial.mkdir()
    store.then(store.whole(mp3()))
    error = await fails(room, wanted, quick)
    assert error.hr.failed


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (errno.ENOSPC, "HRESULT_FROM_WIN32(ERROR_DISK_FULL)"),
        (errno.EROFS, "HRESULT_FROM_WIN32(ERROR_WRITE_PROTECT)"),
        (errno.EIO, "NS_E_FILE_WRITE"),
    ],
)
def test_what_the_system_says_has_its_code(number, name):
    error = faults.storage(OSError(number, os.strerror(number)), "music/a")
    assert error.hr == HRESULT.named(name)
    assert error.where == "music/a"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_no_permission_is_access_denied(number):
    assert faults.storage(OSError(number, "no"), "a").hr == E_ACCESSDENIED
