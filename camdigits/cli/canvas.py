"""`camdigits canvas`: opens the window to draw in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from camdigits.cli import options
from camdigits.errors import SourceError
from camdigits.runtime.process import notify


@click.command()
@click.argument("page", required=False)
@click.option("--size", type=options.Size(), metavar="WxH", help="The page's size [640x640]; cameras are asked for it too.")
@options.camera
@options.model
@options.threshold
@click.option("--snapshots", type=options.FOLDER, default=Path(), metavar="DIR", help="Where `s` and `w` save [this folder].")
@options.taught
@options.config
def canvas(page: str | None, size: tuple[int, int] | None, camera: str | None, **others: Any) -> None:
    """Open the canvas: draw digits with the left button, wipe with the right one.

    PAGE is a picture to draw on, scaled to fit, or the strokes of a page that was saved (.json), to go on with.
    """
    from camdigits.live.app import WindowOptions, run_window
    from camdigits.live.canvas import open_page

    opened = open_page(page, size)
    run_window(WindowOptions(_camera_of_canvas(camera), size=size, page=opened, **others))


def _camera_of_canvas(camera: str | None) -> str | None:
    """Return the index of the camera beside the canvas. If a settings file names a missing camera, print that and go on."""
    from camdigits.sources.camera import find_camera

    try:
        return None if camera is None else str(find_camera(camera))
    except SourceError as error:
        if options.is_given("camera"):
            raise
        notify(str(error))
        return None
