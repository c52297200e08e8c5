"""Time as the app reads it."""

from __future__ import annotations

import time


def seconds() -> float:
    """Seconds that only go up, from an arbitrary start; what `sources.ports.Clock` asks for."""
    return time.monotonic()
