"""From corrections to a reading that is better: what is learnt, kept, told, forgotten, and what damage does."""

from __future__ import annotations

import zlib
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from camdigits.errors import ModelError, OutputError, SourceError
from camdigits.learning import teacher
from camdigits.learning.amendments import Correction
from camdigits.learning.corrections import FILE as CORRECTIONS
from camdigits.learning.corrections import CorrectionFile
from camdigits.learning.taught import Adaptation, AdaptedClassifier
from camdigits.learning.teacher import FILE, AdaptationFile, latest_corrections, learn
from camdigits.recognizer import Recognizer
from camdigits.runtime.models import load_classifier
from camdigits.vision.normalize import make_glyph
from camdigits.vision.types import Batch, Features, Glyph, Probabilities
from tests.fakes import unprivileged_folder

NOON = datetime(2026, 11, 25, 12, 0, 0)
NETWORK = load_classifier()


def cross(shift: int = 0) -> Glyph:
    """What no digit looks like."""
    glyph = np.zeros((28, 28), np.float32)
    for place in range(6, 22):
        glyph[place, place + shift : place + shift + 2] = 1
        glyph[place, 27 - place + shift : 29 - place + shift] = 1
    return glyph


def corrected(folder: Path) -> Path:
    """The folder with two corrections: a cross is a 4, and, said later, an 8."""
    file = CorrectionFile(folder / CORRECTIONS)
    file.append(cross(), 4, None, NOON)
    file.append(cross(), 8, None, NOON)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return corrected(tmp_path)


def read(classify: object) -> int:
    return int(classify(cross()[np.newaxis, ..., np.newaxis]).argmax())  # type: ignore[operator]


def test_what_was_said_last_is_learnt_and_read_from_then_on(folder: Path) -> None:
    assert read(NETWORK) != 8
    lesson = learn(CorrectionFile(folder / CORRECTIONS), AdaptationFile(folder / FILE), "camdigits")
    assert (lesson.crops, lesson.none, str(lesson)) == (1, 0, "1 correction")
    recognizer = Recognizer()
    recognizer.adaptable.use(AdaptationFile(folder / FILE).load(NETWORK.sha256))
    assert read(recognizer.adaptable) == 8
    recognizer.adaptable.use(None)
    assert read(recognizer.adaptable) == read(NETWORK)


def test_what_is_none_is_counted(folder: Path) -> None:
    CorrectionFile(folder / CORRECTIONS).append(cross(1), None, 7, NOON)
    lesson = learn(CorrectionFile(folder / CORRECTIONS), AdaptationFile(folder / FILE), "camdigits")
    assert str(lesson) == "2 corrections, 1 of them 'not a digit'"


def test_a_network_without_features_or_without_none_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match="features"):
        learn(CorrectionFile(folder / CORRECTIONS), AdaptationFile(folder / FILE), "classic")

    class Digits:
        sha256 = ""

        def probabilities_and_features(self, batch: Batch) -> tuple[Probabilities, Features]:
            return np.full((len(batch), 10), 0.1, np.float32), np.ones((len(batch), 4), np.float32)

    monkeypatch.setattr(teacher, "load_classifier", lambda _: Digits())
    CorrectionFile(folder / CORRECTIONS).append(cross(1), None, 7, NOON)
    with pytest.raises(ModelError, match=r"own\.tflite: this network knows digits alone"):
        learn(CorrectionFile(folder / CORRECTIONS), AdaptationFile(folder / FILE), "own.tflite")


def bar(lean: float, pen_px: int) -> Glyph:
    """A plain 1."""
    ink = np.zeros((120, 120), np.uint8)
    cv2.line(ink, (round(60 + 40 * lean), 20), (round(60 - 40 * lean), 100), 255, pen_px)
    return make_glyph(ink)


def test_a_false_1_marked_as_none_takes_no_plain_1_along(tmp_path: Path) -> None:
    """A leg of a letter A that was read as a 1, marked 'not a digit', beside one more correction."""
    bars = np.stack([bar(lean, pen_px) for lean in (-0.1, 0, 0.1, 0.2, 0.3) for pen_px in (5, 9, 14)])[..., np.newaxis]
    before = NETWORK(bars)[:, 1]
    assert (before > 0.5).sum() > 9
    file = CorrectionFile(tmp_path / CORRECTIONS)
    file.append(bar(0.15, 8), None, 1, NOON)
    file.append(cross(), 8, None, NOON)
    learn(file, AdaptationFile(tmp_path / FILE), "camdigits")
    learnt = AdaptationFile(tmp_path / FILE).load(NETWORK.sha256)
    assert learnt is not None
    after = AdaptedClassifier(NETWORK, learnt)(bars)[:, 1]
    assert (after[before > 0.5] > before[before > 0.5] - 0.1).all()


