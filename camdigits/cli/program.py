"""The program: its commands, and how it ends, whatever a command raises."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from camdigits.cli.cameras import cameras
from camdigits.cli.canvas import canvas
from camdigits.cli.evaluate import evaluate
from camdigits.cli.live import live
from camdigits.cli.read import read
from camdigits.cli.settings import settings_command
from camdigits.cli.teach import teach
from camdigits.errors import CamdigitsError, OutputError, SourceError, UsageError, is_out_of_memory, unloadable, unwritable
from camdigits.runtime.process import (
    Terminated,
    abandon,
    escape_unencodable_stdout,
    leave,
    notify,
    open_standard_descriptors,
    pipe_is_closed,
    raise_on_signals,
)

INTERRUPTED, TERMINATED = 130, 143
"""Exit codes after Ctrl-C, and after a signal to terminate: 128 and the number of the signal, as shells have it."""
EXIT_CODES = """\b
Exit codes:
  0    done
  2    usage: an option or argument that makes no sense
  3    source: a camera, picture, clip or URL that cannot be read
  4    model: a network that cannot be used
  5    output: a result that cannot be written
  6    window: no display, or an OpenCV without windows
  7    workers: processes or a Ray cluster to read with that cannot be had
  8    library: OpenCV, or a library of the system, that cannot be loaded
  130  interrupted (Ctrl-C)
  143  terminated, or the terminal was closed
"""
"""The end of the help of the program; \\b keeps click from wrapping it."""


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.version_option(package_name="camdigits")
def commands() -> None:
    """Reads handwritten digits live: from a camera, a canvas window, pictures and clips.

    Nothing ever leaves this machine.
    """


for _command in (live, canvas, cameras, read, evaluate, teach, settings_command):
    commands.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code. An error that a user can fix becomes one line on stderr.

    arguments: the arguments; None takes those of the process, and ends the process afterwards.
    """
    open_standard_descriptors()
    if arguments is None:
        escape_unencodable_stdout()
    with raise_on_signals():
        try:
            code = _run(sys.argv[1:] if arguments is None else arguments)
        except CamdigitsError as error:
            notify(str(error))
            code = error.exit_code
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx else "camdigits"
            file = _file_like_an_option(error, sys.argv[1:] if arguments is None else arguments)
            way_on = f"if {file} is a file, write ./{file}" if file else f"see {command} --help"
            notify(f"{error.format_message().rstrip('.')}; {way_on}")
            code = UsageError.exit_code
        except Terminated:
            code = TERMINATED
        except (click.Abort, KeyboardInterrupt):
            code = INTERRUPTED
        except BrokenPipeError:  # the reader of our output has closed the pipe
            abandon(sys.stdout)
            code = 0
    if arguments is None:
        leave(code)
    sys.exit(code)  # the process belongs to the caller


def _run(arguments: Sequence[str]) -> int:
    # click's own main() would answer a closed pipe with code 1 before this code sees the error.
    try:
        with commands.make_context("camdigits", list(arguments)) as context:
            commands.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except OSError as error:
        if pipe_is_closed(error):
            raise BrokenPipeError from error
        raise _unwritable(error) from error
    except ImportError as error:
        if message := unloadable(error):
            raise message from error
        raise
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise SourceError("there is too little memory for this; name smaller pictures, or close other programs") from error
    return 0


def _file_like_an_option(error: click.UsageError, arguments: Sequence[str]) -> str:
    """Return the argument that click took for an unknown option but that looks like a file's name; else ""."""
    if not isinstance(error, click.NoSuchOption):
        return ""
    unknown = (argument for argument in arguments if argument.startswith(error.option_name))
    return next((name for name in unknown if os.path.lexists(name) or Path(name).suffix[1:].isalpha()), "")


def _unwritable(error: OSError) -> OutputError:
    if error.filename is None:
        abandon(sys.stdout)
    return unwritable(error.filename or "stdout", error)
