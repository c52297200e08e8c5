"""What a program that is given nonsense may answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from camdigits.errors import CamdigitsError, SourceError


@contextmanager
def refused_in_one_line(kind: type[CamdigitsError] = SourceError) -> Iterator[None]:
    """Take an error of that kind for an answer, if it is one line."""
    try:
        yield
    except kind as refusal:
        message = str(refusal)
    else:
        return
    assert len(message.splitlines()) == 1
