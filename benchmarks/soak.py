"""The live app for a long time: python -m benchmarks.soak [--minutes 30] [--size 1280x720].

The real loop, sources, watchdogs, reader thread and drawing, on a camera of its own making: pages of digits with the noise and
the shake of a hand, still and moving, turned over now and then. Once a minute it is unplugged, hangs, goes black, comes back at
another size; some readings raise, and one hangs for seconds. A user without a screen draws on the canvas, looks at the help and
the inspector, and saves a snapshot. Printed over time: memory, threads, file descriptors, frames, drops and whole readings a
second. It fails, with code 1, when any of the first three grows.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

import click
import cv2
import numpy as np

from benchmarks.pictures import Picture, page
from benchmarks.resources import PROC, Resources
from camdigits.errors import SourceError
from camdigits.live import loop
from camdigits.live.canvas import CanvasSource
from camdigits.live.controls import Mode, View
from camdigits.live.ports import Outputs
from camdigits.live.reader_thread import ReaderThread
from camdigits.outputs.writers import save_snapshot
from camdigits.recognizer import CanvasReader, Recognizer, live_reader
from camdigits.runtime.threads import share_with_reader
from camdigits.settings import Effort
from camdigits.sources.camera import open_camera
from camdigits.sources.live import LiveSource
from camdigits.sources.ports import FrameSource, Pointer, UserInput
from camdigits.tracking.executor import ReadingKind
from camdigits.tracking.live_reader import FrameReading
from camdigits.tracking.ports import Reader
from camdigits.vision.types import BgrImage

PERIOD_S = 1 / 30
CYCLE_S = 60.0
NOISE_SIGMA = 4.0
SHAKE_PX = 0.7
MEMORY_LIMIT_MB = 8.0
"""By so much may the median of the last quarter exceed that of the second: what a leak of a frame a minute comes to."""
OTHER_SIZE = (640, 480)
ROW = "{:>6}  {:<10}  {:>5}  {:>7}  {:>5}  {:>7}  {:>8}  {:>7}  {:>10}"


class Phase(NamedTuple):
    """What the camera does, until so many seconds of the cycle."""

    until_s: float
    name: str


PHASES = (
    Phase(15, "still"),
    Phase(28, "moving"),
    Phase(36, "still"),
    Phase(39, "unplugged"),
    Phase(46, "other size"),
    Phase(50, "hangs"),
    Phase(53, "black"),
    Phase(60, "moving"),
)
KEYS = {5: "h", 7: "h", 9: "i", 12: "i", 14: "s", 16: "x", 18: "x", 20: "m", 25: "m", 30: "c", 33: "n"}
"""What the user presses, by the second of the cycle; on the canvas, between the two `m`, he draws."""


READER_FAULTS = {3: "raises", 11: "raises", 27: "raises", 30: "hangs", 42: "raises", 55: "raises"}
"""What the next reading does that begins at or after this second of the cycle, once in a cycle."""
HANG_S = 4.0
"""How long a reading hangs; it is left to itself after half of that."""


def phase_at(second: float) -> str:
    """What the camera does at this second of the cycle."""
    return next(phase.name for phase in PHASES if second < phase.until_s)


class ShakyCamera:
    """A camera (sources.live.Capture) that looks at pages; what it does follows the clock."""

    def __init__(self, pages: list[Picture], size: tuple[int, int], began_s: float) -> None:
        self._pages, self._size, self._began_s = pages, size, began_s
        self._rng = np.random.default_rng(0)
        self._noise = self._rng.normal(0, NOISE_SIGMA, (size[1] + 64, size[0] + 64, 1)).astype(np.int8)
        self._pace = threading.Event()
        self._due_s = time.monotonic()
        self._open = phase_at(self._second()) != "unplugged"
        self._shape = OTHER_SIZE if phase_at(self._second()) == "other size" else size

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self._open

    def read(self) -> tuple[bool, BgrImage | None]:
        self._due_s = max(self._due_s + PERIOD_S, time.monotonic() - PERIOD_S)
        self._pace.wait(max(0.0, self._due_s - time.monotonic()))
        phase = phase_at(self._second())
        if phase == "unplugged" or not self._open:
            return False, None
        while phase == "hangs" and self._open:
            self._pace.wait(PERIOD_S)
            phase = phase_at(self._second())
        if phase == "black":
            return True, np.zeros((self._shape[1], self._shape[0], 3), np.uint8)
        return True, self._look(phase)

    def get(self, propId: int, /) -> float:  # noqa: N803
        return 1 / PERIOD_S if propId == cv2.CAP_PROP_FPS else 0.0

    def set(self, propId: int, value: float, /) -> bool:  # noqa: ARG002, N803
        return False

    def release(self) -> None:
        self._open = False

    def _second(self) -> float:
        return (time.monotonic() - self._began_s) % CYCLE_S

    def _look(self, phase: str) -> BgrImage:
        elapsed_s = time.monotonic() - self._began_s
        image = self._pages[int(elapsed_s / CYCLE_S * 3) % len(self._pages)].image
        dx, dy = self._rng.normal(0, SHAKE_PX, 2)
        if phase == "moving":
            dx, dy = dx + 60 * np.sin(elapsed_s), dy + 40 * np.sin(0.7 * elapsed_s)
        moved = cv2.warpAffine(image, np.array([[1, 0, dx], [0, 1, dy]]), self._size, borderMode=cv2.BORDER_REPLICATE)
        top, left = self._rng.integers(0, 64, 2)
        noise = self._noise[top : top + self._size[1], left : left + self._size[0]]
        seen = np.clip(moved.astype(np.int16) + noise, 0, 255).astype(np.uint8)
        return seen if self._shape == self._size else np.asarray(cv2.resize(seen, self._shape), np.uint8)


class ReaderFaults:
    """What goes wrong with the readings of all cameras, by the clock, and how many ended well."""

    def __init__(self, began_s: float) -> None:
        self._began_s = began_s
        self._seen: tuple[int, int] = (0, -1)
        """The cycle and the second of the last fault."""
        self._pause = threading.Event()
        self.ended = 0

    def happen(self) -> None:
        """To be called where a reading begins: do what is due. Raises MemoryError when that is due."""
        cycle, second = divmod(time.monotonic() - self._began_s, CYCLE_S)
        due = [moment for moment in READER_FAULTS if self._seen < (int(cycle), moment) <= (int(cycle), int(second))]
        if not due:
            return
        self._seen = int(cycle), due[-1]
        if READER_FAULTS[due[-1]] == "raises":
            raise MemoryError("no memory for this reading")
        self._pause.wait(HANG_S)


class FaultyThread(ReaderThread[FrameReading]):
    """The window's reader thread, with readings that fail now and then."""

    def __init__(self, faults: ReaderFaults) -> None:
        super().__init__(hang_s=HANG_S / 2)
        self._faults = faults

    def submit(self, job: Callable[[], FrameReading], time_s: float, kind: ReadingKind) -> None:
        def faulty() -> FrameReading:
            self._faults.happen()
            reading = job()
            self._faults.ended += 1
            return reading

        super().submit(faulty, time_s, kind)


