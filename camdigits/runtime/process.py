"""This process: the signals that end it, its standard streams, and its messages on stderr."""

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
"""Signals that end the program in good order. Windows lacks SIGHUP; SIGBREAK (Ctrl-Break) exists on Windows only."""
CLOSING_S = 2.0
"""Another Ctrl-C within this time after the first, in seconds, is ignored, since files are being completed."""
MAX_WAIT_S = 0.5
"""Longest single wait of the main thread, in seconds: on Windows it receives no signal while it waits."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, SIGHUP or SIGBREAK. It is not SystemExit, at which OpenCV would end the process inside a mouse callback."""


@contextmanager
def raise_on_signals() -> Iterator[None]:
    """End the run by an exception at SIGINT, SIGTERM, SIGHUP or SIGBREAK, so that files and windows are closed.

    A signal soon after the first is ignored. One that comes after everything is closed ends the process at once.
    """
    closed_s = 0.0

    def leave(number: int, frame: object) -> None:  # noqa: ARG001
        nonlocal closed_s
        if seconds() < closed_s:
            return
        closed_s = seconds() + CLOSING_S
        raise KeyboardInterrupt if number == signal.SIGINT else Terminated

    handled = [number for number in _ENDING if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, leave) for number in handled}  # a shell may ignore them for background jobs
    atexit.unregister(_end_at_once)
    atexit.register(_end_at_once)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_at_once() -> None:
    """Let signals end the process silently while Python itself shuts down."""
    for number in _ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def wait_within(wait: Callable[[float], object], limit_s: float = math.inf) -> bool:
    """Call `wait` until it returns something true, and return whether it did in time.

    wait: waits for at most the seconds in its argument.
    limit_s: how long to wait in all, in seconds.
    This serves the main thread, which then receives signals on Windows too.
    """
    until_s = seconds() + limit_s
    while not wait(max(min(MAX_WAIT_S, until_s - seconds()), 0.0)):
        if seconds() >= until_s:
            return False
    return True


def leave(code: int) -> NoReturn:
    """End the program with that exit code, at once where a thread is still inside a native library.

    A thread that returns to Python while Python shuts down aborts the process before 3.14 (CPython's issue 87135).
    """
    if not any_inside():
        sys.exit(code)
    _end_at_once()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # full, closed, or absent
            stream.flush()
    os._exit(code)


def open_standard_descriptors() -> None:
    """Open closed descriptors of stdin, stdout and stderr on the null device, so that the next opened file does not replace
    them."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)


def notify(message: str) -> None:
    """Write a message to the user on stderr, as one line whatever names it contains."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(f"camdigits: {printable(message)}\n")
        sys.stderr.flush()
    except OSError:  # the message is lost, the exit code stays
        abandon(sys.stderr)


def printable(text: str) -> str:
    """Return any text as one line of printable characters."""
    return "".join(char if char.isprintable() else " " for char in text)


@contextmanager
def report_warnings(quiet: bool = False) -> Iterator[None]:
    """Report each Python warning of the block to the user, a line each; with `quiet`, report none."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in () if quiet else caught:
        notify(str(warning.message))


def escape_unencodable_stdout() -> None:
    """Let stdout escape characters that its encoding lacks, such as a Windows pipe's, instead of ending the run."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def pipe_is_closed(error: OSError, platform: str = sys.platform) -> bool:
    """Return whether a stream cannot be written to because its reader is gone; Windows reports an invalid argument then."""
    is_closed_pipe = platform == "win32" and error.errno == errno.EINVAL and error.filename is None
    return isinstance(error, BrokenPipeError) or is_closed_pipe


def abandon(stream: TextIO | None) -> None:
    """Redirect a failed stream to the null device, so that Python does not report the failure again at exit."""
    if stream is not None:
        redirect_to_null(stream.fileno())


def redirect_to_null(descriptor: int) -> None:
    """Discard further output to a descriptor, including what is still buffered for it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
