"""What can be set, in one place: the frozen parameters that live beside their algorithms, gathered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from camdigits.errors import UsageError
from camdigits.tracking.tracker import TrackParams
from camdigits.vision.orientation import Rotation, RotationParams
from camdigits.vision.pipeline import PipelineParams


class Effort(Enum):
    """How much a frame may cost."""

    THOROUGH = "thorough"
    """As much as reading it as well as can be takes."""
    LIVE = "live"
    """So little that a camera can be followed."""


@dataclass(frozen=True)
class Settings:
    """All that can be set. A value: what changes it gives another one.

    model: a network that ships, by name, or a file; "" is the default one. effort: how much a frame may cost. pipeline: how
    digits are found and read on one frame. tracks: how they are followed from frame to frame. rotation: when a page is turned.
    """

    model: str = ""
    effort: Effort = Effort.THOROUGH
    pipeline: PipelineParams = field(default_factory=PipelineParams)
    tracks: TrackParams = field(default_factory=TrackParams)
    rotation: RotationParams = field(default_factory=RotationParams)

    def with_threshold(self, threshold: float | None) -> Settings:
        """These settings with another confidence threshold, 0..1; None leaves it. Raises UsageError outside that range."""
        if threshold is None:
            return self
        if not 0.0 <= threshold <= 1.0:
            raise UsageError(f"the threshold is a confidence between 0 and 1, not {threshold:g}")
        return replace(self, pipeline=replace(self.pipeline, threshold=threshold))

    def with_effort(self, effort: str | None) -> Settings:
        """These settings with another effort, by its name; None leaves it. Raises UsageError for anything else."""
        if effort is None:
            return self
        try:
            return replace(self, effort=Effort(effort))
        except ValueError:
            known = " or ".join(each.value for each in Effort)
            raise UsageError(f"the effort is {known}, not {effort}") from None

    def with_rotation(self, rotate: str | int | None) -> Settings:
        """These settings with pictures turned by `rotate`: auto, 0, 90, 180 or 270 degrees clockwise; None leaves it.

        Raises UsageError for anything else.
        """
        if rotate is None:
            return self
        try:
            rotation = Rotation(str(rotate))
        except ValueError:
            known = ", ".join(each.value for each in Rotation)
            raise UsageError(f"pictures can be turned by {known} degrees, not {rotate}") from None
        return replace(self, rotation=replace(self.rotation, rotate=rotation))
