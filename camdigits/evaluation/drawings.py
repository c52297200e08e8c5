"""Draws one picture of an evaluation as SVG: its true digits, what was read rightly, and what was not.

Each kind of box has its own shape, line style and sign besides its colour, so that colours are not needed to tell them apart.
"""

from __future__ import annotations

import base64
from statistics import median

import cv2
import imutils
import numpy as np

from camdigits.drawing import palette
from camdigits.evaluation.markup import tag, text
from camdigits.evaluation.outcomes import Outcome
from camdigits.vision.types import BgrImage, Box

EMBEDDED_SIDE_PX = 1280
"""Longest side of an embedded picture, pixels; larger pictures are reduced."""
JPEG_QUALITY = 80
"""Quality of the embedded pictures as JPEG, 0..100."""
MIN_SHOWN_PX = 960
"""Least width at which a picture is shown, pixels. Boxes would hide a smaller one."""
_MISSED = (167, 121, 204)
"""Colour of missed digits, BGR: reddish purple of Okabe & Ito (2008), which the live window does not use."""
KINDS = {
    "right": "read rightly: solid box",
    "mislabelled": "read as another digit: dashes and dots, 'read ≠ true'",
    "false": "read where no digit is: dashed box, crossed out, ✗",
    "missed": "not read: dotted ellipse, ?",
    "true": "the true box: thin double line",
}
"""The kinds of boxes, and what the legend says of each."""


def _hex(colour: palette.Colour) -> str:
    blue, green, red = colour
    return f"#{red:02x}{green:02x}{blue:02x}"


STYLE = f"""
.drawing rect, .drawing ellipse, .drawing path {{ fill: none; vector-effect: non-scaling-stroke; }}
.drawing .halo {{ stroke: #fff; stroke-width: 4.5; stroke-opacity: .75; }}
.drawing .line {{ stroke-width: 2; }}
.right .line {{ stroke: {_hex(palette.BLUE)}; }} .right text {{ fill: {_hex(palette.BLUE)}; }}
.mislabelled .line {{ stroke: {_hex(palette.ORANGE)}; stroke-width: 3; stroke-dasharray: 9 3 2 3; }}
.mislabelled text {{ fill: #7a5200; }}
.false .line {{ stroke: {_hex(palette.VERMILION)}; stroke-width: 2; stroke-dasharray: 7 4; }}
.false .halo {{ stroke-width: 3.5; stroke-opacity: .5; }} .false text {{ fill: {_hex(palette.VERMILION)}; }}
.missed .line {{ stroke: {_hex(_MISSED)}; stroke-width: 3.5; stroke-dasharray: 1 5; stroke-linecap: round; }}
.missed text {{ fill: #8a2f66; }}
.true .halo {{ stroke-width: 2.5; stroke-opacity: .9; }} .true .line {{ stroke: {_hex(palette.SLATE)}; stroke-width: .8; }}
.drawing text {{ font-weight: 700; stroke: #fff; stroke-width: .22em; paint-order: stroke; stroke-linejoin: round; }}
"""
"""The style sheet of the drawings, CSS."""


def draw_outcome(outcome: Outcome, image: BgrImage) -> str:
    """Draw a picture with its boxes. The picture is embedded, reduced to at most `EMBEDDED_SIDE_PX`.

    outcome: what is true and what was read on it.
    image: its pixels, uint8 (H, W, 3) BGR.
    """
    height, width = image.shape[:2]
    size = _lettering_px(outcome, width, height)
    marks = [_mark("true", box, size) for box in outcome.picture.boxes]
    for found in outcome.found:
        message = str(found.digit.label) if found.right else f"{found.digit.label}≠{found.label}"
        marks.append(_mark("right" if found.right else "mislabelled", found.digit.box, size, message, found.digit.confidence))
    marks += [_mark("false", digit.box, size, f"✗{digit.label}", digit.confidence) for digit in outcome.false]
    marks += [_mark("missed", box, size, f"?{label}") for label, box in outcome.missed]
    picture = tag("image", href=_data_uri(image), width=width, height=height)
    return tag(
        "svg",
        picture,
        *marks,
        class_="drawing",
        viewBox=f"0 0 {width} {height}",
        style=f"max-width:{max(width, MIN_SHOWN_PX)}px",
    )


def legend() -> str:
    """Draw a sample of each kind of box, and write what it means."""
    signs = {"right": "3", "mislabelled": "3≠8", "false": "✗3", "missed": "?3", "true": ""}
    samples = [
        tag(
            "li",
            tag("svg", _mark(kind, Box(4, 15, 26, 28), 13, signs[kind]), class_="drawing", width=44, height=47),
            text(message),
        )
        for kind, message in KINDS.items()
    ]
    return tag("ul", *samples, class_="legend")


def _mark(kind: str, box: Box, size_px: float, message: str = "", confidence: float | None = None) -> str:
    shapes = [_shape(kind, box, style) for style in ("halo", "line")]
    if message:
        shapes.append(
            tag("text", text(message), x=box.x, y=max(box.y - 0.25 * size_px, 0.8 * size_px), font_size=float(size_px))
        )
    if confidence is not None:
        shapes.insert(0, tag("title", text(f"read as {message.strip('✗').split('≠')[0]}, {confidence:.2f} sure")))
    return tag("g", *shapes, class_=kind)


def _shape(kind: str, box: Box, style: str) -> str:
    if kind == "missed":
        around = {"cx": box.x + box.width / 2, "cy": box.y + box.height / 2}
        return tag("ellipse", class_=style, rx=0.62 * box.width + 2, ry=0.62 * box.height + 2, **around)
    outline = f"M{box.x} {box.y}h{box.width}v{box.height}h{-box.width}z"
    if kind == "false":
        outline += f"l{box.width} {box.height}m{-box.width} 0l{box.width} {-box.height}"
    return tag("path", class_=style, d=outline)


def _lettering_px(outcome: Outcome, width: int, height: int) -> float:
    heights = [box.height for box in outcome.picture.boxes] or [digit.box.height for digit in outcome.digits] or [height]
    side = max(width, height)
    return min(max(0.5 * median(heights), side / 75), side / 28)


def _data_uri(image: BgrImage) -> str:
    height, width = image.shape[:2]
    if max(height, width) > EMBEDDED_SIDE_PX and min(height, width) > max(height, width) / EMBEDDED_SIDE_PX:
        longer = "width" if width >= height else "height"
        image = np.asarray(imutils.resize(image, **{longer: EMBEDDED_SIDE_PX}), np.uint8)
    coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    return f"data:image/jpeg;base64,{base64.b64encode(coded.tobytes()).decode('ascii')}"
