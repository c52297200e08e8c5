"""`camdigits cameras`: lists the cameras of this machine."""

from __future__ import annotations

import sys

import click

from camdigits.errors import SourceError


@click.command()
@click.option("--json", "as_json", is_flag=True, help="A JSON object a camera, each on a line.")
def cameras(as_json: bool) -> None:
    """List the cameras that are there: index, name, and sizes with their frames a second; none is used for it.

    `camdigits live --camera` takes the index, the name, or a part of it. Without any camera the exit code is 3.
    """
    import json

    from camdigits.sources.camera import cameras as there

    known = there()
    if not known:
        raise SourceError("there is no camera on this machine; plug one in, or read something else: camdigits live demo")
    if as_json:
        for camera in known:
            click.echo(json.dumps(camera.to_dict()))
    elif sys.stdout is not None and sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table("camera", "name", "sizes@frames a second")
        for camera in known:
            table.add_row(str(camera.index), Text(camera.name), Text(camera.sizes()))
        Console().print(table)
    else:
        for camera in known:
            click.echo(f"{camera.index}\t{camera.name}\t{camera.sizes()}")
