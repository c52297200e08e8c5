"""Silence for native libraries, which write to file descriptor 2 without using Python's `sys.stderr`."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile

from camdigits.runtime.process import redirect_to_null

_lock = threading.Lock()
"""Held while file descriptor 2 is redirected."""


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Discard output to file descriptor 2, of every thread, during the block. Blocks of several threads take turns."""
    with _lock:
        try:
            sys.stderr.flush()
            saved = os.dup(2)
        except (OSError, AttributeError, ValueError):  # no stderr (pythonw, a closed descriptor): nothing to silence
            yield
            return
        redirect_to_null(2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)


class CapturedStderr:
    """Text that native libraries wrote to file descriptor 2; complete once the block has ended."""

    text = ""


@contextmanager
def captured_stderr() -> Iterator[CapturedStderr]:
    """Capture output to file descriptor 2 during the block. Where no temporary file can be made, discard it."""
    captured = CapturedStderr()
    try:
        file = TemporaryFile()  # noqa: SIM115 - closed below by the with statement
    except OSError:
        with quiet_stderr():
            yield captured
        return
    with _lock, file:
        with suppress(OSError, AttributeError, ValueError):
            sys.stderr.flush()
        try:
            saved = os.dup(2)
        except OSError:
            saved = None
        os.dup2(file.fileno(), 2)
        try:
            yield captured
        finally:
            if saved is not None:
                os.dup2(saved, 2)
                os.close(saved)
            elif file.fileno() != 2:
                os.close(2)
            file.seek(0)
            captured.text = file.read().decode("utf-8", "replace")


@contextmanager
def discarded_native_stderr() -> Iterator[None]:
    """Discard output to file descriptor 2, of this process and those it starts, during the block. `sys.stderr` still works."""
    python_stderr = sys.stderr
    try:
        shown, saved = os.dup(python_stderr.fileno()), os.dup(2)
    except (OSError, AttributeError, ValueError):  # no stderr, or one in memory
        yield
        return
    mine = os.fdopen(shown, "w", encoding=python_stderr.encoding, errors="backslashreplace", buffering=1)
    redirect_to_null(2)
    sys.stderr = mine
    try:
        yield
    finally:
        sys.stderr = python_stderr
        os.dup2(saved, 2)
        os.close(saved)
        mine.close()
