"""Corrections: what the user says of the selected digit, kept to learn from."""

from __future__ import annotations

from camdigits.live.controls import Command, command_key
from camdigits.live.feed import Feed
from camdigits.live.notices import NOTICE_S, Failures, Notices
from camdigits.live.ports import Notebook
from camdigits.live.selection import Selection

_SELECT_FIRST = (
    f"click a digit first, or hold the frame ({command_key(Command.HOLD)}) and drag a box round one, then type what it is"
)
"""Notice for a correction while nothing is selected."""


class Corrections:
    """Takes corrections and has them learnt. Without a notebook they are forgotten when the window closes."""

    def __init__(self, selection: Selection, notebook: Notebook | None, notices: Notices, failures: Failures) -> None:
        self._selection, self._notebook = selection, notebook
        self._notices, self._failures = notices, failures

    def correct(self, feed: Feed, label: int | None) -> None:
        """Correct what is selected, and keep its crop.

        label: the digit that it is, or None for no digit.
        """
        selected = self._selection.follow(feed)
        if selected is None:
            self._notices.notify(_SELECT_FIRST)
            return
        try:
            glyph, was = feed.amend(selected.box, label)
        except ValueError as error:
            self._notices.notify(f"{error}; click a digit, or drag a box round one")
            return
        self._selection.correct(feed, label)
        correction = _described(label, was)
        if self._notebook is None:
            self._notices.notify(correction)
            return
        with self._failures.caught():
            self._notebook.correct(glyph, label, was)
            self._notices.notify(f"kept: {correction}")

    def teach(self) -> None:
        """Begin to learn from all corrections."""
        if self._notebook is None:
            return
        with self._failures.caught():
            self._notices.notify(self._notebook.teach(), 2 * NOTICE_S)

    def unteach(self) -> None:
        """Undo the last lesson, or all of them."""
        if self._notebook is None:
            return
        with self._failures.caught():
            self._notices.notify(self._notebook.unteach(), 2 * NOTICE_S)

    def learnt(self) -> bool:
        """Return whether a lesson has changed the reading since the last call, and notify the user of it."""
        message = self._notebook.take_message() if self._notebook is not None else ""
        if message:
            self._notices.notify(message, 2 * NOTICE_S)
        return bool(message)


def _described(label: int | None, was: int | None) -> str:
    """Return a correction in words: what the user said, and what had been read."""
    if label == was:
        return "no digit" if label is None else f"{label}, as it was read"
    if was is None:
        return f"{label}, which was missed"
    return f"{'no digit' if label is None else label}, not {was}"
