"""The command line: one module a command, which turns arguments into settings, sources and outputs and starts the reading.

`program` gathers the commands and handles how every run ends. `options` holds the options that several commands share.
`targets` keeps commands from overwriting the wrong files. `settings_file` supplies options that are not on the command line.
Heavy imports (OpenCV, the model runtime) wait until a command needs them, so that `--help` answers at once.
"""

from camdigits.cli.program import commands, main

__all__ = ["commands", "main"]
