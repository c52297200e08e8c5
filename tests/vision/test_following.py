"""Frames through time: what stands still is read thoroughly and not again, what moves at once, what changed anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from camdigits.vision.following import Following
from camdigits.vision.pipeline import Pipeline, PipelineParams
from camdigits.vision.rotation import Rotation, RotationParams, Turned
from camdigits.vision.scene import Batch, BgrImage, Frame, Odds, Scene
from camdigits.vision.tracks import TrackParams

FPS = 30
SECOND = range(FPS)


def classify(batch: Batch) -> Odds:
    """Rings are zeros, and everything else is none of them."""
    odds = np.full((len(batch), 11), 1e-3, np.float32)
    hollow = (batch[:, 12:16, 12:16, 0].max(axis=(1, 2)) < 0.2) & (batch[:, 14, :, 0].max(axis=1) > 0.5)
    odds[np.arange(len(batch)), np.where(hollow, 0, 10)] = 0.99
    return odds


class Counted:
    """A follower of pages whose quick and thorough readings are counted."""

    def __init__(self, thorough: bool = True) -> None:
        self.quick = 0
        self.thorough = 0
        params = PipelineParams()
        reader, careful = Pipeline(classify, replace(params, all_ways=False)), Pipeline(classify, params)

        def read(frame: Frame, source: str = "") -> Scene:
            self.quick += 1
            return reader(frame, source)

        def read_thoroughly(frame: Frame, source: str = "") -> Scene:
            self.thorough += 1
            return careful(frame, source)

        turned = Turned(read, classify, RotationParams(rotate=Rotation.NONE))
        self.following = Following(turned, read_thoroughly if thorough else None, TrackParams())
        self._frames = 0

    def see(self, pictures: Sequence[BgrImage]) -> list[Scene]:
        scenes = []
        for picture in pictures:
            scenes.append(self.following.read(Frame(picture, self._frames, self._frames / FPS)))
            self._frames += 1
        return scenes


def page(*places: tuple[int, int], noise: int | None = None, at: tuple[float, float] = (0, 0)) -> BgrImage:
    """Rings on paper with some writing that is no digit, moved and seen in noise."""
    image = np.full((480, 640, 3), 215, np.uint8)
    for x, y in places:
        cv2.ellipse(image, (x, y), (16, 24), 0, 0, 360, (30, 30, 30), 4, cv2.LINE_AA)
    for x in range(40, 620, 70):
        cv2.line(image, (x, 440), (x + 40, 455), (60, 60, 60), 3, cv2.LINE_AA)
    moved = cv2.warpAffine(
        image, np.array([[1, 0, at[0]], [0, 1, at[1]]], np.float64), (640, 480), borderMode=cv2.BORDER_REPLICATE
    )
    if noise is None:
        return np.asarray(moved, np.uint8)
    grain = np.random.default_rng(noise).normal(0, 4, moved.shape)
    return np.asarray(np.clip(moved + grain, 0, 255), np.uint8)


THREE = ((100, 100), (200, 100), (300, 100))


def shaken(places: Sequence[tuple[int, int]], count: int, seed: int = 0) -> list[BgrImage]:
    """A page in noise before a hand that trembles by a pixel."""
    steps = np.random.default_rng(seed).normal(0, 0.7, (count, 2))
    return [page(*places, noise=seed + k, at=(float(dx), float(dy))) for k, (dx, dy) in enumerate(steps)]


def count_of(scene: Scene) -> int:
    return len(scene.digits)


def test_a_still_page_is_read_thoroughly_three_times_and_then_no_more() -> None:
    counted = Counted()
    first = counted.see(shaken(THREE, 90))
    quick, thorough = counted.quick, counted.thorough
    later = counted.see(shaken(THREE, 60, seed=100))
    assert (quick <= 12, thorough) == (True, 3)
    assert (counted.quick, counted.thorough) == (quick, thorough), "a page that had not changed was read again"
    assert [count_of(scene) for scene in (first[-1], later[-1])] == [3, 3]
    assert {digit.track for digit in later[-1].digits} == {digit.track for digit in first[9].digits}


def test_digits_move_with_a_page_that_is_not_read_again() -> None:
    counted = Counted()
    counted.see([page(*THREE)] * 45)
    quick = counted.quick
    scenes = counted.see([page(*THREE, at=(0.5 * k, -0.25 * k)) for k in range(40)])
    assert counted.quick <= quick + 6
    lefts = [scene.digits[0].box.x for scene in (scenes[0], scenes[-1])]
    assert abs(lefts[1] - lefts[0] - 19) <= 3


def test_a_digit_that_is_written_is_shown_and_one_that_is_wiped_is_gone() -> None:
    counted = Counted()
    counted.see([page(*THREE)] * 45)
    written = counted.see([page(*THREE, (420, 250))] * FPS)
    assert [count_of(scene) for scene in (written[0], written[9], written[-1])] == [3, 4, 4]
    wiped = counted.see([page(*THREE[:2], (420, 250))] * FPS)
    assert count_of(wiped[-1]) == 3
    assert {digit.track for digit in wiped[-1].digits} < {digit.track for digit in written[-1].digits}


def test_what_did_not_change_stays_while_a_hand_passes() -> None:
    counted = Counted()
    before = counted.see([page(*THREE)] * 45)[-1]
    hands = []
    for k in SECOND:
        frame = page(*THREE)
        reach = 480 - int(430 * np.sin(np.pi * k / 30))
        cv2.line(frame, (220, 600), (200, reach), (95, 130, 190), 90, cv2.LINE_AA)
        hands.append(frame)
    during = counted.see(hands)
    after = counted.see([page(*THREE)] * FPS)[-1]
    outer = {before.digits[0].track, before.digits[2].track}
    assert all(outer <= {digit.track for digit in scene.digits} for scene in during)
    assert count_of(after) == 3
    assert outer <= {digit.track for digit in after.digits}


def test_another_page_is_read_anew() -> None:
    counted = Counted()
    counted.see([page(*THREE)] * 45)
    scenes = counted.see([page((500, 300), (560, 300))] * FPS)
    boxes = sorted(digit.box.x for digit in scenes[-1].digits)
    assert len(boxes) == 2
    assert boxes[0] > 450


def test_a_blank_page_is_blank_and_is_not_read_again() -> None:
    counted = Counted()
    blank = np.full((480, 640, 3), 215, np.uint8)
    assert [count_of(scene) for scene in counted.see([blank] * 45)] == [0] * 45
    quick = counted.quick
    counted.see([blank] * 30)
    assert counted.quick == quick


def test_the_same_frames_give_the_same_scenes() -> None:
    frames = [*shaken(THREE, 20), *shaken((*THREE, (420, 250)), 30, seed=50)]
    runs = [[scene.to_dict() for scene in Counted().see(frames)] for _ in range(2)]
    assert runs[0] == runs[1]


def test_without_a_thorough_reader_every_frame_is_read() -> None:
    counted = Counted(thorough=False)
    scenes = counted.see([page(*THREE)] * 20)
    assert (counted.quick, counted.thorough) == (20, 0)
    assert count_of(scenes[-1]) == 3


def test_frames_of_another_size_or_after_a_pause_begin_anew() -> None:
    counted = Counted()
    counted.see([page(*THREE)] * 45)
    quick = counted.quick
    smaller = np.asarray(cv2.resize(page(*THREE), (320, 240)), np.uint8)
    assert (counted.see([smaller])[0].width, counted.quick) == (320, quick + 1)
    late = counted.following.read(Frame(smaller, 99, 99.0))
    assert {digit.track for digit in late.digits}.isdisjoint({1, 2, 3})


def test_a_turn_that_is_asked_for_is_taken_at_once() -> None:
    counted = Counted()
    upright = counted.see([page(*THREE)] * 10)[-1]
    counted.following.rotate(Rotation.OVER)
    over = counted.see([page(*THREE)] * 10)[-1]
    assert sorted(digit.box for digit in over.digits)[0].iou(sorted(digit.box for digit in upright.digits)[0]) > 0.7
    assert [digit.box.x for digit in over.digits] == sorted((digit.box.x for digit in over.digits), reverse=True)


def test_what_the_network_saw_stays_on_view_while_nothing_is_read() -> None:
    counted = Counted()
    scenes = counted.see([page(*THREE)] * 60)
    assert all(scene.evidence is not None and len(scene.evidence.glyphs) for scene in scenes)
