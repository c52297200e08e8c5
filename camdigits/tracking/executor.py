"""Executors: where a reading is done while the frames go on. One reading at a time.

`InlineExecutor` does it at once and hands the result over when as much of the frames' own time has passed: the same frames in,
the same scenes out. The live window hands in a thread (`camdigits.live.reader_thread`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

Result = TypeVar("Result")
_TOLERANCE_S = 1e-6


class ReadingKind(Enum):
    """How a frame is read: QUICK, with ink seen in one way, or THOROUGH, as well as a picture."""

    QUICK = "quick"
    THOROUGH = "thorough"


@dataclass(frozen=True)
class JobResult(Generic[Result]):
    """A job that has ended: its result, or the error that it raised.

    took_s: how long it took, in seconds; 0 where that is not measured.
    """

    result: Result | None
    error: BaseException | None = None
    took_s: float = 0.0


class Executor(Protocol[Result]):
    """Does one job at a time.

    busy: whether a job was begun whose end has not been taken.
    notice: what a user should know of the jobs, or "".
    submit: begins a job, a reading of that kind of a frame of that time in seconds; only while not busy.
    take: gives the end of a job, once; None before that.
    drop: lets go of the job under way; its end is never given.
    close: lets go of everything, within a second.
    """

    @property
    def busy(self) -> bool: ...
    @property
    def notice(self) -> str: ...
    def submit(self, job: Callable[[], Result], time_s: float, kind: ReadingKind) -> None: ...
    def take(self, time_s: float) -> JobResult[Result] | None: ...
    def drop(self) -> None: ...
    def close(self) -> None: ...


class InlineExecutor(Generic[Result]):
    """Does a job at once, in the caller's thread; its end can be taken some seconds after its frame (executor.Executor).

    delays_s: how many seconds, by the kind of reading; 0 for one that is not named. What a job raises comes out of `submit`.
    """

    notice = ""

    def __init__(self, delays_s: Mapping[ReadingKind, float] = MappingProxyType({})) -> None:
        self._delays_s = delays_s
        self._done: JobResult[Result] | None = None
        self._due_s = math.inf

    @property
    def busy(self) -> bool:
        return self._done is not None

    def submit(self, job: Callable[[], Result], time_s: float, kind: ReadingKind) -> None:
        self._done, self._due_s = JobResult(job()), time_s + self._delays_s.get(kind, 0.0)

    def take(self, time_s: float) -> JobResult[Result] | None:
        if self._done is None or time_s < self._due_s - _TOLERANCE_S:
            return None
        done, self._done = self._done, None
        return done

    def drop(self) -> None:
        self._done = None

    def close(self) -> None:
        self._done = None
