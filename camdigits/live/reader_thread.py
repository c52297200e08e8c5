"""A thread that reads beside the live window (tracking.executor.Executor), with a watchdog."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Generic

from camdigits.runtime.native import start_inside
from camdigits.sources.ports import Clock
from camdigits.tracking.executor import JobResult, ReadingKind, Result

SLOW_S = 1.0
"""Time of a reading above which the user is told that readings are slow, seconds."""
HANG_S = 30.0
"""Time above which a reading counts as hung, seconds. It is abandoned, and another reading begins."""
MAX_HUNG = 3
"""Greatest number of hung readings. Beyond it, a reading that hangs is waited for."""
CLOSE_S = 0.5
"""Time that the thread has to end when the window closes, seconds."""


class _Worker(Generic[Result]):
    """A thread that does one job after the other until it is stopped."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wake = threading.Condition()
        self._job: Callable[[], Result] | None = None
        self._done: JobResult[Result] | None = None
        self._stopped = False
        self._thread = start_inside(self._run, "reader")

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def begin(self, job: Callable[[], Result]) -> None:
        with self._wake:
            self._job, self._done = job, None
            self._wake.notify_all()

    def end(self) -> JobResult[Result] | None:
        with self._wake:
            done, self._done = self._done, None
            return done

    def stop(self, wait_s: float = 0.0) -> None:
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        if wait_s:
            self._thread.join(wait_s)

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._stopped or self._job is not None)
                job, self._job = self._job, None
            if self._stopped or job is None:
                return
            began_s = self._clock()
            try:
                done = JobResult(job(), took_s=self._clock() - began_s)
            except BaseException as error:  # whatever a library raises, the window must live on
                done = JobResult(None, error, self._clock() - began_s)
            with self._wake:
                self._done = done


class ReaderThread(Generic[Result]):
    """Does one job at a time on a thread of its own (executor.Executor). A job that fails ends with its error.

    hang_s: time after which a job is abandoned, seconds. Later jobs then run on a new thread.
    """

    def __init__(self, clock: Clock = time.monotonic, hang_s: float = HANG_S) -> None:
        self._clock, self._hang_s = clock, hang_s
        self._worker: _Worker[Result] | None = None
        self._hung: list[_Worker[Result]] = []
        self._began_s = math.inf
        self._dropped = False
        self._took_s = 0.0

    @property
    def busy(self) -> bool:
        return self._began_s < math.inf

    @property
    def notice(self) -> str:
        """What the user should know of slow readings, or ""."""
        now_s = self._clock() - self._began_s
        if now_s > self._hang_s / 3:
            return f"no reading for {now_s:.0f} s: this machine is busy"
        return f"a reading takes {self._took_s:.1f} s on this machine" if self._took_s > SLOW_S else ""

    def submit(self, job: Callable[[], Result], time_s: float, kind: ReadingKind) -> None:  # noqa: ARG002 - it takes what time it takes
        if self._worker is None or not self._worker.is_alive:
            self._worker = _Worker(self._clock)
        self._began_s, self._dropped = self._clock(), False
        self._worker.begin(job)

    def take(self, time_s: float) -> JobResult[Result] | None:  # noqa: ARG002
        done = self._worker.end() if self._worker is not None else None
        if done is None:
            self._watch()
            return None
        dropped = self._dropped
        self._began_s, self._dropped = math.inf, False
        if dropped:
            return None
        self._took_s = done.took_s
        return done

    def drop(self) -> None:
        self._dropped = self.busy

    def close(self) -> None:
        for worker in self._hung:
            worker.stop()
        if self._worker is not None:
            self._worker.stop(CLOSE_S)

    def _watch(self) -> None:
        """Abandon a job that hangs, or whose thread has died."""
        if not self.busy or self._worker is None:
            return
        self._hung = [worker for worker in self._hung if worker.is_alive]
        hangs = self._clock() - self._began_s > self._hang_s and len(self._hung) < MAX_HUNG
        if hangs:
            self._worker.stop()
            self._hung.append(self._worker)
        if hangs or not self._worker.is_alive:
            self._worker, self._began_s = None, math.inf
