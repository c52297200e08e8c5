"""Cameras of this machine: how each operating system opens and lists them."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from camdigits.errors import SourceError
from camdigits.runtime.stderr import quiet_stderr
from camdigits.sources.live import Capture, LiveParams, LiveSource
from camdigits.sources.picamera import PiCapture, pi_cameras
from camdigits.sources.ports import Clock
from camdigits.sources.v4l2 import CameraMode, Ioctl, video_nodes

_LOST = "check its cable and whether another program took it"
"""What the user can do about a camera that is lost."""
_DEVICES = Path("/dev")
"""Linux keeps the device files of cameras here."""
_NAMES = Path("/sys/class/video4linux")
"""Linux tells the names of cameras here."""
_PI_RECEIVERS = ("unicam", "rp1-cfe")
"""The kernel's names for the Raspberry Pi's camera ports. They open as cameras, but OpenCV never gets a picture from them."""
_PI_CONVERTERS = ("bcm2835-isp", "pispbe")
"""The kernel's names for the Raspberry Pi's picture converters, which are no cameras."""
_MAX_TRIED = 10
"""At most this many indices are tried where the system does not list its cameras."""

Connect = Callable[[int, int], Capture]
"""Opens a capture, given a camera's index and one of OpenCV's backends."""


def open_camera(
    index: int,
    size: tuple[int, int],
    *,
    reconnect: bool = False,
    connect: Connect = cv2.VideoCapture,
    platform: str = sys.platform,
    params: LiveParams = LiveParams(),  # noqa: B008 - a frozen value
    clock: Clock = time.monotonic,
) -> LiveSource:
    """Open a camera, asking it for MJPG.

    index: the camera's number.
    size: (width, height) in pixels to ask for.
    reconnect: whether to open the camera again when it is lost.
    connect: opens a capture, given the index and one of OpenCV's backends.
    platform: the operating system, as in `sys.platform`.
    params: how long to be patient with the camera.
    clock: the time in seconds.
    Raises SourceError when the camera is not there or not free. Without `reconnect`, also when it does not answer.
    """

    def attempt() -> Capture:
        return _capture(index, size, connect, platform)

    first = attempt
    if platform == "darwin":
        # macOS can ask the user to allow the camera on the main thread only (OpenCV's issue 16427).
        opened = attempt()

        def first() -> Capture:
            return opened

    source = LiveSource(
        f"camera {index}",
        first,
        lost=_LOST,
        asked=size,
        reconnect=attempt if reconnect else None,
        params=params,
        clock=clock,
    )
    source.wait_until_open()
    return source


def camera_backends(platform: str) -> tuple[int, ...]:
    """Return OpenCV's camera backends for a `sys.platform`, best first."""
    if platform.startswith("linux"):
        return (cv2.CAP_V4L2,)
    if platform == "darwin":
        return (cv2.CAP_AVFOUNDATION,)
    if platform == "win32":
        return (cv2.CAP_DSHOW, cv2.CAP_MSMF)  # DirectShow opens at once; MSMF knows a few more cameras
    return (cv2.CAP_ANY,)


def other_cameras(index: int | None, platform: str = sys.platform) -> list[int]:
    """Return the indices of the cameras beside camera `index`: those after it, then those before it.

    No camera is opened. Where the system does not list its cameras, the result is the one after `index` and the first.
    """
    after = -1 if index is None else index
    listed = _listed(platform)
    known = [0, after + 1] if listed is None else [camera.index for camera in listed]
    others = sorted({camera for camera in known if camera != index})
    return [camera for camera in others if camera > after] + [camera for camera in others if camera < after]


@dataclass(frozen=True)
class Camera:
    """A camera of this machine.

    index: the number that opens it.
    name: what the system calls it.
    modes: the sizes and rates it offers; empty where the system does not say.
    """

    index: int
    name: str
    modes: tuple[CameraMode, ...] = ()

    def __str__(self) -> str:
        return f"{self.index} {self.name}"

    def sizes(self) -> str:
        """Return the sizes and frame rates of all formats as text, largest first: 1280x720@30,15 640x480@30."""
        rates_of: dict[str, tuple[set[float], bool]] = {}
        for mode in sorted(self.modes, key=lambda mode: (-mode.max_size[0] * mode.max_size[1], mode.min_size)):
            max_size = "{}x{}".format(*mode.max_size)
            size = max_size if mode.min_size == mode.max_size else f"{'{}x{}'.format(*mode.min_size)}-{max_size}"
            rates, any_rate = rates_of.get(size, (set(), False))
            rates_of[size] = rates | set(mode.rates_hz), any_rate or mode.any_rate
        return " ".join(f"{size}{_rates_text(*rates)}" for size, rates in rates_of.items())

    def to_dict(self) -> dict[str, Any]:
        """Return the camera for JSON: sizes in pixels, rates in frames a second.

        A range of sizes or rates is given by its ends.
        """
        return {
            "index": self.index,
            "name": self.name,
            "modes": [
                {
                    "format": mode.pixel_format,
                    "width": mode.max_size[0],
                    "height": mode.max_size[1],
                    **(
                        {"least_width": mode.min_size[0], "least_height": mode.min_size[1]}
                        if mode.min_size != mode.max_size
                        else {}
                    ),
                    "rates": list(mode.rates_hz[:1] if mode.any_rate else mode.rates_hz),
                    **({"least_rate": mode.rates_hz[-1]} if mode.any_rate else {}),
                }
                for mode in self.modes
            ],
        }


