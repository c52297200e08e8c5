"""The commands as a user meets them: real windows, a real mouse and keys, the real network, real ends."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from camdigits.canvas.strokes import PAPERS, PaperColour
from camdigits.drawing.lettering import BOLD, write
from camdigits.drawing.palette import GREY, NUMBER, ORANGE, RED, SURE, UNSURE, YELLOW, Colour
from camdigits.learning.corrections import FILE, CorrectionFile
from camdigits.learning.taught import Adaptation
from camdigits.learning.teacher import FILE as TAUGHT
from camdigits.learning.teacher import AdaptationFile
from camdigits.live.canvas import BRUSH_RADIUS_PX, PAGE_PX
from camdigits.live.controls import BINDINGS, Command, Mode, View
from camdigits.live.overlay import Status, draw
from camdigits.recognizer import Recognizer
from camdigits.vision.types import BgrImage, Digit, Frame, Scene
from tests.documents import scan
from tests.sources.test_network_camera import Camera
from tests.x_screen import DEADLINE_S, MISSING, SCREEN_PX, Program, Screen, run_program, wait_until, x_screen

needs_screen = pytest.mark.skipif(bool(MISSING), reason=f"no X screen can be made here: {', '.join(MISSING)} not installed")
only_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="DISPLAY is a thing of Linux")

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "tests" / "fixtures" / "hands.jpg"
TITLE = "camdigits"
CANVAS_PX = (2 * PAGE_PX, PAGE_PX)
Stroke = tuple[tuple[int, int], ...]
SEVEN: tuple[Stroke, ...] = (((100, 100), (170, 100), (130, 240)),)
FIVE_WITH_A_DETACHED_BAR: tuple[Stroke, ...] = (
    ((260, 120), (250, 170), (290, 170), (310, 210), (280, 245), (245, 235)),
    ((268, 90), (330, 86)),
)
FOUR_WITH_AN_OPEN_TOP: tuple[Stroke, ...] = (((420, 90), (405, 170), (480, 170)), ((470, 100), (465, 250)))
UPRIGHT: Stroke = ((400, 300), (400, 500))
ROUND_MIDDLE, ROUND_PX, ROUND_POINTS = (300, 250), 110, 8
ROUND: Stroke = tuple(
    (round(ROUND_MIDDLE[0] + ROUND_PX * math.sin(angle)), round(ROUND_MIDDLE[1] - ROUND_PX * math.cos(angle)))
    for angle in (math.tau * step / ROUND_POINTS for step in range(ROUND_POINTS + 1))
)
"""As much as is heard of a fast mouse."""


class App(NamedTuple):
    """A running command, its window and the screen that it is on."""

    screen: Screen
    program: Program
    window: str

    @classmethod
    def of(cls, screen: Screen, program: Program) -> App:
        """The command once its window is there, in front and painted."""
        app = cls(screen, program, screen.window(TITLE))
        app.wait(painted, "the first picture")
        return app

    def picture(self) -> BgrImage:
        width, height = self.screen.size(self.window)
        return self.screen.picture(self.window)[:height, :width]

    def wait(self, look: Callable[[BgrImage], bool], what: str) -> BgrImage:
        """What the window shows, once `look` is satisfied with it."""
        seen = [self.picture()]

        def looks_right() -> bool:
            seen[0] = self.picture()
            return look(seen[0])

        wait_until(looks_right, what)
        return seen[0]

    def wait_for_size(self, size: tuple[int, int], what: str) -> None:
        wait_until(lambda: self.screen.size(self.window) == size, what)

    def press(self, key: str) -> None:
        """Press a key of the table."""
        self.screen.move(self.window, 5, 5)
        self.screen.type_key(key)

    def draw(self, *strokes: Stroke) -> None:
        for stroke in strokes:
            self.screen.draw(self.window, *stroke)

    def ends(self) -> None:
        """The command ends well, and has said nothing."""
        assert self.program.wait() == 0
        assert self.program.lines == []
        assert self.program.errors == []
        assert TITLE not in self.screen.windows()


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    with x_screen(tmp_path_factory.mktemp("screen")) as made:
        yield made


@contextmanager
def running(screen: Screen, *arguments: str) -> Iterator[App]:
    """`camdigits` with these arguments, its window open."""
    with screen.start("-m", "camdigits", *arguments) as program:
        yield App.of(screen, program)


@contextmanager
def canvas(screen: Screen, *arguments: str) -> Iterator[App]:
    with running(screen, "canvas", *arguments) as app:
        app.wait_for_size(CANVAS_PX, "the canvas")
        yield app


@contextmanager
def still_picture(screen: Screen, *options: str) -> Iterator[App]:
    """The window on a picture, with what was read of it."""
    with running(screen, "live", str(PICTURE), *options) as app:
        app.wait(readings_drawn, "the readings")
        yield app


def has(picture: BgrImage, colour: Colour, least: int = 20) -> bool:
    return int(np.count_nonzero((picture == colour).all(axis=2))) > least


def painted(picture: BgrImage) -> bool:
    """Whether there is more than the black and white of a window that nothing was painted on, at least a status bar."""
    return bool(((picture.max(axis=2) > 0) & (picture.min(axis=2) < 255)).mean() > 0.02)


def readings_drawn(picture: BgrImage) -> bool:
    return has(picture, SURE, 500)


def notice_shown(picture: BgrImage) -> bool:
    """The shortest notice, "copied 5", is 1,468 yellow pixels; where none stands there are none."""
    return has(picture, YELLOW, 1000)


def ink(page: BgrImage) -> npt.NDArray[np.bool_]:
    """Where the left half is inked."""
    return np.asarray((page[:, : PAGE_PX - 2] < 60).all(axis=2))


def labels(picture: BgrImage) -> list[tuple[str, int, int]]:
    """The large labels of the right half: which digit each looks like, and its middle, from left to right."""
    half = picture[:, PAGE_PX + 2 :]
    coloured = ((half == SURE).all(axis=2) | (half == UNSURE).all(axis=2)).astype(np.uint8)
    solid = cv2.morphologyEx(coloured, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))  # without the edges of small labels
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(solid)
    places = sorted((stats[piece, :4].tolist(), piece) for piece in range(1, count) if stats[piece, cv2.CC_STAT_HEIGHT] > 15)
    return [
        (looks_like((pieces == piece)[y : y + height, x : x + width]), x + width // 2, y + height // 2)
        for (x, y, width, height), piece in places
    ]


def looks_like(shape: npt.NDArray[np.bool_]) -> str:
    """The digit of the app's own type that covers most of what `shape` covers."""

    def similarity(digit: str) -> float:
        sheet = np.full((300, 300, 3), 255, np.uint8)
        write(sheet, digit, 50, 250, 200, (0, 0, 0), BOLD)
        x, y, width, height = cv2.boundingRect((sheet[..., 0] < 128).astype(np.uint8))
        size = (shape.shape[1], shape.shape[0])
        other = cv2.resize(sheet[y : y + height, x : x + width, 0], size, interpolation=cv2.INTER_AREA) < 128
        return float(np.count_nonzero(shape & other) / np.count_nonzero(shape | other))

    return max("0123456789", key=similarity)


