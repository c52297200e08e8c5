"""How many threads native libraries may start."""

from __future__ import annotations

import os

import cv2

THREADS = 2
"""For OpenCV and the model runtime each: of 1, 2 and 4 for both on two busy cores, two of each took least time and least of the
processor on pages of 100 digits, and four of OpenCV's a quarter more time (`python -m benchmarks.frames --threads`)."""


def limit_threads() -> None:
    """Let OpenCV start no more than `THREADS`, on machines with more cores too: a camera's frames are small."""
    cv2.setNumThreads(min(THREADS, os.cpu_count() or 1))
