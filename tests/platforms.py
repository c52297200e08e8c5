"""What not every system has: marks for the tests of it, and what systems say in their own ways."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest


def _can_be_made(make: Callable[[Path], object]) -> bool:
    """Whether that can be done in a folder of our own."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            make(Path(folder))
        except OSError:
            return False
    return True


posix_only = pytest.mark.skipif(os.name != "posix", reason="signals, pipes and terminals work otherwise here")
needs_full_disk = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
needs_file_size_limit = pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes here")
needs_memory_limit = pytest.mark.skipif(sys.platform != "linux", reason="no limit on a process's memory that is kept to here")
needs_links = pytest.mark.skipif(
    not _can_be_made(lambda folder: (folder / "link").symlink_to(folder)), reason="links take a privilege here"
)
needs_long_paths = pytest.mark.skipif(
    not _can_be_made(lambda folder: (folder / ("n" * 255)).touch()), reason="paths are no longer than 260 characters here"
)
removes_open_files = pytest.mark.skipif(sys.platform == "win32", reason="files that are open cannot be removed here")
needs_any_names = pytest.mark.skipif(sys.platform == "win32", reason="names of files have no colons here")
hears_decoders = pytest.mark.skipif(sys.platform == "win32", reason="OpenCV's C library is its own, and writes past Python's")

NOT_THERE = "the system cannot find the (file|path) specified" if sys.platform == "win32" else "no such file"
"""What the system says, as a pattern, of a file that is asked after, moved or removed, and is not there.

Of one that is opened Python says `no such file` everywhere.
"""
