"""The teacher: learns from corrections beside the window, and tells the user of every lesson."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from camdigits.errors import CamdigitsError, SourceError
from camdigits.learning.corrections import FILE as CORRECTIONS
from camdigits.learning.corrections import CorrectionFile
from camdigits.learning.taught import Adaptation
from camdigits.learning.teacher import FILE, AdaptationFile, learn
from camdigits.live.controls import Command, command_key


class Teacher:
    """Teaches beside a running window, and notices new lessons, wherever they were taught."""

    def __init__(self, folder: Path, model: str, network: str, use: Callable[[Adaptation | None], None]) -> None:
        """Begin without a lesson of this window.

        folder: where corrections and lessons are kept.
        model: name of the model.
        network: SHA-256 of the model.
        use: called with an adaptation to read by from then on; None for the network as it ships.
        """
        self._corrections, self._file = CorrectionFile(folder / CORRECTIONS), AdaptationFile(folder / FILE)
        self._model, self._network, self._use = model, network, use
        self._stamp = self._file.stamp()
        self._thread: threading.Thread | None = None
        self._message = ""
        self._before: list[bytes | None] = []

    def teach(self) -> str:
        """Begin to learn, and return the message for the user meanwhile."""
        if self._thread is not None and self._thread.is_alive():
            return "still learning"
        self._thread = threading.Thread(target=self._learn, daemon=True)
        self._thread.start()
        return "learning from your corrections"

    def undo(self) -> str:
        """Undo this window's last lesson, or all that was learnt where it gave none; return the message for the user."""
        if self._thread is not None and self._thread.is_alive():
            return "still learning"
        try:
            before = self._before.pop() if self._before else None
            if before is not None:
                self._file.restore(before)
                self._message = "the last lesson is undone; your corrections are kept"
            elif self._file.forget():
                self._message = "all that was learnt is forgotten; your corrections are kept"
            else:
                return "nothing was taught"
        except CamdigitsError as error:
            return str(error)
        return self._message

    def take_message(self) -> str:
        """Return the message on what was learnt, forgotten or failed since the last call; "" where there is nothing."""
        if self._thread is not None and self._thread.is_alive():
            return ""
        stamp = self._file.stamp()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                taught = self._file.load(self._network)
            except SourceError as error:
                return str(error)
            self._use(taught)
            if not self._message:
                self._before.clear()
                self._message = "reads by what was taught" if taught is not None else "what was taught is forgotten"
        message, self._message = self._message, ""
        return message

    def join(self) -> None:
        """Wait until the lesson is over."""
        if self._thread is not None:
            self._thread.join()

    def _learn(self) -> None:
        try:
            before = None
            with suppress(SourceError):
                before = self._file.content()
            lesson = learn(self._corrections, self._file, self._model)
            self._before.append(before)
            self._message = f"learnt from {lesson}{lesson.caution} ({command_key(Command.UNTEACH)} undoes it)"
        except CamdigitsError as error:
            self._message = str(error)
