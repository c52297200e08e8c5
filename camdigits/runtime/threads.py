"""Numbers of threads that native libraries may start."""

from __future__ import annotations

import os
import sys

import cv2

THREADS = 2
"""Threads that OpenCV and the model runtime may each start.

On two busy cores and pages of 100 digits, 1, 2 and 4 were compared for both. Two of each took the least time and the least
processor time; four of OpenCV's took a quarter more time (`python -m benchmarks.frames --threads`).
"""


def limit_threads(threads: int = THREADS) -> None:
    """Limit OpenCV to `threads` threads, even on machines with more cores, since a camera's frames are small."""
    cv2.setNumThreads(min(threads, os.cpu_count() or 1))


LIVE_SWITCH_S = 0.0005
"""How long a thread waits before the interpreter is handed to it, in seconds; Python's default is 5 ms.

The reader holds the interpreter most of the time, and the display loop asks for it after every call into OpenCV.
"""


def share_with_reader() -> int:
    """Prepare OpenCV and the interpreter for a display loop beside a reader thread, and return the threads for the network.

    On two cores each of the two has one to itself. More threads of OpenCV or of the network would take the other's core.
    """
    threads = max(1, min(THREADS, cores() - 1))
    limit_threads(threads)
    sys.setswitchinterval(LIVE_SWITCH_S)
    return threads


def cores() -> int:
    """Return the number of cores that this process may use."""
    if sys.platform != "win32" and hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def fair_share(processes: int) -> int:
    """Return the number of threads for each of `processes` processes, so that they do not compete for the cores."""
    return max(1, min(THREADS, cores() // processes))
