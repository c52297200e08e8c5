"""This process: the signals that end it, its standard streams, and what it says on stderr."""

from __future__ import annotations

import atexit
import errno
import io
import math
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn, TextIO

from camdigits.runtime.clock import seconds
from camdigits.runtime.native import any_inside

_ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))
"""Signals that end the program in good order; there is no SIGHUP on Windows, and SIGBREAK (Ctrl-Break) there alone."""
CLOSING_S = 2.0
"""For so long after Ctrl-C another one changes nothing, since files are being completed."""
MAX_WAIT_S = 0.5
"""The main thread waits for others no longer at a time: on Windows it hears no signal meanwhile."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, SIGHUP or SIGBREAK. Not SystemExit, at which OpenCV would leave the process from inside a mouse callback."""


@contextmanager
def raise_on_signals() -> Iterator[None]:
    """SIGINT, SIGTERM, SIGHUP and SIGBREAK end the run by an exception, so that files are closed and windows go.

    One that follows soon after the first changes nothing, and one that comes when all is closed ends the process at once.
    """
    closed_s = 0.0

    def leave(number: int, frame: object) -> None:  # noqa: ARG001
        nonlocal closed_s
        if seconds() < closed_s:
            return
        closed_s = seconds() + CLOSING_S
        raise KeyboardInterrupt if number == signal.SIGINT else Terminated

    handled = [number for number in _ENDING if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, leave) for number in handled}  # a shell may have them ignored in the background
    atexit.unregister(_end_at_once)
    atexit.register(_end_at_once)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_at_once() -> None:
    """Let signals end the process without a word while Python itself is being closed."""
    for number in _ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def wait_within(wait: Callable[[float], object], limit_s: float = math.inf) -> bool:
    """Whether `wait`, which is told for how many seconds at most, gives anything true in time.

    For the main thread, which hears signals meanwhile on Windows too.
    """
    until_s = seconds() + limit_s
    while not wait(max(min(MAX_WAIT_S, until_s - seconds()), 0.0)):
        if seconds() >= until_s:
            return False
    return True


def leave(code: int) -> NoReturn:
    """End the program with that exit code, at once where a native library keeps a thread.

    One that comes back to Python while Python itself is being closed aborts the process before 3.14 (CPython's issue 87135).
    """
    if not any_inside():
        sys.exit(code)
    _end_at_once()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # full, closed, or none at all
            stream.flush()
    os._exit(code)


def open_standard_descriptors() -> None:
    """Give those of stdin, stdout and stderr that are closed a place, or the next file opened would be taken for them."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)


def notify(message: str) -> None:
    """Tell the user, in one line whatever the names in it hold."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(f"camdigits: {printable(message)}\n")
        sys.stderr.flush()
    except OSError:  # nobody can be told; the exit code stays what it is
        abandon(sys.stderr)


def printable(text: str) -> str:
    """One line of a text that may hold anything, such as names of files."""
    return "".join(char if char.isprintable() else " " for char in text)


@contextmanager
def report_warnings(quiet: bool = False) -> Iterator[None]:
    """What is warned of within is told the user, in a line each; `quiet`: nobody."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in () if quiet else caught:
        notify(str(warning.message))


def escape_unencodable_stdout() -> None:
    """Let names in letters that the encoding of stdout lacks, as a Windows pipe's does, be escaped and not end the run."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def pipe_is_closed(error: OSError, platform: str = sys.platform) -> bool:
    """Whether a stream cannot be written to because nobody reads it any more; Windows calls that an invalid argument."""
    is_closed_pipe = platform == "win32" and error.errno == errno.EINVAL and error.filename is None
    return isinstance(error, BrokenPipeError) or is_closed_pipe


def abandon(stream: TextIO | None) -> None:
    """Give a stream that failed a place to be flushed to at exit, or Python complains of it once more."""
    if stream is not None:
        redirect_to_null(stream.fileno())


def redirect_to_null(descriptor: int) -> None:
    """Let what is written to a descriptor from now on vanish, and what is still buffered for it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
