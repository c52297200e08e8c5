"""Number events written live to a stream, as JSON Lines, CSV or text, with the time of day."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from camdigits.errors import UsageError, unwritable
from camdigits.outputs.writers import LineWriter, csv_row
from camdigits.tracking.number_events import NumberEvent
from camdigits.vision.types import SCHEMA

_HEAD_BYTES = 1 << 10
"""A heading, or a zero byte, which no text has, is looked for in this many bytes from the beginning."""
HEADER = ("event", "id", "source", "time_s", "at", "text", "was", "confidence", "x", "y", "width", "height")
"""Columns of the CSV."""


def _now() -> datetime:
    return datetime.now(UTC)


class Earlier(NamedTuple):
    """The state of a file to be continued.

    has_heading: whether it begins with the heading of the table.
    is_open: whether its last line lacks an end.
    """

    has_heading: bool = False
    is_open: bool = False


def file_state(path: Path | None) -> Earlier:
    """Examine a file to be continued; an absent one, or one that is no ordinary file, counts as empty.

    Raises UsageError where it holds no text, OutputError where it cannot be read.
    """
    if path is None or not path.is_file():
        return Earlier()
    try:
        with path.open("rb") as file:
            heading = file.readline(_HEAD_BYTES)
            if b"\0" in heading + file.read(_HEAD_BYTES):
                raise UsageError(f"{path}: holds no text, and numbers would spoil it; name another file")
            length_bytes = file.seek(0, os.SEEK_END)
            file.seek(max(length_bytes - 1, 0))
            return Earlier(heading.rstrip() == csv_row(HEADER).rstrip().encode(), file.read() not in (b"", b"\n"))
    except OSError as error:
        raise unwritable(str(path), error) from error


class _NumberEventWriter(LineWriter):
    def __init__(self, stream: TextIO, now: Callable[[], datetime] = _now) -> None:
        super().__init__(stream)
        self._now = now

    def write(self, source: str, time_s: float, event: NumberEvent) -> None:
        number = event.number
        self.put(
            self._line(
                {
                    "schema": SCHEMA,
                    "event": event.event,
                    "id": event.identity,
                    "source": source,
                    "time_s": round(time_s, 3),
                    "at": self._now().isoformat(timespec="milliseconds"),
                    "text": number.text,
                    "was": event.was or None,
                    "confidence": round(number.confidence, 3),
                    "box": list(number.box),
                }
            )
        )

    def _line(self, record: dict[str, Any]) -> str:
        raise NotImplementedError


class NumberEventJsonLines(_NumberEventWriter):
    """One JSON object an event, each on a line. Within one schema number, keys may be added but never change.

    schema: 1.
    event: `read`, `changed` or `gone`.
    id: the same in all events of one number.
    source: the name of the source.
    time_s: seconds since the source opened.
    at: the time of day, ISO 8601, UTC, to the millisecond.
    text: the number's text; once the number is gone, its last one.
    was: the text before the change, else null.
    confidence: 0..1, to three places.
    box: [x, y, width, height] in pixels of the frame.
    """

    def _line(self, record: dict[str, Any]) -> str:
        return json.dumps(record) + "\n"


class NumberEventCsv(_NumberEventWriter):
    """One row an event. The heading, `HEADER`, is written at once, unless the stream has already `begun` with it."""

    def __init__(self, stream: TextIO, begun: bool = False, now: Callable[[], datetime] = _now) -> None:
        super().__init__(stream, now)
        if not begun:
            self.put(csv_row(HEADER))

    def _line(self, record: dict[str, Any]) -> str:
        return csv_row((*(record[name] for name in HEADER[:-4]), *record["box"]))


class NumberEventText(_NumberEventWriter):
    """Lines for people: `read 2021`, `changed 202 to 2021`, `gone 2021`."""

    def _line(self, record: dict[str, Any]) -> str:
        change = f"{record['was']} to " if record["was"] else ""
        return f"{record['event']} {change}{record['text']}\n"
