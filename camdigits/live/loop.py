"""The live loop: read, recognize, draw, show, listen."""

from __future__ import annotations

from contextlib import ExitStack

from camdigits.live.controls import BINDINGS, Command, Mode, View, command_key, key_name
from camdigits.live.event_log import EventLog
from camdigits.live.feed import Feed
from camdigits.live.feeds import Feeds
from camdigits.live.interaction import Interaction
from camdigits.live.notices import Failures, Notices
from camdigits.live.overlay import Status
from camdigits.live.pace import Latency
from camdigits.live.ports import Notebook, Outputs, Sources, Window
from camdigits.live.recording import Recording
from camdigits.live.screen import Screen
from camdigits.sources.ports import Clock, UserInput

_ELSEWHERE = "trying again ({})".format(
    ", ".join(
        f"{key_name(binding.keys[0])}: {binding.help}"
        for binding in BINDINGS
        if binding.command in (Command.NEXT_CAMERA, Command.TOGGLE_MODE)
    )
)
"""Notice for a source that is lost and sought again, after what happened to it."""

_AGAIN = f"{command_key(Command.PLAY_AGAIN)} plays it again"
"""Notice for a clip that has ended, after the name of the clip."""


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

    sources: opened when their mode is first shown. Each stays open, with its own reader, until the next camera replaces it.
    notice: the first notice, shown until the user does something.
    notebook: keeps corrections, and which part of a source is read. Without one, they are forgotten when the window closes.

    A failure to write is shown as a notice. Raises SourceError if the first source cannot be opened or read.
    After the user has quit, raises SourceError if a source is lost by then. Raises OutputError if a recording, or the writing
    of number events, has failed.
    """
    session = _Session(sources, window, clock, outputs, view, notice, notebook)
    try:
        session.start()
        user_input = UserInput()
        while not session.is_quitting:
            session.show_frame(user_input)
            user_input = session.handle(window.poll(session.wait_s()))
    finally:
        session.close()
    session.report_failure()


class _Session:
    """The parts of the app, put together."""

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
        self._window, self._clock = window, clock
        self._notices = Notices(clock, notice)
        self._failures = Failures(self._notices)
        self._feeds = Feeds(sources, clock, notebook, outputs.leave)
        self._screen, self._latency = Screen(window), Latency()
        self._recording = Recording(outputs.recorder, clock, self._notices, self._failures)
        self._events = EventLog(outputs.number_events, self._failures)
        self._user = Interaction(
            view, self._feeds, self._screen, window, outputs, self._recording, notebook, self._notices, self._failures
        )

    def start(self) -> None:
        view = self._user.view
        self._feeds.open(view.mode)
        if view.full_screen:
            self._window.set_full_screen(True)

    @property
    def is_quitting(self) -> bool:
        return self._user.view.quitting

    def show_frame(self, user_input: UserInput) -> None:
        """Read what the source has now, unless the frame is held; show it and write it."""
        began_s = self._clock()
        is_new = False
        self._feed.playback.automatic = self._user.view.automatic
        if self._user.view.held:
            self._feed.take_readings()
        else:
            is_new = self._feed.read(user_input)
        if self._user.corrections.learnt():
            self._feeds.read_again()
        feed = self._feed
        drawn = self._screen.show(feed.frame, feed.scene, self._user.view, self._status(feed))
        if drawn and is_new:
            self._latency.add(self._clock() - began_s)
        self._recording.take(feed.frame, feed.scene)
        self._events.take(feed)

    def wait_s(self) -> float:
        """Return how long to wait for the user, seconds."""
        return self._feed.wait_s(self._user.view.held)

    def handle(self, user_input: UserInput) -> UserInput:
        """Carry out what the user asked for, and return the input that is left for the source."""
        return self._user.handle(user_input)

    def close(self) -> None:
        """Close the window at once, then every reader and every source, even if one of them fails to close."""
        with ExitStack() as closing:
            closing.callback(self._feeds.close)
            closing.callback(self._recording.end)
            closing.callback(self._window.close)

    def report_failure(self) -> None:
        """Raise a failure that still stands: the SourceError of a lost source, or the OutputError of an output."""
        failure = self._feeds.loss or self._failures.first
        if failure is not None:
            raise failure

    @property
    def _feed(self) -> Feed:
        return self._feeds[self._user.view.mode]

    def _status(self, feed: Feed) -> Status:
        view = self._user.view
        live = view.mode is Mode.CAMERA
        return Status(
            feed.name,
            feed.playback.rate() if live else None,
            self._notice(feed),
            lost=feed.loss is not None,
            latency_s=self._latency.median_s if live else None,
            region=feed.region,
            dragged=self._user.dragged,
            chosen=self._user.selection.follow(feed),
            numbers=feed.history.numbers if view.panel else (),
            recorded_s=self._recording.seconds,
            place=feed.place,
            kind=feed.kind,
        )

    def _notice(self, feed: Feed) -> str:
        if self._notices.text:
            return self._notices.text
        if feed.playback.is_sought:
            return f"{feed.notice}; {_ELSEWHERE}"
        return f"{feed.notice}; {_AGAIN}" if feed.playback.has_ended else feed.notice
