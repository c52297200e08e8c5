"""The loop, with a scripted window, a clock that waits when told to, and a reader that counts blobs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from camdigits.canvas.strokes import PAPERS, Page, PaperColour, render
from camdigits.errors import OutputError, SourceError
from camdigits.live import loop, screen
from camdigits.live.canvas import PAGE_PX, CanvasSource
from camdigits.live.controls import BINDINGS, Mode, View
from camdigits.live.feed import BUSY_WAIT_S
from camdigits.live.overlay import Labels, Status, draw
from camdigits.live.playback import IDLE_WAIT_S
from camdigits.live.ports import Outputs
from camdigits.outputs.ports import NoRecorder, NumberEventWriter
from camdigits.sources.ports import FrameSource, Pointer, UserInput
from camdigits.tracking.number_events import GONE_S, SETTLE_S, NumberEvent
from camdigits.tracking.ports import Reader
from camdigits.vision.orientation import Rotation
from camdigits.vision.types import BgrImage, Box, Frame, Scene
from tests.fake_screen import (
    BlobReader,
    FakeNotebook,
    FakePages,
    FakeRecorder,
    FakeSource,
    FakeWindow,
    ThreadedReader,
    blob_frame,
    click,
    keys,
    stroke,
)
from tests.fakes import FakeClock

IDLE = UserInput()
BLOB = Box(100, 200, 60, 120)


class Stage:
    """Everything that `loop.run` is handed, itself the sources (live.ports.Sources); `run` plays a script."""

    def __init__(self, camera: FrameSource | Exception | None = None) -> None:
        self.clock = FakeClock()
        self.camera: FrameSource | Exception = camera or FakeSource(
            [blob_frame(0, BLOB)] * 500, self.clock, name="camera 0", live=True
        )
        self.others: list[FrameSource] = []
        self.canvas = CanvasSource(self.clock, save=self._save_page)
        self.reader = BlobReader()
        self.opened: list[Mode] = []
        self.saved: list[BgrImage] = []
        self.saved_scenes: list[Scene] = []
        self.copied: list[str] = []
        self.recorder = FakeRecorder()
        self.number_events: NumberEventWriter | None = None
        self.saved_pages: list[Page] = []
        self.saving: Exception | None = None
        self.window = FakeWindow(self.clock)
        self.notebook = FakeNotebook()

    def run(self, *script: UserInput | Callable[[], UserInput], mode: Mode = Mode.CAMERA, notice: str = "") -> list[BgrImage]:
        self.window = FakeWindow(self.clock, script)
        loop.run(self, self.window, self.clock, self.outputs(), View(mode=mode), notice, self.notebook)
        return self.window.screens

    def open(self, mode: Mode) -> tuple[FrameSource, Reader]:
        self.opened.append(mode)
        source = self.canvas if mode is Mode.CANVAS else self.camera
        if isinstance(source, Exception):
            raise source
        return source, self.reader

    def next_camera(self) -> tuple[FrameSource, Reader]:
        if not self.others:
            raise SourceError("there is no other camera")
        return self.others.pop(0), self.reader

    def outputs(self) -> Outputs:
        return Outputs(self._save, number_events=self.number_events, copy=self._copy, recorder=self.recorder)

    def _copy(self, text: str) -> None:
        if self.saving is not None:
            raise self.saving
        self.copied.append(text)

    def _save(self, picture: BgrImage, scene: Scene) -> Path:
        if self.saving is not None:
            raise self.saving
        self.saved.append(picture)
        self.saved_scenes.append(scene)
        return Path("/pictures/camdigits-1.png")

    def _save_page(self, page: Page) -> Path:
        if self.saving is not None:
            raise self.saving
        self.saved_pages.append(page)
        return Path("/pictures/camdigits-page-1.png")


def clip(clock: FakeClock, *frames: Frame | Exception, **options: object) -> FakeSource:
    return FakeSource(frames, clock, **options)  # type: ignore[arg-type]


def differs(one: BgrImage, other: BgrImage) -> bool:
    return one.shape != other.shape or bool((one != other).any())


def notice_shown(picture: BgrImage, *, canvas: bool = False) -> bool:
    """Whether the yellow ground of a notice is in the status bar."""
    lowest = picture[-6:, PAGE_PX + 5 if canvas else 5]
    return bool((lowest == (66, 228, 240)).all())


def ink_on_page(picture: BgrImage) -> bool:
    return bool((picture[:, : PAGE_PX - 2] < 60).all(axis=2).any())


def readings_shown(picture: BgrImage) -> bool:
    """Whether a large coloured label stands in the right half of a canvas picture."""
    blue = (picture[:560, PAGE_PX + 2 : 2 * PAGE_PX] == (178, 114, 0)).all(axis=2)
    return int(np.count_nonzero(blue)) > 100


# What each key does, seen in the picture or in the file it makes.


def key_m(stage: Stage, key: str) -> None:
    camera, canvas, again = stage.run(IDLE, keys(key), keys(key))[1:]
    assert canvas.shape == (PAGE_PX, 2 * PAGE_PX, 3)
    assert camera.shape == again.shape != canvas.shape


def key_c(stage: Stage, key: str) -> None:
    drawn, wiped = stage.run(stroke((200, 200), (200, 400)), keys(key), mode=Mode.CANVAS)[1:]
    assert ink_on_page(drawn)
    assert readings_shown(drawn)
    assert not ink_on_page(wiped)
    assert not readings_shown(wiped)


def key_space(stage: Stage, key: str) -> None:
    stage.camera = FakeSource([blob_frame(i, BLOB._replace(x=i * 5)) for i in range(90)], stage.clock, live=True)
    _, moving, held, still, on = stage.run(IDLE, keys(key), IDLE, keys(key))
    assert differs(moving, held)
    assert not differs(held, still)
    assert differs(still, on)


def key_help(stage: Stage, key: str) -> None:
    plain, helped, again = stage.run(keys(key), keys(key))
    assert helped.shape[1] > plain.shape[1]
    assert not differs(plain, helped[:, : plain.shape[1]]), "the card hides a part of the picture"
    card = helped[:, plain.shape[1] :]
    rows_of_text = np.flatnonzero((card < 90).all(axis=2).any(axis=1))
    lines = 1 + np.count_nonzero(np.diff(rows_of_text) > 3)
    assert lines >= sum(binding.only in (None, Mode.CAMERA) for binding in BINDINGS)
    assert not differs(plain, again)


def key_i(stage: Stage, key: str) -> None:
    plain, seen, again = stage.run(keys(key), keys(key))
    panel = seen[:, plain.shape[1] :]
    assert not differs(plain, seen[:, : plain.shape[1]]), "the inspector hides a part of the picture"
    ink = (panel[: panel.shape[0] // 2] == 0).all(axis=2)
    assert np.count_nonzero(ink) > 100, "the ink is not shown"
    crops = (panel == 255).all(axis=2)
    assert np.count_nonzero(crops) > 28 * 28, "the crop is not shown"
    assert not differs(plain, again)


def key_s(stage: Stage, key: str) -> None:
    before, after = stage.run(keys(key))
    assert len(stage.saved) == 1
    assert not differs(stage.saved[0], before), "not the picture that was on the screen"
    (scene,) = stage.saved_scenes
    assert (scene.source, [digit.box for digit in scene.digits]) == ("camera 0", [BLOB])
    assert notice_shown(after)
    assert not notice_shown(before)


def key_f(stage: Stage, key: str) -> None:
    seen: list[bool] = []

    def look(user_input: UserInput) -> Callable[[], UserInput]:
        def step() -> UserInput:
            seen.append(stage.window.full_screen)
            return user_input

        return step

    stage.run(look(keys(key)), look(keys(key)), look(IDLE))
    assert seen == [False, True, False]


def key_x(stage: Stage, key: str) -> None:
    plain, mirrored, again = stage.run(keys(key), keys(key))
    height = 480
    blob = np.argwhere((plain[:height] == 20).all(axis=2))
    flipped = np.argwhere((mirrored[:height] == 20).all(axis=2))
    assert blob[:, 1].min() == BLOB.x
    assert flipped[:, 1].max() == 640 - 1 - BLOB.x
    assert differs(mirrored[:height], plain[:height, ::-1]), "the texts are flipped as well"
    assert not differs(plain, again)
    assert all(frame.image[BLOB.y, BLOB.x, 0] == 20 for frame in stage.reader.frames), "read mirrored"


def key_o(stage: Stage, key: str) -> None:
    stage.camera = clip(stage.clock, blob_frame(0, BLOB), name="page.jpg")
    read, notified, again = stage.run(IDLE, keys(key), keys(key))[1:]
    assert stage.reader.rotations == [Rotation.NONE, Rotation.RIGHT]
    assert [frame.index for frame in stage.reader.frames] == [0, 0, 0], "the frame that is shown is not read anew"
    assert differs(read[480:], notified[480:]), "the status bar does not tell"
    assert differs(notified[480:], again[480:])


def red_shown(picture: BgrImage) -> bool:
    """Whether the sign of a recording stands in the status bar."""
    return bool((picture[480:] == (90, 90, 255)).all(axis=2).any())


def key_r(stage: Stage, key: str) -> None:
    before, begun, on, over = stage.run(keys(key), IDLE, keys(key))
    assert [red_shown(screen) for screen in (before, begun, on, over)] == [False, True, True, False]
    assert stage.recorder.clips == 1
    assert {frame.image.shape for frame in stage.recorder.frames} == {(480, 640, 3)}
    assert not stage.recorder.recording
    assert notice_shown(over)


def key_k(stage: Stage, key: str) -> None:
    notified = stage.run(IDLE, keys(key), IDLE)[-1]
    assert stage.copied == ["0"]
    assert notice_shown(notified)


def key_n(stage: Stage, key: str) -> None:
    first = stage.camera
    other = FakeSource([blob_frame(0, BLOB._replace(x=400))] * 500, stage.clock, name="camera 1", live=True)
    stage.others = [other]
    none = stage.run(IDLE, keys(key), IDLE, keys(key))[-1]
    assert other.closed
    assert isinstance(first, FakeSource)
    assert first.closed
    assert notice_shown(none), "that there is no third camera"
    shown = np.argwhere((none[:480] == 20).all(axis=2))
    assert shown[:, 1].min() == 400, "not the other camera's picture"


def key_u(stage: Stage, key: str) -> None:
    one, two, undone, none = stage.run(
        stroke((200, 200), (200, 400)), stroke((400, 200), (400, 400)), keys(key), keys(key), mode=Mode.CANVAS
    )[1:]
    assert differs(one, two)
    assert not differs(one, undone)
    assert not ink_on_page(none)


def key_y(stage: Stage, key: str) -> None:
    _, drawn, undone, again, wiped, back, rewiped = stage.run(
        stroke((200, 200), (200, 400)), keys("u"), keys(key), keys("c"), keys("u"), keys(key), mode=Mode.CANVAS
    )
    assert ink_on_page(drawn)
    assert not ink_on_page(undone)
    assert not differs(drawn, again)
    assert not differs(drawn, back)
    assert not differs(wiped, rewiped)


def key_e(stage: Stage, key: str) -> None:
    drawn, erasing, erased, pen, redrawn = stage.run(
        stroke((200, 200), (200, 400)),
        keys(key),
        stroke((200, 200), (200, 420)),
        keys(key),
        stroke((200, 200), (200, 400)),
        mode=Mode.CANVAS,
    )[1:]
    assert [notice_shown(screen, canvas=True) for screen in (drawn, erasing, erased, pen)] == [False, True, True, False]
    assert readings_shown(drawn)
    assert not ink_on_page(erased)
    assert not readings_shown(erased)
    assert ink_on_page(redrawn)


def key_p(stage: Stage, key: str) -> None:
    screens = stage.run(stroke((200, 200), (200, 400)), *[keys(key)] * len(PaperColour), mode=Mode.CANVAS)[1:]
    papers = [tuple(int(value) for value in screen[20, 20]) for screen in screens]
    pens = [tuple(int(value) for value in screen[300, 200]) for screen in screens]
    expected = [*PAPERS.values(), PAPERS[PaperColour.WHITE]]
    assert papers == [paper.ground for paper in expected]
    assert pens == [paper.pen for paper in expected]
    assert not differs(screens[0], screens[-1])


def key_w(stage: Stage, key: str) -> None:
    drawn, saved, on = stage.run(stroke((200, 200), (200, 400)), keys(key), stroke((400, 200), (400, 400)), mode=Mode.CANVAS)[
        1:
    ]
    (page,) = stage.saved_pages
    assert not differs(render(page), CanvasSource(stage.clock).read(stroke((200, 200), (200, 400))).image)
    assert [notice_shown(screen, canvas=True) for screen in (drawn, saved, on)] == [False, True, False]


def stroke_width_px(stage: Stage, *pressed: str) -> int:
    picture = stage.run(keys(*pressed), stroke((200, 200), (200, 400)), mode=Mode.CANVAS)[-1]
    return int(np.count_nonzero((picture[300, : PAGE_PX - 2] < 60).all(axis=1)))


def key_thinner(stage: Stage, key: str) -> None:
    assert stroke_width_px(stage, key) < stroke_width_px(Stage())


def key_thicker(stage: Stage, key: str) -> None:
    assert stroke_width_px(stage, key) > stroke_width_px(Stage())


def key_tab(stage: Stage, key: str) -> None:
    plain, listed, again = stage.run(keys(key), keys(key))
    panel = listed[:, plain.shape[1] :]
    assert not differs(plain, listed[:, : plain.shape[1]]), "the panel hides a part of the picture"
    assert (panel < 90).all(axis=2).any(), "no number is listed"
    assert not differs(plain, again)


def key_digit(stage: Stage, key: str) -> None:
    read, corrected = stage.run(click(130, 250), keys(key), IDLE)[1:3]
    ((glyph, label, was),) = stage.notebook.corrections
    assert (label, was) == (int(key), 0)
    assert glyph.shape == (28, 28)
    assert notice_shown(corrected)
    assert differs(read[:480], corrected[:480]) or key == "0", "the label on the picture is the old one"


def key_none(stage: Stage, key: str) -> None:
    stage.run(click(130, 250), keys(key), IDLE)
    assert [correction[1:] for correction in stage.notebook.corrections] == [(None, 0)]


def key_t(stage: Stage, key: str) -> None:
    notified = stage.run(keys(key), IDLE)[-1]
    assert stage.notebook.lessons == 1
    assert notice_shown(notified)


def key_l(stage: Stage, key: str) -> None:
    notified = stage.run(keys("t"), IDLE, keys(key), IDLE)
    assert stage.notebook.lessons == 0
    assert notice_shown(notified[-1])
    assert differs(notified[-1][480:], notified[1][480:]), "the notice is still that of the lesson"


def key_backspace(stage: Stage, key: str) -> None:
    whole = stage.run(stroke((300, 200), (500, 400)), IDLE, keys(key), IDLE)[-1]
    assert {frame.image.shape[:2] for frame in stage.reader.frames} == {(480, 640), (201, 201)}
    assert stage.reader.frames[-1].image.shape == (480, 640, 3)
    assert stage.notebook.regions == {}
    assert not differs(whole[:480], Stage().run(IDLE)[-1][:480])


def pages(stage: Stage, *sizes: tuple[int, int]) -> FakePages:
    """A folder of pictures of these sizes, each with a digit farther right than the one before."""
    shown = FakePages(
        [blob_frame(index, BLOB._replace(x=60 + 100 * index), size=size) for index, size in enumerate(sizes)], stage.clock
    )
    stage.camera = shown
    return shown


def page_shown(picture: BgrImage) -> int:
    """Which of those pictures is shown."""
    return int((np.argwhere((picture[:480] == 20).all(axis=2))[:, 1].min() - 60) // 100)


def key_page(stage: Stage, key: str) -> None:
    pages(stage, *[(640, 480)] * 3)
    steps = ["right", "right", "left"] if key == "left" else ["right", "right", "right"]
    screens = stage.run(*map(keys, steps), IDLE)
    assert [page_shown(screen) for screen in screens[:-1]] == [0, 1, 2, 1 if key == "left" else 2]
    assert notice_shown(screens[3]) == (key == "right"), "that there is no other"
    assert [frame.index for frame in stage.reader.frames] == [0, 1, 2, *([1] if key == "left" else [])]


def key_a(stage: Stage, key: str) -> None:
    pages(stage, *[(640, 480)] * 3)
    screens = stage.run(*looks(stage, 10), keys(key), *looks(stage, 3), keys(key), *looks(stage, 10))
    shown = [page_shown(screen) for screen in screens]
    assert shown[:100] == [0] * 100, "it went on by itself"
    assert shown[-90:] == [shown[-90]] * 90, "it did not stop"
    assert shown[-1] > 0


def key_b(stage: Stage, key: str) -> None:
    def another() -> UserInput:
        stage.camera = clip(stage.clock, *(blob_frame(index, BLOB._replace(x=400)) for index in range(9)))
        return keys(key)

    first = clip(stage.clock, blob_frame(0, BLOB))
    stage.camera = first
    ended, again = stage.run(*[IDLE] * 6, another, IDLE)[-3:-1]
    assert notice_shown(ended)
    assert not notice_shown(again)
    assert np.argwhere((again[:480] == 20).all(axis=2))[:, 1].min() == 400
    assert first.closed


def key_quit(stage: Stage, key: str) -> None:
    assert len(stage.run(IDLE, keys(key), IDLE, IDLE)) == 2
    assert stage.window.closed


EFFECTS: dict[str, Callable[[Stage, str], None]] = {
    "m": key_m,
    "c": key_c,
    " ": key_space,
    "h": key_help,
    "?": key_help,
    "i": key_i,
    "s": key_s,
    "f": key_f,
    "x": key_x,
    "r": key_r,
    "o": key_o,
    "k": key_k,
    "n": key_n,
    "enter": key_n,
    "right": key_page,
    "left": key_page,
    "a": key_a,
    "b": key_b,
    "u": key_u,
    "tab": key_tab,
    **dict.fromkeys("0123456789", key_digit),
    "-": key_none,
    "t": key_t,
    "l": key_l,
    "backspace": key_backspace,
    "y": key_y,
    "e": key_e,
    "p": key_p,
    "w": key_w,
    "[": key_thinner,
    "]": key_thicker,
    "q": key_quit,
    "esc": key_quit,
}


@pytest.mark.parametrize("key", [key for binding in BINDINGS for key in binding.keys])
def test_each_key_has_its_effect(key: str) -> None:
    EFFECTS[key](Stage(), key)


def test_clearing_the_camera_forgets_and_empties_the_scene() -> None:
    stage = Stage()
    stage.camera = FakeSource([blob_frame(0, BLOB)], stage.clock, name="page.jpg")
    read, ended, cleared = stage.run(IDLE, keys("c"))
    assert stage.reader.forgotten == 1
    assert differs(ended[:480], cleared[:480])
    assert not differs(cleared[:480], blob_frame(0, BLOB).image)
    assert differs(read[:480], cleared[:480])


def test_closing_the_window_quits_and_closes_everything() -> None:
    stage = Stage()
    stage.run(keys("m"))
    assert isinstance(stage.camera, FakeSource)
    assert stage.camera.closed
    assert stage.window.closed


class FailingReader(BlobReader):
    """Reads so many frames, then falls over."""

    def __init__(self, good: int) -> None:
        super().__init__()
        self._good = good

    def recognize(self, frame: Frame) -> Scene:
        if len(self.frames) == self._good:
            raise RuntimeError("the network fell over")
        return super().recognize(frame)


@pytest.mark.parametrize("good", [0, 1, 3])
def test_source_and_window_are_closed_when_recognition_raises(good: int) -> None:
    stage = Stage()
    stage.camera = FakeSource([blob_frame(i) for i in range(9)], stage.clock, live=True)
    stage.reader = FailingReader(good)
    with pytest.raises(RuntimeError, match="fell over"):
        stage.run(*[IDLE] * 9)
    assert stage.camera.closed
    assert stage.window.closed


def test_only_new_settled_frames_are_recognized() -> None:
    stage = Stage()
    press = UserInput(pointers=(Pointer("down", "left", 100, 100),))
    move = UserInput(pointers=(Pointer("move", "left", 200, 100),))
    up = UserInput(pointers=(Pointer("up", "left", 200, 100),))
    screens = stage.run(IDLE, press, move, IDLE, up, IDLE, IDLE, mode=Mode.CANVAS)
    assert len(stage.reader.frames) == 2, "the blank page, and the page after the release"
    assert ink_on_page(screens[2])
    assert not readings_shown(screens[4])
    assert readings_shown(screens[5])


def test_a_recording_is_never_read_faster_than_its_times_and_no_frame_is_dropped() -> None:
    stage = Stage()
    source = clip(stage.clock, *[blob_frame(index) for index in range(6)], frame_period_s=0.1)
    stage.camera = source
    stage.run(*[IDLE] * 60)
    indices, read_s = zip(*source.reads, strict=True)
    assert indices == tuple(range(6))
    since_s = [at_s - read_s[0] for at_s in read_s]
    assert all(at_s >= 0.1 * index - 1e-6 for index, at_s in enumerate(since_s))
    assert since_s[-1] == pytest.approx(0.5, abs=0.05)


class SlowReader(BlobReader):
    """Takes 0.35 s a frame."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    def recognize(self, frame: Frame) -> Scene:
        self._clock.advance(0.35)
        return super().recognize(frame)


