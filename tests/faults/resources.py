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

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from benchmarks.resources import MEMORY_LIMIT_MB, PROC, Resources
from tests.x_screen import looked_in_time

SETTLE_S = 10.0
"""How long threads that end by themselves may take; never reached in a good run."""


needs_proc = pytest.mark.skipif(not (PROC / "task").is_dir(), reason="threads and descriptors are counted in Linux' /proc")


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
