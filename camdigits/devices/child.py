"""Functions called in a process of their own: native code may crash, hang or take all memory over a damaged file."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

_READY = "ready"
_PROGRAM = (
    f"import json, sys; task = json.load(sys.stdin); sys.path[:] = task['path']; import {__name__} as child; child.answer(task)"
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
    said = ended.stdout.splitlines()
    if _READY not in said:
        return None
    if ended.returncode:
        raise ChildError(f"it crashed ({_reason(ended.returncode)})")
    return str(json.loads(said[-1]))


def answer(task: dict[str, object]) -> None:
    """The other side of `call`."""
    function = getattr(import_module(str(task["module"])), str(task["function"]))
    _leave_no_trace()
    memory_bytes = task["memory_bytes"]
    if isinstance(memory_bytes, int):
        _limit_memory(memory_bytes)
    _say(_READY)
    arguments = task["arguments"]
    assert isinstance(arguments, list)
    _say(json.dumps(function(*arguments)))


def _say(line: str) -> None:
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