def test_a_slow_reader_slows_a_recording_down_and_drops_nothing() -> None:
    stage = Stage()
    source = clip(stage.clock, *[blob_frame(index) for index in range(5)], frame_period_s=0.1)
    stage.camera = source
    stage.reader = SlowReader(stage.clock)
    stage.run(*[IDLE] * 60)
    indices, read_s = zip(*source.reads, strict=True)
    assert indices == tuple(range(5))
    assert all(later - earlier >= 0.35 - 1e-6 for earlier, later in pairwise(read_s))


def test_holding_a_recording_skips_no_frame_and_does_not_rush_afterwards() -> None:
    stage = Stage()
    source = clip(stage.clock, *[blob_frame(index) for index in range(8)], frame_period_s=0.1)
    stage.camera = source
    stage.run(*[IDLE] * 5, keys(" "), *[IDLE] * 40, keys(" "), *[IDLE] * 60)
    indices, read_s = zip(*source.reads, strict=True)
    gaps_s = [later - earlier for earlier, later in pairwise(read_s)]
    assert indices == tuple(range(8))
    assert sum(gap_s > 1 for gap_s in gaps_s) == 1
    assert min(gaps_s) >= 0.1 - 0.002


def test_a_live_source_is_waited_for_as_little_as_can_be() -> None:
    stage = Stage()
    stage.camera = FakeSource([blob_frame(i) for i in range(20)], stage.clock, live=True)
    stage.run(*[IDLE] * 10)
    assert max(stage.window.waits_s) <= 0.002


