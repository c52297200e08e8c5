"""What a stroke leaves on a page: round, smooth, without gaps, and the same however it came about."""

from __future__ import annotations

import math
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camdigits.canvas.strokes import (
    EASE_PX,
    PAPERS,
    Page,
    PaperColour,
    Point,
    Stroke,
    StrokeKind,
    ground_of,
    ink_of,
    render,
    segments_of,
)
from camdigits.vision.types import Mask

SIZE = (200, 160)
ON_PAGE = st.tuples(st.integers(0, SIZE[0] - 1), st.integers(0, SIZE[1] - 1))
ANYWHERE = st.tuples(st.floats(-9000, 9000), st.floats(-9000, 9000))


def around(middle: Point, radius: float, count: int, turns: float = 1.0) -> tuple[Point, ...]:
    """Points on a circle, as a fast mouse leaves them."""
    angles = [math.tau * turns * step / count for step in range(count + 1)]
    return tuple((middle[0] + radius * math.cos(angle), middle[1] + radius * math.sin(angle)) for angle in angles)


def inked(*strokes: Stroke, size: tuple[int, int] = SIZE) -> Mask:
    return ink_of(strokes, size)


def pieces(ink: Mask) -> int:
    return cv2.connectedComponents((ink > 127).astype(np.uint8))[0] - 1


def farthest_from_circle_px(points: tuple[Point, ...], middle: Point, radius: float) -> float:
    ends = [end for segment in segments_of(points) for end in segment]
    halfway = [((ax + bx) / 2, (ay + by) / 2) for (ax, ay), (bx, by) in segments_of(points)]
    return max(abs(math.dist(point, middle) - radius) for point in (*ends, *halfway))


class TestShape:
    def test_a_click_leaves_a_round_dot_of_the_pens_width(self) -> None:
        ink = inked(Stroke(((100, 80),), 21))
        y, x = np.nonzero(ink > 127)
        assert (x.min(), x.max(), y.min(), y.max()) == (90, 110, 70, 90)
        assert ink.sum() / 255 == pytest.approx(math.pi * 10.5**2, rel=0.01)
        assert np.array_equal(ink[70:91, 90:111], ink[70:91, 90:111].T)

    def test_edges_are_smooth_and_joints_are_round(self) -> None:
        ink = inked(Stroke(((40, 40), (160, 40), (60, 130)), 21))
        assert ((ink > 0) & (ink < 255)).any()
        y, x = np.mgrid[: SIZE[1], : SIZE[0]]
        beyond_the_corner = np.hypot(x - 160, y - 40) > 11.1
        assert not ink[beyond_the_corner & (x > 160) & (y < 40)].any(), "the corner is pointed"

    @pytest.mark.parametrize(("count", "least"), [(6, 0.05), (8, 0.03), (12, 0.02)])
    def test_a_round_drawn_with_few_points_is_round_and_no_polygon(self, count: int, least: float) -> None:
        points = around((100, 80), 60, count)
        polygon_px = 60 * (1 - math.cos(math.pi / count))
        off_px = farthest_from_circle_px(points, (100, 80), 60)
        assert off_px < 60 * least
        assert off_px < 0.5 * polygon_px

    def test_a_corner_stays_a_corner(self) -> None:
        segments = list(segments_of(((40, 40), (160, 40), (100, 150))))
        assert [segment.end for segment in segments] == [(160, 40), (100, 150)]

    @given(st.lists(ON_PAGE, min_size=1, max_size=8))
    def test_the_curve_goes_through_every_point_without_a_gap(self, points: list[tuple[int, int]]) -> None:
        segments = list(segments_of(points))
        assert segments[0].start == points[0]
        assert segments[-1].end == points[-1]
        assert all(before.end == after.start for before, after in pairwise(segments))
        ends = [segments[0].start, *(segment.end for segment in segments)]
        assert all(min(max(abs(x - a), abs(y - b)) for a, b in ends) <= EASE_PX for x, y in points)

    def test_the_steps_of_whole_pixels_are_not_seen(self) -> None:
        points: list[Point] = [(round(x), round(y)) for x, y in around((100, 80), 60, 80)]
        ends = [segment.end for segment in segments_of(points)]

        def unrest(path: list[Point]) -> float:
            """By how much it turns in all, beyond once around."""
            angles = [math.atan2(b[1] - a[1], b[0] - a[0]) for a, b in pairwise(path)]
            return sum(abs(math.remainder(b - a, math.tau)) for a, b in pairwise(angles)) - math.tau

        assert unrest(ends) < 0.4 * unrest(points)

    @settings(max_examples=50, deadline=None)
    @given(st.lists(ON_PAGE, min_size=1, max_size=8), st.sampled_from((5, 21, 60)))
    def test_all_points_are_inked_in_one_piece(self, points: list[tuple[int, int]], width_px: float) -> None:
        ink = inked(Stroke(tuple(points), width_px))
        assert all(ink[y, x] == 255 for x, y in points)
        assert pieces(ink) >= 1
        whole = inked(Stroke(tuple((x + 300, y + 300) for x, y in points), width_px), size=(900, 900))
        assert pieces(whole) == 1

    @settings(max_examples=50, deadline=None)
    @given(st.lists(ANYWHERE, min_size=1, max_size=5))
    def test_what_lies_beyond_the_page_is_cut_off(self, points: list[Point]) -> None:
        moved = tuple((x + 40, y + 30) for x, y in points)
        large = inked(Stroke(moved, 21), size=(SIZE[0] + 80, SIZE[1] + 60))
        small = inked(Stroke(tuple(points), 21))
        difference = np.abs(large[30:-30, 40:-40].astype(int) - small)
        assert difference.max() <= 3, "another shape than a larger page shows"

    def test_a_line_far_out_of_the_page_crosses_it_straight(self) -> None:
        ink = inked(Stroke(((-8000, 80), (8000, 80)), 21))
        assert (ink[70:91] == 255).all()
        assert not ink[:69].any()
        assert not ink[92:].any()


