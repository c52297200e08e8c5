"""Frames through time: what is read when, and that labels are only where their digits are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import cv2
import numpy as np
import pytest

from camdigits.tracking.executor import InlineExecutor, JobResult, ReadingKind
from camdigits.tracking.live_reader import FrameReading, LiveParams, LiveReader
from camdigits.vision.orientation import RotatedReader, Rotation, RotationParams
from camdigits.vision.pipeline import Pipeline, PipelineParams
from camdigits.vision.presets import LIVE_PROPOSALS, PROPOSALS
from camdigits.vision.types import Batch, BgrImage, Box, Frame, Probabilities, Scene

FPS = 30
DELAYS_S = {ReadingKind.QUICK: 4 / FPS, ReadingKind.THOROUGH: 8 / FPS}
THREE = ((100, 100), (200, 100), (300, 100))


def classify(batch: Batch) -> Probabilities:
    """Rings are zeros, and everything else is none of them."""
    probabilities = np.full((len(batch), 11), 1e-3, np.float32)
    hollow = (batch[:, 12:16, 12:16, 0].max(axis=(1, 2)) < 0.2) & (batch[:, 14, :, 0].max(axis=1) > 0.5)
    probabilities[np.arange(len(batch)), np.where(hollow, 0, 10)] = 0.99
    return probabilities


def page(*places: tuple[int, int], noise: int | None = None, at: tuple[float, float] = (0, 0), lit: float = 1.0) -> BgrImage:
    """Rings on paper with some writing that is no digit, moved and seen in noise."""
    image = np.full((480, 640, 3), 215, np.uint8)
    for x, y in places:
        cv2.ellipse(image, (x, y), (16, 24), 0, 0, 360, (30, 30, 30), 4, cv2.LINE_AA)
    for x in range(40, 620, 70):
        cv2.line(image, (x, 440), (x + 40, 455), (60, 60, 60), 3, cv2.LINE_AA)
    matrix = np.array([[1, 0, at[0]], [0, 1, at[1]]], np.float64)
    moved = cv2.warpAffine(image, matrix, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    grain = 0 if noise is None else np.random.default_rng(noise).normal(0, 4, moved.shape)
    return np.asarray(np.clip(lit * moved + grain, 0, 255), np.uint8)


def shaken(places: Sequence[tuple[int, int]], count: int, seed: int = 0, by_px: float = 0.7) -> list[BgrImage]:
    """A page in noise before a hand that trembles."""
    steps = np.random.default_rng(seed).normal(0, by_px, (count, 2))
    return [page(*places, noise=seed + k, at=(float(dx), float(dy))) for k, (dx, dy) in enumerate(steps)]


class Camera:
    """Frames before a live reader whose readings are counted, by their kind."""

    def __init__(
        self,
        read: Callable[[Frame, str], Scene] | None = None,
        params: LiveParams = LiveParams(),  # noqa: B008 - a frozen value
        thorough: bool = True,
    ) -> None:
        self.kinds: list[str] = []
        self.reader = LiveReader(
            self._rotated("quick", read or Pipeline(classify, LIVE_PROPOSALS.applied_to(PipelineParams()))),
            InlineExecutor(DELAYS_S if thorough else {}),
            params=params,
            thorough=self._rotated("thorough", Pipeline(classify, PROPOSALS.applied_to(PipelineParams())))
            if thorough
            else None,
        )
        self.frames = 0

    def _rotated(self, kind: str, read: Callable[[Frame, str], Scene]) -> RotatedReader:
        def counted(frame: Frame, source: str = "") -> Scene:
            self.kinds.append(kind)
            return read(frame, source)

        return RotatedReader(counted, classify, RotationParams(rotate=Rotation.NONE))

    def see(self, pictures: Iterable[BgrImage]) -> list[Scene]:
        scenes = []
        for picture in pictures:
            scenes.append(self.reader.recognize(Frame(picture, self.frames, self.frames / FPS)))
            self.frames += 1
        return scenes


def counts(scenes: Iterable[Scene]) -> list[int]:
    return [len(scene.digits) for scene in scenes]


def tracks(scene: Scene) -> set[int | None]:
    return {digit.track for digit in scene.digits}


def off_px(scene: Scene, places: Sequence[tuple[int, int]], at: tuple[float, float] = (0, 0)) -> float:
    """How far that label is from its digit which is farthest, in pixels."""
    middles = [(digit.box.x + digit.box.width / 2, digit.box.y + digit.box.height / 2) for digit in scene.digits]
    return max(
        (min(float(np.hypot(x - px - at[0], y - py - at[1])) for px, py in places) for x, y in middles),
        default=0.0,
    )


class TestWhatIsRead:
    def test_a_page_at_rest_is_read_a_few_times_and_then_no_more(self) -> None:
        camera = Camera()
        first = camera.see(shaken(THREE, 90, by_px=0.2))
        read = len(camera.kinds)
        later = camera.see(shaken(THREE, 60, seed=100, by_px=0.2))
        assert camera.kinds[0] == "quick"
        assert camera.kinds[-3:] == ["thorough"] * 3
        assert len(camera.kinds) == read, "a page that had not changed was read again"
        assert [counts(scenes)[-1] for scenes in (first, later)] == [3, 3]
        assert tracks(later[-1]) == tracks(first[9])

    def test_a_page_that_trembles_is_read_now_and_then(self) -> None:
        camera = Camera()
        camera.see(shaken(THREE, 60))
        read = len(camera.kinds)
        camera.see(shaken(THREE, 90, seed=60))
        assert read < len(camera.kinds) < read + 12

    def test_a_page_that_moves_fast_is_read_quickly(self) -> None:
        camera = Camera()
        camera.see(page(*THREE, at=(9.0 * k, 0.0)) for k in range(25))
        assert set(camera.kinds) == {"quick"}

    def test_a_blank_page_is_blank_and_is_not_read_again(self) -> None:
        camera = Camera()
        blank = np.full((480, 640, 3), 215, np.uint8)
        assert counts(camera.see([blank] * 60)) == [0] * 60
        read = len(camera.kinds)
        camera.see([blank] * 30)
        assert len(camera.kinds) == read

    def test_one_reading_is_done_at_a_time(self) -> None:
        camera = Camera()
        camera.see(page(*THREE, at=(9.0 * k, 0.0)) for k in range(12))
        assert len(camera.kinds) == 3, "one at the first frame, then one every four frames"

    def test_without_a_thorough_reader_every_frame_is_read_and_shown_at_once(self) -> None:
        camera = Camera(params=LiveParams(every_frame=True, min_interval_s=0.0), thorough=False)
        scenes = camera.see([page(*THREE)] * 20)
        assert camera.kinds == ["quick"] * 20
        assert counts(scenes) == [3] * 20

    def test_a_page_before_a_camera_of_one_frame_a_second_is_read(self) -> None:
        camera = Camera()
        scenes = [camera.reader.recognize(Frame(page(*THREE, noise=k), k, float(k))) for k in range(4)]
        assert counts(scenes) == [0, 3, 3, 3]

    def test_the_same_frame_again_shows_what_was_read_meanwhile(self) -> None:
        held = Held()
        camera = Camera()
        camera.reader = LiveReader(camera._rotated("quick", Pipeline(classify)), held)
        frame = Frame(page(*THREE), 0, 0.0)
        before = camera.reader.recognize(frame)
        assert (camera.reader.busy, counts([before])) == (True, [0])
        held.let_go()
        assert counts([camera.reader.recognize(frame)]) == [3]


class Held(InlineExecutor[FrameReading]):
    """An executor whose result is there when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self._ready = False

    def let_go(self) -> None:
        self._ready = True

    def take(self, time_s: float) -> JobResult[FrameReading] | None:
        return super().take(time_s) if self._ready else None


