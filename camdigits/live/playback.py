"""Playback: a source as it plays, until it ends or is lost."""

from __future__ import annotations

from enum import Enum, auto

from camdigits.errors import SourceError
from camdigits.live.overlay import short_name
from camdigits.live.pace import FrameRate, Pace
from camdigits.sources.ports import Clock, FrameSource, Pages, UserInput
from camdigits.vision.types import Frame

MIN_WAIT_S = 0.001
"""Shortest wait between two looks at a source, seconds."""
LIVE_WAIT_S = 0.01
"""Time after which a camera without a new frame is asked again, seconds."""
IDLE_WAIT_S = 0.05
"""Longest wait for the user, seconds, where nothing else can happen."""


class State(Enum):
    """How a source plays.

    PLAYING: frames come, or a source that is lost for now is sought again.
    ENDED: there are no more frames.
    LOST: it is lost for good.
    """

    PLAYING = auto()
    ENDED = auto()
    LOST = auto()


class Playback:
    """The frames of a source at their pace.

    PLAYING   read() -> None           -> ENDED
    PLAYING   read() raises            -> LOST
    """

    def __init__(self, source: FrameSource, clock: Clock) -> None:
        self.source = source
        self.pages = source if isinstance(source, Pages) else None
        """The source if it has pages to turn; checked once, since the check takes a third of a millisecond."""
        self.state = State.PLAYING
        self._clock = clock
        self._pace, self._rate = Pace(source), FrameRate()
        self._error: SourceError | None = None
        self._index: int | None = None
        self._is_new = True
        self._ahead: Frame | None = None
        self.automatic = False
        """Whether pages turn by themselves."""

    def begin(self) -> Frame:
        """Return the first frame. Raises SourceError if the source cannot be read or is empty."""
        frame = self.source.read(UserInput())
        if frame is None:
            raise SourceError(f"{self.source.name} holds no pictures")
        return self._shown(frame)

    def read(self, user_input: UserInput) -> Frame | None:
        """Return the next frame if its time has come, otherwise None. A live source may return the same frame again."""
        if self.state is not State.PLAYING or self._waits_for_user or self._clock() < self._pace.due_s:
            return None
        frame, self._ahead = self._ahead, None
        try:
            frame = frame or self.source.read(user_input)
        except SourceError as error:
            self.state, self._error = State.LOST, error
            return None
        if frame is None:
            self.state = State.ENDED
            return None
        due_s = self._pace.due_of(frame)
        if due_s > self._clock() + MIN_WAIT_S:  # in some clips the time between frames varies
            self._ahead, self._pace.due_s = frame, due_s
            return None
        return self._shown(frame)

    def turn_page(self, forward: bool) -> Frame | None:
        """Return the next or the previous page; None where there is none, or the source has no pages."""
        if self.pages is None:
            return None
        frame = self.pages.read(UserInput()) if forward else self.pages.back()
        if frame is None:
            return None
        self.state = State.PLAYING
        return self._shown(frame)

    @property
    def can_be_played_again(self) -> bool:
        """Whether the source has an end and more than one picture."""
        return not self.source.live and self.source.frame_count != 1

    @property
    def has_ended(self) -> bool:
        """Whether a clip is at its end."""
        return self.state is State.ENDED and self.can_be_played_again

    @property
    def _waits_for_user(self) -> bool:
        """Whether the next page comes only when the user asks for it."""
        return self.pages is not None and not self.automatic

    def rate(self) -> float | None:
        """Return the new frames of the last second, in frames/s; None while the source does not play."""
        per_s = self._rate.per_s(self._clock())
        return per_s if self.state is State.PLAYING and self.loss is None else None

    @property
    def is_sought(self) -> bool:
        """Whether the source is lost and sought again."""
        return self.state is not State.LOST and bool(self.source.loss)

    @property
    def loss(self) -> SourceError | None:
        """What happened to a source that is lost, for good or for now; None while it is not."""
        return SourceError(self.source.loss) if self.is_sought else self._error

    @property
    def notice(self) -> str:
        """A sentence for the user about the source, or ""."""
        if self.loss is not None:
            return str(self.loss)
        if self.has_ended:
            return self.source.notice or f"end of {short_name(self.source.name)}"
        return self.source.notice

    def wait_s(self) -> float:
        """Return how long there is nothing to read, seconds."""
        if self.state is not State.PLAYING or self.loss is not None or self._waits_for_user:
            return IDLE_WAIT_S
        if self.source.live:
            return MIN_WAIT_S if self._is_new else LIVE_WAIT_S
        return min(max(self._pace.due_s - self._clock(), MIN_WAIT_S), IDLE_WAIT_S)

    def _shown(self, frame: Frame) -> Frame:
        now_s = self._clock()
        self._is_new = frame.index != self._index
        self._index = frame.index
        if self._is_new:
            self._rate.count(now_s)
        self._pace.shown(frame, now_s)
        return frame
