"""The live app: read, recognize, draw, show, listen."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from statistics import median
from typing import NamedTuple

from camdigits.controls import BINDINGS, Command, Mode, View, after, commands, key_name
from camdigits.errors import CamdigitsError, OutputError, SourceError
from camdigits.feed import IDLE_WAIT_S, Feed
from camdigits.overlay import Chosen, Labels, Status, draw, locate
from camdigits.ports import Clock, FrameSource, Notebook, Outputs, Pointer, Reader, Sources, Turn, Window
from camdigits.vision.scene import BgrImage, Box, Digit, Frame, Number, Scene

NOTICE_S = 3.0
"""How long a passing notice stands."""


def _key_of(command: Command) -> str:
    """How the key of a command is written for people."""
    return next(key_name(binding.keys[0]) for binding in BINDINGS if binding.command is command)


_ELSEWHERE = "trying again ({})".format(
    ", ".join(
        f"{key_name(binding.keys[0])}: {binding.help}"
        for binding in BINDINGS
        if binding.command in (Command.NEXT_CAMERA, Command.TOGGLE_MODE)
    )
)
"""What the user hears of a source that is sought again, beside what happened to it."""

_LATENCIES = 15
"""So many frames the latency that is shown is the median of."""
_CLICK_PX = 5
"""A mouse that moves no farther between press and release clicks; farther, it drags."""
_CHOOSE_FIRST = (
    f"click a digit first, or hold the frame ({_key_of(Command.HOLD)}) and drag a box round one, then type what it is"
)
_ONLY_A_PART = f"only this part is read, until {_key_of(Command.WHOLE_PICTURE)} is pressed"


def run(
    sources: Sources,
    window: Window,
    clock: Clock,
    outputs: Outputs,
    view: View = View(),  # noqa: B008 - a frozen value
    notice: str = "",
    notebook: Notebook | None = None,
) -> None:
    """Read digits live until the user quits.

    Sources are opened when their mode is first shown and kept, each with its own reader, until the next camera takes the
    place of one; `notice` stands until the user does something. What the user says of digits, and which part of a source is
    read, is kept in `notebook`; without one it is forgotten with the window. What fails to be put out is told of.
    Raises SourceError if the first source cannot be opened or read, and, once the user has quit, if one is lost by then;
    OutputError then if a recording, or what tells of numbers, has failed.
    """
    session = _Session(sources, window, clock, outputs, view, notice, notebook)
    try:
        session.start()
        turn = Turn()
        while not session.view.quitting:
            session.read(turn)
            session.show()
            session.put_out()
            turn = session.obey(window.poll(session.wait_s()))
    finally:
        session.close()
    session.report_failure()


class _Session:
    """What the app holds between two looks at the user: the feeds by mode, the view, the notice, the picture shown."""

    def __init__(
        self,
        sources: Sources,
        window: Window,
        clock: Clock,
        outputs: Outputs,
        view: View,
        notice: str,
        notebook: Notebook | None,
    ) -> None:
        self._notebook = notebook
        self._outputs = outputs
        self._recorder, self._recorded_since_s = outputs.recorder, clock()
        self._number_events = outputs.number_events
        self._failure: OutputError | None = None
        self._sources = sources
        self._window = window
        self._clock = clock
        self._feeds: dict[Mode, Feed] = {}
        self._notice, self._notice_until_s = notice, math.inf
        self._shown: tuple[Frame, Scene, View, Status] | None = None
        self._picture: BgrImage | None = None
        self._chosen: _Choice | None = None
        self._pressed: tuple[int, int] | None = None
        self._dragged: Box | None = None
        self._latencies_s: deque[float] = deque(maxlen=_LATENCIES)
        self._began_s, self._is_new = 0.0, False
        self._labels = Labels()
        self.view = view

    def start(self) -> None:
        self._open(self.view.mode)
        if self.view.full_screen:
            self._window.set_full_screen(True)

    def read(self, turn: Turn) -> None:
        """Take what the source has now, unless the frame is held, and what was learnt of corrections meanwhile."""
        self._began_s = self._clock()
        self._is_new = not self.view.held and self._feed.read(turn)
        if self._notebook is not None and (learnt := self._notebook.taught_anew()):
            self._say(learnt, 2 * NOTICE_S)
            for feed in self._feeds.values():
                feed.read_again()

    def show(self) -> None:
        """Draw and show what there is, if it is not on the screen already."""
        feed = self._feed
        live = self.view.mode is Mode.CAMERA
        status = Status(
            feed.source.name,
            feed.rate() if live else None,
            self._notice_now(),
            lost=feed.loss is not None,
            latency_s=round(median(self._latencies_s), 3) if live and self._latencies_s else None,
            region=feed.region,
            dragged=self._dragged,
            chosen=self._chosen_now(),
            numbers=feed.history.numbers if self.view.panel else (),
            recorded_s=int(self._clock() - self._recorded_since_s) if self._recorder.recording else None,
            place=feed.place,
        )
        what = (feed.frame, feed.scene, self.view, status)
        waiting = live and not self._labels.is_whole  # some come with the next picture, also where the frame stays
        if (
            self._shown is None
            or waiting
            or any(new is not old and new != old for new, old in zip(what, self._shown, strict=True))
        ):
            self._shown = what
            self._picture = draw(*what, self._labels)
            self._window.show(self._picture)
            if self._is_new:
                self._latencies_s.append(self._clock() - self._began_s)

    def put_out(self) -> None:
        """Record what is seen, and tell which numbers came and went."""
        feed = self._feed
        if self._recorder.recording:
            with self._failures_said(remembered=True):
                self._recorder.take(feed.frame, feed.scene, self._clock())
        events = feed.number_events()
        if self._number_events is not None:
            writer, self._number_events = self._number_events, None  # what fails once is not tried again
            with self._failures_said(remembered=True):
                for event in events:
                    writer.write(feed.source.name, feed.time_s, event)
                self._number_events = writer

    def wait_s(self) -> float:
        """How long the user may be waited for."""
        return IDLE_WAIT_S if self.view.held else self._feed.wait_s()

    def obey(self, turn: Turn) -> Turn:
        """Carry out what the user asked for; returns what is left for the source to hear."""
        mode = self.view.mode
        if self._notice_until_s == math.inf and (turn.keys or any(pointer.action == "down" for pointer in turn.pointers)):
            self._notice = ""
        for pointer in turn.pointers:
            self._follow(pointer)
        for key in turn.keys:
            for command in commands((key,), self.view.mode):
                self._carry_out(command, key)
        if turn.closed:
            self.view = after(self.view, Command.QUIT)
        return turn if self.view.mode is mode else Turn()

    def close(self) -> None:
        """Close the window, at once, and every source, also when one of them fails to close."""
        with ExitStack() as closing:
            for mode, feed in self._feeds.items():
                if mode is Mode.CAMERA:
                    closing.callback(self._outputs.leave, feed.frame, feed.scene)
                closing.callback(feed.source.close)
            if self._recorder.recording:
                closing.callback(self._end_recording)
            closing.callback(self._window.close)

    def report_failure(self) -> None:
        """Raise what went wrong and was not mended: the SourceError of a source that is lost, or an output's OutputError."""
        failure: CamdigitsError | None = next(
            (feed.loss for feed in self._feeds.values() if feed.loss is not None), self._failure
        )
        if failure is not None:
            raise failure

    @property
    def _feed(self) -> Feed:
        return self._feeds[self.view.mode]

    def _open(self, mode: Mode) -> None:
        if mode not in self._feeds:
            self._feeds[mode] = self._fed(*self._sources.open(mode), mode)

    def _fed(self, source: FrameSource, reader: Reader, mode: Mode) -> Feed:
        live = mode is Mode.CAMERA
        try:
            region = self._notebook.region(source.name) if live and self._notebook is not None else None
            return Feed(source, reader, self._clock, region, page=not live)
        except BaseException:
            source.close()
            raise

    def _go_on_to_next_camera(self) -> None:
        try:
            feed = self._fed(*self._sources.next_camera(), self.view.mode)
        except SourceError as error:
            self._say(str(error), 2 * NOTICE_S)
            return
        feed.rotate(self.view.rotation)
        self._outputs.leave(self._feed.frame, self._feed.scene)
        self._feed.source.close()
        self._feeds[self.view.mode] = feed
        self._let_go()

    def _carry_out(self, command: Command, key: str) -> None:
        view = after(self.view, command)
        if view.mode is not self.view.mode:
            try:
                self._open(view.mode)
            except SourceError as error:
                self._say(str(error), 2 * NOTICE_S)
                return
        if view.full_screen is not self.view.full_screen:
            self._window.set_full_screen(view.full_screen)
        if view.mode is not self.view.mode:
            self._let_go()
        self.view = view
        match command:
            case Command.SNAPSHOT:
                self._save()
            case Command.RECORD:
                self._record()
            case Command.COPY:
                self._copy()
            case Command.CLEAR:
                self._feed.forget()
                self._let_go()
            case Command.ROTATE:
                self._feed.rotate(view.rotation)
            case Command.NEXT_CAMERA | Command.NEXT_PICTURE:
                self._go_on_to_next_camera()
            case Command.IS_A:
                self._correct(int(key))
            case Command.IS_NONE:
                self._correct(None)
            case Command.TEACH:
                self._teach()
            case Command.WHOLE_PICTURE:
                self._read_only(None)

    # The mouse, where it does not draw

    def _follow(self, pointer: Pointer) -> None:
        """Click to choose a digit, drag a box: round a digit on a page that is held, else round the part that is to be read."""
        live = self.view.mode is Mode.CAMERA
        if pointer.action == "down" and pointer.button == "left":
            on_page = pointer.x < self._feed.frame.image.shape[1]
            self._pressed = None if not live and on_page and not self.view.held else (pointer.x, pointer.y)
        elif pointer.button == "left" and self._pressed is not None:
            x, y = self._pressed
            self._dragged = self._box_between(self._pressed, (pointer.x, pointer.y))
            if max(abs(pointer.x - x), abs(pointer.y - y)) <= _CLICK_PX:
                self._dragged = None
            if pointer.action == "up":
                self._let_off((x, y), self._dragged)
                self._pressed = self._dragged = None
        else:
            self._pressed = self._dragged = None  # let go where no event could reach us

    def _let_off(self, point: tuple[int, int], dragged: Box | None) -> None:
        if dragged is None:
            place = locate(self._feed.frame, self.view, *point)
            digit = None if place is None else self._feed.digit_at(*place)
            self._chosen = None if digit is None else _Choice(digit.box, digit)
        elif self.view.held or self.view.mode is Mode.CANVAS:
            try:
                self._chosen = _Choice(self._feed.ink_in(dragged), None)
            except ValueError as error:
                self._say(f"{error}; drag one round a digit that was missed")
        else:
            self._read_only(dragged)

    def _box_between(self, one: tuple[int, int], other: tuple[int, int]) -> Box | None:
        """The box on the frame between two points of the window; None where it does not begin on the frame."""
        start = locate(self._feed.frame, self.view, *one)
        end = locate(self._feed.frame, self.view, *other, nearest=True)
        if start is None or end is None:
            return None
        left, top = min(start[0], end[0]), min(start[1], end[1])
        return Box(left, top, abs(start[0] - end[0]) + 1, abs(start[1] - end[1]) + 1)

    def _let_go(self) -> None:
        self._chosen = self._pressed = self._dragged = None

    def _read_only(self, box: Box | None) -> None:
        region = self._feed.read_only(box)
        self._let_go()
        self._say("" if region is None else _ONLY_A_PART)
        if self._notebook is None:
            return
        with self._failures_said():
            self._notebook.remember_region(self._feed.source.name, region)

    # Corrections

    def _chosen_now(self) -> Chosen | None:
        """What the user has clicked, where it is now; nothing once it is gone."""
        choice = self._chosen
        if choice is None:
            return None
        if choice.digit is not None:
            digit = self._feed.same_digit(choice.digit)
            if digit is not None:
                self._chosen = _Choice(digit.box, digit)
                return Chosen(digit.box, digit, self._feed.history.moments(digit.track))
            if choice.digit.track is not None and not choice.said:
                self._chosen = None
        if self._feed.is_wiped(choice.box):
            self._chosen = None
        return None if self._chosen is None else Chosen(choice.box)

    def _correct(self, label: int | None) -> None:
        """Take it that what is chosen is that digit, or none, and keep its crop."""
        if self._chosen_now() is None or self._chosen is None:
            self._say(_CHOOSE_FIRST)
            return
        try:
            glyph, was = self._feed.amend(self._chosen.box, label)
        except ValueError as error:
            self._say(f"{error}; click a digit, or drag a box round one")
            return
        box, digit = self._chosen.box, self._chosen.digit
        if digit is None and label is not None:  # one that was missed, and is there now
            digit = self._feed.same_digit(Digit(label, 1.0, box))
        self._chosen = _Choice(box, digit, said=True)
        said = _said(label, was)
        if self._notebook is None:
            self._say(said)
            return
        with self._failures_said():
            self._notebook.correct(glyph, label, was)
            self._say(f"kept: {said}")

    def _teach(self) -> None:
        if self._notebook is None:
            return
        with self._failures_said():
            self._say(self._notebook.teach(), 2 * NOTICE_S)

    def _save(self) -> None:
        if self._picture is None:
            return
        with self._failures_said():
            scene = replace(self._feed.scene, source=self._feed.source.name)
            self._say(f"saved {self._outputs.save_snapshot(self._picture, scene)}")

    def _record(self) -> None:
        if self._recorder.recording:
            self._end_recording()
            return
        with self._failures_said():
            self._say(f"recording {self._recorder.start()}")
            self._recorded_since_s = self._clock()

    def _end_recording(self) -> None:
        with self._failures_said(remembered=True):
            self._say(f"recorded {self._recorder.stop()}")

    def _copy(self) -> None:
        """Put the number that was clicked on the clipboard, or the one that was read last."""
        number = self._chosen_number()
        numbers = self._feed.history.numbers
        text = number.text if number is not None else numbers[0].text if numbers else ""
        if not text:
            self._say("there is no number to copy yet")
            return
        with self._failures_said():
            self._outputs.copy(text)
            self._say(f"copied {text}")

    def _chosen_number(self) -> Number | None:
        chosen = self._chosen_now()
        if chosen is None or chosen.digit is None:
            return None
        scene = self._feed.scene
        return next(
            (number for number in scene.numbers if any(scene.digits[place] == chosen.digit for place in number.digits)), None
        )

    @contextmanager
    def _failures_said(self, remembered: bool = False) -> Iterator[None]:
        """What cannot be written within is told, and the app goes on; at its end it is told again where it is remembered."""
        try:
            yield
        except OutputError as error:
            if remembered:
                self._failure = self._failure or error
            self._say(str(error), 2 * NOTICE_S)

    def _say(self, notice: str, for_s: float = NOTICE_S) -> None:
        self._notice, self._notice_until_s = notice, self._clock() + for_s

    def _notice_now(self) -> str:
        if self._clock() >= self._notice_until_s:
            self._notice = ""
        notice = self._notice or self._feed.notice
        return f"{notice}; {_ELSEWHERE}" if self._feed.is_sought and not self._notice else notice


def _said(label: int | None, was: int | None) -> str:
    """What the user said of a place, and what had been read there."""
    if label == was:
        return "no digit" if label is None else f"{label}, as it was read"
    if was is None:
        return f"{label}, which was missed"
    return f"{'no digit' if label is None else label}, not {was}"


class _Choice(NamedTuple):
    """What was clicked: its place, the digit that was read there, if any, and whether the user has said what it is."""

    box: Box
    digit: Digit | None
    said: bool = False