class TestPlaces:
    def test_labels_are_where_the_digits_are_while_a_page_comes_in_and_rests(self) -> None:
        path = [(300 * (1 - k / 25) ** 2, 40 * (1 - k / 25)) for k in range(26)] + [(0.0, 0.0)] * 20
        scenes = Camera().see(page(*THREE, at=at, noise=k) for k, at in enumerate(path))
        assert max(off_px(scene, THREE, at) for scene, at in zip(scenes, path, strict=True)) < 4
        assert counts(scenes[26:]) == [3] * 20
        assert max(counts(scenes[:20])) == 3, "nothing was shown while the page moved"

    def test_digits_move_with_a_page_that_is_not_read_again(self) -> None:
        camera = Camera()
        camera.see([page(*THREE)] * 60)
        camera.reader._executor = Held()
        path = [(0.8 * k, -0.5 * k) for k in range(60)]
        scenes = camera.see(page(*THREE, at=at) for at in path)
        assert counts(scenes) == [3] * 60
        assert max(off_px(scene, THREE, at) for scene, at in zip(scenes, path, strict=True)) < 3

    def test_what_was_read_is_shown_where_it_has_gone_meanwhile(self) -> None:
        camera = Camera()
        path = [(4.0 * k, 2.0 * k) for k in range(24)]
        scenes = camera.see(page(*THREE[: 2 if k < 4 else 3], at=at) for k, at in enumerate(path))
        assert counts(scenes)[-1] == 3
        assert off_px(scenes[-1], THREE, path[-1]) < 4

    def test_nothing_is_shown_of_a_page_that_was_gone_before_its_reading_was_there(self) -> None:
        camera = Camera()
        blank = np.full((480, 640, 3), 215, np.uint8)
        assert counts(camera.see([*[page(*THREE)] * 3, *[blank] * 30])) == [0] * 33

    def test_nor_where_a_page_jumped_meanwhile(self) -> None:
        camera = Camera()
        there = (150.0, 160.0)
        scenes = camera.see([*[page(*THREE)] * 3, *[page(*THREE, at=there)] * 30])
        assert max(off_px(scene, THREE, there) for scene in scenes) < 3
        assert counts(scenes)[-1] == 3

    def test_labels_go_at_once_with_a_page_that_goes(self) -> None:
        camera = Camera()
        camera.see([page(*THREE)] * 45)
        scenes = camera.see([np.full((480, 640, 3), 215, np.uint8)] * 10)
        assert counts(scenes)[4:] == [0] * 6

    def test_a_page_behind_something_that_moves_keeps_its_labels(self) -> None:
        camera = Camera()
        camera.see([page(*THREE)] * 45)
        frames = []
        for k in range(30):
            frame = page(*THREE)
            frame[200:420, 10 * k : 10 * k + 120] = np.random.default_rng(1).integers(0, 255, (220, 120, 1))
            frames.append(frame)
        assert min(counts(camera.see(frames))) == 3


