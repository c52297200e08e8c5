from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from camdigits.errors import SourceError
from camdigits.sources.folders import files_below, files_matching
from camdigits.sources.formats import CLIP_SUFFIXES, PICTURE_SUFFIXES
from camdigits.sources.kinds import expand, found
from tests.platforms import needs_links, posix_only

KINDS = (".jpg",)


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def below(folder: Path) -> list[str]:
    return relative(files_below(str(folder), KINDS).known, folder)


def matching(folder: Path, pattern: str) -> list[str]:
    return relative(files_matching(str(folder / pattern), KINDS).known, folder)


def relative(files: list[str], folder: Path) -> list[str]:
    return [Path(file).relative_to(folder).as_posix() for file in files]


SYSTEM_FOLDERS = [
    *("$RECYCLE.BIN", "RECYCLER", "System Volume Information", "found.000", "__MACOSX", "Network Trash Folder", "lost+found"),
    *("@eaDir", "#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot", ".@__thumb", ".Trash-1000", "Recycle Bin"),
]


@pytest.mark.parametrize("name", SYSTEM_FOLDERS)
def test_what_systems_keep_in_folders_is_not_the_users(tmp_path: Path, name: str) -> None:
    make(tmp_path, "c.jpg", f"{name}/c.jpg", f"pages/{name}/1/c.jpg", "pages/d.jpg")
    assert below(tmp_path) == matching(tmp_path, "**/*.jpg") == ["c.jpg", "pages/d.jpg"]
    assert matching(tmp_path, "*/*.jpg") == ["pages/d.jpg"]


@pytest.mark.parametrize("name", ["@eaDir", "lost+found", ".scans"])
def test_a_folder_of_a_system_that_is_named_is_read(tmp_path: Path, name: str) -> None:
    make(tmp_path, f"{name}/c.jpg", f"{name}/@eaDir/c.jpg")
    assert below(tmp_path / name) == ["c.jpg"]
    assert matching(tmp_path, f"{name}/*.jpg") == [f"{name}/c.jpg"]


@pytest.mark.parametrize("name", ["#1", "@school", "Bin", "$5", "recycle", "found.jpgs"])
def test_the_users_own_folders_are_read_whatever_they_are_called(tmp_path: Path, name: str) -> None:
    make(tmp_path, f"{name}/c.jpg")
    assert below(tmp_path) == matching(tmp_path, "**/*.jpg") == [f"{name}/c.jpg"]


@needs_links
class TestLinks:
    def test_a_linked_folder_is_read(self, tmp_path: Path) -> None:
        make(tmp_path, "elsewhere/c.jpg", "pages/d.jpg")
        (tmp_path / "pages" / "more").symlink_to(tmp_path / "elsewhere")
        for found_there in (below(tmp_path / "pages"), matching(tmp_path / "pages", "**/*.jpg")):
            assert found_there == ["d.jpg", "more/c.jpg"]

    def test_a_folder_is_read_once_and_by_its_real_path(self, tmp_path: Path) -> None:
        make(tmp_path, "z/1/c.jpg")
        (tmp_path / "a").symlink_to(tmp_path / "z")
        (tmp_path / "b").symlink_to(tmp_path / "z" / "1")
        assert below(tmp_path) == matching(tmp_path, "**/*.jpg") == matching(tmp_path, "*/*/*.jpg") == ["z/1/c.jpg"]

    def test_a_link_that_leads_to_another_one_is_followed(self, tmp_path: Path) -> None:
        make(tmp_path, "x/c.jpg", "y/d.jpg")
        (tmp_path / "x" / "next").symlink_to(tmp_path / "y")
        (tmp_path / "pages").mkdir()
        (tmp_path / "pages" / "first").symlink_to(tmp_path / "x")
        for found_there in (below(tmp_path / "pages"), matching(tmp_path / "pages", "**/*.jpg")):
            assert found_there == ["first/c.jpg", "first/next/d.jpg"]

    def test_links_that_lead_back_end(self, tmp_path: Path) -> None:
        make(tmp_path, "pages/c.jpg")
        for name in ("up", "self", "again"):
            (tmp_path / "pages" / name).symlink_to(tmp_path / ("" if name == "up" else "pages"))
        (tmp_path / "pages" / "nowhere").symlink_to(tmp_path / "gone")
        assert below(tmp_path / "pages") == matching(tmp_path / "pages", "**/**/*.jpg") == ["c.jpg"]

    def test_a_linked_folder_that_is_named_is_read_under_that_name(self, tmp_path: Path) -> None:
        make(tmp_path, "z/c.jpg")
        (tmp_path / "a").symlink_to(tmp_path / "z")
        assert expand(str(tmp_path / "a")) == expand(str(tmp_path / "a" / "*.jpg")) == [str(tmp_path / "a" / "c.jpg")]


