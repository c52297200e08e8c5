"""Files in folders and behind globs: each real folder once, without the files that operating systems keep for themselves."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_SYSTEM_FOLDERS = frozenset(
    (
        *("$recycle.bin", "recycler", "recycled", "system volume information"),  # Windows
        *("__macosx", "network trash folder", "temporary items", "thevolumesettingsfolder", "ipod photo cache"),  # macOS
        *("@eadir", "#recycle", "#snapshot", "@tmp"),  # Synology
        *("@recycle", "@recently-snapshot", "@__thumb"),  # QNAP
        *("recycle bin", "recyclebin", "recycle_bin", "trashbox", "~snapshot"),  # other network drives
        "lost+found",
    )
)
"""Folders of deleted files, thumbnails and older states, by their names in lower case. They are read only when named."""
_RECOVERED = re.compile(r"found\.\d{3}")
"""Names of the folders that Windows makes of damaged disks."""
_SYSTEM_FILES = frozenset(("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r"))
"""Files that operating systems keep for themselves, by their names in lower case."""
_SEPARATORS = re.escape(os.sep + (os.altsep or ""))
"""Separators of paths, escaped for a regular expression."""
_ANY_DEPTH = re.compile(rf"(?:^|(?<=[{_SEPARATORS}]))\*\*(?:[{_SEPARATORS}]+|$)")
"""A `**` in a glob, which stands for folders of any depth."""
_NAMED_KINDS = 3
"""At most this many kinds of left-out files are named."""


class Files(NamedTuple):
    """Files of a folder or glob.

    known: files of the kinds looked for, in natural order, and folders that cannot be opened.
    others: files of other kinds.
    """

    known: list[str]
    others: list[str]

    def left_out(self) -> str:
        """Describe the other files: "3 files of other kinds (.docx, .txt)"; "" where there are none."""
        if not self.others:
            return ""
        kinds = Counter(Path(file).suffix.lower() or "no suffix" for file in self.others)
        named = sorted(kinds, key=lambda kind: (-kinds[kind], kind))[:_NAMED_KINDS]
        more = ", ..." if len(kinds) > _NAMED_KINDS else ""
        return f"{len(self.others)} file{'s' * (len(self.others) > 1)} of other kinds ({', '.join(named)}{more})"


def files_below(folder: str, suffixes: Sequence[str]) -> Files:
    """Return the files in a folder and the folders below it. Links are followed; each real folder is visited once.

    Folders that cannot be opened are among the known files, so that reading them reports the error.
    Raises OSError where `folder` itself cannot be opened.
    """
    closed: list[OSError] = []
    everything = [os.path.join(path, name) for path, names in _folders(folder, closed) for name in names]
    for error in closed:
        if error.filename == folder:
            raise error
    files = _partition((file for file in everything if not _is_system(os.path.basename(file))), suffixes)
    return files._replace(known=sorted([*files.known, *(error.filename for error in closed)], key=natural_key))


def files_matching(pattern: str, suffixes: Sequence[str]) -> Files:
    """Return the files that a glob matches; `**` stands for any folders, and each real folder is visited once.

    Files and folders of the operating system are included only where the glob names them.
    """
    named = set(re.split(rf"[{_SEPARATORS}]+", pattern))
    found = [
        file
        for file in dict.fromkeys(_matches(pattern))
        if not os.path.basename(file).startswith(".")
        and not any(_is_system(part) and part not in named for part in Path(file).parts)
    ]
    return _partition(_each_folder_once(found), suffixes)


def natural_key(text: str) -> tuple[list[str | int], str]:
    """Return a sort key that puts page2 before page10 and ignores case."""
    parts: list[str | int] = [int(part) if part.isdecimal() else part.casefold() for part in re.split(r"(\d+)", text)]
    return parts, text


def _partition(files: Iterable[str], suffixes: Sequence[str]) -> Files:
    known, others = [], []
    for file in files:
        if _is_no_file(file):  # reading a pipe could block
            others.append(file)
        elif file.lower().endswith(tuple(suffixes)):
            known.append(file)
        elif os.path.isfile(file):
            others.append(file)
    return Files(sorted(known, key=natural_key), others)


def _is_no_file(path: str) -> bool:
    """Return whether a path is a pipe, a socket or a device.

    One that cannot be examined counts as a file, so that reading it reports the error.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _is_system(name: str) -> bool:
    folded = name.lower()
    is_relative = name in (os.curdir, os.pardir)
    is_known = folded in _SYSTEM_FOLDERS or folded in _SYSTEM_FILES or _RECOVERED.fullmatch(folded) is not None
    return is_known or (name.startswith(".") and not is_relative)


def _folders(top: str, closed: list[OSError]) -> Iterator[tuple[str, list[str]]]:
    """Yield each real folder from `top` on, once, with the names of its files.

    closed: receives the errors of folders that cannot be opened.
    A folder has its real path where that lies below `top`; links come after all real paths.
    """
    seen: set[tuple[int, int]] = set()
    waiting = deque([top])
    while waiting:
        for folder, below, names in os.walk(waiting.popleft(), onerror=closed.append):
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in seen:
                below.clear()
                continue
            seen.add((status.st_dev, status.st_ino))
            below[:] = [name for name in below if not _is_system(name)]
            waiting += [path for name in below if os.path.islink(path := os.path.join(folder, name))]
            yield folder, names


def _matches(pattern: str) -> Iterator[str]:
    """Yield what `glob.glob` does, but without following a link to a folder above for ever."""
    deep = _ANY_DEPTH.search(pattern)
    if deep is None:
        yield from glob.iglob(pattern)
        return
    above, tail = pattern[: deep.start()], pattern[deep.end() :] or "*"
    for start in glob.glob(above) if above else [os.curdir]:
        for folder, _ in _folders(start, []):
            for file in _matches(os.path.join(glob.escape(folder), tail)):
                yield file if above else os.path.relpath(file)


def _each_folder_once(files: Sequence[str]) -> list[str]:
    """Return the files without those that repeat by another path to the same folder; real paths win over links."""

    def order(folder: str) -> tuple[bool, object]:
        return os.path.realpath(folder) != os.path.abspath(folder), natural_key(folder)

    chosen: dict[str, str] = {}
    for folder in sorted({os.path.dirname(file) for file in files}, key=order):
        chosen.setdefault(os.path.realpath(folder), folder)
    folders = set(chosen.values())
    return [file for file in files if os.path.dirname(file) in folders]
