"""Linux's facts about its cameras, without taking a picture, so that they can be had of a camera in use.

Structures and requests are those of the kernel's include/uapi/linux/videodev2.h, as x86 and ARM number them. The kernel's Linux
Media Infrastructure userspace API, part I, Video for Linux, explains them.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import Any, NamedTuple

Ioctl = Callable[[int, int, bytearray], object]
"""Fills the structure of a request to an open device, or raises OSError, as fcntl.ioctl does."""

_CAPABILITY = Struct("=16s32s32sIII12x")  # driver, card, bus, version, capabilities of the device, of this node
"""struct v4l2_capability: what a device and this node of it can do."""
_FORMAT = Struct("=III32sI16x")  # index, buffer type, flags, description, FourCC
"""struct v4l2_fmtdesc: a format that a camera offers."""
_SIZES = Struct("=III6I8x")  # index, FourCC, type; width and height, or minimum, maximum and step of each
"""struct v4l2_frmsizeenum: sizes of a format."""
_INTERVALS = Struct("=5I6I8x")  # index, FourCC, width, height, type; fractions of a second: one, or minimum, maximum and step
"""struct v4l2_frmivalenum: times between frames at a size."""
_READ, _READ_WRITE = 2, 3
"""Directions of a request.

_READ: the driver fills a structure.
_READ_WRITE: the driver reads a structure and fills it.
"""
_NODE_HAS_ITS_OWN = 0x80000000
"""Flag of a device whose nodes state capabilities of their own."""
_CAPTURE, _CAPTURE_PLANES = 0x1, 0x1000
"""Capabilities of a node that gives pictures.

_CAPTURE: in one plane.
_CAPTURE_PLANES: in several planes.
"""
_CONVERTERS = 0x8000 | 0x4000  # memory to memory: codecs and scalers
"""Capabilities of nodes that convert pictures."""
_BUFFER, _BUFFER_PLANES = 1, 9
"""Types of buffers for captured pictures.

_BUFFER: in one plane.
_BUFFER_PLANES: in several planes.
"""
_ONE, _RANGE = 1, (2, 3)  # discrete; continuous and stepwise
"""Kinds of entries in lists of sizes and rates.

_ONE: a single size or rate.
_RANGE: a range of them.
"""
_MAX_ENTRIES = 256  # guards against a driver whose lists never end
"""At most this many entries of a list are read."""
_GONE = (errno.ENOENT, errno.ENODEV, errno.ENXIO)
"""Errors of a device that is not there."""


def _request(direction: int, number: int, layout: Struct) -> int:
    """Return the number of an ioctl, as the kernel's _IOR and _IOWR make it."""
    return direction << 30 | layout.size << 16 | ord("V") << 8 | number


_QUERYCAP = _request(_READ, 0, _CAPABILITY)
"""Request for a device's capabilities."""
_ENUM_FMT = _request(_READ_WRITE, 2, _FORMAT)
"""Request for an entry of the list of formats."""
_ENUM_FRAMESIZES = _request(_READ_WRITE, 74, _SIZES)
"""Request for an entry of a format's list of sizes."""
_ENUM_FRAMEINTERVALS = _request(_READ_WRITE, 75, _INTERVALS)
"""Request for an entry of the list of times between frames."""


class CameraMode(NamedTuple):
    """A size that a camera offers in one format, or the range of sizes from `min_size` to `max_size`.

    pixel_format: the format's FourCC.
    min_size, max_size: (width, height) in pixels.
    rates_hz: frames a second at `max_size`, highest first.
    any_rate: whether the camera also offers all rates between the highest and the lowest.
    """

    pixel_format: str
    min_size: tuple[int, int]
    max_size: tuple[int, int]
    rates_hz: tuple[float, ...] = ()
    any_rate: bool = False


@dataclass(frozen=True)
class VideoNode:
    """A camera of Linux.

    index: the number in its device's name.
    name: what the kernel calls it.
    modes: the sizes and rates it offers; empty where it does not say.
    """

    index: int
    name: str
    modes: tuple[CameraMode, ...]


