"""Work in steps: generators that yield between the steps and return the result in the end."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Result = TypeVar("Result")
Steps: TypeAlias = Generator[float, None, Result]
"""What is yielded is what the next step costs, told by the size of its work and never by a clock: 1 is what two cores do in
about a millisecond."""

_FRAME_PX = 1280 * 720


def size_share(map_: npt.NDArray[np.uint8]) -> float:
    """How many frames of 1280x720 have as many pixels as a map: what work on all of them is a multiple of."""
    return map_.size / _FRAME_PX


class Load:
    """Puts pieces of work together into steps of about a millisecond.

    pieces: so many small ones are a step; a larger one counts for as many as `piece_px` go into its pixels.
    """

    def __init__(self, pieces: float, piece_px: float = 8000.0) -> None:
        self._pieces, self._piece_px = pieces, piece_px
        self._load = 0.0

    def cost_of(self, area_px: float) -> float:
        """Take in the next piece, before it is done: what the step costs that begins with it, 0 where it goes into this one."""
        share = max(1.0, area_px / self._piece_px)
        if not self._load or self._load + share <= self._pieces:
            self._load += share
            return 0.0
        self._load = share
        return max(1.0, share / self._pieces)


def finished(work: Steps[Result]) -> Result:
    """Do all that is left of the work at once."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: Result = end.value
            return result
