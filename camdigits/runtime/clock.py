"""The app's clock."""

from __future__ import annotations

import time


def seconds() -> float:
    """Return seconds since an arbitrary start, which never go back, as `sources.ports.Clock` requires."""
    return time.monotonic()
