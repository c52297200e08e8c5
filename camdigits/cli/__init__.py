"""The command line, a module a command: arguments to settings, settings to sources and outputs, these to what reads.

`program` holds the commands and what every run has, `options` what several of them share, `targets` which files are left as
they are, `settings_file` where options come from that nobody gave. Heavy imports (OpenCV, the model runtime) wait until a
command needs them, so that `--help` answers at once.
"""

from camdigits.cli.program import commands, main

__all__ = ["commands", "main"]
