"""The selection: what the user has clicked, and where it is now."""

from __future__ import annotations

from typing import NamedTuple

from camdigits.learning.amendments import SAME_PLACE_IOU
from camdigits.live.feed import Feed
from camdigits.live.overlay import Chosen
from camdigits.vision.types import Box, Digit, Number, Scene


class _Selected(NamedTuple):
    """A place, the digit that was read there, if any, and whether the user has corrected it."""

    box: Box
    digit: Digit | None
    corrected: bool = False


class Selection:
    """The selected digit, the selected place without a digit, or nothing."""

    def __init__(self) -> None:
        self._selected: _Selected | None = None

    def __bool__(self) -> bool:
        return self._selected is not None

    def select(self, digit: Digit | None) -> None:
        """Select a digit, or nothing for None."""
        self._selected = None if digit is None else _Selected(digit.box, digit)

    def select_place(self, box: Box) -> None:
        """Select a place where no digit was read, pixels of the frame."""
        self._selected = _Selected(box, None)

    def clear(self) -> None:
        """Select nothing."""
        self._selected = None

    def correct(self, feed: Feed, label: int | None) -> None:
        """Note that the user has corrected the selection, and that the feed has the correction.

        label: the digit, or None for no digit.
        """
        if self._selected is None:
            return
        box, digit, _ = self._selected
        if digit is None and label is not None:  # a digit that was missed, and is in the scene now
            digit = same_digit(feed.scene, Digit(label, 1.0, box))
        self._selected = _Selected(box, digit, corrected=True)

    def follow(self, feed: Feed) -> Chosen | None:
        """Return what is selected, where it is now; None, and nothing selected, once it is gone."""
        if self._selected is None:
            return None
        box, digit, corrected = self._selected
        now = None if digit is None else same_digit(feed.scene, digit)
        if now is not None:
            self._selected = _Selected(now.box, now)
            return Chosen(now.box, now, feed.history.moments(now.track))
        is_lost = digit is not None and digit.track is not None and not corrected
        if is_lost or feed.is_wiped(box):
            self._selected = None
            return None
        return Chosen(box)

    def number(self, feed: Feed) -> Number | None:
        """Return the number that the selected digit belongs to, if any."""
        chosen = self.follow(feed)
        if chosen is None or chosen.digit is None:
            return None
        scene = feed.scene
        return next(
            (number for number in scene.numbers if any(scene.digits[place] == chosen.digit for place in number.digits)), None
        )


def digit_at(scene: Scene, x: int, y: int) -> Digit | None:
    """Return the digit at a pixel of the frame; of several the smallest."""
    found = [digit for digit in scene.digits if digit.box.x <= x < digit.box.right and digit.box.y <= y < digit.box.bottom]
    return min(found, key=lambda digit: digit.box.area, default=None)


def same_digit(scene: Scene, digit: Digit) -> Digit | None:
    """Return a digit as it is in another scene: by its track, or else by its place; None where it is not there."""
    if digit.track is not None:
        return next((each for each in scene.digits if each.track == digit.track), None)
    near = [each for each in scene.digits if each.box.iou(digit.box) > SAME_PLACE_IOU]
    return max(near, key=lambda each: each.box.iou(digit.box), default=None)
