"""All of OpenCV's windows: shows a picture; reports keys, the mouse and the close button.

The code is written for the Qt window of OpenCV's Linux wheels; notes mark the behaviour that is Qt's. The windows of Windows
and macOS report the mouse in pixels of the picture as well.
"""

from __future__ import annotations

import ctypes
import glob
import math
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from camdigits.errors import WindowError
from camdigits.outputs.writers import fitted
from camdigits.runtime.clock import seconds
from camdigits.sources.ports import Pointer, UserInput
from camdigits.vision.types import BgrImage

_FLAGS = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
"""OpenCV's flags of the window: resizable, keeps the picture's proportions, without Qt's tool bar."""
_FIRST_SIZE_PX = (1440, 810)
"""Greatest size at which a window opens, pixels, so that it fits common screens. The user may enlarge it."""

_STEP_S = 0.01
"""Time that one step of `poll` waits, seconds."""
_MIN_SCALE = 0.1
"""Least scale of a picture in a window that the user has resized."""
_NAMED = {8: "backspace", 9: "tab", 10: "enter", 13: "enter", 27: "esc", 127: "backspace"}
"""Keys without a character, by their codes. Backspace and Enter have different codes on different systems."""
_ARROWS = {0xFF51: "left", 0xFF53: "right", 0xF702: "left", 0xF703: "right", 0x250000: "left", 0x270000: "right"}
"""Arrow keys by their codes of X, of macOS and of Windows."""
_BUTTON_FLAGS = cv2.EVENT_FLAG_LBUTTON | cv2.EVENT_FLAG_RBUTTON
"""OpenCV's flags of the buttons that are pressed."""
_PROBE_S = 20.0
"""Longest time that the probe of the display may take, seconds."""
_PROBE = """
import ctypes, sys
for library in sys.argv[1:]:
    ctypes.CDLL(library)
xcb = ctypes.CDLL("libxcb.so.1")
xcb.xcb_connect.restype = ctypes.c_void_p
sys.exit(xcb.xcb_connection_has_error(ctypes.c_void_p(xcb.xcb_connect(None, None))))
"""
"""Program that connects to the X display as Qt would, without a window that would flash up.

It also loads Qt's plugin, since libraries that the plugin needs may be missing.
"""

_QT_SET_ATTRIBUTE = "_ZN14QtOpenCVPython16QCoreApplication12setAttributeENS_2Qt20ApplicationAttributeEb"
"""Symbol of QCoreApplication::setAttribute, in the namespace that OpenCV's wheels give Qt 5."""
_QT_COMPRESS_MOVES = 25
"""Qt's attribute AA_CompressHighFrequencyEvents."""

_X11_XCB = "libX11-xcb.so.1"
"""The library by which Qt tells Xlib to leave events alone."""

_INSTEAD = "`camdigits read SOURCE` reads without a window"
"""End of the messages of `check_display`: what works without a display."""

_DOWN_OR_UP: dict[int, tuple[Literal["down", "up"], Literal["left", "right"]]] = {
    cv2.EVENT_LBUTTONDOWN: ("down", "left"),
    # The second press of a double click is an event of its own. Windows sends it in place of a press, Qt after one.
    cv2.EVENT_LBUTTONDBLCLK: ("down", "left"),
    cv2.EVENT_LBUTTONUP: ("up", "left"),
    cv2.EVENT_RBUTTONDOWN: ("down", "right"),
    cv2.EVENT_RBUTTONDBLCLK: ("down", "right"),
    cv2.EVENT_RBUTTONUP: ("up", "right"),
}
"""Action and button of OpenCV's mouse events."""


def check_display() -> None:
    """Raise WindowError, with a message of one line, where no window can be opened.

    Qt ends the whole process when it finds no display, so a child process tries first.
    """
    if _is_headless_opencv():
        raise WindowError(f"this OpenCV was built without windows (install opencv-python, not -headless); {_INSTEAD}")
    if not sys.platform.startswith("linux") or not cv2.currentUIFramework().startswith("QT"):
        return
    display = os.environ.get("DISPLAY")
    if not display:
        raise WindowError(f"there is no display to open a window on (DISPLAY is not set); {_INSTEAD}")
    if not _can_reach_display():
        raise WindowError(f"no window can be opened on display {display}; {_INSTEAD}")


