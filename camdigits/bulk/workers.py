"""Reading in several processes of this machine.

Each process reads one source at a time. Its events wait in this process, as lines, until all earlier sources are written.
`Bounds` limits how much waits; beyond that the processes wait. If a process dies while it reads a source, another process
reads that source again. If that dies too, the source is skipped. Every other source is read once.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
import warnings
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from camdigits.bulk.reading import (
    Drawn,
    Event,
    Failed,
    Fatal,
    ReadOptions,
    decode_event,
    drawing_into,
    encode_event,
    read_source,
)
from camdigits.errors import CamdigitsError, WorkersError, first_line, unwritable
from camdigits.outputs.writers import file_name
from camdigits.recognizer import Recognizer
from camdigits.runtime.child import Channel, ChildError, Server
from camdigits.runtime.process import MAX_WAIT_S, notify
from camdigits.runtime.threads import fair_share, limit_threads

_END = b""
"""The line after the last event of a source."""
_ATTEMPTS = 2
"""A source is skipped after this many processes have died while they read it."""
_STARTS = 3
"""Reading ends after a process has failed to start this many times in a row."""


@dataclass(frozen=True)
class Bounds:
    """Limits of what waits to be written.

    sources: no other source is begun while this many have been begun and are not written yet.
    all_bytes: no other source is begun while this many bytes wait in all.
    source_bytes: the process of a source waits while this many bytes of that source wait.
    """

    sources: int = 1024
    all_bytes: int = 16 << 20
    source_bytes: int = 1 << 20


@dataclass(eq=False)
class _Work:
    """A source that was begun.

    name: the source, as `open_source` takes it.
    lines: its events that wait to be written.
    waiting_bytes: the size of these lines, bytes.
    received: the number of events that have arrived so far.
    deaths: the number of processes that have died while they read it.
    done: whether all its events have arrived.
    """

    name: str
    lines: deque[bytes] = field(default_factory=deque)
    waiting_bytes: int = 0
    received: int = 0
    deaths: int = 0
    done: bool = False


class Workers:
    """Reads in several processes (Engine).

    `__enter__` returns when the first process is ready to read, and prints the warnings of that process.

    read_options: how sources are read.
    count: the number of processes.
    annotate: the folder that drawings are meant for; None to draw nothing.
    quiet: whether to leave out warnings.
    scratch: a folder to draw into that belongs to the caller, in place of `annotate`.
    bounds: limits of what waits to be written.
    """

    def __init__(
        self,
        read_options: ReadOptions,
        count: int,
        annotate: Path | None = None,
        quiet: bool = False,
        *,
        scratch: Path | None = None,
        bounds: Bounds = Bounds(),
    ) -> None:
        self._read_options, self._count, self._annotate, self._quiet = read_options, count, annotate, quiet
        self._scratch, self._bounds = scratch, bounds
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)  # for the thread that reads events
        self._room = threading.Condition(self._lock)  # for the threads that serve a process each
        self._names: Sequence[str] = ()
        self._next_index = 0
        self._begun: deque[_Work] = deque()
        self._again: deque[_Work] = deque()
        self._waiting_bytes = 0
        self._ready: Sequence[str] | None = None
        self._error: Exception | None = None
        self._closed = False
        self._servers: set[Server] = set()
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(count)]

    def __enter__(self) -> Self:
        try:
            if self._annotate:
                self._scratch = scratch_in(self._annotate)
            for thread in self._threads:
                thread.start()
            with self._lock:
                while self._ready is None and self._error is None:
                    self._arrived.wait(MAX_WAIT_S)
                if self._error:
                    raise self._error
                started_with = self._ready or ()
            for warning in () if self._quiet else started_with:
                notify(warning)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes, and remove drawings that nobody has taken."""
        with self._lock:
            self._closed = True
            servers = list(self._servers)
            self._arrived.notify_all()
            self._room.notify_all()
        for server in servers:
            server.kill()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        if self._scratch and self._annotate:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def read(self, names: Sequence[str]) -> Generator[Event]:
        with self._lock:
            self._names, self._next_index = names, 0
            self._room.notify_all()
        while (line := self._next_line()) is not None:
            yield decode_event(line)

    # The thread that reads events

    def _next_line(self) -> bytes | None:
        """Wait for the next event in the order of the sources; None after the last one."""
        with self._lock:
            while True:
                if self._error:
                    raise self._error
                if not self._begun:
                    if self._next_index == len(self._names):
                        return None
                    self._arrived.wait(MAX_WAIT_S)
                    continue
                first = self._begun[0]
                if first.lines:
                    line = first.lines.popleft()
                    first.waiting_bytes -= len(line)
                    self._waiting_bytes -= len(line)
                    self._room.notify_all()
                    return line
                if first.done:
                    self._begun.popleft()
                    self._room.notify_all()
                else:
                    self._arrived.wait(MAX_WAIT_S)

    # The threads that serve a process each

    def _serve(self) -> None:
        try:
            self._serve_all()
        except Exception as error:  # unexpected, but without this the thread that reads events would wait for ever
            self._give_up(error)

    def _serve_all(self) -> None:
        while (server := self._start()) is not None:
            while (work := self._take()) is not None:
                if not self._read_by(server, work):
                    break
            else:
                server.end()
                self._drop(server)
                return

    def _start(self) -> Server | None:
        """Start a process and wait until it is ready to read; None if reading is over."""
        reason = ""
        for _ in range(_STARTS):
            with self._lock:
                if self._closed:
                    return None
            threads = fair_share(self._count)
            environment = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
            scratch = str(self._scratch) if self._scratch else None
            try:
                server = Server(
                    __name__,
                    serve.__name__,
                    self._read_options.to_dict(),
                    threads,
                    scratch,
                    self._annotate is not None,
                    environment=environment,
                )
            except ChildError as error:
                reason = str(error)
                continue
            with self._lock:
                if self._closed:
                    server.kill()
                self._servers.add(server)
            try:
                answer = json.loads(server.receive())
            except ChildError as error:
                reason = str(error)
                self._drop(server)
                continue
            if isinstance(answer, dict):
                server.end()
                self._drop(server)
                self._give_up(Fatal(**answer).as_error())
                return None
            with self._lock:
                if self._ready is None:
                    self._ready = answer
                self._arrived.notify_all()
            return server
        with self._lock:
            if self._closed:
                return None
        self._give_up(WorkersError(f"no process to read with can be started: {reason}; read without --workers"))
        return None

    def _drop(self, server: Server) -> None:
        with self._lock:
            self._servers.discard(server)

    def _give_up(self, error: Exception) -> None:
        with self._lock:
            self._error = self._error or error
            self._arrived.notify_all()

    def _take(self) -> _Work | None:
        """Wait for the next source to read; None if reading is over."""
        with self._lock:
            while not self._closed:
                if self._again:
                    return self._again.popleft()
                room = len(self._begun) < self._bounds.sources and self._waiting_bytes < self._bounds.all_bytes
                if room and self._next_index < len(self._names):
                    work = _Work(self._names[self._next_index])
                    self._next_index += 1
                    self._begun.append(work)
                    return work
                self._room.wait()
            return None

    def _read_by(self, server: Server, work: _Work) -> bool:
        """Have the process read a source; return whether it can read another."""
        server.send(json.dumps(work.name).encode("ascii"))
        known = work.received
        try:
            while (line := server.receive()) != _END:
                if known:  # a process that has died since sent this event already
                    known -= 1
                    continue
                self._put(work, line)
        except ChildError as error:
            self._drop(server)
            with self._lock:
                if self._closed:
                    return False
                work.deaths += 1
                if work.deaths < _ATTEMPTS:
                    self._again.append(work)
                    return False
            self._put(
                work, encode_event(Failed(f"{work.name}: passed over, it cannot be read: whatever reads it ends, {error}"))
            )
            self._finish(work)
            return False
        self._finish(work)
        return True

    def _put(self, work: _Work, line: bytes) -> None:
        with self._lock:
            while work.lines and work.waiting_bytes >= self._bounds.source_bytes and not self._closed:
                self._room.wait()
            work.lines.append(line)
            work.received += 1
            work.waiting_bytes += len(line)
            self._waiting_bytes += len(line)
            self._arrived.notify_all()

    def _finish(self, work: _Work) -> None:
        with self._lock:
            work.done = True
            self._arrived.notify_all()


