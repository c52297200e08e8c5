"""Pages as JSON: drawings that are saved, to be shown, continued or read again. A file is accepted whole or refused in one
line.

    {"format": "camdigits page", "version": 1, "width": 640, "height": 640, "colour": "white", "background": null,
     "strokes": [{"kind": "pen", "width": 21, "points": [[100, 80], [170, 82], [130, 240]]}]}

Points are [x, y] in pixels of the page, y down, in the order of drawing; they may lie beyond its edges. A width is in pixels. A
kind is "pen" or "eraser". Colours are those of `PaperColour`. A background is null, or a picture of the page's size under the
strokes: "data:image/png;base64,...".
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from reprlib import repr as shortly
from typing import Any, NoReturn, TypeGuard

import cv2

from camdigits.canvas.strokes import (
    MAX_POINTS,
    MAX_SIDE_PX,
    MAX_STROKES,
    MAX_WIDTH_PX,
    MIN_SIDE_PX,
    REACH_PX,
    Page,
    PaperColour,
    Point,
    Stroke,
    StrokeKind,
)
from camdigits.errors import NOT_OF_THE_LAYOUT, OutputError, SourceError, reason_of
from camdigits.sources.pictures import decode_picture
from camdigits.vision.types import BgrImage

PAGE_SUFFIX = ".json"
"""Suffix of saved pages."""
FORMAT, VERSION = "camdigits page", 1
"""What a saved page calls itself.

FORMAT: the name of the format.
VERSION: the version of the format.
"""
MAX_BYTES = 100 << 20
"""Largest file that is read. The largest page over a picture of pure noise takes less."""
_DATA_URL = "data:image/png;base64,"
"""How the text of a background begins."""
_PNG_SIZE_AT = 16
"""Offset of a PNG's width and height in the file, in bytes."""


def page_text(page: Page) -> str:
    """Return the JSON of a page, a stroke a line. Raises OutputError for a picture that cannot be encoded."""
    head = {"format": FORMAT, "version": VERSION, "width": page.width, "height": page.height, "colour": page.colour.value}
    strokes = ",\n".join(
        json.dumps({"kind": stroke.kind.value, "width": stroke.width_px, "points": stroke.points}, allow_nan=False)
        for stroke in page.strokes
    )
    background = "null" if page.picture is None else f'"{_DATA_URL}{_encoded(page.picture)}"'
    return f'{json.dumps(head)[:-1]}, "background": {background}, "strokes": [\n{strokes}\n]}}\n'


def load_page(path: Path, name: str) -> Page:
    """Read the page in a JSON file, called `name` before the user.

    Raises SourceError, in one line, for anything else. Limits are checked first, so that a bad file takes little memory.
    """
    try:
        if path.exists() and not path.is_file():
            raise SourceError(f"{name}: not an ordinary file; name a page that was saved")
        too_long = path.stat().st_size > MAX_BYTES
        data = b"" if too_long else path.read_bytes()
    except OSError as error:
        reason = reason_of(error)
        raise SourceError(f"{name}: cannot be read ({reason}); check its permissions and its disk") from error
    try:
        if too_long or _is_of_too_many_parts(data):
            raise ValueError(f"more than {MAX_STROKES} strokes of {MAX_POINTS} points can be")
        return _page(json.loads(data), name)
    except NOT_OF_THE_LAYOUT as error:
        reason = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise SourceError(f"{name}: no page that was drawn ({reason}); save it again with the canvas, or mend it") from error


def _is_of_too_many_parts(data: bytes) -> bool:
    """Return whether JSON has more lists and numbers than any page: empty lists take twenty times the memory of their text."""
    numbers = 2 * MAX_POINTS + 4 * MAX_STROKES
    brackets = MAX_POINTS + 2 * MAX_STROKES
    return data.count(b",") > 2 * numbers or data.count(b"[") + data.count(b"{") > 2 * brackets


def _page(document: Any, name: str) -> Page:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f'"format" is not "{FORMAT}"')
    version = document.get("version")
    if version != VERSION or isinstance(version, bool):
        raise SourceError(
            f"{name}: a page of version {shortly(version)}, and this camdigits knows version {VERSION}; "
            "open it with the camdigits that saved it, or a newer one"
        )
    width, height = (_whole(document.get(side), side, MIN_SIDE_PX, MAX_SIDE_PX) for side in ("width", "height"))
    colours = [colour.value for colour in PaperColour]
    if document.get("colour") not in colours:
        _refuse("colour", f"one of {', '.join(colours)}", document.get("colour"))
    listed = document.get("strokes")
    if not isinstance(listed, list) or len(listed) > MAX_STROKES:
        _refuse("strokes", f"a list of at most {MAX_STROKES}", listed)
    strokes = tuple(_stroke(stroke, f"strokes[{index}]") for index, stroke in enumerate(listed))
    if sum(len(stroke.points) for stroke in strokes) > MAX_POINTS:
        raise ValueError(f"more than {MAX_POINTS} points")
    picture = _background(document.get("background"), (width, height), name)
    return Page(width, height, PaperColour(document["colour"]), strokes, picture)


def _stroke(value: Any, where: str) -> Stroke:
    if not isinstance(value, dict):
        _refuse(where, "an object", value)
    kinds = [kind.value for kind in StrokeKind]
    if value.get("kind") not in kinds:
        _refuse(f"{where}.kind", f"one of {', '.join(kinds)}", value.get("kind"))
    width_px = value.get("width")
    if not _is_number(width_px) or not 1 <= width_px <= MAX_WIDTH_PX:
        _refuse(f"{where}.width", f"a number from 1 to {MAX_WIDTH_PX}", width_px)
    points = value.get("points")
    if not isinstance(points, list) or not points:
        _refuse(f"{where}.points", "a list of at least one point", points)
    return Stroke(
        tuple(_point(point, f"{where}.points[{index}]") for index, point in enumerate(points)),
        width_px,
        StrokeKind(value["kind"]),
    )


def _point(value: Any, where: str) -> Point:
    if not isinstance(value, list) or len(value) != 2 or not all(_is_number(v) and abs(v) <= REACH_PX for v in value):
        _refuse(where, f"[x, y], two numbers of at most {REACH_PX}", value)
    return value[0], value[1]


def _background(value: Any, size: tuple[int, int], name: str) -> BgrImage | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.startswith(_DATA_URL):
        _refuse("background", f"null or {_DATA_URL}...", value)
    data = base64.b64decode(value.removeprefix(_DATA_URL), validate=True)
    # The size is checked before decoding: a small file can ask for a huge picture.
    claimed = tuple(int.from_bytes(data[at : at + 4], "big") for at in (_PNG_SIZE_AT, _PNG_SIZE_AT + 4))
    if claimed != size:
        raise ValueError("background: not a PNG of the page's size, {}x{}".format(*size))
    picture = decode_picture(data, f"{name}: background")
    if picture.shape[1::-1] != size:
        raise ValueError("background: not a picture of the page's size, {}x{}".format(*size))
    return picture


def _whole(value: Any, where: str, minimum: int, maximum: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
        _refuse(where, f"a whole number from {minimum} to {maximum}", value)
    return value


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refuse(where: str, what: str, value: Any) -> NoReturn:
    raise ValueError(f"{where}: {what}, not {shortly(value)}")


def _encoded(picture: BgrImage) -> str:
    done, data = cv2.imencode(".png", picture)
    if not done:
        raise OutputError("the picture under the strokes cannot be encoded; save a snapshot instead")
    return base64.b64encode(data.tobytes()).decode("ascii")
