"""Tables of figures, for a terminal or to be pasted into Markdown."""

from __future__ import annotations

import math

import click
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.pictures import Size

Rows = list[list[str]]
"""A heading, and a row for each thing that was measured."""
_WORDS = ("frame", "page", "phase", "promise", "remark")
"""Columns that hold words stand to the left."""


def show(title: str, rows: Rows, markdown: bool) -> None:
    """Print a table, its heading first."""
    if markdown:
        lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
        click.echo(f"\n{title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines))
        return
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for heading in rows[0]:
        table.add_column(heading, justify="left" if heading in _WORDS else "right")
    for row in rows[1:]:
        table.add_row(*row)
    Console(width=230).print(table)


def named(size: Size) -> str:
    return f"{size[0]}x{size[1]}"


def number(value: float) -> str:
    """A figure with as many places as mean something; nothing for NaN."""
    if math.isnan(value):
        return ""
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"
