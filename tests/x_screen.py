"""A real X screen without a monitor: Xvfb with a small window manager, real keys and a real mouse, screenshots."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from camdigits.vision.types import BgrImage

TOOLS = ("Xvfb", "openbox", "xdotool", "wmctrl", "xclip")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]
SCREEN_PX = (1500, 900)
DEADLINE_S = 30.0
"""How long anything is waited for before the test fails; never reached in a good run."""

X_NAMES = {
    " ": "space",
    "?": "question",
    "[": "bracketleft",
    "]": "bracketright",
    "-": "minus",
    "esc": "Escape",
    "tab": "Tab",
    "enter": "Return",
    "backspace": "BackSpace",
    "left": "Left",
    "right": "Right",
}
"""What X calls the keys of the table that it does not call by their own names."""

SECOND_TRY_S = 4.0
TRIES = 5

_ROOT = Path(__file__).resolve().parents[1]
_LOOK_AGAIN_S = 0.02


def wait_until(look: Callable[[], bool], what: str) -> None:
    """Look until `look` is true; fail after the deadline."""
    assert looked_in_time(look, DEADLINE_S), f"waited {DEADLINE_S:.0f} s in vain for {what}"


def looked_in_time(look: Callable[[], bool], deadline_s: float) -> bool:
    """Look until `look` is true; False when it was not in time."""
    end_s = time.monotonic() + deadline_s
    while not look():
        if time.monotonic() >= end_s:
            return False
        time.sleep(_LOOK_AGAIN_S)
    return True


class Program:
    """A running program with its lines; ended with the `with` block it is used in."""

    def __init__(self, arguments: Sequence[str], environment: dict[str, str]) -> None:
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        self._readers = [
            threading.Thread(target=self._collect, args=(stream, lines), daemon=True)
            for stream, lines in ((self._process.stdout, self.lines), (self._process.stderr, self.errors))
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self.wait()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def wait(self) -> int:
        """Wait for its end; gives its exit code."""
        code = self._process.wait(DEADLINE_S)
        for reader in self._readers:
            reader.join(DEADLINE_S)
        return code

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def running(self) -> bool:
        return self._process.poll() is None

    def wait_for(self, line: str, since: int = 0) -> None:
        """Wait until it has printed `line`, not counting its first `since` lines."""
        wait_until(lambda: line in self.lines[since:] or not self.running(), f"the line {line!r}")
        assert line in self.lines[since:], f"ended without the line {line!r}: {self.lines} {self.errors}"

    @staticmethod
    def _collect(stream: object, lines: list[str]) -> None:
        for line in stream:  # type: ignore[attr-defined]
            lines.append(line.rstrip("\n"))


def run_program(*arguments: str, display: str | None, home: Path) -> Program:
    """Start Python with `arguments` where there may be no screen, in an environment with little in it."""
    return Program([sys.executable, *arguments], _environment(display, home))


def _environment(display: str | None, home: Path) -> dict[str, str]:
    shown = {} if display is None else {"DISPLAY": display}
    return shown | {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT), "LC_ALL": "C.UTF-8"}


class Screen:
    """The screen, its mouse and its keys. Points are in pixels of a window's inside."""

    def __init__(self, display: str, frame_buffer: Path, home: Path) -> None:
        self._frame_buffer = frame_buffer
        self.environment = _environment(display, home)

    def start(self, *arguments: str) -> Program:
        """Start Python with `arguments` on this screen, in an environment with little in it."""
        return Program([sys.executable, *arguments], self.environment)

    def windows(self) -> list[str]:
        """The titles of the open windows."""
        listing = self._call("wmctrl", "-l")
        return [line.split(None, 3)[3] for line in listing.splitlines()]

    def window(self, title: str) -> str:
        """The id of the window named `title`, once it is there and in front: a press before that stays with the manager."""
        wait_until(lambda: title in self.windows(), f"the window {title!r}")
        window = self._call("xdotool", "search", "--onlyvisible", "--name", f"^{title}$").split()[-1]
        wait_until(lambda: self._call("xdotool", "getactivewindow").strip() == window, f"the window {title!r} in front")
        return window

    def size(self, window: str) -> tuple[int, int]:
        """Width and height of the window's inside."""
        facts = self._facts("getwindowgeometry", window)
        return facts["WIDTH"], facts["HEIGHT"]

    def picture(self, window: str) -> BgrImage:
        """What the screen shows from the window's upper left corner on, with the mouse out of the way."""
        x, y = self.on_screen(window, 0, 0)
        self._call("xdotool", "mousemove", *(str(side - 1) for side in SCREEN_PX))
        return self.screenshot()[y:, x:]

    def on_screen(self, window: str, x: int, y: int) -> tuple[int, int]:
        """A point of the window in pixels of the screen; the mouse goes there."""
        self.move(window, x, y)
        place = self._facts("getmouselocation")
        return place["X"], place["Y"]

    def screenshot(self) -> BgrImage:
        """The whole screen, uint8 (H, W, 3): Xvfb keeps it in a file, in the format of xwd.

        It is read until it is the same twice, since the server may be drawing the while.
        """
        data, last = self._frame_buffer.read_bytes(), b""
        while data != last:
            data, last = self._frame_buffer.read_bytes(), data
        header = np.frombuffer(data, ">u4", 25)
        start = int(header[0]) + int(header[19]) * 12
        width, height, line_bytes = int(header[4]), int(header[5]), int(header[12])
        pixels = np.frombuffer(data, np.uint8, height * line_bytes, start).reshape(height, line_bytes // 4, 4)
        return pixels[:, :width, :3]

    def move(self, window: str, x: int, y: int) -> None:
        self._call("xdotool", "mousemove", "--window", window, str(x), str(y))

    def press(self, button: int) -> None:
        self._call("xdotool", "mousedown", str(button))

    def release(self, button: int) -> None:
        self._call("xdotool", "mouseup", str(button))

    def click(self, window: str, x: int, y: int, button: int) -> None:
        self.move(window, x, y)
        self._call("xdotool", "click", str(button))

    def draw(self, window: str, *points: tuple[int, int]) -> None:
        """Draw on the page with the left button, each point once the ink has reached the one before it.

        The mouse of a test could be faster than any hand, and Qt passes on only the last of the moves that wait for it.
        """
        x, y = self.on_screen(window, *points[0])
        self.press(1)
        for _ in range(TRIES):
            if looked_in_time(lambda: self._is_inked(x, y), SECOND_TRY_S):
                break
            # The first presses on a window that was just mapped can stay with the window manager.
            self.release(1)
            self.press(1)
        self.drag(window, *points)
        self.release(1)

    def drag(self, window: str, *points: tuple[int, int]) -> None:
        """Move the pen that is down on the page, as `draw` does."""
        for point in points:
            x, y = self.on_screen(window, *point)
            wait_until(lambda x=x, y=y: self._is_inked(x, y), f"ink at {point}")

    def _is_inked(self, x: int, y: int) -> bool:
        # Left of and above the mouse's own arrow, which the screenshot shows too, but within the brush.
        return bool(self.screenshot()[y - 5, x - 5].max() < 128)

    def type_key(self, name: str) -> None:
        """Press and release a key, by the name it has in the table or by its X name, as "Shift_L"."""
        self._call("xdotool", "key", X_NAMES.get(name, name))

    def resize(self, window: str, width: int, height: int) -> None:
        self._call("xdotool", "windowsize", "--sync", window, str(width), str(height))

    def close(self, title: str) -> None:
        """Close a window as its close button does: the window manager sends WM_DELETE_WINDOW."""
        self._call("wmctrl", "-c", title)

    def _facts(self, command: str, *arguments: str) -> dict[str, int]:
        lines = self._call("xdotool", command, "--shell", *arguments).splitlines()
        return {name: int(value) for name, value in (line.split("=") for line in lines)}

    def _call(self, *command: str) -> str:
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        return done.stdout


@contextmanager
def x_screen(folder: Path) -> Iterator[Screen]:
    """A screen for as long as the block lasts; `folder` is for its files."""
    readable, writable = os.pipe()
    server = subprocess.Popen(
        [
            *("Xvfb", "-displayfd", str(writable), "-screen", "0", f"{SCREEN_PX[0]}x{SCREEN_PX[1]}x24"),
            *("-fbdir", str(folder), "-nolisten", "tcp", "-noreset"),
        ],
        pass_fds=(writable,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writable)
    try:
        with os.fdopen(readable) as numbers:
            display = ":" + numbers.readline().strip()
        screen = Screen(display, folder / "Xvfb_screen0", folder)
        manager = subprocess.Popen(["openbox"], env=screen.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: "Openbox" in screen._call("wmctrl", "-m"), "the window manager")
            yield screen
        finally:
            manager.terminate()
            manager.wait(DEADLINE_S)
    finally:
        server.terminate()
        server.wait(DEADLINE_S)
