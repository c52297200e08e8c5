"""Number events written live: JSON Lines, CSV and text on a stream, each line with the time of day."""

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
HEADER = ("event", "id", "source", "time_s", "at", "text", "was", "confidence", "x", "y", "width", "height")


def _now() -> datetime:
    return datetime.now(UTC)


class Earlier(NamedTuple):
    """What a file that is written on holds already: the heading of a table, a last line without an end."""

    has_heading: bool = False
    is_open: bool = False


def file_state(path: Path | None) -> Earlier:
    """What is in a file that is gone on with; nothing where there is none, or it is no ordinary one.

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
    """A JSON object an event, each on a line. Keys may be added under the same number of the schema, never changed.

    schema: 1. event: `read`, `changed` or `gone`. id: what all events of one number share. source: the name of what is read.
    time_s: seconds since it opened. at: the time of day, ISO 8601, UTC, to the millisecond. text: the number as it is, or was
    told last. was: the text before it changed, else null. confidence: 0..1, to three places. box: [x, y, width, height] in
    pixels of the frame.
    """

    def _line(self, record: dict[str, Any]) -> str:
        return json.dumps(record) + "\n"


class NumberEventCsv(_NumberEventWriter):
    """A row an event under `HEADER`, which is written at once where the stream has not `begun` with it already."""

    def __init__(self, stream: TextIO, begun: bool = False, now: Callable[[], datetime] = _now) -> None:
        super().__init__(stream, now)
        if not begun:
            self.put(csv_row(HEADER))

    def _line(self, record: dict[str, Any]) -> str:
        return csv_row((*(record[name] for name in HEADER[:-4]), *record["box"]))


class NumberEventText(_NumberEventWriter):
    """For people: `read 2021`, `changed 202 to 2021`, `gone 2021`."""

    def _line(self, record: dict[str, Any]) -> str:
        change = f"{record['was']} to " if record["was"] else ""
        return f"{record['event']} {change}{record['text']}\n"
