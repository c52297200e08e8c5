"""A candidate is judged by the company it keeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camdigits.vision.context import CONTEXT_FEATURES, FEATURES, ContextWeights, context_features, score_context, scoreable
from camdigits.vision.types import Box, Candidate, Reading

STICK, DIGIT = Box(100, 100, 8, 40), Box(120, 100, 26, 40)


def candidate(box: Box, stroke_px: float = 4.0) -> Candidate:
    return Candidate(box, np.full((box.height, box.width), 255, np.uint8), stroke_px)


def features_of(*candidates: tuple[Box | Candidate, float], frame: tuple[int, int] = (480, 640)) -> dict[str, np.ndarray]:
    """The columns by name; candidates: a box or region, and how surely the network called it a digit."""
    found = [candidate(one) if isinstance(one, Box) else one for one, _ in candidates]
    columns = context_features(found, [Reading(1, confidence) for _, confidence in candidates], frame)
    return dict(zip(FEATURES, columns.T, strict=True))


class TestCompany:
    def test_a_stick_beside_digits_of_its_height_has_a_neighbour(self) -> None:
        beside = features_of((STICK, 0.5), (DIGIT, 0.99))
        alone = features_of((STICK, 0.5), (Box(120, 400, 26, 40), 0.99))
        taller = features_of((STICK, 0.5), (Box(120, 20, 60, 200), 0.99))
        assert beside["stick"].tolist() == [1.0, 0.0]
        assert beside["neighbour"][0] > 0.5
        assert alone["neighbour"][0] < 0.05
        assert taller["neighbour"][0] < 0.2

    def test_a_digit_far_off_in_the_same_row_is_kin_and_no_neighbour(self) -> None:
        apart = features_of((STICK, 0.5), (Box(500, 100, 26, 40), 0.99))
        assert apart["neighbour"][0] < 0.05
        assert apart["kin"][0] > 0.9
        assert apart["row"][0] > 0.9

    def test_digits_below_are_a_column_and_no_row(self) -> None:
        below = features_of((STICK, 0.5), (Box(90, 150, 26, 40), 0.99), (Box(90, 200, 26, 40), 0.99))
        assert below["column"][0] > 0.7
        assert below["row"][0] < 0.1
        assert below["neighbour"][0] < 0.1

    def test_sticks_in_a_row_keep_each_other_company(self) -> None:
        row = features_of(*((Box(100 + 30 * k, 100, 6, 40), 0.6) for k in range(4)))
        lone = features_of((Box(100, 100, 6, 40), 0.6))
        assert row["sticks"].min() > 0.8
        assert lone["sticks"][0] == 0.0

    def test_no_candidate_is_its_own_company(self) -> None:
        lone = features_of((DIGIT, 0.99))
        assert [lone[name][0] for name in ("neighbour", "kin", "row", "column")] == [0.0] * 4

    def test_another_try_at_the_same_stroke_is_no_company(self) -> None:
        twice = features_of((DIGIT, 0.99), (Box(121, 99, 27, 42), 0.99))
        assert [twice[name][0] for name in ("neighbour", "kin", "row", "column")] == [0.0] * 4

    @pytest.mark.parametrize("change", [{"joined": True}, {"cut": True}, {"support": 0.1}], ids=["pair", "piece", "one map"])
    def test_a_mere_try_is_nobodys_company(self, change: dict[str, float]) -> None:
        beside = features_of((STICK, 0.5), (replace(candidate(DIGIT), **change), 0.99))
        assert [beside[name][0] for name in ("neighbour", "kin", "row", "column", "company")] == [0.0] * 5

    def test_letters_beside_are_foreign(self) -> None:
        beside = features_of((DIGIT, 0.9), (Box(150, 100, 26, 40), 0.05), (Box(180, 100, 26, 40), 0.05))
        far = features_of((DIGIT, 0.9), (Box(150, 300, 26, 40), 0.05), (Box(180, 300, 26, 40), 0.05))
        assert beside["foreign"][0] > 0.8
        assert far["foreign"][0] < 0.05
        assert features_of((DIGIT, 0.9), (Box(150, 100, 26, 40), 0.95))["foreign"][0] == 0.0

    def test_rejected_marks_around_are_junk(self) -> None:
        texture = [(Box(100 + 30 * k, 100 + 25 * j, 14, 20), 0.05) for k in range(3) for j in range(3)]
        lone = Box(130, 125, 8, 24)
        assert features_of((lone, 0.9), *texture)["junk"][0] > features_of((lone, 0.9))["junk"][0]

    def test_clean_ground_is_told_from_clutter(self) -> None:
        clutter = [(Box(300 + 30 * k, 300, 14, 20), 0.05) for k in range(9)]
        assert features_of((DIGIT, 0.99))["clean"][0] > 2 * features_of((DIGIT, 0.99), *clutter)["clean"][0]

    def test_a_clean_sheet_on_a_rough_wall_is_clean_where_the_digits_are(self) -> None:
        wall = [(Box(20 + 25 * k, y, 14, 30), 0.15) for k in range(20) for y in (4, 440)]
        page = [(Box(250 + 60 * k, 220, 26, 30), 0.99) for k in range(3)]
        features = features_of(*page, *wall)
        assert features["around"][:3].min() > 3 * features["around"][3:].max()
        assert features["clean"].max() < 0.2

    def test_what_the_network_refuses_outright_is_company_and_not_judged(self) -> None:
        readings = [Reading(1, confidence) for confidence in (0.99, 0.0, 0.001, 0.4)]
        assert scoreable(readings).tolist() == [0, 3]
        refused = features_of((DIGIT, 0.9), (Box(150, 100, 26, 40), 0.0))
        assert refused["odds"].shape == (1,)
        assert refused["foreign"][0] > 0.5

    def test_no_candidates_have_no_features(self) -> None:
        assert context_features([], [], (480, 640)).shape == (0, len(FEATURES))
        assert context_features([candidate(DIGIT)], [Reading(1, 0.0)], (480, 640)).shape == (0, len(FEATURES))


class TestCandidate:
    def test_surer_readings_have_higher_odds(self) -> None:
        logits = features_of((DIGIT, 0.3), (Box(200, 100, 26, 40), 0.9))["odds"]
        assert logits[0] < 0 < logits[1]

    def test_how_it_came_about_is_known(self) -> None:
        pair, piece = replace(candidate(DIGIT), joined=True), replace(candidate(Box(200, 100, 26, 40)), cut=True, support=0.25)
        features = features_of((pair, 0.9), (piece, 0.9))
        assert features["joined"].tolist() == [1.0, 0.0]
        assert features["cut"].tolist() == [0.0, 1.0]
        assert features["votes"].tolist() == [1.0, 0.25]

    @pytest.mark.parametrize("box", [Box(0, 100, 26, 40), Box(614, 100, 26, 40), Box(100, 0, 26, 40), Box(100, 440, 26, 40)])
    def test_one_at_the_border_of_the_frame_may_go_on_beyond_it(self, box: Box) -> None:
        assert features_of((box, 0.9), (Box(300, 200, 26, 40), 0.9))["border"].tolist() == [1.0, 0.0]

    def test_a_part_of_a_digit_lies_within_it(self) -> None:
        whole, part = Box(100, 100, 30, 60), Box(102, 102, 26, 26)
        features = features_of((whole, 0.95), (part, 0.6), (Box(300, 100, 30, 60), 0.9))
        assert features["within"][1] > 2
        assert features["within"][0] == features["within"][2] < -9
        assert features["whole"][1] == pytest.approx(np.log(1800 / 676))
        assert features["parts"][0] == pytest.approx(np.log(0.6 / 0.4), abs=1e-3)
        assert features["parts"][1] == features["parts"][2] < -9

    def test_another_pen_is_noticed(self) -> None:
        digits = [(Box(100 + 40 * k, 100, 26, 40), 0.99) for k in range(3)]
        same, fatter = (features_of(*digits, (candidate(Box(300, 100, 26, 40), pen), 0.5))["stroke"] for pen in (4.0, 10.0))
        assert same[3] == 0.0
        assert fatter[3] == pytest.approx(np.log(2.5))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.integers(2, 500), st.integers(2, 300), st.integers(2, 60), st.integers(5, 80), st.sampled_from((0.01, 0.4, 0.9))
        ),
        max_size=10,
    )
)
def test_a_page_at_twice_the_size_is_judged_alike(marks: list[tuple[int, int, int, int, float]]) -> None:
    small = features_of(*((candidate(Box(*box), 4.0), confidence) for *box, confidence in marks))
    large = features_of(
        *((candidate(Box(*(2 * v for v in box)), 8.0), confidence) for *box, confidence in marks), frame=(960, 1280)
    )
    for name in FEATURES:
        assert small[name] == pytest.approx(large[name], abs=1e-4), name


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 400), st.integers(1, 40), st.integers(5, 80)), max_size=12))
def test_features_are_finite_and_judged_between_zero_and_one(boxes: list[tuple[int, int, int, int]]) -> None:
    candidates = [candidate(Box(*box)) for box in boxes]
    features = context_features(candidates, [Reading(3, 1.0)] * len(boxes), (480, 640))
    assert features.shape == (len(boxes), len(FEATURES))
    assert np.isfinite(features).all()
    unseen = np.zeros((len(boxes), len(CONTEXT_FEATURES) - len(FEATURES)), np.float32)
    probabilities = score_context(np.concatenate([features, unseen], axis=1), weights())
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


def weights() -> ContextWeights:
    rng = np.random.default_rng(0)
    count = len(CONTEXT_FEATURES)
    columns = rng.normal(size=(4, count)).astype(np.float32)
    return ContextWeights(columns[0], np.abs(columns[1]) + 1, columns[:3].T.copy(), columns[0, :3], columns[1, :3], 0.1)


def test_weights_survive_a_model_card() -> None:
    again = ContextWeights.from_dict(weights().to_dict())
    features = np.random.default_rng(1).normal(size=(5, len(CONTEXT_FEATURES))).astype(np.float32)
    assert np.allclose(score_context(features, again), score_context(features, weights()), atol=1e-3)


def test_weights_of_other_features_or_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="other features"):
        ContextWeights.from_dict({**weights().to_dict(), "features": ["odds"]})
    with pytest.raises(ValueError, match="another shape"):
        ContextWeights.from_dict({**weights().to_dict(), "out": [1.0]})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300, 10**400])
def test_weights_that_no_fit_gives_are_refused(value: float) -> None:
    with pytest.raises((ValueError, OverflowError)):
        ContextWeights.from_dict({**weights().to_dict(), "out_bias": value})
    with pytest.raises((ValueError, OverflowError)):
        ContextWeights.from_dict({**weights().to_dict(), "mean": [value] * len(CONTEXT_FEATURES)})


def test_features_without_spread_have_no_weights() -> None:
    with pytest.raises(ValueError, match="scale of 0"):
        ContextWeights.from_dict({**weights().to_dict(), "scale": [0.0] * len(CONTEXT_FEATURES)})


def test_what_is_judged_beyond_all_doubt_has_odds_of_0_or_1() -> None:
    count = len(CONTEXT_FEATURES)
    sides = np.array([1.0, -1.0], np.float32)
    plain = np.zeros(count, np.float32), np.ones(count, np.float32)
    weighed = ContextWeights(*plain, np.outer(plain[1], sides), np.zeros(2, np.float32), sides, 0.0)
    features = np.outer(1e4 * sides, plain[1]).astype(np.float32)
    assert score_context(features, weighed).round(6).tolist() == [1.0, 0.0]
