"""Measure what frames of a page cost the main loop, phase by phase, and how its readings go, in one run with a floor."""

from __future__ import annotations

import gc
import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any

import cv2
import numpy as np

from benchmarks.hand_held import SWING_FRAMES, HandHeld
from benchmarks.live_page import LivePage, Spent, TimedReading
from benchmarks.pictures import Picture, Size
from benchmarks.reading import floor
from benchmarks.stages import FRAME, READING, Clock, traced
from camdigits.recognizer import Recognizer
from camdigits.runtime.threads import limit_threads
from camdigits.vision.types import Batch, BgrImage

MOVING, REST, STILL, NEW = "moving", "coming to rest", "still", "new page"
OWN = "own"
"""What no stage is named for."""
BLOCK_FRAMES = 50
"""The loop stops for the floor when about as many frames were shown as this."""
FLOORS = 4
"""The floor is timed this often at each stop."""
NEW_EVERY = 30
"""A page that was not there before is held up after as many frames as this."""
_REST_IMAGES = 8
"""A page at rest is shown by as many frames, again and again."""
_SINGLE_CALLS = 10


@dataclass(frozen=True)
class Phase:
    """Frames of one kind. renewed: whether another page takes the place of the one that is shown now and then."""

    name: str
    frames: int
    carried: bool = False
    renewed: bool = False


@dataclass(frozen=True)
class Times:
    """Milliseconds of frames, or of other work that is done again and again: of the wall, and of the thread that does it."""

    wall_ms: tuple[float, ...] = ()
    cpu_ms: tuple[float, ...] = ()

    @property
    def median(self) -> float:
        return statistics.median(self.wall_ms) if self.wall_ms else math.nan

    @property
    def slowest(self) -> float:
        """The 99th percentile."""
        return float(np.percentile(self.wall_ms, 99)) if self.wall_ms else math.nan

    @property
    def maximum(self) -> float:
        return max(self.wall_ms, default=math.nan)

    @property
    def cpu(self) -> float:
        """The median of what the thread itself was at work."""
        return statistics.median(self.cpu_ms) if self.cpu_ms else math.nan

    def and_then(self, other: Times) -> Times:
        return Times(self.wall_ms + other.wall_ms, self.cpu_ms + other.cpu_ms)


@dataclass(frozen=True)
class Readings:
    """The whole readings of some frames.

    took_ms: how long each took.
    age_ms: from the capture of its frame until it was taken over.
    ended: how many ended while frames were shown; span_s: in how many seconds, up to the end of the last one.
    """

    took_ms: tuple[float, ...] = ()
    age_ms: tuple[float, ...] = ()
    ended: int = 0
    span_s: float = 0.0

    @property
    def per_s(self) -> float:
        """Whole readings a second."""
        return self.ended / self.span_s if self.span_s else math.nan

    @property
    def took(self) -> float:
        """The median."""
        return statistics.median(self.took_ms) if self.took_ms else math.nan

    @property
    def age(self) -> float:
        """The median."""
        return statistics.median(self.age_ms) if self.age_ms else math.nan

    def and_then(self, other: Readings) -> Readings:
        return Readings(
            self.took_ms + other.took_ms, self.age_ms + other.age_ms, self.ended + other.ended, self.span_s + other.span_s
        )


@dataclass(frozen=True)
class Classic:
    """What Keras takes for the digits of a page: one call each, and one for all."""

    single: Times
    batch: Times


@dataclass(frozen=True)
class Case:
    """One page at one size.

    phases: the frames of each phase, and readings: the readings beside them. floor: in the same run, with the reader idle.
    stages: those of the frames of each phase, and reading_stages: those of all readings, in a pass of their own.
    shown: digits that were labelled on the last still frame.
    """

    name: str
    size: Size
    digits: int
    height_px: int
    phases: Mapping[str, Times]
    floor: Times
    readings: Mapping[str, Readings] = field(default_factory=dict)
    stages: Mapping[str, Mapping[str, Times]] = field(default_factory=dict)
    reading_stages: Mapping[str, Times] = field(default_factory=dict)
    shown: int = 0
    classic: Classic | None = None

    @property
    def all_frames(self) -> Times:
        return joined(self.phases.values())


