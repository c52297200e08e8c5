"""All settings in one place: it gathers the frozen parameters that stand beside their algorithms."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from camdigits.errors import UsageError
from camdigits.tracking.tracker import TrackParams
from camdigits.vision.orientation import Rotation, RotationParams
from camdigits.vision.pipeline import PipelineParams


class Effort(Enum):
    """How much time a frame may cost."""

    THOROUGH = "thorough"
    """As much as the best reading takes."""
    LIVE = "live"
    """Little enough to follow a camera."""


@dataclass(frozen=True)
class Settings:
    """All settings, as a frozen value; the `with_...` methods return changed copies.

    model: the name of a network that ships, or a file; "" is the default network.
    effort: how much time a frame may cost.
    pipeline: how digits are found and read on one frame.
    tracks: how digits are followed from frame to frame.
    rotation: when a page is turned before it is read.
    """

    model: str = ""
    effort: Effort = Effort.THOROUGH
    pipeline: PipelineParams = field(default_factory=PipelineParams)
    tracks: TrackParams = field(default_factory=TrackParams)
    rotation: RotationParams = field(default_factory=RotationParams)

    def with_threshold(self, threshold: float | None) -> Settings:
        """Return these settings with another confidence threshold; None keeps it.

        threshold: a confidence, 0..1.

        Raises UsageError outside that range.
        """
        if threshold is None:
            return self
        if not 0.0 <= threshold <= 1.0:
            raise UsageError(f"the threshold is a confidence between 0 and 1, not {threshold:g}")
        return replace(self, pipeline=replace(self.pipeline, threshold=threshold))

    def with_effort(self, effort: str | None) -> Settings:
        """Return these settings with another effort; None keeps it.

        effort: `thorough` or `live`.

        Raises UsageError for any other name.
        """
        if effort is None:
            return self
        try:
            return replace(self, effort=Effort(effort))
        except ValueError:
            known = " or ".join(each.value for each in Effort)
            raise UsageError(f"the effort is {known}, not {effort}") from None

    def with_rotation(self, rotate: str | int | None) -> Settings:
        """Return these settings with another rotation; None keeps it.

        rotate: `auto`, or 0, 90, 180 or 270 degrees clockwise.

        Raises UsageError for any other rotation.
        """
        if rotate is None:
            return self
        try:
            rotation = Rotation(str(rotate))
        except ValueError:
            known = ", ".join(each.value for each in Rotation)
            raise UsageError(f"pictures can be turned by {known} degrees, not {rotate}") from None
        return replace(self, rotation=replace(self.rotation, rotate=rotation))
