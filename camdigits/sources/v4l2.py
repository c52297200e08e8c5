"""What Linux tells of its cameras without taking a picture: a camera that another program uses tells it too.

Structures and requests are those of the kernel's include/uapi/linux/videodev2.h, as x86 and ARM number them; what they mean
stands in the kernel's Linux Media Infrastructure userspace API, part I, Video for Linux.
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
_FORMAT = Struct("=III32sI16x")  # index, buffer type, flags, description, FourCC
_SIZES = Struct("=III6I8x")  # index, FourCC, type, then width and height, or least, most and step of each
_INTERVALS = Struct("=5I6I8x")  # index, FourCC, width, height, type, then fractions of a second: one, or least, most and step
_READ, _READ_WRITE = 2, 3
_NODE_HAS_ITS_OWN = 0x80000000
_CAPTURE, _CAPTURE_PLANES = 0x1, 0x1000
_CONVERTERS = 0x8000 | 0x4000  # memory to memory: codecs and scalers
_BUFFER, _BUFFER_PLANES = 1, 9
_ONE, _RANGE = 1, (2, 3)  # discrete; continuous and stepwise
_MAX_ENTRIES = 256  # a driver that ends no list does not hold us up
_GONE = (errno.ENOENT, errno.ENODEV, errno.ENXIO)


def _request(direction: int, number: int, layout: Struct) -> int:
    """A number of an ioctl, as _IOR and _IOWR of the kernel make it."""
    return direction << 30 | layout.size << 16 | ord("V") << 8 | number


_QUERYCAP = _request(_READ, 0, _CAPABILITY)
_ENUM_FMT = _request(_READ_WRITE, 2, _FORMAT)
_ENUM_FRAMESIZES = _request(_READ_WRITE, 74, _SIZES)
_ENUM_FRAMEINTERVALS = _request(_READ_WRITE, 75, _INTERVALS)


class CameraMode(NamedTuple):
    """A size that a camera gives in one format, or all from `min_size` to `max_size`, which are (width, height) in pixels.

    rates_hz: frames a second at `max_size`, highest first; where `any_rate`, the highest and the lowest, and those between.
    """

    pixel_format: str
    min_size: tuple[int, int]
    max_size: tuple[int, int]
    rates_hz: tuple[float, ...] = ()
    any_rate: bool = False


@dataclass(frozen=True)
class VideoNode:
    """A camera, the number in its device's name, what the kernel calls it, and what it gives, empty where it does not say."""

    index: int
    name: str
    modes: tuple[CameraMode, ...]


def video_nodes(devices: Path, names: Path, ioctl: Ioctl | None = None) -> list[VideoNode]:
    """The cameras below `devices` (/dev) in the order of their numbers; `names` is /sys/class/video4linux.

    Nodes that give no pictures (metadata, outputs, converters) are left out. One that is there and not ours to open is listed.
    """
    indices = sorted(int(path.name[5:]) for path in devices.glob("video[0-9]*") if path.name[5:].isdecimal())
    if not indices:
        return []
    ask = ioctl or importlib.import_module("fcntl").ioctl
    nodes = (_node(index, devices / f"video{index}", names / f"video{index}", ask) for index in indices)
    return [node for node in nodes if node is not None]


def _node(index: int, device: Path, folder: Path, ioctl: Ioctl) -> VideoNode | None:
    if sys.platform == "win32":  # which has no such devices
        return None
    name = _read_text(folder / "name") or device.name
    try:
        descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        # The first node of a device is the one with pictures.
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
    """The sizes of a format, each the least and the most of a range."""
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
    """The frames a second of a format and size, highest first, and whether all between are given too."""
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
    """The structure as it was filled; None where there is no such entry or the driver does not know the request."""
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
    """What a file of /sys says, in one line; empty where it says nothing."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
