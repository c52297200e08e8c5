"""FFmpeg and OpenCV, which would write to stderr what the user is told in better words."""

from __future__ import annotations

import ctypes
import os
import sys

import cv2


def silence() -> None:
    """Let them say nothing, unless whoever started the program has asked for it; before either is used."""
    if sys.platform == "win32":
        # There OpenCV's FFmpeg is a library with a log of its own, and with an older C library than Python's, in which the
        # environment stays as it was when the process began.
        for name, quiet in (("OPENCV_FFMPEG_LOGLEVEL", "-8"), ("OPENCV_LOG_LEVEL", "SILENT")):
            if name not in os.environ:
                ctypes.cdll.msvcrt._putenv(f"{name}={quiet}".encode())
    # FFmpeg inside OpenCV reads this when it is first used; -8 is its AV_LOG_QUIET. Whoever sets it sees the messages.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
