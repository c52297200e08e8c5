"""Cameras of this machine: how each system opens one, and which there are."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from camdigits.devices.live import Capture, LiveParams, LiveSource
from camdigits.devices.picamera import PiCapture, pi_cameras
from camdigits.errors import SourceError
from camdigits.ports import Clock

_LOST = "check its cable and whether another program took it"
_DEVICES = Path("/dev")
_NAMES = Path("/sys/class/video4linux")
_PI_RECEIVERS = ("unicam", "rp1-cfe")
"""What the kernel calls the Raspberry Pi's camera ports: they open as cameras, and OpenCV waits for their pictures in vain."""

# Windows' Media Foundation looks for hardware transforms before it opens a camera, which takes ten seconds and more (OpenCV's
# issue 17687). OpenCV reads this when it opens one; whoever sets it keeps his choice.
os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")

Connect = Callable[[int, int], Capture]
"""Gives a capture of a camera's index and one of OpenCV's backends."""


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
    """Open camera `index`, asking for `size` (width, height) in pixels as MJPG.

    reconnect: whether it is opened again when it is lost. `connect(index, backend)` gives a capture.
    Raises SourceError when the camera is not there or not free, and, where it is not opened again, when it does not answer.
    """

    def attempt() -> Capture:
        return _capture(index, size, connect, platform)

    first = attempt
    if platform == "darwin":
        # Only on the main thread can macOS ask the user to allow the camera (OpenCV's issue 16427).
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
    """OpenCV's camera backends for a `sys.platform`, best first."""
    if platform.startswith("linux"):
        return (cv2.CAP_V4L2,)
    if platform == "darwin":
        return (cv2.CAP_AVFOUNDATION,)
    if platform == "win32":
        return (cv2.CAP_DSHOW, cv2.CAP_MSMF)  # DirectShow opens at once; MSMF knows a few cameras more
    return (cv2.CAP_ANY,)


def other_cameras(index: int | None, platform: str = sys.platform) -> list[int]:
    """The indices of cameras that may be there beside camera `index`, the next one first and round again; not opened.

    Where the system does not list its cameras, the one after `index` and the first.
    """
    after = -1 if index is None else index
    known = _listed() if platform.startswith("linux") else [0, after + 1]
    others = sorted({camera for camera in known if camera != index})
    return [camera for camera in others if camera > after] + [camera for camera in others if camera < after]


def _listed() -> list[int]:
    devices = [int(path.name.removeprefix("video")) for path in _DEVICES.glob("video[0-9]*") if path.name[5:].isdecimal()]
    return sorted({*devices, *range(len(pi_cameras()))})


def _capture(index: int, size: tuple[int, int], connect: Connect, platform: str) -> Capture:
    if platform.startswith("linux") and _is_pi_camera(index):
        return PiCapture(index, size)
    for backend in camera_backends(platform):
        capture = connect(index, backend)
        if capture.isOpened():
            break
        capture.release()
    else:
        raise SourceError(_absence(index, platform))
    # The format first: uncompressed, most USB cameras give large pictures at 5 frames a second.
    if backend == cv2.CAP_DSHOW:  # which takes MJPG only as a change from another format (OpenCV's issue 9084)
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"mjpg"))
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
    return capture


def _is_pi_camera(index: int) -> bool:
    """Whether camera `index` is a Raspberry Pi's own, which OpenCV cannot read, and picamera2 is installed to do so."""
    own = len(pi_cameras())
    if index >= own:
        return False
    try:
        name = (_NAMES / f"video{index}" / "name").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:  # no such device: newer systems number the ports otherwise
        name = ""
    return not name or name.startswith(_PI_RECEIVERS)


def _absence(index: int, platform: str) -> str:
    device = _DEVICES / f"video{index}"
    if not platform.startswith("linux"):
        return f"camera {index} cannot be opened: not there, in use by another program, or not allowed in the privacy settings"
    if device.exists():
        return f"camera {index} cannot be opened: in use by another program, no video input, or {device} not yours to read"
    found = _listed()
    there = f"there are: {', '.join(map(str, found))}" if found else "there is none on this machine"
    return f"camera {index} is not there ({there}); plug one in or name another source, such as demo or a file"
