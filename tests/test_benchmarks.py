"""What reading is timed on, and what the benchmark says of it; never how long it takes."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import pictures, reading, soak
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


def samples(**course: list[float]) -> list[soak.Sample]:
    """Samples in which these figures take this course, and all others stay."""
    count = len(next(iter(course.values())))
    usual = soak.Sample(0.0, "still", 150.0, 5, 6, 0, 0, 0)
    return [usual._replace(**{what: values[k] for what, values in course.items()}) for k in range(count)]


@pytest.mark.parametrize(
    ("course", "told"),
    [
        ({"memory_mb": [100.0, 140, 150, 152, 149, 151, 153, 150]}, []),
        ({"memory_mb": [100.0, 140, 150, 160, 170, 180, 190, 200]}, ["memory grew by +40.0 MB"]),
        ({"threads": [5.0, 5, 5, 7, 5, 5, 5, 5]}, []),
        ({"threads": [5.0, 5, 5, 5, 6, 6, 7, 7]}, ["threads grew by +2"]),
        ({"descriptors": [6.0, 6, 6, 6, 7, 8, 9, 9]}, ["descriptors grew by +3"]),
    ],
)
def test_what_grows_over_a_soak_is_told_and_what_comes_and_goes_is_not(course: dict[str, list[float]], told: list[str]) -> None:
    assert soak.grown(samples(**course)) == told


def test_the_camera_of_a_soak_goes_through_every_fault() -> None:
    seconds = range(int(soak.CYCLE_S))
    assert {soak.phase_at(second) for second in seconds} == {phase.name for phase in soak.PHASES}


@pytest.mark.skipif(not soak.PROC.is_dir(), reason="threads and descriptors are counted in Linux' /proc")
def test_a_soak_prints_what_the_app_holds_over_time_and_tells_whether_it_grew() -> None:
    result = CliRunner().invoke(soak.main, ["--minutes", "0.06", "--samples", "8", "--size", "640x360"])
    lines = result.output.splitlines()
    assert lines[0].split() == ["minute", "the", "camera", "MB", "threads", "files", "shown", "captured", "dropped"]
    assert len(lines) >= 10
    assert "grew" in lines[-1]
    assert int(lines[8].split()[-2]) > 0, "no frame was captured"
