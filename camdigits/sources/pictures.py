"""Picture files from their bytes: recognised by content, complete or refused, always uint8 BGR and upright."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.errors import SourceError, is_out_of_memory
from camdigits.runtime.stderr import CapturedStderr, captured_stderr
from camdigits.vision.types import BgrImage

SLIDE_PERIOD_S = 2.0
"""How long each of several pictures is shown, in seconds."""


class _TiffLayout(NamedTuple):
    """Layout of a TIFF: its byte order, and the bytes of an offset and of the number of a page's tags."""

    order: Literal["little", "big"]
    place_bytes: int
    count_bytes: int

    @property
    def tag_bytes(self) -> int:
        return 4 + 2 * self.place_bytes


_TIFF_LAYOUTS = {
    b"II*\0": _TiffLayout("little", 4, 2),
    b"MM\0*": _TiffLayout("big", 4, 2),
    b"II+\0": _TiffLayout("little", 8, 8),  # BigTIFF, for more than 4 GB
    b"MM\0+": _TiffLayout("big", 8, 8),
}
"""Layouts of TIFF by a file's first four bytes."""
_SIGNATURES = (
    b"\xff\xd8\xff",  # JPEG
    b"\x89PNG",
    b"BM",
    *_TIFF_LAYOUTS,
    b"\0\0\0\x0cjP  ",  # JPEG 2000
    b"\xff\x4f\xff\x51",
    b"#?RADIANCE",
    *(b"P%d" % kind for kind in range(1, 8)),  # the portable any-maps
)
"""First bytes of the files that are pictures."""
_JPEG, _JPEG_SCAN, _JPEG_END = b"\xff\xd8", 0xDA, b"\xff\xd9"
"""Marks of a JPEG.

_JPEG: its first bytes.
_JPEG_SCAN: second byte of the mark before its pixels.
_JPEG_END: the mark at its end.
"""
_PNG, _PNG_HEAD_BYTES, _PNG_END = b"\x89PNG", 8, b"IEND"
"""Marks of a PNG.

_PNG: its first bytes.
_PNG_HEAD_BYTES: length of its head, in bytes.
_PNG_END: kind of its last chunk.
"""
_OF_DAMAGE = ("Corrupt JPEG data", "Premature end of JPEG file", "TIFF_Error")
"""Messages of libjpeg and libtiff about damaged pictures."""
_EXTRANEOUS = re.compile(r"Corrupt JPEG data: (\d+) extraneous bytes before marker 0xd9")
"""libjpeg's message about bytes between a picture's data and its end."""
_FILLED_BYTES = 16
"""Up to this many stray bytes before the end are padding, not damage."""
_EMPTY_END_BYTES = 4096
"""A file that ends in this many zeros is incomplete. Compressed data have no such run, and the room that Windows leaves in EXIF
is half as long."""
BEYOND_WHITE = 2.0
"""Where most floats are above this, they range to 255 instead of 1. A few exceed 1 through filters and glare."""
EXIF_ORIENTATION = 0x112
"""EXIF's tag for how a picture was held (JEITA CP-3451)."""
_SUBFILE, _REDUCED_OR_MASK = 254, 0b101
"""The tag NewSubfileType of TIFF 6.0, which comes before all others.

_SUBFILE: its number.
_REDUCED_OR_MASK: its bits for thumbnails and masks, which are no pages of their own.
"""
_ROWS_AT_ONCE = 256
"""Transparency is removed in bands of this many rows, which saves memory."""
_SAMPLE_PX, _SEEN_ALPHA, _SEEN_CONTRAST, _SEEN_SHARE = 1_000_000, 64, 64, 0.01
"""Limits of the test for a picture that vanishes on white.

_SAMPLE_PX: about how many pixels are sampled.
_SEEN_ALPHA: opacity, 0..255, from which on a pixel is visible.
_SEEN_CONTRAST: contrast to white, 0..255, above which a visible pixel stands out.
_SEEN_SHARE: the picture vanishes when less than this share of its visible pixels stands out.
"""
_WEBP_FLAGS_AT, _WEBP_MOVES = 20, 0b10
"""Where a WebP says that it is an animation.

_WEBP_FLAGS_AT: offset of its flags, in bytes.
_WEBP_MOVES: the flag of an animation.
"""
_TOO_LARGE = "CV_IO_MAX_IMAGE_"
"""Beginning of the names of OpenCV's limits: on pixels, and on a picture's width and height."""
_ANEW = "copy it again, or save it as PNG or JPEG"
"""What the user can do about a picture that cannot be decoded."""
_SMALLER = "save it smaller, or cut it into parts"
"""What the user can do about a picture that is too large."""
_FRAMES_AT_ONCE = 16
"""Frames of an animation decoded at once. Each time decoding starts again from the first frame."""
_SHORTEST_S, _USUAL_S = 0.011, 0.1
"""Times that a picture of an animation is shown, in seconds, as in browsers.

_SHORTEST_S: the shortest time that is believed.
_USUAL_S: the time of pictures with a shorter one.
"""
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""Brands of ISO/IEC 23008-12: pictures coded as HEVC, and those that leave the codec open."""
_AVIF_BRANDS = (b"avif", b"avis")
"""Brands of AVIF pictures and animations."""


def is_picture(head: bytes) -> bool:
    """Return whether a file is a still picture; a GIF counts as a clip.

    head: the file's first bytes; 64 suffice.
    """
    container = head[8:12]
    if (
        head.startswith(_SIGNATURES)
        or (head[:4] == b"RIFF" and container == b"WEBP")
        or head[4:12] in (b"ftypavif", b"ftypavis")
    ):
        return True
    return _is_heif(head)


def _is_heif(head: bytes) -> bool:
    """Return whether a file is a phone's HEIC picture, and not an AVIF, which may have the same major brand."""
    if head[4:8] != b"ftyp":
        return False
    brands = [head[at : at + 4] for at in range(8, min(int.from_bytes(head[:4], "big"), len(head)), 4) if at != 12]
    return head[8:12] in _HEIF_BRANDS and not any(brand in _AVIF_BRANDS for brand in brands)