def test_a_class_that_would_suffer_is_left_as_it_was_and_the_message_says_so(folder: Path) -> None:
    """Many of the plain 1s themselves, said to be none."""
    with np.load(teacher.REFERENCE_GLYPHS) as plain:
        ones = plain["glyphs"][plain["labels"] == 1][:100].astype(np.float32) / np.float32(255)
    file = CorrectionFile(folder / CORRECTIONS)
    for glyph in ones:
        for shade in (1.0, 0.98, 0.96):  # three times each
            file.append(glyph * np.float32(shade), None, 1, NOON)
    lesson = learn(file, AdaptationFile(folder / FILE), "camdigits")
    assert 1 in lesson.unchanged
    assert "what looks like 1" in lesson.caution
    learnt = AdaptationFile(folder / FILE).load(NETWORK.sha256)
    assert learnt is not None
    before = NETWORK(ones[..., np.newaxis])
    alike = before.argmax(axis=1) == 1
    assert np.array_equal(AdaptedClassifier(NETWORK, learnt)(ones[..., np.newaxis])[alike], before[alike])


def test_without_corrections_there_is_nothing_to_learn(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nothing to learn from yet"):
        learn(CorrectionFile(tmp_path / CORRECTIONS), AdaptationFile(tmp_path / FILE), "camdigits")
    assert not (tmp_path / FILE).exists()


def test_what_was_learnt_with_another_network_does_not_count(folder: Path) -> None:
    learn(CorrectionFile(folder / CORRECTIONS), AdaptationFile(folder / FILE), "camdigits")
    assert AdaptationFile(folder / FILE).load(NETWORK.sha256) is not None
    assert AdaptationFile(folder / FILE).load("another") is None


def test_forgetting_undoes_it_and_is_told_once(folder: Path) -> None:
    file = AdaptationFile(folder / FILE)
    learn(CorrectionFile(folder / CORRECTIONS), file, "camdigits")
    assert file.forget()
    assert not file.forget()
    assert file.load(NETWORK.sha256) is None


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"x" * 400, b"\x93NUMPY"])
def test_a_damaged_file_is_told_and_changes_nothing(folder: Path, damage: bytes) -> None:
    (folder / FILE).write_bytes(damage)
    with pytest.raises(SourceError, match=r"cannot be read.*camdigits teach"):
        AdaptationFile(folder / FILE).load(NETWORK.sha256)


def test_flipped_bytes_are_told_or_harmless(folder: Path) -> None:
    learn(CorrectionFile(folder / CORRECTIONS), AdaptationFile(folder / FILE), "camdigits")
    whole = (folder / FILE).read_bytes()
    rng = np.random.default_rng(zlib.crc32(b"flips"))
    for place in rng.integers(0, len(whole), 120):
        damaged = bytearray(whole)
        damaged[place] ^= int(rng.integers(1, 256))
        (folder / FILE).write_bytes(bytes(damaged))
        try:
            taught = AdaptationFile(folder / FILE).load(NETWORK.sha256)
        except SourceError:
            continue
        assert taught is None or isinstance(taught, Adaptation)


def test_the_recognizer_of_a_script_warns_of_damage_and_reads_as_the_network_ships(own_places: Path) -> None:
    path = AdaptationFile().path
    assert path.is_relative_to(own_places)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    with pytest.warns(UserWarning, match="cannot be read"):
        recognizer = Recognizer(taught=True)
    assert read(recognizer.adaptable) == read(NETWORK)


def test_the_recognizer_of_a_script_reads_by_what_was_taught_only_where_it_says_so(folder: Path) -> None:
    learn(CorrectionFile(folder / CORRECTIONS), AdaptationFile(), "camdigits")
    assert read(Recognizer().adaptable) == read(NETWORK)
    assert read(Recognizer(taught=True).adaptable) == 8


def test_places_that_cannot_be_written_are_told() -> None:
    with unprivileged_folder() as locked:
        file = AdaptationFile(locked / "sub" / FILE)
        (locked / "sub").mkdir(mode=0o500)
        corrections = CorrectionFile(locked / CORRECTIONS)
        corrections.append(cross(), 8, None, NOON)
        with pytest.raises(OutputError, match="permission denied"):
            learn(corrections, file, "camdigits")


def test_of_a_crop_that_was_corrected_twice_the_last_word_counts() -> None:
    corrections = [Correction(cross(), 4, None), Correction(cross(1), 3, 8), Correction(cross(), 8, 4)]
    assert [correction.label for correction in latest_corrections(corrections)] == [8, 3]