class TestEraser:
    def test_it_takes_away_what_it_touches_and_no_more(self) -> None:
        bar = Stroke(((20, 80), (180, 80)), 21)
        cut = inked(bar, Stroke(((100, 40), (100, 120)), 21, StrokeKind.ERASER))
        assert not cut[:, 91:110].any()
        assert pieces(cut) == 2
        assert np.array_equal(cut[:, :80], inked(bar)[:, :80])

    def test_it_takes_away_only_what_was_there_before(self) -> None:
        rubbed, bar = Stroke(((100, 40), (100, 120)), 21, StrokeKind.ERASER), Stroke(((20, 80), (180, 80)), 21)
        assert np.array_equal(inked(rubbed, bar), inked(bar))

    def test_the_paper_shows_again(self) -> None:
        bar = Stroke(((20, 80), (180, 80)), 21)
        over = Stroke(((10, 80), (190, 80)), 41, StrokeKind.ERASER)
        for colour in PaperColour:
            page = Page(*SIZE, colour, (bar, over))
            assert np.array_equal(render(page), ground_of(page))

    def test_a_picture_under_the_strokes_stays(self) -> None:
        picture = np.random.default_rng(0).integers(0, 256, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
        page = Page(*SIZE, strokes=(Stroke(((20, 80), (180, 80)), 41, StrokeKind.ERASER),), picture=picture)
        assert np.array_equal(render(page), picture)


class TestPapers:
    def test_every_colour_has_a_paper(self) -> None:
        assert set(PAPERS) == set(PaperColour)

    @pytest.mark.parametrize("colour", PaperColour)
    def test_the_pen_stands_out_from_its_paper(self, colour: PaperColour) -> None:
        picture = render(Page(*SIZE, colour, (Stroke(((20, 80), (180, 80)), 41),)))
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(int)
        assert abs(int(np.median(grey[75:85, 30:170])) - int(np.median(grey[:40]))) > 150
        assert (picture[80, 100] == PAPERS[colour].pen).all()
        assert (picture[5, 5] == PAPERS[colour].ground).all()

    def test_squared_paper_has_squares(self) -> None:
        picture = ground_of(Page(*SIZE, PaperColour.SQUARED))
        assert (picture == PAPERS[PaperColour.SQUARED].lines).all(axis=2).any(axis=0).all()

    def test_black_ink_on_white_is_the_ink_turned_round(self) -> None:
        strokes = (Stroke(around((100, 80), 50, 7), 21), Stroke(((20, 20), (150, 130)), 8))
        assert np.array_equal(render(Page(*SIZE, strokes=strokes)), 255 - np.repeat(inked(*strokes)[..., None], 3, axis=2))
