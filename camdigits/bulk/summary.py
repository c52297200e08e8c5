"""The summary of a run of `camdigits read`: counts while it runs, printed at its end."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from camdigits.drawing.palette import is_sure
from camdigits.outputs.ports import SceneWriter
from camdigits.runtime.clock import seconds
from camdigits.runtime.process import Terminated, abandon, printable
from camdigits.vision.types import Record

if TYPE_CHECKING:
    from rich.table import Table

MAX_REASONS = 10
"""The summary repeats the reasons of at most this many failed sources. Each reason was printed when it happened."""


@dataclass
class Summary:
    """Counts what was read, from scenes as `Scene.to_dict` gives them, in any order.

    failed: the messages about sources that could not be read.
    digits, numbers: how many were read.
    unsure_digits, unsure_numbers: how many of these have a low confidence (`drawing.palette.is_sure`).
    """

    failed: Sequence[str] = ()
    digits: int = 0
    unsure_digits: int = 0
    numbers: int = 0
    unsure_numbers: int = 0
    _frames: Counter[str] = field(default_factory=Counter)
    _followed: set[str] = field(default_factory=set)

    def add(self, record: Record) -> None:
        self._frames[record["source"]] += 1
        if record["time_s"]:  # pictures and pages have none
            self._followed.add(record["source"])
        self.digits += len(record["digits"])
        self.unsure_digits += sum(not is_sure(digit["confidence"]) for digit in record["digits"])
        self.numbers += len(record["numbers"])
        self.unsure_numbers += sum(not is_sure(number["confidence"]) for number in record["numbers"])

    @property
    def clips(self) -> int:
        """The number of clips and cameras, which have several frames."""
        return len(self._followed)

    @property
    def frames(self) -> int:
        """The number of frames of clips and cameras."""
        return sum(self._frames[source] for source in self._followed)

    @property
    def pictures(self) -> int:
        return self._frames.total() - self.frames

    @property
    def is_of_several(self) -> bool:
        """Whether there was more than one picture or frame to read. The line of a single one says all."""
        return self._frames.total() + len(self.failed) > 1

    def table(self, elapsed_s: float) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        table.add_column()
        table.add_column(justify="right")
        table.add_column(overflow="fold")
        if self.pictures:
            table.add_row("pictures", str(self.pictures))
        if self.clips:
            table.add_row("frames", str(self.frames), f"of {self.clips} source{'s' * (self.clips > 1)}")
        table.add_row("digits", str(self.digits), _unsure(self.unsure_digits))
        table.add_row("numbers", str(self.numbers), _unsure(self.unsure_numbers))
        for count, reason in enumerate(self.failed[:MAX_REASONS]):
            table.add_row("" if count else "failed", "" if count else str(len(self.failed)), Text(printable(reason)))
        if len(self.failed) > MAX_REASONS:
            table.add_row("", "", f"and {len(self.failed) - MAX_REASONS} more")
        read = self._frames.total()
        what = " and ".join(kind for kind, count in (("pictures", self.pictures), ("frames", self.frames)) if count)
        rate = f"{read / elapsed_s:.3g} {what} a second" if read and elapsed_s > 0 else ""
        table.add_row("time", f"{elapsed_s:.1f} s", rate)
        return table


class CountingWriter:
    """A writer that also counts what it writes (outputs.ports.SceneWriter)."""

    def __init__(self, writer: SceneWriter, summary: Summary) -> None:
        self._writer, self._summary = writer, summary
        self.close = writer.close

    def write(self, record: Record) -> None:
        self._writer.write(record)
        self._summary.add(record)


@contextmanager
def print_summary(failed: Sequence[str], quiet: bool) -> Iterator[Summary]:
    """Give a summary to fill, and print it on stderr at the end if that is a terminal, also after Ctrl-C.

    failed: the messages about sources that cannot be read. The caller may add to them until the end.
    quiet: whether to print nothing.
    """
    summary = Summary(failed)
    began_s = seconds()
    try:
        yield summary
    except KeyboardInterrupt as interrupted:  # this is how the reading of a camera ends
        if not isinstance(interrupted, Terminated):
            _print(summary, began_s, quiet)
        raise
    _print(summary, began_s, quiet)


def _print(summary: Summary, began_s: float, quiet: bool) -> None:
    if quiet or sys.stderr is None or not sys.stderr.isatty() or not summary.is_of_several:
        return
    from rich.console import Console

    try:
        Console(stderr=True).print(summary.table(seconds() - began_s))
    except OSError:  # nobody reads stderr any more
        abandon(sys.stderr)


def _unsure(count: int) -> str:
    return f"{count} unsure" if count else "all sure"
