"""The colours, in BGR, in one place: after Okabe & Ito (2008), so that colour-blind people can tell them apart too."""

from __future__ import annotations

Colour = tuple[int, int, int]
"""Blue, green and red, 0..255 each."""

BLUE: Colour = (178, 114, 0)
ORANGE: Colour = (0, 159, 230)
VERMILION: Colour = (0, 94, 213)
RED: Colour = (90, 90, 255)
GREEN: Colour = (115, 158, 0)
YELLOW: Colour = (66, 228, 240)
WHITE: Colour = (255, 255, 255)
PALE: Colour = (244, 242, 240)
MIST: Colour = (216, 212, 208)
GREY: Colour = (120, 114, 108)
SLATE: Colour = (52, 46, 40)
INK: Colour = (24, 20, 16)

SURE = BLUE
"""Colour of confident digits."""
UNSURE = VERMILION
"""Colour of digits that are not confident."""
NUMBER = GREEN
"""Colour of numbers."""
SURE_FROM = 0.9
"""Confidence, 0..1, from which a reading is drawn as confident."""


def is_sure(confidence: float) -> bool:
    """Return whether a reading of that confidence, 0..1, needs no second look."""
    return confidence >= SURE_FROM


def of_confidence(confidence: float) -> Colour:
    """Return the colour of a reading by its confidence, 0..1."""
    return SURE if is_sure(confidence) else UNSURE
