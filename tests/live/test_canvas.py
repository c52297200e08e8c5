"""The page and the pen, without a window."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camdigits.canvas.strokes import PAPERS, Page, PaperColour, Stroke, StrokeKind, render
from camdigits.errors import OutputError, SourceError, UsageError
from camdigits.live.canvas import BRUSH_RADII_PX, BRUSH_RADIUS_PX, PAGE_PX, CanvasSource, open_page
from camdigits.recognizer import CanvasReader, Recognizer
from camdigits.sources.pages import page_text
from camdigits.sources.ports import Pointer, UserInput
from camdigits.vision.types import Frame
from tests.fake_screen import keys, stroke
from tests.fakes import FakeClock
from train.hands import HANDS, write

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
ON_PAGE = st.tuples(st.integers(0, PAGE_PX - 1), st.integers(0, PAGE_PX - 1))
INNER = st.tuples(st.integers(220, 420), st.integers(220, 420))
ANYWHERE = st.tuples(st.integers(-3000, 5000), st.integers(-3000, 5000))


@pytest.fixture(scope="module")
def reader() -> CanvasReader:
    return CanvasReader(Recognizer())


def written(digit: str, left: int, top: int) -> tuple[Stroke, ...]:
    """A digit as a hand of the project's draws it with a fast mouse: few points."""
    (glyph,) = write(digit, HANDS[0], np.random.default_rng(7))
    return tuple(
        Stroke(tuple((left + round(100 * float(x)), top + round(100 * float(y))) for x, y in (*path[:-1:10], path[-1])), 13)
        for path in glyph.strokes
    )


def pixels_of_ink(frame: Frame) -> int:
    return int(np.count_nonzero(frame.image[..., 0] < 128))


def strokes_seen(frame: Frame) -> int:
    count, _ = cv2.connectedComponents((frame.image[..., 0] < 200).astype(np.uint8))
    return count - 1


def dot_area_px(radius_px: int) -> float:
    """Pixels of a dot: its middle is the middle of a pixel."""
    return float(np.pi * (radius_px + 0.5) ** 2)


def press(button: str, x: int, y: int, action: str = "down") -> UserInput:
    return UserInput(pointers=(Pointer(action, button, x, y),))  # type: ignore[arg-type]


def test_a_new_page_is_white_settled_and_of_the_promised_size() -> None:
    frame = CanvasSource().read(UserInput())
    assert frame.image.shape == (PAGE_PX, PAGE_PX, 3)
    assert frame.image.dtype == np.uint8
    assert frame.image.min() == 255
    assert frame.settled


@settings(max_examples=60, deadline=None)
@given(st.lists(INNER, min_size=1, max_size=8))
def test_a_stroke_has_no_gaps_at_any_speed(points: list[tuple[int, int]]) -> None:
    frame = CanvasSource().read(stroke(*points))
    assert strokes_seen(frame) == 1
    assert all(frame.image[y, x, 0] == 0 for x, y in points)


@settings(max_examples=60, deadline=None)
@given(ON_PAGE, st.lists(ANYWHERE, max_size=6))
def test_a_stroke_that_leaves_the_page_is_cut_off_and_kept(start: tuple[int, int], rest: list[tuple[int, int]]) -> None:
    canvas = CanvasSource()
    frame = canvas.read(stroke(start, *rest))
    assert frame.image.shape == (PAGE_PX, PAGE_PX, 3)
    assert frame.image[start[1], start[0], 0] == 0
    assert canvas.read(keys("u")).image.min() == 255


@given(st.tuples(st.integers(PAGE_PX, 2000), st.integers(0, PAGE_PX - 1)), ANYWHERE)
def test_nothing_can_be_begun_beside_the_page(start: tuple[int, int], end: tuple[int, int]) -> None:
    assert CanvasSource().read(stroke(start, end)).image.min() == 255


def test_a_click_makes_a_round_dot_of_the_brush() -> None:
    image = CanvasSource().read(stroke((300, 200))).image[..., 0]
    rows, columns = np.nonzero(image < 128)
    assert (columns.min(), columns.max()) == pytest.approx((300 - BRUSH_RADIUS_PX, 300 + BRUSH_RADIUS_PX), abs=1)
    assert (rows.min(), rows.max()) == pytest.approx((200 - BRUSH_RADIUS_PX, 200 + BRUSH_RADIUS_PX), abs=1)
    assert np.count_nonzero(image < 128) == pytest.approx(dot_area_px(BRUSH_RADIUS_PX), rel=0.1)
    assert ((image > 0) & (image < 255)).any(), "the edge is not anti-aliased"