class TestGlobs:
    def test_two_stars_are_any_folders(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        make(tmp_path, "c.jpg", "a/d.jpg", "a/b/e.jpg", "a/b/f.png", "[x]/g.jpg")
        assert matching(tmp_path, "**/*.jpg") == ["[x]/g.jpg", "a/b/e.jpg", "a/d.jpg", "c.jpg"]
        assert matching(tmp_path, "**/b/*.jpg") == matching(tmp_path, "a/**/b/**") == ["a/b/e.jpg"]
        monkeypatch.chdir(tmp_path)
        files = files_matching("**/*.jpg", KINDS).known
        assert files == [str(Path(name)) for name in ("[x]/g.jpg", "a/b/e.jpg", "a/d.jpg", "c.jpg")]

    def test_two_stars_in_a_name_are_one(self, tmp_path: Path) -> None:
        make(tmp_path, "ab.jpg", "x/ab.jpg")
        assert matching(tmp_path, "a**.jpg") == ["ab.jpg"]


class TestOtherNames:
    def test_what_cannot_be_read_by_name_is_counted(self, tmp_path: Path) -> None:
        make(tmp_path, "page.jpg", "a.txt", "b/b.txt", "b/README", "c.docx", "d.xlsx", "Thumbs.db", ".hidden", "@eaDir/e.txt")
        words = "left out 5 files of other kinds (.txt, .docx, .xlsx, ...)"
        for spec in (tmp_path, tmp_path / "**"):
            files, notice = found(str(spec))
            assert files == [str(tmp_path / "page.jpg")]
            assert notice.startswith(f"{spec}: {words}; ")

    @posix_only
    def test_a_pipe_is_not_waited_for(self, tmp_path: Path) -> None:
        make(tmp_path, "page.jpg")
        os.mkfifo(tmp_path / "pipe.jpg")
        for spec in (tmp_path, tmp_path / "*.jpg"):
            assert found(str(spec))[0] == [str(tmp_path / "page.jpg")]
            assert "left out 1 file of other kinds" in found(str(spec)).notice

    def test_nothing_is_said_where_nothing_is_left_out(self, tmp_path: Path) -> None:
        make(tmp_path, "page.jpg", "sub.d/page.jpg", "desktop.ini")
        assert found(str(tmp_path)).notice == found(str(tmp_path / "*")).notice == ""

    def test_a_folder_of_nothing_else_says_what_is_there(self, tmp_path: Path) -> None:
        make(tmp_path, "a.txt")
        with pytest.raises(SourceError, match=re.escape("no pictures or clips there, only 1 file of other kinds (.txt);")):
            found(str(tmp_path))

    @pytest.mark.parametrize("suffix", [*PICTURE_SUFFIXES, *CLIP_SUFFIXES])
    def test_what_can_be_read_is_known_by_its_name(self, tmp_path: Path, suffix: str) -> None:
        make(tmp_path, f"page{suffix.upper()}")
        assert expand(str(tmp_path)) == [str(tmp_path / f"page{suffix.upper()}")]
