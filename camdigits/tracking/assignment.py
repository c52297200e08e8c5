"""Assignment: which of some rows goes with which of some columns, where few pairs are possible."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

_UNASSIGNED_COST = 1e3
"""What it costs that a row has no column: more than the pairs of all rows do together."""


def assign(pairs: Iterable[tuple[int, int, float]]) -> list[tuple[int, int]]:
    """Of the possible pairs (row, column, cost) as many as can be, each row and column in one at most; of all such choices the
    one that costs least. By ascending rows.

    Row by row the shortest way is searched on which those before give way to it (Jonker & Volgenant, 1987). Costs are at least
    0, and together less than `_UNASSIGNED_COST`.
    """
    costs: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for row, column, cost in pairs:
        costs[row].append((column, cost))
    search = _Search(costs)
    for row in costs:
        search.add(row)
    return sorted((row, column) for row, column in search.columns.items() if column >= 0)


class _Search:
    """An assignment that grows row by row.

    columns: the column of each row; where it has none of those that are possible, one of its own, -1 - row.
    """

    def __init__(self, costs: Mapping[int, Sequence[tuple[int, float]]]) -> None:
        self._costs = costs
        self.columns: dict[int, int] = {}
        self._rows: dict[int, int] = {}
        # Prices of rows and columns: no pair costs less than both of its prices, and one that is chosen costs as much.
        self._of_row: dict[int, float] = defaultdict(float)
        self._of_column: dict[int, float] = defaultdict(float)

    def add(self, first: int) -> None:
        """Give one more row its column, as cheaply as can be."""
        lengths: dict[int, float] = {}
        before: dict[int, int] = {}
        ended: set[int] = set()
        heap: list[tuple[float, int]] = []
        row, length = first, 0.0
        while True:
            for column, cost in (*self._costs[row], (-1 - row, _UNASSIGNED_COST)):
                path_cost = length + cost - self._of_row[row] - self._of_column[column]
                if column not in ended and path_cost < lengths.get(column, math.inf):
                    lengths[column], before[column] = path_cost, row
                    heapq.heappush(heap, (path_cost, column))
            length, column = heapq.heappop(heap)
            while column in ended:
                length, column = heapq.heappop(heap)
            if column not in self._rows:
                break
            ended.add(column)
            row = self._rows[column]
        self._of_row[first] += length
        for passed in ended:
            self._of_row[self._rows[passed]] += length - lengths[passed]
            self._of_column[passed] -= length - lengths[passed]
        row = -1
        while row != first:  # each row on the way takes the column that it leads to, and leaves its own to the one before
            row = before[column]
            left = self.columns.get(row, column)
            self.columns[row], self._rows[column] = column, row
            column = left
