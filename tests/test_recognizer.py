"""The Python interface: pictures and sources in, Scenes out."""

from __future__ import annotations

import asyncio
import gc
import json
import multiprocessing
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import camdigits
from camdigits import recognizer as api
from camdigits.drawing import draw_scene
from camdigits.errors import SourceError, UsageError
from camdigits.evaluation.scores import score
from camdigits.recognizer import CanvasReader, LiveReader, Recognizer, live_reader, stream
from camdigits.runtime.models import bundled_model
from camdigits.settings import Effort, Settings
from camdigits.sources.kinds import open_source
from camdigits.vision.orientation import Rotation
from camdigits.vision.types import Box, Frame, Scene
from tests.fakes import FakeSource, plain
from train.hands import HANDS, write

FIXTURES = Path(__file__).resolve().parent / "fixtures"
PAPER, CLIP = FIXTURES / "paper.jpg", FIXTURES / "hand_shake.mp4"
PICTURES = json.loads((FIXTURES / "truth.json").read_text(encoding="utf-8"))["pictures"]
TRUTH = next(picture for picture in PICTURES if picture["file"] == PAPER.name)


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer()


@pytest.fixture(scope="module")
def page() -> np.ndarray:
    return cv2.imread(str(PAPER))


def written(text: str, frame: int) -> np.ndarray:
    """A page with `text` by hand, seen in the noise of one frame."""
    ink = np.full((480, 640, 3), 225, np.uint8)
    for glyph in write(text, HANDS[3], np.random.default_rng(1), gap=(0.35, 0.4)):
        for stroke in glyph.strokes:
            cv2.polylines(ink, [np.round(stroke * 110 + (90, 170)).astype(np.int32)], False, (40, 40, 40), 8, cv2.LINE_AA)
    noise = np.random.default_rng(frame).normal(0, 4, ink.shape)
    return np.clip(ink + noise, 0, 255).astype(np.uint8)


def numbers(scene: Scene) -> list[str]:
    return [number.text for number in scene.numbers]


def turn_box(box: Box, quarters: int, width: int, height: int) -> Box:
    """Where a box of a frame of that size lies once the frame is turned clockwise so often."""
    for _ in range(quarters):
        box, width, height = Box(height - box.bottom, box.x, box.height, box.width), height, width
    return box


def watched(reader: LiveReader, picture: np.ndarray, frames: int = 20) -> Scene:
    """What is read of a page that lies before a camera of 30 frames a second, after so many frames."""
    return [reader.recognize(Frame(picture, k, k / 30)) for k in range(frames)][-1]


def true_digits_found(scene: Scene) -> int:
    true = [(digit["label"], Box(*digit["box"])) for digit in TRUTH["digits"]]
    return score(true, [], scene.digits, []).right


