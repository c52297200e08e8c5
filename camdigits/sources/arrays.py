"""Pictures in a program's memory: arrays of any library, Pillow images, the bytes of picture files."""

from __future__ import annotations

import struct
import sys
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from camdigits.errors import SourceError, first_line
from camdigits.sources.pictures import EXIF_ORIENTATION, as_bgr, decode_picture, is_picture, upright
from camdigits.vision.types import BgrImage

_CHANNELS = (1, 3, 4)
"""Numbers of channels that a picture may have: grey, BGR, BGRA."""
_WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
"""Pillow's modes with an alpha channel."""


class ArrayLike(Protocol):
    """Anything that NumPy converts to an array, such as a tensor of PyTorch."""

    def __array__(self) -> npt.NDArray[Any]: ...


class PillowImage(Protocol):
    """PIL.Image.Image, described so that this module needs no Pillow."""

    @property
    def mode(self) -> str: ...
    @property
    def size(self) -> tuple[int, int]: ...
    def getexif(self) -> Any: ...


Picture = npt.NDArray[Any] | ArrayLike | PillowImage | bytes | bytearray | memoryview
"""A picture in memory, in any of the forms that `bgr_of` takes."""


def bgr_of(image: object, name: str = "the image") -> BgrImage:
    """Convert a picture in memory to uint8 (H, W, 3), BGR.

    image: an array, a Pillow image, or the bytes of a whole picture file.
    name: what error messages call the picture.
    Arrays are (H, W) grey, (H, W, 3) BGR or (H, W, 4) BGRA, of uint8, uint16, bool, or floats from 0 to 1. One that already is
    uint8 BGR comes back as it is, without a copy.
    Pillow images may have any mode, and are turned upright by their EXIF orientation.
    Raises SourceError for anything else.
    """
    # A program that has a Pillow image has loaded Pillow.
    pillow = sys.modules.get("PIL.Image")
    if pillow is not None and isinstance(image, pillow.Image):
        return _of_pillow(image, name)
    if isinstance(image, bytes | bytearray | memoryview):
        data = bytes(image)
        if not is_picture(data):
            raise SourceError(f"{name}: its {len(data)} bytes are no picture file; give those of a PNG or JPEG, whole")
        return decode_picture(data, name)
    if isinstance(image, np.generic) or not hasattr(type(image), "__array__"):
        kind = type(image).__name__
        raise SourceError(
            f"{name}: {kind} is neither an array nor a path, a Pillow image or the bytes of a picture file; {_remedy(image)}"
        )
    try:
        pixels = np.asarray(image)
    except (TypeError, ValueError, RuntimeError) as error:  # a tensor on another device, or with a gradient
        raise SourceError(
            f"{name}: {type(image).__name__} gives no array ({first_line(error)}); make it a NumPy array first"
        ) from error
    return _of_array(pixels, name)


def _remedy(image: object) -> str:
    if isinstance(image, list | tuple):
        return "numpy.array(rows, numpy.uint8) makes one of it"
    if hasattr(image, "read"):
        return "give what is in it: file.read()"
    return "was it read at all?"  # OpenCV gives None for a file that it cannot read


def _of_array(pixels: npt.NDArray[Any], name: str) -> BgrImage:
    shape = pixels.shape
    if pixels.size and not (len(shape) == 2 or (len(shape) == 3 and shape[2] in _CHANNELS)):
        channels_first = len(shape) == 3 and shape[0] in _CHANNELS
        remedy = "numpy.moveaxis(image, 0, -1) puts channels last" if channels_first else "give one picture at a time"
        raise SourceError(f"{name}: shape {shape} is none of (H, W) grey, (H, W, 3) BGR and (H, W, 4) BGRA; {remedy}")
    kind = pixels.dtype.kind
    if kind == "b":
        return as_bgr(pixels.astype(np.uint8) * np.uint8(255), name)
    if kind == "f":
        return as_bgr(pixels if pixels.dtype == np.float32 else pixels.astype(np.float64, copy=False), name)
    if kind == "u" and pixels.dtype.itemsize <= 2:
        return as_bgr(pixels.astype(pixels.dtype.newbyteorder("="), copy=False), name)
    raise SourceError(f"{name}: pixels of type {pixels.dtype} are not known; if they are 0 to 255, use image.astype('uint8')")


def _of_pillow(image: Any, name: str) -> BgrImage:
    try:
        pixels = _pillow_pixels(image)
    except (OSError, SyntaxError, ValueError, AttributeError) as error:  # cut off, damaged, or closed
        raise SourceError(
            f"{name}: Pillow cannot give its pixels ({first_line(error)}); open it again, or convert it to RGB"
        ) from error
    return upright(as_bgr(np.ascontiguousarray(pixels), name), _orientation(image))


def _orientation(image: Any) -> int:
    try:
        return int(image.getexif().get(EXIF_ORIENTATION, 1))
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, struct.error):  # damaged EXIF counts as none
        return 1


def _pillow_pixels(image: Any) -> npt.NDArray[Any]:
    """Return the pixels of a Pillow image: uint8, uint16 or floats 0 to 1; grey, BGR or BGRA; not yet turned upright."""
    mode = image.mode
    if mode in _WITH_ALPHA or (mode in ("1", "L", "P", "RGB") and "transparency" in image.info):
        rgba = np.asarray((image.convert("LA") if mode == "La" else image).convert("RGBA"))
        return rgba[..., [2, 1, 0, 3]]
    if mode in ("1", "L"):
        return np.asarray(image.convert("L"))
    if mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    if mode in ("I", "F"):
        return _scaled(np.asarray(image))
    return np.asarray(image.convert("RGB"), np.uint8)[..., ::-1]


def _scaled(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return pixels in the smallest range that holds them, for a Pillow mode that does not say which value is white.

    White is 1, 255 or 65535: the least of these that is not below the brightest pixel, since a larger one would make the
    picture black.
    Raises ValueError for values below 0 or above 65535.
    """
    low, high = (np.fmin.reduce(pixels, axis=None), np.fmax.reduce(pixels, axis=None)) if pixels.size else (0, 0)
    if low < 0 or high > np.iinfo(np.uint16).max:
        raise ValueError(f"values from {low:g} to {high:g} have no black and white")
    if pixels.dtype.kind == "f" and high <= 1:
        return pixels
    return np.asarray(np.nan_to_num(pixels), np.uint8 if high <= np.iinfo(np.uint8).max else np.uint16)
