"""What a run came to: counted rightly in any order, and told only to a person who waits for it."""

from __future__ import annotations

import errno
import io
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from camdigits.bulk import summary
from camdigits.bulk.summary import MAX_REASONS, CountingWriter, Summary, print_summary
from camdigits.errors import OutputError
from camdigits.runtime.process import Terminated
from camdigits.vision.types import Box, Digit, Number, Record, Scene
from tests.fakes import FakeClock

BOX = Box(1, 2, 3, 4)


def record(source: str, frame: int = 0, *confidences: float) -> dict[str, Any]:
    """A scene of one number, of digits of those confidences."""
    digits = tuple(Digit(7, confidence, BOX) for confidence in confidences)
    numbers = (Number("7" * len(digits), min(confidences), BOX, tuple(range(len(digits)))),) if digits else ()
    return Scene(64, 48, digits, numbers, source, frame, frame / 30).to_dict()


def rows(counts: Summary, elapsed_s: float = 2.0) -> list[list[str]]:
    """The words of the table's lines."""
    console = Console(file=io.StringIO(), width=200)
    console.print(counts.table(elapsed_s))
    assert isinstance(console.file, io.StringIO)
    return [line.split() for line in console.file.getvalue().splitlines()]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@contextmanager
def written_to(stderr: Any, failed: Sequence[str] = (), quiet: bool = False) -> Iterator[Summary]:
    # Not by a fixture: pytest sets stderr anew between fixtures and the test.
    with redirect_stderr(stderr), print_summary(failed, quiet) as counts:
        yield counts


class TestCounting:
    def test_pictures_frames_digits_and_what_is_unsure(self) -> None:
        records = [
            record("a.jpg", 0, 0.99, 0.95),
            record("b.jpg", 0, 0.99, 0.6, 0.5),
            record("c.jpg"),
            *(record("clip.mp4", frame, 0.99) for frame in range(5)),
            *(record("other.mp4", frame) for frame in (0, 3)),
            *({**record("-", page), "time_s": 0.0} for page in range(4)),
        ]
        for seed in range(3):
            random.Random(seed).shuffle(records)
            counts = Summary()
            for each in records:
                counts.add(each)
            assert (counts.pictures, counts.frames, counts.clips) == (7, 7, 2)
            assert (counts.digits, counts.unsure_digits) == (10, 2)
            assert (counts.numbers, counts.unsure_numbers) == (7, 1)

    def test_a_writer_counts_what_it_writes(self) -> None:
        written = []

        class Writer:
            def write(self, record: Record) -> None:
                written.append(record)

            def close(self) -> None:
                written.append("closed")

        counts, scene = Summary(), Scene(64, 48, (Digit(7, 0.9, BOX),))
        writer = CountingWriter(Writer(), counts)
        writer.write(scene.to_dict())
        writer.close()
        assert written == [scene.to_dict(), "closed"]
        assert counts.digits == 1


class TestTable:
    def test_it_tells_all_that_was_counted(self) -> None:
        counts = Summary(["bad.jpg: the file is empty"])
        counts.add(record("a.jpg", 0, 0.99, 0.6))
        counts.add(record("b.jpg", 0, 0.99))
        assert rows(counts) == [
            ["pictures", "2"],
            ["digits", "3", "1", "unsure"],
            ["numbers", "2", "1", "unsure"],
            ["failed", "1", *["bad.jpg:", "the", "file", "is", "empty"]],
            ["time", "2.0", "s", "1", "pictures", "a", "second"],
        ]

    def test_frames_are_told_apart_from_pictures(self) -> None:
        counts = Summary()
        for frame in range(30):
            counts.add(record("clip.mp4", frame, 0.99))
        assert rows(counts)[0] == ["frames", "30", "of", "1", "source"]
        assert rows(counts)[1] == ["digits", "30", "all", "sure"]
        assert rows(counts)[-1] == ["time", "2.0", "s", "15", "frames", "a", "second"]
        counts.add(record("a.jpg"))
        assert rows(counts)[-1][3:] == ["15.5", "pictures", "and", "frames", "a", "second"]

    def test_of_many_reasons_the_first_are_told(self) -> None:
        lines = rows(Summary([f"{index}.jpg: empty" for index in range(25)]))
        assert [line[-2:] for line in lines if line[-1] == "empty"] == [
            [f"{index}.jpg:", "empty"] for index in range(MAX_REASONS)
        ]
        assert ["failed", "25", "0.jpg:", "empty"] in lines
        assert ["and", "15", "more"] in lines
        assert lines[-1] == ["time", "2.0", "s"]

    def test_names_are_shown_as_they_are_in_one_line(self) -> None:
        assert rows(Summary(["[red]a\nb\x1b[2J.jpg: empty"]))[2] == ["failed", "1", "[red]a", "b", "[2J.jpg:", "empty"]


class TestTelling:
    def test_a_terminal_is_told_with_the_time_it_took(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock, terminal = FakeClock(), Terminal()
        monkeypatch.setattr(summary, "seconds", clock)
        failed: list[str] = []
        with written_to(terminal, failed) as counts:
            counts.add(record("a.jpg", 0, 0.99))
            failed.append("bad.jpg: empty")
            clock.advance(2.5)
            assert terminal.getvalue() == ""
        assert "bad.jpg: empty" in terminal.getvalue()
        assert "2.5 s" in terminal.getvalue()

    @pytest.mark.parametrize("pictures", range(3))
    def test_one_picture_needs_no_summary(self, pictures: int) -> None:
        terminal = Terminal()
        with written_to(terminal, [] if pictures else ["bad.jpg: empty"]) as counts:
            for index in range(pictures):
                counts.add(record(f"{index}.jpg", 0, 0.99))
        assert bool(terminal.getvalue()) is (pictures > 1)

    @pytest.mark.parametrize(
        ("stderr", "quiet"), [(Terminal(), True), (io.StringIO(), False), (None, False)], ids=["quiet", "a pipe", "closed"]
    )
    def test_nobody_else_is_told(self, stderr: io.StringIO | None, quiet: bool) -> None:
        with written_to(stderr, ["bad.jpg: empty"] * 3, quiet):
            pass
        assert stderr is None or stderr.getvalue() == ""

    @pytest.mark.parametrize(
        ("error", "is_reported"), [(KeyboardInterrupt(), True), (Terminated(), False), (OutputError("full"), False)]
    )
    def test_what_ctrl_c_ends_is_told_too(self, error: BaseException, is_reported: bool) -> None:
        terminal = Terminal()
        with pytest.raises(type(error)), written_to(terminal, ["bad.jpg: empty"] * 3):
            raise error
        assert bool(terminal.getvalue()) is is_reported

    def test_a_terminal_that_has_gone_changes_nothing(self, tmp_path: Path) -> None:
        class Gone(Terminal):
            asked = 0

            def write(self, text: str) -> int:
                self.asked += 1
                raise OSError(errno.EIO, "gone", text)

            def fileno(self) -> int:
                return file.fileno()

        terminal = Gone()
        with (tmp_path / "terminal").open("wb") as file, written_to(terminal, ["bad.jpg: empty"] * 3):
            pass
        assert terminal.asked