def _is_headless_opencv() -> bool:
    try:
        return not cv2.currentUIFramework()
    except cv2.error:
        return True


def _can_reach_display() -> bool:
    plugin = Path(os.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH", ""), "platforms", "libqxcb.so")
    libraries = [str(plugin)] if plugin.is_file() else []
    try:
        child = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _PROBE, *libraries],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PROBE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return child.returncode == 0


def _quieten_qt() -> None:
    """Keep Qt's warnings (fonts it does not need, directories it makes itself) off stderr; the user's own settings win."""
    if not sys.platform.startswith("linux"):
        return
    os.environ.setdefault("QT_LOGGING_RULES", "*.debug=false;*.info=false;*.warning=false")
    if os.environ.get("DISPLAY") and not _has_qt_platform(os.environ.get("QT_QPA_PLATFORM", "")):
        # The wheels carry no Wayland plugin. Without this line, Qt warns in a Wayland session and then uses X anyway. It ends
        # the process where another program's setting asks for a plugin that is missing.
        os.environ["QT_QPA_PLATFORM"] = "xcb"


def _has_qt_platform(names: str) -> bool:
    """Return whether OpenCV's Qt has one of the platforms named as in QT_QPA_PLATFORM: `wayland;xcb:options`.

    A Qt of the system is taken to have what its user names, since it is not known where its plugins lie.
    """
    plugins = os.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH")
    if plugins is None:
        return bool(names)
    folder = Path(plugins, "platforms")
    wanted = [name.partition(":")[0].strip() for name in names.split(";")]
    return any(name and next(folder.glob(f"*q{glob.escape(name)}.*"), None) is not None for name in wanted)


def _keep_events_for_qt() -> None:
    """Load the system's libX11-xcb before Qt connects, so that Qt and not Xlib takes the events of X.

    Qt uses libX11-xcb to tell Xlib to leave events alone. OpenCV's wheels carry that library, but not libX11, and their copy
    writes where older ones looked. Xlib then takes the events that have come when Qt first sets its cursor. On a busy machine
    these include the news that the new window is visible, and nothing is ever painted.

    A library that is loaded globally goes before the one of the plugin. Where the system has none, a window may stay empty; it
    is painted once it is minimized and brought back.
    """
    if sys.platform.startswith("linux"):
        with suppress(OSError):
            ctypes.CDLL(_X11_XCB, mode=ctypes.RTLD_GLOBAL)


def _hear_every_move() -> None:
    """Let Qt pass on every movement of the mouse; call this once a window is open.

    Otherwise Qt drops all but the last of those that wait while a picture is read, and a stroke begun then loses its bend.
    OpenCV has no call for it. Where the wheel's own Qt is not found, strokes have fewer points.
    """
    for library in sorted(Path(cv2.__file__).parents[1].glob("opencv_python*.libs/libQt5Core*")):
        try:
            set_attribute = getattr(ctypes.CDLL(str(library)), _QT_SET_ATTRIBUTE)
        except (OSError, AttributeError):
            continue
        set_attribute.restype, set_attribute.argtypes = None, (ctypes.c_int, ctypes.c_bool)
        set_attribute(_QT_COMPRESS_MOVES, False)