def scratch_in(folder: Path) -> Path:
    """Make a new folder inside `folder`, on the same disk, for drawings that have no final name yet. Raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=".camdigits-", dir=folder))
    except OSError as error:
        raise unwritable(str(folder), error) from error


# The other side: the process that reads


def serve(channel: Channel, read_options: Mapping[str, Any], threads: int, scratch: str | None, own: bool) -> None:
    """Read the sources whose names arrive, one a line, until the parent process is gone.

    The first answer is a list of warnings, or else a fatal error. The answer to each name is the events of that source, then
    `_END`.

    channel: the lines from and to the parent process.
    read_options: the fields of `ReadOptions`.
    threads: the number of threads to use.
    scratch: the folder to draw into, each source in a folder of its own; None to draw nothing.
    own: whether to remove `scratch` when the parent process is gone.
    """
    if scratch and own:
        channel.farewell = lambda: shutil.rmtree(scratch, ignore_errors=True)
    limit_threads(threads)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            recognizer = ReadOptions(**read_options).recognizer(threads)
    except CamdigitsError as error:
        channel.write_line(json.dumps(Fatal.by(error)._asdict()).encode("ascii"))
        return
    channel.write_line(json.dumps([str(warning.message) for warning in caught]).encode("ascii"))
    every = ReadOptions(**read_options).every
    for line in channel:
        for event in _events(json.loads(line), recognizer, every, scratch):
            channel.write_line(encode_event(event))
        channel.write_line(_END)


def _events(name: str, recognizer: Recognizer, every: int, scratch: str | None) -> Generator[Event]:
    """Yield the events of one source, and then its drawings. Any exception becomes an event."""
    try:
        folder = _folder_in(scratch) if scratch else None
        with closing(read_source(name, recognizer, every, drawing_into(folder) if folder else None)) as events:
            yield from events
        if folder:
            # The names of pages end in numbers without leading zeros: sort shorter names first.
            drawn = sorted(folder.iterdir(), key=lambda path: (len(path.name), path.name))
            yield from (Drawn(str(path), file_name(name).stem) for path in drawn)
    except CamdigitsError as error:
        yield Fatal.by(error)
    except Exception as error:  # a picture that breaks some library must not stop all others
        kind, line = type(error).__name__, first_line(error)
        description = line if line == kind else f"{kind}: {line}"
        yield Failed(f"{name}: passed over, it cannot be read ({description})")


def _folder_in(scratch: str) -> Path:
    try:
        return Path(tempfile.mkdtemp(dir=scratch))
    except OSError as error:
        raise unwritable(scratch, error) from error
