"""Files are written as a whole or not at all."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from camdigits.errors import OutputError
from camdigits.runtime.files import write_whole
from tests.platforms import needs_full_disk, needs_links


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", b"old")
    (tmp_path / "d").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        write_whole(tmp_path / "d", b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "d"]
    with pytest.raises(OutputError, match=re.escape(f"{tmp_path / 'a' / 'b'}: cannot be written")):
        write_whole(tmp_path / "a" / "b", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"


@needs_links
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_what_is_no_file_is_written_to_and_not_replaced() -> None:
    write_whole(Path(os.devnull), b"x")
    assert not Path(os.devnull).is_file()


@needs_full_disk
def test_a_full_disk_is_told() -> None:
    with pytest.raises(OutputError, match="no space left"):
        write_whole(Path("/dev/full"), b"x")


def test_a_folder_is_made_only_where_that_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no such file"):
        write_whole(tmp_path / "new" / "a", b"x")
    write_whole(tmp_path / "new" / "a", b"x", make_folder=True)
    assert (tmp_path / "new" / "a").read_bytes() == b"x"
