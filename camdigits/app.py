"""The live app: read, recognize, draw, show, listen."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from camdigits.controls import BINDINGS, Command, Mode, View, after, commands, key_name
from camdigits.errors import OutputError, SourceError
from camdigits.overlay import Labels, Status, draw
from camdigits.ports import Clock, FrameSource, Reader, Sources, Turn, Window
from camdigits.vision.rotation import Rotation
from camdigits.vision.scene import BgrImage, Frame, Scene

NOTICE_S = 3.0
"""How long a passing notice stands."""

_ELSEWHERE = "trying again ({})".format(
    ", ".join(
        f"{key_name(binding.keys[0])}: {binding.help}"
        for binding in BINDINGS
        if binding.command in (Command.NEXT_CAMERA, Command.TOGGLE_MODE)
    )
)
"""What the user hears of a source that is sought again, beside what happened to it."""

_LEAST_WAIT_S = 0.001
_LIVE_WAIT_S = 0.01
_IDLE_WAIT_S = 0.05


def run(
    sources: Sources,
    window: Window,
    clock: Clock,
    save_snapshot: Callable[[BgrImage], Path],
    view: View = View(),  # noqa: B008 - a frozen value
    notice: str = "",
) -> None:
    """Read digits live until the user quits.

    Sources are opened when their mode is first shown and kept, each with its own reader, until the next camera takes the
    place of one; `notice` stands until the user does something.
    Raises SourceError if the first source cannot be opened or read, and, once the user has quit, if one is lost by then.
    """
    session = _Session(sources, window, clock, save_snapshot, view, notice)
    try:
        session.start()
        turn = Turn()
        while not session.view.quitting:
            session.read(turn)
            session.show()
            turn = session.obey(window.poll(session.wait_s()))
    finally:
        session.close()
    session.report_loss()


class _Session:
    """What the app holds between two looks at the user: the feeds by mode, the view, the notice, the picture shown."""

    def __init__(
        self,
        sources: Sources,
        window: Window,
        clock: Clock,
        save_snapshot: Callable[[BgrImage], Path],
        view: View,
        notice: str,
    ) -> None:
        self._sources = sources
        self._window = window
        self._clock = clock
        self._save_snapshot = save_snapshot
        self._feeds: dict[Mode, _Feed] = {}
        self._notice, self._notice_until_s = notice, math.inf
        self._shown: tuple[Frame, Scene, View, Status] | None = None
        self._picture: BgrImage | None = None
        self._labels = Labels()
        self.view = view

    def start(self) -> None:
        self._open(self.view.mode)
        if self.view.full_screen:
            self._window.set_full_screen(True)

    def read(self, turn: Turn) -> None:
        """Take what the source has now, unless the frame is held."""
        if not self.view.held:
            self._feed.read(turn)

    def show(self) -> None:
        """Draw and show what there is, if it is not on the screen already."""
        feed = self._feed
        rate = feed.rate() if self.view.mode is Mode.CAMERA else None
        status = Status(feed.source.name, rate, self._notice_now(), lost=feed.loss is not None)
        what = (feed.frame, feed.scene, self.view, status)
        if self._shown is None or any(new is not old and new != old for new, old in zip(what, self._shown, strict=True)):
            self._shown = what
            self._picture = draw(*what, self._labels)
            self._window.show(self._picture)

    def wait_s(self) -> float:
        """How long the user may be waited for."""
        return _IDLE_WAIT_S if self.view.held else self._feed.wait_s()

    def obey(self, turn: Turn) -> Turn:
        """Carry out what the user asked for; returns what is left for the source to hear."""
        mode = self.view.mode
        if self._notice_until_s == math.inf and (turn.keys or any(pointer.action == "down" for pointer in turn.pointers)):
            self._notice = ""
        for key in turn.keys:
            for command in commands((key,), self.view.mode):
                self._carry_out(command)
        if turn.closed:
            self.view = after(self.view, Command.QUIT)
        return turn if self.view.mode is mode else Turn()

    def close(self) -> None:
        """Close the window, at once, and every source, also when one of them fails to close."""
        with ExitStack() as closing:
            for feed in self._feeds.values():
                closing.callback(feed.source.close)
            closing.callback(self._window.close)

    def report_loss(self) -> None:
        """Raise the SourceError of a source that is lost."""
        for feed in self._feeds.values():
            if feed.loss is not None:
                raise feed.loss

    @property
    def _feed(self) -> _Feed:
        return self._feeds[self.view.mode]

    def _open(self, mode: Mode) -> None:
        if mode not in self._feeds:
            self._feeds[mode] = self._fed(*self._sources.open(mode))

    def _fed(self, source: FrameSource, reader: Reader) -> _Feed:
        try:
            return _Feed(source, reader, self._clock)
        except BaseException:
            source.close()
            raise

    def _go_on_to_next_camera(self) -> None:
        try:
            feed = self._fed(*self._sources.next_camera())
        except SourceError as error:
            self._say(str(error), 2 * NOTICE_S)
            return
        feed.rotate(self.view.rotation)
        self._feed.source.close()
        self._feeds[self.view.mode] = feed

    def _carry_out(self, command: Command) -> None:
        view = after(self.view, command)
        if view.mode is not self.view.mode:
            try:
                self._open(view.mode)
            except SourceError as error:
                self._say(str(error), 2 * NOTICE_S)
                return
        if view.full_screen is not self.view.full_screen:
            self._window.set_full_screen(view.full_screen)
        self.view = view
        if command is Command.SNAPSHOT:
            self._save()
        elif command is Command.CLEAR:
            self._feed.forget()
        elif command is Command.ROTATE:
            self._feed.rotate(view.rotation)
        elif command is Command.NEXT_CAMERA:
            self._go_on_to_next_camera()

    def _save(self) -> None:
        if self._picture is None:
            return
        try:
            self._say(f"saved {self._save_snapshot(self._picture)}")
        except OutputError as error:
            self._say(str(error), 2 * NOTICE_S)

    def _say(self, notice: str, for_s: float = NOTICE_S) -> None:
        self._notice, self._notice_until_s = notice, self._clock() + for_s

    def _notice_now(self) -> str:
        if self._clock() >= self._notice_until_s:
            self._notice = ""
        notice = self._notice or self._feed.notice
        return f"{notice}; {_ELSEWHERE}" if self._feed.is_sought and not self._notice else notice


class _Feed:
    """A source, what was read of it last, and its pace: frames of a recording come no faster than their times."""

    def __init__(self, source: FrameSource, reader: Reader, clock: Clock) -> None:
        self.source = source
        self._end: SourceError | None = None
        self._reader = reader
        self._clock = clock
        self._ended = False
        self._news = True
        self._last_index: int | None = None
        self._recognized_index: int | None = None
        self._start_s = -math.inf
        self._due_s = -math.inf
        self._times_s: deque[float] = deque()
        frame = source.read(Turn())
        if frame is None:
            raise SourceError(f"{source.name} holds no pictures")
        self.frame, self.scene = frame, _nothing_read(frame)
        self._take(frame)

    def read(self, turn: Turn) -> None:
        """Read the next frame if there is one and its time has come; recognize it if it is settled and new."""
        if self._ended or self._end is not None or self._clock() < self._due_s:
            return
        try:
            frame = self.source.read(turn)
        except SourceError as error:
            self._end = error
            return
        if frame is None:
            self._ended = True
        else:
            self._take(frame)

    def forget(self) -> None:
        """Drop what was read, and show no reading until the next frame."""
        self._reader.forget()
        self.scene = _nothing_read(self.frame)

    def rotate(self, rotation: Rotation) -> None:
        """Read from now on what is turned so, beginning with the frame that is shown."""
        self._reader.rotate(rotation)
        if self.frame.settled:
            self.scene = self._reader.recognize(self.frame)

    def rate(self) -> float | None:
        """Frames read in the last second, in frames/s; None where that says nothing."""
        times_s = self._times_s
        while times_s and times_s[0] < self._clock() - 1:
            times_s.popleft()
        span_s = times_s[-1] - times_s[0] if times_s else 0.0
        if span_s <= 0 or self._ended or self.loss is not None:
            return None
        return float(round((len(times_s) - 1) / span_s))

    @property
    def is_sought(self) -> bool:
        """Whether the source is lost and sought again."""
        return self._end is None and bool(self.source.loss)

    @property
    def loss(self) -> SourceError | None:
        """What happened to a source that is lost, for good or for now."""
        return SourceError(self.source.loss) if self.is_sought else self._end

    @property
    def notice(self) -> str:
        if self.loss is not None:
            return str(self.loss)
        if self._ended and self.source.frame_count != 1:  # of a picture there is no more to come
            return self.source.notice or f"end of {self.source.name}"
        return self.source.notice

    def wait_s(self) -> float:
        """How long there is nothing to read."""
        if self._ended or self.loss is not None:
            return _IDLE_WAIT_S
        if self.source.live:
            return _LEAST_WAIT_S if self._news else _LIVE_WAIT_S
        return min(max(self._due_s - self._clock(), _LEAST_WAIT_S), _IDLE_WAIT_S)

    def _take(self, frame: Frame) -> None:
        now_s = self._clock()
        self._news = frame.index != self._last_index
        self._last_index = frame.index
        if self._news:
            self._times_s.append(now_s)
        if not self.source.live:
            self._set_due(frame, now_s)
        self.frame = frame
        if frame.settled and frame.index != self._recognized_index:
            self.scene = self._reader.recognize(frame)
            self._recognized_index = frame.index

    def _set_due(self, frame: Frame, now_s: float) -> None:
        """When the next frame is due: this one's time on the user's clock, and a period more."""
        period_s = self.source.frame_period_s
        if now_s - frame.time_s > self._start_s + period_s:
            # Reading is slower than the clip, or the frame was held: the clip goes on from here, nothing is left out.
            self._start_s = now_s - frame.time_s
        self._due_s = self._start_s + frame.time_s + period_s


def _nothing_read(frame: Frame) -> Scene:
    height, width = frame.image.shape[:2]
    return Scene(width, height, frame=frame.index, time_s=frame.time_s)