class TestChanges:
    def test_a_digit_that_is_written_is_shown_and_one_that_is_wiped_goes(self) -> None:
        camera = Camera()
        camera.see([page(*THREE)] * 45)
        written = camera.see([page(*THREE, (420, 250))] * FPS)
        assert [counts(written)[k] for k in (0, 9, -1)] == [3, 4, 4]
        wiped = camera.see([page(*THREE[:2], (420, 250))] * FPS)
        assert counts(wiped)[5:] == [3] * (FPS - 5)
        assert tracks(wiped[-1]) < tracks(written[-1])

    def test_a_hand_that_passes_hides_what_it_covers_and_that_is_the_same_digit_afterwards(self) -> None:
        camera = Camera()
        before = camera.see([page(*THREE)] * 45)[-1]
        hands = []
        for k in range(FPS):
            frame = page(*THREE)
            reach = 480 - int(430 * np.sin(np.pi * k / 30))
            cv2.line(frame, (220, 600), (200, reach), (95, 130, 190), 90, cv2.LINE_AA)
            hands.append(frame)
        during = camera.see(hands)
        after = camera.see([page(*THREE)] * FPS)[-1]
        outer = {before.digits[0].track, before.digits[2].track}
        assert all(outer <= tracks(scene) for scene in during)
        assert min(counts(during)) == 2
        assert tracks(after) == tracks(before)

    def test_another_page_is_read_anew(self) -> None:
        camera = Camera()
        before = camera.see([page(*THREE)] * 45)[-1]
        scenes = camera.see([page((500, 300), (560, 300))] * FPS)
        assert counts(scenes)[-1] == 2
        assert off_px(scenes[-1], [(500, 300), (560, 300)]) < 3
        assert tracks(scenes[-1]).isdisjoint(tracks(before))

    def test_light_that_changes_changes_nothing(self) -> None:
        camera = Camera()
        before = camera.see([page(*THREE)] * 45)[-1]
        after = camera.see([page(*THREE, lit=0.75)] * 45)
        assert counts(after) == [3] * 45
        assert tracks(after[-1]) == tracks(before)

    @pytest.mark.parametrize("pause_s", [99.0, -1.0])
    def test_frames_after_a_pause_begin_anew(self, pause_s: float) -> None:
        camera = Camera()
        before = camera.see([page(*THREE)] * 45)[-1]
        late = [camera.reader.recognize(Frame(page(*THREE), 50 + k, 1.5 + pause_s + k / FPS)) for k in range(9)]
        assert counts(late)[0] == 0
        assert tracks(late[-1]).isdisjoint(tracks(before))

    def test_frames_of_another_size_begin_anew(self) -> None:
        camera = Camera()
        camera.see([page(*THREE)] * 45)
        smaller = np.asarray(cv2.resize(page(*THREE), (320, 240)), np.uint8)
        scenes = camera.see([smaller] * 9)
        assert (scenes[0].width, counts(scenes)[0], counts(scenes)[-1]) == (320, 0, 3)


