"""Keys and mouse in any order, at any place, on a live window whose sources and disk fail now and then."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from camdigits.canvas.strokes import PaperColour, StrokeKind, ground_of, render
from camdigits.errors import OutputError, SourceError
from camdigits.live import loop, screen
from camdigits.live.canvas import PAGE_PX, CanvasSource
from camdigits.live.controls import BINDINGS, PAGE_COMMANDS, Command, Mode, View
from camdigits.live.ports import Outputs
from camdigits.recognizer import CanvasReader, Recognizer, live_reader
from camdigits.settings import Effort
from camdigits.sources.ports import FrameSource, Pointer, UserInput
from camdigits.tracking.ports import Reader
from camdigits.vision.orientation import Rotation
from camdigits.vision.types import BgrImage, Box, Frame, Scene
from tests.fake_screen import CLOSED, FakeNotebook, FakeRecorder, FakeSource, FakeWindow, ThreadedReader, blob_frame
from tests.fakes import WAIT_S, FakeClock
from tests.fuzz.rounds import fuzzing

MAX_PX = 6000
"""No picture that is shown is longer than this."""
MIN_INPUTS = 12
"""Nobody leaves before."""
ENDING = (Command.QUIT, Command.LET_GO)
PRESSABLE = tuple(key for binding in BINDINGS if binding.command not in ENDING for key in binding.keys)
STRANGE = ("z", "M", "0", "\t", "é", "", "escape", "\0")
SIZES_PX = ((640, 480), (64, 48), (1, 1), (3, 700), (1400, 20), (31, 33))

keys = st.lists(st.sampled_from((*PRESSABLE, *PRESSABLE, *STRANGE)), min_size=1, max_size=3).map(tuple)
places = st.one_of(st.integers(0, 2 * PAGE_PX), st.integers(-(10**9), 10**9), st.sampled_from((-1, 0, 639, 640, -32769, 32768)))
near = st.integers(-60, PAGE_PX + 60)
pointers = st.builds(
    Pointer, st.sampled_from(("down", "move", "up")), st.sampled_from(("left", "right", "none")), places, places
)


class SteppedWindow(FakeWindow):
    """Hands each look at the user to another thread, and waits there for what the user does."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self._clock = clock
        self.picture: BgrImage | None = None
        self.events: queue.Queue[BaseException | str] = queue.Queue()
        self.inputs: queue.Queue[UserInput] = queue.Queue()

    def show(self, picture: BgrImage, keeps_size: bool = False) -> None:  # noqa: ARG002
        self.picture = picture

    def poll(self, wait_s: float) -> UserInput:
        assert 0 < wait_s < 1
        self._clock.advance(wait_s)
        self.events.put("looked")
        return self.inputs.get(timeout=10 * WAIT_S)


