"""What is made of the errors of others, for one line that a user reads."""

from __future__ import annotations

import errno
import os

import pytest

from camdigits.errors import first_line, unwritable


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("no such layer\n  at graph.cc:12"), "no such layer"),
        (RuntimeError("\n  out of memory\n"), "out of memory"),
        (MemoryError(), "MemoryError"),
        (ValueError("  \n"), "ValueError"),
        (ValueError("a" * 10_000), "a" * 160),
    ],
)
def test_what_a_library_says_is_cut_to_a_line(error: Exception, line: str) -> None:
    assert first_line(error) == line


@pytest.mark.parametrize(
    ("number", "way_on"),
    [
        (errno.ENOENT, "make its folder first, or choose another place"),
        (errno.EACCES, "choose another place"),
        (errno.ENOTDIR, "choose another place"),
        (errno.ENOSPC, "free some space or choose another place"),
    ],
)
def test_what_cannot_be_written_is_told_with_what_helps(number: int, way_on: str) -> None:
    message = str(unwritable("page.png", OSError(number, os.strerror(number))))
    assert message == f"page.png: cannot be written ({os.strerror(number).lower()}); {way_on}"
