"""The truth about a folder of pictures, from its `annotations.json`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from camdigits.errors import NOT_OF_THE_LAYOUT, SourceError
from camdigits.vision.scene import Box

ANNOTATIONS = "annotations.json"
Truth = TypeVar("Truth")


@dataclass(frozen=True)
class TruePicture:
    """What can be read on one picture: digits (label, box) and the strings of its numbers; none on a negative."""

    path: Path
    digits: tuple[tuple[int, Box], ...] = ()
    numbers: tuple[str, ...] = ()
    group: str = "without digits"
    difficulty: str = "-"

    @property
    def is_negative(self) -> bool:
        return not self.digits

    @property
    def boxes(self) -> tuple[Box, ...]:
        return tuple(box for _, box in self.digits)


def load_truth(folder: Path) -> tuple[TruePicture, ...]:
    """Read `folder`/annotations.json: `images` with digits and numbers, `negatives` without.

    Of an image, `file`, `digits` and `numbers` are needed; `group` and `difficulty` name the rows of the tables.
    Raises SourceError when the file is missing or not of that layout.
    """

    def pictures_of(annotations: Any) -> tuple[TruePicture, ...]:
        positives = [_positive(folder, entry) for entry in annotations["images"]]
        return (*positives, *(TruePicture(folder / entry["file"]) for entry in annotations.get("negatives", [])))

    path = folder / ANNOTATIONS
    pictures = read_truth(path, pictures_of, "to score against", "make a folder with: python -m train.pages --out DIR")
    if not pictures:
        raise SourceError(f"{path}: names no picture to read; list some under images or negatives")
    return pictures


def read_truth(path: Path, parse: Callable[[Any], Truth], what: str, mend: str) -> Truth:
    """What `parse` makes of the JSON file; SourceError, with `what` it is the truth of and how to mend it, where it cannot."""
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
    )


def true_digits(digits: Any) -> tuple[tuple[int, Box], ...]:
    """Digits as (label, box), of a list of {"label", "box": [x, y, width, height]}."""
    return tuple((_label(digit["label"]), Box(*(int(v) for v in digit["box"]))) for digit in digits)


def _label(value: Any) -> int:
    label = int(value)
    if not 0 <= label <= 9:
        raise ValueError(f"a digit is 0 to 9, not {label}")
    return label