class TestTheRest:
    def test_the_same_frames_give_the_same_scenes(self) -> None:
        frames = [*shaken(THREE, 20), *shaken((*THREE, (420, 250)), 30, seed=50)]
        runs = [[scene.to_dict() for scene in Camera().see(frames)] for _ in range(2)]
        assert runs[0] == runs[1]

    def test_a_turn_that_is_asked_for_is_taken(self) -> None:
        camera = Camera()
        upright = camera.see([page(*THREE)] * 10)[-1]
        camera.reader.rotate(Rotation.OVER)
        over = camera.see([page(*THREE)] * 10)[-1]
        assert sorted(digit.box for digit in over.digits)[0].iou(sorted(digit.box for digit in upright.digits)[0]) > 0.7
        assert [digit.box.x for digit in over.digits] == sorted((digit.box.x for digit in over.digits), reverse=True)

    def test_what_the_network_saw_stays_on_view(self) -> None:
        scenes = Camera().see([page(*THREE)] * 60)
        assert all(scene.evidence is not None and len(scene.evidence.glyphs) for scene in scenes[5:])

    def test_a_reading_that_fails_is_told_and_reading_goes_on(self) -> None:
        reader = Pipeline(classify, LIVE_PROPOSALS.applied_to(PipelineParams()))
        failing = [True] * 2

        def read(frame: Frame, source: str = "") -> Scene:
            if failing:
                failing.pop()
                raise MemoryError("no room")
            return reader(frame, source)

        camera = Camera(read)
        camera.reader._executor = Careful()
        camera.see([page(*THREE)] * 1)
        assert camera.reader.notice == "a reading failed: no room"
        assert counts(camera.see([page(*THREE)] * 30))[-1] == 3
        assert camera.reader.notice == ""

    def test_boxes_are_in_pixels_of_the_frame(self) -> None:
        (digit, *_) = Camera().see([page(*THREE)] * 30)[-1].digits
        assert digit.box.iou(Box(82, 74, 37, 53)) > 0.8


class Careful(InlineExecutor[FrameReading]):
    """An executor that hands over what a job raised, as a thread does."""

    def submit(self, job: Callable[[], FrameReading], time_s: float, kind: ReadingKind) -> None:
        try:
            super().submit(job, time_s, kind)
        except MemoryError as error:
            self._done, self._due_s = JobResult(None, error), time_s
