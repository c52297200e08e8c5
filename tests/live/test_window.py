"""The window on a real X screen, with real mouse and key events; and what happens where there is no screen."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from camdigits.errors import WindowError
from camdigits.live.controls import BINDINGS
from camdigits.live.window import CvWindow, _quieten_qt, check_display
from tests.x_screen import MISSING, SCREEN_PX, Program, Screen, wait_until, x_screen

needs_screen = pytest.mark.skipif(bool(MISSING), reason=f"no X screen can be made here: {', '.join(MISSING)} not installed")
only_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="DISPLAY is a thing of Linux")

TITLE = "camdigits"
PAGE_PX = 640

REPORT = """
import numpy as np
from camdigits.live.window import CvWindow
window, picture, full = CvWindow("camdigits"), np.full((640, 1280, 3), 255, np.uint8), False
picture[:, 636:644] = 0
shapes = {"1": (640, 640, 3), "2": (640, 1280, 3), "3": (640, 1920, 3)}
window.show(picture)
window.poll(0.01)
print("ready", flush=True)
while True:
    turn = window.poll(0.05)
    for key in turn.keys:
        print("key", key, flush=True)
        if key == "f":
            full = not full
            window.set_full_screen(full)
        if key in shapes:
            window.show(np.full(shapes[key], 255, np.uint8))
        if key == "4":
            striped = np.zeros((1920, 3840, 3), np.uint8)
            striped[:, ::2] = 255
            window.show(striped)
    for pointer in turn.pointers:
        print(*pointer, flush=True)
    if turn.closed:
        break
window.show(picture)
print("closed", window.poll(0.3).closed, flush=True)
window.close()
"""
"""Says what the window hears; `f` is full screen, 1 to 3 show pictures so many times as wide as half the canvas, 4 stripes."""

OPEN = """
import numpy as np
from camdigits.live.window import CvWindow
window = CvWindow("camdigits")
window.show(np.full((640, 1280, 3), 255, np.uint8))
window.poll(0.01)
window.close()
"""

APP = """
from pathlib import Path
from camdigits.live.controls import Mode, View
from camdigits.live.canvas import CanvasSource
from camdigits.runtime.clock import seconds
from camdigits.live.window import CvWindow, check_display
from camdigits.live import loop
from camdigits.live.ports import Outputs
from tests.fake_screen import BlobReader
check_display()
class Canvas:
    def open(self, mode):
        return CanvasSource(), BlobReader()
loop.run(Canvas(), CvWindow("camdigits"), seconds, Outputs(lambda picture, scene: Path("x.png")), View(mode=Mode.CANVAS))
"""


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    with x_screen(tmp_path_factory.mktemp("screen")) as made:
        yield made


@pytest.fixture
def report(screen: Screen) -> Iterator[Program]:
    with screen.start("-c", REPORT) as program:
        program.wait_for("ready")
        window = screen.window(TITLE)
        wait_until(lambda: screen.size(window) == (1280, 640), "the window's first size")
        # A window opens with smaller sizes and pictures, which Qt may not have done with; the mouse is heard behind them.
        for place in (50, 60):
            screen.move(window, place, place)
        wait_until(lambda: any(line.startswith("move") for line in program.lines), "the mouse")
        yield program


def label_at(screen: Screen, window: str, x: int, y: int) -> bool:
    """Whether a large label's blue is near that place of the picture."""
    near = screen.picture(window)[y - 30 : y + 30, x - 30 : x + 30]
    return int(np.count_nonzero((near == (178, 114, 0)).all(axis=2))) > 20


def ink_at(screen: Screen, window: str, x: int, y: int) -> bool:
    return bool((screen.picture(window)[y, x] < 60).all())


def wait_until_painted(screen: Screen, window: str, divider: tuple[int, int]) -> None:
    """Wait until the divider is at that place: X tells a window's new size before the window has taken it."""
    x, y = divider

    def painted() -> bool:
        picture = screen.picture(window)
        return bool(picture[y, x].max() < 100 and picture[y, x - 20].min() > 200 and picture[y, x + 20].min() > 200)

    wait_until(painted, "the picture at its new size")