def test_at_the_end_of_a_recording_the_last_frame_stays_with_a_notice() -> None:
    stage = Stage()
    stage.camera = clip(stage.clock, blob_frame(0, BLOB), name="page.jpg")
    screens = stage.run(*[IDLE] * 6)
    assert not notice_shown(screens[0])
    assert notice_shown(screens[-1])
    assert not differs(screens[0][:480], screens[-1][:480])


def test_a_camera_that_is_lost_is_told_of_and_raised_once_the_user_quits() -> None:
    stage = Stage()
    stage.camera = clip(stage.clock, blob_frame(0, BLOB), SourceError("camera 0 was unplugged"), live=True)
    with pytest.raises(SourceError, match="unplugged"):
        stage.run(IDLE, IDLE, IDLE, keys("q"))
    screens = stage.window.screens
    assert len(screens) == 4
    assert notice_shown(screens[-1])
    assert not differs(screens[0][:480], screens[-1][:480])
    assert stage.window.closed


def test_a_source_that_cannot_be_opened_at_first_is_raised_at_once() -> None:
    with pytest.raises(SourceError, match="no camera"):
        Stage(SourceError("no camera 0")).run()


def test_a_source_without_a_single_frame_is_raised_and_closed() -> None:
    stage = Stage()
    stage.camera = clip(stage.clock, name="empty.mp4")
    with pytest.raises(SourceError, match=r"empty\.mp4"):
        stage.run()
    assert stage.camera.closed


