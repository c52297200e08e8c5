"""Live sources: a thread reads without pause, the newest frame wins, and older ones are dropped and counted.

A source that is lost is noticed, reported and opened again.
Any call into a capture may hang for ever, so the thread that asks for frames makes none. Each capture has a thread of its own;
one that hangs is abandoned.
"""

from __future__ import annotations

import atexit
import math
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.errors import SourceError
from camdigits.runtime.native import start_inside
from camdigits.runtime.process import wait_within
from camdigits.sources.pictures import as_bgr
from camdigits.sources.ports import Clock, UserInput
from camdigits.vision.types import BgrImage, Frame

DEFAULT_FPS = 30.0
"""Frame rate of a source that states none, in frames a second."""
DEFAULT_SIZE = (1280, 720)
"""(width, height) in pixels that a camera is asked for."""
OPENING_INDEX = -1
"""Index of the dark frame that stands in until a source gives its first one."""

_RETRY_PAUSE_S = 0.02
"""Pause after a failed read, in seconds."""
_SAMPLE_STEP_PX = 8
"""Step between the pixels, across and down, that are compared to notice a picture that does not change."""
_DARK_GREY = 40
"""Brightness of the dark frame, 0..255."""
_BLACK_HINT = "open the lens cover, allow the camera in the system's privacy settings, or close another program that uses it"
"""What the user can do about a black picture."""
_STALE_HINT = "the camera or its driver hangs, unless it looks at a screen"
"""What may be wrong with a picture that does not change."""


class Capture(Protocol):
    """The part of cv2.VideoCapture that is used here. Tests and other camera libraries provide their own."""

    def isOpened(self) -> bool: ...  # noqa: N802 - OpenCV's name
    def read(self) -> tuple[bool, Any]: ...
    def get(self, propId: int, /) -> float: ...  # noqa: N803
    def set(self, propId: int, value: float, /) -> bool: ...  # noqa: N803
    def release(self) -> None: ...


Connect = Callable[[], Capture]
"""Opens a capture. On failure the capture is not open, or SourceError is raised."""


@dataclass(frozen=True)
class LiveParams:
    """How long to be patient with a live source; times are in seconds.

    wait_s: how long `read` waits for a new frame before it returns the last one again, so that the window stays responsive.
    answer_s: how long a source with reconnection may take to open before a dark frame stands in for it.
    first_frame_s: how long the first frame may take.
    silent_s: how long a source may give no frame before that counts as a fault.
    lost_s: how long a source without reconnection may give no frame before it counts as lost.
    retry_s: how long failed reads in a row are retried; cameras drop a frame now and then, an ended stream stays ended.
    stale_s: how long the picture may stay the same, to the bit, before it counts as a fault; no working camera's does.
    black_s: how long the picture may stay black before that counts as a fault.
    black_level: a picture is black when no pixel reaches this brightness, 0..255.
    min_retry_pause_s: the pause before the first attempt to reconnect; each further pause is twice as long.
    max_retry_pause_s: the longest pause between attempts.
    max_hung: number of hanging captures from which on no further one is opened.
    close_s: how long `close` waits for a capture that hangs.
    """

    wait_s: float = 0.1
    answer_s: float = 3.0
    first_frame_s: float = 15.0
    silent_s: float = 2.0
    lost_s: float = 5.0
    retry_s: float = 1.0
    stale_s: float = 2.0
    black_s: float = 2.0
    black_level: int = 24
    min_retry_pause_s: float = 0.5
    max_retry_pause_s: float = 8.0
    max_hung: int = 3
    close_s: float = 0.5


class _Trouble(NamedTuple):
    """What is wrong with a source, what the user can do about it, and since when by the clock."""

    what: str
    hint: str
    since_s: float

    def describe(self, now_s: float) -> str:
        return f"{self.what} for {max(0.0, now_s - self.since_s):.0f} s; {self.hint}"


