"""Teaching beside a window: what is told, undone, and taught elsewhere."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from camdigits.learning.corrections import FILE as CORRECTIONS
from camdigits.learning.corrections import CorrectionFile
from camdigits.learning.taught import Adaptation
from camdigits.learning.teacher import FILE, AdaptationFile, Lesson, learn
from camdigits.live import teacher
from camdigits.live.teacher import Teacher
from tests.learning.test_teacher import NETWORK, NOON, corrected, cross


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return corrected(tmp_path)


class TestBesideAWindow:
    def made(self, folder: Path) -> tuple[Teacher, list[Adaptation | None]]:
        used: list[Adaptation | None] = []
        return Teacher(folder, "camdigits", NETWORK.sha256, used.append), used

    def test_it_learns_in_the_background_and_says_so_once(self, folder: Path) -> None:
        beside, used = self.made(folder)
        assert beside.take_message() == ""
        assert beside.teach() == "learning from your corrections"
        beside.join()
        assert beside.take_message() == "learnt from 1 correction (l undoes it)"
        assert beside.take_message() == ""
        assert [taught is not None for taught in used] == [True]

    def test_undoing_goes_back_a_lesson_and_then_to_the_network_as_it_ships(self, folder: Path) -> None:
        AdaptationFile(folder / FILE).forget()
        learn(CorrectionFile(folder / CORRECTIONS), AdaptationFile(folder / FILE), "camdigits")
        before = (folder / FILE).read_bytes()
        beside, used = self.made(folder)
        CorrectionFile(folder / CORRECTIONS).append(cross(1), None, 7, NOON)
        beside.teach()
        beside.join()
        beside.take_message()
        assert (folder / FILE).read_bytes() != before
        assert beside.undo() == "the last lesson is undone; your corrections are kept"
        assert (folder / FILE).read_bytes() == before
        assert beside.take_message() == "the last lesson is undone; your corrections are kept"
        assert beside.undo() == "all that was learnt is forgotten; your corrections are kept"
        assert not (folder / FILE).exists()
        assert "forgotten" in beside.take_message()
        assert beside.undo() == "nothing was taught"
        assert [taught is not None for taught in used] == [True, True, False]
        assert len(CorrectionFile(folder / CORRECTIONS).load().corrections) == 3

    def test_what_is_taught_or_forgotten_elsewhere_takes_effect(self, folder: Path) -> None:
        beside, used = self.made(folder)
        learn(CorrectionFile(folder / CORRECTIONS), AdaptationFile(folder / FILE), "camdigits")
        assert beside.take_message() == "reads by what was taught"
        AdaptationFile(folder / FILE).forget()
        assert beside.take_message() == "what was taught is forgotten"
        assert [taught is not None for taught in used] == [True, False]

    def test_what_goes_wrong_is_told_and_reading_goes_on(self, tmp_path: Path) -> None:
        beside, used = self.made(tmp_path)
        beside.teach()
        beside.join()
        assert beside.take_message().startswith("there is nothing to learn from yet")
        (tmp_path / FILE).write_bytes(b"x")
        assert "cannot be read" in beside.take_message()
        assert beside.take_message() == ""
        assert used == []

    def test_only_one_lesson_at_a_time(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        goes_on = threading.Event()
        monkeypatch.setattr(teacher, "learn", lambda *_: Lesson(int(goes_on.wait(10)), 0))
        beside, _ = self.made(folder)
        beside.teach()
        assert beside.teach() == "still learning"
        assert beside.take_message() == ""
        goes_on.set()
        beside.join()
