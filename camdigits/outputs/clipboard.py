"""The clipboard of the desktop, where there is one."""

from __future__ import annotations

import subprocess
import sys

from camdigits.errors import OutputError

_LIMIT_S = 5.0
"""How long the copying process may take, in seconds."""


def copy_text(text: str) -> None:
    """Put a text on the clipboard. Raises OutputError where there is none.

    A process of its own does it. On Linux a program that keeps running serves the clipboard, and would hold this process's
    stdout open long after the last number.
    """
    command = [sys.executable, "-m", "pyperclip", "--copy", text]
    nothing = subprocess.DEVNULL
    try:
        copied = subprocess.run(command, stdin=nothing, stdout=nothing, stderr=nothing, timeout=_LIMIT_S, check=False)
        failed = copied.returncode != 0
    except (OSError, subprocess.TimeoutExpired):
        failed = True
    if failed:
        raise OutputError(f"{text} is not copied: there is no clipboard here; on Linux install xclip, xsel or wl-clipboard")
