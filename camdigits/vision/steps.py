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


def finished(work: Steps[Result]) -> Result:
    """Do all that is left of the work at once."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: Result = end.value
            return result
