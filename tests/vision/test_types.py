"""Boxes and scenes as values."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camdigits.vision.types import Box, Digit, Evidence, Number, Scene, in_boxes, with_boxes

boxes = st.builds(Box, st.integers(0, 200), st.integers(0, 200), st.integers(1, 90), st.integers(1, 90))


@given(boxes, boxes)
def test_iou_is_symmetric_and_between_zero_and_one(a: Box, b: Box) -> None:
    assert a.iou(b) == b.iou(a)
    assert 0.0 <= a.iou(b) <= 1.0
    assert a.iou(a) == 1.0


@given(boxes, boxes)
def test_the_union_holds_both_boxes(a: Box, b: Box) -> None:
    union = a.union(b)
    assert union.intersection_area(a) == a.area
    assert union.intersection_area(b) == b.area


@given(boxes, st.integers(300, 400))
def test_mirroring_twice_changes_nothing(box: Box, width: int) -> None:
    assert box.mirrored(width).mirrored(width) == box
    assert box.mirrored(width).right == width - box.x


def test_a_scene_becomes_the_documented_json() -> None:
    scene = Scene(
        640, 480, (Digit(7, 0.99812, Box(1, 2, 3, 4)),), (Number("7", 0.99812, Box(1, 2, 3, 4), (0,)),), "page.jpg", 3, 0.12345
    )
    assert json.loads(json.dumps(scene.to_dict())) == {
        "schema": 1,
        "source": "page.jpg",
        "frame": 3,
        "time_s": 0.123,
        "width": 640,
        "height": 480,
        "digits": [{"label": 7, "confidence": 0.998, "box": [1, 2, 3, 4]}],
        "numbers": [{"text": "7", "confidence": 0.998, "box": [1, 2, 3, 4], "digits": [0]}],
    }


SCENE = Scene(
    1200, 900, (Digit(7, 0.998, Box(1, 2, 3, 4)), Digit(1, 0.9, Box(6, 2, 3, 4))), (Number("71", 0.9, Box(1, 2, 8, 4), (0, 1)),)
)


@pytest.mark.parametrize(
    ("scene", "line"),
    [
        (replace(SCENE, source="page.jpg"), "page.jpg: 71 (2 digits, 1200x900)"),
        (SCENE, "71 (2 digits, 1200x900)"),
        (replace(SCENE, source="clip.mp4", frame=3, time_s=0.12345), "clip.mp4 at 0.12 s: 71 (2 digits, 1200x900)"),
        (replace(SCENE, source="scan.pdf", frame=3), "scan.pdf page 4: 71 (2 digits, 1200x900)"),
        (replace(SCENE, digits=SCENE.digits[:1], numbers=()), "1 digit (1200x900)"),
        (Scene(640, 480, source="page.jpg"), "page.jpg: no digits (640x480)"),
    ],
)
def test_a_scene_is_one_line_for_people(scene: Scene, line: str) -> None:
    assert str(scene) == line
    assert repr(scene) == f"<Scene {line}>"


def test_of_many_numbers_a_line_shows_the_first() -> None:
    line = str(replace(SCENE, numbers=SCENE.numbers * 300))
    assert line.startswith("71 71 71 ")
    assert line.endswith(" 71 ... (2 digits, 1200x900)")
    assert len(line) < 100


def test_numbers_and_digits_are_what_they_say_and_tell_all_when_asked() -> None:
    assert f"{SCENE.numbers[0]} {SCENE.digits[0]}" == "71 7"
    for value in (SCENE.numbers[0], SCENE.digits[0]):
        assert eval(repr(value), {"Number": Number, "Digit": Digit, "Box": Box}) == value


def test_a_part_of_a_picture_takes_its_place_with_all_that_has_a_box() -> None:
    box, moved = Box(5, 6, 7, 8), Box(105, 56, 7, 8)
    digit, number = Digit(7, 0.9, box, track=3), Number("7", 0.9, box, (0,))
    evidence = Evidence(np.zeros((30, 40), np.uint8), np.zeros((1, 28, 28), np.float32), (box,))
    part = Scene(40, 30, (digit,), (number,), "page.jpg", 2, 1.5, (box,), evidence, 90.0, (digit,))
    whole = part.placed(100, 50, 640, 480)
    assert (whole.digits, whole.numbers) == ((replace(digit, box=moved),), (replace(number, box=moved),))
    assert (whole.marks, whole.tentative) == ((moved,), whole.digits)
    assert whole.evidence is not None
    assert whole.evidence.boxes == (moved,)
    assert (whole.width, whole.height, whole.source, whole.frame, whole.time_s) == (640, 480, "page.jpg", 2, 1.5)


def test_other_boxes_change_nothing_else() -> None:
    scene = replace(SCENE, marks=(Box(1, 2, 3, 4),), tentative=SCENE.digits[:1])
    there = with_boxes(scene, lambda box: box.mirrored(scene.width))
    for found, before in ((there.digits, scene.digits), (there.numbers, scene.numbers), (there.tentative, scene.tentative)):
        assert [one.box for one in found] == [one.box.mirrored(scene.width) for one in before]
    assert there.marks == scene.marks
    back = with_boxes(there, lambda box: box.mirrored(scene.width))
    assert (back, back.tentative) == (scene, scene.tentative)
    with pytest.raises(ValueError, match="shorter"):
        in_boxes(scene.digits, [])


def test_a_number_tells_its_point_where_it_has_one() -> None:
    numbers = [Number("54", 0.9, Box(0, 0, 9, 9), (0, 1), point) for point in (None, 1)]
    plain, dotted = Scene(9, 9, numbers=tuple(numbers)).to_dict()["numbers"]
    assert "point" not in plain
    assert dotted["point"] == 1
