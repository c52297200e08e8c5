"""Which numbers of threads and which switch interval suit the main loop and the reader thread, both at work."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product

import cv2

from benchmarks.frame_times import Readings, Times, block
from benchmarks.hand_held import SWING_FRAMES, HandHeld
from benchmarks.live_page import LivePage
from benchmarks.pictures import Picture
from benchmarks.tables import Rows, number
from camdigits.recognizer import Recognizer

THREADS = (1, 2)
SWITCHES_MS = (5.0, 1.0, 0.5, 0.1)
"""Python's own is the first."""


@dataclass(frozen=True)
class Setting:
    """Threads of OpenCV and of the network, and after how many milliseconds a thread lets another one run Python."""

    opencv: int
    network: int
    switch_ms: float

    @contextmanager
    def used(self) -> Iterator[None]:
        """While open, this process works so, but for the network, whose threads are its own."""
        opencv, switch_s = cv2.getNumThreads(), sys.getswitchinterval()
        cv2.setNumThreads(self.opencv)
        sys.setswitchinterval(self.switch_ms / 1000)
        try:
            yield
        finally:
            cv2.setNumThreads(opencv)
            sys.setswitchinterval(switch_s)


def settings(threads: Sequence[int] = THREADS, switches_ms: Sequence[float] = SWITCHES_MS) -> list[Setting]:
    return [Setting(*each) for each in product(threads, threads, switches_ms)]


def measure_threads(pictures: Sequence[Picture], tried: Sequence[Setting], rounds: int, frames: int) -> Rows:
    """Pages that move, with each setting in turn, there and back: a heading, and rows."""
    recognizers = {network: Recognizer(threads=network) for network in {setting.network for setting in tried}}
    rows = [
        ["page", "OpenCV", "network", "switch ms", "frames", "median", "99%", "most", "CPU", "readings/s", "a reading", "age"]
    ]
    for picture in pictures:
        held = HandHeld(picture.image)
        images = [held.carried() for _ in range(SWING_FRAMES)]
        pages = {setting: LivePage(recognizers[setting.network], images[-1]) for setting in tried}
        times = dict.fromkeys(tried, Times())
        readings = dict.fromkeys(tried, Readings())
        try:
            for page in pages.values():
                page.pause()
            for turn in range(rounds):
                for setting in tried if turn % 2 == 0 else reversed(tried):
                    with setting.used():
                        block(pages[setting], images[:2])  # threads are started
                        of_block, read = block(pages[setting], [images[k % SWING_FRAMES] for k in range(2, frames + 2)])
                    times[setting] = times[setting].and_then(of_block)
                    readings[setting] = readings[setting].and_then(read)
        finally:
            for page in pages.values():
                page.close()
        rows += [_row(picture.name, setting, times[setting], readings[setting]) for setting in tried]
    return rows


def _row(name: str, setting: Setting, times: Times, readings: Readings) -> list[str]:
    figures = [times.median, times.slowest, times.maximum, times.cpu, readings.per_s, readings.took, readings.age]
    counts = [str(setting.opencv), str(setting.network), f"{setting.switch_ms:g}", str(len(times.wall_ms))]
    return [name, *counts, *map(number, figures)]
