"""Files that are written as a whole."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from camdigits.errors import unwritable


def write_whole(path: Path, data: bytes, make_folder: bool = False) -> None:
    """Write a file completely, or leave it as it was, whatever happens meanwhile.

    path: the file; one that is no ordinary file, such as a pipe, is written to directly.
    data: its new content.
    make_folder: whether to make its folder where that is missing.
    Raises OutputError.
    """
    ordinary = path.is_file() or not path.exists()
    # A link stays a link, and its target is replaced.
    target = path.resolve() if ordinary else path
    beside = target.with_name(f"{target.name}.{os.getpid()}.new") if ordinary else path
    try:
        if make_folder:
            target.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(data)
        if ordinary:
            beside.replace(target)
    except OSError as error:
        if ordinary:
            with suppress(OSError):
                beside.unlink()
        raise unwritable(path, error) from error
