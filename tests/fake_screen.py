"""Stand-ins for the screen side: a window with a script of turns, a source of given frames, a reader that sees blobs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from camdigits.errors import OutputError
from camdigits.live.ports import RelativeBox
from camdigits.sources.ports import Pointer, UserInput
from camdigits.vision.orientation import Rotation
from camdigits.vision.types import BgrImage, Box, Digit, Evidence, Frame, Glyph, Number, Reading, Scene
from tests.fakes import WAIT_S, FakeClock

CLOSED = UserInput(closed=True)


def keys(*pressed: str) -> UserInput:
    return UserInput(keys=pressed)


def stroke(*points: tuple[int, int]) -> UserInput:
    """A stroke of the left button, from press to release, in one turn."""
    first, last = points[0], points[-1]
    moves = [Pointer("move", "left", *point) for point in points]
    return UserInput(pointers=(Pointer("down", "left", *first), *moves, Pointer("up", "left", *last)))


def click(x: int, y: int) -> UserInput:
    return stroke((x, y))


class FakeWindow:
    """Plays a script of turns and keeps what was on the screen at each of them; closed by the user when it has run out.

    Waiting moves `clock` on by as much as was asked for. A step may be a callable: it is called and gives the turn.
    """

    def __init__(self, clock: FakeClock, script: Iterable[UserInput | Callable[[], UserInput]] = ()) -> None:
        self._clock = clock
        self._script = list(script)
        self._screen: BgrImage | None = None
        self._is_over = False
        self.screens: list[BgrImage] = []
        self.waits_s: list[float] = []
        self.full_screen = False
        self.closed = False
        self.sizes_kept: list[bool] = []
        self.opened_again = 0

    def show(self, picture: BgrImage, keeps_size: bool = False) -> None:
        self._screen = picture
        self.sizes_kept.append(keeps_size)

    def open_again(self) -> None:
        self.opened_again += 1

    def set_full_screen(self, on: bool) -> None:
        self.full_screen = on

    def poll(self, wait_s: float) -> UserInput:
        assert self._screen is not None, "polled before anything was shown"
        if self._is_over:  # and still open: the user was asked something, and closes it again
            return CLOSED
        self.screens.append(self._screen)
        self.waits_s.append(wait_s)
        self._clock.advance(wait_s)
        if not self._script:
            self._is_over = True
            return CLOSED
        step = self._script.pop(0)
        return step() if callable(step) else step

    def close(self) -> None:
        self.closed = True


class FakeSource:
    """Frames as given, then the end; an exception among them is raised. `reads` keeps when each was read."""

    def __init__(
        self,
        frames: Iterable[Frame | Exception],
        clock: FakeClock,
        *,
        name: str = "clip.mp4",
        live: bool = False,
        pictures: bool = False,
        frame_period_s: float = 0.1,
    ) -> None:
        self._frames = list(frames)
        self._clock = clock
        self.name = name
        self.live, self.pictures = live, pictures
        self.frame_period_s = frame_period_s
        self.frame_count: int | None = None
        self.notice = ""
        self.reads: list[tuple[int, float]] = []
        self.closed = False
        self.loss = ""

    def read(self, user_input: UserInput) -> Frame | None:  # noqa: ARG002 - nothing to hear
        if not self._frames:
            return None
        frame = self._frames.pop(0)
        if isinstance(frame, Exception):
            raise frame
        self.reads.append((frame.index, self._clock()))
        return frame

    def close(self) -> None:
        self.closed = True


class BlobReader:
    """Reads each dark blob as the digit that counts it, 0 for the first; keeps which frames it was given."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.busy = False
        self.notice = ""
        self.closed = False
        self.forgotten = 0
        self.rotations: list[Rotation] = []

    def recognize(self, frame: Frame) -> Scene:
        self.frames.append(frame)
        height, width = frame.image.shape[:2]
        ink = np.where(frame.image.min(axis=2) < 100, 255, 0).astype(np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(ink)
        boxes = tuple(Box(*(int(value) for value in row[:4])) for row in stats[1:count])
        digits = tuple(Digit(label % 10, 0.95, box) for label, box in enumerate(boxes))
        numbers = tuple(Number(str(digit.label), 0.95, digit.box, (place,)) for place, digit in enumerate(digits))
        glyphs = np.ones((len(digits), 28, 28, 1), np.float32)
        evidence = Evidence(ink, glyphs, boxes, tuple(Reading(digit.label, digit.confidence) for digit in digits))
        return Scene(width, height, digits, numbers, frame=frame.index, time_s=frame.time_s, evidence=evidence)

    def forget(self) -> None:
        self.forgotten += 1

    def rotate(self, rotation: Rotation) -> None:
        self.rotations.append(rotation)

    def close(self) -> None:
        self.closed = True


class ThreadedReader(BlobReader):
    """Knows what is on a frame only when that one is recognized for the `looks`th time, as a thread does; busy until then.

    `hangs` keeps it from closing, `fails_with` is raised when it is closed.
    """

    def __init__(self, looks: int = 3) -> None:
        super().__init__()
        self.hangs: threading.Event | None = None
        self.fails_with: Exception | None = None
        self._looks = looks
        self._last: int | None = None
        self._left = 0

    def recognize(self, frame: Frame) -> Scene:
        scene = super().recognize(frame)
        self._left = self._looks - 1 if frame.index != self._last else self._left - 1
        self._last, self.busy = frame.index, self._left > 0
        return replace(scene, digits=(), numbers=(), evidence=None) if self.busy else scene

    def forget(self) -> None:
        super().forget()
        self._last = None

    def close(self) -> None:
        super().close()
        if self.hangs is not None:
            self.hangs.wait(WAIT_S)
        if self.fails_with is not None:
            raise self.fails_with


class FakeRecorder:
    """Keeps what it is handed (outputs.ports.Recorder); after `fails_after` frames the disk is full, before any clip where it
    is -1."""

    def __init__(self) -> None:
        self.recording = False
        self.clips = 0
        self.frames: list[Frame] = []
        self.fails_after: int | None = None

    def start(self) -> Path:
        if self.fails_after == -1:
            raise OutputError("clip.mp4: the disk is full")
        self.recording = True
        self.clips += 1
        return Path("/clips/clip.mp4")

    def take(self, frame: Frame, scene: Scene, now_s: float) -> None:  # noqa: ARG002
        self.frames.append(frame)
        if len(self.frames) == self.fails_after:
            self.recording = False
            raise OutputError("clip.mp4: the disk is full")

    def stop(self) -> Path:
        self.recording = False
        return Path("/clips/clip.mp4")


class FakeNotebook:
    """A notebook that keeps what it is told (live.ports.Notebook); `fails_with` is raised instead, `learnt` told once."""

    def __init__(self) -> None:
        self.corrections: list[tuple[Glyph, int | None, int | None]] = []
        self.regions: dict[str, RelativeBox] = {}
        self.lessons = 0
        self.learnt = ""
        self.fails_with: OutputError | None = None

    def correct(self, glyph: Glyph, label: int | None, was: int | None) -> None:
        self._fail()
        self.corrections.append((glyph, label, was))

    def teach(self) -> str:
        self._fail()
        self.lessons += 1
        return "learning"

    def unteach(self) -> str:
        self._fail()
        self.lessons -= 1
        return "undone"

    def take_message(self) -> str:
        learnt, self.learnt = self.learnt, ""
        return learnt

    def region(self, source: str) -> RelativeBox | None:
        return self.regions.get(source)

    def remember_region(self, source: str, region: RelativeBox | None) -> None:
        self._fail()
        self.regions.pop(source, None)
        if region is not None:
            self.regions[source] = region

    def _fail(self) -> None:
        if self.fails_with is not None:
            raise self.fails_with


class FakePages(FakeSource):
    """Pictures that can be turned to and fro (sources.ports.Pages), each of a file of its own."""

    def __init__(self, frames: Sequence[Frame], clock: FakeClock, *, name: str = "folder") -> None:
        super().__init__((), clock, name=name, pictures=True)
        self._pages = list(frames)
        self._at = -1
        self.frame_count = len(self._pages)

    @property
    def file(self) -> str:
        return f"{self.name}/page{self._at + 1}.jpg"

    def read(self, user_input: UserInput) -> Frame | None:  # noqa: ARG002
        return self._turned_to(self._at + 1)

    def back(self) -> Frame | None:
        return self._turned_to(self._at - 1)

    def _turned_to(self, at: int) -> Frame | None:
        if not 0 <= at < len(self._pages):
            return None
        self._at = at
        return self._pages[at]


def blob_frame(index: int, *boxes: Box, time_s: float | None = None, size: tuple[int, int] = (640, 480)) -> Frame:
    """A light picture with dark boxes on it."""
    image = np.full((size[1], size[0], 3), 230, np.uint8)
    for box in boxes:
        image[box.y : box.bottom, box.x : box.right] = 20
    return Frame(image, index, index * 0.1 if time_s is None else time_s)
