"""A picture as a camera shows it, frame by frame: carried by a hand, or at rest. The same frames at every run."""

from __future__ import annotations

import cv2
import numpy as np

from camdigits.vision.types import BgrImage

FRAME_PERIOD_S = 1 / 30
"""A camera gives a frame this often."""
NOISE = 4.0
"""Standard deviation of each pixel's noise, in grey levels."""
SHAKE_PX = 1.0
"""By so much, at most, a page at rest is off its place, to each side."""
SWING = (0.033, 0.03)
"""How far a carried page swings to each side, as shares of the frame's width and height: its digits stay in the frame."""
SWING_FRAMES = 18
"""Frames of one swing: at 1280x720 the page moves by 8 to 15 pixels a frame, and is never at rest."""
TURN_DEGREES = 0.25
_SPARE_PX = 64
"""One noise is laid over each frame at another place, at most so far off: fresh noise would take longer than what is timed."""


class HandHeld:
    """Frames of a picture, uint8 (H, W, 3) BGR; each call gives the next."""

    def __init__(self, image: BgrImage, seed: int = 0) -> None:
        self._image = image
        self._rng = np.random.default_rng(seed)
        height, width = image.shape[:2]
        noise = self._rng.standard_normal((height + _SPARE_PX, width + _SPARE_PX, 3), np.float32)
        self._noise = np.round(NOISE * noise).astype(np.int16)
        self._moved = 0

    def carried(self) -> BgrImage:
        """The next frame of a page that swings about, shaking."""
        height, width = self._image.shape[:2]
        self._moved += 1
        phase = 2 * np.pi * self._moved / SWING_FRAMES
        x, y = SWING[0] * width * np.sin(phase), SWING[1] * height * np.cos(phase)
        return self._frame(x, y, TURN_DEGREES * np.sin(phase / 2))

    def at_rest(self) -> BgrImage:
        """The next frame of a page that shakes only, where it was left."""
        return self._frame(0.0, 0.0, 0.0)

    def _frame(self, x: float, y: float, degrees: float) -> BgrImage:
        height, width = self._image.shape[:2]
        matrix = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), float(degrees), 1.0), np.float64)
        matrix[:, 2] += np.array([x, y]) + self._rng.uniform(-SHAKE_PX, SHAKE_PX, 2)
        moved = cv2.warpAffine(self._image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        top, left = self._rng.integers(0, _SPARE_PX, 2)
        noise = self._noise[top : top + height, left : left + width]
        return np.asarray(cv2.add(moved, noise, dtype=cv2.CV_8U), np.uint8)
