"""The fixture pages are what they say, and no global threshold gets through them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from camdigits.vision.types import Box

FIXTURES = Path(__file__).resolve().parent / "fixtures"
TRUTH = json.loads((FIXTURES / "truth.json").read_text(encoding="utf-8"))
PICTURES: list[dict[str, Any]] = TRUTH["pictures"]
CLIPS: list[dict[str, Any]] = TRUTH["clips"]
SPECK_PX = 8


def component_boxes(ink: np.ndarray) -> list[Box]:
    """Boxes of the connected strokes, without specks."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    return [Box(*(int(n) for n in row[:4])) for row in stats[1:] if row[cv2.CC_STAT_AREA] >= SPECK_PX]


def global_threshold(image: np.ndarray, method: str, polarity: str) -> np.ndarray:
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    # It is even told which way round the page is.
    kind = cv2.THRESH_BINARY_INV if polarity == "dark-on-light" else cv2.THRESH_BINARY
    return cv2.threshold(grey, 127, 255, kind + (cv2.THRESH_OTSU if method == "otsu" else 0))[1]


def passes(picture: dict[str, Any], method: str) -> bool:
    """Every true box is a component's (IoU >= 0.5), and no more components are false than there are digits."""
    image = cv2.imread(str(FIXTURES / picture["file"]))
    boxes = component_boxes(global_threshold(image, method, picture["polarity"]))
    true = [Box(*digit["box"]) for digit in picture["digits"]]
    matched = {index for box in true for index, found in enumerate(boxes) if box.iou(found) >= 0.5}
    all_found = all(any(box.iou(found) >= 0.5 for found in boxes) for box in true)
    return all_found and len(boxes) - len(matched) <= len(true)


@pytest.mark.parametrize("method", ["127", "otsu"])
def test_a_global_threshold_fails_on_at_least_half_of_the_pages(method: str) -> None:
    with_digits = [picture for picture in PICTURES if picture["digits"]]
    failed = [picture["file"] for picture in with_digits if not passes(picture, method)]
    assert 2 * len(failed) >= len(with_digits), f"only {failed} of {len(with_digits)} fail"


def test_the_measure_itself_lets_an_easy_page_through() -> None:
    assert passes(next(picture for picture in PICTURES if picture["file"] == "paper.jpg"), "otsu")


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture["file"])
def test_true_boxes_hold_ink_that_stands_out_from_its_surroundings(picture: dict[str, Any]) -> None:
    image = cv2.imread(str(FIXTURES / picture["file"]))
    height, width = image.shape[:2]
    assert [width, height] == picture["size"]
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(int)
    for digit in picture["digits"]:
        box = Box(*digit["box"])
        assert box.x >= 0
        assert box.y >= 0
        assert box.right <= width
        assert box.bottom <= height
        inside = grey[box.y : box.bottom, box.x : box.right]
        assert np.percentile(inside, 95) - np.percentile(inside, 5) > 15, digit
    assert sum(map(len, picture["numbers"])) == len(picture["digits"])


def test_numbers_spell_the_digits_in_reading_order() -> None:
    for picture in PICTURES:
        assert "".join(picture["numbers"]) == "".join(str(digit["label"]) for digit in picture["digits"]), picture["file"]


@pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: clip["file"])
def test_clips_hold_the_frames_that_their_truth_speaks_of(clip: dict[str, Any]) -> None:
    capture = cv2.VideoCapture(str(FIXTURES / clip["file"]))
    frames = []
    while (read := capture.read())[0]:
        frames.append(read[1])
    capture.release()
    assert len(frames) == clip["frames"]
    assert all([frame.shape[1], frame.shape[0]] == clip["size"] for frame in frames)
    for rest in clip["at_rest"]:
        first, last = rest["frames"]
        assert 0 <= first < last < clip["frames"]
        assert rest["numbers"]


def test_the_fixtures_stay_small() -> None:
    sizes = {path.name: path.stat().st_size for path in FIXTURES.iterdir() if path.is_file()}
    assert max(sizes[picture["file"]] for picture in PICTURES) <= 60_000
    assert max(sizes[clip["file"]] for clip in CLIPS) <= 250_000
    assert sum(sizes.values()) <= 2_000_000


def test_a_5_of_the_fixtures_is_in_two_pieces() -> None:
    picture = next(picture for picture in PICTURES if picture["file"] == "parts.jpg")
    grey = cv2.imread(str(FIXTURES / picture["file"]), cv2.IMREAD_GRAYSCALE)
    pieces = []
    for digit in picture["digits"]:
        box = Box(*digit["box"])
        inside = grey[box.y : box.bottom, box.x : box.right]
        ink = cv2.threshold(inside, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)[1]
        pieces.append((digit["label"], len(component_boxes(ink))))
    assert (5, 2) in pieces
    assert (5, 1) in pieces
