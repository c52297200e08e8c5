"""Pages that lie any way up: where their lines run, which turn is tried, and where what was read lies on the frame."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from camdigits.vision.normalize import make_glyph
from camdigits.vision.orientation import (
    ORIENTATION_SIDE_PX,
    RotatedReader,
    Rotation,
    RotationParams,
    Tilt,
    TiltEstimator,
    find_slope,
)
from camdigits.vision.types import Batch, BgrImage, Box, Digit, Evidence, Frame, Number, Probabilities, Reading, Scene

WIDTH, HEIGHT = 400, 300
INK = 20


def rotated(points: np.ndarray, degrees: float) -> np.ndarray:
    """Points turned clockwise about the middle of the frame."""
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    middle = np.array([WIDTH, HEIGHT]) / 2
    return np.asarray((points - middle) @ np.array([[cos, sin], [-sin, cos]]) + middle)


def lines(degrees: float, rows: int = 3, columns: int = 8) -> list[Box]:
    """Marks in lines, of somewhat different heights, turned clockwise."""
    rng = np.random.default_rng(3)
    places = np.array([(40 + 30 * column, 60 + 90 * row) for row in range(rows) for column in range(columns)], float)
    heights = rng.uniform(24, 30, len(places))
    return [
        Box(round(x - 8), round(y - height / 2), 16, round(height))
        for (x, y), height in zip(rotated(places, degrees), heights, strict=True)
    ]


class TestSlope:
    @pytest.mark.parametrize("degrees", [-45, -30, -14, 14, 30, 45])
    def test_lines_are_found_at_any_slope(self, degrees: float) -> None:
        assert find_slope(lines(degrees), 50, 1.5) == pytest.approx(degrees, abs=3)

    @pytest.mark.parametrize("degrees", [0, 1, -1])
    def test_level_lines_have_none_though_columns_stand_close(self, degrees: float) -> None:
        assert find_slope(lines(degrees), 90, 1.5) == 0

    @pytest.mark.parametrize("degrees", [90, 120, -70])
    def test_lines_that_rather_rise_are_found_too_where_they_may(self, degrees: float) -> None:
        found = find_slope(lines(degrees), 90, 1.5)
        assert (found - degrees + 90) % 180 - 90 == pytest.approx(0, abs=3)

    @pytest.mark.parametrize("boxes", [[], [Box(5, 5, 20, 30)], [Box(5, 5, 3, 4)] * 9, [Box(0, 9, 300, 10)] * 3])
    def test_no_lines_no_slope(self, boxes: list[Box]) -> None:
        assert find_slope(boxes, 90, 1.5) == 0

    def test_rules_and_specks_among_the_lines_change_nothing(self) -> None:
        rng = np.random.default_rng(5)
        specks = [Box(int(x), int(y), 6, 2) for x, y in rng.uniform((0, 0), (WIDTH, HEIGHT), (900, 2))]
        rules = [Box(0, y, WIDTH, 9) for y in range(0, HEIGHT, 12)]
        assert find_slope([*specks, *rules, *lines(30)], 50, 1.5) == pytest.approx(30, abs=3)


def picture(*boxes: Box, width: int = WIDTH, height: int = HEIGHT) -> BgrImage:
    image = np.full((height, width, 3), 230, np.uint8)
    for box in boxes:
        image[box.y : box.bottom, box.x : box.right] = INK
    return image


def ink_box(image: BgrImage) -> Box:
    return Box(*cv2.boundingRect((image[..., 0] < 120).astype(np.uint8)))


def scene_of(image: BgrImage, glyph: bool = True) -> Scene:
    """A scene whose one digit is all the ink of the picture."""
    box = ink_box(image)
    ink = np.where(image[..., 0] < 120, 255, 0).astype(np.uint8)
    crop = make_glyph(np.ascontiguousarray(ink[box.y : box.bottom, box.x : box.right]))
    evidence = Evidence(ink, crop[np.newaxis, ..., np.newaxis], (box,), (Reading(4, 0.9),)) if glyph else None
    number = Number("4", 0.9, box, (0,))
    return Scene(image.shape[1], image.shape[0], (Digit(4, 0.9, box),), (number,), marks=(box,), evidence=evidence)


class TestTilt:
    @pytest.mark.parametrize("degrees", [0, 90, 180, 270])
    def test_quarter_turns_move_pixels_and_bring_boxes_back_exactly(self, degrees: int) -> None:
        box = Box(30, 50, 17, 41)
        image = picture(box)
        tilt = Tilt(degrees, WIDTH, HEIGHT)
        upright = tilt.rotated(image)
        scene = tilt.to_frame(scene_of(upright))
        assert np.array_equal(upright, np.rot90(image, -degrees // 90))
        assert tilt.size == (upright.shape[1], upright.shape[0])
        assert [scene.digits[0].box, scene.numbers[0].box, *scene.marks] == [box] * 3
        assert scene.evidence is not None
        assert scene.evidence.boxes == (box,)
        assert (scene.width, scene.height) == (WIDTH, HEIGHT)

    def test_ninety_degrees_are_clockwise(self) -> None:
        assert ink_box(Tilt(90, WIDTH, HEIGHT).rotated(picture(Box(0, 0, 10, 20)))) == Box(HEIGHT - 20, 0, 20, 10)

    @pytest.mark.parametrize("degrees", [-30, 15, 45, 75, 200])
    def test_digits_aslant_keep_the_tight_boxes_of_their_ink(self, degrees: float) -> None:
        image = picture()
        cv2.line(image, (120, 90), (180, 170), (INK, INK, INK), 9)
        cv2.line(image, (180, 170), (110, 180), (INK, INK, INK), 9)
        tilt = Tilt(degrees % 360, WIDTH, HEIGHT)
        upright = tilt.rotated(image)
        with_ink = tilt.to_frame(scene_of(upright)).digits[0].box
        assert with_ink.iou(ink_box(image)) > 0.85
        assert with_ink.iou(ink_box(image)) > tilt.to_frame(scene_of(upright, glyph=False)).digits[0].box.iou(ink_box(image))

    def test_boxes_stay_in_the_frame(self) -> None:
        tilt = Tilt(45, WIDTH, HEIGHT)
        corners = tuple(Box(x, y, 9, 9) for x in (0, tilt.size[0] - 9) for y in (0, tilt.size[1] - 9))
        for box in tilt.to_frame(Scene(*tilt.size, marks=corners)).marks:
            assert 0 <= box.x < box.right <= WIDTH
            assert 0 <= box.y < box.bottom <= HEIGHT

    def test_beyond_the_frame_its_ground_goes_on_without_streaks_of_ink(self) -> None:
        image = picture(*(Box(x, 0, 6, HEIGHT) for x in range(10, WIDTH, 40)))
        tilt = Tilt(45, WIDTH, HEIGHT)
        corner = tilt.rotated(image)[:100, -100:]
        steps = np.abs(np.diff(corner.astype(int), axis=0)).max()
        assert steps < 20
        assert corner.mean() == pytest.approx(image.mean(), abs=10)

    def test_a_large_picture_is_not_made_larger(self) -> None:
        tilt = Tilt(45, 4000, 3000)
        assert max(tilt.size) <= 2560
        image = picture(Box(1000, 900, 200, 400), width=4000, height=3000)
        assert tilt.to_frame(scene_of(tilt.rotated(image))).digits[0].box.iou(Box(1000, 900, 200, 400)) > 0.9


def page(degrees: float, index: int = 0) -> Frame:
    """A page turned clockwise before the camera: a dark dot in its middle, and one at its head."""
    image = np.full((HEIGHT, HEIGHT, 3), 230, np.uint8)
    middle = HEIGHT // 2
    x, y = middle + 60 * np.sin(np.deg2rad(degrees)), middle - 60 * np.cos(np.deg2rad(degrees))
    cv2.circle(image, (middle, middle), 14, (INK, INK, INK), -1)
    cv2.circle(image, (round(x), round(y)), 14, (INK, INK, 230), -1)
    return Frame(image, index, index / 30)


class FakeReader:
    """Reads `page`s: five digits, sure of them where the page stands upright; marks in lines, and crops, lie as the page does.

    A crop has a spot at its head; the classifier takes it for a digit where the spot is on top.
    """

    def __init__(self, sure: float = 0.9999, elsewhere: float = 0.6, first: float = 0.9999) -> None:
        self.sure, self.elsewhere, self.first = sure, elsewhere, first
        self.read_at: list[float] = []
        self.crops_asked = 0

    def __call__(self, frame: Frame, source: str = "") -> Scene:
        blue, red = frame.image[..., 0] < 120, frame.image[..., 2] > 120
        head, middle = (np.argwhere(blue & mask).mean(axis=0) for mask in (red, ~red))
        degrees = float(np.rad2deg(np.arctan2(head[1] - middle[1], middle[0] - head[0])))
        self.read_at.append(round(degrees))
        upright = abs(degrees) < 12
        confidences = [self.first, *[self.sure] * 4] if upright else [self.elsewhere] * 5
        boxes = tuple(Box(40 + 50 * k, 60, 26, 26) for k in range(5))
        quarters = round(degrees / 90)
        glyphs = np.zeros((5, 28, 28, 1), np.float32)
        glyphs[:, 0, 14] = abs(degrees - 90 * quarters) < 12
        evidence = Evidence(np.zeros((9, 9), np.uint8), np.rot90(glyphs, -quarters, axes=(1, 2)), boxes)
        digits = tuple(Digit(3, confidence, box) for confidence, box in zip(confidences, boxes, strict=True))
        height, width = frame.image.shape[:2]
        return Scene(width, height, digits, (), source, marks=tuple(lines(degrees)), evidence=evidence)

    def classify(self, batch: Batch) -> Probabilities:
        self.crops_asked += len(batch)
        probabilities = np.full((len(batch), 11), 1e-5, np.float32)
        probabilities[np.arange(len(batch)), np.where(batch[:, 0, 13:15, 0].any(axis=1), 3, 10)] = 0.9999
        return probabilities

    def rotated(self, rotation: Rotation = Rotation.AUTO, sure: float = 4.5, gain: float = 6.0) -> RotatedReader:
        return RotatedReader(self, self.classify, RotationParams(rotate=rotation, confident_mean=sure, min_flip_gain=gain))


def is_sure(scene: Scene) -> bool:
    return all(digit.confidence > 0.99 for digit in scene.digits)


class TestTurned:
    @pytest.mark.parametrize("degrees", [90, 180, 270, 30, -30, 44, 120, 200, 330])
    def test_a_page_is_set_upright_whichever_way_it_lies(self, degrees: float) -> None:
        fake = FakeReader()
        assert is_sure(fake.rotated()(page(degrees)))
        assert abs(fake.read_at[-1]) < 5
        assert len(fake.read_at) <= 3

    def test_a_page_that_reads_well_is_read_once_and_nothing_more_is_asked(self) -> None:
        fake = FakeReader()
        fake.rotated()(page(3))
        assert (fake.read_at, fake.crops_asked) == ([3], 0)

    def test_turns_are_compared_at_a_glance_and_the_best_is_read_well(self) -> None:
        thorough, quick = FakeReader(), FakeReader()
        rotated = RotatedReader(thorough, thorough.classify, RotationParams(confident_mean=4.5), quick)
        assert is_sure(rotated(page(120)))
        assert [thorough.read_at[0], abs(thorough.read_at[-1]) < 5, len(thorough.read_at)] == [120, True, 2]
        assert quick.read_at[0] == 120, "what turns are compared with was not seen by the same reader"

    def test_a_page_that_stays_as_it_is_is_read_well_only_once(self) -> None:
        thorough, quick = FakeReader(sure=0.8), FakeReader(sure=0.8)
        RotatedReader(thorough, thorough.classify, RotationParams(confident_mean=4.5), quick)(page(180))
        assert (thorough.read_at, quick.read_at) == ([180], [180, 0])

    def test_a_glance_is_taken_at_a_smaller_picture(self) -> None:
        thorough, quick = FakeReader(), FakeReader()
        sizes: list[tuple[int, ...]] = []

        def quick_read(frame: Frame, source: str) -> Scene:
            sizes.append(frame.image.shape)
            return quick(frame, source)

        large = page(180)
        enlarged = cv2.resize(large.image, None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST)
        RotatedReader(thorough, thorough.classify, RotationParams(confident_mean=4.5), quick_read)(
            replace(large, image=np.asarray(enlarged, np.uint8))
        )
        assert {max(size) for size in sizes} == {ORIENTATION_SIDE_PX}

    def test_a_page_with_a_small_slope_is_read_as_it_is(self) -> None:
        fake = FakeReader()
        fake.rotated()(page(8))
        assert fake.read_at == [8]

    def test_a_page_upside_down_stays_so_where_its_digits_would_not_be_sure(self) -> None:
        fake = FakeReader(sure=0.8)  # as letters that look like digits, one of them very much
        scene = fake.rotated()(page(180))
        assert fake.read_at == [180, 0], "not tried"
        assert [digit.confidence for digit in scene.digits] == [0.6] * 5

    def test_a_page_stays_as_it_is_where_a_turn_brings_little_more(self) -> None:
        fake = FakeReader(sure=0.9999, elsewhere=0.9995)
        scene = fake.rotated(sure=99.0, gain=20.0)(page(180))
        assert [digit.confidence for digit in scene.digits] == [0.9995] * 5

    @pytest.mark.parametrize("rotation", [rotation for rotation in Rotation if rotation is not Rotation.AUTO])
    def test_a_turn_that_is_told_is_kept(self, rotation: Rotation) -> None:
        fake = FakeReader()
        fake.rotated(rotation)(page(180))
        assert [degrees % 360 for degrees in fake.read_at] == [(180 + rotation.degrees) % 360]
        assert fake.crops_asked == 0

    @pytest.mark.parametrize("slope", [-44, -25, 25, 44])
    def test_slopes_are_levelled_on_both_sides_of_a_turn_that_is_told(self, slope: float) -> None:
        assert is_sure(FakeReader().rotated(Rotation.RIGHT)(page(270 + slope)))

    def test_with_another_rotation_the_rest_is_the_same(self) -> None:
        rotated = FakeReader().rotated().with_rotation(Rotation.OVER)
        assert rotated.rotation is Rotation.OVER
        assert is_sure(rotated(page(180)))

    def test_the_scene_names_its_source_and_lies_on_the_frame(self) -> None:
        scene = FakeReader().rotated()(replace(page(90), image=page(90).image[:, 20:]), "page.jpg")
        assert (scene.source, scene.width, scene.height) == ("page.jpg", HEIGHT - 20, HEIGHT)


class TestSteady:
    def test_the_turn_of_the_first_frame_is_kept(self) -> None:
        fake = FakeReader()
        tilt_estimator = TiltEstimator(fake.rotated(), every=4)
        degrees = [tilt_estimator.read(page(180, index)).tilt.degrees for index in range(20)]
        assert degrees == [180] * 20
        assert len(fake.read_at) == 21, "a page that reads well was read more than once a frame"

    def test_a_page_that_is_turned_is_followed_once_it_is_sure(self) -> None:
        tilt_estimator = TiltEstimator(FakeReader().rotated(), every=4)
        for index in range(8):
            tilt_estimator.read(page(0, index))
        degrees = [tilt_estimator.read(page(180, index)).tilt.degrees for index in range(8, 24)]
        change = degrees.index(180)
        assert degrees == [0] * change + [180] * (16 - change)
        assert 4 <= change <= 8

    def test_a_passing_turn_changes_nothing(self) -> None:
        tilt_estimator = TiltEstimator(FakeReader().rotated(), every=4)
        frames = [page(180 if 8 <= index < 13 else 0, index) for index in range(30)]
        assert {tilt_estimator.read(frame).tilt.degrees for frame in frames} == {0}

    def test_the_same_frames_give_the_same_turns(self) -> None:
        frames = [page(degrees, index) for index, degrees in enumerate([0] * 9 + [95] * 20 + [30] * 20)]
        runs = []
        for _ in range(2):
            tilt_estimator = TiltEstimator(FakeReader().rotated(), every=3)
            runs.append([tilt_estimator.read(frame).tilt.degrees for frame in frames])
        assert runs[0] == runs[1]
        assert runs[0][-1] == pytest.approx(330, abs=3)
