"""The measurement of teaching: who proves, what is counted, and that a lesson is measured on other digits alone."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="measuring needs the extra `train`")
teaching = pytest.importorskip("benchmarks.teaching")


def seen(labels: list[int], answers: list[int]) -> teaching.Outputs:
    """Digits that the network answers so, each with a feature of its own."""
    probabilities = np.full((len(labels), 1, 11), 0.01, np.float32)
    probabilities[np.arange(len(labels)), 0, answers] = 0.9
    features = np.eye(len(labels), dtype=np.float32)[:, None]
    return teaching.Outputs(probabilities, features, np.array(labels))


def result(counts: dict[str, list[tuple[int, ...]]]) -> teaching.Result:
    return teaching.Result({name: [teaching.Count(*row) for row in rows] for name, rows in counts.items()}, [0.0], [0.0], 0.0)


def test_errors_are_pooled_over_writers_and_their_interval_is_over_writers() -> None:
    of_all = result({"1": [(50, 10, 5, 8, 8), (50, 10, 5, 8, 8)], "2": [(50, 4, 2, 0, 0)]})
    assert of_all.errors("before") == 24
    assert of_all.cut() == pytest.approx((0.5, 0.5, 0.5))
    assert of_all.cut(as_digit=True)[0] == 0
    cut, low, high = result({"1": [(50, 10, 0, 0, 0)], "2": [(50, 10, 10, 0, 0)]}).cut()
    assert (cut, low, high) == pytest.approx((0.5, 0.0, 1.0))


def test_writers_whom_no_network_knows_prove() -> None:
    names = [str(number) for number in range(400)]
    assert {teaching.group_of(name) for name in names if teaching.is_held_out(name)} == {"prove"}
    assert {teaching.group_of(name) for name in names} == {"prove", "choose"}


def test_a_writer_is_measured_on_other_digits_than_those_taught() -> None:
    """What is learnt by heart, and nothing else, helps none of them."""
    count = teaching.TAUGHT_DIGITS + 30
    writer = seen([3] * count, [5] * count)
    lessons: list[int] = []

    def by_heart(lesson: teaching.Outputs) -> teaching.Change:
        lessons.append(len(lesson.labels))
        known = set(lesson.features[:, 0].argmax(axis=1).tolist())
        right = np.eye(11, dtype=np.float32)[3]
        return lambda probabilities, features: np.where([[f.argmax() in known] for f in features], right, probabilities)

    others = seen([1, 2], [1, 2])
    measured = teaching.measure(by_heart, {"7": writer}, others, {"": others}, with_marks=False, repeats=2)
    assert lessons == [teaching.TAUGHT_DIGITS] * 2
    assert (measured.errors("digits"), measured.errors("before"), measured.errors("after")) == (60, 60, 60)


def test_a_small_lesson_is_measured_by_every_class_and_not_by_what_it_taught() -> None:
    """A method that loses all 3s loses two of three, as what is taught itself does not count."""
    writer, mnist, marks = seen([3, 4, 3], [5, 4, 3]), seen([3, 4, 5], [3, 4, 5]), seen([10, 10, 10], [10, 1, 10])
    falses = {"7": seen([10, 10, 10], [1, 1, 1])[np.array([0])]}

    def lost(_: teaching.Outputs) -> teaching.Change:
        return lambda probabilities, _: np.where(
            probabilities.argmax(axis=1, keepdims=True) == 3, np.eye(11)[10], probabilities
        ).astype(np.float32)

    def same(_: teaching.Outputs) -> teaching.Change:
        return lambda probabilities, _: probabilities

    kept = teaching.measure_few(same, {"7": writer}, mnist, marks, falses, 2, 1, repeats=1)
    assert (kept.classes.any(), kept.marks.tolist(), kept.own.tolist()) == (False, [0.0], [[1, 1]])
    wrong = teaching.measure_few(lost, {"7": writer}, mnist, marks, falses, 1, 1, repeats=1)
    assert wrong.classes[0, 3] == pytest.approx(-200 / 3)
    assert wrong.own.tolist() == [[1, 2]]
