"""What is promised of a camera's frames, and whether it was kept in a run."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.frame_times import MOVING, STILL, Case, Measured
from benchmarks.pictures import Size
from benchmarks.tables import named

BOUND_MS = 33.0
"""A camera gives 30 frames a second."""
PROMISED: tuple[Size, int] = (1280, 720), 10
"""The frame and the digits of which most is promised."""
PEAKS_MB = (((1280, 720), 200.0), ((3840, 2160), 350.0))
"""What the live app holds at most, by the size of its frames."""


@dataclass(frozen=True)
class Verdict:
    """A promise: what is measured, the most that it may be, and from how many frames or runs."""

    promise: str
    measured: float
    bound: float
    unit: str
    count: int
    note: str = ""

    @property
    def met(self) -> bool:
        return self.measured <= self.bound


def verdicts(measured: Measured) -> list[Verdict]:
    """Each promise of which something was measured."""
    found: list[Verdict] = []
    promised = measured.case(*PROMISED)
    if promised is not None:
        found += _of_one_page(promised)
    every = (*measured.cases, *measured.textures)
    for size in dict.fromkeys(case.size for case in every):
        found.append(_slowest([case for case in every if case.size == size], f"slowest frame of any page at {named(size)}"))
    if every:
        worst = max(every, key=lambda case: case.phases[STILL].median / case.phases[MOVING].median)
        still, moving = worst.phases[STILL], worst.phases[MOVING]
        note = f"{worst.name}, {named(worst.size)}"
        found.append(Verdict("still to moving, medians", still.median / moving.median, 1.0, "x", len(still.wall_ms), note))
    if measured.start_s:
        start_s = statistics.median(measured.start_s)
        found.append(Verdict("cold start to the first labelled frame, no window", start_s, 1.0, "s", len(measured.start_s)))
    bounds = dict(PEAKS_MB)
    for size, peak in measured.peaks_mb:
        found.append(Verdict(f"peak memory of the live app at {named(size)}, no window", peak, bounds[size], "MB", 1))
    return found


def _of_one_page(case: Case) -> list[Verdict]:
    moving, count = case.phases[MOVING], len(case.phases[MOVING].wall_ms)
    where = f"{named(case.size)}, {case.digits} digits, moving"
    return [
        Verdict(f"{where}: median to the floor", moving.median / case.floor.median, 0.75, "x", count),
        Verdict(f"{where}: 99th percentile to median", moving.slowest / moving.median, 2.0, "x", count),
    ]


def _slowest(cases: Sequence[Case], promise: str) -> Verdict:
    worst = max(cases, key=lambda case: case.all_frames.maximum)
    phase = max(worst.phases, key=lambda phase: worst.phases[phase].maximum)
    count = sum(len(case.all_frames.wall_ms) for case in cases)
    return Verdict(promise, worst.all_frames.maximum, BOUND_MS, "ms", count, f"{worst.name}, {phase}")