class _Connection:
    """One capture from its opening to its end, on a thread of its own.

    `keep` receives every frame and the time of its capture. All times are the clock's.
    """

    def __init__(
        self, name: str, connect: Connect, keep: Callable[[BgrImage, float], None], params: LiveParams, clock: Clock
    ) -> None:
        self.began_s = self.last_s = clock()
        self.frames = 0
        self.frame_period_s = 1 / DEFAULT_FPS
        self.same_since_s = math.inf
        self.black_since_s = math.inf
        self.failure: SourceError | None = None
        self.opened = threading.Event()
        """Set once the capture is open or has failed to open."""
        self.ended = False
        self._name, self._connect, self._keep, self._params, self._clock = name, connect, keep, params, clock
        self._sample: npt.NDArray[np.uint8] | None = None
        self._stop = threading.Event()
        _running.add(self)
        self._thread = start_inside(self._run, f"frames of {name}")

    @property
    def sample(self) -> npt.NDArray[np.uint8] | None:
        """Some pixels of the last frame; None before the first one."""
        return self._sample

    def stop(self, wait_s: float = 0.0) -> None:
        """Ask the capture to end, and wait for that.

        wait_s: how long to wait at most, in seconds. A thread that hangs releases the capture when it returns from the call.
        """
        self._stop.set()
        if wait_s:
            self._thread.join(wait_s)

    def hangs(self) -> bool:
        """Return whether the thread is still running."""
        return self._thread.is_alive()

    def _run(self) -> None:
        capture: Capture | None = None
        try:
            capture = self._connect()
            if not capture.isOpened():
                raise SourceError(f"{self._name}: cannot be opened")
            self.frame_period_s = 1 / sound_fps(capture.get(cv2.CAP_PROP_FPS), DEFAULT_FPS)
            self.opened.set()
            self._read(capture)
        except SourceError as error:
            self.failure = error
        except Exception as error:  # no exception of a driver's binding may close the window
            self.failure = SourceError(f"{self._name}: {str(error).strip() or type(error).__name__}")
        finally:
            self.ended = True
            self.opened.set()
            if capture is not None:
                capture.release()

    def _read(self, capture: Capture) -> None:
        failing_since_s = math.inf
        while not self._stop.is_set():
            image = self._next_image(capture)
            now_s = self._clock()
            if image is not None:
                failing_since_s = math.inf
                self._see(image, now_s)
                continue
            failing_since_s = min(failing_since_s, now_s)
            if now_s - failing_since_s >= self._params.retry_s:
                return
            self._stop.wait(_RETRY_PAUSE_S)

    def _next_image(self, capture: Capture) -> BgrImage | None:
        try:
            return read_image(capture, self._name)
        except (cv2.error, SourceError):  # a damaged frame; the ones after it may be sound
            return None

    def _see(self, image: BgrImage, now_s: float) -> None:
        sample = image[::_SAMPLE_STEP_PX, ::_SAMPLE_STEP_PX].copy()
        same = self._sample is not None and np.array_equal(sample, self._sample)
        self.same_since_s = min(self.same_since_s, self.last_s) if same else math.inf
        black = int(sample.max()) < self._params.black_level
        self.black_since_s = min(self.black_since_s, now_s) if black else math.inf
        self._sample, self.last_s = sample, now_s
        self.frames += 1
        self._keep(image, now_s)


_running: weakref.WeakSet[_Connection] = weakref.WeakSet()
"""Connections that may still have a capture."""


@atexit.register
def _let_go() -> None:
    """Stop captures that are still open at exit: a thread that returns from one while Python shuts down aborts the process."""
    connections = list(_running)
    for connection in connections:
        connection.stop()
    until_s = time.monotonic() + LiveParams().close_s
    for connection in connections:
        connection.stop(max(until_s - time.monotonic(), 0))


