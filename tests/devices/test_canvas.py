"""The page and the pen, without a window."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camdigits.devices.canvas import BRUSH_RADII_PX, BRUSH_RADIUS_PX, PAGE_PX, CanvasSource
from camdigits.ports import Pointer, Turn
from camdigits.vision.scene import Frame
from tests.fake_screen import keys, stroke
from tests.fakes import FakeClock

ON_PAGE = st.tuples(st.integers(0, PAGE_PX - 1), st.integers(0, PAGE_PX - 1))
INNER = st.tuples(st.integers(220, 420), st.integers(220, 420))
ANYWHERE = st.tuples(st.integers(-3000, 5000), st.integers(-3000, 5000))


def pixels_of_ink(frame: Frame) -> int:
    return int(np.count_nonzero(frame.image[..., 0] < 128))


def strokes_seen(frame: Frame) -> int:
    count, _ = cv2.connectedComponents((frame.image[..., 0] < 200).astype(np.uint8))
    return count - 1


def dot_area_px(radius_px: int) -> float:
    """Pixels of a dot: its middle is the middle of a pixel."""
    return float(np.pi * (radius_px + 0.5) ** 2)


def press(button: str, x: int, y: int, action: str = "down") -> Turn:
    return Turn(pointers=(Pointer(action, button, x, y),))  # type: ignore[arg-type]


def test_a_new_page_is_white_settled_and_of_the_promised_size() -> None:
    frame = CanvasSource().read(Turn())
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
    blank = canvas.read(Turn()).index
    assert canvas.read(Turn()).index == blank
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
def test_the_right_button_and_c_wipe_everything_and_that_can_be_undone(wipe: Turn) -> None:
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
    moved = canvas.read(Turn(pointers=(Pointer("move", "none", 300, 300), Pointer("move", "none", 400, 300))))
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
        canvas.read(Turn(keys=(key,) * 100))
        assert canvas.notice == f"brush {bound} px"
        canvas.read(keys("c"))
        assert pixels_of_ink(canvas.read(stroke((300, 300)))) == pytest.approx(dot_area_px(bound), rel=0.25)


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
