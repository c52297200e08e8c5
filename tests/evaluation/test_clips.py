"""Clips are scored by what is shown through time: exactness, steadiness, what comes late and what is false."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from camdigits.errors import SourceError
from camdigits.evaluation.clips import CLIPS, ClipReport, ClipScore, Span, TrueClip, load_clips, score_clip
from camdigits.vision.types import Box, Digit, Scene

PERIOD_S = 0.1


def scene(labels: dict[int, int], x: int = 0) -> Scene:
    digits = tuple(Digit(label, 0.9, Box(x + 40 * identity, 0, 20, 30), identity) for identity, label in labels.items())
    return Scene(640, 480, digits)


def scored(shown: list[dict[int, int]], digits: str, **more: Any) -> ClipScore:
    clip = TrueClip(Path("clip.avi"), (Span(0, len(shown), digits),), **more)
    return score_clip(clip, [scene(labels) for labels in shown], PERIOD_S)


RIGHT = {1: 4, 2: 7}


def test_a_clip_that_shows_its_digits_all_the_time_is_exact() -> None:
    score = scored([RIGHT] * 20, "74")
    assert (score.frames, score.exact, score.missing, score.extra) == (15, 15, 0, 0)
    assert (score.changes, score.switches, score.late_s, score.in_time) == (0, 0, (0.0,), 1)


def test_what_is_missed_and_shown_beside_is_counted_once_the_page_has_settled() -> None:
    score = scored([{}] * 5 + [{1: 4}] * 3 + [{**RIGHT, 3: 1}] * 2, "47")
    assert (score.frames, score.exact, score.missing, score.extra) == (5, 0, 3, 2)
    assert score.late_s == (1.0,), "a page that was never right is late by all its time"


def test_a_label_that_changes_is_counted_and_an_identity_that_does() -> None:
    score = scored([RIGHT] * 8 + [{1: 9, 2: 7}] * 2 + [{5: 4, 2: 7}] * 10, "47")
    assert (score.changes, score.switches) == (1, 1)
    assert score.changes_per_minute == pytest.approx(60 / (2 * 15 * PERIOD_S))


def test_digits_where_none_are_count_by_identity() -> None:
    score = scored([{}, {1: 4}, {1: 4}, {2: 5}], "")
    assert (score.false, score.empty_s, score.frames) == (2, pytest.approx(0.4), 0)
    assert score.false_in_ten_minutes == pytest.approx(3000)


def test_what_lies_in_an_ignored_box_counts_neither_way() -> None:
    score = scored([{**RIGHT, 9: 3}] * 10, "47", ignored=(Box(355, -5, 50, 50),))
    assert score.exact == score.frames


def test_scores_add() -> None:
    score = scored([RIGHT] * 20, "47") + scored([{}] * 20, "47")
    assert (score.clips, score.frames, score.exact, score.exact_share) == (2, 30, 15, 0.5)
    assert (score.in_time, len(score.late_s)) == (1, 2)


def test_a_report_gives_every_kind_of_clip_and_all_of_them() -> None:
    report = ClipReport()
    report.add(TrueClip(Path("a.avi"), (), "shake"), scored([RIGHT] * 20, "47"))
    report.add(TrueClip(Path("b.avi"), (), "zoom"), scored([{}] * 20, "47"))
    assert {what: score.exact for what, score in report.by_kind().items()} == {"shake": 15, "zoom": 0}
    assert report.table().row_count == 3
    assert "15 of 30 frames" in report.headline()[0]
    values = json.loads(json.dumps(report.to_dict()))
    assert values["all"]["exact_share"] == 0.5
    assert [clip["file"] for clip in values["clips"]] == ["a.avi", "b.avi"]


class TestTruth:
    def write(self, folder: Path, *clips: dict[str, Any]) -> Path:
        path = folder / CLIPS
        path.write_text(json.dumps({"clips": list(clips)}))
        return path

    def test_spans_and_ignored_boxes_are_read(self, tmp_path: Path) -> None:
        span = {"from": 3, "to": 9, "digits": "12"}
        self.write(tmp_path, {"file": "a.avi", "what": "zoom", "readable": [span], "ignore": [[1, 2, 3, 4]]})
        (clip,) = load_clips(tmp_path)
        assert clip == TrueClip(tmp_path / "a.avi", (Span(3, 9, "12"),), "zoom", (Box(1, 2, 3, 4),))

    def test_the_truth_may_lie_elsewhere(self, tmp_path: Path) -> None:
        path = self.write(tmp_path, {"file": "a.avi", "readable": []})
        assert load_clips(Path("clips"), path)[0].path == Path("clips/a.avi")

    @pytest.mark.parametrize(
        "entry",
        [
            {"file": "a.avi"},
            {"file": "a.avi", "readable": [{"from": 4, "to": 4, "digits": "1"}]},
            {"file": "a.avi", "readable": [{"from": 0, "to": 4, "digits": "one"}]},
            {"readable": []},
            {"file": "a.avi", "readable": [{"from": 0, "to": float("inf"), "digits": "1"}]},
        ],
    )
    def test_truth_of_another_layout_is_one_line(self, tmp_path: Path, entry: dict[str, Any]) -> None:
        self.write(tmp_path, entry)
        with pytest.raises(SourceError, match=r"no truth of clips .*train\.clips"):
            load_clips(tmp_path)

    def test_no_clips_and_no_file_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="no truth of clips"):
            load_clips(tmp_path)
        self.write(tmp_path)
        with pytest.raises(SourceError, match="names no clip"):
            load_clips(tmp_path)
