"""The event log: number events, written as they come."""

from __future__ import annotations

from camdigits.live.feed import Feed
from camdigits.live.notices import Failures
from camdigits.outputs.ports import NumberEventWriter


class EventLog:
    """Writes the number events of what is shown, until writing fails once.

    The failure is shown as a notice, and raised at the app's end.
    """

    def __init__(self, writer: NumberEventWriter | None, failures: Failures) -> None:
        self._writer = writer
        self._failures = failures

    def take(self, feed: Feed) -> None:
        """Write the number events of now. Raises BrokenPipeError when the program that read them has gone."""
        events = feed.number_events()  # call it even without a writer: the side panel depends on it too
        writer, self._writer = self._writer, None  # a writer that fails is not tried again
        if writer is None:
            return
        with self._failures.caught(remember=True):
            for event in events:
                writer.write(feed.source.name, feed.time_s, event)
            self._writer = writer
