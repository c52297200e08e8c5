"""The event log: number events, written as they come."""

from __future__ import annotations

from camdigits.live.feed import Feed
from camdigits.live.notices import Failures
from camdigits.outputs.ports import NumberEventWriter


class EventLog:
    """Writes the number events of what is shown, until it fails once: that is a notice, and is raised at the app's end."""

    def __init__(self, writer: NumberEventWriter | None, failures: Failures) -> None:
        self._writer = writer
        self._failures = failures

    def take(self, feed: Feed) -> None:
        """Write what there is to report now. Raises BrokenPipeError when whoever read it went away."""
        events = feed.number_events()  # the side panel lists by them too
        writer, self._writer = self._writer, None  # what fails once is not tried again
        if writer is None:
            return
        with self._failures.caught(remember=True):
            for event in events:
                writer.write(feed.source.name, feed.time_s, event)
            self._writer = writer
