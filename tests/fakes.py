"""Stand-ins for the outside world: a clock, a capture with a script, a source of given pictures."""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import cv2
import numpy as np
import pytest

from camdigits.sources.ports import FrameSource, UserInput
from camdigits.vision.types import BgrImage, Frame

WAIT_S = 10.0
"""How long a test waits for another thread before it fails; never reached in a good run."""


class FakeClock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


class Gate:
    """A place where a capture call hangs until the test opens it; `reached` says that it is there."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._opened = threading.Event()

    def wait(self) -> None:
        self.reached.set()
        self._opened.wait(WAIT_S)

    def open(self) -> None:
        self._opened.set()

    @property
    def is_open(self) -> bool:
        return self._opened.is_set()


Step = BgrImage | None | Gate | Exception


class FakeCapture:
    """Plays a script as cv2.VideoCapture would: arrays are frames, None a failed read, a Gate hangs, then goes on.

    Each read takes `period_s` on `clock`. After the script every read fails.
    """

    def __init__(
        self,
        script: Iterable[Step] = (),
        *,
        clock: FakeClock | None = None,
        period_s: float = 0.0,
        opened: bool = True,
        properties: dict[int, float] | None = None,
    ) -> None:
        self.asked: list[tuple[int, float]] = []
        self.released = threading.Event()
        self.reads = 0
        self._script = iter(script)
        self._clock, self._period_s, self._opened = clock, period_s, opened
        self._properties = properties or {}

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self._opened and not self.released.is_set()

    def read(self) -> tuple[bool, BgrImage | None]:
        self.reads += 1
        step = next(self._script, None)
        while isinstance(step, Gate):
            step.wait()
            step = next(self._script, None)
        if self._clock is not None:
            self._clock.advance(self._period_s)
        if isinstance(step, Exception):
            raise step
        return step is not None, step

    def get(self, prop: int, /) -> float:
        return self._properties.get(prop, 0.0)

    def set(self, prop: int, value: float, /) -> bool:
        self.asked.append((prop, value))
        return True

    def release(self) -> None:
        self.released.set()


class FakeSource:
    """A recorded source of given pictures, `frame_period_s` apart; `fails_with` is raised in place of the end."""

    def __init__(
        self,
        pictures: Sequence[BgrImage],
        *,
        name: str = "fake",
        live: bool = False,
        frame_period_s: float = 0.04,
        notice: str = "",
        fails_with: Exception | None = None,
    ) -> None:
        self.name, self.live, self.frame_period_s, self.notice = name, live, frame_period_s, notice
        self.pictures = False
        self.frame_count: int | None = None if live else len(pictures)
        self.inputs: list[UserInput] = []
        self.closed = False
        self.loss = ""
        self._pictures, self._fails_with = pictures, fails_with

    def read(self, user_input: UserInput) -> Frame | None:
        index = len(self.inputs)
        self.inputs.append(user_input)
        if index < len(self._pictures):
            return Frame(self._pictures[index], index, index * self.frame_period_s)
        if self._fails_with is not None:
            raise self._fails_with
        return None

    def close(self) -> None:
        self.closed = True


def frames_of(source: FrameSource) -> list[Frame]:
    """All frames of a source, which is closed."""
    frames = []
    while (frame := source.read(UserInput())) is not None:
        frames.append(frame)
    source.close()
    return frames


def plain(value: int, width: int = 64, height: int = 48) -> BgrImage:
    """A picture of one grey, uint8 (height, width, 3)."""
    return np.full((height, width, 3), value, np.uint8)


@contextmanager
def unprivileged_folder() -> Iterator[Path]:
    """An empty folder, to be used as somebody who is not root; skips the test where permissions work otherwise."""
    if not hasattr(os, "geteuid"):
        pytest.skip("permissions work otherwise here")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if was_root:
            os.seteuid(0)
        folder.chmod(0o777)
        shutil.rmtree(folder)


def hollow_png(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is so large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def opencv_error(code: int) -> cv2.error:
    error = cv2.error("OpenCV: (-4:Insufficient memory) Failed to allocate 1200000000 bytes")
    error.code = code
    return error


def raise_(error: Exception) -> NoReturn:
    raise error


class SameProcess:
    """A ProcessPoolExecutor that runs each call at once, here."""

    def __init__(self, _workers: int, initializer: Callable[..., None], initargs: tuple[Any, ...]) -> None:
        initializer(*initargs)

    def __enter__(self) -> SameProcess:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, call: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(call(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future
