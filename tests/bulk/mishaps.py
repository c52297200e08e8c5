"""Processes that read for `camdigits.bulk.workers`, and come to grief over sources of certain names.

    python -m tests.bulk.mishaps read --workers 2 ...

is `camdigits`, whose processes crash over every `crash*`, crash once over a `once*` (at the frame 2 of a clip), raise over a
`raise*`, wait at a `wait*` until a file `go` lies beside it, and leave a file `NAME.read` beside each source that they read.
"""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import Any

from camdigits import cli, recognizer
from camdigits.bulk import workers
from camdigits.runtime.child import Channel, Server
from camdigits.vision.types import Frame, Scene

LOOK_S = 0.01


def serve(channel: Channel, *options: Any) -> None:
    """In place of `workers.serve`."""
    for reader in (recognizer.PictureReader, recognizer.LiveReader):
        _trap(reader)
    workers.serve(channel, *options)


def _trap(reader: type[recognizer.PictureReader] | type[recognizer.LiveReader]) -> None:
    recognize = reader.recognize

    def trapped(self: Any, frame: Frame, source: str = "") -> Scene:
        path = Path(source)
        if frame.index == (2 if path.suffix == ".avi" else 0):
            _mishap(path)
        return recognize(self, frame, source)

    reader.recognize = trapped  # type: ignore[method-assign]


def _mishap(path: Path) -> None:
    if path.name.startswith("wait"):
        while not (path.parent / "go").exists():
            threading.Event().wait(LOOK_S)
    if path.name.startswith("raise"):
        raise MemoryError("no memory for it")
    once = path.with_name(f"{path.name}.crashed")
    if path.name.startswith("crash") or (path.name.startswith("once") and not once.exists()):
        once.touch()
        signal.raise_signal(signal.SIGSEGV)
    path.with_name(f"{path.name}.read").touch()


def mishap_server(_module: str, _function: str, *arguments: Any, **options: Any) -> Server:
    """In place of `workers.Server`."""
    return Server("tests.bulk.mishaps", serve.__name__, *arguments, **options)


if __name__ == "__main__":
    workers.Server = mishap_server  # type: ignore[assignment,misc]
    cli.main(sys.argv[1:])
