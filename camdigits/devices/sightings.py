"""Numbers that come and go, told live: JSON Lines, CSV and text on a stream, each line with the time of day."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO

from camdigits.devices.writers import LineWriter, csv_row
from camdigits.vision.scene import SCHEMA
from camdigits.vision.sightings import Sighting

HEADER = ("event", "id", "source", "time_s", "at", "text", "was", "confidence", "x", "y", "width", "height")


def _now() -> datetime:
    return datetime.now(UTC)


class _SightingWriter(LineWriter):
    def __init__(self, stream: TextIO, now: Callable[[], datetime] = _now) -> None:
        super().__init__(stream)
        self._now = now

    def write(self, source: str, time_s: float, sighting: Sighting) -> None:
        number = sighting.number
        self.put(
            self._line(
                {
                    "schema": SCHEMA,
                    "event": sighting.event,
                    "id": sighting.identity,
                    "source": source,
                    "time_s": round(time_s, 3),
                    "at": self._now().isoformat(timespec="milliseconds"),
                    "text": number.text,
                    "was": sighting.was or None,
                    "confidence": round(number.confidence, 3),
                    "box": list(number.box),
                }
            )
        )

    def _line(self, record: dict[str, Any]) -> str:
        raise NotImplementedError


class SightingJsonLines(_SightingWriter):
    """A JSON object an event, each on a line. Keys may be added under the same number of the schema, never changed.

    schema: 1. event: `read`, `changed` or `gone`. id: what all events of one number share. source: the name of what is read.
    time_s: seconds since it opened. at: the time of day, ISO 8601, UTC, to the millisecond. text: the number as it is, or was
    told last. was: the text before it changed, else null. confidence: 0..1, to three places. box: [x, y, width, height] in
    pixels of the frame.
    """

    def _line(self, record: dict[str, Any]) -> str:
        return json.dumps(record) + "\n"


class SightingCsv(_SightingWriter):
    """A row an event under `HEADER`, which is written at once where the stream has not `begun` with it already."""

    def __init__(self, stream: TextIO, begun: bool = False, now: Callable[[], datetime] = _now) -> None:
        super().__init__(stream, now)
        if not begun:
            self.put(csv_row(HEADER))

    def _line(self, record: dict[str, Any]) -> str:
        return csv_row((*(record[name] for name in HEADER[:-4]), *record["box"]))


class SightingText(_SightingWriter):
    """For people: `read 2021`, `changed 202 to 2021`, `gone 2021`."""

    def _line(self, record: dict[str, Any]) -> str:
        change = f"{record['was']} to " if record["was"] else ""
        return f"{record['event']} {change}{record['text']}\n"
