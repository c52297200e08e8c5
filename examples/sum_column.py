"""Sum the numbers that stand above each other on a page.

    python examples/sum_column.py page.jpg
    python examples/sum_column.py page.jpg --column 2      # the second from the left, not the longest
    python examples/sum_column.py page.jpg --total-below   # the lowest number is the sum somebody wrote: check it

Each number is printed, with a "?" and its confidence beside those that deserve a look; exits with 1 where there is such a one
or the written total is another. Signs, points and commas are not read: -6 counts as 6, and 12.50 as 1250.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import camdigits
from camdigits.errors import CamdigitsError

MAX_GAP = 3.0
"""The next number of a column stands at most this far below, in heights of a number; what is further away is something else."""


def columns_of(numbers: Sequence[camdigits.Number]) -> list[list[camdigits.Number]]:
    """The numbers by columns, those from left to right, each from top to bottom."""
    above: dict[camdigits.Number, camdigits.Number] = {}
    for number in sorted(numbers, key=lambda number: number.box.y):
        lower = [other for other in numbers if other not in above and stands_above(number.box, other.box)]
        if lower:
            above[min(lower, key=lambda other: other.box.y)] = number
    columns = []
    for top in numbers:
        if top not in above:
            column = [top]
            while below := [number for number in above if above[number] is column[-1]]:
                column += below
            columns.append(column)
    return sorted(columns, key=lambda column: column[0].box.x)


def stands_above(upper: camdigits.Box, lower: camdigits.Box) -> bool:
    """Whether a number at `upper` and one at `lower` are in one column: more than half of the narrower one faces the other."""
    shared = min(upper.right, lower.right) - max(upper.x, lower.x)
    gap = lower.y - upper.bottom
    height = max(upper.height, lower.height)
    return shared > min(upper.width, lower.width) / 2 and lower.y > upper.y and gap < MAX_GAP * height


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("page", help="a picture")
    parser.add_argument("--column", type=int, metavar="N", help="the Nth column from the left [the longest]")
    parser.add_argument("--total-below", action="store_true", help="the lowest number is a sum, to be checked")
    parser.add_argument("--sure", type=float, default=0.9, metavar="P", help="flag numbers of a lower confidence [0.9]")
    options = parser.parse_args(arguments)
    try:
        scene = camdigits.Recognizer().recognize(options.page)
    except CamdigitsError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    columns = columns_of(scene.numbers)
    if options.column is not None and not 1 <= options.column <= len(columns):
        parser.error(f"there are {len(columns)} columns on that page, no column {options.column}")
    column = columns[options.column - 1] if options.column else max(columns, key=len, default=[])
    written = column.pop() if options.total_below and column else None

    total = sum(int(number.text) for number in column)
    width = max([len(number.text) for number in column] + [len(str(total))])
    for number in column:
        print(f"{number.text:>{width}}{'' if number.confidence >= options.sure else f'  ? {number.confidence:.2f}'}")
    print("-" * width)
    print(f"{total:>{width}}{f'  but {written} is written' if written and int(written.text) != total else ''}")
    doubtful = [number for number in (*column, *([written] if written else [])) if number.confidence < options.sure]
    return int(bool(doubtful) or (written is not None and int(written.text) != total))


if __name__ == "__main__":
    sys.exit(main())
