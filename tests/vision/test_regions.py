"""Candidates: connected strokes of a digit's shape, and strokes that belong together."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from camdigits.vision.regions import RegionParams, find_regions
from camdigits.vision.scene import Box


def blank() -> np.ndarray:
    return np.zeros((200, 300), np.uint8)


def test_each_connected_stroke_is_a_candidate_in_its_box() -> None:
    ink = blank()
    cv2.line(ink, (40, 40), (40, 100), 255, 4)
    cv2.ellipse(ink, (120, 80), (20, 35), 0, 0, 360, 255, 4)
    candidates = find_regions(ink).candidates
    assert len(candidates) == 2
    for region in candidates:
        assert region.mask.shape == (region.box.height, region.box.width)
        x, y, width, height = cv2.boundingRect(region.mask)
        assert (x, y, width, height) == (0, 0, region.box.width, region.box.height)


def test_strokes_on_the_border_of_the_frame_are_candidates() -> None:
    ink = blank()
    cv2.line(ink, (0, 0), (0, 60), 255, 5)
    cv2.line(ink, (299, 140), (299, 199), 255, 5)
    assert [region.box.x for region in find_regions(ink).candidates] == [0, 296]


def test_a_detached_bar_and_its_body_are_offered_together() -> None:
    ink = blank()
    cv2.ellipse(ink, (100, 120), (22, 28), 0, -110, 140, 255, 5)
    cv2.line(ink, (100, 82), (132, 80), 255, 5)
    regions = find_regions(ink)
    together = [region for region in regions.candidates if len(region.parts) == 2]
    assert len(together) == 1
    assert together[0].box.y <= 79
    assert together[0].parts <= set(regions.marks)


def test_specks_bars_and_blobs_are_no_candidates_but_marks() -> None:
    ink = blank()
    cv2.circle(ink, (50, 50), 3, 255, -1)
    cv2.line(ink, (100, 100), (180, 100), 255, 4)
    cv2.circle(ink, (240, 120), 25, 255, -1)
    regions = find_regions(ink)
    assert regions.candidates == ()
    assert len(regions.marks) == 3


def test_the_number_of_candidates_is_bounded() -> None:
    ink = np.zeros((400, 400), np.uint8)
    for x in range(5, 395, 8):
        for y in range(5, 380, 16):
            ink[y : y + 12, x : x + 2] = 255
    assert len(find_regions(ink, RegionParams(max_candidates=50)).candidates) <= 50


def test_ink_of_another_dtype_is_refused() -> None:
    with pytest.raises(ValueError, match="expected ink"):
        find_regions(np.zeros((5, 5), np.float32))


def test_no_ink_gives_nothing() -> None:
    regions = find_regions(blank())
    assert regions.candidates == ()
    assert regions.marks == {}


def test_marks_keep_their_boxes() -> None:
    ink = blank()
    cv2.rectangle(ink, (100, 100), (180, 104), 255, -1)
    assert list(find_regions(ink).marks.values()) == [Box(100, 100, 81, 5)]


def test_digits_that_touch_are_offered_in_pieces() -> None:
    ink = blank()
    cv2.ellipse(ink, (80, 80), (20, 30), 0, 0, 360, 255, 4)
    cv2.ellipse(ink, (124, 80), (20, 30), 0, 0, 360, 255, 4)
    cv2.line(ink, (100, 80), (104, 80), 255, 4)
    regions = find_regions(ink)
    (chain,) = regions.chains
    pieces = [regions.candidates[piece.candidate] for piece in chain.pieces]
    for true in (Box(58, 48, 45, 65), Box(102, 48, 45, 65)):
        assert max(piece.box.iou(true) for piece in pieces) > 0.8
    assert all(piece.cut and piece.parts == frozenset((chain.component,)) for piece in pieces)
