"""What reading is timed on, and what the benchmark says of it; never how long it takes."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import pictures, reading
from benchmarks.pictures import Picture
from camdigits.api import Recognizer
from camdigits.vision import pipeline
from camdigits.vision.scene import Box, Digit, Evidence, Frame, Scene


@pytest.mark.parametrize(("count", "height_px"), [(10, 120), (100, 40), (400, 22), (400, 7)])
def test_a_page_has_as_many_digits_as_high_as_its_name_says(count: int, height_px: float) -> None:
    picture = pictures.page(count, height_px)
    assert picture.image.shape == (720, 1280, 3)
    assert len(picture.digits) == count
    assert count < 100 or {label for label, _ in picture.digits} == set(range(10))
    assert abs(median(box.height for _, box in picture.digits) - height_px) <= 1
    for _, box in picture.digits:
        assert 0 <= box.x < box.right <= 1280
        assert 0 <= box.y < box.bottom <= 720


def test_the_ink_of_every_digit_is_in_its_box_and_nowhere_else() -> None:
    picture = pictures.page(100, 40)
    grey = cv2.cvtColor(picture.image, cv2.COLOR_BGR2GRAY)
    ink = grey < 0.5 * cv2.GaussianBlur(grey, (0, 0), 40)
    for _, box in picture.digits:
        assert ink[box.y : box.bottom, box.x : box.right].mean() > 0.05
        ink[box.y : box.bottom, box.x : box.right] = False
    assert not ink.any()


def test_digits_of_a_page_stand_apart() -> None:
    boxes = [box for _, box in pictures.page(400, 7).digits]
    assert not any(box.intersection_area(other) for i, box in enumerate(boxes) for other in boxes[:i])


def test_more_digits_than_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        pictures.page(400, 120)


@pytest.mark.parametrize("make", pictures.TEXTURES, ids=lambda make: make.__name__)
def test_textures_fill_the_picture_and_are_the_same_at_every_run(make: Callable[..., Picture]) -> None:
    picture = make((400, 300))
    assert picture.image.shape == (300, 400, 3)
    assert not picture.digits
    for part in np.array_split(picture.image, 6):
        assert part.std() > 5
    assert np.array_equal(picture.image, make((400, 300)).image)


def test_textures_are_of_twelve_megapixels_unless_told_otherwise() -> None:
    assert pictures.bricks().image.shape == (3000, 4000, 3)


def test_what_was_found_and_what_was_offered_are_counted_against_the_truth() -> None:
    boxes = [Box(10 + 40 * index, 10, 20, 30) for index in range(3)]
    picture = Picture("three", np.zeros((60, 200, 3), np.uint8), tuple(enumerate(boxes)))
    digits = (Digit(0, 0.9, boxes[0]), Digit(7, 0.9, boxes[1]))
    evidence = Evidence(np.zeros((60, 200), np.uint8), np.zeros((2, 28, 28, 1), np.float32), (boxes[1], boxes[2]))
    cost = reading.Cost(picture, 1, 1, 1, {}, 2, Scene(200, 60, digits, evidence=evidence))
    assert (cost.found, cost.offered) == (1, 2)


def test_the_stages_of_a_reading_are_told_apart_and_left_as_they_were() -> None:
    before = dict(vars(pipeline))
    recognizer = Recognizer()
    with reading.traced() as spent:
        recognizer.read_frame(Frame(pictures.page(10, 60, (640, 360)).image, 0, 0.0))
    assert set(spent) == set(reading.STAGES)
    assert all(spent[stage] > 0 for stage in ("ink", "regions", "glyphs", "readings", "numbers"))
    assert dict(vars(pipeline)) == before


def test_the_benchmark_prints_a_row_for_each_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGES", (lambda: pictures.page(10, 60, (640, 360)),))
    result = CliRunner().invoke(reading.main, ["--repeats", "1", "--only", "pages"])
    assert result.exit_code == 0, result.output
    (row,) = [line for line in result.output.splitlines() if "10 digits of 60 px" in line]
    cells = [cell.strip() for cell in row.strip("│ ").split("│")]
    assert cells[-3:] == ["10/10", "10/10", "0"]
    for heading in ("median", "99%", "ratio", *reading.STAGES):
        assert heading in result.output
