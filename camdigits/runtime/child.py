"""Functions in a process of their own: native code may crash, hang or take all memory over a damaged file.

`call` has one answer given; a `Server` is asked again and again.
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
_PROGRAM = (
    f"import json, sys; task = json.load(sys.stdin); sys.path[:] = task['path']; import {__name__} as child; child.answer(task)"
)
_SERVING = (
    "import json, sys; task = json.loads(sys.stdin.buffer.readline()); sys.path[:] = task['path']; "
    f"import {__name__} as child; child.serve(task)"
)


class ChildError(Exception):
    """The process ended without an answer; `str(error)` says how, as in: it crashed (SIGSEGV)."""


def call(module: str, function: str, *arguments: str | int, deadline_s: float, memory_bytes: int | None = None) -> str | None:
    """What `module.function(*arguments)`, a str, is in a process of its own; None where no such process can be had.

    memory_bytes: what the function may take besides what is taken when it begins (on Linux; elsewhere there is no such limit).
    Raises ChildError when it crashes, raises, or gives no answer within deadline_s.
    """
    python = _interpreter()
    if python is None:
        return None
    task = {"path": sys.path, "module": module, "function": function, "arguments": arguments, "memory_bytes": memory_bytes}
    try:
        ended = subprocess.run(
            # -P and this process's own path: no module is taken from the folder that the user happens to be in.
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
    """A process in which `module.function(Channel, *arguments)` runs: lines go to it and come from it until either side ends.

    It hears none of the signals of this process' terminal, and ends when this process does, however that ends. Arguments are
    what JSON can say. Raises ChildError where no such process can be had.
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
                start_new_session=True,  # of no meaning on Windows
                creationflags=flags,
            )
        except OSError as error:
            raise ChildError((error.strerror or type(error).__name__).lower()) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        self.send(json.dumps({"path": sys.path, "module": module, "function": function, "arguments": arguments}).encode())

    def send(self, line: bytes) -> None:
        """Hand it a line; one that is gone does not get it, and `receive` says so."""
        with suppress(OSError, ValueError):
            self._to.write(line + b"\n")
            self._to.flush()

    def receive(self) -> bytes:
        """The next line of it, without its end; waits for it. Raises ChildError, which says how, when it has ended."""
        line = self._from.readline()
        if not line.endswith(b"\n"):
            raise ChildError(self._ending())
        return line[:-1]

    def kill(self) -> None:
        """End it at once, from whichever thread."""
        self._process.kill()

    def end(self) -> None:
        """End it at once, and let go of all that was held of it."""
        self._process.kill()
        self._ending()

    def _ending(self) -> str:
        code = self._process.wait()
        for pipe in (self._to, self._from):
            with suppress(OSError):
                pipe.close()
        return f"it crashed ({_reason(code)})" if code else "it ended by itself"


class Channel:
    """The other side of a `Server`: what comes to it in lines, and what it says."""

    def __init__(self) -> None:
        self._from: BinaryIO = sys.stdin.buffer  # itself, since it may hold the first lines already
        self._to: BinaryIO = os.fdopen(os.dup(1), "wb")
        redirect_to_null(1)  # what libraries print
        self.farewell: Callable[[], None] = lambda: None
        """What is done when the other side is gone, before this process ends."""
        self._lines: SimpleQueue[bytes] = SimpleQueue()
        Thread(target=self._listen, daemon=True).start()

    def __iter__(self) -> Iterator[bytes]:
        """The lines that come, without their ends. It does not end: the process does."""
        while True:
            yield self._lines.get()

    def write_line(self, line: bytes) -> None:
        try:
            self._to.write(line + b"\n")
            self._to.flush()
        except OSError:  # nobody listens any more
            self._leave()

    def _listen(self) -> None:
        # Here and not where the work is done, so that the process ends also in the middle of it.
        while (line := self._from.readline()).endswith(b"\n"):
            self._lines.put(line[:-1])
        self._leave()

    def _leave(self) -> None:
        try:
            self.farewell()
        finally:
            os._exit(0)


def serve(task: Mapping[str, Any]) -> None:
    """The other side of `Server`."""
    _leave_no_trace()
    code = 1
    try:
        function = getattr(import_module(task["module"]), task["function"])
        function(Channel(), *task["arguments"])
        code = 0
    finally:
        os._exit(code)  # Python's own end would wait for the thread that listens


def answer(task: dict[str, object]) -> None:
    """The other side of `call`."""
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
    """The Python that runs this, or None inside another program (frozen or embedded), which must not be started anew."""
    python = sys.executable or ""
    is_python = Path(python).stem.lower().startswith(("python", "pypy"))
    return python if is_python and not getattr(sys, "frozen", False) else None


def _leave_no_trace() -> None:
    """A crash writes no core file and opens no window that asks what to do."""
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

        with suppress(OSError, ValueError):  # a stricter limit is there already
            taken_bytes = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (taken_bytes + more_bytes,) * 2)


def _reason(returncode: int) -> str:
    with suppress(ValueError):
        return signal.Signals(-returncode).name
    return f"exit code {returncode}"
