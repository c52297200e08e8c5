"""Earlier results in an output that was cut off, so that a run can continue it."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from camdigits.errors import NOT_OF_THE_LAYOUT, UsageError, reason_of, unwritable
from camdigits.outputs.sheets import CREATOR
from camdigits.outputs.writers import CSV_HEADER, ExcelCsvWriter
from camdigits.sources.kinds import looks_like_source
from camdigits.sources.network import public_name
from camdigits.vision.types import SCHEMA

MAX_BYTES = 1 << 26
"""Longest line, in bytes, that can be one of ours."""
_JSON_BEGINNING = json.dumps({"schema": SCHEMA, "source": ""})[:-2].encode()
"""How each line of JSON Lines begins."""
_HEADER = ",".join(CSV_HEADER).encode()
"""First line of CSV, without its end."""
_EXCEL_HEADER = ExcelCsvWriter.mark.encode() + ",".join(f'"{name}"' for name in CSV_HEADER).encode()
"""First line of CSV for Excel, without its end."""
_BEGINNINGS = (_JSON_BEGINNING, _HEADER + b"\n", _EXCEL_HEADER + b"\n")
"""Beginnings of the files that `camdigits read` writes."""
_ZIP = b"PK\x03\x04"
"""First bytes of a ZIP, which a sheet is."""
_TEXT = re.compile(r"(.*):((?: [0-9]+)*)", re.DOTALL)
"""A line of text with the name of its source."""
_UNNAMED_TEXT = re.compile(r"(?:[0-9]+(?: [0-9]+)*)?")
"""A line of text without a source."""
_HEAD_BYTES = 1 << 16
"""A file is recognised by this many bytes from its beginning."""


class _Line(NamedTuple):
    """The source of a line, and its frame; None where the line does not state one."""

    source: str
    frame: int | None


@dataclass(frozen=True)
class Earlier:
    """Earlier results in an output.

    whole_bytes: length of the part that stays.
    read: in that part, how many times each source was read to its end.
    """

    whole_bytes: int = 0
    read: Counter[str] = field(default_factory=Counter)

    def left(self, paths: Sequence[str]) -> list[str]:
        """Return the paths that are still to be read, in their order."""
        if not self.read:
            return list(paths)
        read = self.read.copy()
        left = []
        for path in paths:
            name = _written(path)
            if read[name] > 0:
                read[name] -= 1
            else:
                left.append(path)
        return left


def earlier_readings(output: Path, kind: str, paths: Sequence[str], named: bool) -> Earlier:
    """Find out which sources an output already holds; none where the file does not exist.

    output: the file of readings.
    kind: "jsonl", "csv" or "text".
    paths: the sources of this run.
    named: whether lines of text name their source.
    The last source in the file is read again, since its lines may have been cut off. A line without an end does not count.
    Raises UsageError for a file with other contents, or where it cannot be known what was read.
    """
    wanted = {_written(path) for path in paths}
    if kind != "jsonl":
        _check_names(paths, wanted)
    if kind == "text" and not named:
        raise UsageError("text does not name its source where there is but one; for --resume use --format jsonl")
    layout = {"jsonl": _Jsonl, "csv": _Csv, "text": _Text}[kind](wanted)
    try:
        if not output.exists():
            return Earlier()
        if not output.is_file():
            raise UsageError(f"{output}: is no ordinary file, so nothing can be gone on with; leave --resume out")
        with output.open("rb") as file:
            return _held(iter(lambda: file.readline(MAX_BYTES), b""), layout, wanted)
    except OSError as error:
        raise UsageError(f"{output}: cannot be read ({reason_of(error)}), so it cannot be gone on with") from error
    except NOT_OF_THE_LAYOUT as error:
        raise UsageError(
            f"{output}: holds other things than {kind} readings of these sources, and is left as it is; name another file"
        ) from error


def is_of_read(path: Path, paths: Sequence[str]) -> bool:
    """Return whether a file's beginning shows nothing but output of `camdigits read`.

    path: the file.
    paths: the sources of this run. Lines of text may name these, or anything that looks like a source.
    Raises OutputError where the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise unwritable(path, error) from error
    if not head or any(_either_begins(head, beginning) for beginning in _BEGINNINGS) or _is_sheet(path, head):
        return True
    # Text has no heading. Its last line may be cut off: by the end of `head`, or when the run ended.
    *lines, last = head.decode("utf-8", "replace").split("\n")
    wanted = {_written(path) for path in paths}
    if lines:
        return all(_may_be_text(line, wanted) for line in lines)
    return _may_be_text(last.removesuffix(" "), wanted) or any(f"{name}:".startswith(last) for name in wanted)


