"""Functions in a process of their own, since native code may crash, hang or take all memory over a damaged file.

`call` returns a single answer. A `Server` answers again and again.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, BinaryIO

from camdigits.runtime.process import redirect_to_null

_READY = "ready"
"""The line that the child prints before it calls the function."""
_PROGRAM = (
    f"import json, sys; task = json.load(sys.stdin); sys.path[:] = task['path']; import {__name__} as child; child.answer(task)"
)
"""The child's program for `call`; it reads its task as JSON from stdin."""
_SERVING = (
    "import json, sys; task = json.loads(sys.stdin.buffer.readline()); sys.path[:] = task['path']; "
    f"import {__name__} as child; child.serve(task)"
)
"""The child's program for `Server`; it reads its task as JSON from the first line of stdin."""


class ChildError(Exception):
    """The process ended without an answer. `str(error)` says how, as in: it crashed (SIGSEGV)."""


def call(module: str, function: str, *arguments: str | int, deadline_s: float, memory_bytes: int | None = None) -> str | None:
    """Call a function in a process of its own and return its result, a str; None where no such process can be started.

    module: the name of the function's module.
    function: the function's name.
    arguments: what it is called with.
    deadline_s: how long it may take, in seconds.
    memory_bytes: memory that it may take beyond what the process has when it begins; limited on Linux only.
    Raises ChildError when it crashes, raises, or does not answer in time.
    """
    python = _interpreter()
    if python is None:
        return None
    task = {"path": sys.path, "module": module, "function": function, "arguments": arguments, "memory_bytes": memory_bytes}
    try:
        ended = subprocess.run(
            # -P and this process's own path keep modules in the user's current folder from being imported.
            [python, "-P", "-c", _PROGRAM],
            input=json.dumps(task),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="ascii",
            errors="replace",
            timeout=deadline_s,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except subprocess.TimeoutExpired as error:
        raise ChildError(f"it gave no answer in {deadline_s:g} s") from error
    except OSError:  # no more processes are allowed here
        return None
    lines = ended.stdout.splitlines()
    if _READY not in lines:
        return None
    if ended.returncode:
        raise ChildError(f"it crashed ({_reason(ended.returncode)})")
    return str(json.loads(lines[-1]))


class Server:
    """A process that runs `module.function(Channel, *arguments)` and exchanges lines with this one until either ends.

    module: the name of the function's module.
    function: the function's name.
    arguments: what it is called with, as far as JSON can express it.
    environment: variables added to this process's environment.
    It receives no signals of this process's terminal, and ends when this process does, in whatever way.
    Raises ChildError where no such process can be started.
    """

    def __init__(self, module: str, function: str, *arguments: Any, environment: Mapping[str, str]) -> None:
        python = _interpreter()
        if python is None:
            raise ChildError("this program is not Python's own")
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        try:
            self._process = subprocess.Popen(
                [python, "-P", "-c", _SERVING],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **environment},
                start_new_session=True,  # has no effect on Windows
                creationflags=flags,
            )
        except OSError as error:
            raise ChildError((error.strerror or type(error).__name__).lower()) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        self.send(json.dumps({"path": sys.path, "module": module, "function": function, "arguments": arguments}).encode())

    def send(self, line: bytes) -> None:
        """Send a line. After the process's end it is lost, and `receive` reports that end."""
        with suppress(OSError, ValueError):
            self._to.write(line + b"\n")
            self._to.flush()

    def receive(self) -> bytes:
        """Wait for the next line and return it without its end.

        Raises ChildError, which says how the process ended, when it has.
        """
        line = self._from.readline()
        if not line.endswith(b"\n"):
            raise ChildError(self._ending())
        return line[:-1]

    def kill(self) -> None:
        """End the process at once, from any thread."""
        self._process.kill()

    def end(self) -> None:
        """End the process at once, and close its pipes."""
        self._process.kill()
        self._ending()

    def _ending(self) -> str:
        code = self._process.wait()
        for pipe in (self._to, self._from):
            with suppress(OSError):
                pipe.close()
        return f"it crashed ({_reason(code)})" if code else "it ended by itself"


class Channel:
    """The child's side of a `Server`: the lines that come in, and those that go out."""

    def __init__(self) -> None:
        self._from: BinaryIO = sys.stdin.buffer  # the object itself: its buffer may already hold the first lines
        self._to: BinaryIO = os.fdopen(os.dup(1), "wb")
        redirect_to_null(1)  # keeps output of libraries out of the lines
        self.farewell: Callable[[], None] = lambda: None
        """Called when the other side is gone, before this process ends."""
        self._lines: SimpleQueue[bytes] = SimpleQueue()
        Thread(target=self._listen, daemon=True).start()

    def __iter__(self) -> Iterator[bytes]:
        """Yield the lines that come in, without their ends. The iteration never ends; the process does."""
        while True:
            yield self._lines.get()

    def write_line(self, line: bytes) -> None:
        try:
            self._to.write(line + b"\n")
            self._to.flush()
        except OSError:  # the other side is gone
            self._leave()

    def _listen(self) -> None:
        # On a thread of its own, so that the process also ends in the middle of its work.
        while (line := self._from.readline()).endswith(b"\n"):
            self._lines.put(line[:-1])
        self._leave()

    def _leave(self) -> None:
        try:
            self.farewell()
        finally:
            os._exit(0)


def serve(task: Mapping[str, Any]) -> None:
    """Run the child's side of `Server`."""
    _leave_no_trace()
    code = 1
    try:
        function = getattr(import_module(task["module"]), task["function"])
        function(Channel(), *task["arguments"])
        code = 0
    finally:
        os._exit(code)  # a normal exit would wait for the listening thread


def answer(task: dict[str, object]) -> None:
    """Run the child's side of `call`."""
    function = getattr(import_module(str(task["module"])), str(task["function"]))
    _leave_no_trace()
    memory_bytes = task["memory_bytes"]
    if isinstance(memory_bytes, int):
        _limit_memory(memory_bytes)
    _write_line(_READY)
    arguments = task["arguments"]
    assert isinstance(arguments, list)
    _write_line(json.dumps(function(*arguments)))


def _write_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _interpreter() -> str | None:
    """Return the Python that runs this; None inside another program (frozen or embedded), which must not be started again."""
    python = sys.executable or ""
    is_python = Path(python).stem.lower().startswith(("python", "pypy"))
    return python if is_python and not getattr(sys, "frozen", False) else None


def _leave_no_trace() -> None:
    """Let a crash write no core file and open no window that asks what to do."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.SetErrorMode(msvcrt.SEM_FAILCRITICALERRORS | msvcrt.SEM_NOGPFAULTERRORBOX)
    else:
        import resource

        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_memory(more_bytes: int) -> None:
    if sys.platform == "linux":
        import resource

        with suppress(OSError, ValueError):  # a stricter limit is already set
            taken_bytes = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (taken_bytes + more_bytes,) * 2)


def _reason(returncode: int) -> str:
    with suppress(ValueError):
        return signal.Signals(-returncode).name
    return f"exit code {returncode}"
