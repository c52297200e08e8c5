"""With an OpenCV without windows (opencv-python-headless) pictures are read; what needs a window says so in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from camdigits.errors import WindowError

ROOT = Path(__file__).resolve().parent.parent
PAGE = str(ROOT / "tests" / "fixtures" / "paper.jpg")
HEADLESS = """
import sys
import cv2

def missing(*_, **__):
    raise cv2.error("The function is not implemented. Rebuild the library with Windows, GTK+ 2.x or Cocoa support.")

for name in ("namedWindow", "imshow", "waitKey", "waitKeyEx", "pollKey", "destroyWindow", "destroyAllWindows", "resizeWindow",
             "moveWindow", "setMouseCallback", "getWindowProperty", "setWindowProperty", "getWindowImageRect"):
    setattr(cv2, name, missing)
cv2.currentUIFramework = lambda: ""
from camdigits.cli import main
main(sys.argv[1:])
"""
"""The command line on an OpenCV as the headless wheels are: all names are there, those of windows raise."""


def headless(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", HEADLESS, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments", [("live", "demo"), ("live",), ("canvas",), ("read", "--correct", PAGE)], ids=lambda given: " ".join(given[:2])
)
def test_what_needs_a_window_says_what_to_install_in_one_line(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = headless(*arguments, folder=tmp_path)
    assert done.returncode == WindowError.exit_code
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("camdigits: this OpenCV was built without windows (install opencv-python, not -headless)")
    assert "camdigits read" in line


def test_pictures_are_read_and_drawn(tmp_path: Path) -> None:
    done = headless("read", PAGE, "--annotate", "drawn", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0123 45 67 89\n", "")
    assert [path.name for path in (tmp_path / "drawn").iterdir()] == ["paper.jpg"]
