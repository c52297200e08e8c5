"""The truth about a folder of pictures, from its `annotations.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camdigits.errors import SourceError
from camdigits.vision.scene import Box

ANNOTATIONS = "annotations.json"


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


def load_truth(folder: Path) -> tuple[TruePicture, ...]:
    """Read `folder`/annotations.json: `images` with digits and numbers, `negatives` without.

    Raises SourceError when the file is missing or not of that layout.
    """
    path = folder / ANNOTATIONS
    try:
        annotations = json.loads(path.read_text(encoding="utf-8"))
        pictures = [_positive(folder, entry) for entry in annotations["images"]]
        pictures += [TruePicture(folder / entry["file"]) for entry in annotations.get("negatives", [])]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        raise SourceError(
            f"{path}: no truth to score against ({reason}); make a folder with: python -m train.pages --out DIR"
        ) from error
    return tuple(pictures)


def _positive(folder: Path, entry: dict[str, Any]) -> TruePicture:
    return TruePicture(
        folder / entry["file"],
        tuple((int(digit["label"]), Box(*(int(v) for v in digit["box"]))) for digit in entry["digits"]),
        tuple(entry["numbers"]),
        entry.get("group", "-"),
        entry.get("difficulty", "-"),
    )
