"""What each purpose of reading changes of the user's parameters."""

from __future__ import annotations

from dataclasses import replace

import pytest

from camdigits.vision.pipeline import PipelineParams
from camdigits.vision.presets import CANVAS, LIVE, LIVE_PROPOSALS, ORIENTATION, PROPOSALS, STILL, Preset

USUAL = PipelineParams()


def test_a_picture_is_read_as_the_user_has_it() -> None:
    own = replace(USUAL, threshold=0.7, light_strokes=False, none_weight=0.4, context=False)
    assert STILL.applied_to(own) == own


def test_what_is_followed_is_read_in_all_ways_also_where_it_is_in_doubt() -> None:
    assert PROPOSALS.applied_to(USUAL) == replace(USUAL, threshold=0.15, grouped=False)
    assert PROPOSALS.applied_to(replace(USUAL, threshold=0.05)).threshold == 0.05
    assert LIVE_PROPOSALS.applied_to(USUAL) == LIVE.applied_to(PROPOSALS.applied_to(USUAL))


@pytest.mark.parametrize("preset", [LIVE, ORIENTATION])
def test_quick_readings_see_ink_in_one_way_and_cut_texture_short(preset: Preset) -> None:
    params = preset.applied_to(USUAL)
    assert (params.all_variants, params.threshold, params.light_strokes, params.context) == (False, USUAL.threshold, True, True)
    for cap in ("max_candidates", "max_joined", "max_chains"):
        assert getattr(params.candidates, cap) < getattr(USUAL.candidates, cap)


def test_caps_of_the_user_that_are_lower_stay() -> None:
    own = replace(USUAL, candidates=replace(USUAL.candidates, max_candidates=20))
    assert LIVE.applied_to(own).candidates.max_candidates == 20


def test_on_the_canvas_every_stroke_is_meant() -> None:
    params = CANVAS.applied_to(USUAL)
    assert (params.all_variants, params.light_strokes, params.context) == (False, False, False)
    assert params.none_weight < USUAL.none_weight
    assert params.candidates.single_mask_support == 1.0
    assert CANVAS.applied_to(params) == params
