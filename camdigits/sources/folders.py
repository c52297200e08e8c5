"""What lies in folders and matches globs: each real folder once, and none in which systems keep what is not the user's."""

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
"""Bins, thumbnails and older states of files, by their names in lower case. Whoever names one gets what is in it."""
_RECOVERED = re.compile(r"found\.\d{3}")
"""What Windows makes of damaged disks."""
_SYSTEM_FILES = frozenset(("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r"))
_SEPARATORS = re.escape(os.sep + (os.altsep or ""))
_ANY_DEPTH = re.compile(rf"(?:^|(?<=[{_SEPARATORS}]))\*\*(?:[{_SEPARATORS}]+|$)")
_NAMED_KINDS = 3


class Files(NamedTuple):
    """The files of some kinds, in natural order, the folders that cannot be looked into, and what else is there."""

    known: list[str]
    others: list[str]

    def left_out(self) -> str:
        """How many others there are, and which: "3 files of other kinds (.docx, .txt)"; "" where there are none."""
        if not self.others:
            return ""
        kinds = Counter(Path(file).suffix.lower() or "no suffix" for file in self.others)
        named = sorted(kinds, key=lambda kind: (-kinds[kind], kind))[:_NAMED_KINDS]
        more = ", ..." if len(kinds) > _NAMED_KINDS else ""
        return f"{len(self.others)} file{'s' * (len(self.others) > 1)} of other kinds ({', '.join(named)}{more})"


def files_below(folder: str, suffixes: Sequence[str]) -> Files:
    """The files in a folder and in those below it, each real folder once, links to folders followed.

    Folders that cannot be looked into are among the known, so that whoever reads them hears of it.
    Raises OSError where the folder itself is such.
    """
    closed: list[OSError] = []
    everything = [os.path.join(path, name) for path, names in _folders(folder, closed) for name in names]
    for error in closed:
        if error.filename == folder:
            raise error
    files = _partition((file for file in everything if not _is_system(os.path.basename(file))), suffixes)
    return files._replace(known=sorted([*files.known, *(error.filename for error in closed)], key=natural_key))


def files_matching(pattern: str, suffixes: Sequence[str]) -> Files:
    """The files that a glob matches, `**` any folders, each real folder once; of what systems keep, what the glob names."""
    named = set(re.split(rf"[{_SEPARATORS}]+", pattern))
    found = [
        file
        for file in dict.fromkeys(_matches(pattern))
        if not os.path.basename(file).startswith(".")
        and not any(_is_system(part) and part not in named for part in Path(file).parts)
    ]
    return _partition(_each_folder_once(found), suffixes)


def natural_key(text: str) -> tuple[list[str | int], str]:
    """Sorts page2 before page10, and without regard to case."""
    parts: list[str | int] = [int(part) if part.isdecimal() else part.casefold() for part in re.split(r"(\d+)", text)]
    return parts, text


def _partition(files: Iterable[str], suffixes: Sequence[str]) -> Files:
    known, others = [], []
    for file in files:
        if _is_no_file(file):  # a pipe would be waited for
            others.append(file)
        elif file.lower().endswith(tuple(suffixes)):
            known.append(file)
        elif os.path.isfile(file):
            others.append(file)
    return Files(sorted(known, key=natural_key), others)


def _is_no_file(path: str) -> bool:
    """Whether that is a pipe, a socket or a device; what cannot be looked at is taken for a file, and named when it is read."""
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
    """Each real folder from `top` on, once, with the names of the files in it; those that cannot be looked into are closed.

    A folder goes by its real path where that lies below `top`, links come after all of these.
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
    """What `glob.glob` gives, which would follow a link to a folder above for ever."""
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
    """The files without those that are there by another path to the same folder; links give way to real paths."""

    def order(folder: str) -> tuple[bool, object]:
        return os.path.realpath(folder) != os.path.abspath(folder), natural_key(folder)

    chosen: dict[str, str] = {}
    for folder in sorted({os.path.dirname(file) for file in files}, key=order):
        chosen.setdefault(os.path.realpath(folder), folder)
    folders = set(chosen.values())
    return [file for file in files if os.path.dirname(file) in folders]