def decode_picture(data: bytes, name: str) -> BgrImage:
    """Decode a picture file's bytes to uint8 (H, W, 3), BGR, turned upright by its EXIF orientation.

    Grey becomes BGR; 16 bits and floats are scaled to 8 bits. Transparency is laid over white, or over black where the picture
    would vanish on white.
    Raises SourceError for a file that is cut off or damaged, and for a picture too large for OpenCV or the memory.
    """
    try:
        return _decoded(data, name)
    except (MemoryError, cv2.error) as error:
        if not is_out_of_memory(error):
            raise
        raise SourceError(
            f"{name}: there is too little memory for this picture; {_SMALLER}, or close other programs"
        ) from error


def _decoded(data: bytes, name: str) -> BgrImage:
    if _is_empty_at_its_end(data):
        raise _cut_off(name)
    if _is_heif(data[:64]):
        return _decode_heif(data, name)
    if _is_png_cut_off(data):
        raise _cut_off(name)
    lacks_end = _lacks_jpeg_end(data)
    if lacks_end:  # no loss by itself: decoding tells whether more is missing
        data += _JPEG_END
    try:
        with _captured_decoder() as captured:
            pixels, kinds, metadata = cv2.imdecodeWithMetadata(np.frombuffer(data, np.uint8), flags=cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        if is_out_of_memory(error):
            raise
        if _TOO_LARGE in str(error):
            raise SourceError(f"{name}: the picture has more pixels than OpenCV takes, 2^30; {_SMALLER}") from error
        raise SourceError(f"{name}: the picture cannot be decoded, it is damaged or far too large; save it smaller") from error
    is_empty = pixels is None or pixels.size == 0
    is_damaged = _reports_damage(captured.text, data)
    if lacks_end and (is_empty or is_damaged):
        raise _cut_off(name)
    if is_empty:
        raise SourceError(f"{name}: the picture cannot be decoded, it is cut off, damaged or of an unknown kind; {_ANEW}")
    if is_damaged:
        raise SourceError(f"{name}: the picture is damaged, parts of it are missing or wrong; copy or save it again")
    if data.startswith(b"BM") and pixels.ndim == 3:
        pixels = pixels[:, :, :3]  # the fourth byte of a BMP pixel is padding more often than transparency
    exif = next((bytes(block) for kind, block in zip(kinds, metadata, strict=False) if kind == cv2.IMAGE_METADATA_EXIF), b"")
    return upright(as_bgr(pixels, name), _orientation(exif))


def _decode_heif(data: bytes, name: str) -> BgrImage:
    try:
        import pillow_heif
    except ImportError as error:
        raise SourceError(f"{name}: HEIC pictures need one more package: pip install 'camdigits[heic]'") from error
    try:
        file = pillow_heif.open_heif(data, bgr_mode=True)
        # Decoding turns it upright, so the EXIF orientation beside it is not applied again.
        pixels = np.asarray(file[file.primary_index])
    except (ValueError, RuntimeError, EOFError, SyntaxError, OSError, IndexError, MemoryError) as error:
        raise SourceError(f"{name}: the picture cannot be decoded, it is damaged or cut off; copy or save it again") from error
    return np.ascontiguousarray(as_bgr(pixels, name))


def as_bgr(pixels: npt.NDArray[Any], name: str) -> BgrImage:
    """Convert pixels to uint8 (H, W, 3), BGR.

    pixels: (H, W) or (H, W, 1, 3 or 4), of uint8, uint16 or floats 0..1.
    name: what error messages call the picture.
    Alpha is laid over white, or over black where all visible pixels are white.
    Raises SourceError for pixels of another shape or dtype, and where there are none.
    """
    if not pixels.size:
        raise SourceError(f"{name}: there are no pixels in an array of shape {pixels.shape}; was it read at all?")
    channels = 1 if pixels.ndim == 2 else pixels.shape[2] if pixels.ndim == 3 else 0
    if channels not in (1, 3, 4):
        raise SourceError(f"{name}: pixels of shape {pixels.shape} are no picture; save it as PNG or JPEG")
    eight_bit = _eight_bit(pixels, name)
    if channels == 1:
        return np.asarray(cv2.cvtColor(eight_bit, cv2.COLOR_GRAY2BGR), np.uint8)
    return eight_bit if channels == 3 else _on_ground(eight_bit)


def _eight_bit(pixels: npt.NDArray[Any], name: str) -> npt.NDArray[np.uint8]:
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, np.uint8)
    if pixels.dtype == np.uint16:
        return np.asarray(cv2.convertScaleAbs(pixels, alpha=255 / 65535), np.uint8)
    if pixels.dtype in (np.float32, np.float64):
        if 2 * np.count_nonzero(pixels > BEYOND_WHITE) > pixels.size:
            raise SourceError(f"{name}: floats go from 0, black, to 1, white; divide by 255, or make them uint8")
        return np.asarray(np.nan_to_num(pixels).clip(0, 1) * 255 + 0.5, np.uint8)
    raise SourceError(f"{name}: pixels of type {pixels.dtype} are not known here; save it as PNG or JPEG")


