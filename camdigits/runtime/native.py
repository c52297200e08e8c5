"""Threads inside native libraries, which may keep them for ever."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable

_inside: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
"""Threads that `start_inside` has started."""


def start_inside(call: Callable[[], object], name: str | None = None) -> threading.Thread:
    """Run a call on a thread of its own, which does not keep the program from ending."""
    thread = threading.Thread(target=call, name=name, daemon=True)
    _inside.add(thread)
    thread.start()
    return thread


def any_inside() -> bool:
    """Return whether one of those threads is still running."""
    return any(thread.is_alive() for thread in _inside)