def hears(screen: Screen, report: Program, window: str, at: tuple[int, int], expected: tuple[int, int]) -> None:
    """Click at a place of the window and compare with what was heard, give or take a pixel."""
    since = len(report.lines)
    screen.click(window, *at, 1)
    wait_until(lambda: any(line.startswith("up left") for line in report.lines[since:]), "the click")
    heard = next(line for line in report.lines[since:] if line.startswith("down left"))
    assert [int(value) for value in heard.split()[2:]] == pytest.approx(expected, abs=1)


@needs_screen
def test_every_key_of_the_table_is_heard_as_it_is_named_there(screen: Screen, report: Program) -> None:
    screen.move(screen.window(TITLE), 100, 100)
    keys = [key for binding in BINDINGS for key in binding.keys if key != "f"]
    for key in [*keys, "?", "[", "]"]:
        since = len(report.lines)
        screen.type_key(key)
        report.wait_for(f"key {key}", since)
    screen.type_key("H")
    report.wait_for("key h", len(report.lines) - 1)
    assert not report.errors


@needs_screen
@only_linux
def test_qt_keeps_the_events_of_x_by_the_library_that_fits_the_systems_xlib(screen: Screen, tmp_path: Path) -> None:
    # By another one Xlib may take them; that is seen on a busy machine only, as a window that is never painted.
    tell_bindings = {"LD_DEBUG": "bindings", "LD_DEBUG_OUTPUT": str(tmp_path / "loader")}
    with Program([sys.executable, "-c", OPEN], screen.environment | tell_bindings) as program:
        assert program.wait() == 0
    lines = "".join(file.read_text() for file in tmp_path.iterdir()).splitlines()
    (bound,) = (line for line in lines if "symbol `XSetEventQueueOwner'" in line)
    assert "libQt5XcbQpa" in bound
    assert re.search(r" to \S*/libX11-xcb\.so\.1 ", bound), bound


@needs_screen
def test_keys_without_a_character_say_nothing(screen: Screen, report: Program) -> None:
    screen.move(screen.window(TITLE), 100, 100)
    for name in ("Shift_L", "Up", "F1", "Insert", "q"):
        screen.type_key(name)
    report.wait_for("key q")
    assert [line for line in report.lines if line.startswith("key")] == ["key q"]


@needs_screen
def test_both_buttons_are_heard_with_their_release_and_others_are_not(screen: Screen, report: Program) -> None:
    window = screen.window(TITLE)
    screen.click(window, 100, 50, 2)
    screen.click(window, 100, 50, 1)
    screen.click(window, 300, 50, 3)
    report.wait_for("up right 300 50")
    heard = [line for line in report.lines if line.split()[0] in ("down", "up")]
    assert heard == ["down left 100 50", "up left 100 50", "down right 300 50", "up right 300 50"]


@needs_screen
def test_a_double_click_is_two_presses(screen: Screen, report: Program) -> None:
    window = screen.window(TITLE)
    screen.click(window, 200, 200, 1)
    screen.click(window, 200, 200, 1)
    wait_until(lambda: report.lines.count("up left 200 200") == 2, "the second release")
    assert report.lines.count("down left 200 200") == 2


@needs_screen
def test_moves_tell_whether_the_left_button_is_down(screen: Screen, report: Program) -> None:
    window = screen.window(TITLE)
    screen.move(window, 150, 150)
    report.wait_for("move none 150 150")
    screen.press(1)
    screen.move(window, 250, 150)
    screen.release(1)
    report.wait_for("move left 250 150")


