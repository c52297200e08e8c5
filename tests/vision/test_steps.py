"""Work in steps gives the same result whether it is done at once or bit by bit."""

from __future__ import annotations

import cv2
import numpy as np

from camdigits.vision.ink import find_ways, finding_ways
from camdigits.vision.pipeline import Pipeline
from camdigits.vision.scene import Batch, Frame, Odds
from camdigits.vision.steps import Steps, finished


def test_the_result_is_what_the_work_returns() -> None:
    def work() -> Steps[str]:
        yield 1
        yield 1
        return "done"

    begun = work()
    next(begun)
    assert finished(begun) == "done"


def test_reading_in_steps_reads_the_same() -> None:
    def zeros(batch: Batch) -> Odds:
        return np.tile(np.eye(11, dtype=np.float32)[0], (len(batch), 1))

    image = np.full((240, 320, 3), 220, np.uint8)
    cv2.circle(image, (100, 100), 20, (30, 30, 160), 4)
    pipeline, frame = Pipeline(zeros), Frame(image, 0, 0.0)
    steps = pipeline.reading(frame)
    for _ in range(12):
        next(steps)
    scene, whole = finished(steps), pipeline(frame)
    assert scene.digits
    assert sorted(scene.digits, key=lambda digit: digit.box) == sorted(whole.digits, key=lambda digit: digit.box)
    assert scene.marks == whole.marks
    for one, other in zip(finished(finding_ways(image)).dark, find_ways(image).dark, strict=True):
        assert one.name == other.name
        assert np.array_equal(one.ink, other.ink)
