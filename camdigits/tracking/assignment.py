"""Assignment: match rows with columns where few pairs are possible."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

_UNASSIGNED_COST = 1e3
"""Cost of a row without a column: more than the costs of all pairs together."""


def assign(pairs: Iterable[tuple[int, int, float]]) -> list[tuple[int, int]]:
    """Return the cheapest of the largest choices of pairs, by ascending rows. Each row and column is in one pair at most.

    pairs: possible pairs (row, column, cost). Costs are at least 0; together they are less than `_UNASSIGNED_COST`.

    Each row is added along the shortest path on which earlier rows give way to it (Jonker & Volgenant, 1987).
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

    columns: the column of each row. A row that gets none of its possible columns has one of its own, -1 - row.
    """

    def __init__(self, costs: Mapping[int, Sequence[tuple[int, float]]]) -> None:
        self._costs = costs
        self.columns: dict[int, int] = {}
        self._rows: dict[int, int] = {}
        # Prices of rows and columns: no pair costs less than its two prices together, and a chosen pair costs exactly that.
        self._of_row: dict[int, float] = defaultdict(float)
        self._of_column: dict[int, float] = defaultdict(float)

    def add(self, first: int) -> None:
        """Give one more row a column, as cheaply as possible."""
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
        while row != first:  # each row on the path takes the column that it leads to, and leaves its own to the row before
            row = before[column]
            left = self.columns.get(row, column)
            self.columns[row], self._rows[column] = column, row
            column = left
