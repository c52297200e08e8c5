"""Printed characters: digits to be read, letters and signs that are not; drawn from free fonts.

The fonts are those that matplotlib carries (DejaVu, STIX, Computer Modern) and the Hershey strokes of OpenCV.
"""

from __future__ import annotations

import functools
from pathlib import Path

import cv2
import numpy as np

from camdigits.vision.types import Mask

HEIGHT_PX = 96
_FILES = (
    *(f"DejaVu{family}{style}" for family in ("Sans", "SansMono") for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
    *("cmr10", "cmss10", "cmtt10", "cmb10"),
)
_HERSHEY = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_PLAIN,
)


@functools.cache
def font_files() -> tuple[Path, ...]:
    """The outline fonts, in a fixed order."""
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return tuple(folder / f"{name}.ttf" for name in _FILES)


def characters(text: str) -> list[tuple[str, Mask]]:
    """Every character of `text` in every font: (character, mask uint8 (h, w), 255 ink), about `HEIGHT_PX` high."""
    from PIL import Image, ImageDraw, ImageFont

    drawn = []
    for file in font_files():
        font = ImageFont.truetype(str(file), HEIGHT_PX)
        for char in text:
            page = Image.new("L", (3 * HEIGHT_PX, 2 * HEIGHT_PX))
            ImageDraw.Draw(page).text((HEIGHT_PX, HEIGHT_PX // 3), char, fill=255, font=font)
            drawn.append((char, _cropped(np.asarray(page))))
    for face in _HERSHEY:
        for char in text:
            for thickness in (6, 12):
                page_px = np.zeros((3 * HEIGHT_PX, 3 * HEIGHT_PX), np.uint8)
                cv2.putText(page_px, char, (HEIGHT_PX, 2 * HEIGHT_PX), face, 3.5, 255, thickness)
                drawn.append((char, _cropped(page_px)))
    return [(char, mask) for char, mask in drawn if mask.any()]


def _cropped(page: Mask) -> Mask:
    mask = np.where(page > 127, np.uint8(255), np.uint8(0))
    x, y, width, height = cv2.boundingRect(mask)
    return np.ascontiguousarray(mask[y : y + height, x : x + width])
