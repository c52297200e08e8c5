"""What is made of the errors of others, for one line that a user reads."""

from __future__ import annotations

import pytest

from camdigits.errors import first_line


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