def _is_sheet(path: Path, head: bytes) -> bool:
    """Return whether a file is a sheet that camdigits made."""
    if not head.startswith(_ZIP):
        return False
    try:
        with zipfile.ZipFile(path) as file:
            return f">{CREATOR}<".encode() in file.read("docProps/core.xml")
    except (OSError, KeyError, zipfile.BadZipFile):
        return False


def _may_be_text(line: str, wanted: set[str]) -> bool:
    """Return whether a line may be text about one of those sources, or about a name that looks like a source."""
    match = _TEXT.fullmatch(line)
    if match is None:
        return _UNNAMED_TEXT.fullmatch(line) is not None
    return match[1] in wanted or looks_like_source(match[1])


def _held(lines: Iterator[bytes], layout: _Jsonl, wanted: set[str]) -> Earlier:
    read: Counter[str] = Counter()
    end = begin = 0  # end of the whole lines, beginning of the last source's lines
    last: _Line | None = None
    for number, line in enumerate(lines):
        if not line.endswith(b"\n"):
            layout.check_beginning(number, line)
            break
        now = layout.parsed(number, line[:-1].decode())
        if now is not None:
            if last is None or now.source != last.source or layout.is_restart(last.frame, now.frame):
                if last is not None:
                    read[last.source] += 1
                begin = end
            last = now
        end += len(line)
    if last is not None:
        if last.source in wanted:
            return Earlier(begin, read)
        read[last.source] += 1
    return Earlier(end, read)


class _Jsonl:
    """Parses lines of JSON. All methods raise what `NOT_OF_THE_LAYOUT` names for lines that are not ours."""

    def __init__(self, wanted: set[str]) -> None:
        self._wanted = wanted

    def parsed(self, number: int, line: str) -> _Line | None:  # noqa: ARG002
        """Parse a whole line; None for a heading."""
        values = json.loads(line)
        if values["schema"] != SCHEMA or not isinstance(values["digits"], list):
            raise ValueError(line)
        return _Line(_written(values["source"]), int(values["frame"]))

    def check_beginning(self, number: int, part: bytes) -> None:  # noqa: ARG002
        """Check the beginning of a line that was cut off."""
        if not _either_begins(part, _JSON_BEGINNING):
            raise ValueError(part)

    def is_restart(self, before: int | None, now: int | None) -> bool:
        """Return whether frame `now` begins a source anew, after frame `before` of a source of the same name."""
        return before is not None and now is not None and now <= before


class _Csv(_Jsonl):
    def parsed(self, number: int, line: str) -> _Line | None:
        try:
            (row,) = csv.reader([line])
        except csv.Error as error:  # a line break without quotes, or a field of 128 KiB
            raise ValueError(line) from error
        if number == 0:
            if tuple(row) != CSV_HEADER:
                raise ValueError(line)
            return None
        source, frame, *others = row
        if len(row) != len(CSV_HEADER) or not all(part.isdigit() for part in others[-4:]):
            raise ValueError(line)
        return _Line(source, int(frame))

    def check_beginning(self, number: int, part: bytes) -> None:
        if number == 0 and not _HEADER.startswith(part):
            raise ValueError(part)

    def is_restart(self, before: int | None, now: int | None) -> bool:  # noqa: ARG002
        return False


class _Text(_Csv):
    def parsed(self, number: int, line: str) -> _Line | None:  # noqa: ARG002
        match = _TEXT.fullmatch(line)
        if match is None or match[1] not in self._wanted:
            raise ValueError(line)
        return _Line(match[1], None)

    def check_beginning(self, number: int, part: bytes) -> None:  # noqa: ARG002
        if not any(_either_begins(part, f"{name}:".encode()) for name in self._wanted):
            raise ValueError(part)


def _either_begins(part: bytes, other: bytes) -> bool:
    return part.startswith(other) or other.startswith(part)


def _written(path: str) -> str:
    """Return a source's name as a file of readings has it."""
    return public_name(path).encode("utf-8", "backslashreplace").decode()


def _check_names(paths: Sequence[str], wanted: set[str]) -> None:
    """Raise UsageError for sources that CSV and text cannot tell apart."""
    if len(wanted) < len(paths):
        raise UsageError("a source is named twice, which csv and text do not tell; for --resume use --format jsonl")
    if any("\n" in name or "\r" in name for name in wanted):
        raise UsageError(
            "the name of a source has a line break, which csv and text do not tell; for --resume use --format jsonl"
        )
