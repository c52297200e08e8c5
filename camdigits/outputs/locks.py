"""Locks on output files, so that two runs do not mix their lines."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from camdigits.errors import OutputError

_LOCKS = Path("/proc/locks")
"""Linux lists locks and their holders here."""
_LOCKED_BYTE = (1 << 31) - 1
"""Offset of the byte that is locked on Windows, where nobody else can read a locked byte. It is the last one within the C
library's reach, beyond most files' ends."""


def lock(descriptor: int, name: str) -> None:
    """Lock an open ordinary file for this process until it is closed; do nothing on file systems without locks.

    descriptor: the open file.
    name: what to call it before the user.
    Raises OutputError where another run holds the lock.
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
    """Return the process that has locked an open file; None where the system does not say. Linux does, in proc_locks(5)."""
    file_number = os.fstat(descriptor).st_ino
    with suppress(OSError, ValueError):
        for line in _LOCKS.read_text(encoding="ascii").splitlines():
            _, kind, _, _, process, place, *_ = line.split()
            if kind == "FLOCK" and place.endswith(f":{file_number}") and int(process) > 0:
                return int(process)
    return None