def video_nodes(devices: Path, names: Path, ioctl: Ioctl | None = None) -> list[VideoNode]:
    """List the cameras below `devices`, by their numbers. A camera that is not ours to open is listed too.

    devices: the folder of the device files, /dev.
    names: the folder of their names, /sys/class/video4linux.
    ioctl: asks a device; fcntl.ioctl by default.
    Nodes without pictures are left out: metadata, outputs, converters.
    """
    indices = sorted(int(path.name[5:]) for path in devices.glob("video[0-9]*") if path.name[5:].isdecimal())
    if not indices:
        return []
    ask = ioctl or importlib.import_module("fcntl").ioctl
    nodes = (_node(index, devices / f"video{index}", names / f"video{index}", ask) for index in indices)
    return [node for node in nodes if node is not None]


def _node(index: int, device: Path, folder: Path, ioctl: Ioctl) -> VideoNode | None:
    if sys.platform == "win32":  # Windows has no such devices
        return None
    name = _read_text(folder / "name") or device.name
    try:
        descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        # The first node of a camera is the one with pictures.
        return None if error.errno in _GONE or _read_text(folder / "index") not in ("", "0") else VideoNode(index, name, ())
    try:
        capability = _ask(ioctl, descriptor, _QUERYCAP, _CAPABILITY, b"", b"", b"", 0, 0, 0)
        if capability is None:
            return None
        *_, of_device, of_node = capability
        can = of_node if of_device & _NODE_HAS_ITS_OWN else of_device
        if not can & (_CAPTURE | _CAPTURE_PLANES) or can & _CONVERTERS:
            return None
        return VideoNode(index, name, tuple(_modes(ioctl, descriptor, _BUFFER if can & _CAPTURE else _BUFFER_PLANES)))
    finally:
        os.close(descriptor)


def _modes(ioctl: Ioctl, descriptor: int, buffer: int) -> Iterator[CameraMode]:
    for index in range(_MAX_ENTRIES):
        found = _ask(ioctl, descriptor, _ENUM_FMT, _FORMAT, index, buffer, 0, b"", 0)
        if found is None:
            return
        code = found[4]
        for min_size, max_size in _sizes(ioctl, descriptor, code):
            yield CameraMode(_fourcc(code), min_size, max_size, *_rates_hz(ioctl, descriptor, code, max_size))


def _sizes(ioctl: Ioctl, descriptor: int, code: int) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield the sizes of a format, each as a minimum and a maximum; the two are equal for a single size."""
    for index in range(_MAX_ENTRIES):
        found = _ask(ioctl, descriptor, _ENUM_FRAMESIZES, _SIZES, index, code, 0, *[0] * 6)
        if found is None:
            return
        _, _, kind, *numbers = found
        if kind == _ONE:
            yield (numbers[0], numbers[1]), (numbers[0], numbers[1])
        elif kind in _RANGE:
            yield (numbers[0], numbers[3]), (numbers[1], numbers[4])
            return


def _rates_hz(ioctl: Ioctl, descriptor: int, code: int, size: tuple[int, int]) -> tuple[tuple[float, ...], bool]:
    """Return the frame rates of a format and size, highest first, and whether all rates between them are offered too."""
    rates: set[float] = set()
    for index in range(_MAX_ENTRIES):
        found = _ask(ioctl, descriptor, _ENUM_FRAMEINTERVALS, _INTERVALS, index, code, *size, 0, *[0] * 6)
        if found is None:
            break
        kind, numbers = found[4], found[5:]
        ranges = kind in _RANGE
        intervals = zip(numbers[0:4:2], numbers[1:4:2], strict=True) if ranges else [(numbers[0], numbers[1])]
        rates |= {round(whole / part, 3) for part, whole in intervals if part and whole}
        if ranges:
            return tuple(sorted(rates, reverse=True)), len(rates) > 1
    return tuple(sorted(rates, reverse=True)), False


def _ask(ioctl: Ioctl, descriptor: int, request: int, layout: Struct, *values: Any) -> tuple[Any, ...] | None:
    """Return the structure as the driver filled it; None where there is no such entry or the request is unknown."""
    filled = bytearray(layout.pack(*values))
    try:
        ioctl(descriptor, request, filled)
    except OSError:
        return None
    return layout.unpack(filled)


def _fourcc(code: int) -> str:
    text = (code & 0x7FFFFFFF).to_bytes(4, "little").decode("latin-1")  # the highest bit says big-endian
    return "".join(sign if sign.isprintable() else "?" for sign in text).rstrip()


def _read_text(file: Path) -> str:
    """Return the text of a file of /sys in one line; "" where it cannot be read."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
