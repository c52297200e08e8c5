"""Ways in which the bytes of a file go wrong: bits flip, words change, parts are lost, doubled or another file's."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

_WORDS = (bytes(4), b"\xff" * 4, b"\xff\xff\xff\x7f", b"\x7f\xff\xff\xff", b"\0\0\0\x80", b"\1\0\0\0", b"\0\0\0\1", b"\0\0\1\0")


class Damaged(bytes):
    """Bytes that a report of a failure can hold; it has a line with which to make them again."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes: {self[:48].hex()}...>"


@st.composite
def damaged(draw: st.DrawFn, files: Sequence[bytes], most: int = 6) -> bytes:
    """One of the files after some accidents, near its beginning more often than not: there the lengths and kinds stand."""
    data = bytearray(draw(st.sampled_from(files)))
    for _ in range(draw(st.integers(1, most))):
        reach = max(1, min(len(data), draw(st.sampled_from((32, 128, 1024, len(data))))))
        at = draw(st.integers(0, reach - 1))
        length = draw(st.sampled_from((1, 2, 4, 16, 300)))
        match draw(st.sampled_from(("flip", "flip", "byte", "word", "cut", "lose", "double", "insert", "splice"))):
            case "flip" if data:
                data[min(at, len(data) - 1)] ^= 1 << draw(st.integers(0, 7))
            case "byte":
                data[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case "word":
                data[at : at + 4] = draw(st.sampled_from(_WORDS))
            case "cut":
                del data[len(data) - at :]
            case "lose":
                del data[at : at + length]
            case "double":
                data[at:at] = data[at : at + length]
            case "insert":
                data[at:at] = draw(st.binary(max_size=length))
            case "splice":
                other = draw(st.sampled_from(files))
                data[at:] = other[draw(st.integers(0, len(other))) :]
    return Damaged(data)
