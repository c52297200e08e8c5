"""A run that was cut off anywhere is gone on with so that the whole is what it would have been."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camdigits.errors import UsageError
from camdigits.outputs.ports import SceneWriter
from camdigits.outputs.resume import Earlier, earlier_readings, is_of_read
from camdigits.outputs.writers import CSV_HEADER, CsvWriter, JsonLinesWriter, TextWriter, open_output
from camdigits.vision.types import Box, Digit, Number, Scene

KINDS = ["jsonl", "csv", "text"]


def scenes(source: str, numbers: Sequence[str]) -> Iterator[Scene]:
    """A frame for each number: its digits, or none."""
    for frame, text in enumerate(numbers):
        boxes = [Box(10 * place, 0, 8, 20) for place in range(len(text))]
        digits = tuple(Digit(int(sign), 0.9, box) for sign, box in zip(text, boxes, strict=True))
        whole = (Number(text, 0.9, Box(0, 0, 90, 20), tuple(range(len(text)))),) if text else ()
        yield Scene(640, 480, digits, whole, source, frame, frame / 30)


def writer_of(kind: str, stream: io.TextIOBase, begun: bool) -> SceneWriter:
    if kind == "jsonl":
        return JsonLinesWriter(stream)  # type: ignore[arg-type]
    return CsvWriter(stream, begun) if kind == "csv" else TextWriter(stream, named=True)  # type: ignore[arg-type]


def write(output: Path, kind: str, sources: Sequence[tuple[str, Sequence[str]]], resume: bool = False) -> Earlier:
    """Write the readings of sources, each with the numbers of its frames, as `camdigits read` does."""
    names = [name for name, _ in sources]
    earlier = earlier_readings(output, kind, names, named=True) if resume else Earlier()
    frames = dict(sources)
    with open_output(output, earlier.whole_bytes) as stream:
        writer = writer_of(kind, stream, earlier.whole_bytes > 0)  # type: ignore[arg-type]
        for name in earlier.left(names):
            for scene in scenes(name, frames[name]):
                writer.write(scene.to_dict())
        writer.close()
    return earlier


names = st.text(st.characters(exclude_characters="\n\r", exclude_categories=()), min_size=1, max_size=12)
numbers = st.text("0123456789", max_size=4)
some_sources = st.lists(st.tuples(names, st.lists(numbers, max_size=4)), min_size=1, max_size=6, unique_by=lambda each: each[0])


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None)
@given(sources=some_sources, data=st.data())
def test_cut_off_anywhere_and_gone_on_with_it_is_the_whole(
    kind: str, sources: list[tuple[str, list[str]]], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        output = Path(folder) / "read"
        write(output, kind, sources)
        whole = output.read_bytes()
        cut = data.draw(st.integers(0, len(whole)))
        output.write_bytes(whole[:cut])
        write(output, kind, sources, resume=True)
        assert output.read_bytes() == whole


@settings(deadline=None)
@given(frames=st.dictionaries(st.sampled_from("ab"), st.lists(numbers, max_size=3), min_size=2), data=st.data())
def test_what_is_read_again_and_again_is_told_apart_in_jsonl(frames: dict[str, list[str]], data: st.DataObject) -> None:
    sources = [(name, frames[name]) for name in data.draw(st.lists(st.sampled_from("ab"), max_size=6))]
    with TemporaryDirectory() as folder:
        output = Path(folder) / "read"
        write(output, "jsonl", sources)
        whole = output.read_bytes()
        output.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
        write(output, "jsonl", sources, resume=True)
        assert output.read_bytes() == whole


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_read_is_not_read_again_but_for_the_last(tmp_path: Path, kind: str) -> None:
    sources = [(f"page{index}.png", ["7"]) for index in range(10)]
    write(tmp_path / "read", kind, sources[:6])
    earlier = earlier_readings(tmp_path / "read", kind, [name for name, _ in sources], named=True)
    assert earlier.left([name for name, _ in sources]) == [f"page{index}.png" for index in range(5, 10)]
    assert sum(earlier.read.values()) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_sources_that_failed_are_tried_again(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "read", kind, [("a", ["1"]), ("b", []), ("c", ["2"]), ("d", ["3"])])
    assert earlier_readings(tmp_path / "read", kind, ["a", "b", "c", "d"], True).left(["a", "b", "c", "d"]) == ["b", "d"]


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_lines_of_others_stay(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "read", kind, [("x", ["1"]), ("a", ["2"]), ("y", ["3"])])
    before = (tmp_path / "read").read_bytes()
    write(tmp_path / "read", kind, [("a", ["2"]), ("b", ["4"])], resume=True)
    assert (tmp_path / "read").read_bytes().startswith(before)
    assert b"b" in (tmp_path / "read").read_bytes().removeprefix(before)


@pytest.mark.parametrize("kind", KINDS)
def test_where_there_is_nothing_all_is_read(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "read", kind, [("a", ["1"]), ("b", ["2"])], resume=True)
    resumed = (tmp_path / "read").read_bytes()
    write(tmp_path / "read", kind, [("a", ["1"]), ("b", ["2"])])
    assert resumed == (tmp_path / "read").read_bytes()


JSON = b'{"schema": 1, "source": "a", "frame": 0, "time_s": 0.0, "width": 9, "height": 9, "digits": [], "numbers": []}\n'
HEADER = ",".join(CSV_HEADER).encode()


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("jsonl", b"precious notes"),
        ("jsonl", b"precious notes\n"),
        ("jsonl", b"\xff\xd8\xff\xe0 a picture"),
        ("jsonl", b'{"schema": 2, "source": "a", "frame": 0, "digits": []}\n'),
        ("jsonl", b'{"schema": 1}\n'),
        ("jsonl", b"[1]\n"),
        ("jsonl", JSON + b"{}\n" + JSON),
        ("jsonl", JSON + b"notes below"),
        ("jsonl", HEADER + b"\n"),
        ("csv", b"a,b,c\n1,2,3\n"),
        ("csv", b"a,b"),
        ("csv", HEADER + b"\na,0,0.0,7,7,0.9,1,2,3\n"),
        ("csv", HEADER + b"\na,0,0.0,7,7,0.9,1,2,3,x\n"),
        ("csv", HEADER + b'\n"a\nb",0,0.0,7,7,0.9,1,2,3,4\n'),
        ("csv", HEADER + b"\na\rb,0,0.0,7,7,0.9,1,2,3,4\n"),
        ("csv", b"x" * 200_000 + b"\n"),
        ("csv", HEADER.replace(b"digit", b"sign")),
        ("text", b"notes\n"),
        ("text", b"a: 12\nnotes: 12\n"),
        ("text", b"a: twelve\n"),
        ("text", b"x: 12"),
        ("text", "ä: 12\n".encode("latin-1")),
    ],
)
def test_what_is_no_output_of_ours_is_refused_and_left(tmp_path: Path, kind: str, content: bytes) -> None:
    (tmp_path / "read").write_bytes(content)
    with pytest.raises(UsageError, match=r"is left as it is; name another file"):
        earlier_readings(tmp_path / "read", kind, ["a", "b"], True)
    assert (tmp_path / "read").read_bytes() == content


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no ordinary file"):
        earlier_readings(tmp_path, "jsonl", ["a"], True)


@pytest.mark.parametrize(
    ("kind", "names", "named", "message"),
    [
        ("text", ["a"], False, "does not name its source"),
        ("text", ["a", "a"], True, "named twice"),
        ("csv", ["a", "b", "a"], True, "named twice"),
        ("csv", ["a\nb", "c"], True, "line break"),
        ("text", ["a", "c\r"], True, "line break"),
    ],
)
def test_where_it_cannot_be_known_what_was_read_jsonl_is_recommended(
    tmp_path: Path, kind: str, names: list[str], named: bool, message: str
) -> None:
    with pytest.raises(UsageError, match=rf"{message}.*--format jsonl"):
        earlier_readings(tmp_path / "read", kind, names, named)


class TestWhatIsOfRead:
    @pytest.mark.parametrize("kind", KINDS)
    def test_readings_are_also_where_they_were_cut_off(self, tmp_path: Path, kind: str) -> None:
        output = tmp_path / "read"
        write(output, kind, [("a.jpg", ["12", ""]), ("b", ["3"])])
        whole = output.read_bytes()
        for length in range(len(whole) + 1):
            output.write_bytes(whole[:length])
            # Of a first line of text that was cut off, only the sources that are to be read tell whose it is.
            to_read = ["a.jpg", "b"] if kind == "text" and b"\n" not in whole[:length] else ["b"]
            assert is_of_read(output, to_read), whole[:length]

    @pytest.mark.parametrize(
        "content",
        [
            b"\xff\xd8\xff\xe0 12",
            b"my notes\n",
            b"my notes",
            b"milk: 2\n",
            b"12\nmy notes\n13\n",
            b'{"schema": 1, "event": "read"}\n',
            b"source,frame,name\n",
        ],
    )
    def test_anything_else_is_not(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "file").write_bytes(content)
        assert not is_of_read(tmp_path / "file", ["page.jpg"])
