"""Options that several commands share, each defined once: name, type and help text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from camdigits.cli.settings_file import CONFIG, use_settings

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class Size(click.ParamType[tuple[int, int]]):
    name = "WxH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        width, _, height = str(value).lower().partition("x")
        if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
            self.fail(f"a size is written like 1280x720, not {value!r}", param, ctx)
        return int(width), int(height)


def _default_model() -> str:
    from camdigits.runtime.models import DEFAULT_MODEL

    return DEFAULT_MODEL


def _default_threshold() -> float:
    from camdigits.settings import Settings

    return Settings().pipeline.threshold


def default_effort() -> str:
    from camdigits.settings import Settings

    return Settings().effort.value


FILE = click.Path(dir_okay=False, path_type=Path)
"""A path that is no folder; it need not exist."""
FOLDER = click.Path(file_okay=False, path_type=Path)
"""A path that is no file; it need not exist."""
FORMAT = click.Choice(["text", "jsonl", "csv"])
"""The formats of readings and number events as text."""
size = click.option("--size", type=Size(), default=(1280, 720), metavar="WxH", help="What a camera is asked for [1280x720].")
camera = click.option("--camera", metavar="NAME|N", help="The camera: its index, its name or a part of it [0].")
model = click.option(
    "--model",
    metavar="camdigits|classic|FILE",
    default=_default_model,
    help="The network: camdigits (default), classic, or a file.",
)
threshold = click.option(
    "--threshold",
    type=float,
    metavar="P",
    default=_default_threshold,
    help="Report digits of at least this confidence, 0 to 1.",
)
rotate = click.option(
    "--rotate",
    metavar="auto|0|90|180|270",
    default="auto",
    help="Turn pictures by so many degrees clockwise before they are read; auto (default) finds out.",
)
taught = click.option(
    "--taught/--untaught", default=True, help="Read by what `camdigits teach` learnt (default), or as the network ships."
)
config = click.option(
    f"--{CONFIG}",
    type=FILE,
    metavar="FILE",
    is_eager=True,
    expose_value=False,
    callback=use_settings,
    help="Settings, in place of the file that `camdigits settings` names.",
)


def effort(default: Callable[[], str] | None) -> Callable[[Decorated], Decorated]:
    return click.option(
        "--effort",
        metavar="thorough|live",
        default=default,
        help="Read frames as well as can be, or so quickly that a camera can be followed.",
    )


def is_given(name: str) -> bool:
    """Return whether a parameter of the running command was given on the command line."""
    return click.get_current_context().get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