def test_a_camera_that_cannot_be_opened_leaves_the_canvas_with_a_notice() -> None:
    stage = Stage(SourceError("no camera 0"))

    def wait() -> UserInput:
        stage.clock.advance(10)
        return IDLE

    drawn, notified, later = stage.run(stroke((200, 200), (200, 400)), keys("m"), wait, mode=Mode.CANVAS)[1:]
    assert drawn.shape == notified.shape
    assert ink_on_page(notified)
    assert [notice_shown(screen, canvas=True) for screen in (drawn, notified, later)] == [False, True, False]


def test_the_canvas_keeps_its_strokes_over_a_look_at_the_camera() -> None:
    stage = Stage()
    screens = stage.run(stroke((200, 200), (200, 400)), keys("m"), keys("m"), IDLE, mode=Mode.CANVAS)
    assert not differs(screens[1], screens[3])
    assert stage.opened == [Mode.CANVAS, Mode.CAMERA]
    assert stage.reader.forgotten == 0


def test_the_first_notice_stands_until_the_user_does_something() -> None:
    stage = Stage()
    screens = stage.run(*[IDLE] * 20, stroke((200, 200), (300, 300)), mode=Mode.CANVAS, notice="no camera here")
    assert notice_shown(screens[20], canvas=True)
    assert not notice_shown(screens[21], canvas=True)


def test_the_notice_of_a_snapshot_goes_after_three_seconds() -> None:
    stage = Stage()
    stage.camera = FakeSource([blob_frame(i) for i in range(40)], stage.clock, live=True, frame_period_s=0.03)

    def wait() -> UserInput:
        stage.clock.advance(1.0)
        return IDLE

    screens = stage.run(keys("s"), wait, wait, wait, IDLE)
    assert [notice_shown(screen) for screen in screens] == [False, True, True, True, False, False]