# The canvas.


@needs_screen
def test_digits_drawn_with_the_mouse_are_labelled_where_they_stand_and_wiped_by_the_right_button(screen: Screen) -> None:
    with canvas(screen) as app:
        left, top = screen.on_screen(app.window, 0, 0)
        screen.move(app.window, *SEVEN[0][0])
        screen.press(1)
        screen.drag(app.window, *SEVEN[0])
        unfinished = screen.screenshot()[top:, left:][:PAGE_PX, : 2 * PAGE_PX]
        screen.release(1)
        assert ink(unfinished).any()
        assert labels(unfinished) == [], "read before the button was released"
        app.wait(lambda picture: [label for label, _, _ in labels(picture)] == ["7"], "the label of the 7")
        app.draw(*FIVE_WITH_A_DETACHED_BAR, *FOUR_WITH_AN_OPEN_TOP)
        picture = app.wait(lambda picture: [label for label, _, _ in labels(picture)] == ["7", "5", "4"], "all three labels")
        for (_, x, y), (left, right) in zip(labels(picture), [(90, 180), (235, 340), (395, 490)], strict=True):
            assert left < x < right
            assert 80 < y < 260
        assert has(picture[:, PAGE_PX:], NUMBER), "the number is not underlined"
        screen.click(app.window, PAGE_PX + 300, 300, 3)
        app.wait(lambda picture: not ink(picture).any() and labels(picture) == [], "both halves wiped")
        app.press("q")
        app.ends()


