"""Assignment: as many pairs as can be, and the cheapest of all such choices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from camdigits.tracking.assignment import assign


def test_where_two_rows_want_one_column_the_one_that_loses_less_gives_way() -> None:
    assert assign([(0, 0, 0.1), (0, 1, 0.2), (1, 0, 0.3), (1, 1, 0.9)]) == [(0, 1), (1, 0)]


def test_two_pairs_that_cost_more_are_better_than_one() -> None:
    assert assign([(0, 0, 0.0), (0, 1, 0.9), (1, 0, 0.9)]) == [(0, 1), (1, 0)]


def test_a_row_for_which_no_column_is_left_has_none() -> None:
    assert assign([(3, 7, 0.4), (5, 7, 0.2)]) == [(5, 7)]
    assert assign([]) == []


@pytest.mark.parametrize("seed", range(40))
def test_it_costs_as_little_as_any_assignment(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 14, 2)
    possible, costs = rng.random(shape) < rng.uniform(0.1, 0.9), rng.random(shape)
    found = assign((row, column, costs[row, column]) for row, column in np.argwhere(possible).tolist())
    table = np.where(possible, costs, 1e3)
    best = [pair for pair in zip(*linear_sum_assignment(table), strict=True) if possible[pair]]
    assert found == best