def cameras(platform: str = sys.platform, ioctl: Ioctl | None = None, connect: Connect = cv2.VideoCapture) -> list[Camera]:
    """List the cameras of this machine, by the indices that `open_camera` takes.

    On Linux, Windows and macOS none is opened. Elsewhere, and where the system gives no list, indices from 0 on are tried until
    one does not open.
    """
    listed = _listed(platform, ioctl)
    return _tried(platform, connect) if listed is None else listed


def is_index(name: str) -> bool:
    """Return whether a name is a camera's index."""
    return name.isascii() and name.isdigit()


def find_camera(wanted: str, there: Callable[[], Iterable[Camera]] | None = None) -> int:
    """Return the index of the camera that `wanted` names.

    wanted: an index, a camera's name in any case, or a part of exactly one name. An index is returned without a check.
    there: lists the cameras of this machine; `cameras` by default.
    Raises SourceError, which lists the cameras, when no name or several names match.
    """
    if is_index(wanted):
        return int(wanted)
    known = list((there or cameras)())
    text = wanted.strip().casefold()
    meant = [camera for camera in known if camera.name.casefold() == text]
    meant = meant or [camera for camera in known if text and text in camera.name.casefold()]
    if len(meant) == 1:
        return meant[0].index
    if meant:
        raise SourceError(f"several cameras are called {wanted}: {', '.join(map(str, meant))}; name one by its index")
    raise SourceError(f"no camera is called {wanted} ({_there(known)}); name one by its index or a part of its name")


def _there(known: Iterable[Camera]) -> str:
    names = ", ".join(map(str, known))
    return f"there are: {names}" if names else "there is none on this machine"


def _listed(platform: str, ioctl: Ioctl | None = None) -> list[Camera] | None:
    """Return the cameras that the system lists, by index; None where it gives no list."""
    if platform.startswith("linux"):
        return _of_linux(ioctl)
    named: dict[int, str] = {}
    try:
        library = importlib.import_module("cv2_enumerate_cameras")
        with _quiet_on_macos(platform):
            for backend in camera_backends(platform):  # in the order in which _capture tries them
                for found in library.enumerate_cameras(backend):
                    named.setdefault(int(found.index), " ".join(str(found.name).split()))
    except (ImportError, NotImplementedError, RuntimeError, OSError):
        return None
    return [Camera(index, name) for index, name in sorted(named.items())]


def _of_linux(ioctl: Ioctl | None) -> list[Camera]:
    own = [Camera(index, name or "Raspberry Pi camera") for index, name in enumerate(pi_cameras()) if _is_pi_camera(index)]
    taken = {camera.index for camera in own}
    for node in video_nodes(_DEVICES, _NAMES, ioctl):
        if node.index not in taken and not node.name.startswith(_PI_RECEIVERS + _PI_CONVERTERS):
            own.append(Camera(node.index, node.name, node.modes))
    return sorted(own, key=lambda camera: camera.index)


def _tried(platform: str, connect: Connect) -> list[Camera]:
    """Return the cameras from index 0 on, up to the first that does not open, each with its size as opened."""
    there: list[Camera] = []
    for index in range(_MAX_TRIED):
        for backend in camera_backends(platform):
            with _quiet_on_macos(platform):
                capture = connect(index, backend)
            try:
                if capture.isOpened():
                    size = (int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
                    rate_hz = capture.get(cv2.CAP_PROP_FPS)
                    mode = CameraMode("", size, size, (rate_hz,) if rate_hz > 0 else ())
                    there.append(Camera(index, f"camera {index}", (mode,) if all(size) else ()))
                    break
            finally:
                capture.release()
        else:
            return there
    return there


def _rates_text(rates_hz: set[float], any_rate: bool) -> str:
    rates = [f"{rate_hz:g}" for rate_hz in sorted(rates_hz, reverse=True)]
    if any_rate:
        return f"@{rates[-1]}-{rates[0]}"
    return f"@{','.join(rates)}" if rates else ""


def _capture(index: int, size: tuple[int, int], connect: Connect, platform: str) -> Capture:
    if platform.startswith("linux") and _is_pi_camera(index):
        return PiCapture(index, size)
    for backend in camera_backends(platform):
        with _quiet_on_macos(platform):
            capture = connect(index, backend)
        if capture.isOpened():
            break
        capture.release()
    else:
        raise SourceError(_absence(index, platform))
    # The format comes first: most USB cameras give large uncompressed pictures at only 5 frames a second.
    if backend == cv2.CAP_DSHOW:  # it accepts MJPG only as a change from another format (OpenCV's issue 9084)
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"mjpg"))
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
    return capture


def _quiet_on_macos(platform: str) -> AbstractContextManager[None]:
    """Silence stderr on macOS.

    OpenCV prints there that a camera is missing or not allowed, and the system prints remarks on the program that asks.
    """
    return quiet_stderr() if platform == "darwin" else nullcontext()


def _is_pi_camera(index: int) -> bool:
    """Return whether camera `index` is a Raspberry Pi's own and picamera2 is installed. OpenCV cannot read such a camera."""
    own = len(pi_cameras())
    if index >= own:
        return False
    try:
        name = (_NAMES / f"video{index}" / "name").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:  # no such device: newer systems number the ports differently
        name = ""
    return not name or name.startswith(_PI_RECEIVERS)


def _absence(index: int, platform: str) -> str:
    device = _DEVICES / f"video{index}"
    if not platform.startswith("linux"):
        return f"camera {index} cannot be opened: not there, in use by another program, or not allowed in the privacy settings"
    if device.exists():
        return f"camera {index} cannot be opened: in use by another program, no video input, or {device} not yours to read"
    return (
        f"camera {index} is not there ({_there(_of_linux(None))}); plug one in or name another source, such as demo or a file"
    )
