"""`camdigits live` in a process of its own, with all that is real but the screen: what would be seen is told line by line.

    python -m tests.faults.headless live SOURCE

It prints a JSON object whenever what is told, the picture's size, or whether the picture moves has changed; it takes keys
from stdin, a line each, and the words `close` (the window's button) and `resources`.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from queue import Empty, SimpleQueue
from typing import Any

from camdigits import cli
from camdigits.live import screen
from camdigits.live.controls import View
from camdigits.live.overlay import Labels, Status, draw
from camdigits.sources.ports import UserInput
from camdigits.vision.types import BgrImage, Frame, Scene
from tests.faults.resources import Resources

FRAMES_APART = 10
"""So many new frames are told of as one line: that the picture moves."""


class Screen:
    """A window (live.ports.Window) that nobody sees."""

    last: tuple[Any, ...] = ()
    frames = 0

    def __init__(self, title: str) -> None:  # noqa: ARG002 - a window has one
        self._lines: SimpleQueue[str] = SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in sys.stdin:
            self._lines.put(line.rstrip("\n"))

    def open_again(self) -> None:
        """Nobody is asked anything here."""

    def show(self, picture: BgrImage, keeps_size: bool = False) -> None:  # noqa: ARG002 - a Window
        assert picture.ndim == 3

    def set_full_screen(self, on: bool) -> None:
        tell(full_screen=on)

    def poll(self, wait_s: float) -> UserInput:
        try:
            line = self._lines.get(timeout=wait_s)
        except Empty:
            return UserInput()
        if line == "resources":
            held = Resources.now()
            tell(threads=dict(held.threads), descriptors=dict(held.descriptors), memory_mb=round(held.memory_mb, 1))
            return UserInput()
        return UserInput(closed=True) if line == "close" else UserInput(keys=(line,))

    def close(self) -> None:
        tell(closed=time.monotonic())


def drawn(frame: Frame, scene: Scene, view: View, status: Status, labels: Labels) -> BgrImage:
    """Draw as the app does, and tell of it."""
    moving = frame.index // FRAMES_APART
    seen = (status.lost, re.sub(r"\d+ s", "N s", status.notice), frame.image.shape, moving, view)
    if seen != Screen.last:
        Screen.last = seen
        height, width = frame.image.shape[:2]
        tell(lost=status.lost, notice=status.notice, size=[width, height], index=frame.index, mode=view.mode.value)
    return draw(frame, scene, view, status, labels)


def tell(**what: Any) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201


if __name__ == "__main__":
    screen.draw = drawn
    import camdigits.live.window as window

    window.CvWindow = Screen  # type: ignore[assignment,misc]
    window.check_display = lambda: None
    cli.main()
