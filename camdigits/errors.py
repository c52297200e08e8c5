"""Errors that a user can fix, each kind with its exit code on the command line.

The message is one line: what happened, and how to fix it. Every room may import `camdigits.errors`.
"""

from __future__ import annotations

NOT_OF_THE_LAYOUT = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)
"""Exceptions that reading a JSON file raises when its content has another layout, however deep or large."""

_MAX_LINE = 160
"""Length limit of one line of a library's error, characters."""


def first_line(error: BaseException) -> str:
    """Return the first line of a library's error, cut to fit into a sentence; the name of its class if it has no text."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:_MAX_LINE]


def reason_of(error: OSError) -> str:
    """Return the system's reason for an error, in lower case, to fit into a sentence."""
    return (error.strerror or type(error).__name__).lower()


_OPENCV_NO_MEMORY = -4
"""The value of `cv2.Error.STS_NO_MEM`, as a number so that this module does not load OpenCV."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether Python or OpenCV raised this error because memory ran out."""
    of_opencv = type(error).__module__.partition(".")[0] == "cv2"
    return isinstance(error, MemoryError) or (of_opencv and getattr(error, "code", 0) == _OPENCV_NO_MEMORY)


class CamdigitsError(Exception):
    """Base class of the errors that a user can fix; `str(error)` is one line for them to read."""

    exit_code = 1


class UsageError(CamdigitsError):
    """An option or setting is invalid."""

    exit_code = 2


class SourceError(CamdigitsError):
    """A camera, picture, clip, folder or URL cannot be read."""

    exit_code = 3


class ModelError(CamdigitsError):
    """A model file is missing, damaged, of another shape or not to be trusted."""

    exit_code = 4


class OutputError(CamdigitsError):
    """A result cannot be written."""

    exit_code = 5


class WorkersError(CamdigitsError):
    """The processes or the cluster to read with cannot be started or reached."""

    exit_code = 7


class WindowError(CamdigitsError):
    """No window can be opened on this system."""

    exit_code = 6


class LibraryError(CamdigitsError, ImportError):
    """OpenCV, or a system library that it or another package needs, cannot be loaded."""

    exit_code = 8


_OPENCV_STANDS_ON = ("libGL.so.1", "libgthread-2.0.so.0", "libX11.so.6", "libxcb.so.1")
"""System libraries that OpenCV's wheel for Linux needs and does not contain."""
_INSTALL_THEM = "apt-get install libgl1 libglib2.0-0 libx11-6 libxcb1"
"""The command that installs these libraries on Debian and Ubuntu."""
_NOT_LOADED = ("cannot open shared object file", "Library not loaded", "DLL load failed")
"""Parts of the messages with which Linux, macOS and Windows report a library that cannot be loaded."""


def unloadable(error: ImportError) -> LibraryError | None:
    """Return the error to show for a failure to load OpenCV or a system library; None for any other ImportError."""
    library = str(error).partition(":")[0]
    if library in _OPENCV_STANDS_ON:
        return LibraryError(
            f"{library}, which OpenCV needs, is not on this system; install it: {_INSTALL_THEM}, or take OpenCV without "
            "windows, which reads as well: pip uninstall -y opencv-python && pip install 'opencv-python-headless>=5,<6'"
        )
    if error.name == "cv2":
        return LibraryError(
            f"OpenCV cannot be loaded ({first_line(error)}); "
            "install it anew: pip install --force-reinstall 'opencv-python>=5,<6'"
        )
    if any(message in str(error) for message in _NOT_LOADED):
        return LibraryError(f"a library of the system is missing ({first_line(error)}); install the package that brings it")
    return None


def unwritable(place: object, error: OSError) -> OutputError:
    """Return the error to show when the system cannot write to `place`."""
    match error:
        case FileNotFoundError():
            way_on = "make its folder first, or choose another place"
        case PermissionError() | NotADirectoryError() | IsADirectoryError():
            way_on = "choose another place"
        case _:
            way_on = "free some space or choose another place"
    return OutputError(f"{place}: cannot be written ({reason_of(error)}); {way_on}")
