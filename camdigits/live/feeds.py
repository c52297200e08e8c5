"""Feeds: the source of each mode with its reader, from when its mode is first shown until the window closes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack

from camdigits.errors import SourceError
from camdigits.live.controls import Mode
from camdigits.live.feed import Feed
from camdigits.live.ports import Notebook, Sources
from camdigits.sources.ports import Clock, Drawable, FrameSource
from camdigits.tracking.ports import Reader
from camdigits.vision.orientation import Rotation
from camdigits.vision.types import Frame, Scene

CLOSE_S = 1.0
"""Time that readers have to close, seconds. Readers that take longer are abandoned."""


class Feeds:
    """The feed of each mode that was shown.

    notebook: remembers which part of a camera's pictures is read; without one nothing is remembered.
    leave: called with the last frame of each source but the canvas, and its corrected scene, when the source is left.
    """

    def __init__(
        self, sources: Sources, clock: Clock, notebook: Notebook | None, leave: Callable[[Frame, Scene], None]
    ) -> None:
        self._sources, self._clock, self._notebook, self._leave = sources, clock, notebook, leave
        self._feeds: dict[Mode, Feed] = {}

    def __getitem__(self, mode: Mode) -> Feed:
        return self._feeds[mode]

    def open(self, mode: Mode, rotation: Rotation = Rotation.AUTO) -> None:
        """Open the source of a mode, unless it is open. A clip that has ended begins anew, turned by `rotation`.

        Raises SourceError if it cannot be opened or read.
        """
        if mode not in self._feeds:
            self._feeds[mode] = self._feed(*self._sources.open(mode), mode)
        elif self._feeds[mode].playback.has_ended:
            self.play_again(rotation)

    def open_next_camera(self, rotation: Rotation) -> None:
        """Replace the camera that is shown by another one, turned alike. Raises SourceError where there is none."""
        self._replace(*self._sources.next_camera(), rotation)

    def play_again(self, rotation: Rotation) -> None:
        """Begin anew with what is shown in camera mode. Raises SourceError if it can no longer be opened or read."""
        self._replace(*self._sources.open(Mode.CAMERA), rotation)

    def _replace(self, source: FrameSource, reader: Reader, rotation: Rotation) -> None:
        feed, before = self._feed(source, reader, Mode.CAMERA), self._feeds[Mode.CAMERA]
        with ExitStack() as unused:
            unused.callback(_close, feed.source, feed.reader)
            feed.rotate(rotation)
            self._leave(before.frame, before.scene)
            unused.pop_all()
        self._feeds[Mode.CAMERA] = feed
        _close(before.source, before.reader)

    def read_again(self) -> None:
        """Read anew what is shown, since the reading has changed."""
        for feed in self._feeds.values():
            feed.read_again()

    @property
    def has_unsaved_strokes(self) -> bool:
        """Whether a drawing has strokes that are not saved."""
        return any(isinstance(feed.source, Drawable) and feed.source.unsaved for feed in self._feeds.values())

    @property
    def loss(self) -> SourceError | None:
        """What happened to the first source that is lost; None where none is."""
        return next((feed.loss for feed in self._feeds.values() if feed.loss is not None), None)

    def close(self) -> None:
        """Close every reader and every source, even if one of them fails to close or a reader hangs."""
        with ExitStack() as closing:
            for mode, feed in self._feeds.items():
                if mode is Mode.CAMERA:
                    closing.callback(self._leave, feed.frame, feed.scene)
                closing.callback(feed.source.close)
            closing.callback(_close_within, CLOSE_S, [feed.reader for feed in self._feeds.values()])

    def _feed(self, source: FrameSource, reader: Reader, mode: Mode) -> Feed:
        live = mode is Mode.CAMERA
        try:
            region = self._notebook.region(source.name) if live and self._notebook is not None else None
            return Feed(source, reader, self._clock, region, page=not live)
        except BaseException:
            _close(source, reader)
            raise


def _close(source: FrameSource, reader: Reader) -> None:
    with ExitStack() as closing:
        closing.callback(source.close)
        closing.callback(_close_within, CLOSE_S, [reader])


def _close_within(seconds: float, readers: Iterable[Reader]) -> None:
    """Close readers side by side, within that time; abandon those that hang, and raise an exception of one that fails."""
    errors: list[Exception] = []

    def close(reader: Reader) -> None:
        try:
            reader.close()
        except Exception as error:
            errors.append(error)

    closers = [threading.Thread(target=close, args=(reader,), daemon=True) for reader in readers]
    done = threading.Event()

    def close_all() -> None:
        for closer in closers:
            closer.start()
        for closer in closers:
            closer.join()
        done.set()

    threading.Thread(target=close_all, daemon=True).start()
    done.wait(seconds)
    if errors:
        raise errors[0]
