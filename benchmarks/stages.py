"""Where the time of a frame and of a reading goes, by stages, without a change to them.

While `traced`, the functions of each stage are clocked where they are looked up. Each thread has its own account: the main
loop's time and the reader thread's are told apart. Time counts once, for the innermost stage that is at work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter
from types import ModuleType
from typing import Any, NamedTuple

from camdigits.live import screen
from camdigits.tracking import live_reader, watch
from camdigits.tracking.history import History
from camdigits.tracking.live_reader import Grouping
from camdigits.tracking.tracker import Tracker
from camdigits.vision import orientation, pipeline
from camdigits.vision.orientation import RotatedReader, Tilt

PICTURE = ("masks", "cuts", "finder", "glyphs", "network", "context", "choice", "numbers")
"""What reading one picture calls, in order; `cuts` are candidates, cut out of masks. Short names keep the tables narrow."""
READING = (*PICTURE[:-1], "rotation", "motion")
"""What a reading of the reader thread calls; `motion` follows its digits to the present."""
FRAME = ("reduce", "changes", "motion", "predict", "update", "grouping", "history", "drawing")
"""What the main loop calls for a frame; `update` takes over a reading."""
CONDUCTORS: tuple[ModuleType, ...] = (live_reader, watch, orientation, pipeline)
"""Modules whose calls of others are stages. What the tracker calls is a part of its own."""
MODULES: Mapping[str, str] = {
    "binarize": "masks",
    "candidates": "cuts",
    "proposals": "finder",
    "finder": "finder",
    "normalize": "glyphs",
    "classification": "network",
    "context": "context",
    "selection": "choice",
    "numbers": "numbers",
    "motion": "motion",
}
"""The functions that a conductor calls of these modules, and the stage that they are."""
FUNCTIONS: Mapping[str, str] = {"reduce": "reduce", "find_changes": "changes"}
"""Functions that are a stage by themselves, whatever their module."""


class Place(NamedTuple):
    """Where a function of a stage is looked up: a module or a class, and its name there."""

    stage: str
    owner: object
    name: str


PARTS = (
    Place("rotation", RotatedReader, "best"),
    Place("rotation", Tilt, "rotated"),
    Place("rotation", Tilt, "to_frame"),
    Place("predict", Tracker, "predict"),
    Place("update", Tracker, "update"),
    Place("grouping", Grouping, "group"),
    Place("history", History, "add"),
    Place("drawing", screen, "draw"),
)
"""Stages that are methods, or that no conductor calls."""


class Clock:
    """Adds up the milliseconds of stages, of each thread by itself, and of each stage without those that it calls.

    timer: seconds that go up, of the wall (`perf_counter`) or of this process (`process_time`).
    """

    def __init__(self, stages: Sequence[str], timer: Callable[[], float] = perf_counter) -> None:
        self._stages = tuple(stages)
        self._timer = timer
        self._accounts = threading.local()

    @property
    def spent_ms(self) -> dict[str, float]:
        """What this thread has spent since it last asked with `taken`, by stage."""
        if not hasattr(self._accounts, "spent_ms"):
            self._accounts.spent_ms = dict.fromkeys(self._stages, 0.0)
            self._accounts.inner_ms = []
        spent_ms: dict[str, float] = self._accounts.spent_ms
        return spent_ms

    @contextmanager
    def running(self, stage: str) -> Iterator[None]:
        """Count what is done within for that stage."""
        spent_ms, inner_ms = self.spent_ms, self._accounts.inner_ms
        inner_ms.append(0.0)
        start = self._timer()
        try:
            yield
        finally:
            whole_ms = (self._timer() - start) * 1000
            spent_ms[stage] += whole_ms - inner_ms.pop()
            if inner_ms:
                inner_ms[-1] += whole_ms

    def taken(self) -> dict[str, float]:
        """What this thread has spent since it last asked, by stage."""
        spent_ms = dict(self.spent_ms)
        self.spent_ms.update(dict.fromkeys(spent_ms, 0.0))
        return spent_ms

    def clocked(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, clocked."""

        def called(*arguments: Any, **named: Any) -> Any:
            with self.running(stage):
                return function(*arguments, **named)

        return called


@contextmanager
def traced(stages: Sequence[str], timer: Callable[[], float] = perf_counter) -> Iterator[Clock]:
    """While open, clocks these stages. Raises AttributeError where one that is to be clocked is gone."""
    clock = Clock(stages, timer)
    places = [place for place in (*_called(), *PARTS) if place.stage in stages]
    originals = [getattr(place.owner, place.name) for place in places]
    for place, original in zip(places, originals, strict=True):
        setattr(place.owner, place.name, clock.clocked(place.stage, original))
    try:
        yield clock
    finally:
        for place, original in zip(places, originals, strict=True):
            setattr(place.owner, place.name, original)


def _called() -> Iterator[Place]:
    """The functions of other modules that a conductor calls."""
    for conductor in CONDUCTORS:
        for name, value in vars(conductor).items():
            module = _module(value)
            if callable(value) and not isinstance(value, type) and module != _module(conductor):
                stage = FUNCTIONS.get(name) or MODULES.get(module)
                if stage is not None:
                    yield Place(stage, conductor, name)


def _module(value: object) -> str:
    """The last part of the name of the module that a function is from, or of a module."""
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None) or ""
    return name.rpartition(".")[2]