def test_the_page_is_unsettled_while_the_pen_is_down_and_the_release_settles_it() -> None:
    canvas = CanvasSource()
    down = canvas.read(press("left", 100, 100))
    moved = canvas.read(press("left", 200, 100, "move"))
    up = canvas.read(press("left", 200, 100, "up"))
    assert [down.settled, moved.settled, up.settled] == [False, False, True]
    assert down.index < moved.index == up.index


def test_the_index_grows_only_with_a_change() -> None:
    canvas = CanvasSource()
    blank = canvas.read(UserInput()).index
    assert canvas.read(UserInput()).index == blank
    assert canvas.read(keys("c", "u", "]")).index == blank
    assert canvas.read(press("none", 50, 50, "move")).index == blank
    drawn = canvas.read(stroke((50, 50), (90, 90))).index
    assert drawn > blank
    assert canvas.read(keys("c")).index > drawn


def test_strokes_accumulate_and_are_undone_one_by_one_down_to_the_blank_page() -> None:
    canvas = CanvasSource()
    seen = [canvas.read(stroke((100 * place, 100), (100 * place, 300))) for place in (1, 3, 5)]
    assert [strokes_seen(frame) for frame in seen] == [1, 2, 3]
    for before in (seen[1], seen[0]):
        assert np.array_equal(canvas.read(keys("u")).image, before.image)
    assert canvas.read(keys("u")).image.min() == 255
    assert canvas.read(keys("u")).image.min() == 255


def test_undo_in_the_middle_leaves_a_page_that_can_be_drawn_on() -> None:
    canvas = CanvasSource()
    canvas.read(stroke((100, 100), (100, 300)))
    canvas.read(stroke((300, 100), (300, 300)))
    canvas.read(keys("u"))
    assert strokes_seen(canvas.read(stroke((500, 100), (500, 300)))) == 2


@pytest.mark.parametrize("wipe", [press("right", 10, 10), press("right", 900, 10), keys("c")])
def test_the_right_button_and_c_wipe_everything_and_that_can_be_undone(wipe: UserInput) -> None:
    canvas = CanvasSource()
    canvas.read(stroke((100, 100), (100, 300)))
    drawn = canvas.read(stroke((300, 100), (300, 300)))
    frame = canvas.read(wipe)
    assert frame.image.min() == 255
    assert frame.settled
    assert np.array_equal(canvas.read(keys("u")).image, drawn.image)
    assert canvas.read(keys("y")).image.min() == 255


def test_moving_without_the_button_draws_nothing() -> None:
    canvas = CanvasSource()
    dot = canvas.read(stroke((100, 100)))
    moved = canvas.read(UserInput(pointers=(Pointer("move", "none", 300, 300), Pointer("move", "none", 400, 300))))
    assert np.array_equal(moved.image, dot.image)


def test_a_release_that_was_never_heard_lifts_the_pen_at_the_next_move() -> None:
    canvas = CanvasSource()
    pressed = canvas.read(press("left", 100, 100))
    moved = canvas.read(press("none", 400, 400, "move"))
    assert moved.settled
    assert np.array_equal(moved.image, pressed.image)


def test_the_brush_grows_and_shrinks_within_bounds_and_older_strokes_keep_theirs() -> None:
    canvas = CanvasSource()
    old = pixels_of_ink(canvas.read(stroke((100, 100))))
    canvas.read(keys("]"))
    thicker = pixels_of_ink(canvas.read(stroke((500, 500)))) - old
    canvas.read(keys("u", "[", "["))
    thinner = pixels_of_ink(canvas.read(stroke((500, 500)))) - old
    assert thinner < old < thicker
    for key, bound in (("[", BRUSH_RADII_PX[0]), ("]", BRUSH_RADII_PX[-1])):
        canvas.read(UserInput(keys=(key,) * 100))
        assert canvas.notice == f"brush {bound} px"
        canvas.read(keys("c"))
        assert pixels_of_ink(canvas.read(stroke((300, 300)))) == pytest.approx(dot_area_px(bound), rel=0.25)