def _on_ground(bgra: npt.NDArray[np.uint8]) -> BgrImage:
    """Lay transparency over white, or over black where the picture would vanish on white."""
    ground = 0 if _vanishes_on_white(bgra) else 255
    picture = np.empty((*bgra.shape[:2], 3), np.uint8)
    for top in range(0, len(bgra), _ROWS_AT_ONCE):  # in bands: the products need twice the memory of the picture
        band = bgra[top : top + _ROWS_AT_ONCE].astype(np.uint16)
        alpha = band[:, :, 3:]
        picture[top : top + _ROWS_AT_ONCE] = (band[:, :, :3] * alpha + ground * (255 - alpha) + 127) // 255
    return picture


def _vanishes_on_white(bgra: npt.NDArray[np.uint8]) -> bool:
    """Return whether hardly any visible pixel differs from white."""
    step = max(1, math.isqrt(bgra.shape[0] * bgra.shape[1] // _SAMPLE_PX))
    sample = bgra[::step, ::step]
    seen = sample[sample[:, :, 3] >= _SEEN_ALPHA][:, :3]
    return 0 < len(seen) < sample.shape[0] * sample.shape[1] and bool(
        np.count_nonzero(seen.min(axis=1) < 255 - _SEEN_CONTRAST) < _SEEN_SHARE * len(seen)
    )


def is_animation(data: bytes) -> bool:
    """Return whether a picture file is an animation, which WebP, PNG and AVIF may be."""
    if data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8X":
        return bool(data[_WEBP_FLAGS_AT] & _WEBP_MOVES)
    if data.startswith(_PNG):
        control = data.find(b"acTL", 0, max(data.find(b"IDAT"), 0))
        return control >= 0 and int.from_bytes(data[control + 4 : control + 8], "big") > 1
    return data[4:12] == b"ftypavis"


def begins_white_on_nothing(data: bytes) -> bool:
    """Return whether the first picture of an animation would vanish on white."""
    try:
        with _captured_decoder():
            _, animation = cv2.imdecodeanimation(np.frombuffer(data, np.uint8), 0, 1)
    except cv2.error:
        return False
    pixels = next(iter(animation.frames), None)
    return pixels is not None and pixels.ndim == 3 and pixels.shape[2] == 4 and _vanishes_on_white(np.asarray(pixels, np.uint8))


def animation_frames(data: bytes, name: str) -> Iterator[tuple[BgrImage, float]]:
    """Yield the pictures of an animation, as `decode_picture` returns them, and how long each is shown, in seconds.

    Raises SourceError for one that is cut off or damaged.
    """
    is_cut_off = _is_png_cut_off(data) or _is_empty_at_its_end(data)
    if is_cut_off or (data[:4] == b"RIFF" and len(data) < 8 + int.from_bytes(data[4:8], "little")):
        raise _cut_off(name)
    start, shown = 0, 0
    while True:
        try:
            with _captured_decoder():
                _, animation = cv2.imdecodeanimation(np.frombuffer(data, np.uint8), start, _FRAMES_AT_ONCE)
        except cv2.error:
            animation = cv2.Animation()
        for pixels, lasts_ms in zip(animation.frames, animation.durations, strict=False):
            yield as_bgr(pixels, name), lasts_ms / 1000 if lasts_ms / 1000 >= _SHORTEST_S else _USUAL_S
            shown += 1
        start += _FRAMES_AT_ONCE
        if shown < start:
            break
    if not shown:
        raise SourceError(f"{name}: the animation cannot be decoded, it is damaged; copy or save it again")


def is_damaged_jpeg(data: bytes) -> bool:
    """Return whether a JPEG is incomplete or damaged as far as its decoder can tell, even if only the end marker is missing."""
    if _lacks_jpeg_end(data):
        return True
    with _captured_decoder() as captured, suppress(cv2.error):
        cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return _reports_damage(captured.text, data)


@contextmanager
def _captured_decoder() -> Iterator[CapturedStderr]:
    """Capture what decoders print about a picture: OpenCV returns the remains of a damaged one without an error."""
    with captured_stderr() as captured:
        before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        try:
            yield captured
        finally:
            cv2.utils.logging.setLogLevel(before)


def _reports_damage(message: str, data: bytes) -> bool:
    """Return whether a message of libjpeg or libtiff means that the picture is damaged."""
    extraneous = _EXTRANEOUS.search(message)
    if extraneous is not None:
        # Cameras pad their pictures before the end. Left-over data of a picture are longer, and no repeated byte.
        end, count = data.find(_JPEG_END, _jpeg_scan_start(data)), int(extraneous[1])
        rest = data[end - count : end]
        return count > _FILLED_BYTES and len(set(rest)) > 1
    return any(words in message for words in _OF_DAMAGE)


def _cut_off(name: str) -> SourceError:
    return SourceError(f"{name}: the picture is cut off, its end is missing; copy or save it again")


def _is_empty_at_its_end(data: bytes) -> bool:
    """Return whether a WebP, HEIF, AVIF or JPEG 2000 ends in zeros: copying programs reserve the space first.

    Decoders read such files as far as they go.
    """
    is_webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    return (is_webp or data[4:8] in (b"ftyp", b"jP  ")) and len(data) > _EMPTY_END_BYTES and not any(data[-_EMPTY_END_BYTES:])


def _is_png_cut_off(data: bytes) -> bool:
    return data.startswith(_PNG) and not _has_all_chunks(data)


def _lacks_jpeg_end(data: bytes) -> bool:
    return data.startswith(_JPEG) and data.find(_JPEG_END, _jpeg_scan_start(data)) < 0


def tiff_pages(data: bytes) -> list[bytes]:
    """Return the offsets of a TIFF's pages, as bytes in its own layout, without thumbnails and masks (TIFF 6.0, section 2).

    The list is empty for a file that is no TIFF, and has only the first page for a damaged one.
    """
    layout = _TIFF_LAYOUTS.get(data[:4])
    if layout is None:
        return []
    order, place_bytes, count_bytes = layout
    first = data[place_bytes : 2 * place_bytes]
    pages, seen, where = [], set(), first
    while (at := int.from_bytes(where, order)) and at not in seen and at + count_bytes <= len(data):
        seen.add(at)  # damaged files may lead back
        tags_at = at + count_bytes
        value_at = tags_at + 4 + place_bytes
        is_marked = int.from_bytes(data[tags_at : tags_at + 2], order) == _SUBFILE
        kind = int.from_bytes(data[value_at : value_at + 4], order) if is_marked else 0
        if not kind & _REDUCED_OR_MASK:
            pages.append(where)
        end = tags_at + layout.tag_bytes * int.from_bytes(data[at:tags_at], order)
        where = data[end : end + place_bytes]
    return pages or [first]


def tiff_beginning_with(page: bytes, data: bytes) -> bytes:
    """Return the TIFF with another first page, whose offset `tiff_pages` gave."""
    return data[: len(page)] + page + data[2 * len(page) :]


def _has_all_chunks(png: bytes) -> bool:
    """Return whether a PNG has every chunk up to its end.

    OpenCV reserves memory for a chunk of any stated length: 4 GiB for a file of 2 KiB.
    """
    at = _PNG_HEAD_BYTES
    while at + 8 <= len(png):
        is_last = png[at + 4 : at + 8] == _PNG_END
        at += 12 + int.from_bytes(png[at : at + 4], "big")
        if is_last:
            return at <= len(png)
    return False


def _jpeg_scan_start(data: bytes) -> int:
    """Return the offset of the pixels, behind the thumbnail, which has an end marker of its own."""
    at = len(_JPEG)
    while at + 4 <= len(data) and data[at] == 0xFF:
        if data[at + 1] == _JPEG_SCAN:
            return at
        fill_byte = data[at + 1] == 0xFF
        at += 1 if fill_byte else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return at


def _orientation(exif: bytes) -> int:
    """Return the EXIF orientation, 1..8 (JEITA CP-3451); 1, upright, where there is none."""
    order: Any = {b"II": "little", b"MM": "big"}.get(exif[:2])
    if order is None:
        return 1
    entries_at = int.from_bytes(exif[4:8], order)
    count = int.from_bytes(exif[entries_at : entries_at + 2], order)
    for at in range(entries_at + 2, min(entries_at + 2 + 12 * count, len(exif)), 12):
        if int.from_bytes(exif[at : at + 2], order) == EXIF_ORIENTATION:
            return int.from_bytes(exif[at + 8 : at + 10], order)
    return 1


def upright(image: BgrImage, orientation: int) -> BgrImage:
    """Turn a picture upright by its EXIF orientation; an unknown orientation changes nothing."""
    if orientation in (5, 6, 7, 8):
        image = image.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    return np.ascontiguousarray(image)