class TestRecognizer:
    def test_a_file_is_read_into_digits_and_numbers(self, recognizer: Recognizer) -> None:
        scene = recognizer.recognize(str(PAPER))
        assert [scene.digits[index].label for number in scene.numbers for index in number.digits] == [
            int(character) for character in "".join(numbers(scene))
        ]
        assert true_digits_found(scene) == len(TRUTH["digits"])
        assert (scene.source, scene.frame, scene.time_s) == (str(PAPER), 0, 0.0)
        assert (scene.width, scene.height) == (640, 480)
        assert all(0 < digit.confidence <= 1 for digit in scene.digits)

    def test_an_array_reads_as_its_file_does(self, recognizer: Recognizer, page: np.ndarray) -> None:
        assert recognizer.recognize(page).digits == recognizer.recognize(PAPER).digits

    def test_a_network_is_named_by_its_path_too(self, page: np.ndarray) -> None:
        network = bundled_model("classic")
        assert Recognizer(network).recognize(page) == Recognizer("classic").recognize(page)

    def test_other_processes_get_one_that_reads_alike(self, page: np.ndarray) -> None:
        strict = Recognizer("classic", threshold=0.9, rotate=90, effort="live", threads=1)
        sent = pickle.dumps(strict)
        again = pickle.loads(sent)
        assert len(sent) < 10_000  # no network is sent along
        assert (again.model, again.settings) == (strict.model, strict.settings)
        turned = np.ascontiguousarray(np.rot90(page))
        assert again.recognize(turned) == strict.recognize(turned) != Recognizer("classic").recognize(turned)

    @pytest.mark.parametrize("start", sorted({"spawn", "forkserver"} & set(multiprocessing.get_all_start_methods())))
    def test_processes_that_are_started_anew_read_alike(self, recognizer: Recognizer, start: str) -> None:
        with multiprocessing.get_context(start).Pool(1) as pool:
            (scene,) = pool.map(recognizer.recognize, [str(PAPER)])
        assert scene == recognizer.recognize(str(PAPER))
        assert scene.digits

    def test_threads_of_an_event_loop_read_alike(self, recognizer: Recognizer, page: np.ndarray) -> None:
        def text_of_clip() -> list[str]:
            return [str(scene) for scene in stream(CLIP, recognizer, every=9)]

        async def read() -> tuple[list[Scene], list[str], list[str]]:
            stills = asyncio.gather(*(asyncio.to_thread(recognizer.recognize, each) for each in (page, str(PAPER), page)))
            clip = asyncio.to_thread(text_of_clip)
            # Its scenes may also be asked for one by one, each on whatever thread is free.
            scenes, one_by_one = stream(CLIP, recognizer, every=9), []
            while (scene := await asyncio.to_thread(next, scenes, None)) is not None:
                one_by_one.append(str(scene))
            return await stills, await clip, one_by_one

        stills, clip, one_by_one = asyncio.run(read())
        assert [numbers(scene) for scene in stills] == [numbers(recognizer.recognize(page))] * 3
        assert clip == one_by_one == text_of_clip()

    @pytest.mark.parametrize("threads", [0, 2.0, "2", True])
    def test_what_is_no_number_of_threads_is_refused(self, threads: Any) -> None:
        with pytest.raises(UsageError, match=f"a whole number of threads, 1 at least, not {threads}"):
            Recognizer(threads=threads)

    def test_threads_may_be_counted_by_numpy(self, recognizer: Recognizer, page: np.ndarray) -> None:
        assert Recognizer(threads=np.int64(1)).recognize(page) == recognizer.recognize(page)  # type: ignore[arg-type]

    def test_the_array_is_left_as_it_was(self, recognizer: Recognizer, page: np.ndarray) -> None:
        before = page.copy()
        recognizer.recognize(page)
        assert np.array_equal(page, before)

    @pytest.mark.parametrize("kind", ["grey", "one channel", "transparent", "16 bits", "a view"])
    def test_other_pixels_are_converted(self, recognizer: Recognizer, page: np.ndarray, kind: str) -> None:
        grey = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)
        pixels = {
            "grey": grey,
            "one channel": grey[:, :, None],
            "transparent": cv2.cvtColor(page, cv2.COLOR_BGR2BGRA),
            "16 bits": page.astype(np.uint16) * 257,
            "a view": np.ascontiguousarray(page[:, ::-1])[:, ::-1],
        }[kind]
        assert true_digits_found(recognizer.recognize(pixels)) == len(TRUTH["digits"])

    @pytest.mark.parametrize(
        "pixels",
        [np.zeros((4, 4, 2), np.uint8), np.zeros(9, np.uint8), np.zeros((4, 4), np.int64), np.zeros((4, 4), complex)],
        ids=["two channels", "one axis", "int64", "complex"],
    )
    def test_other_arrays_are_refused(self, recognizer: Recognizer, pixels: np.ndarray) -> None:
        with pytest.raises(SourceError, match="the image"):
            recognizer.recognize(pixels)

    def test_an_array_without_pixels_is_refused(self, recognizer: Recognizer) -> None:
        with pytest.raises(SourceError, match="no pixels"):
            recognizer.recognize(np.zeros((0, 5, 3), np.uint8))

    @pytest.mark.parametrize("image", [None, 7, [[0, 255]], np.uint8(7), Path], ids=repr)
    def test_what_is_neither_an_array_nor_a_path_is_refused(self, recognizer: Recognizer, image: Any) -> None:
        with pytest.raises(SourceError, match="neither an array nor a path"):
            recognizer.recognize(image)

    def test_a_huge_picture_without_digits_warns_of_what_is_too_small_in_it(
        self, recognizer: Recognizer, tmp_path: Path
    ) -> None:
        cv2.imwrite(str(tmp_path / "roll.png"), plain(225, 20_000, 200))
        with pytest.warns(UserWarning, match=r"roll\.png: no digits found; [^\n]* less than 141 pixels high are too small"):
            assert not recognizer.recognize(tmp_path / "roll.png").digits
        with pytest.warns(UserWarning, match=r"roll\.png: no digits found"):
            assert len(list(stream(tmp_path / "roll.png", recognizer))) == 1

    def test_a_file_that_is_missing_is_refused(self, recognizer: Recognizer, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match=r"page\.jpg"):
            recognizer.recognize(tmp_path / "page.jpg")

    def test_live_effort_looks_at_less_and_reads_a_clear_page_all_the_same(
        self, recognizer: Recognizer, page: np.ndarray
    ) -> None:
        frame = Frame(page, 0, 0.0)
        # The finder sifts what both look at: how much there is to look at shows without one.
        little, much = (Recognizer("classic", effort=effort).read_frame(frame) for effort in ("live", "thorough"))
        assert little.evidence is not None
        assert much.evidence is not None
        assert len(little.evidence.glyphs) < 0.7 * len(much.evidence.glyphs)
        quick, thorough = Recognizer(effort="live").read_frame(frame), recognizer.read_frame(frame)
        assert true_digits_found(quick) >= 0.8 * true_digits_found(thorough)

    def test_there_are_two_efforts(self) -> None:
        with pytest.raises(UsageError, match="thorough or live, not lazy"):
            Recognizer(effort="lazy")

    def test_digits_below_the_threshold_are_not_reported(self, page: np.ndarray) -> None:
        assert Recognizer(threshold=1.0).recognize(page).digits == ()
        assert Recognizer(settings=Settings().with_threshold(1.0)).recognize(page).digits == ()

    @pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
    def test_a_threshold_is_a_probability(self, threshold: float) -> None:
        with pytest.raises(UsageError, match="between 0 and 1"):
            Recognizer(threshold=threshold)

    @pytest.mark.parametrize("quarters", [1, 2, 3])
    def test_a_page_is_read_whichever_way_up_it_lies(self, recognizer: Recognizer, page: np.ndarray, quarters: int) -> None:
        turned = np.ascontiguousarray(np.rot90(page, -quarters))
        upright, scene = recognizer.recognize(page), recognizer.recognize(turned)
        assert numbers(scene) == numbers(upright)
        assert (scene.width, scene.height) == (turned.shape[1], turned.shape[0])
        height, width = page.shape[:2]
        assert [digit.box for digit in scene.digits] == [
            turn_box(digit.box, quarters, width, height) for digit in upright.digits
        ]

    def test_a_page_is_turned_as_it_was_told(self, recognizer: Recognizer, page: np.ndarray) -> None:
        fixed = Recognizer(rotate=270)
        on_its_side = np.ascontiguousarray(np.rot90(page, -1))
        assert numbers(fixed.recognize(on_its_side)) == numbers(recognizer.recognize(page))
        assert numbers(fixed.recognize(page)) != numbers(recognizer.recognize(page))

    @pytest.mark.parametrize("rotate", ["45", 91, "up"])
    def test_a_turn_is_a_quarter(self, rotate: str | int) -> None:
        with pytest.raises(UsageError, match="auto, 0, 90, 180, 270"):
            Recognizer(rotate=rotate)

    def test_the_scene_of_a_url_hides_its_password(self, recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(api, "open_source", lambda _: FakeSource([plain(200)]))
        assert recognizer.recognize("http://me:s3cret@camera/still").source == "http://camera/still"

    def test_a_source_is_closed_when_reading_it_fails(self, recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
        source = FakeSource([], fails_with=SourceError("lost"))
        monkeypatch.setattr(api, "open_source", lambda _: source)
        with pytest.raises(SourceError, match="lost"):
            recognizer.recognize("page.jpg")
        assert source.closed


def threes(batch: np.ndarray) -> np.ndarray:
    """A classifier to which everything is a three."""
    assert (batch.dtype, batch.shape[1:]) == (np.float32, (28, 28, 1))
    return np.tile(np.eye(10, dtype=np.float32)[3], (len(batch), 1))


class TestClassifierOfYourOwn:
    def test_a_callable_reads_in_place_of_a_model(self, page: np.ndarray) -> None:
        assert {digit.label for digit in Recognizer(classifier=threes).recognize(page).digits} == {3}

    def test_it_is_asked_once_for_a_picture_that_lies_as_it_should(self, page: np.ndarray) -> None:
        calls: list[int] = []
        Recognizer(rotate=0, classifier=lambda batch: (calls.append(len(batch)), threes(batch))[1]).recognize(page)
        assert len(calls) == 1
        assert calls[0] >= len(TRUTH["digits"])

    def test_it_may_say_that_a_mark_is_no_digit(self, page: np.ndarray) -> None:
        nothing = Recognizer(classifier=lambda batch: np.tile(np.eye(11, dtype=np.float32)[10], (len(batch), 1)))
        assert nothing.recognize(page).digits == ()

    def test_it_has_no_context_weights(self) -> None:
        assert Recognizer(classifier=threes).context is None

    def test_it_reads_clips_and_the_canvas_too(self) -> None:
        threes_only = Recognizer(classifier=threes)
        scenes = list(stream(CLIP, threes_only, every=9))
        assert {digit.label for scene in scenes for digit in scene.digits} == {3}
        drawn = CanvasReader(threes_only).recognize(Frame(written("7", 0), 0, 0.0))
        assert [digit.label for digit in drawn.digits] == [3]

    def test_other_processes_get_it_pickled(self, page: np.ndarray) -> None:
        ours = Recognizer(threshold=0.6, classifier=threes)
        again = pickle.loads(pickle.dumps(ours))
        assert again.settings == ours.settings
        assert again.recognize(page) == ours.recognize(page)

    @pytest.mark.parametrize("beside", [{"model": "classic"}, {"taught": True}], ids=lambda beside: next(iter(beside)))
    def test_it_is_given_in_place_of_a_model_and_cannot_be_taught(self, beside: dict[str, Any]) -> None:
        with pytest.raises(UsageError, match="a classifier of yours or by a model, which alone can be taught"):
            Recognizer(classifier=threes, **beside)

    def test_nothing_can_be_taught_to_it_later(self) -> None:
        with pytest.raises(UsageError, match="cannot be taught"):
            _ = Recognizer(classifier=threes).adaptable

    def test_what_cannot_be_called_is_refused(self) -> None:
        with pytest.raises(UsageError, match="a str cannot be"):
            Recognizer(classifier="classic.tflite")  # type: ignore[arg-type]

    def test_one_that_gives_something_else_is_named(self, page: np.ndarray) -> None:
        with pytest.raises(ValueError, match=r"the classifier gave \(1, 7\) for \d+ glyphs"):
            Recognizer(classifier=lambda _: np.ones((1, 7), np.float32)).recognize(page)


class TestStream:
    def test_a_clip_comes_frame_by_frame(self, recognizer: Recognizer) -> None:
        scenes = list(stream(CLIP, recognizer, every=9))
        assert [(scene.frame, round(scene.time_s, 3), scene.source) for scene in scenes] == [
            (index, round(index / 15, 3), str(CLIP)) for index in (0, 9, 18, 27)
        ]
        assert all(scene.digits for scene in scenes)

    def test_a_folder_comes_picture_by_picture(self, recognizer: Recognizer, tmp_path: Path) -> None:
        for name in ("page10.png", "page2.png"):
            cv2.imwrite(str(tmp_path / name), plain(200))
        sources = [scene.source for scene in stream(tmp_path, recognizer)]
        assert sources == [str(tmp_path / "page2.png"), str(tmp_path / "page10.png")]

    def test_a_number_names_a_camera(self, recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = []

        def open_source(spec: str) -> FakeSource:
            asked.append(spec)
            return FakeSource([plain(200)] * 2, live=True)

        monkeypatch.setattr(api, "open_source", open_source)
        assert len(list(stream(7, recognizer))) == 2
        assert asked == ["7"]

    def test_a_frame_that_a_camera_gives_twice_is_read_once(
        self, recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Slow(FakeSource):
            def read(self, turn: object) -> Frame | None:
                frame = super().read(turn)  # type: ignore[arg-type]
                return frame and Frame(frame.image, frame.index // 2, frame.time_s)

        monkeypatch.setattr(api, "open_source", lambda _: Slow([plain(200)] * 6, live=True))
        assert [scene.frame for scene in stream(0, recognizer)] == [0, 1, 2]

    @pytest.fixture
    def source(self, monkeypatch: pytest.MonkeyPatch) -> FakeSource:
        source = FakeSource([plain(200)] * 3)
        monkeypatch.setattr(api, "open_source", lambda _: source)
        return source

    def test_a_gif_of_one_picture_is_read_as_that_picture_is(self, recognizer: Recognizer, tmp_path: Path) -> None:
        animation = cv2.Animation()
        animation.frames = [cv2.cvtColor(cv2.imread(str(FIXTURES / "ruled.jpg")), cv2.COLOR_BGR2BGRA)]
        animation.durations = [100]
        assert cv2.imwriteanimation(str(tmp_path / "page.gif"), animation)
        (scene,) = stream(tmp_path / "page.gif", recognizer)
        assert scene == recognizer.recognize(tmp_path / "page.gif")

    def test_the_source_is_closed_at_its_end(self, recognizer: Recognizer, source: FakeSource) -> None:
        assert len(list(stream("clip.mp4", recognizer))) == 3
        assert source.closed

    def test_the_source_is_closed_when_the_caller_has_enough(self, recognizer: Recognizer, source: FakeSource) -> None:
        scenes = stream("clip.mp4", recognizer)
        assert isinstance(scenes, Iterator)
        next(scenes)
        assert not source.closed
        del scenes
        assert source.closed

    def test_the_source_is_closed_when_recognition_raises(
        self, recognizer: Recognizer, source: FakeSource, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails(*_: object) -> Scene:
            raise RuntimeError("out of ink")

        monkeypatch.setattr(api.LiveReader, "recognize", fails)
        with pytest.raises(RuntimeError, match="out of ink"):
            list(stream("clip.mp4", recognizer))
        assert source.closed

    def test_a_clip_that_is_cut_off_warns(self, recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(api, "open_source", lambda _: FakeSource([plain(200)], notice="clip.mp4: cut off"))
        with pytest.warns(UserWarning, match=r"clip\.mp4: cut off"):
            assert len(list(stream("clip.mp4", recognizer))) == 1

    def test_every_counts_from_one_which_is_said_at_the_call(self, recognizer: Recognizer) -> None:
        for every in (0, 1.5, "2", True):
            with pytest.raises(UsageError, match=f"a whole number and at least 1, not {every}"):
                stream(CLIP, recognizer, every=every)  # type: ignore[arg-type]

    def test_whole_numbers_may_be_numpys(self, recognizer: Recognizer) -> None:
        assert len(list(stream(CLIP, recognizer, every=np.int64(20)))) == len(list(stream(CLIP, recognizer, every=20)))  # type: ignore[arg-type]
        with pytest.raises(SourceError, match="camera 77"):
            next(stream(np.int64(77), recognizer))  # type: ignore[arg-type]

    @pytest.mark.parametrize("source", [None, True, 1.5, [str(CLIP)], plain(200)], ids=lambda source: type(source).__name__)
    def test_what_is_no_source_is_refused_at_the_call(self, recognizer: Recognizer, source: Any) -> None:
        with pytest.raises(UsageError, match=f"camera's index; a {type(source).__name__} is"):
            stream(source, recognizer)

    def test_a_folder_without_pictures_is_refused(self, recognizer: Recognizer, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="no pictures or clips"):
            next(stream(tmp_path, recognizer))

    def test_a_scene_is_drawn_as_long_as_the_loop_is_at_it_and_holds_no_frame_later(
        self, recognizer: Recognizer, page: np.ndarray, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Fresh(FakeSource):
            def read(self, turn: object) -> Frame | None:
                frame = super().read(turn)  # type: ignore[arg-type]
                return frame and replace(frame, image=frame.image.copy())

        monkeypatch.setattr(api, "open_source", lambda _: Fresh([page] * 3, frame_period_s=2.0))
        drawn, scenes = [], []
        for scene in stream("clip.mp4", recognizer):
            drawn.append(scene.draw())
            scenes.append(scene)
        gc.collect()
        assert all(np.array_equal(picture, draw_scene(page, scenes[0])) for picture in drawn)
        for scene in scenes:
            with pytest.raises(SourceError, match=r"is not kept; give it: scene\.draw\(image\)"):
                scene.draw()
            assert np.array_equal(scene.draw(page), drawn[0])

    def test_scenes_of_picture_files_are_drawn_later_too(self, recognizer: Recognizer) -> None:
        (scene,) = list(stream(PAPER, recognizer))
        assert np.array_equal(scene.draw(), draw_scene(cv2.imread(str(PAPER)), scene))

    def test_a_clip_is_not_read_from_its_start_to_draw_a_frame(self, recognizer: Recognizer) -> None:
        (_, scene) = list(stream(CLIP, recognizer, every=20))
        with pytest.raises(SourceError, match="is not kept"):
            scene.draw()


class TestCamerasThatAreLetGo:
    """A camera that is not let go is lost to every other program."""

    class Cameras:
        """Counts the cameras that were opened and closed; each gives `frames` pictures and then raises `fails_with`."""

        def __init__(self, frames: int = 1000) -> None:
            self.opened: list[FakeSource] = []
            self.frames, self.fails_with = frames, None

        def open(self, _: str) -> FakeSource:
            self.opened.append(FakeSource([plain(200)] * self.frames, live=True, fails_with=self.fails_with))
            return self.opened[-1]

        @property
        def held(self) -> int:
            return sum(not source.closed for source in self.opened)

    @pytest.fixture
    def cameras(self, monkeypatch: pytest.MonkeyPatch) -> Cameras:
        cameras = self.Cameras()
        monkeypatch.setattr(api, "open_source", cameras.open)
        return cameras

    def test_at_the_end(self, recognizer: Recognizer, cameras: Cameras) -> None:
        cameras.frames = 3
        assert len(list(stream(0, recognizer))) == 3
        assert (len(cameras.opened), cameras.held) == (1, 0)

    def test_on_break(self, recognizer: Recognizer, cameras: Cameras) -> None:
        for _ in stream(0, recognizer):
            assert cameras.held == 1
            break
        assert (len(cameras.opened), cameras.held) == (1, 0)

    def test_on_an_exception_in_the_loop(self, recognizer: Recognizer, cameras: Cameras) -> None:
        def use() -> None:
            for _ in stream(0, recognizer):
                raise KeyError("in the loop")

        with pytest.raises(KeyError):
            use()
        assert (len(cameras.opened), cameras.held) == (1, 0)

    def test_on_an_exception_in_reading(self, recognizer: Recognizer, cameras: Cameras) -> None:
        cameras.frames, cameras.fails_with = 2, SourceError("unplugged")
        scenes = stream(0, recognizer)
        with pytest.raises(SourceError, match="unplugged"):
            list(scenes)
        assert (len(cameras.opened), cameras.held) == (1, 0)

    def test_when_it_is_closed(self, recognizer: Recognizer, cameras: Cameras) -> None:
        scenes = stream(0, recognizer)
        next(scenes)
        scenes.close()
        assert (len(cameras.opened), cameras.held) == (1, 0)
        assert list(scenes) == []

    def test_at_the_end_of_a_with_block_whatever_keeps_the_stream(self, recognizer: Recognizer, cameras: Cameras) -> None:
        kept = stream(0, recognizer)

        def use() -> None:
            with closing(kept) as scenes:
                next(scenes)
                raise KeyError("in the block")

        with pytest.raises(KeyError):
            use()
        assert (len(cameras.opened), cameras.held) == (1, 0)

    def test_when_it_is_dropped_unfinished(self, recognizer: Recognizer, cameras: Cameras) -> None:
        scenes = stream(0, recognizer)
        next(scenes)
        assert cameras.held == 1
        del scenes
        assert (len(cameras.opened), cameras.held) == (1, 0)

    def test_when_it_is_garbage_that_holds_itself(self, recognizer: Recognizer, cameras: Cameras) -> None:
        ring: list[Any] = [stream(0, recognizer)]
        ring.append(ring)
        next(ring[0])
        del ring
        gc.collect()
        assert (len(cameras.opened), cameras.held) == (1, 0)

    def test_nothing_is_opened_before_the_first_scene(self, recognizer: Recognizer, cameras: Cameras) -> None:
        scenes = stream(0, recognizer)
        assert cameras.opened == []
        del scenes
        gc.collect()
        stream(0, recognizer).close()
        assert cameras.opened == []

    def test_one_source_is_closed_before_the_next_is_opened(
        self, recognizer: Recognizer, cameras: Cameras, tmp_path: Path
    ) -> None:
        for name in ("a.png", "b.png", "c.png"):
            cv2.imwrite(str(tmp_path / name), plain(200))
        cameras.frames = 1
        for count, _ in enumerate(stream(tmp_path, recognizer), 1):
            assert (len(cameras.opened), cameras.held) == (count, 1)
        assert (len(cameras.opened), cameras.held) == (3, 0)


class TestReaders:
    def test_a_live_reader_remembers_until_it_is_told_to_forget(self, recognizer: Recognizer, page: np.ndarray) -> None:
        reader = live_reader(recognizer, Effort.LIVE)
        first = watched(reader, page)
        hidden = reader.recognize(Frame(plain(200, 640, 480), 20, 20 / 30))
        again = reader.recognize(Frame(page, 21, 21 / 30))
        reader.forget()
        assert true_digits_found(first) == len(TRUTH["digits"])
        assert hidden.digits == ()
        assert again.digits == first.digits
        assert reader.recognize(Frame(page, 22, 22 / 30)).digits == ()

    def test_frames_of_a_clip_are_followed_and_pictures_are_read_by_themselves(self, recognizer: Recognizer) -> None:
        scenes = list(stream(CLIP, recognizer, every=4))
        tracks = [{digit.track for digit in scene.digits} for scene in scenes[2:]]
        assert all(tracks)
        assert None not in set.union(*tracks)
        assert tracks[0] == tracks[-1], "identities changed on a page in view"
        (alone,) = stream(FIXTURES / "paper.jpg", recognizer)
        assert {digit.track for digit in alone.digits} == {None}
        assert all("track" not in digit for digit in alone.to_dict()["digits"])
        assert {digit["track"] for digit in scenes[-1].to_dict()["digits"]} == tracks[-1]

    def test_a_replay_is_the_same_byte_for_byte(self, recognizer: Recognizer) -> None:
        replays = [json.dumps([scene.to_dict() for scene in stream(CLIP, recognizer, every=6)]) for _ in range(2)]
        assert replays[0] == replays[1]

    def test_frames_too_far_apart_are_read_by_themselves(self, recognizer: Recognizer, page: np.ndarray) -> None:
        slides = FakeSource([page, page], frame_period_s=2.0)
        assert isinstance(api.reader_of(slides, recognizer), api.PictureReader)
        assert isinstance(api.reader_of(FakeSource([page, page]), recognizer), LiveReader)
        assert isinstance(api.reader_of(FakeSource([page, page]), recognizer, every=60), api.PictureReader)

    def test_an_altered_digit_shows_its_new_reading_within_a_second_and_the_others_stay(self, recognizer: Recognizer) -> None:
        reader = live_reader(recognizer, Effort.LIVE)
        before = [reader.recognize(Frame(written("2359", k), k, k / 30)) for k in range(60)][-1]
        after = [reader.recognize(Frame(written("2859", 60 + k), 60 + k, 2 + k / 30)) for k in range(30)][-1]
        assert numbers(before) == ["2359"]
        assert numbers(after) == ["2859"]
        assert before.digits[0].track == after.digits[0].track
        assert [digit.track for digit in before.digits[2:]] == [digit.track for digit in after.digits[2:]]

    def test_a_clip_read_with_live_effort_is_read_as_the_window_reads_it(self, recognizer: Recognizer) -> None:
        live, window = Recognizer(effort="live"), live_reader(recognizer, Effort.LIVE)
        source = open_source(str(CLIP))
        shown = [window.recognize(frame) for frame in api.frames(source)]
        source.close()
        scenes = list(api.stream(CLIP, live))
        assert [scene.digits for scene in scenes] == [scene.digits for scene in shown]
        assert [scene.digits for scene in scenes] != [scene.digits for scene in api.stream(CLIP, recognizer)]

    def test_a_live_reader_reads_a_page_upside_down(self, recognizer: Recognizer, page: np.ndarray) -> None:
        upright = watched(live_reader(recognizer, Effort.LIVE), page)
        over = watched(live_reader(recognizer, Effort.LIVE), np.ascontiguousarray(page[::-1, ::-1]))
        assert numbers(over) == numbers(upright)
        assert over.digits[0].box == turn_box(upright.digits[0].box, 2, page.shape[1], page.shape[0])

    def test_a_live_reader_that_is_told_the_turn_does_not_ask(self, recognizer: Recognizer, page: np.ndarray) -> None:
        reader = live_reader(recognizer, Effort.LIVE)
        upright = watched(reader, page)
        reader.rotate(Rotation.OVER)
        over = watched(reader, page)
        assert numbers(over) != numbers(upright)
        reader.rotate(Rotation.AUTO)
        assert numbers(watched(reader, page)) == numbers(upright)

    def test_a_live_reader_reads_a_page_within_a_third_of_a_second(self, recognizer: Recognizer, page: np.ndarray) -> None:
        assert true_digits_found(watched(live_reader(recognizer, Effort.LIVE), page, frames=10)) == len(TRUTH["digits"])

    def test_a_page_reader_reads_what_is_there_now(self, recognizer: Recognizer, page: np.ndarray) -> None:
        reader = CanvasReader(recognizer)
        first = reader.recognize(Frame(page, 0, 0.0))
        assert true_digits_found(first) == len(TRUTH["digits"])
        assert reader.recognize(Frame(plain(200, 640, 480), 1, 0.03)).digits == ()
        reader.forget()
        assert reader.recognize(Frame(page, 2, 0.07)).digits == first.digits


class TestPackage:
    def test_every_public_name_is_there(self) -> None:
        assert {name: getattr(camdigits, name).__name__ for name in camdigits.__all__} == {
            name: name for name in camdigits.__all__
        }
        assert set(camdigits.__all__) <= set(dir(camdigits))

    def test_other_names_are_not(self) -> None:
        with pytest.raises(AttributeError, match="guess"):
            _ = camdigits.guess

    def test_its_errors_are_there_before_anything_else_is_used(self) -> None:
        code = "import camdigits; print(camdigits.errors.SourceError.exit_code)"
        root = Path(__file__).resolve().parent.parent
        assert subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True).stdout.strip() == b"3"
