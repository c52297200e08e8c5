"""A Raspberry Pi's own cameras, through picamera2 where it is installed; OpenCV cannot read them.

    sudo apt install python3-picamera2     # and an environment that sees it: python -m venv --system-site-packages

Its manual: Raspberry Pi Ltd, The Picamera2 Library (2024).
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import cv2

from camdigits.errors import SourceError

_MICROSECONDS = 1e6
"""Microseconds in a second."""


class PiCapture:
    """One of the Pi's cameras as a `live.Capture`; its pictures are BGR, uint8 (H, W, 3).

    index: the camera's number.
    size: (width, height) of its pictures, in pixels.
    Raises SourceError when the camera is not there or in use.
    """

    def __init__(self, index: int, size: tuple[int, int]) -> None:
        library = importlib.import_module("picamera2")
        try:
            self._camera: Any = library.Picamera2(index)
            # libcamera's RGB888 lies in memory as blue, green, red.
            wanted = {"size": size, "format": "RGB888"}
            self._camera.configure(self._camera.create_video_configuration(main=wanted))
            self._camera.start()
        except (RuntimeError, IndexError, OSError) as error:
            raise SourceError(
                f"camera {index} cannot be opened through picamera2 ({error}); is it plugged in, and no other program using it?"
            ) from error
        self._open = True

    def isOpened(self) -> bool:  # noqa: N802 - as in OpenCV
        return self._open

    def read(self) -> tuple[bool, Any]:
        return (True, self._camera.capture_array("main")) if self._open else (False, None)

    def get(self, propId: int, /) -> float:  # noqa: N803
        """Return the frame rate for CAP_PROP_FPS; 0 where it is not known, and for any other property."""
        if propId != cv2.CAP_PROP_FPS:
            return 0.0
        duration_us = self._camera.capture_metadata().get("FrameDuration", 0)
        return _MICROSECONDS / duration_us if duration_us else 0.0

    def set(self, propId: int, value: float, /) -> bool:  # noqa: ARG002, N803
        """Change nothing, since a camera is configured when it is opened."""
        return False

    def release(self) -> None:
        if self._open:
            self._open = False
            self._camera.stop()
            self._camera.close()


def pi_cameras() -> list[str]:
    """Return the names of the Pi's own cameras, by index; none where picamera2 is not installed.

    USB cameras come last and are left out, since OpenCV reads them.
    """
    if importlib.util.find_spec("picamera2") is None:
        return []
    try:
        known = importlib.import_module("picamera2").Picamera2.global_camera_info()
    except (ImportError, RuntimeError, OSError):  # installed but unusable: not on a Pi, or its devices are not ours to open
        return []
    return [str(camera.get("Model", "")) for camera in known if "usb" not in str(camera.get("Id", "")).lower()]
