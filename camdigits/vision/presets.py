"""Presets: what each purpose of reading changes of the parameters that the user set."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

from camdigits.vision.pipeline import PipelineParams

NO_CAP = sys.maxsize


@dataclass(frozen=True)
class Preset:
    """What a purpose changes of `PipelineParams`; the default changes nothing.

    max_threshold: digits of this confidence, 0..1, are read also where the user's threshold is higher.
    all_variants, light_strokes, context, grouped: False leaves that out; True leaves it as the user has it.
    none_weight, single_mask_support: used in place of the user's; None leaves his.
    max_candidates, max_joined, max_chains: caps of what the classifier is asked about, where the user's are higher.
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
        """The user's parameters, as far as this preset leaves them."""
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
"""A picture, read as well as can be."""
LIVE = Preset(all_variants=False, max_candidates=450, max_joined=60, max_chains=10)
"""A frame of a camera, which comes again at once: ink is seen in one way, and texture is cut short. A page of 400 digits loses
none."""
PROPOSALS = Preset(max_threshold=0.15, grouped=False)
"""A frame whose digits are followed. All their frames decide: what one leaves in doubt is read too, and numbers come later."""
LIVE_PROPOSALS = replace(LIVE, max_threshold=PROPOSALS.max_threshold, grouped=False)
"""The same while the page moves, read as quickly as `LIVE`."""
ORIENTATION = Preset(all_variants=False, max_candidates=200, max_joined=40, max_chains=8)
"""What can be told from a few candidates, which way up a page lies: ink is seen in one way, and only its largest strokes."""
CANVAS = Preset(all_variants=False, light_strokes=False, context=False, none_weight=0.05, single_mask_support=1.0)
"""A page on which every stroke is meant, and sharp: a bar by itself is a 1 there."""