def test_the_eraser_takes_ink_away_at_its_size_and_the_pen_comes_back() -> None:
    canvas = CanvasSource()
    drawn = canvas.read(stroke((200, 100), (200, 500)))
    canvas.read(keys("e"))
    assert canvas.notice == f"eraser {BRUSH_RADIUS_PX} px"
    assert strokes_seen(canvas.read(stroke((100, 300), (300, 300)))) == 2
    canvas.read(keys("u", "]"))
    assert canvas.notice.startswith("eraser ")
    wider = canvas.read(stroke((100, 300), (300, 300)))
    assert strokes_seen(wider) == 2
    gap_px = int(np.count_nonzero(wider.image[100:500, 200, 0] > 128))
    assert gap_px > 2 * BRUSH_RADIUS_PX + 1
    canvas.read(keys("u", "e", "["))
    assert canvas.notice == ""
    assert np.array_equal(canvas.read(UserInput()).image, drawn.image)
    assert [each.kind for each in canvas.page.strokes] == [StrokeKind.PEN]


def test_the_papers_go_round_and_the_strokes_stay() -> None:
    canvas = CanvasSource()
    frames = [canvas.read(stroke((100, 100), (400, 300)))] + [canvas.read(keys("p")) for _ in PaperColour]
    assert [canvas.page.colour, *{each.settled for each in frames}] == [PaperColour.WHITE, True]
    assert np.array_equal(frames[0].image, frames[-1].image)
    assert len({frame.image.tobytes() for frame in frames}) == len(PaperColour)
    assert len({frame.index for frame in frames}) == len(frames), "not read anew"
    inks = [frame.ink for frame in frames]
    assert all(ink is not None and np.array_equal(ink, inks[0]) for ink in inks)  # type: ignore[arg-type]


@pytest.mark.parametrize("colour", PaperColour)
def test_digits_are_read_the_same_on_every_paper(reader: CanvasReader, colour: PaperColour) -> None:
    hand_drawn = [stroke_of for place, digit in enumerate("3948516702") for stroke_of in written(digit, 40 + 90 * place, 60)]
    scenes = []
    for paper in (PaperColour.WHITE, colour):
        frame = CanvasSource(page=Page(960, 240, paper, tuple(hand_drawn))).read(UserInput())
        scenes.append(reader.recognize(frame))
    assert "".join(str(digit.label) for digit in scenes[1].digits) == "3948516702"
    assert scenes[0].digits == scenes[1].digits


def test_a_page_of_another_size_can_be_drawn_on_to_its_edges() -> None:
    canvas = CanvasSource(page=Page(300, 900))
    frame = canvas.read(stroke((150, 890), (20, 880)))
    assert frame.image.shape == (900, 300, 3)
    assert pixels_of_ink(frame) > 0
    assert np.array_equal(canvas.read(stroke((301, 100), (400, 200))).image, frame.image)


def test_a_page_is_handed_over_as_it_is_and_what_came_of_it_is_told() -> None:
    saved: list[Page] = []

    def save(page: Page) -> Path:
        saved.append(page)
        if len(saved) > 1:
            raise OutputError("the disk is full")
        return Path("/pages/page-1.png")

    canvas = CanvasSource(save=save)
    canvas.read(press("left", 100, 100))
    frame = canvas.read(keys("w"))
    assert frame.settled, "the pen is still down"
    assert np.array_equal(render(saved[0]), frame.image)
    assert canvas.notice == f"saved {Path('/pages/page-1.png')}, strokes in page-1.json"
    canvas.read(press("none", 200, 200, "move"))
    assert canvas.notice.startswith("saved")
    canvas.read(keys("w"))
    assert canvas.notice == "the disk is full"
    canvas.read(stroke((300, 300)))
    assert canvas.notice == ""


def test_where_no_page_can_be_saved_it_says_so() -> None:
    canvas = CanvasSource()
    canvas.read(keys("w"))
    assert "no place to save" in canvas.notice


def test_a_full_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camdigits.canvas.drawing.MAX_STROKES", 1)
    canvas = CanvasSource()
    first = canvas.read(stroke((100, 100), (300, 100)))
    assert "full" in canvas.notice
    assert np.array_equal(canvas.read(stroke((100, 300), (300, 300))).image, first.image)
    canvas.read(keys("u"))
    assert canvas.notice == ""


