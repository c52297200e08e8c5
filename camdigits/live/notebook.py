"""The user's notebook: corrections, what was learnt, and which part of each source is read (live.ports.Notebook)."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from camdigits.errors import NOT_OF_THE_LAYOUT
from camdigits.learning.corrections import FILE, CorrectionFile
from camdigits.live.ports import RelativeBox
from camdigits.live.teacher import Teacher
from camdigits.runtime.files import write_whole
from camdigits.vision.types import Glyph

REGIONS_FILE = "regions.json"
"""Name of the file with the part of each source that is read."""
MAX_BYTES = 1 << 20
"""Size of that file above which it counts as damaged, bytes."""


class NotebookFolder:
    """A notebook in a folder of the user. What is damaged in it counts as never written.

    teacher: learns from it beside the window.
    """

    def __init__(self, folder: Path, teacher: Teacher) -> None:
        self._folder, self._teacher = folder, teacher
        self.corrections = CorrectionFile(self._folder / FILE)

    def correct(self, glyph: Glyph, label: int | None, was: int | None) -> None:
        self.corrections.append(glyph, label, was, datetime.now())

    def teach(self) -> str:
        return self._teacher.teach()

    def unteach(self) -> str:
        return self._teacher.undo()

    def take_message(self) -> str:
        return self._teacher.take_message()

    def region(self, source: str) -> RelativeBox | None:
        return self._regions().get(_place_of(source))

    def remember_region(self, source: str, region: RelativeBox | None) -> None:
        place = _place_of(source)
        regions = {name: known for name, known in self._regions().items() if name != place}
        if region is not None:
            regions[place] = region
        write_whole(self._folder / REGIONS_FILE, json.dumps(regions, indent=1).encode(), make_folder=True)

    def _regions(self) -> dict[str, RelativeBox]:
        path = self._folder / REGIONS_FILE
        try:
            if path.stat().st_size > MAX_BYTES:
                return {}
            values: Any = json.loads(path.read_bytes())
            return {str(name): _region(numbers) for name, numbers in values.items()}
        except (OSError, *NOT_OF_THE_LAYOUT):
            return {}


def _place_of(source: str) -> str:
    """Return the full path of a file or folder, since others have the same name; any other source as it is named."""
    try:
        return str(Path(source).absolute()) if Path(source).exists() else source
    except (OSError, ValueError):  # no name that a file can have
        return source


def _region(numbers: Any) -> RelativeBox:
    region = RelativeBox(*(float(number) for number in numbers))
    if not (0 <= region.left < 1 and 0 <= region.top < 1 and 0 < region.width <= 1 and 0 < region.height <= 1):
        raise ValueError("no part of a picture")
    return region
