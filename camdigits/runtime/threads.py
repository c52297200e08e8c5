"""How many threads native libraries may start."""

from __future__ import annotations

import os
import sys

import cv2

THREADS = 2
"""For OpenCV and the model runtime each: of 1, 2 and 4 for both on two busy cores, two of each took least time and least of the
processor on pages of 100 digits, and four of OpenCV's a quarter more time (`python -m benchmarks.frames --threads`)."""


def limit_threads(threads: int = THREADS) -> None:
    """Let OpenCV start no more than `threads`, on machines with more cores too: a camera's frames are small."""
    cv2.setNumThreads(min(threads, os.cpu_count() or 1))


LIVE_SWITCH_S = 0.0005
"""A thread that waits for the interpreter is given it after this time, in seconds; Python's own is 5 ms. The reader holds it
most of the time, and the loop that shows asks for it after every call into OpenCV."""


def share_with_reader() -> int:
    """Set OpenCV and the interpreter up for a loop that shows beside a thread that reads.

    Returns how many threads the network may use.
    On two cores each of the two has one to itself: more threads of OpenCV or of the network would take the other's.
    """
    threads = max(1, min(THREADS, cores() - 1))
    limit_threads(threads)
    sys.setswitchinterval(LIVE_SWITCH_S)
    return threads


def cores() -> int:
    """How many cores this process may use."""
    if sys.platform != "win32" and hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def fair_share(processes: int) -> int:
    """How many threads each of so many processes may start, so that they do not fight over the cores."""
    return max(1, min(THREADS, cores() // processes))