class CvWindow:
    """A window of OpenCV's, opened by the first picture (live.ports.Window).

    Once the user has closed it, it stays closed until `open_again`: `show` does nothing, and `poll` reports it closed.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._picture: BgrImage | None = None
        self._scale = 1.0
        self._given_px = (0, 0)
        self._inside_px = (0, 0)
        self._scale_shown = 1.0
        self._corner_px = (0, 0)
        self._is_of_other_shape = False
        self._full_screen = False
        self._closed = False
        self._zoomed = False
        self._pointers: list[Pointer] = []
        self._pressed_buttons: frozenset[str] = frozenset()

    def show(self, picture: BgrImage, keeps_size: bool = False) -> None:
        """Show `picture`, uint8 (H, W, 3).

        The window takes the picture's shape when it opens, and when that shape changes. If it `keeps_size`, it stays as it is
        and the picture is shown as large as fits.
        """
        if self._gone():
            return
        before, self._picture = self._picture, picture
        if before is None:
            self._given_px = _size_px(picture, self._scale, _FIRST_SIZE_PX)
            self._open(self._given_px)
            if self._full_screen:
                self.set_full_screen(True)
        elif before.shape != picture.shape:
            self._is_of_other_shape = keeps_size
            if not self._full_screen and not keeps_size:
                self._fit(before, picture)
        self._put_up()

    def set_full_screen(self, on: bool) -> None:
        self._full_screen = on
        if self._picture is not None and not self._gone():
            cv2.setWindowProperty(self._title, cv2.WND_PROP_FULLSCREEN, cv2.WINDOW_FULLSCREEN if on else cv2.WINDOW_NORMAL)

    def poll(self, wait_s: float) -> UserInput:
        """Return what the user did. Waits at most about `wait_s` seconds, and no longer once they did something."""
        deadline_s = seconds() + wait_s
        keys: list[str] = []
        while not self._gone():
            remaining_s = deadline_s - seconds()
            pressed = self._pressed(min(_STEP_S, remaining_s))
            keys += pressed
            if pressed or self._pointers or remaining_s <= _STEP_S:
                break
        if self._zoomed and not self._gone():
            self._undo_zoom()
        if self._picture is not None and not self._gone() and self._size_inside_px() != self._inside_px:
            self._put_up()
        pointers, self._pointers = tuple(self._pointers), []
        return UserInput(tuple(keys), pointers, self._closed)

    def open_again(self) -> None:
        """Open the window again with the next picture, after the user has closed it."""
        self._closed, self._picture, self._is_of_other_shape = False, None, False

    def close(self) -> None:
        if self._picture is not None and not self._gone():
            cv2.destroyWindow(self._title)
        self._closed = True

    def _gone(self) -> bool:
        if not self._closed and self._picture is not None:
            try:
                self._closed = cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1
            except cv2.error:
                # Qt has removed the window altogether; showing a picture now would open another one.
                self._closed = True
        return self._closed

    def _open(self, size_px: tuple[int, int]) -> None:
        _quieten_qt()
        _keep_events_for_qt()
        cv2.namedWindow(self._title, _FLAGS)
        _hear_every_move()
        cv2.resizeWindow(self._title, *size_px)
        cv2.setMouseCallback(self._title, self._on_mouse)

    def _put_up(self) -> None:
        """Give OpenCV the picture at the size it will have, since Qt drops rows and columns where it scales by itself."""
        if self._picture is None:
            return
        self._inside_px = self._size_inside_px()
        picture, self._scale_shown, self._corner_px = self._picture, 1.0, (0, 0)
        if cv2.currentUIFramework().startswith("QT") and min(self._inside_px) > 1:
            scale = min(self._inside_px[0] / picture.shape[1], self._inside_px[1] / picture.shape[0])
            if self._is_of_other_shape:  # Qt would stretch it
                self._put_up_amid(picture, scale)
                return
            size_px = max(round(picture.shape[1] * scale), 1), max(round(picture.shape[0] * scale), 1)
            if size_px != (picture.shape[1], picture.shape[0]):
                smoothing = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
                picture, self._scale_shown = np.asarray(cv2.resize(picture, size_px, interpolation=smoothing), np.uint8), scale
        cv2.imshow(self._title, picture)

    def _put_up_amid(self, picture: BgrImage, scale: float) -> None:
        """Give OpenCV the picture in the middle of one that has the window's shape."""
        width_px, height_px = self._inside_px
        self._scale_shown = scale
        self._corner_px = round((width_px - picture.shape[1] * scale) / 2), round((height_px - picture.shape[0] * scale) / 2)
        cv2.imshow(self._title, fitted(picture, width_px, height_px))

    def _size_inside_px(self) -> tuple[int, int]:
        _, _, width_px, height_px = cv2.getWindowImageRect(self._title)
        return width_px, height_px

    def _fit(self, before: BgrImage, picture: BgrImage) -> None:
        """Give the window the shape of `picture`, at the scale of the picture before."""
        shown_px = cv2.getWindowImageRect(self._title)[2:]
        if max(abs(shown_px[0] - self._given_px[0]), abs(shown_px[1] - self._given_px[1])) > 2:
            # The user has resized the window since.
            self._scale = max(min(shown_px[0] / before.shape[1], shown_px[1] / before.shape[0]), _MIN_SCALE)
        self._given_px = _size_px(
            picture, self._scale, (max(_FIRST_SIZE_PX[0], shown_px[0]), max(_FIRST_SIZE_PX[1], shown_px[1]))
        )
        cv2.resizeWindow(self._title, *self._given_px)

    def _pressed(self, wait_s: float) -> list[str]:
        """Return the keys that come within `wait_s` seconds (at least a millisecond) and those that wait behind them."""
        keys = []
        code = _wait_key(max(int(wait_s * 1000), 1))
        while code != -1:
            keys += _key(code)
            code = -1 if self._gone() else _wait_key(1)
        return keys

    def _on_mouse(self, event: int, x: int, y: int, flags: int, _: Any) -> None:
        # Use the middle of a displayed pixel, since several pixels of the picture may lie under it.
        left_px, top_px = self._corner_px
        x, y = math.floor((x - left_px + 0.5) / self._scale_shown), math.floor((y - top_px + 0.5) / self._scale_shown)
        if event in _DOWN_OR_UP:
            action, button = _DOWN_OR_UP[event]
            if action == "down" and button in self._pressed_buttons:
                return
            self._pressed_buttons = self._pressed_buttons - {button} if action == "up" else self._pressed_buttons | {button}
            self._pointers.append(Pointer(action, button, x, y))
        elif event == cv2.EVENT_MOUSEMOVE:
            if not flags & _BUTTON_FLAGS:
                # A release outside the window may never be reported.
                self._pressed_buttons = frozenset()
            self._pointers.append(Pointer("move", "left" if flags & cv2.EVENT_FLAG_LBUTTON else "none", x, y))
        elif event == cv2.EVENT_MOUSEWHEEL and cv2.currentUIFramework().startswith("QT"):
            self._zoomed = True

    def _undo_zoom(self) -> None:
        """Open the window anew where it was: the wheel zooms the picture in Qt, which can be neither forbidden nor undone."""
        self._zoomed = False
        x_px, y_px, width_px, height_px = cv2.getWindowImageRect(self._title)
        cv2.destroyWindow(self._title)
        self._open((width_px, height_px))
        cv2.moveWindow(self._title, x_px, y_px)
        if self._full_screen:
            self.set_full_screen(True)
        self._put_up()


