"""What can go wrong outside, each kind with the exit code the command line gives it.

The message is one line: what happened and how to mend it. `camdigits.errors` may be imported by every room.
"""

from __future__ import annotations

NOT_OF_THE_LAYOUT = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)
"""What reading a JSON file of some layout raises when it holds anything else, however deep or large."""


_MAX_LINE = 160


def first_line(error: BaseException) -> str:
    """What the error of a library says, cut to one line for the middle of a sentence; its kind where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:_MAX_LINE]


def reason_of(error: OSError) -> str:
    """What the system says went wrong, in lower case, for the middle of a sentence."""
    return (error.strerror or type(error).__name__).lower()


_OPENCV_NO_MEMORY = -4
"""cv2.Error.STS_NO_MEM; OpenCV is not loaded here."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python or OpenCV says by that error that there is too little memory."""
    of_opencv = type(error).__module__.partition(".")[0] == "cv2"
    return isinstance(error, MemoryError) or (of_opencv and getattr(error, "code", 0) == _OPENCV_NO_MEMORY)


class CamdigitsError(Exception):
    """Base of the errors a user can mend; `str(error)` is one line for them to read."""

    exit_code = 1


class UsageError(CamdigitsError):
    """An option or setting that makes no sense."""

    exit_code = 2


class SourceError(CamdigitsError):
    """A camera, picture, clip, folder or URL that cannot be read."""

    exit_code = 3


class ModelError(CamdigitsError):
    """A model file that is missing, damaged, of another shape or not to be trusted."""

    exit_code = 4


class OutputError(CamdigitsError):
    """A result that cannot be written."""

    exit_code = 5


class WorkersError(CamdigitsError):
    """Processes or a cluster to read with that cannot be had."""

    exit_code = 7


class WindowError(CamdigitsError):
    """No window can be opened here."""

    exit_code = 6


class LibraryError(CamdigitsError, ImportError):
    """OpenCV, or a library of the system that it or another package stands on, that cannot be loaded."""

    exit_code = 8


_OPENCV_STANDS_ON = ("libGL.so.1", "libgthread-2.0.so.0", "libX11.so.6", "libxcb.so.1")
_INSTALL_THEM = "apt-get install libgl1 libglib2.0-0 libx11-6 libxcb1"
_NOT_LOADED = ("cannot open shared object file", "Library not loaded", "DLL load failed")
"""What Linux, macOS and Windows say."""


def unloadable(error: ImportError) -> LibraryError | None:
    """What a failure to load OpenCV, or any library of the system, is to the user; None for what is no such failure."""
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
    """What a failure of the system to write there is to the user."""
    match error:
        case FileNotFoundError():
            way_on = "make its folder first, or choose another place"
        case PermissionError() | NotADirectoryError() | IsADirectoryError():
            way_on = "choose another place"
        case _:
            way_on = "free some space or choose another place"
    return OutputError(f"{place}: cannot be written ({reason_of(error)}); {way_on}")
