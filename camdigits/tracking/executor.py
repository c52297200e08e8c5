"""Executors: where a reading is done while frames go on. An executor does one reading at a time.

`InlineExecutor` reads at once, and hands the result over after a delay in the frames' own time. The same frames give the same
scenes. The live window uses a thread instead (`camdigits.live.reader_thread`).
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
"""Slack for rounding when two times are compared, seconds."""


class ReadingKind(Enum):
    """How a frame is read: QUICK, from one mask, or THOROUGH, as well as a picture is read."""

    QUICK = "quick"
    THOROUGH = "thorough"


@dataclass(frozen=True)
class JobResult(Generic[Result]):
    """A job that has ended: its result, or the error that it raised.

    took_s: how long the job took, seconds; 0 where that is not measured.
    """

    result: Result | None
    error: BaseException | None = None
    took_s: float = 0.0


class Executor(Protocol[Result]):
    """Does one job at a time.

    busy: whether a job was begun whose result has not been taken.
    notice: what the user should know of the jobs, or "".
    submit: begins a job: a reading of the given kind, of a frame of the given time, seconds. Only while not busy.
    take: returns the result of an ended job, once; None before the job has ended.
    drop: abandons the job under way; its result is never returned.
    close: stops everything within a second.
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
    """Does a job at once, in the caller's thread; its result can be taken some time after its frame (executor.Executor).

    delays_s: time from a frame to its result, seconds, by kind of reading; 0 for a kind that is not named.

    `submit` raises what the job raises.
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