class Sample(NamedTuple):
    """What was held and done at one time; readings_per_s: since the sample before."""

    elapsed_s: float
    phase: str
    memory_mb: float
    threads: int
    descriptors: int
    shown: int
    captured: int
    dropped: int
    readings_per_s: float


class Counted(NamedTuple):
    """Frames that a camera gave, and those of them that nobody had time for."""

    captured: int
    dropped: int


class Soak:
    """Runs the app; itself its sources (live.ports.Sources) and its window (live.ports.Window)."""

    def __init__(self, duration_s: float, size: tuple[int, int], samples: int) -> None:
        self._pages = [page(count, height_px * size[1] / 720, size) for count, height_px in ((10, 120), (100, 40), (25, 60))]
        self._recognizer = Recognizer(threads=share_with_reader())
        self._size, self._count = size, samples
        self._every_s = duration_s / samples
        self._began_s = time.monotonic()
        self._faults = ReaderFaults(self._began_s)
        self._shown = 0
        self._last: tuple[float, int] = (0.0, 0)
        """When the last sample was taken, and how many readings had ended by then."""
        self._before = Counted(0, 0)
        self._camera: LiveSource | None = None
        self._pause = threading.Event()
        self._pressed: tuple[int, int] = (-1, -1)
        self.samples: list[Sample] = []

    def run(self) -> None:
        """Run the app until all samples are taken."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                loop.run(self, self, time.monotonic, Outputs(lambda picture, _scene: _save(picture, Path(folder))), View())
            except SourceError as error:  # it was lost when the time was up
                print(f"at the end: {error}")

    def open(self, mode: Mode) -> tuple[FrameSource, Reader]:
        if mode is Mode.CANVAS:
            return CanvasSource(), CanvasReader(self._recognizer)
        source = open_camera(
            0,
            self._size,
            reconnect=True,
            connect=lambda *_: ShakyCamera(self._pages, self._size, self._began_s),
            platform="linux",
        )
        self._camera = source
        return source, live_reader(self._recognizer, Effort.LIVE, FaultyThread(self._faults))

    def next_camera(self) -> tuple[FrameSource, Reader]:
        """The same one again, opened anew."""
        self._before = self._counted()
        return self.open(Mode.CAMERA)

    def open_again(self) -> None:
        """Nobody closes this window."""

    def show(self, picture: BgrImage, keeps_size: bool = False) -> None:  # noqa: ARG002 - a Window
        self._shown += bool(picture.size)

    def set_full_screen(self, on: bool) -> None:
        """There is no screen."""

    def poll(self, wait_s: float) -> UserInput:
        self._pause.wait(wait_s)
        elapsed_s = time.monotonic() - self._began_s
        if elapsed_s >= self._every_s * (len(self.samples) + 1):
            self._sample(elapsed_s)
        if len(self.samples) == self._count:
            return UserInput(closed=True)
        return self._user(elapsed_s)

    def close(self) -> None:
        """There is no screen."""

    def _user(self, elapsed_s: float) -> UserInput:
        cycle, second = divmod(elapsed_s, CYCLE_S)
        moment = int(cycle), int(second)
        if moment == self._pressed:
            return UserInput()
        self._pressed = moment
        if 20 < moment[1] < 25:
            x = 100 + 90 * (moment[1] - 20)
            points = [(x, 200), (x, 300), (x, 400)]
            strokes = [Pointer("down", "left", *points[0]), *(Pointer("move", "left", *point) for point in points)]
            return UserInput(pointers=(*strokes, Pointer("up", "left", *points[-1])))
        key = KEYS.get(moment[1])
        return UserInput(keys=(key,)) if key else UserInput()

    def _counted(self) -> Counted:
        """The frames of all cameras so far."""
        if self._camera is None:
            return self._before
        return Counted(self._before.captured + self._camera.captured, self._before.dropped + self._camera.dropped)

    def _sample(self, elapsed_s: float) -> None:
        held = Resources.now()
        (before_s, before), ended = self._last, self._faults.ended
        self._last = elapsed_s, ended
        kernel = sum(count for name, count in held.threads.items() if not name.startswith("Python's"))
        self.samples.append(
            Sample(
                elapsed_s,
                phase_at(elapsed_s % CYCLE_S),
                held.memory_mb,
                kernel,
                held.descriptors.total(),
                self._shown,
                *self._counted(),
                (ended - before) / (elapsed_s - before_s),
            )
        )
        last = self.samples[-1]
        figures = f"{last.memory_mb:.0f}", *last[3:-1], f"{last.readings_per_s:.1f}"
        print(ROW.format(f"{elapsed_s / 60:.1f}", last.phase, *figures), flush=True)


def _save(picture: BgrImage, folder: Path) -> Path:
    path = save_snapshot(picture, folder, datetime.now())
    path.unlink()
    return path


def grown(samples: list[Sample]) -> list[str]:
    """What grew between the second quarter of the samples and the last, in words: medians, so that no fault's moment counts."""
    quarter = len(samples) // 4
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]

    def growth(what: str) -> float:
        before, after = (median(float(getattr(sample, what)) for sample in some) for some in (early, late))
        return after - before

    found = [f"{what} grew by {growth(what):+.0f}" for what in ("threads", "descriptors") if growth(what) > 0]
    if growth("memory_mb") > MEMORY_LIMIT_MB:
        found.append(f"memory grew by {growth('memory_mb'):+.1f} MB")
    return found


@click.command(help=__doc__)
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), default=30.0, show_default=True)
@click.option("--size", default="1280x720", show_default=True, metavar="WxH")
@click.option("--samples", type=click.IntRange(min=8), default=60, show_default=True, help="How often figures are taken.")
def main(minutes: float, size: str, samples: int) -> None:
    if not PROC.is_dir():
        raise click.UsageError("threads and descriptors are counted in Linux' /proc, which is not here")
    width, _, height = size.partition("x")
    soak = Soak(60 * minutes, (int(width), int(height)), samples)
    print(ROW.format("minute", "the camera", "MB", "threads", "files", "shown", "captured", "dropped", "readings/s"))
    soak.run()
    found = grown(soak.samples)
    print("; ".join(found) or f"nothing grew in {minutes:g} minutes and {soak.samples[-1].captured} frames")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