def _size_px(picture: BgrImage, scale: float, max_px: tuple[int, int]) -> tuple[int, int]:
    """Return width and height of a window for `picture` at `scale`, or at what fits into `max_px`."""
    height_px, width_px = picture.shape[:2]
    scale = min(scale, max_px[0] / width_px, max_px[1] / height_px)
    return max(round(width_px * scale), 1), max(round(height_px * scale), 1)


def _wait_key(wait_ms: int) -> int:
    """Call `cv2.waitKeyEx`, and raise what a mouse callback raised meanwhile, which OpenCV would only print.

    Ctrl-C is raised in whatever runs next. While the mouse moves, that is such a callback.
    """
    raised: list[BaseException] = []
    before, sys.excepthook = sys.excepthook, lambda kind, error, trace: raised.append(error)  # noqa: ARG005
    try:
        code = cv2.waitKeyEx(wait_ms)
    finally:
        sys.excepthook = before
    if raised:
        raise raised[0]
    return code


def _key(code: int) -> list[str]:
    """Return the key of a `waitKeyEx` code as in `UserInput.keys`; none for other keys without a character (Shift, F1)."""
    # GTK sets high bits for Num Lock and the like. A letter means the same with Caps Lock on.
    character = code & 0xFFFF
    named = _ARROWS.get(code) or _ARROWS.get(character) or _NAMED.get(character)
    if named is not None:
        return [named]
    return [chr(character).lower()] if 32 <= character < 127 else []
