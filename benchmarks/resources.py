"""What a process holds at one moment: threads, file descriptors and memory, from Linux' /proc."""

from __future__ import annotations

import ctypes
import gc
import mmap
import re
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import NamedTuple

MEMORY_LIMIT_MB = 8.0
PROC = Path("/proc/self")


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


def _kernel_threads() -> list[str]:
    names = []
    for task in (PROC / "task").iterdir():
        try:
            names.append((task / "comm").read_text(encoding="utf-8").strip())
        except OSError:  # it has ended since
            continue
    return names


def _descriptors() -> list[str]:
    places = []
    for entry in (PROC / "fd").iterdir():
        try:
            places.append(re.sub(r":\[\d+\]$", "", str(entry.readlink())))
        except OSError:  # the folder itself, which was open while it was listed
            continue
    return places


def _memory_mb() -> float:
    pages = int((PROC / "statm").read_text(encoding="ascii").split()[1])
    return pages * mmap.PAGESIZE / 2**20


def _give_back_memory() -> None:
    """Let glibc return freed memory, or its hoard is taken for growth."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
