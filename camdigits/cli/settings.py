"""`camdigits settings`: prints which settings are in force, and where they come from."""

from __future__ import annotations

from pathlib import Path

import click

from camdigits.cli import options
from camdigits.cli.settings_file import CONFIG, settings_document, settings_in_force


@click.command("settings")
@click.option(f"--{CONFIG}", type=options.FILE, metavar="FILE", help="The settings file, in place of this platform's.")
def settings_command(config: Path | None) -> None:
    """Print what is in force, and from where, as a settings file.

    A setting has the name of its flag. What stands before the tables is for all commands that have it, a table [read] for
    `camdigits read` alone; flags on the command line win over both.
    """
    group = click.get_current_context().find_root().command
    assert isinstance(group, click.Group)
    for line in settings_document(list(settings_in_force(group, config)), config):
        click.echo(line)
