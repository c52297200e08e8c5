"""The truth about a folder of pictures, from its `annotations.json`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from camdigits.errors import NOT_OF_THE_LAYOUT, SourceError
from camdigits.vision.types import Box

ANNOTATIONS = "annotations.json"
Truth = TypeVar("Truth")


@dataclass(frozen=True)
class TruePicture:
    """What can be read on one picture: digits (label, box) and the strings of its numbers; none on a negative.

    neutral: boxes of other ink that one may take for digits, printed or ambiguous: what is read there counts neither for nor
    against. folder: the one that the truth is of.
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

    Of an image, `file`, `digits` and `numbers` are needed; `group` and `difficulty` name the rows of the tables. Of its
    `other_ink`, boxes marked `printed` or `ambiguous` are neutral; negatives marked `printed_digits` are left out.
    Raises SourceError when the file is missing or not of that layout.
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
        _neutral(entry.get("other_ink", [])),
        folder.as_posix(),
    )


def _neutral(other_ink: Any) -> tuple[Box, ...]:
    """The boxes of ink that is printed or ambiguous; plain boxes, [x, y, width, height], are of ink that is no digit."""
    marked = [ink for ink in other_ink if isinstance(ink, dict) and (ink.get("printed") or ink.get("ambiguous"))]
    return tuple(Box(*(int(v) for v in ink["box"])) for ink in marked)


def true_digits(digits: Any) -> tuple[tuple[int, Box], ...]:
    """Digits as (label, box), of a list of {"label", "box": [x, y, width, height]}."""
    return tuple((_label(digit["label"]), Box(*(int(v) for v in digit["box"]))) for digit in digits)


def _label(value: Any) -> int:
    label = int(value)
    if not 0 <= label <= 9:
        raise ValueError(f"a digit is 0 to 9, not {label}")
    return label
