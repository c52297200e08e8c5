"""Arrays that no camera gives: any shape, type, value and stride."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camdigits.errors import SourceError
from camdigits.recognizer import Recognizer
from camdigits.sources.arrays import bgr_of
from camdigits.sources.pictures import BEYOND_WHITE, as_bgr
from camdigits.vision.types import Scene
from tests.fuzz.refusals import refused_in_one_line
from tests.fuzz.rounds import fuzzing

PICTURE_DTYPES = ("u1", "u2", "f4", "f8")
OTHER_DTYPES = (
    *("?", "i1", "i2", "i4", "i8", "u4", "u8", "f2", "g", "F", "D", ">u2", ">f4", ">f8"),
    *("O", "S3", "U3", "V4", "M8[s]", "m8[s]", [("red", "u1"), ("green", "u1")]),
)
SIDES_PX = (1, 2, 3, 5, 8, 9, 17, 31, 40)
CHANNELS = (1, 3, 4)
LARGE = ((1, 3000), (3000, 1), (2, 900), (700, 3), (300, 200), (120, 400))
ODD_NUMBERS = (0.0, 1.0, -1.0, 0.5, 255.0, 256.0, 65535.0, -1e300, 1e300, np.nan, np.inf, -np.inf)


def check_scene(scene: Scene, height: int, width: int) -> None:
    """What holds for whatever was read on a picture of that size."""
    assert (scene.height, scene.width) == (height, width)
    for digit in scene.digits:
        assert digit.label in range(10)
        assert 0 <= digit.confidence <= 1
    for box in (*(digit.box for digit in scene.digits), *(number.box for number in scene.numbers)):
        assert box.x >= 0
        assert box.y >= 0
        assert box.width >= 1
        assert box.height >= 1
        assert box.right <= width
        assert box.bottom <= height
    for number in scene.numbers:
        assert number.text == "".join(str(scene.digits[index].label) for index in number.digits)
        assert 0 <= number.confidence <= 1
    json.dumps(scene.to_dict(), allow_nan=False)


@st.composite
def pictures(draw: st.DrawFn) -> np.ndarray:
    """Arrays of the shapes that pictures have, some with lines and digits on them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    small = st.tuples(st.sampled_from(SIDES_PX), st.sampled_from(SIDES_PX))
    size = draw(st.one_of(small, st.sampled_from(LARGE)))
    channels = draw(st.sampled_from(((), *((count,) for count in CHANNELS))))
    noisy = size[0] * size[1] <= 2000 and draw(st.booleans())
    grey = rng.integers(0, 256, size, np.uint8) if noisy else np.full(size, draw(st.sampled_from((0, 7, 230, 255))), np.uint8)
    for _ in range(draw(st.integers(0, 12))):
        start, end = (tuple(int(v) for v in rng.integers(-9, max(size) + 9, 2)) for _ in range(2))
        tone, thick_px = int(rng.integers(256)), int(rng.integers(1, 7))
        if rng.random() < 0.5:
            cv2.line(grey, start, end, tone, thick_px, cv2.LINE_AA)
        else:
            cv2.putText(grey, str(rng.integers(100)), start, cv2.FONT_HERSHEY_SIMPLEX, 0.3 * thick_px, tone, thick_px)
    return np.broadcast_to(grey.reshape(*size, *(1 for _ in channels)), (*size, *channels)).copy()


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    """Arrays of 0 to 4 dimensions, sides of 0 among them."""
    shape = draw(st.lists(st.sampled_from((0, 1, 2, 3, 4, 5, 17)), max_size=4))
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1))).integers(0, 256, shape, np.uint8)


@st.composite
def as_type(draw: st.DrawFn, values: np.ndarray, dtypes: Sequence[Any]) -> np.ndarray:
    """The same values as one of those types, with numbers among them that are none."""
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    match dtype.kind:
        case "V" | "M" | "m":
            return np.ndarray(values.shape, dtype, values.tobytes() * dtype.itemsize)
        case "f" | "c":
            scaled = values.astype(dtype) / dtype.type(draw(st.sampled_from((1, 255))))
            rng = np.random.default_rng(draw(st.integers(0, 99)))
            odd = rng.random(values.shape) < draw(st.sampled_from((0.0, 0.02, 1.0)))
            with np.errstate(over="ignore", invalid="ignore"):
                return np.asarray(np.where(odd, rng.choice(ODD_NUMBERS, values.shape), scaled), dtype)
        case "u" if dtype.itemsize == 2:
            return np.asarray(values.astype(dtype) * 257, dtype)
        case _:
            return values.astype(dtype)


def _broadcast(array: np.ndarray) -> np.ndarray:
    return np.broadcast_to(array[:1], array.shape) if array.ndim and array.shape[0] else array


def _spread(array: np.ndarray) -> np.ndarray:
    """The same array with other memory between its rows and columns."""
    wide = np.zeros(tuple(2 * side for side in array.shape), array.dtype)
    view = wide[(..., *(slice(None, None, 2) for _ in array.shape))]
    view[...] = array
    return view


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _misaligned(array: np.ndarray) -> np.ndarray:
    if array.dtype.hasobject:
        return array
    memory = np.frombuffer(bytearray(b"\0" + array.tobytes()), np.uint8)[1:]
    return memory.view(array.dtype).reshape(array.shape) if memory.size else array


LAYOUTS: tuple[Callable[[np.ndarray], Any], ...] = (
    lambda array: array,
    lambda array: array[(..., *(slice(None, None, -1) for _ in array.shape))],
    lambda array: array[..., ::-1] if array.ndim else array,
    np.asfortranarray,
    lambda array: array.swapaxes(0, 1) if array.ndim > 1 else array,
    _broadcast,
    _spread,
    _read_only,
    _misaligned,
    lambda array: array.view(np.ma.MaskedArray),
    lambda array: array.view(np.matrix) if array.ndim == 2 else array,
)


@st.composite
def laid_out(draw: st.DrawFn, array: np.ndarray) -> np.ndarray:
    """The same array, or a view of it, with any strides."""
    return draw(st.sampled_from(LAYOUTS))(array)


PICTURES = pictures().flatmap(lambda values: as_type(values, PICTURE_DTYPES)).flatmap(laid_out)
ARRAYS = (
    st.one_of(pictures(), arrays()).flatmap(lambda values: as_type(values, PICTURE_DTYPES + OTHER_DTYPES)).flatmap(laid_out)
)
RECOGNIZER = Recognizer()


@fuzzing(60)
@given(PICTURES)
def test_a_picture_of_any_size_and_layout_is_read_and_left_as_it_was(picture: np.ndarray) -> None:
    before, flags = picture.tobytes(), str(picture.flags)
    if picture.dtype.kind == "f" and np.mean(picture > BEYOND_WHITE) > 0.5:
        with pytest.raises(SourceError, match="floats go from 0, black, to 1, white"):
            RECOGNIZER.recognize(picture)
    else:
        check_scene(RECOGNIZER.recognize(picture), *picture.shape[:2])
    assert picture.tobytes() == before
    assert str(picture.flags) == flags


@fuzzing(200)
@given(ARRAYS)
def test_any_array_is_made_a_picture_or_refused(array: np.ndarray) -> None:
    before = array.tobytes()
    for convert in (as_bgr, bgr_of):
        with refused_in_one_line():
            image = convert(array, "it")
            assert image.shape == (*array.shape[:2], 3)
            assert image.dtype == np.uint8
    assert array.tobytes() == before
