"""`camdigits teach`: learns from corrections, shows them, or forgets what was learnt."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from camdigits.cli import options
from camdigits.cli.targets import keep_unlike
from camdigits.errors import UsageError
from camdigits.runtime.clock import seconds
from camdigits.runtime.process import notify

_PNG = b"\x89PNG"
"""The first bytes of a file that may be overwritten: a PNG picture."""


@click.command()
@click.option("--show", is_flag=True, help="Draw all corrections on a sheet instead; nothing is taught.")
@click.option(
    "--output",
    type=options.FILE,
    metavar="FILE.png",
    help="With --show: where [a new file here].",
)
@click.option("--forget", is_flag=True, help="Undo all teaching instead; the corrections are kept.")
@options.model
@options.config
def teach(show: bool, output: Path | None, forget: bool, model: str) -> None:
    """Learn from all corrections, so that the next reading is better; a window that is open reads by it at once.

    Corrections are made in the window: hold a frame, click a digit, type what it is. They never leave this machine.
    """
    from camdigits.learning.corrections import CorrectionFile
    from camdigits.learning.teacher import AdaptationFile

    if show and forget:
        raise UsageError("--show and --forget are two things; give one of them")
    if output and not show:
        raise UsageError("--output is for --show; leave it out, or add that")
    keep_unlike(output, _PNG)
    corrections, taught = CorrectionFile(), AdaptationFile()
    if forget:
        click.echo("what was taught is forgotten" if taught.forget() else "nothing was taught")
    elif show:
        from camdigits.live.overlay import draw_corrections
        from camdigits.outputs.writers import save_picture, save_snapshot

        kept = corrections.load()
        sheet = draw_corrections(kept.corrections)
        click.echo(save_snapshot(sheet, Path(), datetime.now()) if output is None else save_picture(sheet, output))
        if kept.damaged:
            notify(f"{corrections.path}: {kept.damaged} of its lines are damaged, and left out")
    else:
        from camdigits.learning.teacher import learn

        began_s = seconds()
        lesson = learn(corrections, taught, model)
        click.echo(
            f"learnt from {lesson}, in {seconds() - began_s:.1f} s{lesson.caution}; undo it with: camdigits teach --forget"
        )
