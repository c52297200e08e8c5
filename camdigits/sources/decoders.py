"""Silence for FFmpeg and OpenCV, whose messages on stderr the program replaces by clearer ones."""

from __future__ import annotations

import ctypes
import os
import sys

import cv2


def silence() -> None:
    """Silence FFmpeg and OpenCV, unless the environment asks for their messages. Call it before either is used."""
    if sys.platform == "win32":
        # On Windows OpenCV's FFmpeg has a log of its own, and an older C library than Python's. In that library the
        # environment stays as it was at the start of the process.
        for name, quiet in (("OPENCV_FFMPEG_LOGLEVEL", "-8"), ("OPENCV_LOG_LEVEL", "SILENT")):
            if name not in os.environ:
                ctypes.cdll.msvcrt._putenv(f"{name}={quiet}".encode())
    # FFmpeg inside OpenCV reads this at its first use; -8 is its AV_LOG_QUIET.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
