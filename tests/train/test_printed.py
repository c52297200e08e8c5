"""Printed characters in many fonts: all there, upright, and what they say they are."""

from __future__ import annotations

import string

import cv2
import numpy as np
import pytest

from train.printed import HEIGHT_PX, characters, font_files

pytest.importorskip("matplotlib", reason="the fonts come with the extra `train`")


@pytest.fixture(scope="module")
def digits() -> list[tuple[str, np.ndarray]]:
    return characters(string.digits)


def holes(mask: np.ndarray) -> int:
    _, hierarchy = cv2.findContours(np.pad(mask, 1), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return sum(node[3] >= 0 for node in hierarchy[0])


def test_the_fonts_are_there_and_each_once() -> None:
    assert all(file.is_file() for file in font_files())
    assert len(set(font_files())) == len(font_files()) >= 15


def test_every_font_draws_every_digit(digits: list[tuple[str, np.ndarray]]) -> None:
    counts = {char: sum(char == other for other, _ in digits) for char in string.digits}
    assert set(counts.values()) == {len(font_files()) + 10}  # five stroke fonts, each with two pens


def test_masks_are_tight_and_about_one_height(digits: list[tuple[str, np.ndarray]]) -> None:
    for char, mask in digits:
        assert mask.dtype == np.uint8
        assert set(np.unique(mask).tolist()) <= {0, 255}
        assert cv2.boundingRect(mask) == (0, 0, mask.shape[1], mask.shape[0])
        assert 0.4 * HEIGHT_PX < mask.shape[0] < 1.3 * HEIGHT_PX, char


@pytest.mark.parametrize(("char", "count"), [("0", 1), ("8", 2), ("6", 1), ("9", 1), ("1", 0), ("7", 0), ("3", 0)])
def test_digits_have_their_holes(digits: list[tuple[str, np.ndarray]], char: str, count: int) -> None:
    """A dotted or slashed zero has other ones."""
    found = [holes(mask) for other, mask in digits if other == char]
    assert np.mean([number == count for number in found]) > (0.6 if char == "0" else 0.95)


def test_digits_stand_upright(digits: list[tuple[str, np.ndarray]]) -> None:
    """The loop of a 6 is below, that of a 9 above."""

    def depth(mask: np.ndarray) -> float:
        ground = cv2.connectedComponentsWithStats(np.pad(255 - mask, 1, constant_values=255), connectivity=4)
        stats, centres = ground[2], ground[3]
        loop = 2 + int(stats[2:, cv2.CC_STAT_AREA].argmax())
        return float(centres[loop][1] / mask.shape[0])

    assert all(depth(mask) > 0.5 for char, mask in digits if char == "6" and holes(mask))
    assert all(depth(mask) < 0.5 for char, mask in digits if char == "9" and holes(mask))


def test_fonts_differ(digits: list[tuple[str, np.ndarray]]) -> None:
    assert len({mask.tobytes() for char, mask in digits if char == "4"}) > 20


def test_a_space_is_nothing() -> None:
    assert characters(" ") == []
