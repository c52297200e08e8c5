"""Threads of ours that are inside a native library, which may keep them for ever."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable

_inside: weakref.WeakSet[threading.Thread] = weakref.WeakSet()


def start_inside(call: Callable[[], object], name: str | None = None) -> threading.Thread:
    """Make a call on a thread of its own that does not keep the program from ending."""
    thread = threading.Thread(target=call, name=name, daemon=True)
    _inside.add(thread)
    thread.start()
    return thread


def any_inside() -> bool:
    """Whether one of those threads is still there."""
    return any(thread.is_alive() for thread in _inside)