def test_a_snapshot_that_cannot_be_saved_is_told_of_and_the_app_lives_on() -> None:
    stage = Stage()
    stage.saving = OutputError("the disk is full")
    screens = stage.run(keys("s"), IDLE)
    assert notice_shown(screens[1])
    assert len(screens) == 3


def test_a_page_that_cannot_be_saved_is_told_of_and_the_app_lives_on() -> None:
    stage = Stage()
    stage.saving = OutputError("the disk is full")
    screens = stage.run(keys("w"), IDLE, stroke((200, 200), (200, 400)), mode=Mode.CANVAS)
    assert [notice_shown(screen, canvas=True) for screen in screens] == [False, True, True, False]
    assert ink_on_page(screens[-1])


@pytest.mark.parametrize("key", ["u", "y", "e", "p", "w", "[", "]"])
def test_what_is_done_to_a_held_page_ends_the_hold(key: str) -> None:
    stage = Stage()
    held, after, later = stage.run(
        stroke((200, 200), (200, 400)), keys(" "), keys(key), stroke((150, 300), (250, 300)), mode=Mode.CANVAS
    )[2:]
    assert differs(held, after), "nothing is to be seen of it"
    assert differs(after[250:350, 140:260], later[250:350, 140:260]), "the page is still held"


def test_what_the_source_says_is_shown() -> None:
    stage = Stage()
    source = FakeSource([blob_frame(i) for i in range(9)], stage.clock, live=True)
    source.notice = "the picture is black"
    stage.camera = source
    assert notice_shown(stage.run(IDLE)[-1])


