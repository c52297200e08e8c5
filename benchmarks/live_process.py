"""The live command in a process of its own, without a window: its cold start and its memory.

The command runs as it is, but for its window, which shows nothing, and, where memory is measured, for its camera, which is made
up and gives 30 frames a second. What a real window costs comes on top.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np

from benchmarks.hand_held import FRAME_PERIOD_S, NOISE, SHAKE_PX, SWING, SWING_FRAMES
from camdigits.live.controls import View
from camdigits.sources.ports import UserInput
from camdigits.vision.types import BgrImage, Frame, Scene

_SMALL = 2
"""The made-up camera keeps its page so many times smaller: what it holds counts as the app's."""
_STRIP_PX = 60
_TIME_LIMIT_S = 300.0
_CLIP = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "hand_shake.mp4"


def start_up_s(source: str = str(_CLIP)) -> float:
    """Seconds from the start of a process, `camdigits live SOURCE`, to the first picture with a labelled digit.

    SOURCE should show digits from its first frame on, as the clip does that is taken where none is named.
    """
    return float(_run(["live", source])["labelled_s"])


def peak_mb(image: BgrImage, frames: int) -> float:
    """The most memory, in MB of a million bytes, that the live command held over so many frames of such a page.

    The page is carried in the first half of them and rests in the second.
    """
    height, width = image.shape[:2]
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch) / "page.npy"
        small = cv2.resize(image, (width // _SMALL, height // _SMALL), interpolation=cv2.INTER_AREA)
        np.save(page, small)
        return float(_run(["live", "0"], f"frames={frames}", f"page={page}", f"size={width}x{height}")["peak_mb"])


def _run(arguments: Sequence[str], *orders: str) -> dict[str, Any]:
    """Start the command and return what it measured of itself. Raises RuntimeError where it measured nothing."""
    command = [sys.executable, "-m", "benchmarks.live_process", f"began={time.monotonic()!r}", *orders, "--", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIME_LIMIT_S, check=False)
    if done.returncode:
        raise RuntimeError(f"camdigits {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    measured: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return measured


class _NoWindow:
    """A Window that shows nothing, and is closed when all was seen that is measured."""

    def __init__(self, began_s: float, frames: int | None) -> None:
        self._began_s, self._frames = began_s, frames
        self.labelled_s: float | None = None
        self.scene: Scene | None = None
        """What is drawn on the picture that is shown next."""

    def open_again(self) -> None:
        """Nobody draws here, so nobody is asked."""

    def show(self, picture: BgrImage, keeps_size: bool = False) -> None:  # noqa: ARG002 - a Window
        if self.labelled_s is None and self.scene is not None and self.scene.digits:
            self.labelled_s = time.monotonic() - self._began_s

    def set_full_screen(self, on: bool) -> None:
        """There is no screen."""

    def poll(self, wait_s: float) -> UserInput:
        time.sleep(wait_s)
        if self._frames is None:
            return UserInput(closed=self.labelled_s is not None)
        return UserInput(closed=self.scene is not None and self.scene.frame >= self._frames)

    def close(self) -> None:
        """Nothing was opened."""


class _Camera:
    """A live source of a noisy page, carried and then at rest, at a camera's pace; each frame is a new array."""

    name, live, pictures, frame_period_s, frame_count, notice, loss = "made up", True, False, FRAME_PERIOD_S, None, "", ""

    def __init__(self, page: Path, size: tuple[int, int], frames: int) -> None:
        self._page: BgrImage = np.load(page)
        self._size, self._frames, self._index = size, frames, 0
        self._rng = np.random.default_rng(0)
        shape = (2 * _STRIP_PX, size[0], 3)
        self._noise = np.round(NOISE * self._rng.standard_normal(shape, np.float32)).astype(np.int16)
        self._due_s = time.monotonic()
        self._frame = self._next()

    def read(self, user_input: UserInput) -> Frame:  # noqa: ARG002 - a FrameSource
        if time.monotonic() >= self._due_s:
            self._frame = self._next()
        return self._frame

    def _next(self) -> Frame:
        self._due_s = max(self._due_s + FRAME_PERIOD_S, time.monotonic())
        carried = self._index < self._frames / 2
        phase = 2 * np.pi * self._index / SWING_FRAMES if carried else 0.0
        scale = np.array(self._size) / self._page.shape[1::-1]
        shift = np.array(SWING) * self._size * [np.sin(phase), np.cos(phase)]
        shift += self._rng.uniform(-SHAKE_PX, SHAKE_PX, 2)
        matrix = np.column_stack([np.diag(scale), shift])
        image = cv2.warpAffine(self._page, matrix, self._size, borderMode=cv2.BORDER_REPLICATE)
        for top in range(0, self._size[1], _STRIP_PX):
            strip = image[top : top + _STRIP_PX]
            first = int(self._rng.integers(0, _STRIP_PX))
            cv2.add(strip, self._noise[first : first + len(strip)], strip, dtype=cv2.CV_8U)
        self._index += 1
        return Frame(np.asarray(image, np.uint8), self._index, self._index * FRAME_PERIOD_S)

    def close(self) -> None:
        """Nothing was opened."""


def _peak_mb() -> float:
    """NaN on Windows."""
    if sys.platform == "win32":
        return math.nan
    import resource

    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says begins with what the parent held
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def _replace(module: ModuleType, name: str, value: object) -> None:
    """Raises AttributeError where there is nothing of that name to be replaced."""
    getattr(module, name)
    setattr(module, name, value)


def _main(arguments: Sequence[str]) -> None:
    """Run the command in this process; prints what was measured as JSON."""
    split = arguments.index("--")
    orders = dict(order.partition("=")[::2] for order in arguments[:split])
    frames = int(orders["frames"]) if "frames" in orders else None
    shown = _NoWindow(float(orders["began"]), frames)

    # What the command imports counts; only what stands in its window's and camera's places is loaded before it.
    from camdigits.cli import commands
    from camdigits.live import overlay, screen, window
    from camdigits.sources import kinds

    def seen(frame: Frame, scene: Scene, view: View, status: overlay.Status, labels: overlay.Labels) -> BgrImage:
        shown.scene = scene
        return overlay.draw(frame, scene, view, status, labels)

    def camera(*_: object, **__: object) -> _Camera:
        width, height = map(int, orders["size"].split("x"))
        return _Camera(Path(orders["page"]), (width, height), int(orders["frames"]))

    _replace(screen, "draw", seen)
    _replace(window, "CvWindow", lambda *_: shown)
    _replace(window, "check_display", lambda: None)
    if frames is not None:
        _replace(kinds, "open_source", camera)
    commands(list(arguments[split + 1 :]), standalone_mode=False)
    print(json.dumps({"labelled_s": shown.labelled_s, "peak_mb": _peak_mb()}))


if __name__ == "__main__":
    _main(sys.argv[1:])