class Camera(FakeSource):
    """Frames of any size for as long as `fault` is none; it keeps what it gave."""

    def __init__(self, clock: FakeClock, live: bool) -> None:
        super().__init__((), clock, name="camera 0", live=live)
        self.fault: SourceError | str = ""
        self.has_ended = False
        self.size_px = SIZES_PX[0]
        self.given: list[tuple[Frame, bytes]] = []

    @property
    def cannot_begin_anew(self) -> bool:
        """Whether it is a clip at its end that gives nothing any more."""
        return self.has_ended and not self.live and bool(self.fault)

    def read(self, user_input: UserInput) -> Frame | None:  # noqa: ARG002
        if isinstance(self.fault, SourceError):
            raise self.fault
        if self.fault:
            self.has_ended = bool(self.given)
            return None
        index = len(self.given)
        width, height = self.size_px
        frame = blob_frame(index, Box(width // 3, height // 4, width // 8, height // 2), size=self.size_px)
        self.given.append((frame, frame.image.tobytes()))
        return frame


@cache
def recognizer() -> Recognizer:
    return Recognizer()


class PaperModel:
    """What should be on the page: which strokes, of which kind, on which paper."""

    def __init__(self) -> None:
        self.strokes: list[StrokeKind] = []
        self.colour = PaperColour.WHITE
        self.kind = StrokeKind.PEN
        self.done: list[list[StrokeKind]] = []
        self.undone: list[list[StrokeKind]] = []

    def hear(self, user_input: UserInput) -> None:
        for pointer in user_input.pointers:
            if pointer.action == "down" and pointer.button == "right":
                self.wipe()
            on_page = 0 <= pointer.x < PAGE_PX and 0 <= pointer.y < PAGE_PX
            if pointer.action == "down" and pointer.button == "left" and on_page:
                self.become([*self.strokes, self.kind])
        for key in user_input.keys:
            match next((row.command for row in BINDINGS if key in row.keys), None):
                case Command.CLEAR:
                    self.wipe()
                case Command.UNDO if self.done:
                    self.undone.append(self.strokes)
                    self.strokes = self.done.pop()
                case Command.REDO if self.undone:
                    self.done.append(self.strokes)
                    self.strokes = self.undone.pop()
                case Command.ERASER:
                    self.kind = StrokeKind.PEN if self.kind is StrokeKind.ERASER else StrokeKind.ERASER
                case Command.PAGE_COLOUR:
                    colours = [*PaperColour, PaperColour.WHITE]
                    self.colour = colours[colours.index(self.colour) + 1]

    def wipe(self) -> None:
        if self.strokes:
            self.become([])

    def become(self, strokes: list[StrokeKind]) -> None:
        self.done.append(self.strokes)
        self.undone.clear()
        self.strokes = strokes


class LiveWindow(RuleBasedStateMachine):
    """The app in a thread of its own, one look at the user at a time, beside a model of what it should show."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.window = SteppedWindow(self.clock)
        self.canvas = CanvasSource(self.clock, save=lambda page: self.save(render(page)))
        self.drawn: list[tuple[Frame, View]] = []
        self.opened: list[FrameSource] = []
        self.left_behind: list[Camera] = []
        self.over: BaseException | None = None
        self.left = False
        self.inputs = 0
        self.faulty = False
        self.stays_on_canvas = False
        self.disk_is_full = False
        self.notebook = FakeNotebook()
        self.recorder = FakeRecorder()
        self.paper = PaperModel()

    @initialize(
        mode=st.sampled_from(Mode),
        live=st.booleans(),
        really=st.sampled_from((False, False, False, True)),
        looks=st.integers(1, 3),
    )
    def begin(self, mode: Mode, live: bool, really: bool, looks: int) -> None:
        """Open the window; `really` with the readers that people have, else with one that is busy for that many looks."""
        self.camera = Camera(self.clock, live)
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(screen, "draw", self.noting(screen.draw))
        self.expected = View(mode=mode)
        self.blobs = None if really else ThreadedReader(looks)
        self.readers: Mapping[Mode, Reader] = {} if self.blobs is None else dict.fromkeys(Mode, self.blobs)
        if really:
            self.readers = {Mode.CAMERA: live_reader(recognizer(), Effort.LIVE), Mode.CANVAS: CanvasReader(recognizer())}
        self.thread = threading.Thread(target=self.live, args=(View(mode=mode),), daemon=True)
        self.thread.start()
        self.look()

    def live(self, view: View) -> None:
        try:
            outputs = Outputs(self.save, copy=self.copy, recorder=self.recorder)
            loop.run(self, self.window, self.clock, outputs, view, notebook=self.notebook)
        except BaseException as error:
            self.window.events.put(error)
        else:
            self.window.events.put("quit")

    def open(self, mode: Mode) -> tuple[FrameSource, Reader]:
        """The sources (live.ports.Sources)."""
        if mode is Mode.CANVAS:
            source: FrameSource = self.canvas
        elif isinstance(self.camera.fault, SourceError):
            raise self.camera.fault
        else:
            source = self.begun_anew() if self.camera in self.opened else self.camera
        self.opened.append(source)
        return source, self.readers[mode]

    def begun_anew(self) -> Camera:
        """The clip opened once more; where it gives nothing any more, it stays as it was."""
        anew = Camera(self.clock, self.camera.live)
        anew.fault, anew.size_px = self.camera.fault, self.camera.size_px
        if anew.fault:
            self.left_behind.append(anew)
        else:
            self.left_behind.append(self.camera)
            self.camera = anew
        return anew

    def next_camera(self) -> tuple[FrameSource, Reader]:
        if self.disk_is_full:  # one fault more or less is all the same to the app
            raise SourceError("there is no other camera")
        before, self.camera = self.camera, Camera(self.clock, self.camera.live)
        self.left_behind.append(before)
        return self.open(Mode.CAMERA)

    def copy(self, text: str) -> None:
        assert text
        if self.disk_is_full:
            raise OutputError("there is no clipboard")

    def save(self, picture: BgrImage, scene: Scene | None = None) -> Path:  # noqa: ARG002
        assert picture is self.window.picture or self.expected.mode is Mode.CANVAS
        if self.disk_is_full:
            raise OutputError("the disk is full")
        return Path("/pictures/1.png")

    def noting(self, draw: Callable[..., BgrImage]) -> Callable[..., BgrImage]:
        def note(frame: Frame, scene: Any, view: View, status: Any, labels: Any) -> BgrImage:
            self.drawn.append((frame, view))
            return draw(frame, scene, view, status, labels)

        return note

    @property
    def runs(self) -> bool:
        return self.over is None

    def look(self) -> None:
        """Wait until the app looks at the user again or is over."""
        event = self.window.events.get(timeout=10 * WAIT_S)
        if isinstance(event, BaseException):
            self.over = event
        elif event == "quit":
            self.over = SystemExit()

    def send(self, user_input: UserInput) -> None:
        """The user does something, in the app and in the model."""
        before = self.expected
        self.inputs += 1
        self.stays_on_canvas = self.camera.cannot_begin_anew
        for key in user_input.keys:
            self.expected = self.after(self.expected, key)
        heard = user_input if self.expected.mode is before.mode else UserInput()
        if self.expected.mode is Mode.CANVAS and not self.expected.held:
            self.paper.hear(heard)
        self.window.inputs.put(user_input)
        self.look()

    def after(self, view: View, key: str) -> View:
        """What the table of keys promises of a key."""
        command = next((row.command for row in BINDINGS if key in row.keys and row.only in (None, view.mode)), None)
        match command:
            case Command.TOGGLE_MODE:
                other = Mode.CAMERA if view.mode is Mode.CANVAS else Mode.CANVAS
                cannot_open = self.stays_on_canvas or (not self.camera.given and bool(self.camera.fault))
                return view if other is Mode.CAMERA and cannot_open else replace(view, mode=other, held=False)
            case Command.NEXT_CAMERA if not self.disk_is_full:
                self.stays_on_canvas = False
                return view
            case Command.HOLD:
                return replace(view, held=not view.held)
            case Command.HELP | Command.INSPECT | Command.PANEL | Command.FULL_SCREEN | Command.AUTOMATIC:
                return replace(view, **{command.value: not getattr(view, command.value)})
            case Command.MIRROR:
                return replace(view, mirrored=not view.mirrored)
            case Command.ROTATE:
                turns = [*Rotation, Rotation.AUTO]
                return replace(view, rotation=turns[turns.index(view.rotation) + 1])
            case _ if command in PAGE_COMMANDS and view.mode is Mode.CANVAS:
                return replace(view, held=False)
        return view

    @precondition(lambda self: self.runs)
    @rule(pressed=keys)
    def press(self, pressed: tuple[str, ...]) -> None:
        self.send(UserInput(keys=pressed))

    @precondition(lambda self: self.runs)
    @rule(moved=st.lists(pointers, max_size=6).map(tuple))
    def point(self, moved: tuple[Pointer, ...]) -> None:
        self.send(UserInput(pointers=moved))

    @precondition(lambda self: self.runs)
    @rule(start=st.tuples(near, near), points=st.lists(st.tuples(places, places), max_size=4), whole=st.booleans())
    def draw(self, start: tuple[int, int], points: list[tuple[int, int]], whole: bool) -> None:
        """A stroke, begun on the page or beside it; the release may be missed."""
        first = Pointer("down", "left", *start)
        moves = [Pointer("move", "left", *point) for point in (*points, (300, 300))]
        self.send(UserInput(pointers=(first, *moves, *([Pointer("up", "left", 300, 300)] if whole else []))))

    @precondition(lambda self: self.runs)
    @rule(pressed=keys, moved=st.lists(pointers, min_size=1, max_size=3).map(tuple))
    def press_and_point(self, pressed: tuple[str, ...], moved: tuple[Pointer, ...]) -> None:
        self.send(UserInput(pressed, moved))

    @precondition(lambda self: self.runs)
    @rule(seconds=st.sampled_from((0.0, 0.02, 0.5, 7.0, 3600.0)))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.send(UserInput())

    @precondition(lambda self: self.runs and not self.camera.fault)
    @rule(fault=st.sampled_from((SourceError("camera 0 was unplugged"), "the end")))
    def camera_fails(self, fault: SourceError | str) -> None:
        self.camera.fault, self.faulty = fault, True
        self.clock.advance(1.0)
        self.send(UserInput())

    @precondition(lambda self: self.runs)
    @rule(size_px=st.sampled_from(SIZES_PX))
    def camera_gives_frames_of_another_size(self, size_px: tuple[int, int]) -> None:
        self.camera.fault, self.camera.size_px = "", size_px
        self.clock.advance(1.0)
        self.send(UserInput())

    @precondition(lambda self: self.runs)
    @rule(learnt=st.sampled_from(("learnt", "x" * 3000)))
    def something_is_learnt(self, learnt: str) -> None:
        self.notebook.learnt = learnt
        self.send(UserInput())

    @precondition(lambda self: self.runs)
    @rule(full=st.booleans(), message=st.sampled_from(("", "dark", "é\u202e\n\ud800" * 9, "x" * 3000)))
    def disk_and_notice_change(self, full: bool, message: str) -> None:
        self.disk_is_full, self.camera.notice = full, message
        self.notebook.fails_with = OutputError("the disk is full") if full else None
        self.recorder.fails_after = -1 if full else None
        self.send(UserInput(keys=("s",)))

    @precondition(lambda self: self.runs and self.inputs >= MIN_INPUTS)
    @rule(last=st.sampled_from((CLOSED, UserInput(keys=("q",)), UserInput(keys=("esc", "m")), UserInput(("m",), (), True))))
    def leave(self, last: UserInput) -> None:
        self.left = True
        self.send(last)
        for _ in range(2):  # Esc may have let go of something, and then a drawing is asked about once
            if self.runs:
                self.send(CLOSED)
        assert not self.runs

    @precondition(lambda self: not self.runs)
    @rule()
    def after_the_end(self) -> None:
        self.thread.join(WAIT_S)
        assert self.window.events.empty()

    @invariant()
    def what_is_shown_is_a_picture_of_what_the_keys_say(self) -> None:
        if not self.runs:
            return
        picture = self.window.picture
        assert picture is not None
        assert picture.dtype == np.uint8
        assert picture.ndim == 3
        assert picture.shape[2] == 3
        assert min(picture.shape) > 0
        assert max(picture.shape) <= MAX_PX
        frame, view = self.drawn[-1]
        assert view == self.expected
        assert self.window.full_screen is view.full_screen
        if view.mode is Mode.CANVAS:
            assert frame.image.shape == (PAGE_PX, PAGE_PX, 3)
            assert picture.shape[0] >= PAGE_PX
            if not view.held:
                kinds = self.paper.strokes[: None if frame.settled else -1]
                assert [stroke.kind for stroke in self.canvas.page.strokes] == kinds
                assert self.canvas.page.colour is self.paper.colour
                if StrokeKind.ERASER not in self.paper.strokes:
                    written_on = bool((frame.image != ground_of(self.canvas.page)).any())
                    assert written_on is bool(self.paper.strokes)

    @invariant()
    def it_ends_only_as_documented_with_everything_closed(self) -> None:
        if self.runs:
            return
        assert self.left, f"ended by itself: {self.over!r}"
        assert isinstance(self.over, SystemExit) or (self.faulty and isinstance(self.over, SourceError)), repr(self.over)
        assert self.window.closed
        assert self.blobs is None or self.blobs.closed
        assert self.camera.closed is (self.camera in self.opened)
        assert all(camera.closed for camera in self.left_behind)

    def teardown(self) -> None:
        if not hasattr(self, "thread"):
            return
        if self.runs:
            self.leave(CLOSED)
        self.thread.join(WAIT_S)
        self.patch.undo()
        assert not self.thread.is_alive()
        self.it_ends_only_as_documented_with_everything_closed()
        cameras = [*self.left_behind, self.camera]
        assert all(frame.image.tobytes() == pixels for camera in cameras for frame, pixels in camera.given)


def test_no_order_of_keys_mouse_and_faults_brings_the_window_down() -> None:
    run_state_machine_as_test(LiveWindow, settings=fuzzing(35))
