"""What was reached is not lost: the default network on rendered pages; on real ones in tests/test_floors_of_real_pages.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import floors
from camdigits.errors import SourceError

CLIPS_MET = {"changes": 1.0, "wrong_share": 0.01, "ghosts_per_page": 2.0, "rest_median_s": 0.3}
MET = {"digit_f1": 0.9, "numbers_exact": 0.8, "false_digits_per_negative": 0.5, "calibration_error": 0.02}


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return floors.render(tmp_path_factory.mktemp("rendered"))


def test_rendered_pages_are_read_as_well_as_before(rendered: Path) -> None:
    measured = floors.measure(rendered)
    assert not floors.shortfalls(measured, floors.load_floors()[floors.RENDERED]), measured


def test_pages_in_a_hand_are_read_as_well_as_before(tmp_path_factory: pytest.TempPathFactory) -> None:
    measured = floors.measure_carried(floors.render_carried(tmp_path_factory.mktemp("carried")))
    assert not floors.shortfalls(measured, floors.load_floors()[floors.CARRIED]), measured


def test_a_folder_of_real_pages_that_is_not_there_is_an_error_and_not_skipped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(floors.PAGES_VARIABLE, str(tmp_path / "no"))
    assert floors.real_folders() == {floors.PAGES: tmp_path / "no"}
    with pytest.raises(SourceError, match="no truth to score against"):
        floors.measure(tmp_path / "no")


def test_field_and_strings_are_sought_beside_the_pages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "strings").mkdir()
    monkeypatch.setenv(floors.PAGES_VARIABLE, str(tmp_path / "mine"))
    assert floors.real_folders() == {"pages": tmp_path / "mine", "strings": tmp_path / "strings"}


@pytest.mark.parametrize(
    ("figure", "worse", "better"),
    [
        ("digit_f1", 0.8989, 0.91),
        ("numbers_exact", 0.7, 1.0),
        ("false_digits_per_negative", 0.6, 0.4),
        ("calibration_error", 0.0251, 0.0),
        ("changes", 2.0, 0.0),
        ("wrong_share", 0.02, 0.0),
        ("ghosts_per_page", 2.5, 1.0),
        ("rest_median_s", float("inf"), 0.2),
    ],
)
def test_a_worse_figure_falls_short_and_never_becomes_the_floor(figure: str, worse: float, better: float) -> None:
    met = MET if figure in MET else CLIPS_MET
    assert floors.shortfalls(met, met) == []
    assert floors.shortfalls({**met, figure: better}, met) == []
    (line,) = floors.shortfalls({**met, figure: worse}, met)
    assert line.startswith(f"{figure} {worse:.4f}, floor ")
    assert floors.raised(met, {**met, figure: worse}) == met
    assert floors.raised(met, {**met, figure: better}) == {**met, figure: better}


def test_what_another_machine_rounds_differently_is_no_loss_and_no_new_floor() -> None:
    measured = {**MET, "calibration_error": 0.0249, "digit_f1": 0.8991, "numbers_exact": 0.789}
    assert floors.shortfalls(measured, MET) == []
    assert floors.raised(MET, measured) == MET


def test_floors_that_lack_a_figure_are_refused(tmp_path: Path) -> None:
    short = {name: value for name, value in MET.items() if name != "numbers_exact"}
    written = {"rendered": MET, **dict.fromkeys(floors.REAL, MET), "pages": short, "carried": CLIPS_MET}
    (tmp_path / "floors.json").write_text(json.dumps(written), encoding="utf-8")
    with pytest.raises(ValueError, match=r"pages needs a floor for each of .*numbers_exact"):
        floors.load_floors(tmp_path / "floors.json")


class TestCommand:
    @pytest.fixture
    def written(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        """A file of floors of its own, and readings that only depend on the folder."""
        path = tmp_path / "floors.json"
        met = {floors.RENDERED: MET, **dict.fromkeys(floors.REAL, MET), floors.CARRIED: CLIPS_MET}
        path.write_text(json.dumps(met), encoding="utf-8")
        worse_here, better_there = {**MET, "digit_f1": 0.7, "numbers_exact": 0.85}, {**MET, "digit_f1": 0.95}
        monkeypatch.setattr(floors, "FLOORS", path)
        monkeypatch.setattr(floors, "load_floors", lambda: json.loads(path.read_text(encoding="utf-8")))
        monkeypatch.setattr(floors, "render", lambda folder: folder)
        monkeypatch.setattr(floors, "measure", lambda folder: better_there if folder.name == "real" else worse_here)
        monkeypatch.setattr(floors, "render_carried", lambda folder: folder)
        monkeypatch.setattr(floors, "measure_carried", lambda _: {**CLIPS_MET, "changes": 0.0, "rest_median_s": 0.4})
        monkeypatch.setenv(floors.PAGES_VARIABLE, str(tmp_path / "real"))
        return path

    def test_figures_stand_beside_their_floors_and_a_loss_is_code_1(self, written: Path) -> None:
        before = written.read_text(encoding="utf-8")
        result = CliRunner().invoke(floors.main, [])
        assert result.exit_code == 1
        assert ["digit_f1", "0.7000", "0.9000"] in [line.split() for line in result.output.splitlines()]
        assert "below its floor: rendered: digit_f1 0.7000, floor 0.9000" in result.output
        assert "below its floor: carried: rest_median_s 0.4000, floor 0.3000" in result.output
        assert written.read_text(encoding="utf-8") == before

    def test_floors_are_raised_when_told_and_never_lowered(self, written: Path) -> None:
        CliRunner().invoke(floors.main, ["--raise"])
        assert json.loads(written.read_text(encoding="utf-8")) == {
            floors.RENDERED: {**MET, "numbers_exact": 0.85},
            **dict.fromkeys(floors.REAL, MET),
            floors.PAGES: {**MET, "digit_f1": 0.95},
            floors.CARRIED: {**CLIPS_MET, "changes": 0.0},
        }

    def test_real_pages_that_are_not_there_are_named_as_skipped(self, written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(floors.PAGES_VARIABLE)
        result = CliRunner().invoke(floors.main, ["--raise"])
        assert "CAMDIGITS_PAGES is not set: real pages are skipped" in result.output
        assert json.loads(written.read_text(encoding="utf-8"))[floors.PAGES] == MET
