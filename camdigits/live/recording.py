"""Recording: what is seen, kept as clips."""

from __future__ import annotations

from camdigits.live.notices import Failures, Notices
from camdigits.outputs.ports import Recorder
from camdigits.sources.ports import Clock
from camdigits.vision.types import Frame, Scene


class Recording:
    """A recording by a recorder, and how long it has run. A failure is shown as a notice, and raised at the app's end."""

    def __init__(self, recorder: Recorder, clock: Clock, notices: Notices, failures: Failures) -> None:
        self._recorder, self._clock = recorder, clock
        self._notices, self._failures = notices, failures
        self._since_s = clock()

    @property
    def seconds(self) -> int | None:
        """How long the recording has run, seconds; None where none runs."""
        return int(self._clock() - self._since_s) if self._recorder.recording else None

    def toggle(self) -> None:
        """Begin a recording, or complete the one that runs."""
        if self._recorder.recording:
            self.end()
            return
        with self._failures.caught():
            self._notices.notify(f"recording {self._recorder.start()}")
            self._since_s = self._clock()

    def take(self, frame: Frame, scene: Scene) -> None:
        """Record what is seen now, if a recording runs."""
        if self._recorder.recording:
            with self._failures.caught(remember=True):
                self._recorder.take(frame, scene, self._clock())

    def end(self) -> None:
        """Complete the recording that runs, if any."""
        if self._recorder.recording:
            with self._failures.caught(remember=True):
                self._notices.notify(f"recorded {self._recorder.stop()}")
