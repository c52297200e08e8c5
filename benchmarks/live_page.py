"""A page before the live window's own parts, at a camera's pace: its feed, its screen, and the reader thread beside them."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter, sleep, thread_time
from typing import NamedTuple

from benchmarks.hand_held import FRAME_PERIOD_S
from benchmarks.stages import Clock
from camdigits.live.controls import View
from camdigits.live.feed import Feed
from camdigits.live.overlay import Status
from camdigits.live.reader_thread import ReaderThread
from camdigits.live.screen import Screen
from camdigits.recognizer import Recognizer, live_reader
from camdigits.settings import Effort
from camdigits.sources.ports import UserInput
from camdigits.tracking.executor import JobResult, ReadingKind
from camdigits.tracking.live_reader import FrameReading
from camdigits.vision.types import BgrImage, Frame, Scene

IDLE_LIMIT_S = 60.0
"""A reading that has not ended after this long is no measure."""


class Spent(NamedTuple):
    """What the main loop spent in a frame, all its looks at it together, in milliseconds of the wall and of its own thread."""

    wall_ms: float
    cpu_ms: float


@dataclass
class TimedReading:
    """One reading, in seconds of `perf_counter`.

    captured_s: when its frame was. began_s, ended_s: on the reader's thread; NaN before that. taken_s: when the main loop took
    it over; NaN where it did not. stages: milliseconds of each, where they are clocked.
    """

    captured_s: float
    began_s: float = math.nan
    ended_s: float = math.nan
    taken_s: float = math.nan
    stages: dict[str, float] = field(default_factory=dict)

    @property
    def took_ms(self) -> float:
        return (self.ended_s - self.began_s) * 1000

    @property
    def age_ms(self) -> float:
        return (self.taken_s - self.captured_s) * 1000


class TimedThread(ReaderThread[FrameReading]):
    """The window's reader thread, whose readings are timed, and clocked by stages where a clock is given."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self.readings: list[TimedReading] = []
        self.captured_s = math.nan
        """When the frame was captured that is shown now."""
        self._stage_clock = clock
        self._idle = threading.Event()
        self._idle.set()

    def submit(self, job: Callable[[], FrameReading], time_s: float, kind: ReadingKind) -> None:
        timed = TimedReading(self.captured_s)
        self.readings.append(timed)
        self._idle.clear()
        super().submit(lambda: self._timed(job, timed), time_s, kind)

    def take(self, time_s: float) -> JobResult[FrameReading] | None:
        """Raises what a reading raised: a reading that fails is no measure."""
        done = super().take(time_s)
        if done is not None:
            if done.error is not None:
                raise done.error
            self.readings[-1].taken_s = perf_counter()
        return done

    def wait_idle(self) -> None:
        """Wait until the reading under way has ended. Raises RuntimeError where it does not."""
        if not self._idle.wait(IDLE_LIMIT_S):
            raise RuntimeError(f"a reading has not ended after {IDLE_LIMIT_S:.0f} s")

    def _timed(self, job: Callable[[], FrameReading], timed: TimedReading) -> FrameReading:
        if self._stage_clock is not None:
            self._stage_clock.taken()
        timed.began_s = perf_counter()
        try:
            return job()
        finally:
            timed.ended_s = perf_counter()
            if self._stage_clock is not None:
                timed.stages = self._stage_clock.taken()
            self._idle.set()


class _Camera:
    """A live source (sources.ports.FrameSource) that gives the frame it holds, again and again."""

    name, live, pictures, frame_period_s, frame_count, notice, loss = "camera", True, False, FRAME_PERIOD_S, None, "", ""

    def __init__(self, image: BgrImage) -> None:
        self.frame = Frame(image, 0, 0.0)

    def next(self, image: BgrImage) -> None:
        index = self.frame.index + 1
        self.frame = Frame(image, index, index * self.frame_period_s)

    def read(self, user_input: UserInput) -> Frame:  # noqa: ARG002 - a FrameSource
        return self.frame

    def close(self) -> None:
        """Nothing was opened."""


class _NoWindow:
    """A window (live.ports.Window) that shows nothing."""

    def show(self, picture: BgrImage, keeps_size: bool = False) -> None:
        """There is no screen."""

    def open_again(self) -> None:
        """Nobody has closed it."""

    def set_full_screen(self, on: bool) -> None:
        """There is no screen."""

    def poll(self, wait_s: float) -> UserInput:
        raise AssertionError(f"nobody polls for {wait_s} s")

    def close(self) -> None:
        """Nothing was opened."""


class LivePage:
    """Shows the frames of one page as the live loop does, one every thirtieth of a second, and times what that takes.

    image: its first frame, which is not timed. clock: adds up the stages of the main loop's frames and of the readings.
    Between two calls the camera stands still: no time passes for the page, and the reading under way goes on.
    """

    def __init__(self, recognizer: Recognizer, image: BgrImage, clock: Clock | None = None) -> None:
        self.thread = TimedThread(clock)
        self.thread.captured_s = perf_counter()
        self._camera = _Camera(image)
        self._feed = Feed(self._camera, live_reader(recognizer, Effort.LIVE, self.thread), perf_counter)
        self._screen = Screen(_NoWindow())
        self._view, self._status = View(), Status("camera", 30.0)
        self._due_s = perf_counter()

    @property
    def scene(self) -> Scene:
        """What is shown now."""
        return self._feed.scene

    def pause(self) -> None:
        """Wait until the reader thread is idle: its reading has ended, and is taken over with the next frame."""
        self.thread.wait_idle()

    def resume(self) -> None:
        """The next frame is due now."""
        self._due_s = perf_counter()

    def show(self, image: BgrImage) -> Spent:
        """Show the next frame when it is due, and all that is read of it, until the one after it is due."""
        now_s = perf_counter()
        if now_s < self._due_s:
            sleep(self._due_s - now_s)
        elif now_s > self._due_s + FRAME_PERIOD_S:  # a camera keeps no frame that nobody had time for
            self._due_s = now_s
        self._camera.next(image)
        self.thread.captured_s = self._due_s
        self._due_s += FRAME_PERIOD_S
        wall_ms = cpu_ms = 0.0
        while True:
            spent = self._look()
            wall_ms, cpu_ms = wall_ms + spent.wall_ms, cpu_ms + spent.cpu_ms
            wait_s = self._feed.wait_s()
            if perf_counter() + wait_s >= self._due_s:
                return Spent(wall_ms, cpu_ms)
            sleep(wait_s)

    def close(self) -> None:
        """End the reader thread."""
        self._feed.reader.close()

    def _look(self) -> Spent:
        cpu_s, start_s = thread_time(), perf_counter()
        self._feed.read(UserInput())
        self._screen.show(self._feed.frame, self._feed.scene, self._view, self._status)
        return Spent((perf_counter() - start_s) * 1000, (thread_time() - cpu_s) * 1000)