@dataclass(frozen=True)
class Measured:
    """All that one run measured."""

    cases: tuple[Case, ...]
    textures: tuple[Case, ...] = ()
    start_s: tuple[float, ...] = ()
    peaks_mb: tuple[tuple[Size, float], ...] = ()

    def case(self, size: Size, digits: int) -> Case | None:
        return next((case for case in self.cases if (case.size, case.digits) == (size, digits)), None)


class Images:
    """The frames of a page and of another one, made before anything is timed; they come again and again."""

    def __init__(self, image: BgrImage, other: BgrImage) -> None:
        first, second = HandHeld(image), HandHeld(other, seed=1)
        self._carried = [first.carried() for _ in range(SWING_FRAMES)]  # where a swing ends the next one begins
        self._rest = [first.at_rest() for _ in range(_REST_IMAGES)]
        self._other = [second.at_rest() for _ in range(_REST_IMAGES)]

    def of(self, phase: Phase, number: int) -> BgrImage:
        """The frame of that number, from 0 on, in a phase."""
        if phase.carried:
            return self._carried[number % SWING_FRAMES]
        is_other = phase.renewed and number // NEW_EVERY % 2 == 0
        return (self._other if is_other else self._rest)[number % _REST_IMAGES]


def phases(frames: int) -> tuple[Phase, ...]:
    """What a page goes through, in that order."""
    return (
        Phase(MOVING, frames, carried=True),
        Phase(REST, max(1, frames * 2 // 5)),
        Phase(STILL, max(1, frames // 2)),
        Phase(NEW, max(1, frames * 3 // 5), renewed=True),
    )


def measure(
    recognizer: Recognizer, picture: Picture, other: Picture, digits: int, height_px: int, plan: Sequence[Phase]
) -> Case:
    """Two passes over the phases: end to end with the floor in between, and a third of the frames by stages.

    other: the page that is held up in its place where a phase is of new pages.
    """
    images = Images(picture.image, other.image)
    gc.collect()
    size = picture.image.shape[1], picture.image.shape[0]
    times, readings, floors, shown = _timed(recognizer, images, plan)
    shorter = [Phase(part.name, max(1, part.frames // 3), part.carried, part.renewed) for part in plan]
    stages, reading_stages = _staged(recognizer, images, shorter)
    return Case(picture.name, size, digits, height_px, times, floors, readings, stages, reading_stages, shown)


def block(page: LivePage, images: Sequence[BgrImage]) -> tuple[Times, Readings]:
    """Show frames one after the other, and wait for the reading that is under way then."""
    before, start_s = len(page.thread.readings), perf_counter()
    page.resume()
    times = of_frames([page.show(image) for image in images])
    end_s = perf_counter()
    page.pause()
    return times, _readings(page.thread.readings[before:], start_s, end_s)


def of_frames(rows: Sequence[Spent]) -> Times:
    return Times(tuple(row.wall_ms for row in rows), tuple(row.cpu_ms for row in rows))


def joined(parts: Iterable[Times]) -> Times:
    whole = Times()
    for part in parts:
        whole = whole.and_then(part)
    return whole


def _readings(found: Sequence[TimedReading], start_s: float, end_s: float) -> Readings:
    """Those that ended while the frames of one block were shown; where none did, the one that went on after them."""
    ended = [reading for reading in found if reading.ended_s <= end_s]
    return Readings(
        tuple(reading.took_ms for reading in ended or found),
        tuple(reading.age_ms for reading in ended if reading.taken_s <= end_s),
        len(ended),
        ended[-1].ended_s - start_s if ended else 0.0,
    )


def _timed(
    recognizer: Recognizer, images: Images, plan: Sequence[Phase]
) -> tuple[dict[str, Times], dict[str, Readings], Times, int]:
    page = LivePage(recognizer, images.of(plan[0], -1))
    times: dict[str, Times] = {}
    readings: dict[str, Readings] = {}
    floors: list[float] = []
    shown = 0
    try:
        for part in plan:
            times[part.name], readings[part.name] = Times(), Readings()
            for numbers in np.array_split(range(part.frames), max(1, round(part.frames / BLOCK_FRAMES))):
                shown_next = [images.of(part, number) for number in numbers.tolist()]
                page.pause()
                floors += floors_ms(shown_next[0])
                of_block, read = block(page, shown_next)
                times[part.name] = times[part.name].and_then(of_block)
                readings[part.name] = readings[part.name].and_then(read)
            shown = len(page.scene.digits) if part.name == STILL else shown
    finally:
        page.close()
    return times, readings, Times(tuple(floors)), shown


def floors_ms(image: BgrImage) -> list[float]:
    """How long the floor takes, a few times, with as many threads of OpenCV as it has where nothing is shown."""
    before = cv2.getNumThreads()
    limit_threads()
    try:
        floor(image)  # threads are started
        return [_clocked_ms(partial(floor, image)) for _ in range(FLOORS)]
    finally:
        cv2.setNumThreads(before)


def _clocked_ms(action: Callable[[], object]) -> float:
    start_s = perf_counter()
    action()
    return (perf_counter() - start_s) * 1000


def _staged(
    recognizer: Recognizer, images: Images, plan: Sequence[Phase]
) -> tuple[dict[str, dict[str, Times]], dict[str, Times]]:
    found: dict[str, dict[str, Times]] = {}
    with traced((*FRAME, *READING)) as clock:
        page = LivePage(recognizer, images.of(plan[0], -1), clock)
        try:
            for part in plan:
                page.pause()
                page.resume()
                clock.taken()
                rows = [staged_frame(page, clock, images.of(part, number)) for number in range(part.frames)]
                found[part.name] = _columns(rows, FRAME)
            page.pause()
        finally:
            page.close()
    readings = [{**reading.stages, OWN: reading.took_ms - sum(reading.stages.values())} for reading in page.thread.readings]
    return found, _columns(readings, READING)


def staged_frame(page: LivePage, clock: Clock, image: BgrImage) -> dict[str, float]:
    """What the main loop spent in the next frame, by stages: they add up to it."""
    spent = page.show(image)
    stages = clock.taken()
    return {**stages, OWN: spent.wall_ms - sum(stages.values())}


def _columns(rows: Sequence[Mapping[str, float]], stages: Sequence[str]) -> dict[str, Times]:
    return {stage: Times(tuple(row[stage] for row in rows)) for stage in (*stages, OWN)}


# Beside it: the classic way


def crops(recognizer: Recognizer, image: BgrImage, digits: int) -> Batch:
    """As many of the crops that reading makes of a page, float32 (N, 28, 28, 1); repeated where it made fewer."""
    batch = recognizer.pipeline().trace(image).batch
    return np.resize(batch, (digits, *batch.shape[1:])) if len(batch) else np.zeros((digits, 28, 28, 1), np.float32)


def measure_classic(model: Any, batch: Batch, rounds: int) -> Classic:
    """Both ways of Keras, turn and turn about."""
    model.predict(batch, verbose=0)
    model.predict(batch[:1], verbose=0)
    single: list[float] = []
    whole: list[float] = []
    for _ in range(rounds):
        for k in range(min(len(batch), _SINGLE_CALLS)):
            single.append(_clocked_ms(partial(model.predict, batch[k : k + 1], verbose=0)))
        whole.append(_clocked_ms(partial(model.predict, batch, verbose=0)))
    return Classic(Times(tuple(single)), Times(tuple(whole)))
