"""Notices: the sentence that the app has for the user now, and failures, which become one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from camdigits.errors import OutputError
from camdigits.sources.ports import Clock

NOTICE_S = 3.0
"""How long a passing notice stands."""


class Notices:
    """One notice at a time. It stands until its time is over, or, the first one, until the user does something.

    first: "" for none.
    """

    def __init__(self, clock: Clock, first: str = "") -> None:
        self._clock = clock
        self._text, self._until_s = first, math.inf

    @property
    def text(self) -> str:
        """The notice that stands now, or ""."""
        return self._text if self._clock() < self._until_s else ""

    def notify(self, text: str, for_s: float = NOTICE_S) -> None:
        """Show a notice for that many seconds, in place of what stands there."""
        self._text, self._until_s = text, self._clock() + for_s

    def user_acted(self) -> None:
        """Take away the first notice."""
        if self._until_s == math.inf:
            self._text = ""


class Failures:
    """What could not be written: a notice each, and the app goes on. `first` is the one that is to be raised at its end."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self.first: OutputError | None = None

    @contextmanager
    def caught(self, remember: bool = False) -> Iterator[None]:
        """Notify of an OutputError within; it is raised again at the app's end where it is to be remembered."""
        try:
            yield
        except OutputError as error:
            if remember:
                self.first = self.first or error
            self._notices.notify(str(error), 2 * NOTICE_S)