@needs_screen
@pytest.mark.parametrize("setting", ["QT_SCALE_FACTOR", "QT_SCREEN_SCALE_FACTORS"])
def test_on_a_screen_of_twice_the_pixels_ink_is_under_the_mouse(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setitem(screen.environment, setting, "2")
    with running(screen, "canvas", "--size", "320x320") as app:
        app.wait_for_size((1280, 640), "the canvas, twice as large")
        app.draw(*SEVEN)  # which waits for ink under the mouse
        picture = app.wait(lambda picture: len(labels(picture)) == 1, "the label of the 7")
        ((label, x, y),) = labels(picture)
        assert label == "7"
        assert 90 < x < 180
        assert 80 < y < 260
        screen.click(app.window, PAGE_PX + 300, 300, 3)
        app.wait(lambda picture: not ink(picture).any() and labels(picture) == [], "both halves wiped")
        app.press("q")
        app.ends()


@needs_screen
def test_a_stroke_that_is_no_digit_is_marked(screen: Screen) -> None:
    with canvas(screen) as app:
        app.draw(((335, 265), (535, 265)))
        app.wait(lambda picture: has(picture[:500, PAGE_PX:], GREY, 100) and labels(picture) == [], "the mark of the dash")


@needs_screen
def test_the_right_half_cannot_be_drawn_on_and_a_stroke_beyond_the_edge_is_read(screen: Screen) -> None:
    with canvas(screen) as app:
        before = app.picture()
        screen.move(app.window, PAGE_PX + 100, 300)
        screen.press(1)
        screen.move(app.window, PAGE_PX + 100, 500)
        screen.move(app.window, 300, 500)
        screen.release(1)
        app.draw(((9, 430), (9, 600)))
        picture = app.wait(lambda picture: len(labels(picture)) == 1, "the label at the edge")
        ((label, x, _),) = labels(picture)
        assert label == "1"
        assert x < 80
        inked = ink(picture)
        inked[:, :30] = False
        assert not inked.any()
        assert not ink(before).any()
        screen.close(TITLE)
        app = App.of(screen, app.program)
        app.wait(lambda picture: notice_shown(picture) and bool(ink(picture).any()), "the drawing, and what becomes of it")
        screen.close(TITLE)
        app.ends()


@needs_screen
def test_a_round_that_is_drawn_with_a_fast_mouse_is_round_and_read(screen: Screen) -> None:
    with canvas(screen) as app:
        app.draw(ROUND)
        picture = app.wait(lambda picture: [label for label, _, _ in labels(picture)] == ["0"], "the label of the 0")
        inked = ink(picture)
        for step in range(ROUND_POINTS):
            angle = math.tau * (step + 0.5) / ROUND_POINTS
            # Further out than the straight line between two points reaches with its brush.
            beyond_px = ROUND_PX * math.cos(math.pi / ROUND_POINTS) + BRUSH_RADIUS_PX + 3
            x, y = ROUND_MIDDLE[0] + beyond_px * math.sin(angle), ROUND_MIDDLE[1] - beyond_px * math.cos(angle)
            assert inked[round(y), round(x)], f"a polygon's side at {step + 0.5} of {ROUND_POINTS}"


@needs_screen
def test_no_bend_of_a_stroke_is_lost_while_the_program_is_busy(screen: Screen) -> None:
    with canvas(screen) as app:
        app.draw(UPRIGHT)
        app.wait(lambda picture: len(labels(picture)) == 1, "the first label")
        app.press("u")
        app.wait(lambda picture: not ink(picture).any(), "the blank page")
        screen.move(app.window, *ROUND[0])
        screen.press(1)
        app.program.signal(signal.SIGSTOP)
        for point in ROUND[1:]:
            screen.move(app.window, *point)
        app.program.signal(signal.SIGCONT)
        screen.release(1)
        app.wait(lambda picture: [label for label, _, _ in labels(picture)] == ["0"], "the label of the 0")


@needs_screen
def test_a_page_that_was_saved_is_gone_on_with_and_undone_stroke_by_stroke(screen: Screen, tmp_path: Path) -> None:
    with canvas(screen, "--snapshots", str(tmp_path)) as app:
        app.draw(*SEVEN)
        app.wait(lambda picture: len(labels(picture)) == 1, "the first label")
        app.draw(UPRIGHT)
        app.wait(lambda picture: len(labels(picture)) == 2, "the second label")
        app.press("p")
        blackboard = app.wait(lambda picture: has(picture, PAPERS[PaperColour.BLACKBOARD].ground, 9000), "the blackboard")
        app.press("w")
        app.wait(notice_shown, "the notice that it was saved")
        app.press("q")
        app.ends()
    (page,) = tmp_path.glob("*.json")
    with canvas(screen, str(page)) as app:
        app.wait(lambda picture: np.array_equal(picture, blackboard), "the page with its labels")
        app.press("u")
        app.wait(lambda picture: len(labels(picture)) == 1, "the page without its second stroke")
        app.press("u")
        app.wait(lambda picture: labels(picture) == [], "the page without any")


@needs_screen
def test_a_picture_can_be_drawn_on_and_is_read_with_what_is_drawn(screen: Screen) -> None:
    height, width = fixture().shape[:2]
    with running(screen, "canvas", str(PICTURE)) as app:
        app.wait_for_size((2 * width, height), "the canvas of the picture's size")
        app.wait(lambda picture: has(picture[:, width:], SURE, 500), "the labels of the picture's digits")
        app.press("e")
        app.wait(notice_shown, "the eraser")
        app.press("q")
        app.ends()


@needs_screen
@pytest.mark.parametrize("text", ["{}", '{"format": "camdigits page", "version": 7}'])
def test_a_damaged_page_is_one_line_and_code_3(screen: Screen, tmp_path: Path, text: str) -> None:
    path = tmp_path / "page.json"
    path.write_text(text, encoding="utf-8")
    with screen.start("-m", "camdigits", "canvas", str(path)) as program:
        assert program.wait() == 3
        (line,) = program.errors
        assert line.startswith(f"camdigits: {path}: ")


# The keys, one start each.


def key_m(screen: Screen, key: str) -> None:
    with still_picture(screen) as app:
        before = screen.size(app.window)
        app.press(key)
        app.wait_for_size(CANVAS_PX, "the canvas")
        app.press(key)
        app.wait_for_size(before, "the picture again")


def key_c(screen: Screen, key: str) -> None:
    with still_picture(screen) as app:
        app.press(key)
        app.wait(shows(fixture()), "the picture without readings")
        app.press("m")
        app.wait_for_size(CANVAS_PX, "the canvas")
        app.draw(*SEVEN)
        app.wait(lambda picture: len(labels(picture)) == 1, "the label")
        app.press(key)
        app.wait(lambda picture: not ink(picture).any() and labels(picture) == [], "the wiped page")


def key_space(screen: Screen, key: str) -> None:
    with running(screen, "live", "demo") as app:
        app.press(key)
        held = app.wait(lambda picture: has(picture[720:], ORANGE), "the mark of a held frame")
        app.press("i")
        app.wait(lambda picture: picture.shape[1] > held.shape[1], "another picture")
        app.press("i")
        # The window has its size before it is painted.
        app.wait(lambda picture: picture.shape == held.shape and np.array_equal(picture[:720], held[:720]), "the held frame")
        app.press(key)
        app.wait(
            lambda picture: not has(picture[720:], ORANGE) and not np.array_equal(picture[:720], held[:720]), "more frames"
        )


def key_o(screen: Screen, key: str) -> None:
    with still_picture(screen) as app:
        shown = upright = app.picture()
        height = fixture().shape[0]
        for turn in ("as it is", "on its right side", "upside down", "on its left side"):
            app.press(key)
            shown = app.wait(lambda picture, last=shown: not np.array_equal(picture, last), f"the page read {turn}")
            if turn == "upside down":
                app.wait(lambda picture: not np.array_equal(picture[:height], upright[:height]), "other readings, or none")
        app.press(key)
        app.wait(lambda picture: np.array_equal(picture, upright), "the picture as it was")


def key_r(screen: Screen, key: str, tmp_path: Path) -> None:
    with running(screen, "live", "demo", "--snapshots", str(tmp_path)) as app:
        app.press(key)
        app.wait(lambda picture: has(picture[720:], RED), "the sign of a recording")
        app.press(key)
        app.wait(lambda picture: not has(picture[720:], RED), "no sign")
    (path,) = tmp_path.iterdir()
    clip = cv2.VideoCapture(str(path))
    read, first = clip.read()
    clip.release()
    assert read
    assert first.shape == (360, 640, 3), "not the size of the clip"


def key_k(screen: Screen, key: str) -> None:
    with still_picture(screen) as app:
        app.press(key)
        app.wait(notice_shown, "the notice")
        copied = subprocess.run(
            ["xclip", "-selection", "clipboard", "-o"],
            env=screen.environment,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
        assert copied.stdout in {number.text for number in read_of_fixture().numbers}


def key_n(screen: Screen, key: str) -> None:
    with still_picture(screen) as app:
        app.press(key)
        app.wait(notice_shown, "the notice that there is no camera here")
        app.press("m")
        app.wait_for_size(CANVAS_PX, "the canvas: the window lives")


def key_widens(screen: Screen, key: str) -> None:
    with still_picture(screen) as app:
        before = app.picture()
        app.press(key)
        app.wait(
            lambda picture: (
                picture.shape[1] > before.shape[1] + 150
                and np.array_equal(picture[:, : before.shape[1]], before)
                and has(picture[:, before.shape[1] :], (24, 20, 16), 100)
            ),
            "the panel beside the picture, which it neither hides nor changes",
        )
        app.press(key)
        app.wait(lambda picture: np.array_equal(picture, before), "the picture as it was")


def key_s(screen: Screen, key: str, folder: Path) -> None:
    with still_picture(screen, "--snapshots", str(folder)) as app:
        before = app.picture()
        app.press(key)
        app.wait(notice_shown, "the notice that it was saved")
        (file,) = folder.glob("*.png")
        beside = json.loads(file.with_suffix(".json").read_text("utf-8"))
        assert beside["source"] == str(PICTURE)
        assert beside["digits"] == read_of_fixture().to_dict()["digits"]
        first = file.read_bytes()
        assert np.array_equal(np.asarray(cv2.imread(str(file))), before)
        app.press(key)
        wait_until(lambda: len(list(folder.glob("*.png"))) == 2, "another file")
        assert file.read_bytes() == first


def key_f(screen: Screen, key: str) -> None:
    with still_picture(screen) as app:
        before = screen.size(app.window)
        app.press(key)
        app.wait_for_size(SCREEN_PX, "full screen")
        app.press(key)
        app.wait_for_size(before, "the former size")


def key_x(screen: Screen, key: str) -> None:
    with still_picture(screen) as app:
        app.press("c")
        app.wait(shows(fixture()), "the picture without readings")  # two keys at once come as the last one only
        app.press(key)
        app.wait(shows(np.ascontiguousarray(fixture()[:, ::-1])), "the mirrored picture")
        app.press(key)
        app.wait(shows(fixture()), "the picture as it was")


def key_u(screen: Screen, key: str) -> None:
    with canvas(screen) as app:
        app.draw(*SEVEN)
        one = app.wait(lambda picture: len(labels(picture)) == 1, "the first label")
        app.draw(UPRIGHT)
        app.wait(lambda picture: len(labels(picture)) == 2, "the second label")
        app.press(key)
        app.wait(lambda picture: np.array_equal(picture, one), "the page without the second stroke")


def key_y(screen: Screen, key: str) -> None:
    with canvas(screen) as app:
        app.draw(*SEVEN)
        one = app.wait(lambda picture: len(labels(picture)) == 1, "the label")
        for taken in ("u", "c"):
            app.press(taken)
            app.wait(lambda picture: not ink(picture).any() and labels(picture) == [], "the blank page")
            app.press(key if taken == "u" else "u")
            app.wait(lambda picture: np.array_equal(picture, one), "the page as it was")


def key_e(screen: Screen, key: str) -> None:
    def pieces(picture: BgrImage) -> int:
        return cv2.connectedComponents(ink(picture).astype(np.uint8))[0] - 1

    with canvas(screen) as app:
        app.draw(UPRIGHT)
        drawn = app.wait(lambda picture: pieces(picture) == 1 and len(labels(picture)) == 1, "the stroke with its label")
        app.press(key)
        app.wait(notice_shown, "the notice of the eraser")
        x, y = UPRIGHT[0][0], 400
        screen.move(app.window, x - 60, y)
        screen.press(1)
        screen.move(app.window, x + 60, y)
        screen.release(1)
        rubbed = app.wait(lambda picture: pieces(picture) == 2, "the stroke rubbed through")
        assert not ink(rubbed)[y, x - 5 : x + 6].any()
        app.press("u")
        app.wait(lambda picture: pieces(picture) == 1, "the stroke as it was")
        app.press(key)
        app.wait(lambda picture: np.array_equal(picture, drawn), "the pen again")


def key_p(screen: Screen, key: str) -> None:
    with canvas(screen) as app:
        app.draw(*SEVEN)
        white = app.wait(lambda picture: len(labels(picture)) == 1, "the label")
        for colour in (*list(PaperColour)[1:], PaperColour.WHITE):
            paper = PAPERS[colour]
            app.press(key)
            picture = app.wait(
                lambda picture, paper=paper: has(picture[:, :PAGE_PX], paper.ground, 9000) and has(picture, paper.pen, 500),
                f"the {colour.value} page",
            )
            assert [label for label, _, _ in labels(picture)] == ["7"]
        assert np.array_equal(picture, white)


def key_w(screen: Screen, key: str, folder: Path) -> None:
    with canvas(screen, "--snapshots", str(folder)) as app:
        app.draw(*SEVEN)
        app.wait(lambda picture: len(labels(picture)) == 1, "the label")
        app.press(key)
        app.wait(notice_shown, "the notice that it was saved")
        (file,), (strokes,) = folder.glob("*.png"), folder.glob("*.json")
        assert file.stem == strokes.stem
        page = np.asarray(cv2.imread(str(file)))
        assert page.shape == (PAGE_PX, PAGE_PX, 3)
        assert ink(page).any()
        assert np.array_equal(ink(page), ink(app.picture()))
        app.press(key)
        wait_until(lambda: len(list(folder.glob("*.json"))) == 2, "another file")


def key_brush(screen: Screen, key: str) -> None:
    with canvas(screen) as app:
        app.press(key)
        app.wait(notice_shown, "the size of the brush")
        app.draw(UPRIGHT)
        width_px = int(np.count_nonzero(ink(app.picture())[400]))
        assert (width_px < 2 * BRUSH_RADIUS_PX - 2) if key == "[" else (width_px > 2 * BRUSH_RADIUS_PX + 2)


def kept(screen: Screen) -> list[tuple[int | None, int | None]]:
    """The corrections of whoever uses that screen: what it is, what it was read as."""
    lines = CorrectionFile(own_folder(screen) / FILE).load().corrections
    return [(correction.label, correction.was) for correction in lines]


def own_folder(screen: Screen) -> Path:
    return Path(screen.environment["HOME"]) / ".local" / "share" / "camdigits"


def click_on(app: App, digit: Digit) -> None:
    box = digit.box
    app.screen.click(app.window, box.x + box.width // 2, box.y + box.height // 2, 1)


def key_label(screen: Screen, key: str) -> None:
    before = kept(screen)
    digit = read_of_fixture().digits[0]
    with still_picture(screen) as app:
        app.press(" ")
        app.wait(lambda picture: has(picture[fixture().shape[0] :], ORANGE), "the mark of a held frame")
        click_on(app, digit)
        app.wait(lambda picture: has(picture, YELLOW), "the brackets round the clicked digit")
        app.press(key)
        app.wait(notice_shown, "the notice that it was kept")
    assert kept(screen) == [*before, (None if key == "-" else int(key), digit.label)]


def key_backspace(screen: Screen, key: str) -> None:
    with still_picture(screen) as app:
        whole = app.picture()
        screen.move(app.window, 20, 20)
        screen.press(1)
        screen.move(app.window, 300, 250)
        app.wait(lambda picture: has(picture, ORANGE, 200), "the box under the mouse")
        screen.move(app.window, 300, 250)
        screen.release(1)
        app.wait(lambda picture: has(picture[fixture().shape[0] :], ORANGE), "the sign that a part is read")
        app.press(key)
        app.wait(lambda picture: np.array_equal(picture, whole), "the whole picture, read again")


def key_t(screen: Screen, key: str) -> None:
    digit = read_of_fixture().digits[0]
    evidence = read_of_fixture().evidence
    assert evidence is not None
    glyph = evidence.glyphs[evidence.boxes.index(digit.box), ..., 0]
    other = (digit.label + 1) % 10
    CorrectionFile(own_folder(screen) / FILE).append(glyph, other, digit.label, datetime(2026, 11, 25))
    taught = AdaptationFile(own_folder(screen) / TAUGHT)
    try:
        with still_picture(screen) as app:
            before = app.picture()
            app.press(key)
            app.wait(notice_shown, "the notice that it learns")
            wait_until(taught.path.exists, "what was learnt")
            near = np.s_[max(digit.box.y - 40, 0) : digit.box.y, digit.box.x : digit.box.right + 40]
            app.wait(lambda picture: not np.array_equal(picture[near], before[near]), "the label that was taught")
    finally:
        taught.forget()  # others use this screen and its home


@contextmanager
def folder_shown(screen: Screen, folder: Path) -> Iterator[App]:
    """The window on a folder of three small pictures of many shapes, 1, 2 and 3, each with as many bars."""
    for count, (width, height) in enumerate([(640, 480), (400, 700), (800, 400)], 1):
        page = np.full((height, width, 3), 235, np.uint8)
        for bar in range(count):
            page[100:200, 60 + 100 * bar : 100 + 100 * bar] = 0
        cv2.imwrite(str(folder / f"page{count}.png"), page)
    with running(screen, "live", str(folder)) as app:
        app.wait(lambda picture: bars(picture) == 1, "the first picture")
        yield app


def bars(picture: BgrImage) -> int:
    black = (picture[:, 4:-4] < 12).all(axis=2).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(black)
    return sum(20 < width < 60 and 60 < height < 140 for _, _, width, height, _ in stats.tolist())


def key_turns(screen: Screen, key: str, folder: Path) -> None:
    with folder_shown(screen, folder) as app:
        size = screen.size(app.window)
        app.press("right")
        app.wait(lambda picture: bars(picture) == 2, "the second picture")
        app.press(key)
        app.wait(lambda picture: bars(picture) == (3 if key == "right" else 1), "the next, or the first again")
        assert screen.size(app.window) == size, "the window has another size"


def key_a(screen: Screen, key: str, folder: Path) -> None:
    with folder_shown(screen, folder) as app:
        app.press(key)
        app.wait(lambda picture: bars(picture) == 3, "the last picture")


def key_b(screen: Screen, key: str, folder: Path) -> None:
    clip = folder / "clip.avi"
    writer = cv2.VideoWriter(str(clip), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (640, 480))
    for grey in range(100, 160):
        writer.write(np.full((480, 640, 3), grey, np.uint8))
    writer.release()
    with running(screen, "live", str(clip)) as app:
        app.wait(notice_shown, "the notice of the end")
        app.press(key)
        app.wait(lambda picture: not notice_shown(picture), "the clip again")
        app.wait(notice_shown, "its end again")


def key_l(screen: Screen, key: str) -> None:
    taught = AdaptationFile(own_folder(screen) / TAUGHT)
    taught.write(Adaptation(np.ones((1, 1), np.float32), np.zeros((1, 11), np.float32), 0.4, np.ones(1, np.float32)), "another")
    try:
        with still_picture(screen) as app:
            app.press(key)
            app.wait(notice_shown, "the notice that it is forgotten")
            wait_until(lambda: not taught.path.exists(), "that it is forgotten")
    finally:
        taught.forget()  # others use this screen and its home


def key_quits(screen: Screen, key: str) -> None:
    with still_picture(screen) as app:
        app.press(key)
        app.ends()


EFFECTS = {
    Command.TOGGLE_MODE: key_m,
    Command.CLEAR: key_c,
    Command.HOLD: key_space,
    Command.HELP: key_widens,
    Command.INSPECT: key_widens,
    Command.FULL_SCREEN: key_f,
    Command.MIRROR: key_x,
    Command.ROTATE: key_o,
    Command.COPY: key_k,
    Command.NEXT_CAMERA: key_n,
    Command.NEXT_PICTURE: key_n,
    Command.UNDO: key_u,
    Command.REDO: key_y,
    Command.ERASER: key_e,
    Command.PAGE_COLOUR: key_p,
    Command.THINNER: key_brush,
    Command.THICKER: key_brush,
    Command.LET_GO: key_quits,
    Command.QUIT: key_quits,
    Command.PANEL: key_widens,
    Command.IS_A: key_label,
    Command.IS_NONE: key_label,
    Command.TEACH: key_t,
    Command.UNTEACH: key_l,
    Command.WHOLE_PICTURE: key_backspace,
}


@needs_screen
@pytest.mark.parametrize(
    ("key", "command"),
    [
        (key, binding.command)
        for binding in BINDINGS
        for key in binding.keys
        if binding.command is not Command.IS_A or key in "09"  # a start takes seconds
    ],
)
def test_each_key_of_the_table_has_its_effect_on_the_screen(screen: Screen, key: str, command: Command, tmp_path: Path) -> None:
    if command is Command.SNAPSHOT:
        key_s(screen, key, tmp_path)
    elif command is Command.RECORD:
        key_r(screen, key, tmp_path)
    elif command in (Command.NEXT_PAGE, Command.PREVIOUS_PAGE):
        key_turns(screen, key, tmp_path)
    elif command is Command.AUTOMATIC:
        key_a(screen, key, tmp_path)
    elif command is Command.PLAY_AGAIN:
        key_b(screen, key, tmp_path)
    elif command is Command.SAVE_PAGE:
        key_w(screen, key, tmp_path)
    else:
        EFFECTS[command](screen, key)


# Sources.


def fixture() -> BgrImage:
    image = cv2.imread(str(PICTURE))
    assert image is not None
    return np.asarray(image, np.uint8)


@cache
def read_of_fixture() -> Scene:
    return Recognizer().read_frame(Frame(fixture(), 0, 0.0))


def shows(image: BgrImage) -> Callable[[BgrImage], bool]:
    """Whether the upper part of a window is `image`, pixel by pixel."""
    return lambda picture: np.array_equal(picture[: image.shape[0]], image)


@needs_screen
def test_a_picture_is_shown_with_all_that_was_read_of_it(screen: Screen) -> None:
    frame, scene = Frame(fixture(), 0, 0.0), read_of_fixture()
    assert scene.digits
    expected = draw(frame, scene, View(mode=Mode.CAMERA), Status())
    with running(screen, "live", str(PICTURE)) as app:
        app.wait(shows(expected[: frame.image.shape[0]]), "the picture with its readings")
        screen.close(TITLE)
        app.ends()


@needs_screen
def test_pictures_and_pages_are_corrected_one_after_the_other_and_put_out_as_they_were_left(
    screen: Screen, tmp_path: Path
) -> None:
    digit = read_of_fixture().digits[0]
    label = (digit.label + 1) % 10
    pages = [np.asarray(cv2.imread(str(PICTURE.with_name(f"{name}.jpg"))), np.uint8) for name in ("paper", "no_digits")]
    pictures = [str(PICTURE), str(scan(tmp_path / "scan.pdf", pages))]
    with screen.start("-m", "camdigits", "read", "--correct", "--format", "jsonl", *pictures) as program:
        app = App.of(screen, program)
        first = app.wait(readings_drawn, "the readings")
        click_on(app, digit)
        app.wait(lambda picture: has(picture, YELLOW), "the brackets round the clicked digit")
        app.press(str(label))
        app.wait(lambda picture: not np.array_equal(picture[:400], first[:400]), "the other label")
        app.press("enter")
        app.wait(lambda picture: readings_drawn(picture) and has(picture[:480], NUMBER, 200), "the first page")
        app.press("enter")
        app.wait(lambda picture: not has(picture[:400], NUMBER), "the second page")
        app.press("enter")
        app.wait(notice_shown, "the notice that it was the last")
        app.press("q")
        assert program.wait() == 0
        assert program.errors == []
        scenes = [json.loads(line) for line in program.lines]
    assert [(scene["source"], scene["frame"]) for scene in scenes] == [(pictures[0], 0), (pictures[1], 0), (pictures[1], 1)]
    assert scenes[0]["digits"][0]["label"] == label
    assert [other["label"] for other in scenes[0]["digits"][1:]] == [other.label for other in read_of_fixture().digits[1:]]
    assert [number["text"] for number in scenes[1]["numbers"]] == ["0123", "45", "67", "89"]


@needs_screen
def test_a_box_round_a_digit_of_a_picture_that_is_corrected_is_that_digit_and_no_part_to_read(screen: Screen) -> None:
    box = read_of_fixture().digits[0].box
    with screen.start("-m", "camdigits", "read", "--correct", "--format", "jsonl", str(PICTURE)) as program:
        app = App.of(screen, program)
        app.wait(readings_drawn, "the readings")
        screen.move(app.window, box.x - 4, box.y - 4)
        screen.press(1)
        screen.move(app.window, box.right + 4, box.bottom + 4)
        screen.release(1)
        app.wait(lambda picture: has(picture[:400], YELLOW, 50), "the brackets round the digit")
        app.press("7")
        app.wait(notice_shown, "the notice that it was kept")
        app.press("q")
        assert program.wait() == 0
        (scene,) = map(json.loads, program.lines)
    labels_read = [digit.label for digit in read_of_fixture().digits]
    assert [digit["label"] for digit in scene["digits"]] == [7, *labels_read[1:]]


@needs_screen
def test_pictures_to_correct_are_all_read_as_turned_as_was_asked(screen: Screen) -> None:
    page = str(PICTURE.with_name("paper.jpg"))
    with screen.start("-m", "camdigits", "read", "--correct", "--rotate", "180", page, page) as program:
        app = App.of(screen, program)
        app.press("enter")
        wait_until(lambda: bool(program.lines), "the first page")
        app.press("q")
        assert program.wait() == 0
        first, second = program.lines
    assert first == second


@needs_screen
def test_the_demo_plays_with_readings_until_it_is_closed(screen: Screen) -> None:
    with running(screen, "live", "demo") as app:
        first = app.wait(readings_drawn, "a reading")
        app.wait(lambda picture: readings_drawn(picture) and not np.array_equal(picture, first), "another frame")
        screen.close(TITLE)
        app.ends()


@needs_screen
@pytest.mark.skipif(Path("/dev/video0").exists(), reason="there is a camera here")
def test_without_a_camera_the_canvas_opens_and_says_so(screen: Screen) -> None:
    with screen.start(str(ROOT / "run_camera.py")) as program:
        app = App.of(screen, program)
        app.wait_for_size(CANVAS_PX, "the canvas")
        app.wait(lambda picture: notice_shown(picture[:, PAGE_PX:]), "the notice")
        app.draw(*SEVEN)
        picture = app.wait(lambda picture: [label for label, _, _ in labels(picture)] == ["7"], "the label")
        assert not notice_shown(picture)
        app.press("q")
        app.wait(notice_shown, "the question what becomes of the drawing")
        app.press("q")
        app.ends()


@needs_screen
@pytest.mark.parametrize("source", ["no_such_clip.mp4", "http://127.0.0.1:9/video", "97"])
def test_a_named_source_that_cannot_be_opened_is_one_line_and_code_3(screen: Screen, source: str) -> None:
    with screen.start("-m", "camdigits", "live", source) as program:
        assert program.wait() == 3
        assert program.lines == []
        (line,) = program.errors
        assert line.startswith("camdigits: ")
        assert source in line


@needs_screen
def test_a_network_camera_that_is_cut_off_leaves_its_last_picture_and_a_notice(screen: Screen) -> None:
    with network_camera() as camera, running(screen, "live", camera.url()) as app:
        first = app.wait(lambda picture: bool(picture[:480].any()), "a frame")
        app.wait(lambda picture: not np.array_equal(picture[:480], first[:480]), "another frame")
        assert not notice_shown(app.picture())
        camera.cuts = True
        camera.ends.set()
        app.wait(notice_shown, "the notice that the camera is lost")
        dimmed = app.picture()
        assert dimmed[:480].mean() < 0.7 * first[:480].mean() + 40, "an old picture looks like a new one"
        app.press("h")
        app.wait(lambda picture: picture.shape[1] > first.shape[1], "the keys: the window lives")
        app.press("q")
        assert app.program.wait() == 3
        assert app.program.lines == []
        (line,) = app.program.errors
        assert line.startswith("camdigits: ")
        assert camera.url() in line


@contextmanager
def network_camera() -> Iterator[Camera]:
    server = Camera()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.ends.set()
        server.shutdown()
        thread.join(DEADLINE_S)
        server.server_close()


# No screen.


@only_linux
@pytest.mark.parametrize("display", [None, ":9999"])
@pytest.mark.parametrize("command", [("canvas",), ("live", "demo")], ids=" ".join)
def test_without_a_display_one_line_names_the_command_without_a_window(
    command: tuple[str, ...], display: str | None, tmp_path: Path
) -> None:
    with run_program("-m", "camdigits", *command, display=display, home=tmp_path) as program:
        assert program.wait() == 6
        assert program.lines == []
        (line,) = program.errors
        assert "camdigits read" in line
        assert (display or "DISPLAY is not set") in line
