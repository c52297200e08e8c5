"""Where OpenCV cannot be loaded, as without libGL in a small container, one line says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from camdigits.errors import LibraryError, unloadable

ROOT = Path(__file__).resolve().parent.parent
PAGE = str(ROOT / "tests" / "fixtures" / "paper.jpg")
MESSAGE = "libGL.so.1: cannot open shared object file: No such file or directory"


def run_without_libgl(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python where `import cv2` fails as it does without that library."""
    package = folder / "packages" / "cv2"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text(f"raise ImportError({MESSAGE!r})", encoding="utf-8")
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(package.parent), str(ROOT)))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("read", PAGE),
        ("read", PAGE, "--workers", "2"),
        ("live", "demo"),
        ("canvas",),
        ("cameras",),
        ("evaluate", "."),
        ("teach", "--show"),
    ],
    ids=lambda given: given[0],
)
def test_every_command_ends_with_one_line_and_code_8(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run_without_libgl(tmp_path, "-m", "camdigits", *arguments)
    assert (done.returncode, done.stdout) == (LibraryError.exit_code, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("camdigits: libGL.so.1, which OpenCV needs, is not on this system; ")
    assert "apt-get install libgl1" in line
    assert "opencv-python-headless" in line


def test_the_line_stands_in_the_documentation() -> None:
    message = unloadable(ImportError(MESSAGE))
    assert f"    camdigits: {message}\n" in (ROOT / "docs" / "containers.md").read_text(encoding="utf-8")


def test_python_is_told_the_same_by_an_import_error(tmp_path: Path) -> None:
    done = run_without_libgl(tmp_path, "-c", "from camdigits import Recognizer")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("camdigits.errors.LibraryError: libGL.so.1, which OpenCV needs, is not")
    code = "import camdigits\ntry: camdigits.stream\nexcept ImportError as error: print(error)"
    assert run_without_libgl(tmp_path, "-c", code).stdout.startswith("libGL.so.1, which OpenCV needs")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            ImportError("libfoo.so.2: cannot open shared object file: No such file", name="_foo"),
            r"is missing \(libfoo.so.2: cannot open",
        ),
        (
            ImportError("DLL load failed while importing cv2: not found", name="cv2"),
            r"OpenCV cannot be loaded \(DLL .* install it",
        ),
        (ImportError("DLL load failed while importing _foo: not found", name="_foo"), "install the package that brings it"),
        (ModuleNotFoundError("No module named 'cv2'", name="cv2"), r"\(No module named 'cv2'\); install it anew: pip install"),
    ],
)
def test_other_libraries_are_told_of_too(error: ImportError, message: str) -> None:
    with pytest.raises(LibraryError, match=message):
        raise unloadable(error) or error


def test_a_module_that_is_missing_by_our_own_fault_is_no_library() -> None:
    assert unloadable(ModuleNotFoundError("No module named 'camdigits.nowhere'", name="camdigits.nowhere")) is None