@needs_screen
def test_every_move_is_heard_however_busy_the_program_is_meanwhile(screen: Screen, report: Program) -> None:
    window = screen.window(TITLE)
    screen.move(window, 100, 100)
    report.wait_for("move none 100 100")
    screen.press(1)
    report.wait_for("down left 100 100")
    since = len(report.lines)
    path = [(100 + 7 * step, 100 + step * step // 2) for step in range(1, 25)]
    report.signal(signal.SIGSTOP)
    for x, y in path:
        screen.move(window, x, y)
    report.signal(signal.SIGCONT)
    screen.release(1)
    report.wait_for(f"up left {path[-1][0]} {path[-1][1]}", since)
    moves = [line for line in report.lines[since:] if line.startswith("move left")]
    assert moves == [f"move left {x} {y}" for x, y in path]


@needs_screen
@pytest.mark.parametrize("size", [(900, 640), (1280, 400), (500, 250), (1400, 700)])
def test_the_mouse_is_told_in_pixels_of_the_picture_in_a_resized_window(
    screen: Screen, report: Program, size: tuple[int, int]
) -> None:
    window = screen.window(TITLE)
    screen.resize(window, *size)
    scale = min(size[0] / 1280, size[1] / 640)
    left, top = (size[0] - 1280 * scale) / 2, (size[1] - 640 * scale) / 2
    divider = round(left + 640 * scale), round(top + 600 * scale)
    wait_until_painted(screen, window, divider)
    for x, y in [(100, 100), (639, 320), (1200, 600)]:
        hears(screen, report, window, (int(left + x * scale), int(top + y * scale)), (x, y))


@needs_screen
def test_full_screen_fills_the_screen_keeps_the_mouse_right_and_goes_back(screen: Screen, report: Program) -> None:
    window = screen.window(TITLE)
    screen.move(window, 100, 100)
    screen.type_key("f")
    wait_until(lambda: screen.size(window) == SCREEN_PX, "full screen")
    scale = SCREEN_PX[0] / 1280
    top = (SCREEN_PX[1] - 640 * scale) / 2
    wait_until_painted(screen, window, (round(640 * scale), round(top + 630 * scale)))
    hears(screen, report, window, (int(200 * scale), int(top + 300 * scale)), (200, 300))
    screen.type_key("f")
    wait_until(lambda: screen.size(window) == (1280, 640), "the former size")


@needs_screen
def test_the_window_takes_the_shape_of_a_new_picture(screen: Screen, report: Program) -> None:
    window = screen.window(TITLE)
    screen.move(window, 100, 100)
    screen.type_key("1")
    wait_until(lambda: screen.size(window) == (640, 640), "the new shape")
    wait_until(lambda: bool((screen.picture(window)[:640, :640] > 200).all()), "the new picture")
    hears(screen, report, window, (320, 500), (320, 500))


@needs_screen
@pytest.mark.usefixtures("report")
def test_a_panel_that_comes_and_goes_fits_common_screens_and_leaves_the_window_as_it_was(screen: Screen) -> None:
    window = screen.window(TITLE)
    screen.move(window, 100, 100)
    screen.type_key("3")
    wait_until(lambda: screen.size(window) == (1440, 480), "the wide picture")
    screen.type_key("2")
    wait_until(lambda: screen.size(window) == (1280, 640), "the former size")


@needs_screen
def test_a_picture_larger_than_its_window_loses_no_fine_line_and_keeps_the_mouse_right(screen: Screen, report: Program) -> None:
    window = screen.window(TITLE)
    screen.move(window, 100, 100)
    screen.type_key("4")
    wait_until(lambda: screen.size(window) == (1440, 720), "the large picture")
    wait_until(lambda: bool(np.ptp(screen.picture(window)[50:700, 50:1400]) < 100), "grey, not every other stripe")
    hears(screen, report, window, (720, 360), (1920, 960))


@needs_screen
def test_a_window_the_user_has_resized_keeps_its_scale(screen: Screen, report: Program) -> None:
    window = screen.window(TITLE)
    screen.move(window, 100, 100)
    screen.resize(window, 640, 320)
    wait_until_painted(screen, window, (320, 300))
    hears(screen, report, window, (100, 100), (200, 200))
    screen.type_key("1")
    wait_until(lambda: screen.size(window) == (320, 320), "the new shape at the user's scale")


@needs_screen
def test_the_wheel_neither_zooms_nor_moves_the_picture(screen: Screen, report: Program) -> None:
    window = screen.window(TITLE)
    screen.click(window, 200, 200, 4)

    def unzoomed() -> bool:
        shown = screen.window(TITLE)
        picture = screen.picture(shown)
        return screen.size(shown) == (1280, 640) and picture[300, 640].max() < 50 and picture[300, 646].min() > 200

    wait_until(unzoomed, "the picture as it was")
    hears(screen, report, screen.window(TITLE), (400, 300), (400, 300))
    assert report.running()


@needs_screen
def test_a_window_closed_by_its_button_stays_closed(screen: Screen, report: Program) -> None:
    screen.close(TITLE)
    report.wait_for("closed True")
    assert TITLE not in screen.windows()
    assert report.wait() == 0
    assert not report.errors


@needs_screen
def test_a_digit_drawn_with_the_mouse_is_labelled_beside_and_wiped_by_the_right_button(screen: Screen) -> None:
    with screen.start("-c", APP) as program:
        window = screen.window(TITLE)
        wait_until(lambda: screen.size(window) == (2 * PAGE_PX, PAGE_PX), "the window's first size")
        screen.draw(window, (200, 150), (250, 180), (200, 250), (200, 350))
        wait_until(lambda: ink_at(screen, window, 200, 300), "the stroke")
        wait_until(lambda: label_at(screen, window, PAGE_PX + 200, 250), "the label")
        screen.draw(window, (400, 150), (400, 350))
        wait_until(lambda: label_at(screen, window, PAGE_PX + 400, 250), "the second label")
        screen.click(window, 900, 100, 3)
        wait_until(lambda: not ink_at(screen, window, 200, 300), "the wiped page")
        wait_until(lambda: not label_at(screen, window, PAGE_PX + 200, 250), "the wiped label")
        screen.close(TITLE)
        assert program.wait() == 0
        assert program.lines == []
        assert program.errors == []


@needs_screen
@pytest.mark.parametrize("key", ["q", "Escape"])
def test_the_quitting_keys_end_the_program(screen: Screen, key: str) -> None:
    with screen.start("-c", APP) as program:
        screen.move(screen.window(TITLE), 100, 100)
        screen.type_key(key)
        assert program.wait() == 0
        assert program.errors == []


@needs_screen
@only_linux
def test_a_screen_that_is_there_passes_the_check(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet(monkeypatch)
    monkeypatch.setenv("DISPLAY", screen.environment["DISPLAY"])
    check_display()


@only_linux
def test_without_a_display_one_line_names_the_way_without_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet(monkeypatch)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(WindowError, match="camdigits read") as caught:
        check_display()
    assert "\n" not in str(caught.value)


@only_linux
def test_a_display_that_leads_nowhere_is_found_out_before_any_window(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet(monkeypatch)
    monkeypatch.setenv("DISPLAY", ":65000")
    with pytest.raises(WindowError, match=r":65000.*camdigits read"):
        check_display()


def test_an_opencv_without_windows_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "currentUIFramework", lambda: "")
    with pytest.raises(WindowError, match=r"opencv-python.*camdigits read"):
        check_display()


def test_a_window_that_was_closed_before_it_opened_shows_nothing() -> None:
    window = CvWindow("never")
    window.close()
    window.show(np.zeros((4, 4, 3), np.uint8))
    assert window.poll(0.0).closed


@only_linux
@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        (None, "xcb"),
        ("", "xcb"),
        ("wayland", "xcb"),
        ("offscreen", "xcb"),
        ("wayland-egl;minimal", "xcb"),
        ("xcb", "xcb"),
        ("wayland;xcb", "wayland;xcb"),
        ("xcb:dpi=96", "xcb:dpi=96"),
    ],
)
def test_a_platform_of_qt_that_opencv_does_not_have_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: str | None, taken: str
) -> None:
    (tmp_path / "platforms").mkdir()
    (tmp_path / "platforms" / "libqxcb.so").touch()
    quiet(monkeypatch)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", str(tmp_path))
    if asked is None:
        monkeypatch.delenv("QT_QPA_PLATFORM")
    else:
        monkeypatch.setenv("QT_QPA_PLATFORM", asked)
    _quieten_qt()
    assert os.environ["QT_QPA_PLATFORM"] == taken


def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the settings for Qt that the check makes taken back after the test."""
    monkeypatch.setenv("QT_LOGGING_RULES", "*=false")
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
