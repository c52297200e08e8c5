"""What can be set, in one place: the frozen parameters that live beside their algorithms, gathered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from camdigits.errors import UsageError
from camdigits.vision.pipeline import PipelineParams
from camdigits.vision.tracks import TrackParams


@dataclass(frozen=True)
class Settings:
    """model: a network that ships, by name, or a file."""

    model: str = ""
    pipeline: PipelineParams = field(default_factory=PipelineParams)
    tracks: TrackParams = field(default_factory=TrackParams)

    def with_threshold(self, threshold: float | None) -> Settings:
        """These settings with another confidence threshold, 0..1; None leaves it. Raises UsageError outside that range."""
        if threshold is None:
            return self
        if not 0.0 <= threshold <= 1.0:
            raise UsageError(f"the threshold is a confidence between 0 and 1, not {threshold:g}")
        return replace(self, pipeline=replace(self.pipeline, threshold=threshold))