def test_the_rate_is_that_of_the_frames_of_the_last_second(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    rates: list[float | None] = []
    draw = screen.draw

    def noting(frame, scene, view, status, labels):  # type: ignore[no-untyped-def]
        rates.append(status.frames_per_s)
        return draw(frame, scene, view, status, labels)

    monkeypatch.setattr(screen, "draw", noting)
    stage.camera = clip(stage.clock, *[blob_frame(i, time_s=i * 0.05) for i in range(40)], frame_period_s=0.05)
    stage.run(*[IDLE] * 39)
    assert rates[-1] == pytest.approx(20, abs=1)


def test_keys_of_the_mode_that_was_left_do_not_reach_the_canvas() -> None:
    stage = Stage()
    screens = stage.run(stroke((200, 200), (200, 400)), keys("m"), keys("c", "m"), IDLE, mode=Mode.CANVAS)
    assert ink_on_page(screens[-1])


def test_clearing_a_held_page_wipes_it_and_ends_the_hold() -> None:
    stage = Stage()
    held, cleared, drawn = stage.run(
        stroke((200, 200), (200, 400)), keys(" "), keys("c"), stroke((200, 200), (200, 400)), mode=Mode.CANVAS
    )[2:]
    assert ink_on_page(held)
    assert not ink_on_page(cleared)
    assert ink_on_page(drawn)


# Folders and files of several pages


def test_pages_of_many_shapes_leave_the_window_its_size_and_what_opens_beside_them_does_not() -> None:
    stage = Stage()
    pages(stage, (640, 480), (500, 700), (900, 500))
    stage.run(keys("right"), keys("h"), keys("right"), keys("left"), IDLE)
    assert stage.window.sizes_kept == [False, True, False, True, True]


def test_the_bar_names_the_file_that_is_shown_and_what_it_is(drawn: list[Status]) -> None:
    stage = Stage()
    pages(stage, (640, 480), (640, 480))
    stage.run(keys("right"), IDLE)
    notified = [(status.source, status.place, status.kind) for status in drawn]
    assert list(dict.fromkeys(notified)) == [("folder/page1.jpg", "1 of 2", "folder"), ("folder/page2.jpg", "2 of 2", "folder")]


@pytest.mark.parametrize("key", ["right", "left", "b"])
def test_a_camera_has_no_pages_and_no_beginning(key: str) -> None:
    stage = Stage()
    screens = stage.run(keys(key), IDLE)
    assert notice_shown(screens[1])
    assert stage.opened == [Mode.CAMERA]


def test_enter_turns_the_page_where_there_are_pages() -> None:
    stage = Stage()
    pages(stage, (640, 480), (640, 480))
    stage.others = [FakeSource([blob_frame(0, BLOB)] * 500, stage.clock, name="camera 1", live=True)]
    assert page_shown(stage.run(keys("enter"), IDLE)[1]) == 1
    assert len(stage.others) == 1


# The end of a clip


def test_at_the_end_of_a_clip_what_was_read_stands_beside_the_notice() -> None:
    stage = Stage()
    stage.camera = clip(stage.clock, blob_frame(0, BLOB), name="/clips/clip.mp4")
    playing, *_, ended = stage.run(*[IDLE] * 6)
    bar = (ended[-20:] == (66, 228, 240)).all(axis=2)
    assert bar[:, :200].any()
    beside = np.flatnonzero(bar.any(axis=0)).max() + 1
    assert (ended[-20:, beside:] > 200).all(axis=2).any(), "no number"
    assert (playing[-20:] > 200).all(axis=2).any()


def test_a_clip_that_has_ended_plays_again_after_a_look_at_the_canvas() -> None:
    stage = Stage()
    stage.camera = clip(stage.clock, blob_frame(0, BLOB))

    def another() -> UserInput:
        stage.camera = clip(stage.clock, *(blob_frame(index, BLOB._replace(x=400)) for index in range(9)))
        return keys("m")

    again = stage.run(*[IDLE] * 6, another, keys("m"), IDLE)[-1]
    assert np.argwhere((again[:480] == 20).all(axis=2))[:, 1].min() == 400
    assert stage.opened == [Mode.CAMERA, Mode.CANVAS, Mode.CAMERA]


# Letting go, and quitting


def test_escape_lets_go_of_the_digit_then_of_the_frame_and_quits_last(drawn: list[Status]) -> None:
    stage = Stage()
    two_digits(stage)
    screens = stage.run(keys(" "), click(330, 260), IDLE, keys("esc"), IDLE, keys("esc"), IDLE, keys("esc"), IDLE)
    assert len(screens) == 8, "it did not quit with the third"
    assert [status.chosen is not None for status in drawn][2:4] == [True, False]
    assert not np.array_equal(screens[4][480:], screens[6][480:]), "still held"


def test_escape_keeps_a_frame_that_was_held_from_the_first() -> None:
    stage = Stage()
    stage.window = FakeWindow(stage.clock, [click(130, 250), keys("esc"), keys("esc"), IDLE])
    loop.run(stage, stage.window, stage.clock, stage.outputs(), View(held=True), "", stage.notebook)
    assert len(stage.window.screens) == 3


def test_a_click_says_what_can_be_typed(drawn: list[Status]) -> None:
    stage = Stage()
    stage.run(IDLE, click(130, 250), IDLE)
    assert drawn[-1].notice == "type what it is: 0 to 9, or - if it is no digit"


DRAWN = stroke((200, 200), (200, 400))


@pytest.mark.parametrize("quitting", [keys("q"), keys("esc"), UserInput(closed=True)], ids=["q", "esc", "the close button"])
def test_a_drawing_that_is_not_saved_is_asked_about_once_before_it_is_lost(quitting: UserInput) -> None:
    stage = Stage()
    asked = stage.run(DRAWN, quitting, quitting, IDLE, mode=Mode.CANVAS)
    assert len(asked) == 3, "it was asked never or twice"
    assert notice_shown(asked[-1], canvas=True)
    assert ink_on_page(asked[-1])
    assert stage.window.opened_again == quitting.closed


def test_who_goes_on_drawing_is_asked_again() -> None:
    stage = Stage()
    screens = stage.run(DRAWN, keys("q"), DRAWN, keys("q"), keys("q"), IDLE, mode=Mode.CANVAS)
    assert len(screens) == 5


@pytest.mark.parametrize("before", [(), (DRAWN, keys("w")), (DRAWN, keys("u"))], ids=["blank", "saved", "undone"])
def test_where_no_drawing_is_lost_nothing_is_asked(before: tuple[UserInput, ...]) -> None:
    stage = Stage()
    assert len(stage.run(*before, keys("q"), IDLE, mode=Mode.CANVAS)) == len(before) + 1


# A reader that is busy on a thread of its own


def test_a_held_frame_gets_its_labels_and_is_looked_at_often_until_then() -> None:
    stage = Stage()
    stage.camera = FakeSource([blob_frame(0, BLOB)], stage.clock, live=True)
    stage.reader = ThreadedReader(looks=4)
    screens = stage.run(keys(" "), *[IDLE] * 6)
    assert not differs(screens[0][:480], screens[1][:480])
    assert differs(screens[1][:480], screens[-1][:480]), "the labels never came"
    assert max(stage.window.waits_s[:2]) <= BUSY_WAIT_S
    assert stage.window.waits_s[-1] == IDLE_WAIT_S


def test_a_notice_of_the_reader_is_shown() -> None:
    stage = Stage()
    stage.reader.notice = "a reading takes 1.8 s on this machine"
    assert notice_shown(stage.run(IDLE)[-1])


@pytest.mark.parametrize("fault", ["hangs", "raises"])
def test_the_window_closes_every_reader_and_source_though_a_reader_hangs_or_raises(fault: str) -> None:
    stage, reader = Stage(), ThreadedReader()
    stage.reader = reader
    raised = None
    if fault == "hangs":
        reader.hangs = threading.Event()
    else:
        reader.fails_with = RuntimeError("the reader would not let go")
    try:
        stage.run(keys("m"), IDLE)
    except RuntimeError as error:
        raised = str(error)
    assert raised == (None if fault == "hangs" else "the reader would not let go")
    assert (reader.closed, stage.window.closed) == (True, True)
    assert isinstance(stage.camera, FakeSource)
    assert stage.camera.closed
    if reader.hangs is not None:
        reader.hangs.set()


def test_the_reader_of_a_camera_that_is_left_is_closed() -> None:
    stage, reader = Stage(), BlobReader()
    stage.others = [FakeSource([blob_frame(0, BLOB)] * 500, stage.clock, name="camera 1", live=True)]
    stage.reader = reader

    def look() -> UserInput:
        assert reader.closed
        return IDLE

    stage.run(keys("n"), look)


def test_the_reader_of_a_source_without_a_frame_is_closed() -> None:
    stage = Stage()
    stage.camera = clip(stage.clock, name="empty.mp4")
    with pytest.raises(SourceError):
        stage.run()
    assert stage.reader.closed


# What the user says of digits


OTHER = Box(300, 200, 60, 120)
GAP = Box(420, 200, 60, 120)


def two_digits(stage: Stage) -> None:
    stage.camera = FakeSource([blob_frame(i, BLOB, OTHER) for i in range(200)], stage.clock, name="camera 0", live=True)


def labels(stage: Stage) -> list[tuple[int | None, int | None]]:
    return [correction[1:] for correction in stage.notebook.corrections]


def test_a_digit_on_a_held_frame_is_corrected_and_its_neighbour_is_not() -> None:
    stage = Stage()
    two_digits(stage)
    before, after_it = stage.run(keys(" "), click(330, 260), IDLE, keys("7"), IDLE)[-3::2]
    assert labels(stage) == [(7, 1)]
    changed = (before[:480] != after_it[:480]).any(axis=2)
    assert changed[: OTHER.y, OTHER.x - 40 :].any()
    assert not changed[: OTHER.y, : BLOB.right].any()


def test_who_types_again_is_asked_about_the_same_digit() -> None:
    stage = Stage()
    two_digits(stage)
    stage.run(keys(" "), click(330, 260), keys("7"), keys("8"), IDLE)
    assert labels(stage) == [(7, 1), (8, 1)]


ROUND_GAP = stroke((GAP.x - 20, GAP.y - 20), (GAP.right + 20, GAP.bottom + 20))


def missed_digit(stage: Stage) -> None:
    page = blob_frame(0, BLOB).image.copy()
    page[GAP.y : GAP.bottom, GAP.x : GAP.right] = 150  # too faint for the reader of blobs
    stage.camera = FakeSource([Frame(page, 0, 0.0)], stage.clock, live=True)


def test_a_missed_digit_gets_a_box_and_its_label() -> None:
    stage = Stage()
    missed_digit(stage)
    held, boxed, labelled = stage.run(keys(" "), ROUND_GAP, keys("4"), IDLE)[1:4]
    assert labels(stage) == [(4, None)]
    assert differs(held[:480], boxed[:480])
    assert differs(boxed[:480], labelled[:480])


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Status]:
    """What the window is to show at each drawing."""
    messages: list[Status] = []

    def noting(frame: Frame, scene: Scene, view: View, status: Status, labels: Labels) -> BgrImage:
        messages.append(status)
        return draw(frame, scene, view, status, labels)

    monkeypatch.setattr(screen, "draw", noting)
    return messages


