"""What native libraries write to file descriptor 2 is kept from the user, and nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, sys
from camdigits.runtime.stderr import discarded_native_stderr, quiet_stderr
print("before", file=sys.stderr, flush=True)
with discarded_native_stderr():
    os.write(2, b"native")
    print("said", file=sys.stderr)
os.write(2, b"after")
"""


@pytest.mark.parametrize(("close", "message"), [("", "before\nsaid\nafter"), ("os.close(2); sys.stderr = None\n", "")])
def test_native_noise_goes_away_and_python_is_heard(close: str, message: str) -> None:
    program = PROGRAM if not close else f"import os, sys\n{close}os.open(os.devnull, os.O_RDWR)\n{PROGRAM}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == message


HEARING = """
import os, sys
from camdigits.runtime.stderr import captured_stderr
with captured_stderr() as captured:
    os.write(2, b"native")
os.write(2, b"after")
print(captured.text)
"""


@pytest.mark.parametrize(("close", "message"), [("", "after"), ("import os; os.close(2)\n", "")])
def test_native_words_are_heard_and_not_shown(close: str, message: str) -> None:
    program = close + HEARING.replace('os.write(2, b"after")\n', "" if close else 'os.write(2, b"after")\n')
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("native", message)
