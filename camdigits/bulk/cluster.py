"""Reading on the machines of a Ray cluster, through Ray Data.

The names of sources are sent out in small blocks. The machine that reads a source opens it under that name, so files must lie
where all machines see them. Each Ray actor reads in a child process (`Workers`), so a picture that kills a process does not
kill the actor. If Ray loses an actor or a machine, it repeats the work.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import threading
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import ExitStack, closing, redirect_stdout, suppress
from pathlib import Path
from typing import Any, Self

from camdigits.bulk.reading import Event, Fatal, ReadOptions, decode_event, encode_event
from camdigits.bulk.workers import Workers, scratch_in
from camdigits.errors import CamdigitsError, WorkersError, first_line, reason_of
from camdigits.runtime.process import report_warnings, wait_within
from camdigits.runtime.stderr import discarded_native_stderr

LOCAL, CLIENT = "local", "ray://"
"""The address of a cluster on this machine alone, and the beginning of an address to which Ray connects as a client."""
BLOCK = 32
"""Largest number of sources that an actor gets at once. All of them are read again if the actor is lost."""
ROW_BYTES = 1 << 20
"""Events of a source are handed on once this many bytes wait, and at its end."""
CPUS = 0.5
"""CPU cores that an actor claims. If half of the machines are lost, the others still have room for all actors."""
CONNECT_S = 5.0
"""Time limit for the cluster's address to accept a connection, seconds."""
START_S = 60.0
"""Time limit for joining the cluster, or for starting a local one, seconds."""
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # send nothing to anyone but the cluster that the user named
    "RAY_DEDUP_LOGS": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Environment variables that are set before Ray is imported."""


class Cluster:
    """Reads on a Ray cluster (Engine).

    read_options: how sources are read.
    address: as `ray.init` takes it: `auto`, `local` (started on this machine for this run), host:port or ray://host:port.
    count: the number of actors; 0 for one on each core of the cluster.
    annotate: the folder that drawings are meant for, which all machines must see; None to draw nothing.
    quiet: whether to leave out warnings.
    """

    def __init__(self, read_options: ReadOptions, address: str, count: int, annotate: Path | None, quiet: bool = False) -> None:
        self._read_options, self._address, self._count, self._annotate, self._quiet = (
            read_options,
            address,
            count,
            annotate,
            quiet,
        )
        self._scratch: Path | None = None
        self._held = ExitStack()

    def __enter__(self) -> Self:
        ray = _ray()
        with report_warnings(self._quiet):
            self._read_options.recognizer()  # fails here, before anything is begun, if the network cannot be used
        try:
            if self._annotate:
                self._scratch = scratch_in(self._annotate.resolve())
                self._held.callback(shutil.rmtree, self._scratch, ignore_errors=True)
            self._held.enter_context(discarded_native_stderr())
            self._held.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")  # those of Ray itself
            leave = threading.Event()
            self._held.callback(leave.set)
            self._held.callback(ray.shutdown)
            _connect(ray, self._address, self._count, leave)
        except BaseException:
            self._held.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def read(self, names: Sequence[str]) -> Generator[Event]:
        if not names:
            return
        try:
            # Ray reports lost machines on stdout, where readings go. The stream of the readings is open by now.
            with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
                for row in self._rows(names):
                    yield from (decode_event(line.encode("ascii")) for line in row.split("\n"))
        except CamdigitsError:
            raise
        except Exception as error:  # Ray raises errors of any class
            raise WorkersError(
                f"{self._address}: the Ray cluster failed ({_reason(error)}); read without --ray, or go on with --resume"
            ) from error

    def _rows(self, names: Sequence[str]) -> Iterator[str]:
        """Yield events in the order of the sources, several lines in each row."""
        scratch = str(self._scratch) if self._scratch else None
        options = (self._read_options.to_dict(), self._count, str(Path.cwd()), scratch, list(names))
        if not self._address.startswith(CLIENT):
            yield from _rows(*options)
            return
        import ray

        # Ray Data does not run in a client, so it runs on the cluster.
        remote = ray.remote(num_cpus=0)(RemoteReader).remote(*options)
        while rows := ray.get(remote.more.remote()):
            yield from rows


class RemoteReader:
    """Runs `_batches` on a machine of the cluster, for a process that is only a client of it."""

    def __init__(self, *options: Any) -> None:
        self._batches = _batches(*options)

    def more(self) -> list[str]:
        """Return the next rows; none at the end."""
        return next(self._batches, [])


def _rows(*options: Any) -> Iterator[str]:
    for batch in _batches(*options):
        yield from batch


def _batches(
    read_options: Mapping[str, Any], count: int, folder: str, scratch: str | None, names: Sequence[str]
) -> Iterator[list[str]]:
    import pyarrow
    import ray

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    count = count or max(1, int(ray.cluster_resources().get("CPU", 1)))
    block = max(1, min(BLOCK, len(names) // (4 * count)))
    tables = [
        pyarrow.table({"name": [json.dumps(name) for name in names[start : start + block]]})
        for start in range(0, len(names), block)
    ]
    read = ray.data.from_arrow(tables).map_batches(
        Actor,
        batch_size=None,
        compute=ray.data.ActorPoolStrategy(size=min(count, len(tables))),
        num_cpus=CPUS,
        fn_constructor_args=(read_options, folder, scratch),
    )
    for batch in read.iter_batches(batch_size=None, prefetch_batches=1):
        yield [str(row) for row in batch["events"]]


class Actor:
    """Reads blocks of sources on one machine of the cluster. Ray creates it and calls it."""

    def __init__(self, read_options: Mapping[str, Any], folder: str, scratch: str | None) -> None:
        """Start the child process that reads.

        read_options: the fields of `ReadOptions`.
        folder: the folder to which relative names are relative.
        scratch: the folder to draw into; None to draw nothing.
        """
        with suppress(OSError):  # without that folder the sources are missing too, and each reports it
            os.chdir(folder)
        self._fatal: Fatal | None = None
        self._workers = Workers(ReadOptions(**read_options), 1, scratch=Path(scratch) if scratch else None)
        try:
            self._workers.__enter__()
        except CamdigitsError as error:
            self._fatal = Fatal.by(error)

    def __call__(self, batch: Mapping[str, Any]) -> Iterator[dict[str, list[str]]]:
        for name in batch["name"]:
            for row in self._rows(json.loads(str(name))):
                yield {"events": [row]}

    def _rows(self, name: str) -> Iterator[str]:
        if self._fatal:
            yield encode_event(self._fatal).decode("ascii")
            return
        lines: list[str] = []
        waiting_bytes = 0
        with closing(self._workers.read([name])) as events:
            for event in events:
                lines.append(encode_event(event).decode("ascii"))
                waiting_bytes += len(lines[-1])
                if waiting_bytes >= ROW_BYTES:
                    yield "\n".join(lines)
                    lines, waiting_bytes = [], 0
        if lines:
            yield "\n".join(lines)


def _ray() -> Any:
    os.environ.update(_ENVIRONMENT)
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise WorkersError(
            "--ray needs Ray, which is not installed here; install it with: pip install 'camdigits[cluster]'"
        ) from error
    return ray


def _connect(ray: Any, address: str, count: int, leave: threading.Event) -> None:
    """Join the cluster at that address. Raises WorkersError if that fails within `CONNECT_S` and `START_S`.

    Joining runs on a thread of its own: there Ray cannot take over signals, nor block this thread for ever. A cluster that was
    started for this run ends with the thread that started it, so the thread lives until `leave` is set.

    ray: the imported module.
    address: as for `Cluster`.
    count: the least number of CPU cores that a local cluster announces.
    leave: is set when the cluster is not needed any more.
    """
    place = address.partition("://")[2] or address
    host, colon, port = place.rpartition(":")
    if colon and port.isdecimal():
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
        except (OSError, OverflowError) as error:
            raise _unreachable(address, error) from error
    options: dict[str, Any] = {"address": address, "log_to_driver": False, "logging_level": logging.CRITICAL}
    if address == LOCAL:  # ray.init starts a cluster
        options |= {"include_dashboard": False, "num_cpus": max(os.cpu_count() or 1, count)}
    done: Future[None] = Future()

    def start() -> None:
        try:
            ray.init(**options)
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(None)
            leave.wait()

    threading.Thread(target=start, daemon=True).start()
    try:
        wait_within(lambda wait_s: wait([done], wait_s).done, START_S)
        done.result(0)
    except (Exception, SystemExit) as error:
        raise _unreachable(address, error) from error


def _unreachable(address: str, error: BaseException) -> WorkersError:
    return WorkersError(
        f"{address}: no Ray cluster can be reached there ({_reason(error)}); "
        "name auto, local, HOST:PORT or ray://HOST:PORT of one that runs, with RAY_AUTH_MODE=token where it wants a token"
    )


def _reason(error: BaseException) -> str:
    """Return the system's reason for an error, or the first sentence of Ray's message."""
    if isinstance(error, OSError) and error.strerror:
        return reason_of(error)
    return first_line(error).split(". ")[0]