def test_what_was_kept_is_told_beside_what_had_been_read(drawn: list[Status]) -> None:
    stage = Stage()
    missed_digit(stage)
    read = click(BLOB.x + 9, BLOB.y + 9)
    stage.run(keys(" "), ROUND_GAP, keys("4"), keys("-"), read, keys("0"), keys("7"), keys("-"), IDLE)
    notices = [status.notice for status in drawn if status.notice.startswith("kept")]
    notified = [one for one, after_it in pairwise([*notices, ""]) if one != after_it]
    assert notified == [
        f"kept: {messages}"
        for messages in ("4, which was missed", "no digit", "0, as it was read", "7, not 0", "no digit, not 0")
    ]


def test_a_digit_that_was_missed_is_the_chosen_one_once_it_has_its_label(drawn: list[Status]) -> None:
    stage = Stage()
    missed_digit(stage)
    stage.run(keys(" "), ROUND_GAP, IDLE, keys("4"), IDLE)
    chosen = [None if status.chosen is None else status.chosen.digit for status in drawn]
    assert [digit and digit.label for digit in chosen][-3:] == [None, None, 4]


def test_the_status_bar_tells_which_of_several_pictures_is_shown(drawn: list[Status]) -> None:
    stage = Stage()
    shown = clip(stage.clock, *(blob_frame(index, BLOB, time_s=0.0) for index in range(2)), pictures=True)
    shown.frame_count = 2
    stage.camera = shown
    stage.run(*[IDLE] * 40)
    assert list(dict.fromkeys(status.place for status in drawn)) == ["1 of 2", "2 of 2"]


def test_who_types_without_a_digit_hears_which_key_holds_and_who_drags_which_key_reads_all_again(drawn: list[Status]) -> None:
    stage = Stage()
    stage.run(keys("4"), IDLE, stroke((300, 200), (500, 400)), IDLE, keys("backspace"), IDLE)
    notices = [status.notice for status in drawn]
    held, part = (next(at for at, notice in enumerate(notices) if messages in notice) for messages in ("(space)", "Backspace"))
    assert held < part
    assert notices[-1] == ""


@pytest.mark.parametrize("gone", [UserInput(pointers=(Pointer("down", "right", 50, 50),)), keys("u"), keys("c")])
def test_what_was_chosen_on_the_canvas_is_let_go_with_its_strokes(gone: UserInput) -> None:
    draw_one = stroke((200, 200), (200, 400))
    blank = Stage().run(draw_one, gone, IDLE, mode=Mode.CANVAS)[-1]
    wiped = Stage().run(draw_one, click(PAGE_PX + 200, 300), keys("7"), gone, IDLE, IDLE, mode=Mode.CANVAS)[-1]
    assert not differs(blank[:500], wiped[:500])


def test_a_box_without_ink_is_told_and_nothing_is_kept() -> None:
    stage = Stage()
    notified = stage.run(keys(" "), stroke((300, 350), (400, 450)), keys("4"), IDLE)[2]
    assert notice_shown(notified)
    assert labels(stage) == []


def test_a_label_without_a_digit_is_told() -> None:
    stage = Stage()
    notified = stage.run(keys("4"), IDLE)[-1]
    assert notice_shown(notified)
    assert labels(stage) == []


def test_a_click_beside_digits_lets_go() -> None:
    stage = Stage()
    stage.run(click(130, 250), click(600, 50), keys("4"), IDLE)
    assert labels(stage) == []


def test_a_correction_that_cannot_be_kept_is_told_and_the_app_goes_on() -> None:
    stage = Stage()
    stage.notebook.fails_with = OutputError("the disk is full")
    screens = stage.run(click(130, 250), keys("4"), IDLE, keys("t"), IDLE, stroke((300, 200), (500, 400)), IDLE)
    assert notice_shown(screens[2])
    assert len(screens) == 8


def test_what_was_said_of_a_digit_that_is_not_followed_ends_with_its_frame() -> None:
    stage = Stage()
    two_digits(stage)
    fresh = stage.run(IDLE)[-1]
    later = stage.run(click(330, 260), keys("7"), click(600, 50), *[IDLE] * 400)[-1]
    assert not differs(fresh[:480], later[:480])


def test_on_the_canvas_a_label_is_clicked_and_corrected_and_stays_so() -> None:
    stage = Stage()
    draw_one = stroke((200, 200), (200, 400))
    drawn, _, corrected, more = stage.run(
        draw_one, click(PAGE_PX + 200, 300), keys("7"), stroke((400, 200), (400, 400)), mode=Mode.CANVAS
    )[1:]
    assert labels(stage) == [(7, 0)]
    there = np.s_[180:420, PAGE_PX + 150 : PAGE_PX + 260]
    assert differs(drawn[there], corrected[there])
    assert not differs(corrected[there], more[there]) or readings_shown(more)


def test_on_a_held_canvas_the_pen_draws_nothing_but_chooses() -> None:
    stage = Stage()
    drawn = stage.run(stroke((200, 200), (200, 400)), keys(" "), click(200, 300), keys("7"), IDLE, mode=Mode.CANVAS)
    assert labels(stage) == [(7, 0)]
    assert len(stage.canvas.read(UserInput()).image) == PAGE_PX
    assert ink_on_page(drawn[-1])


def test_what_was_learnt_is_told_and_the_frame_is_read_anew() -> None:
    stage = Stage()
    stage.camera = clip(stage.clock, blob_frame(0, BLOB), name="page.jpg")

    def learn() -> UserInput:
        stage.notebook.learnt = "learnt from 3 corrections"
        return IDLE

    notified = stage.run(IDLE, learn, IDLE)[-1]
    assert notice_shown(notified)
    assert [frame.index for frame in stage.reader.frames] == [0, 0]
    assert stage.reader.forgotten == 1


# The part that is read


def test_only_the_dragged_part_is_read_and_remembered_for_the_source() -> None:
    stage = Stage()
    two_digits(stage)
    screens = stage.run(stroke((280, 180), (400, 400)), IDLE, IDLE)
    assert stage.reader.frames[-1].image.shape == (221, 121, 3)
    region = stage.notebook.regions["camera 0"]
    assert region == pytest.approx((280 / 640, 180 / 480, 121 / 640, 221 / 480))
    assert differs(screens[0][:480], screens[-1][:480])
    again = Stage()
    two_digits(again)
    again.notebook.regions = dict(stage.notebook.regions)
    again.run(IDLE)
    assert again.reader.frames[0].image.shape == (221, 121, 3)


