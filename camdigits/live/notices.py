"""Notices: the sentence that the app shows to the user now, and failures, which become notices."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from camdigits.errors import OutputError
from camdigits.sources.ports import Clock

NOTICE_S = 3.0
"""Time that a passing notice is shown, seconds."""


class Notices:
    """One notice at a time. It is shown until its time is over.

    first: the first notice, shown until the user does something; "" for none.
    """

    def __init__(self, clock: Clock, first: str = "") -> None:
        self._clock = clock
        self._text, self._until_s = first, math.inf

    @property
    def text(self) -> str:
        """The notice that is shown now, or ""."""
        return self._text if self._clock() < self._until_s else ""

    def notify(self, text: str, for_s: float = NOTICE_S) -> None:
        """Show a notice for that many seconds, in place of the present one."""
        self._text, self._until_s = text, self._clock() + for_s

    def user_acted(self) -> None:
        """Remove the first notice."""
        if self._until_s == math.inf:
            self._text = ""


class Failures:
    """Failures of outputs: each is shown as a notice, and the app goes on.

    first: the failure that is raised at the app's end.
    """

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self.first: OutputError | None = None

    @contextmanager
    def caught(self, remember: bool = False) -> Iterator[None]:
        """Show an OutputError within as a notice.

        remember: whether it is raised again at the app's end.
        """
        try:
            yield
        except OutputError as error:
            if remember:
                self.first = self.first or error
            self._notices.notify(str(error), 2 * NOTICE_S)
