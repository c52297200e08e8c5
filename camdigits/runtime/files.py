"""Files that are written as a whole."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from camdigits.errors import unwritable


def write_whole(path: Path, data: bytes, make_folder: bool = False) -> None:
    """Write a file so that it is all there or as it was before, whatever happens meanwhile. Raises OutputError.

    make_folder: whether its folder is made where there is none. What is no ordinary file, as a pipe, is written to as it is.
    """
    ordinary = path.is_file() or not path.exists()
    # A link stays one: what it leads to is replaced.
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