def test_a_part_on_a_mirrored_picture_is_where_it_looks_to_be() -> None:
    stage = Stage()
    two_digits(stage)
    stage.run(keys("x"), stroke((640 - 400, 180), (640 - 280, 400)), IDLE)
    assert stage.notebook.regions["camera 0"] == pytest.approx((279 / 640, 180 / 480, 121 / 640, 221 / 480))


def test_a_drag_beyond_the_picture_ends_at_its_edge() -> None:
    stage = Stage()
    stage.run(stroke((500, 300), (5000, 5000)), IDLE)
    assert stage.reader.frames[-1].image.shape == (180, 140, 3)


def test_a_speck_is_no_part() -> None:
    stage = Stage()
    stage.run(stroke((500, 300), (509, 300), (508, 301)), IDLE)
    assert stage.notebook.regions == {}
    assert stage.reader.frames[-1].image.shape == (480, 640, 3)


def test_digits_of_a_part_are_where_they_are_on_the_whole_picture() -> None:
    stage = Stage()
    two_digits(stage)
    stage.run(stroke((280, 180), (400, 400)), click(330, 260), keys("5"), IDLE)
    assert labels(stage) == [(5, 0)]


# What flows out of the window.


class EventList:
    """Keeps what it is told (outputs.ports.NumberEventWriter); `fails_with` is raised instead."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str]] = []
        self.fails_with: Exception | None = None

    def write(self, source: str, time_s: float, event: NumberEvent) -> None:  # noqa: ARG002
        if self.fails_with is not None:
            raise self.fails_with
        self.events.append((source, event.event, event.number.text))


class TrackingReader(BlobReader):
    """Each blob is followed: its track is its column, so that it is the same one while it stands there."""

    def recognize(self, frame: Frame) -> Scene:
        scene = super().recognize(frame)
        return replace(scene, digits=tuple(replace(digit, track=digit.box.x) for digit in scene.digits))


@pytest.mark.parametrize("reader", [BlobReader, TrackingReader])
def test_every_digit_of_a_frame_that_stays_is_labelled(reader: type[BlobReader]) -> None:
    boxes = [Box(20 + 40 * (k % 15) + k // 15, 60 + 80 * (k // 15), 10, 20) for k in range(75)]
    frame = blob_frame(0, *boxes)
    stage = Stage(FakeSource([frame], FakeClock()))
    stage.reader = reader()
    last = stage.run(*[IDLE] * 5)[-1]
    ground = (last != frame.image.max()).any(axis=2)
    # No pixel of a label is of the page's own grey, nor of the line round the digit.
    assert [box for box in boxes if not ground[box.y - 20 : box.y - 6, box.x : box.right].any()] == []


def telling_stage(*frames: Frame) -> tuple[Stage, EventList]:
    stage = Stage()
    stage.reader = TrackingReader()
    stage.camera = FakeSource(frames, stage.clock, name="camera 0", live=True)
    notified = EventList()
    stage.number_events = notified
    return stage, notified


def looks(stage: Stage, seconds: float) -> list[Callable[[], UserInput]]:
    """Looks at the window for that long, ten a second."""

    def later() -> UserInput:
        stage.clock.advance(0.1)
        return IDLE

    return [later] * round(10 * seconds)


def test_each_number_is_told_once_when_it_is_confirmed_and_when_it_is_gone() -> None:
    there = [blob_frame(index, BLOB) for index in range(round(20 * SETTLE_S))]
    empty = [blob_frame(len(there) + index) for index in range(round(20 * GONE_S))]
    stage, notified = telling_stage(*there, *empty)
    stage.run(*looks(stage, 2 * SETTLE_S + 2 * GONE_S))
    assert notified.events == [("camera 0", "read", "0"), ("camera 0", "gone", "0")]


def test_what_is_corrected_is_told_as_a_change() -> None:
    stage, notified = telling_stage(*[blob_frame(index, BLOB) for index in range(100)])
    stage.run(*looks(stage, 2 * SETTLE_S), click(130, 250), keys("7"), *looks(stage, 2 * SETTLE_S))
    assert notified.events == [("camera 0", "read", "0"), ("camera 0", "changed", "7")]


def test_what_tells_of_numbers_fails_once_and_the_window_goes_on() -> None:
    stage, notified = telling_stage(*[blob_frame(index, BLOB) for index in range(100)])
    notified.fails_with = OutputError("numbers.csv: cannot be written (no space left on device); free some")
    with pytest.raises(OutputError, match="no space left"):
        stage.run(*looks(stage, 2 * SETTLE_S), keys("s"), IDLE)
    assert stage.saved, "the window did not go on"
    assert notice_shown(stage.window.screens[-3])


def test_a_reader_of_the_numbers_that_went_away_ends_the_window() -> None:
    stage, notified = telling_stage(*[blob_frame(index, BLOB) for index in range(100)])
    notified.fails_with = BrokenPipeError()
    with pytest.raises(BrokenPipeError):
        stage.run(*looks(stage, 2 * SETTLE_S), keys("s"), IDLE)
    assert stage.window.closed
    assert not stage.saved


def test_a_recording_that_fails_is_told_at_once_and_ends_while_the_window_goes_on() -> None:
    stage = Stage()
    stage.recorder.fails_after = 3
    with pytest.raises(OutputError, match="disk is full"):
        stage.run(keys("r"), *[IDLE] * 5, keys("s"), IDLE)
    assert stage.saved
    assert not stage.recorder.recording
    assert [red_shown(screen) for screen in stage.window.screens] == [False, True, True, True, *[False] * 5]
    assert notice_shown(stage.window.screens[4])


def test_where_nothing_can_be_recorded_that_is_told() -> None:
    stage = Stage()
    stage.recorder = NoRecorder()
    screens = stage.run(IDLE, keys("r"), IDLE)
    assert notice_shown(screens[-1])
    assert not any(red_shown(screen) for screen in screens)


def test_a_recording_is_completed_when_the_window_closes() -> None:
    stage = Stage()
    stage.run(keys("r"), IDLE)
    assert stage.recorder.clips == 1
    assert not stage.recorder.recording


def test_the_clicked_number_is_copied_rather_than_the_last_one() -> None:
    stage = Stage(FakeSource([blob_frame(0, BLOB, BLOB._replace(x=400))] * 500, FakeClock(), name="camera 0", live=True))
    stage.run(IDLE, click(430, 250), keys("k"), IDLE)
    assert stage.copied == ["1"]


@pytest.mark.parametrize("key", ["k", "r", "s"])
def test_what_cannot_be_put_out_is_told(key: str) -> None:
    stage = Stage()
    stage.saving = OutputError("there is no room")
    stage.recorder.fails_after = -1
    assert notice_shown(stage.run(IDLE, keys(key), IDLE)[-1])
