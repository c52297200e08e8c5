"""Where the time of a reading goes, by the stages of camdigits.vision, without a change to them.

A stage is a module. While `traced`, the functions that the conductors (following, rotation, pipeline) call of it are clocked
where they are looked up, and so are the methods named here. Time counts once: for the innermost stage that is at work.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from inspect import isgeneratorfunction
from time import perf_counter
from types import ModuleType
from typing import Any

from camdigits.vision import pipeline, rotation
from camdigits.vision.rotation import Tilt, Turned
from camdigits.vision.tracks import Tracker

READING = ("ink", "regions", "glyphs", "readings", "context", "numbers")
"""Modules of camdigits.vision whose functions reading one picture calls; `readings` asks the network."""
FOLLOWING = ("motion", *READING, "tracks", "rotation")
"""What reading the frames of a camera calls, in the order of a frame's way."""
CONDUCTORS: tuple[ModuleType, ...] = (following, rotation, pipeline)
METHODS: tuple[tuple[str, type, str], ...] = (
    ("tracks", Tracker, "update"),
    ("tracks", Tracker, "settle"),
    ("rotation", Turned, "best"),
    ("rotation", Tilt, "turned"),
    ("rotation", Tilt, "back"),
)
"""Stages that are objects: the stage, the class, its method."""


class Clock:
    """Adds up the milliseconds of stages, each without those of the stages that it calls: `spent_ms`.

    timer: seconds that go up, of the wall (`perf_counter`) or of this process (`process_time`).
    """

    def __init__(self, stages: Sequence[str], timer: Callable[[], float] = perf_counter) -> None:
        self.spent_ms = dict.fromkeys(stages, 0.0)
        self._timer = timer
        self._inner_ms: list[float] = []

    @contextmanager
    def running(self, stage: str) -> Iterator[None]:
        """Count what is done within for that stage."""
        self._inner_ms.append(0.0)
        start = self._timer()
        try:
            yield
        finally:
            whole_ms = (self._timer() - start) * 1000
            self.spent_ms[stage] += whole_ms - self._inner_ms.pop()
            if self._inner_ms:
                self._inner_ms[-1] += whole_ms

    def taken(self) -> dict[str, float]:
        """What was spent since this was last asked, by stage."""
        spent = dict(self.spent_ms)
        self.spent_ms.update(dict.fromkeys(spent, 0.0))
        return spent

    def clocked(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, clocked; of a generator each step is."""

        def called(*arguments: Any, **named: Any) -> Any:
            with self.running(stage):
                return function(*arguments, **named)

        def stepped(*arguments: Any, **named: Any) -> Generator[Any, None, Any]:
            work = function(*arguments, **named)
            while True:
                with self.running(stage):
                    try:
                        step = next(work)
                    except StopIteration as end:
                        return end.value
                yield step

        return stepped if isgeneratorfunction(function) else called


@contextmanager
def traced(stages: Sequence[str] = FOLLOWING, timer: Callable[[], float] = perf_counter) -> Iterator[Clock]:
    """While open, clocks these stages. Raises AttributeError where a method that is to be clocked is gone."""
    clock = Clock(stages, timer)
    places: list[tuple[str, object, str]] = [
        (_module(value), conductor, name)
        for conductor in CONDUCTORS
        for name, value in vars(conductor).items()
        if callable(value) and not isinstance(value, type) and _module(value) != _module(conductor)
    ]
    places = [(stage, owner, name) for stage, owner, name in (*places, *METHODS) if stage in stages]
    originals = [(owner, name, getattr(owner, name)) for _, owner, name in places]
    for (stage, _, _), (owner, name, original) in zip(places, originals, strict=True):
        setattr(owner, name, clock.clocked(stage, original))
    try:
        yield clock
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


def _module(value: object) -> str:
    """The last part of the name of the module that a function is from, or of a module."""
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None) or ""
    return name.rpartition(".")[2]
