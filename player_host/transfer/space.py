"""Room on the disk for a file that is still to come: reserved without making the file longer.

A partial file is as long as what has come, also after the death of its process; so a reservation
must not show in its size.
"""

import ctypes
import errno
import os
import shutil
import struct
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from player_host.units import ByteCount

KEEP_SIZE: Final = 1
"""Linux: FALLOC_FL_KEEP_SIZE."""
ALLOCATE_ALL: Final = 4
PEOFPOSMODE: Final = 3
"""macOS: F_ALLOCATEALL, F_PEOFPOSMODE, and the record that F_PREALLOCATE takes."""
FSTORE: Final = "@Iiqqq"

NOT_OFFERED: Final = frozenset({errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENOTSUP})
"""What a file system says that reserves nothing."""

_Allocate = Callable[[int, int, int], None]


def reserve(path: Path, number: int, size: ByteCount, total: ByteCount) -> None:
    """Reserve the room of an open file's bytes from its present size up to its whole length.

    Called by the partial file before a body is taken in. Where the system reserves nothing, the
    room that is free now has to do.

    Args:
        path: of the file.
        number: its descriptor.
        size: how long it is.
        total: how long it will be.

    Raises:
        OSError: there is no room (ENOSPC), or a quota or the file system has a bound.
    """
    allocate = _allocator()
    if allocate is not None:
        try:
            allocate(number, size, total - size)
        except OSError as error:
            if error.errno not in NOT_OFFERED:
                raise
        else:
            return
    if shutil.disk_usage(path.parent).free < total - size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@cache
def _allocator() -> _Allocate | None:
    known: dict[str, Callable[[], _Allocate | None]] = {"linux": _linux, "darwin": lambda: _macos}
    return known.get(sys.platform, lambda: None)()


def _linux() -> _Allocate | None:
    try:
        function = ctypes.CDLL(None, use_errno=True).fallocate
    except (OSError, AttributeError):
        return None
    function.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long)

    def allocate(number: int, first: int, length: int) -> None:
        while function(number, KEEP_SIZE, first, length):
            code = ctypes.get_errno()
            if code != errno.EINTR:
                raise OSError(code, os.strerror(code))

    return allocate


def _macos(number: int, _first: int, length: int) -> None:
    import fcntl  # noqa: PLC0415 - not everywhere

    record = struct.pack(FSTORE, ALLOCATE_ALL, PEOFPOSMODE, 0, length, 0)
    fcntl.fcntl(number, fcntl.F_PREALLOCATE, record)  # type: ignore[attr-defined,unused-ignore]