class TestOpening:
    def test_a_new_page_is_blank_and_of_the_size_that_is_asked_for(self) -> None:
        assert open_page(None) == Page(PAGE_PX, PAGE_PX)
        assert open_page(None, (1280, 720)) == Page(1280, 720)

    @pytest.mark.parametrize("size", [(10, 640), (640, 5000)])
    def test_a_size_that_no_page_has_is_refused(self, size: tuple[int, int]) -> None:
        with pytest.raises(UsageError, match=f"{size[0]}x{size[1]}"):
            open_page(None, size)

    @pytest.mark.parametrize(
        ("picture_px", "asked", "page_px"),
        [
            ((800, 600), None, (800, 600)),
            ((4000, 2000), None, (1280, 640)),
            ((64, 32), None, (640, 320)),
            ((2000, 3), None, (1280, 64)),
            ((400, 400), (640, 480), (640, 480)),
        ],
    )
    def test_a_picture_is_scaled_to_fit_and_stands_in_the_middle(
        self, tmp_path: Path, picture_px: tuple[int, int], asked: tuple[int, int] | None, page_px: tuple[int, int]
    ) -> None:
        path = tmp_path / "photo.png"
        cv2.imwrite(str(path), np.full((picture_px[1], picture_px[0], 3), 190, np.uint8))
        page = open_page(str(path), asked)
        assert (page.width, page.height) == page_px
        assert page.picture is not None
        inside = (page.picture == 190).all(axis=2)
        scale = min(page_px[0] / picture_px[0], page_px[1] / picture_px[1])
        rows, columns = np.nonzero(inside)
        assert columns.max() + 1 - columns.min() == pytest.approx(picture_px[0] * scale, abs=1)
        assert rows.max() + 1 - rows.min() == pytest.approx(picture_px[1] * scale, abs=1)
        assert columns.min() == pytest.approx(page_px[0] - 1 - columns.max(), abs=1)
        assert rows.min() == pytest.approx(page_px[1] - 1 - rows.max(), abs=1)
        assert (page.picture[~inside] == 255).all()

    @pytest.mark.parametrize(("name", "colour"), [("paper.jpg", PaperColour.WHITE), ("blackboard.jpg", PaperColour.BLACKBOARD)])
    def test_the_pen_suits_the_picture(self, name: str, colour: PaperColour) -> None:
        page = open_page(str(FIXTURES / name), (800, 480))
        assert page.colour is colour
        assert page.picture is not None
        assert tuple(int(value) for value in page.picture[0, 0]) == PAPERS[colour].ground

    def test_a_picture_can_be_drawn_on_and_its_ink_is_not_known(self) -> None:
        picture = cv2.imread(str(FIXTURES / "paper.jpg"))
        assert picture is not None
        canvas = CanvasSource(page=open_page(str(FIXTURES / "paper.jpg")))
        blank = canvas.read(UserInput())
        assert np.array_equal(blank.image, picture)
        assert blank.ink is None
        drawn = canvas.read(stroke((20, 20), (20, 90)))
        assert not np.array_equal(drawn.image, blank.image)
        wiped = canvas.read(keys("c"))
        assert np.array_equal(wiped.image, blank.image)
        assert canvas.read(keys("c")).index > wiped.index, "what was forgotten of the picture is not read anew"

    def test_a_page_that_was_saved_goes_on_and_is_undone_stroke_by_stroke(self, tmp_path: Path) -> None:
        canvas = CanvasSource(page=Page(400, 300, PaperColour.YELLOW))
        first = canvas.read(stroke((50, 50), (80, 200)))
        second = canvas.read(stroke((150, 50), (180, 200)))
        path = tmp_path / "page.json"
        path.write_text(page_text(canvas.page), encoding="utf-8")
        again = CanvasSource(page=open_page(str(path)))
        assert np.array_equal(again.read(UserInput()).image, second.image)
        assert np.array_equal(again.read(keys("u")).image, first.image)
        assert np.array_equal(again.read(keys("y")).image, second.image)
        with pytest.raises(UsageError, match="400x300"):
            open_page(str(path), (640, 480))
        assert open_page(str(path), (400, 300)) == canvas.page

    @pytest.mark.parametrize("spec", ["demo", "missing.png", "missing.json", str(Path(__file__).parent)])
    def test_what_cannot_be_drawn_on_is_refused(self, spec: str) -> None:
        with pytest.raises(SourceError, match="^" + re.escape(spec)):
            open_page(spec)