class LiveSource:
    """A FrameSource over a live capture.

    lost: what the user can do when the source is lost.
    asked: (width, height) in pixels that the camera was asked for; None where no size was.
    reconnect: opens the source again whenever it is lost. Meanwhile `read` returns the last frame, and the source may come back
        with another size and rate. Without it, reading a lost source raises SourceError.
    Frame.index counts every captured frame, so dropped ones leave gaps. Frame.time_s is the time of capture, in seconds since
    the source was opened.
    """

    live = True
    pictures = False
    frame_count: int | None = None

    def __init__(
        self,
        name: str,
        connect: Connect,
        *,
        lost: str,
        asked: tuple[int, int] | None = None,
        reconnect: Connect | None = None,
        params: LiveParams = LiveParams(),
        clock: Clock = time.monotonic,
    ) -> None:
        self.name = name
        self._lost, self._asked, self._reconnect = lost, asked, reconnect
        self._params, self._clock = params, clock
        self._opened_at_s = clock()
        self._fresh = threading.Condition()
        self._newest: Frame | None = None
        self._captured = self._taken = 0
        self._last_index: int | None = None
        self._generation = 0
        self._abandoned: list[_Connection] = []
        self._trouble: _Trouble | None = None
        self._due_s = math.inf
        self._pause_s = params.min_retry_pause_s
        self._known_picture: npt.NDArray[np.uint8] | None = None
        self._connection = self._open(connect)

    @property
    def frame_period_s(self) -> float:
        return self._connection.frame_period_s

    @property
    def captured(self) -> int:
        """Number of frames captured so far."""
        with self._fresh:
            return self._captured

    @property
    def dropped(self) -> int:
        """Number of frames that were replaced before they were read."""
        with self._fresh:
            waiting = int(self._unseen())
            return self._captured - self._taken - waiting

    @property
    def loss(self) -> str:
        """What is wrong with a source that is being reconnected, and since when; "" for one that gives pictures."""
        return "" if self._trouble is None else f"{self.name}: {self._trouble.describe(self._clock())}"

    @property
    def notice(self) -> str:
        now_s = self._clock()
        doubt = self._doubt(now_s)
        if doubt is not None:
            return doubt.describe(now_s)
        if self._newest is None:
            return f"opening {self.name}"
        height, width = self._newest.image.shape[:2]
        if self._asked is None or (width, height) == self._asked:
            return ""
        return f"asked {self._asked[0]}x{self._asked[1]}, the camera gives {width}x{height}"

    def wait_until_open(self) -> None:
        """Wait until the capture is open or has failed to open.

        With reconnection that takes `answer_s` at most, without it `first_frame_s`.
        Raises SourceError, and closes the source, when the capture fails, or when it hangs and there is no reconnection.
        """
        patience_s = self._params.answer_s if self._reconnect else self._params.first_frame_s
        answered = wait_within(self._connection.opened.wait, patience_s)
        if answered and self._connection.failure is not None and self._newest is None:
            self.close()
            raise self._connection.failure
        if not answered and self._reconnect is None:
            self.close()
            raise SourceError(f"{self.name}: no answer for {patience_s:g} s; {self._lost}")

    def read(self, user_input: UserInput) -> Frame:  # noqa: ARG002 - the user's input is for the canvas
        """Return the newest frame, waiting `wait_s` for a new one. After that, return the last one again, with the same index.

        Before the first frame, a source with reconnection gives a dark frame, which is not settled; one without is waited for.
        Raises SourceError once a source without reconnection has ended or fallen silent.
        """
        while True:
            with self._fresh:
                self._fresh.wait_for(lambda: self._unseen() or self._connection.ended, self._params.wait_s)
                frame, fresh = self._newest, self._unseen()
                if frame is not None and fresh:
                    self._last_index, self._taken = frame.index, self._taken + 1
            self._watch()
            if fresh and frame is not None:
                return frame
            if self._reconnect is None and self._is_over():
                raise SourceError(self._end_message(frame))
            if frame is not None:
                return frame
            if self._reconnect is not None:
                return self._placeholder()

    def close(self) -> None:
        """Stop within `close_s`, even when the capture hangs. The thread then releases the capture when it returns from the
        call."""
        for connection in self._abandoned:
            connection.stop()
        self._connection.stop(self._params.close_s)

    def _open(self, connect: Connect) -> _Connection:
        self._generation += 1
        generation = self._generation

        def keep(image: BgrImage, now_s: float) -> None:
            with self._fresh:
                if generation == self._generation:  # else it hung, was abandoned and has come back
                    self._newest = Frame(image, self._captured, now_s - self._opened_at_s)
                    self._captured += 1
                    self._fresh.notify_all()

        return _Connection(self.name, connect, keep, self._params, self._clock)

    def _unseen(self) -> bool:
        return self._newest is not None and self._newest.index != self._last_index

    # The watchdog runs whenever a frame is asked for.

    def _watch(self) -> None:
        if self._reconnect is None:
            return
        now_s = self._clock()
        if self._trouble is None:
            self._trouble = self._find_trouble(now_s)
            if self._trouble is not None:
                self._disconnect(now_s)
        elif self._due_s <= now_s:
            self._reconnect_when_due(now_s)
        elif self._due_s == math.inf:
            self._check_reconnected(now_s)

    def _find_trouble(self, now_s: float) -> _Trouble | None:
        """Return what is wrong with the source; None for nothing."""
        connection, params = self._connection, self._params
        if connection.ended:
            return _Trouble(self._end(), self._lost, connection.last_s)
        silent_s = params.silent_s if connection.frames else params.answer_s
        if now_s - connection.last_s >= silent_s:
            return _Trouble("no picture" if connection.frames else "no answer", self._lost, connection.last_s)
        return None if self._looked_so_before(connection) else self._doubt(now_s)

    def _doubt(self, now_s: float) -> _Trouble | None:
        """Return what is wrong with the pictures; None for nothing."""
        connection, params = self._connection, self._params
        if now_s - connection.black_since_s >= params.black_s:
            return _Trouble("a black picture", _BLACK_HINT, connection.black_since_s)
        if now_s - connection.same_since_s >= params.stale_s:
            return _Trouble("the same picture", _STALE_HINT, connection.same_since_s)
        return None

    def _end(self) -> str:
        """Describe how the capture ended."""
        if self._connection.failure is None:
            return "no picture"
        what = str(self._connection.failure).partition(";")[0]
        return what.removeprefix(self.name).removeprefix(":").strip().removeprefix("is ")

    def _looked_so_before(self, connection: _Connection) -> bool:
        """Return whether the picture, black or unchanging, was the same before the reconnection.

        If so, the scene itself looks like that.
        """
        sample, known = connection.sample, self._known_picture
        if known is None or sample is None:
            return False
        if np.array_equal(sample, known) or int(max(sample.max(), known.max())) < self._params.black_level:
            return True
        self._known_picture = None
        return False

    def _disconnect(self, now_s: float) -> None:
        self._known_picture = self._connection.sample if not self._connection.ended else None
        self._connection.stop()
        self._generation += 1
        self._abandoned = [left for left in (*self._abandoned, self._connection) if left.hangs()]
        self._due_s = now_s + self._pause_s

    def _reconnect_when_due(self, now_s: float) -> None:
        self._abandoned = [left for left in self._abandoned if left.hangs()]
        self._pause_s = min(2 * self._pause_s, self._params.max_retry_pause_s)
        if len(self._abandoned) >= self._params.max_hung or self._reconnect is None:
            self._due_s = now_s + self._pause_s
            return
        self._connection = self._open(self._reconnect)
        self._due_s = math.inf

    def _check_reconnected(self, now_s: float) -> None:
        """Clear the trouble once the new capture gives pictures; disconnect if it fails or takes too long."""
        if self._connection.frames:
            self._trouble = None
            self._pause_s = self._params.min_retry_pause_s
        elif self._connection.ended or now_s - self._connection.began_s >= self._params.answer_s:
            assert self._trouble is not None
            self._trouble = self._trouble._replace(what=self._end() if self._connection.ended else "no answer", hint=self._lost)
            self._disconnect(now_s)

    # The end

    def _is_over(self) -> bool:
        connection = self._connection
        patience_s = self._params.lost_s if connection.frames else self._params.first_frame_s
        return connection.ended or self._clock() - connection.last_s >= patience_s

    def _end_message(self, last: Frame | None) -> str:
        if last is None:
            return f"{self.name}: opened, but gave no picture; {self._lost}"
        return f"{self.name}: no picture since {last.time_s:.1f} s after it was opened; {self._lost}"

    def _placeholder(self) -> Frame:
        width, height = self._asked or DEFAULT_SIZE
        return Frame(np.full((height, width, 3), _DARK_GREY, np.uint8), OPENING_INDEX, 0.0, settled=False)


def sound_fps(fps: float, fallback: float) -> float:
    """Return `fps` where it is a possible frame rate, else `fallback`; both in frames a second."""
    return fps if 0 < fps < 1000 else fallback


def read_image(capture: Capture, name: str) -> BgrImage | None:
    """Read the next image of a capture: uint8 (H, W, 3); None at the end, or where none can be decoded.

    Raises SourceError for pixels that are no picture.
    """
    try:
        ok, pixels = capture.read()
    except cv2.error:
        return None
    return as_bgr(pixels, name) if ok and pixels is not None and pixels.size else None
