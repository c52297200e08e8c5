"""Reading on the machines of a Ray cluster, through Ray Data.

The names of sources go out in small blocks, and each is opened by the machine that reads it, under that name: files lie where
all machines see them. Each of Ray's actors reads in a process of its own beneath it (`Workers`), so that a picture over which
a process ends takes no actor along. What Ray itself loses, an actor or a machine, it has done again.
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
BLOCK = 32
"""Most sources that an actor is given at once; what is lost with it is read again."""
ROW_BYTES = 1 << 20
"""The events of a source are handed on when they are so many, and at its end."""
CPUS = 0.5
"""What an actor asks of its machine: when half of the machines are lost, the others still have room for all actors."""
CONNECT_S = 5.0
START_S = 60.0
"""How long a cluster may take to answer, and then to take us in (or a local one to start)."""
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing leaves this machine but to the cluster that was named
    "RAY_DEDUP_LOGS": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


class Cluster:
    """Reads on the Ray cluster at an address (Engine), by `count` actors, 0 for as many as it has cores.

    address: what `ray.init` takes: `auto`, `local` (one of this machine alone, for this run), host:port or ray://host:port.
    annotate: a folder that all machines see. quiet: whether warnings are left out.
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
            self._read_options.recognizer()  # that the network can be used is known before anything is begun
        try:
            if self._annotate:
                self._scratch = scratch_in(self._annotate.resolve())
                self._held.callback(shutil.rmtree, self._scratch, ignore_errors=True)
            self._held.enter_context(discarded_native_stderr())
            self._held.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")  # of Ray's own affairs
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
            # Ray tells of machines that it lost on stdout, where readings go; the stream they go to is open by now.
            with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
                for row in self._rows(names):
                    yield from (decode_event(line.encode("ascii")) for line in row.split("\n"))
        except CamdigitsError:
            raise
        except Exception as error:  # Ray raises anything
            raise WorkersError(
                f"{self._address}: the Ray cluster failed ({_reason(error)}); read without --ray, or go on with --resume"
            ) from error

    def _rows(self, names: Sequence[str]) -> Iterator[str]:
        """Events, some lines in each row, in the order of the sources."""
        scratch = str(self._scratch) if self._scratch else None
        options = (self._read_options.to_dict(), self._count, str(Path.cwd()), scratch, list(names))
        if not self._address.startswith(CLIENT):
            yield from _rows(*options)
            return
        import ray

        # Ray Data does not run behind a client: it runs over there.
        remote = ray.remote(num_cpus=0)(RemoteReader).remote(*options)
        while rows := ray.get(remote.more.remote()):
            yield from rows


class RemoteReader:
    """What `_rows` gives, on a machine of the cluster, for one that is only its client."""

    def __init__(self, *options: Any) -> None:
        self._batches = _batches(*options)

    def more(self) -> list[str]:
        """The next rows; none at the end."""
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
    """Reads blocks of sources on one of the cluster's machines; Ray makes it and calls it."""

    def __init__(self, read_options: Mapping[str, Any], folder: str, scratch: str | None) -> None:
        """folder: what relative names are relative to."""
        with suppress(OSError):  # where it is not there, neither are the sources, and each of them says so
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
    """Join the cluster at that address. Raises WorkersError where there is none, within `CONNECT_S` and `START_S`.

    On a thread of its own, where Ray neither takes signals over nor keeps us waiting for ever. It lives on until `leave`, since
    a cluster that was started for this run ends with the thread that did.
    """
    place = address.partition("://")[2] or address
    host, colon, port = place.rpartition(":")
    if colon and port.isdecimal():
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
        except (OSError, OverflowError) as error:
            raise _unreachable(address, error) from error
    options: dict[str, Any] = {"address": address, "log_to_driver": False, "logging_level": logging.CRITICAL}
    if address == LOCAL:  # ray.init starts one
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
    """What the system says, or the first sentence of what Ray says."""
    if isinstance(error, OSError) and error.strerror:
        return reason_of(error)
    return first_line(error).split(". ")[0]
