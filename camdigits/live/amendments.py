"""Amendments: the user's corrections on what is shown, for as long as they hold there."""

from __future__ import annotations

from camdigits.learning.amendments import SAME_PLACE_IOU, Amendment, apply_amendments, crop_of
from camdigits.vision.types import BgrImage, Box, Glyph, Scene


class Amendments:
    """The labels that the user gave, in place of what was read.

    page: whether all frames show one page that only the user changes (the canvas). A correction of a place then holds until
        its strokes are gone. Otherwise a correction of a digit without a track ends with its frame.
    """

    def __init__(self, page: bool) -> None:
        self._page = page
        self._made: tuple[Amendment, ...] = ()

    def apply(self, seen: Scene) -> Scene:
        """Return the scene with the user's corrections."""
        return apply_amendments(seen, self._made)

    def add(self, seen: Scene, image: BgrImage, box: Box, label: int | None) -> tuple[Glyph, int | None]:
        """Correct what stands in a box of a scene; return its crop, and the label that was read there, if any.

        label: the digit, or None where there is none.

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
        """Note that another frame is shown: drop the corrections of digits without a track."""
        if not self._page:
            # A digit without a track stands elsewhere on the next frame, or the page is another one.
            self._made = tuple(amendment for amendment in self._made if amendment.track is not None)

    def read(self, seen: Scene) -> None:
        """Note what was read on the frame that is shown: drop corrections whose strokes are gone."""
        if self._page:
            # What is drawn there after its strokes are gone is another digit.
            self._made = tuple(amendment for amendment in self._made if has_strokes(seen, amendment.box))


def has_strokes(scene: Scene, box: Box) -> bool:
    """Return whether any crop that the network got reaches into that box; the lines of squared paper give no crops."""
    return scene.evidence is None or any(crop.intersection_area(box) for crop in scene.evidence.boxes)
