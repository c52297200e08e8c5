"""What a process holds: threads, file descriptors and memory, to be the same after a fault as before.

    def test_a_fault_leaves_nothing_behind() -> None:
        repeat(fault, times=12, warm_up=4)     # runs `fault` 4 times, then 12 times with everything held the same

    with unchanged():                          # the same around any block that was warmed up before
        ...

    before = Resources.now()                   # or by hand
    ...
    assert Resources.now().beyond(before) == []

A fault is a function without arguments that makes one thing go wrong in this process, from opening to closing. The first
runs load libraries, start OpenCV's pool of threads and fill caches, so they are not counted. Threads that are about to
end are waited for. Memory may grow by `MEMORY_LIMIT_MB` in all runs together: run a fault so often that what one run would
leak (a frame of a camera is 3 MB) comes to more. Mark tests that use this with `needs_proc`.
"""

from __future__ import annotations

import ctypes
import gc
import os
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.x_screen import looked_in_time

SETTLE_S = 10.0
"""How long threads that end by themselves may take; never reached in a good run."""

MEMORY_LIMIT_MB = 8.0
_PROC = Path("/proc/self")

needs_proc = pytest.mark.skipif(not (_PROC / "task").is_dir(), reason="threads and descriptors are counted in Linux' /proc")


class Resources(NamedTuple):
    """What this process holds at one moment."""

    threads: Counter[str]
    """Python's threads by name, without its numbers, and all threads of the process by the name the kernel has for them."""
    descriptors: Counter[str]
    """What the open file descriptors lead to, without the numbers of pipes and sockets."""
    memory_mb: float
    """Resident memory, once freed memory has been given back."""

    @classmethod
    def now(cls) -> Resources:
        gc.collect()
        _give_back_memory()
        names = ["Python's " + re.sub(r"\d+", "N", thread.name) for thread in threading.enumerate()]
        return cls(Counter(names + _kernel_threads()), Counter(_descriptors()), _memory_mb())

    def beyond(self, before: Resources, memory_limit_mb: float = MEMORY_LIMIT_MB) -> list[str]:
        """What there is more or less of than `before`, in words; empty where nothing is."""
        changes = [
            f"{what}: {after[name] - earlier[name]:+d} {name}"
            for what, after, earlier in (
                ("threads", self.threads, before.threads),
                ("descriptors", self.descriptors, before.descriptors),
            )
            for name in sorted(after.keys() | earlier.keys())
            if after[name] != earlier[name]
        ]
        grown_mb = self.memory_mb - before.memory_mb
        return changes if grown_mb <= memory_limit_mb else [*changes, f"memory: {grown_mb:+.1f} MB"]


@contextmanager
def unchanged(memory_limit_mb: float = MEMORY_LIMIT_MB) -> Iterator[None]:
    """Assert that the process holds the same after the block as before it."""
    before = Resources.now()
    yield
    changes: list[str] = []

    def settled() -> bool:
        changes[:] = Resources.now().beyond(before, memory_limit_mb)
        return not changes

    assert looked_in_time(settled, SETTLE_S), f"left behind: {'; '.join(changes)}"


def repeat(fault: Callable[[], object], times: int = 12, warm_up: int = 4, memory_limit_mb: float = MEMORY_LIMIT_MB) -> None:
    """Let `fault` happen `warm_up` times, then `times` times, and assert that the latter left nothing behind."""
    for _ in range(warm_up):
        fault()
    with unchanged(memory_limit_mb):
        for _ in range(times):
            fault()


def _kernel_threads() -> list[str]:
    names = []
    for task in (_PROC / "task").iterdir():
        try:
            names.append((task / "comm").read_text(encoding="utf-8").strip())
        except OSError:  # it has ended since
            continue
    return names


def _descriptors() -> list[str]:
    places = []
    for entry in (_PROC / "fd").iterdir():
        try:
            places.append(re.sub(r":\[\d+\]$", "", str(entry.readlink())))
        except OSError:  # the folder itself, which was open while it was listed
            continue
    return places


def _memory_mb() -> float:
    pages = int((_PROC / "statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _give_back_memory() -> None:
    """Let glibc return freed memory, or its hoard is taken for growth."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
