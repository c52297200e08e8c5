"""Amendments: what the user said of places on what is shown, for as long as it holds there."""

from __future__ import annotations

from camdigits.learning.amendments import SAME_PLACE_IOU, Amendment, apply_amendments, crop_of
from camdigits.vision.types import BgrImage, Box, Glyph, Scene


class Amendments:
    """What the user said of digits, in place of what is read there.

    page: whether all frames show one page that only the user changes (the canvas). What they said of a place then holds until
    its strokes are gone; else what they said of a digit that is not followed ends with its frame.
    """

    def __init__(self, page: bool) -> None:
        self._page = page
        self._made: tuple[Amendment, ...] = ()

    def apply(self, seen: Scene) -> Scene:
        """The scene as the user has it."""
        return apply_amendments(seen, self._made)

    def add(self, seen: Scene, image: BgrImage, box: Box, label: int | None) -> tuple[Glyph, int | None]:
        """Take it that a digit, or None, stands in that box of a scene: its crop, and what had been read there, if anything.

        Raises ValueError where there is no ink.
        """
        glyph = crop_of(seen, box, image)
        was = max(seen.digits, key=lambda digit: digit.box.iou(box), default=None)
        if was is not None and was.box.iou(box) < SAME_PLACE_IOU:
            was = None
        read = None if was is None else was.label
        amendment = Amendment(box if was is None else was.box, label, read, None if was is None else was.track)
        self._made = (*self._made, amendment)
        return glyph, read

    def clear(self) -> None:
        """Drop them all."""
        self._made = ()

    def next_frame(self) -> None:
        """Another frame is shown."""
        if not self._page:
            # What is not followed stands elsewhere on the next frame, or is another page.
            self._made = tuple(amendment for amendment in self._made if amendment.track is not None)

    def read(self, seen: Scene) -> None:
        """That was read on the frame that is shown."""
        if self._page:
            # What is drawn there once its strokes are gone is another digit.
            self._made = tuple(amendment for amendment in self._made if has_strokes(seen, amendment.box))


def has_strokes(scene: Scene, box: Box) -> bool:
    """Whether any of the crops that the network got reaches into that box: the lines of squared paper give none."""
    return scene.evidence is None or any(crop.intersection_area(box) for crop in scene.evidence.boxes)