def test_a_frame_that_was_read_never_changes_any_more() -> None:
    canvas = CanvasSource()
    frame = canvas.read(stroke((100, 100)))
    before = frame.image.copy()
    canvas.read(stroke((300, 300), (500, 300)))
    assert np.array_equal(frame.image, before)
    with pytest.raises(ValueError, match="read-only"):
        frame.image[0, 0] = 0


def test_time_is_counted_from_the_opening() -> None:
    clock = FakeClock()
    canvas = CanvasSource(clock)
    clock.advance(2.5)
    assert canvas.read(stroke((10, 10))).time_s == pytest.approx(2.5)


def round_at(left: int, top: int, width: int, height: int) -> list[tuple[int, int]]:
    """A closed round that fills that box, as a mouse draws it."""
    turns = np.linspace(-np.pi / 2, 1.5 * np.pi + 0.1, 30)
    return [(round(left + width / 2 * (1 + np.cos(t))), round(top + height / 2 * (1 + np.sin(t)))) for t in turns]


def stick_at(x: int, top: int, height: int, lean: int = 0) -> list[tuple[int, int]]:
    return [(x - round(lean * k / 8), top + round(height * k / 8)) for k in range(9)]


def texts(reader: CanvasReader, *strokes: list[tuple[int, int]], eraser: list[tuple[int, int]] | None = None) -> list[str]:
    """What is read of a page with those strokes, the last one of an eraser if there is one."""
    canvas = CanvasSource()
    frame = canvas.read(UserInput())
    for points in strokes:
        frame = canvas.read(stroke(*points))
    if eraser:
        canvas.read(keys("e"))
        frame = canvas.read(stroke(*eraser))
    return [str(digit) for digit in reader.recognize(frame).digits]


class TestTouchingDigits:
    """Digits whose strokes meet: where each stroke went is known here."""

    @pytest.mark.parametrize(
        ("text", "strokes"),
        [
            ("00", [round_at(150, 200, 120, 180), round_at(278, 205, 120, 180)]),
            ("000", [round_at(80, 200, 120, 180), round_at(210, 195, 120, 180), round_at(322, 205, 120, 180)]),
            ("11", [stick_at(200, 200, 180), stick_at(232, 200, 180, lean=20)]),
            ("10", [stick_at(200, 200, 180), round_at(215, 200, 120, 180)]),
            ("01", [round_at(200, 200, 120, 180), stick_at(333, 200, 180)]),
            ("01", [stick_at(333, 200, 180), round_at(200, 200, 120, 180)]),
            ("100", [stick_at(100, 200, 180), round_at(112, 200, 120, 180), round_at(244, 200, 120, 180)]),
        ],
    )
    def test_they_are_read_by_their_strokes(
        self, reader: CanvasReader, text: str, strokes: list[list[tuple[int, int]]]
    ) -> None:
        assert "".join(texts(reader, *strokes)) == text

    @pytest.mark.parametrize(
        ("digit", "strokes"),
        [
            ("4", [[(250, 150), (180, 290), (330, 290)], stick_at(290, 170, 220)]),
            ("9", [round_at(200, 150, 100, 100), stick_at(302, 150, 220)]),
            ("8", [round_at(200, 150, 110, 110), round_at(190, 258, 130, 120)]),
            ("0", [round_at(200, 150, 140, 220), [(345, 140), (270, 260), (195, 380)]]),
            ("7", [[(180, 160), (320, 160), (240, 380)], [(210, 270), (320, 270)]]),
        ],
    )
    def test_one_digit_of_several_strokes_stays_one(
        self, reader: CanvasReader, digit: str, strokes: list[list[tuple[int, int]]]
    ) -> None:
        assert texts(reader, *strokes) == [digit]

    def test_what_was_rubbed_out_of_a_stroke_is_in_it_no_more(self, reader: CanvasReader) -> None:
        two = [round_at(150, 200, 120, 180), round_at(278, 205, 120, 180)]
        assert texts(reader, *two, eraser=[(x + 2, y) for x, y in round_at(282, 205, 120, 180)]) == ["0"]
