"""Checks on the files that commands write to: what they must not overwrite."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from camdigits.errors import UsageError, unwritable


def keep_sources(output: Path | None, paths: Sequence[str]) -> None:
    """Check that the output is none of the sources. Raises UsageError."""
    if output is None or not os.path.exists(output):  # noqa: PTH110 - Path.exists raises for a name that is too long
        return
    for path in paths:
        if os.path.exists(path) and os.path.samefile(output, path):  # noqa: PTH110, PTH121
            raise UsageError(f"{output}: is one of the sources; choose another file, or it would be lost")


def keep_unlike(output: Path | None, beginning: bytes) -> None:
    """Check that the output is new, or a file of the kind that starts with `beginning`.

    Raises UsageError for a file of another kind, OutputError for one that cannot be read.
    """
    if output is None or not os.path.isfile(output):  # noqa: PTH113 - as above
        return
    try:
        with output.open("rb") as file:
            head = file.read(len(beginning))
    except OSError as error:
        raise unwritable(output, error) from error
    if not beginning.startswith(head):
        raise UsageError(f"{output}: is a file of another kind, and is left as it is; name another file")
