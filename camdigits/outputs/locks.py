"""Locks of files that are written, so that two runs do not write over each other's lines."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from camdigits.errors import OutputError

_LOCKS = Path("/proc/locks")
_LOCKED_BYTE = (1 << 31) - 1
"""Windows locks bytes, and nobody else can read those: the last one that its C library reaches, beyond most files' ends."""


def lock(descriptor: int, name: str) -> None:
    """Lock an open ordinary file for this process, until it is closed. On file systems without locks nothing is done.

    name: what the file is called before the user. Raises OutputError where another run has it.
    """
    try:
        _lock(descriptor)
    except (BlockingIOError, PermissionError) as error:
        holder = _holder(descriptor)
        who = "another run" if holder is None else f"another run, process {holder},"
        raise OutputError(f"{name}: {who} is writing to it; wait until that has ended, or name another file") from error
    except OSError:
        pass


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        place = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(descriptor, place, os.SEEK_SET)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _holder(descriptor: int) -> int | None:
    """The process that has locked an open file, where the system tells; Linux does, in proc_locks(5)."""
    file_number = os.fstat(descriptor).st_ino
    with suppress(OSError, ValueError):
        for line in _LOCKS.read_text(encoding="ascii").splitlines():
            _, kind, _, _, process, place, *_ = line.split()
            if kind == "FLOCK" and place.endswith(f":{file_number}") and int(process) > 0:
                return int(process)
    return None
