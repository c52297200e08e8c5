"""A Raspberry Pi's own cameras, which OpenCV cannot read: through picamera2, where the system has it.

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


class PiCapture:
    """One of the Pi's cameras as a `live.Capture`, giving pictures of `size` (width, height) as BGR, uint8 (H, W, 3).

    Raises SourceError when the camera is not there or in use.
    """

    def __init__(self, index: int, size: tuple[int, int]) -> None:
        library = importlib.import_module("picamera2")
        try:
            self._camera: Any = library.Picamera2(index)
            # What libcamera calls RGB888 lies in memory as blue, green, red.
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
        """The frame rate, where it is asked for; 0 is not known."""
        if propId != cv2.CAP_PROP_FPS:
            return 0.0
        duration_us = self._camera.capture_metadata().get("FrameDuration", 0)
        return _MICROSECONDS / duration_us if duration_us else 0.0

    def set(self, propId: int, value: float, /) -> bool:  # noqa: ARG002, N803
        """Nothing: a camera is configured when it is opened."""
        return False

    def release(self) -> None:
        if self._open:
            self._open = False
            self._camera.stop()
            self._camera.close()


def pi_cameras() -> list[str]:
    """The names of the Pi's own cameras, in the order of their indices; those at USB, which OpenCV reads, come last and are
    left out. Empty where picamera2 is not installed."""
    if importlib.util.find_spec("picamera2") is None:
        return []
    try:
        known = importlib.import_module("picamera2").Picamera2.global_camera_info()
    except (ImportError, RuntimeError, OSError):  # installed, and unusable: not on a Pi, or no right to its devices
        return []
    return [str(camera.get("Model", "")) for camera in known if "usb" not in str(camera.get("Id", "")).lower()]
