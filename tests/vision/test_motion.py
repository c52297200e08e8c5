"""How the page moved between two frames: found from pixels, and silent where there is nothing to go by."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camdigits.vision.motion import STILL, Motion, find_motion, reduced
from camdigits.vision.scene import BgrImage, Box

SIZE = (640, 480)
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
    (grey, scale), (other, _) = reduced(before), reduced(now)
    return find_motion(grey, other, scale, around)


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
        find_motion(np.zeros((48, 64), np.uint8), np.zeros((40, 64), np.uint8), 1.0, [])


def test_a_motion_moves_points_as_it_says() -> None:
    assert STILL.point(3, 4) == (3, 4)
    assert Motion(a=0.0, b=2.0, dx=1.0).point(3, 4) == (-7, 6)
    assert Motion(a=0.0, b=2.0).scale == 2.0
