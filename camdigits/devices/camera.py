"""Cameras and network streams: a thread reads without pause, the newest frame wins, older ones are dropped and counted."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2

from camdigits.devices.pictures import as_bgr
from camdigits.devices.stderr import quiet_stderr
from camdigits.errors import SourceError
from camdigits.ports import Clock, Turn
from camdigits.vision.scene import BgrImage, Frame

DEFAULT_FPS = 30.0
_RETRY_PAUSE_S = 0.02
_BLACK_STEP_PX = 8
_BLACK_NOTICE = (
    "the picture is black: open the lens cover, allow the camera in the system's privacy settings, "
    "or close another program that uses it"
)


class Capture(Protocol):
    """The part of cv2.VideoCapture that is used; tests hand in their own."""

    def isOpened(self) -> bool: ...  # noqa: N802 - OpenCV's name
    def read(self) -> tuple[bool, Any]: ...
    def get(self, propId: int, /) -> float: ...  # noqa: N803
    def set(self, propId: int, value: float, /) -> bool: ...  # noqa: N803
    def release(self) -> None: ...


@dataclass(frozen=True)
class LiveParams:
    """How long to be patient with a live source, in seconds.

    wait_s: how long `read` waits for a new frame before it gives the last one again, so that the window stays alive.
    first_frame_s: how long the first frame may take. silent_s: without any frame for so long, the source is lost.
    retry_s: failed reads in a row are forgiven so long; cameras drop a frame now and then, an ended stream stays ended.
    black_s, black_level: a picture with no pixel above the level (0..255) for so long is called black.
    close_s: how long `close` waits for a capture call that hangs.
    """

    wait_s: float = 0.5
    first_frame_s: float = 15.0
    silent_s: float = 5.0
    retry_s: float = 2.0
    black_s: float = 2.0
    black_level: int = 24
    close_s: float = 1.0


class _BlackWatch:
    """Whether every frame seen since `alarm_s` or longer was darker than `level`."""

    def __init__(self, level: int, alarm_s: float) -> None:
        self.alarmed = False
        self._level, self._alarm_s = level, alarm_s
        self._dark_since_s: float | None = None

    def see(self, frame: Frame) -> None:
        if int(frame.image[::_BLACK_STEP_PX, ::_BLACK_STEP_PX].max()) >= self._level:
            self._dark_since_s = None
        elif self._dark_since_s is None:
            self._dark_since_s = frame.time_s
        self.alarmed = self._dark_since_s is not None and frame.time_s - self._dark_since_s >= self._alarm_s


class LiveSource:
    """A FrameSource over a capture that is open. `lost` is what to say when it ends, `asked` the size that was wanted.

    Frame.index counts every frame that was captured, so dropped ones leave gaps; Frame.time_s is when it was captured.
    """

    live = True
    frame_count: int | None = None

    def __init__(
        self,
        name: str,
        capture: Capture,
        *,
        lost: str,
        asked: tuple[int, int] | None = None,
        params: LiveParams = LiveParams(),
        clock: Clock = time.monotonic,
    ) -> None:
        self.name = name
        self.frame_period_s = 1 / sound_fps(capture.get(cv2.CAP_PROP_FPS), DEFAULT_FPS)
        self._capture, self._lost, self._asked = capture, lost, asked
        self._params, self._clock = params, clock
        self._opened_at_s = clock()
        self._black = _BlackWatch(params.black_level, params.black_s)
        self._fresh = threading.Condition()
        self._newest: Frame | None = None
        self._captured = self._taken = 0
        self._last_index: int | None = None
        self._ended = False
        self._stop = threading.Event()
        # A daemon, so that a driver that never comes back cannot keep the program from ending.
        self._thread = threading.Thread(target=self._run, name=f"frames of {name}", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """How many frames passed without being read."""
        with self._fresh:
            waiting = int(self._unseen())
            return self._captured - self._taken - waiting

    @property
    def notice(self) -> str:
        if self._black.alarmed:
            return _BLACK_NOTICE
        if self._asked is None or self._newest is None:
            return ""
        height, width = self._newest.image.shape[:2]
        if (width, height) == self._asked:
            return ""
        return f"asked {self._asked[0]}x{self._asked[1]}, the camera gives {width}x{height}"

    def read(self, turn: Turn) -> Frame:  # noqa: ARG002 - the user's turn is for the canvas
        """The newest frame, waiting `wait_s` for one; then the last again, with the same index: nothing new.

        Only the first frame is waited for longer. Raises SourceError once the source ended or fell silent.
        """
        while True:
            with self._fresh:
                self._fresh.wait_for(lambda: self._unseen() or self._ended, self._params.wait_s)
                frame = self._newest
                if frame is not None and self._unseen():
                    self._last_index, self._taken = frame.index, self._taken + 1
                    self._black.see(frame)
                    return frame
                ended = self._ended
            if ended or self._is_silent(frame):
                raise SourceError(self._loss(frame))
            if frame is not None:
                return frame

    def close(self) -> None:
        """Stop, within `close_s` even when the capture hangs; the thread releases the capture when it comes back."""
        self._stop.set()
        self._thread.join(self._params.close_s)

    def _unseen(self) -> bool:
        return self._newest is not None and self._newest.index != self._last_index

    def _is_silent(self, last: Frame | None) -> bool:
        since_s = 0.0 if last is None else last.time_s
        patience_s = self._params.first_frame_s if last is None else self._params.silent_s
        return self._clock() - self._opened_at_s - since_s >= patience_s

    def _loss(self, last: Frame | None) -> str:
        if last is None:
            return f"{self.name}: opened, but gave no picture; {self._lost}"
        return f"{self.name}: no picture since {last.time_s:.1f} s after it was opened; {self._lost}"

    def _run(self) -> None:
        failing_since_s: float | None = None
        try:
            while not self._stop.is_set():
                image = self._grab()
                now_s = self._clock()
                if image is not None:
                    failing_since_s = None
                    self._keep(image, now_s - self._opened_at_s)
                    continue
                failing_since_s = now_s if failing_since_s is None else failing_since_s
                if now_s - failing_since_s >= self._params.retry_s:
                    break
                self._stop.wait(_RETRY_PAUSE_S)
        finally:
            with self._fresh:
                self._ended = True
                self._fresh.notify_all()
            self._capture.release()

    def _grab(self) -> BgrImage | None:
        try:
            ok, pixels = self._capture.read()
            return as_bgr(pixels, self.name) if ok and pixels is not None and pixels.size else None
        except (cv2.error, SourceError):  # a damaged frame; the ones after it may be sound
            return None

    def _keep(self, image: BgrImage, time_s: float) -> None:
        with self._fresh:
            self._newest = Frame(image, self._captured, time_s)
            self._captured += 1
            self._fresh.notify_all()


def open_camera(
    index: int,
    size: tuple[int, int],
    *,
    connect: Callable[[int, int], Capture] = cv2.VideoCapture,
    platform: str = sys.platform,
    params: LiveParams = LiveParams(),
    clock: Clock = time.monotonic,
) -> LiveSource:
    """Open camera `index`, asking for `size` (width, height) in pixels as MJPG.

    `connect(index, backend)` gives a capture. Raises SourceError when the camera is not there or not free.
    """
    for backend in camera_backends(platform):
        with quiet_stderr():
            capture = connect(index, backend)
        if capture.isOpened():
            break
        capture.release()
    else:
        raise SourceError(_absence(index, platform))
    # The format first: uncompressed, most USB cameras give large pictures at 5 frames a second.
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
    lost = "the camera is lost: check its cable and whether another program took it, then start again"
    return LiveSource(f"camera {index}", capture, lost=lost, asked=size, params=params, clock=clock)


def camera_backends(platform: str) -> tuple[int, ...]:
    """OpenCV's camera backends for a `sys.platform`, best first."""
    if platform.startswith("linux"):
        return (cv2.CAP_V4L2,)
    if platform == "darwin":
        return (cv2.CAP_AVFOUNDATION,)
    if platform == "win32":
        return (cv2.CAP_DSHOW, cv2.CAP_MSMF)  # DirectShow opens at once; MSMF takes seconds, but knows a few cameras more
    return (cv2.CAP_ANY,)


def sound_fps(fps: float, fallback: float) -> float:
    """`fps` where a clip or camera states a rate that can be, else `fallback`."""
    return fps if 0 < fps < 1000 else fallback


def _absence(index: int, platform: str) -> str:
    device = Path(f"/dev/video{index}")
    if not platform.startswith("linux"):
        return f"camera {index} cannot be opened: not there, in use by another program, or not allowed in the privacy settings"
    if device.exists():
        return f"camera {index} cannot be opened: in use by another program, no video input, or {device} not yours to read"
    found = sorted(int(path.name.removeprefix("video")) for path in Path("/dev").glob("video[0-9]*"))
    there = f"there are: {', '.join(map(str, found))}" if found else "there is none on this machine"
    return f"camera {index} is not there ({there}); plug one in or name another source, such as demo or a file"
