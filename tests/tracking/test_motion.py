"""How the page moved between two frames: found from pixels, and silent where there is nothing to go by."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camdigits.tracking.motion import (
    IDENTITY,
    Motion,
    ReducedFrame,
    find_changes,
    find_corners,
    find_motion,
    reduce,
    similarity,
    take_patches,
)
from camdigits.tracking.tracker import TrackParams
from camdigits.vision.types import BgrImage, Box

SIZE = (640, 480)
SMALL, SMALLER = ReducedFrame(np.zeros((48, 64), np.uint8), 1.0), ReducedFrame(np.zeros((40, 64), np.uint8), 1.0)
AROUND = [Box(200, 150, 40, 60), Box(400, 280, 40, 60)]


def page() -> BgrImage:
    """Writing all over a light page."""
    rng = np.random.default_rng(4)
    image = np.full((*SIZE[::-1], 3), 220, np.uint8)
    for x in range(60, 600, 60):
        for y in range(60, 440, 60):
            points = (np.array([x, y]) + rng.integers(-20, 20, (4, 2))).astype(np.int32)
            cv2.polylines(image, [points], False, (40, 40, 40), 3, cv2.LINE_AA)
    return image


def moved(image: BgrImage, motion: Motion) -> BgrImage:
    matrix = np.array([[motion.a, -motion.b, motion.dx], [motion.b, motion.a, motion.dy]])
    return np.asarray(cv2.warpAffine(image, matrix, SIZE, borderValue=(220, 220, 220)), np.uint8)


def found(before: BgrImage, now: BgrImage, around: list[Box] = AROUND) -> Motion | None:
    first = reduce(before)
    found = find_motion(first, reduce(now), find_corners(first, np.array(around, np.float64)))
    return None if found is None else found[0]


@settings(max_examples=25, deadline=None)
@given(st.floats(0.96, 1.04), st.floats(-0.03, 0.03), st.floats(-14, 14), st.floats(-14, 14))
def test_shift_turn_and_zoom_are_found_to_the_pixel(scale: float, turn: float, dx: float, dy: float) -> None:
    middle = complex(320, 240)
    spin = complex(scale * np.cos(turn), scale * np.sin(turn))
    shift = middle - spin * middle + complex(dx, dy)
    true = Motion(spin.real, spin.imag, shift.real, shift.imag)
    motion = found(page(), moved(page(), true))
    assert motion is not None
    for x, y in ((200, 150), (440, 340)):
        assert np.hypot(*np.subtract(motion.point(x, y), true.point(x, y))) < 1.5


def test_a_still_page_in_noise_does_not_move() -> None:
    rng = np.random.default_rng(2)
    noisy = np.clip(page() + rng.normal(0, 4, page().shape), 0, 255).astype(np.uint8)
    motion = found(page(), noisy)
    assert motion is not None
    assert np.hypot(*np.subtract(motion.point(300, 200), (300, 200))) < 0.7


def test_what_moves_elsewhere_does_not_count() -> None:
    before = page()
    now = before.copy()
    now[:, 420:] = moved(before, Motion(dx=0.0, dy=25.0))[:, 420:]
    motion = found(before, now, [Box(150, 150, 40, 60), Box(250, 280, 40, 60)])
    assert motion is not None
    assert abs(motion.dy) < 1


@pytest.mark.parametrize("other", ["blank", "another page"])
def test_nothing_is_said_where_the_picture_was_covered_or_cut(other: str) -> None:
    now = np.full_like(page(), 90) if other == "blank" else np.ascontiguousarray(page()[::-1, ::-1])
    assert found(page(), now) is None
    assert found(now, page()) is None


def test_the_same_frames_give_the_same_motion() -> None:
    motions = {found(page(), moved(page(), Motion(dx=6.0))) for _ in range(3)}
    assert len(motions) == 1


def test_frames_of_different_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        find_motion(SMALL, SMALLER, np.zeros((0, 2), np.float32))


def test_a_motion_moves_points_as_it_says() -> None:
    assert IDENTITY.point(3, 4) == (3, 4)
    assert Motion(a=0.0, b=2.0, dx=1.0).point(3, 4) == (-7, 6)
    assert Motion(a=0.0, b=2.0).scale == 2.0


class TestChanges:
    def changed(self, before: BgrImage, now: BgrImage, motion: Motion = IDENTITY) -> np.ndarray:
        return np.asarray(find_changes(reduce(before), reduce(now), motion) > 0)

    def test_noise_light_and_a_shake_of_a_pixel_change_nothing(self) -> None:
        noise = np.random.default_rng(3).normal(0, 4, page().shape)
        now = np.clip(moved(page(), Motion(dx=1.0, dy=-0.7)) * 0.8 + noise, 0, 255).astype(np.uint8)
        assert self.changed(page(), now).sum() < 4

    def test_a_thin_stroke_is_seen_where_it_was_drawn_and_nowhere_else(self) -> None:
        now = page()
        cv2.line(now, (320, 20), (350, 45), (90, 90, 90), 3, cv2.LINE_AA)
        changed = self.changed(page(), now)
        assert changed.sum() >= 8
        rows, columns = np.nonzero(changed)
        assert (columns.min() / 0.75, rows.min() / 0.75) > (300, 0)
        assert rows.max() / 0.75 < 60

    def test_a_page_that_moved_as_is_known_has_not_changed(self) -> None:
        motion = Motion(1.02, 0.01, 9.0, -6.0)
        assert self.changed(page(), moved(page(), motion), motion).mean() < 0.001
        assert self.changed(page(), moved(page(), motion)).mean() > 0.01

    def test_frames_of_different_sizes_are_refused(self) -> None:
        with pytest.raises(ValueError, match="cannot be compared"):
            find_changes(SMALL, SMALLER)


@given(st.floats(0.5, 2), st.floats(-1, 1), st.floats(-50, 50), st.floats(-50, 50))
def test_motions_follow_each_other(a: float, b: float, dx: float, dy: float) -> None:
    first, second = Motion(a, b, dx, dy), Motion(1.1, -0.2, 3.0, 4.0)
    assert np.allclose(second.after(first).point(10, 20), second.point(*first.point(10, 20)))


def test_the_middles_of_boxes_move_and_their_sides_grow() -> None:
    rng = np.random.default_rng(1)
    boxes = [Box(*(int(v) for v in row)) for row in rng.integers((-50, -50, 1, 1), (600, 400, 60, 60), (50, 4))]
    for motion in (IDENTITY, Motion(1.1, -0.2, 3.3, -4.6), Motion(a=0.0, b=1.0, dx=0.5)):
        for box, there in zip(boxes, motion.transform_boxes(boxes), strict=True):
            x, y = motion.point(box.x + box.width / 2, box.y + box.height / 2)
            width, height = box.width * motion.scale, box.height * motion.scale
            assert there == (round(x - width / 2), round(y - height / 2), max(1, round(width)), max(1, round(height)))
    assert IDENTITY.transform_boxes([]) == ()


def digit(x: float = 300, y: float = 200, text: str = "5", height: float = 40.0) -> tuple[BgrImage, np.ndarray]:
    """A sheet with one digit, and its box, float64 (1, 4)."""
    image = np.full((*SIZE[::-1], 3), 220, np.uint8)
    scale = height / cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 1)[0][1]
    (width, high), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 5)
    cv2.putText(image, text, (round(x), round(y) + high), cv2.FONT_HERSHEY_SIMPLEX, scale, (40, 40, 40), 5, cv2.LINE_AA)
    return image, np.array([[x, y, width, high]], np.float64)


class TestOneDigitAlone:
    @pytest.mark.parametrize("text", list("0123456789"))
    def test_its_shift_is_found(self, text: str) -> None:
        before, box = digit(text=text)
        first, now = reduce(before), reduce(moved(before, Motion(dx=9.0, dy=-7.0)))
        found = find_motion(first, now, find_corners(first, box))
        assert found is not None
        assert np.abs(found[0].transform(box)[0, :2] - (309, 193)).max() < 2

    def test_a_blank_sheet_has_no_corners_and_no_motion(self) -> None:
        blank = reduce(np.full((480, 640, 3), 220, np.uint8))
        corners = find_corners(blank, np.array([[300.0, 200.0, 30.0, 40.0]]))
        assert len(corners) == 0
        assert find_motion(blank, blank, corners) is None

    def test_boxes_beyond_the_frame_have_no_corners(self) -> None:
        assert len(find_corners(reduce(page()), np.array([[900.0, 700.0, 30.0, 40.0], [-300.0, -200.0, 30.0, 40.0]]))) == 0


class TestLikeness:
    def alike(self, before: BgrImage, box: np.ndarray, now: BgrImage, there: np.ndarray) -> float:
        return float(similarity(take_patches(reduce(before), box), take_patches(reduce(now), there))[0])

    @pytest.mark.parametrize("text", list("0123456789"))
    def test_the_same_strokes_elsewhere_in_other_light_and_noise_are_alike(self, text: str) -> None:
        before, box = digit(text=text)
        now = moved(before, Motion(dx=8.0, dy=5.0)) * 0.7 + np.random.default_rng(1).normal(0, 4, before.shape)
        assert self.alike(before, box, np.clip(now, 0, 255).astype(np.uint8), np.add(box, (8, 5, 0, 0))) > 0.8

    @pytest.mark.parametrize("other", ["blank", "hand", "beside"])
    def test_a_place_where_they_are_not_is_not(self, other: str) -> None:
        before, box = digit()
        there = np.add(box, (25, 0, 0, 0)) if other == "beside" else box
        now = before if other == "beside" else np.full_like(before, 220)
        if other == "hand":
            cv2.line(now, (310, 480), (330, 190), (95, 130, 190), 60)
        assert self.alike(before, box, now, there) < 0.5

    def test_another_digit_in_its_place_is_less_alike_than_the_same(self) -> None:
        before, box = digit(text="1")
        assert self.alike(before, box, digit(text="8")[0], box) < TrackParams().min_similarity

    def test_none_are_alike_where_there_are_none(self) -> None:
        assert len(similarity(*[take_patches(reduce(page()), np.zeros((0, 4)))] * 2)) == 0
