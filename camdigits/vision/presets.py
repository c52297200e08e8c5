"""Presets: how each purpose of reading changes the parameters that the user set."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

from camdigits.vision.pipeline import PipelineParams

NO_CAP = sys.maxsize
"""A cap that leaves the user's value as it is."""


@dataclass(frozen=True)
class Preset:
    """What one purpose changes in `PipelineParams`; the default changes nothing.

    max_threshold: maximum confidence threshold, 0..1; a higher one of the user is lowered to it.
    all_variants, light_strokes, context, grouped: False turns the step off; True keeps the user's choice.
    none_weight, single_mask_support: replace the user's values; None keeps them.
    max_candidates, max_joined, max_chains: caps on the user's values.
    """

    max_threshold: float = 1.0
    all_variants: bool = True
    light_strokes: bool = True
    context: bool = True
    grouped: bool = True
    none_weight: float | None = None
    single_mask_support: float | None = None
    max_candidates: int = NO_CAP
    max_joined: int = NO_CAP
    max_chains: int = NO_CAP

    def applied_to(self, params: PipelineParams) -> PipelineParams:
        """Return the user's parameters with this preset applied."""
        candidate_params = params.candidates
        return replace(
            params,
            threshold=min(params.threshold, self.max_threshold),
            all_variants=params.all_variants and self.all_variants,
            light_strokes=params.light_strokes and self.light_strokes,
            context=params.context and self.context,
            grouped=params.grouped and self.grouped,
            none_weight=params.none_weight if self.none_weight is None else self.none_weight,
            candidates=replace(
                candidate_params,
                single_mask_support=candidate_params.single_mask_support
                if self.single_mask_support is None
                else self.single_mask_support,
                max_candidates=min(candidate_params.max_candidates, self.max_candidates),
                max_joined=min(candidate_params.max_joined, self.max_joined),
                max_chains=min(candidate_params.max_chains, self.max_chains),
            ),
        )


STILL = Preset()
"""A single picture, read as well as possible."""
LIVE = Preset(all_variants=False, max_candidates=450, max_joined=60, max_chains=10)
"""A camera frame, soon followed by the next. It uses the main mask alone, and caps bound the time that texture takes. A page of
400 digits loses none."""
PROPOSALS = Preset(max_threshold=0.15, grouped=False)
"""A frame whose digits are followed. Several frames decide about a digit together, so doubtful ones are read too. Numbers are
grouped later."""
LIVE_PROPOSALS = replace(LIVE, max_threshold=PROPOSALS.max_threshold, grouped=False)
"""A frame whose digits are followed while the page moves: the threshold of `PROPOSALS`, at the speed of `LIVE`."""
ORIENTATION = Preset(all_variants=False, max_candidates=200, max_joined=40, max_chains=8)
"""A quick look at which way up a page lies. It uses the main mask and few candidates, the largest strokes."""
CANVAS = Preset(all_variants=False, light_strokes=False, context=False, none_weight=0.05, single_mask_support=1.0)
"""A page drawn on the canvas. Its strokes are deliberate and sharp: a bar by itself is a 1."""
