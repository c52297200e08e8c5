"""Reads the truth about a folder of pictures from its `annotations.json`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from camdigits.errors import NOT_OF_THE_LAYOUT, SourceError
from camdigits.vision.types import Box

ANNOTATIONS = "annotations.json"
"""Name of the file with the truth of a folder of pictures."""
Truth = TypeVar("Truth")


@dataclass(frozen=True)
class TruePicture:
    """The truth of one picture.

    path: the file of the picture.
    digits: the digits on it, each as (label, box in pixels); none on a negative.
    numbers: the text of each number on it.
    group, difficulty: the rows of the tables that count it.
    neutral: boxes of printed or ambiguous ink that may pass for digits. What is read there counts neither way.
    folder: the folder that the truth describes.
    """

    path: Path
    digits: tuple[tuple[int, Box], ...] = ()
    numbers: tuple[str, ...] = ()
    group: str = "without digits"
    difficulty: str = "-"
    neutral: tuple[Box, ...] = ()
    folder: str = field(default="-", compare=False)

    @property
    def is_negative(self) -> bool:
        return not self.digits

    @property
    def boxes(self) -> tuple[Box, ...]:
        return tuple(box for _, box in self.digits)


def load_truth(folder: Path) -> tuple[TruePicture, ...]:
    """Read `folder`/annotations.json: `images` with digits and numbers, `negatives` without.

    An image needs `file`, `digits` and `numbers`; `group` and `difficulty` name its rows in the tables. Boxes of its
    `other_ink` that are marked `printed` or `ambiguous` are neutral. Negatives marked `printed_digits` are left out.

    Raises SourceError if the file is missing or has another layout.
    """

    def pictures_of(annotations: Any) -> tuple[TruePicture, ...]:
        positives = [_positive(folder, entry) for entry in annotations["images"]]
        blank = [entry for entry in annotations.get("negatives", []) if not entry.get("printed_digits")]
        return (*positives, *(TruePicture(folder / entry["file"], folder=folder.as_posix()) for entry in blank))

    path = folder / ANNOTATIONS
    pictures = read_truth(path, pictures_of, "to score against", "make a folder with: python -m train.pages --out DIR")
    if not pictures:
        raise SourceError(f"{path}: names no picture to read; list some under images or negatives")
    return pictures


def read_truth(path: Path, parse: Callable[[Any], Truth], what: str, mend: str) -> Truth:
    """Read a JSON file of truth.

    path: the file.
    parse: turns its content into the truth.
    what: the purpose of the truth, for the message of an error.
    mend: how to fix a missing or damaged file, for that message.

    Raises SourceError if the file cannot be read or parsed.
    """
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, *NOT_OF_THE_LAYOUT) as error:
        reason = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        raise SourceError(f"{path}: no truth {what} ({reason}); {mend}") from error


def _positive(folder: Path, entry: dict[str, Any]) -> TruePicture:
    numbers = entry["numbers"]
    if not isinstance(numbers, list) or not all(isinstance(number, str) for number in numbers):
        raise TypeError(f"{entry['file']}: numbers is a list of strings, not {numbers!r}")
    return TruePicture(
        folder / entry["file"],
        true_digits(entry["digits"]),
        tuple(numbers),
        str(entry.get("group", "-")),
        str(entry.get("difficulty", "-")),
        _neutral(entry.get("other_ink", [])),
        folder.as_posix(),
    )


def _neutral(other_ink: Any) -> tuple[Box, ...]:
    """Return the boxes of printed or ambiguous ink. Plain boxes, [x, y, width, height], hold ink that is no digit."""
    marked = [ink for ink in other_ink if isinstance(ink, dict) and (ink.get("printed") or ink.get("ambiguous"))]
    return tuple(Box(*(int(v) for v in ink["box"])) for ink in marked)


def true_digits(digits: Any) -> tuple[tuple[int, Box], ...]:
    """Return digits as (label, box) from a list of {"label", "box": [x, y, width, height]}."""
    return tuple((_label(digit["label"]), Box(*(int(v) for v in digit["box"]))) for digit in digits)


def _label(value: Any) -> int:
    label = int(value)
    if not 0 <= label <= 9:
        raise ValueError(f"a digit is 0 to 9, not {label}")
    return label
