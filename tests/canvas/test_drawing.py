"""A page that is drawn on bit by bit is at each moment what its strokes make of it; undo and redo go anywhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camdigits.canvas import drawing as module
from camdigits.canvas.drawing import Drawing
from camdigits.canvas.strokes import Page, PaperColour, Point, Stroke, StrokeKind, blend_ink, ground_of, ink_of, render
from camdigits.vision.types import BgrImage, Mask

SIZE = (160, 120)
POINTS = st.one_of(
    st.tuples(st.integers(0, SIZE[0] - 1), st.integers(0, SIZE[1] - 1)),
    st.tuples(st.integers(-400, 600), st.integers(-400, 600)),
    st.tuples(st.floats(20, 30), st.floats(20, 30)),
)
STROKES = st.builds(
    lambda points, width_px, kind: Stroke(tuple(points), width_px, kind),
    st.lists(POINTS, min_size=1, max_size=12),
    st.sampled_from((5.0, 21.0, 41.0)),
    st.sampled_from(StrokeKind),
)
DEEDS = st.lists(
    st.one_of(STROKES, STROKES, st.sampled_from(("undo", "undo", "redo", "wipe")), st.sampled_from(PaperColour)), max_size=14
)
BAR = Stroke(((20, 60), (140, 60)), 21)
UPRIGHT = Stroke(((80, 10), (80, 110)), 21)
RUB = Stroke(((50, 20), (50, 100)), 21, StrokeKind.ERASER)


def draw(drawing: Drawing, stroke: Stroke) -> None:
    drawing.begin(stroke.points[0], stroke.width_px, stroke.kind)
    for point in stroke.points[1:]:
        drawing.extend(point)
    drawing.end()


def drawn(*strokes: Stroke, page: Page = Page(*SIZE)) -> Drawing:  # noqa: B008 - a frozen value
    drawing = Drawing(page)
    for stroke in strokes:
        draw(drawing, stroke)
    return drawing


def do(drawing: Drawing, deed: Stroke | PaperColour | str) -> None:
    if isinstance(deed, Stroke):
        draw(drawing, deed)
    elif isinstance(deed, PaperColour):
        drawing.recolour(deed)
    else:
        getattr(drawing, deed)()


def check(drawing: Drawing) -> None:
    assert np.array_equal(drawing.picture, render(drawing.page))
    assert np.array_equal(drawing.ink, ink_of(drawing.page.strokes, SIZE))


class TestDrawing:
    @settings(max_examples=60, deadline=None)
    @given(DEEDS)
    def test_it_is_bit_for_bit_what_the_strokes_make(self, deeds: Sequence[Stroke | PaperColour | str]) -> None:
        drawing = Drawing(Page(*SIZE))
        for deed in deeds:
            do(drawing, deed)
            check(drawing)

    @settings(max_examples=40, deadline=None)
    @given(st.lists(POINTS, min_size=1, max_size=9), st.sampled_from(StrokeKind))
    def test_also_while_the_pen_is_down(self, points: list[Point], kind: StrokeKind) -> None:
        drawing = drawn(BAR)
        drawing.begin(points[0], 21, kind)
        for point in points[1:]:
            drawing.extend(point)
            assert drawing.pen_down
            assert drawing.page.strokes == (BAR,)
        before = drawing.picture.copy()
        drawing.end()
        assert not drawing.pen_down
        assert np.array_equal(drawing.picture, before), "lifting the pen changes what is there"
        check(drawing)

    @settings(max_examples=40, deadline=None)
    @given(st.lists(POINTS, min_size=1, max_size=16), st.integers(1, 16))
    def test_many_movements_at_once_are_as_many_one_by_one(self, points: list[Point], at_once: int) -> None:
        drawing = drawn(BAR)
        drawing.begin(points[0], 21)
        for start in range(1, len(points), at_once):
            drawing.extend(*points[start : start + at_once])
        before = drawing.picture.copy()
        drawing.end()
        assert np.array_equal(drawing.picture, before)
        check(drawing)
        one_by_one = drawn(BAR, Stroke(tuple(points), 21))
        assert drawing.page == one_by_one.page

    def test_the_newest_point_is_inked_at_once(self) -> None:
        drawing = Drawing(Page(*SIZE))
        drawing.begin((20, 20), 21)
        for point in ((60, 20), (100, 60), (60, 100), (30, 70)):
            drawing.extend(point)
            assert drawing.ink[point[1], point[0]] == 255

    def test_the_steps_of_whole_pixels_are_no_points_of_the_stroke(self) -> None:
        drawing = drawn(Stroke(tuple((20 + step, 30 + step // 3) for step in range(60)), 9))
        (stroke,) = drawing.page.strokes
        assert len(stroke.points) <= 31
        assert (stroke.points[0], stroke.points[-1]) == ((20, 30), (79, 49))

    def test_movements_without_the_pen_are_nothing(self) -> None:
        drawing = Drawing(Page(*SIZE))
        drawing.extend((50, 50))
        drawing.end()
        assert drawing.page == Page(*SIZE)
        assert not drawing.ink.any()

    def test_each_change_is_counted_and_nothing_else(self) -> None:
        drawing = drawn(BAR)
        counted = drawing.changes
        drawing.redo()
        drawing.extend((9, 9))
        assert drawing.changes == counted
        drawing.undo()
        assert drawing.changes > counted

    def test_a_movement_draws_its_own_surroundings_however_full_the_page_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        laid: list[int] = []

        def lay(picture: BgrImage, ground: BgrImage, ink: Mask, colour: PaperColour) -> None:
            laid.append(ink.size)
            blend_ink(picture, ground, ink, colour)

        monkeypatch.setattr(module, "blend_ink", lay)
        costs = []
        for strokes in ((), (BAR, UPRIGHT) * 40):
            drawing = Drawing(Page(800, 600, strokes=strokes))
            drawing.begin((400, 300), 21)
            laid.clear()
            for step in range(1, 20):
                drawing.extend((400 + 10 * step, 300 + 3 * step))
            costs.append(sum(laid) / 19)
        assert costs[0] == costs[1]
        assert costs[0] < 0.03 * 800 * 600

    def test_a_page_that_was_drawn_on_goes_on_where_it_was(self) -> None:
        page = Page(*SIZE, PaperColour.BLACKBOARD, (BAR, RUB))
        drawing = Drawing(page)
        assert drawing.page == page
        check(drawing)
        draw(drawing, UPRIGHT)
        check(drawing)
        for left in ((BAR, RUB), (BAR,), ()):
            drawing.undo()
            assert drawing.page.strokes == left
            check(drawing)

    def test_a_picture_is_drawn_over(self) -> None:
        picture = np.random.default_rng(1).integers(0, 256, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
        page = Page(*SIZE, picture=picture)
        drawing = drawn(BAR, RUB, page=page)
        check(drawing)
        drawing.wipe()
        assert np.array_equal(drawing.picture, picture)
        assert drawing.page.picture is picture


class TestUndo:
    def test_it_goes_back_stroke_by_stroke_and_forth_again(self) -> None:
        drawing = Drawing(Page(*SIZE))
        seen = [drawing.picture.copy()]
        for stroke in (BAR, UPRIGHT, RUB):
            draw(drawing, stroke)
            seen.append(drawing.picture.copy())
        for expected in (*seen[-2::-1], seen[0]):
            drawing.undo()
            assert np.array_equal(drawing.picture, expected)
        for expected in (*seen[1:], seen[-1]):
            drawing.redo()
            assert np.array_equal(drawing.picture, expected)

    def test_a_wipe_is_undone_and_done_again(self) -> None:
        drawing = drawn(BAR, UPRIGHT)
        full = drawing.picture.copy()
        assert drawing.wipe()
        assert not drawing.wipe(), "there was nothing any more"
        assert np.array_equal(drawing.picture, ground_of(drawing.page))
        drawing.undo()
        assert np.array_equal(drawing.picture, full)
        drawing.redo()
        assert drawing.page.strokes == ()
        check(drawing)
        drawing.undo()
        drawing.undo()
        assert drawing.page.strokes == (BAR,)
        check(drawing)

    def test_what_is_drawn_after_an_undo_takes_the_place_of_what_was_undone(self) -> None:
        drawing = drawn(BAR, UPRIGHT)
        drawing.undo()
        draw(drawing, RUB)
        drawing.redo()
        assert drawing.page.strokes == (BAR, RUB)

    def test_an_undo_in_the_middle_of_a_stroke_takes_that_stroke(self) -> None:
        drawing = drawn(BAR)
        drawing.begin((80, 10), 21)
        drawing.extend((80, 90))
        drawing.undo()
        assert not drawing.pen_down
        assert drawing.page.strokes == (BAR,)
        check(drawing)

    @settings(max_examples=60, deadline=None)
    @given(DEEDS)
    def test_without_memory_for_what_was_it_is_drawn_again(self, deeds: Sequence[Stroke | PaperColour | str]) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "UNDO_BYTES", 9000)
            drawing = Drawing(Page(*SIZE))
            for deed in (BAR, *deeds, "undo", "undo"):
                do(drawing, deed)
                check(drawing)


def test_a_full_page_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_POINTS", 5)
    drawing = drawn(BAR, Stroke(((10, 10), (30, 10), (50, 10), (70, 10), (90, 10)), 9))
    assert drawing.is_full
    assert sum(len(stroke.points) for stroke in drawing.page.strokes) == 5
    draw(drawing, UPRIGHT)
    assert len(drawing.page.strokes) == 2
    check(drawing)
    drawing.undo()
    assert not drawing.is_full
