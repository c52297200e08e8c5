"""What teaching brings: python -m benchmarks.teaching --data DIR [--methods].

Digits of UniPen's writers whom a network has never seen: 50 of each writer, at random, are taught, the others are read before
and after, so are MNIST's test images and marks that are no digits. The network that ships does not know 8 writers of 80 digits
or more, too few to tell; one of the same layers that was trained without all 44 (`python -m train.fit --recipe strangers`) lies
beside it. 15 of these writers chose the method and its parameters (`--methods`), the others prove it.

Then one, two and five corrections, 'not a digit' among them, of each of all these writers: what is taught is what the network
reads worst of the writer's digits, and letters and signs of the writer that it reads as digits, lookalikes too.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import click
import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from scipy.optimize import minimize

from benchmarks import ablations
from camdigits.evaluation.report import Report
from camdigits.learning import taught
from camdigits.learning.taught import NONE, VARIATIONS, AdaptedClassifier, Network, ReferenceSet, TeachParams
from camdigits.learning.teacher import reference_glyphs
from camdigits.runtime.models import FileClassifier, ModelCard, bundled_model, load_classifier
from camdigits.vision.normalize import make_glyph
from camdigits.vision.pipeline import Pipeline
from camdigits.vision.types import Features, Probabilities
from train.data import Labels, as_batch, is_held_out, load_mnist, prolific_writers
from train.mixture import LOOKALIKES, stroke_source

MIN_DIGITS = 80
TAUGHT_DIGITS = 50
TAUGHT_MARKS = 10
MARKS = 6_000
RESAMPLES = 5_000
FEW = ((1, 0), (1, 1), (2, 1), (5, 2))
"""How many corrections make a small lesson, and how many of them are 'not a digit'."""
WORST_DIGITS = 10
FALSE_DIGITS = 60
"""Small lessons are drawn from so many of a writer's digits, and of the signs that are read as digits, at most."""
STRANGERS = bundled_model("camdigits").with_name("strangers.tflite")
Group = Literal["choose", "prove"]


@dataclass(frozen=True, eq=False)
class Outputs:
    """Signs as a network sees them in V variations: probabilities (N, V, C), features (N, V, F); labels (N,), NONE for a
    mark."""

    probabilities: Probabilities
    features: Features
    labels: npt.NDArray[np.int64]

    def __getitem__(self, which: npt.NDArray[np.int64]) -> Outputs:
        return Outputs(self.probabilities[which], self.features[which], self.labels[which])

    def __add__(self, other: Outputs) -> Outputs:
        fields = ("probabilities", "features", "labels")
        return Outputs(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in fields))


Change = Callable[[Probabilities, Features], Probabilities]
Method = Callable[[Outputs], Change]


def group_of(writer: str) -> Group:
    """Writers whom neither network has seen prove, and half of the others, by a checksum of the name."""
    return "prove" if is_held_out(writer) or zlib.crc32(f"taught {writer}".encode()) % 2 else "choose"


def run_network(network: Network, glyphs: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], varied: bool) -> Outputs:
    """What a network says of glyphs (N, 28, 28), in all variations or as they are."""
    copies = taught.variations(glyphs) if varied else glyphs[:, None]
    probabilities, features = network.probabilities_and_features(copies.reshape(-1, 28, 28, 1))
    shape = copies.shape[:2]
    return Outputs(probabilities.reshape(*shape, -1), features.reshape(*shape, -1), labels)


def strangers(network: Network, folder: Path, writers: frozenset[str]) -> dict[str, Outputs]:
    """The digits of each of these writers, drawn as train/heldout.py draws them."""
    path = folder / "unipen_digits_strokes.npz"
    with np.load(path, allow_pickle=False) as arrays:
        names, labels, keep = arrays["writer"].astype(str), arrays["y"], arrays["keep"]
    seen = {}
    for writer in sorted(writers, key=int):
        chosen = np.flatnonzero(keep & (names == writer))
        glyphs = _drawn(path, chosen, labels[chosen].astype(np.uint8), int(writer))
        seen[writer] = run_network(network, glyphs, labels[chosen].astype(np.int64), varied=True)
    return seen


def marks(network: Network, folder: Path, writers: frozenset[str]) -> dict[str, Outputs]:
    """Letters and signs of the same writers that look like no digit; those of everybody else whom no network knows as ''."""
    path = folder / "unipen_letters_symbols_strokes.npz"
    with np.load(path, allow_pickle=False) as arrays:
        names, signs = arrays["writer"].astype(str), arrays["y"]
    fit = ~np.isin(signs, [*LOOKALIKES, *"|!01"])
    taught_of = {writer: np.flatnonzero(fit & (names == writer))[:TAUGHT_MARKS] for writer in sorted(writers, key=int)}
    unknown = np.array([is_held_out(name) for name in names]) | np.isin(names, list(writers))
    others = np.setdiff1d(np.flatnonzero(fit & unknown), np.concatenate(list(taught_of.values())))
    taught_of[""] = np.random.default_rng(0).permutation(others)[:MARKS]
    return {
        writer: run_network(
            network, _drawn(path, chosen, np.full(len(chosen), NONE, np.uint8), 1), np.full(len(chosen), NONE), writer != ""
        )
        for writer, chosen in taught_of.items()
        if len(chosen)
    }


def false_digits(network: Network, folder: Path, writers: frozenset[str]) -> dict[str, Outputs]:
    """Letters and signs of each of these writers that the network reads as digits, whatever they look like."""
    path = folder / "unipen_letters_symbols_strokes.npz"
    with np.load(path, allow_pickle=False) as arrays:
        names, signs = arrays["writer"].astype(str), arrays["y"]
    found = {}
    for writer in sorted(writers, key=int):
        chosen = np.random.default_rng(int(writer)).permutation(np.flatnonzero((names == writer) & ~np.isin(signs, ["0", "1"])))
        if not len(chosen):
            continue
        glyphs = _drawn(path, chosen[:400], np.full(len(chosen), NONE, np.uint8), int(writer))
        probabilities, _ = network.probabilities_and_features(glyphs[..., np.newaxis])
        wrong = glyphs[probabilities.argmax(axis=1) != NONE][:FALSE_DIGITS]
        if len(wrong):
            found[writer] = run_network(network, wrong, np.full(len(wrong), NONE), varied=True)
    return found


def _drawn(path: Path, chosen: npt.NDArray[np.int64], labels: Labels, seed: int) -> npt.NDArray[np.float32]:
    source, rng = stroke_source("", path, chosen, labels, 0), np.random.default_rng(seed)
    return np.stack([make_glyph(source.mask(i, rng)) for i in range(len(chosen))])


def kernel(params: TeachParams, variations: int = len(VARIATIONS), reference: ReferenceSet | None = None) -> Method:
    """The one that ships, where it is checked against plain glyphs."""

    def learn(seen: Outputs) -> Change:
        first = slice(variations)
        return taught.fit(
            seen.features[:, first], seen.probabilities[:, first], seen.labels.tolist(), params, reference
        ).probabilities

    return learn


def nearest(reach: float, weight: float) -> Method:
    """Prototypes that vote for their label by nearness, blended with the network's probabilities; nothing is fitted."""

    def learn(seen: Outputs) -> Change:
        prototypes = _directions(seen.features.reshape(-1, seen.features.shape[-1]))
        votes = np.eye(seen.probabilities.shape[2])[np.repeat(seen.labels, seen.probabilities.shape[1])] * (
            weight / seen.probabilities.shape[1]
        )

        def change(probabilities: Probabilities, features: Features) -> Probabilities:
            blended = probabilities + np.exp((_directions(features) @ prototypes.T - 1) / reach**2) @ votes
            return np.asarray(blended / blended.sum(axis=1, keepdims=True), np.float32)

        return change

    return learn


def linear(l2: float) -> Method:
    """Logistic regression on the features, on top of the network's log probabilities: a last layer that starts where the
    network is."""

    def learn(seen: Outputs) -> Change:
        varied, classes = seen.probabilities.shape[1:]
        known = _directions(seen.features.reshape(-1, seen.features.shape[-1]))
        offsets = np.log(np.maximum(seen.probabilities.reshape(-1, classes), 1e-8, dtype=np.float64))
        right = np.eye(classes)[np.repeat(seen.labels, varied)]

        def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
            weights = flat.reshape(-1, classes)
            probabilities = _softmax(offsets + known @ weights)
            wrong = -np.log(np.maximum((probabilities * right).sum(axis=1), 1e-300)).sum() / varied
            gradient = known.T @ (probabilities - right) / varied + l2 * weights
            return float(wrong + l2 / 2 * flat @ flat), gradient.ravel()

        start = np.zeros(known.shape[1] * classes)
        weights = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x.reshape(-1, classes)

        def change(probabilities: Probabilities, features: Features) -> Probabilities:
            logits = np.log(np.maximum(probabilities, 1e-8, dtype=np.float64)) + _directions(features) @ weights
            return np.asarray(_softmax(logits), np.float32)

        return change

    return learn


def _directions(features: Features) -> npt.NDArray[np.float64]:
    lengths = np.linalg.norm(features.astype(np.float64), axis=1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, 1e-30), np.float64)


def _softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)


METHODS: dict[str, Method] = {
    "nearest prototypes, reach 0.3": nearest(0.3, 3.0),
    "nearest prototypes, reach 0.4": nearest(0.4, 1.0),
    "linear, restraint 1": linear(1.0),
    "linear, restraint 0.1": linear(0.1),
    **{
        f"bumps, reach {reach}, restraint {l2}": kernel(TeachParams(reach, l2=l2))
        for reach in (0.35, 0.4, 0.45)
        for l2 in (0.003, 0.001, 0.0003)
    },
    **{f"bumps as shipped, {count} variations": kernel(TeachParams(), count) for count in (1, 7)},
}


@dataclass(frozen=True)
class Count:
    """Of the other digits of a writer: how many there are, and how many were read wrongly before and after teaching; with
    'none' as an answer, and as the likeliest digit."""

    digits: int
    before: int
    after: int
    before_as_digit: int
    after_as_digit: int


@dataclass(frozen=True, eq=False)
class Result:
    """What a method did: a Count for each split, and for each writer by how many points MNIST's accuracy rose and how many
    points more of the marks are read as digits."""

    counts: dict[str, list[Count]]
    mnist: list[float]
    marks: list[float]
    fit_s: float

    def errors(self, name: str) -> int:
        return sum(int(getattr(count, name)) for counts in self.counts.values() for count in counts)

    def cut(self, as_digit: bool = False) -> tuple[float, float, float]:
        """By what share teaching cut the errors of all writers together, and the 95% interval over writers (bootstrap)."""
        names = ("before_as_digit", "after_as_digit") if as_digit else ("before", "after")
        table = np.array([[sum(getattr(c, name) for c in counts) for name in names] for counts in self.counts.values()])
        picks = np.random.default_rng(0).integers(0, len(table), (RESAMPLES, len(table)))
        before, after = table[picks].sum(axis=1).T
        cuts = 1 - after / np.maximum(before, 1)
        low, high = np.percentile(cuts, [2.5, 97.5])
        return float(1 - table[:, 1].sum() / max(table[:, 0].sum(), 1)), float(low), float(high)


def _splits(writer: str, count: int, repeats: int) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    for repeat in range(repeats):
        order = np.random.default_rng((int(writer), repeat)).permutation(count)
        yield order[:TAUGHT_DIGITS], order[TAUGHT_DIGITS:]


def _count(before: Probabilities, after: Probabilities, labels: npt.NDArray[np.int64]) -> Count:
    def wrong(probabilities: Probabilities) -> int:
        return int((probabilities.argmax(axis=1) != labels).sum())

    return Count(len(labels), wrong(before), wrong(after), wrong(before[:, :10]), wrong(after[:, :10]))


def measure(
    method: Method, writers: dict[str, Outputs], mnist: Outputs, of_marks: dict[str, Outputs], with_marks: bool, repeats: int
) -> Result:
    """Teach each writer's digits, with some of the writer's marks as 'none' if asked, and read everything else."""
    others = of_marks[""]
    result = Result({}, [], [], 0.0)
    spent = 0.0
    for writer, seen in writers.items():
        for repeat, (learnt, left) in enumerate(_splits(writer, len(seen.labels), repeats)):
            lesson = seen[learnt] + of_marks[writer] if with_marks and writer in of_marks else seen[learnt]
            start = time.process_time()
            change = method(lesson)
            spent += time.process_time() - start
            probabilities, features = seen.probabilities[left, 0], seen.features[left, 0]
            result.counts.setdefault(writer, []).append(
                _count(probabilities, change(probabilities, features), seen.labels[left])
            )
            if not repeat:
                result.mnist.append(100 * (_right(mnist, change) - _right(mnist)))
                result.marks.append(100 * (_right(others) - _right(others, change)))
    return Result(result.counts, result.mnist, result.marks, spent / max(len(writers) * repeats, 1))


@dataclass(frozen=True, eq=False)
class FewResult:
    """What small lessons did, a row each: by how many points the share of each class that is read rightly rose (L, 10), by how
    many points more of the marks are read as digits (L,), and of the writer's other digits how many were read wrongly before
    and after (L, 2)."""

    classes: npt.NDArray[np.float64]
    marks: npt.NDArray[np.float64]
    own: npt.NDArray[np.int64]


def measure_few(
    method: Method,
    writers: dict[str, Outputs],
    mnist: Outputs,
    of_marks: Outputs,
    falses: dict[str, Outputs],
    count: int,
    none: int,
    repeats: int,
) -> FewResult:
    """Teach so few corrections of each writer, and read all digits of all writers, MNIST's test and marks before and after."""
    names = np.concatenate(
        [np.full(len(seen.labels), writer) for writer, seen in writers.items()] + [np.full(len(mnist.labels), "")]
    )
    every = [*(Outputs(seen.probabilities[:, :1], seen.features[:, :1], seen.labels) for seen in writers.values()), mnist]
    whole = Outputs(
        *(np.concatenate([getattr(seen, name) for seen in every]) for name in ("probabilities", "features", "labels"))
    )
    before, false_before = _is_right(whole), 1 - _right(of_marks)
    totals = np.maximum(np.bincount(whole.labels, minlength=10), 1)
    classes, marks, own = [], [], []
    for writer, seen in writers.items():
        if none and writer not in falses:
            continue
        right = seen.probabilities[np.arange(len(seen.labels)), 0, seen.labels]
        worst = np.argsort(right)[: max(WORST_DIGITS, int((~_is_right(seen)).sum()))]
        for repeat in range(repeats):
            rng = np.random.default_rng((int(writer), repeat, count, none))
            digits = rng.permutation(worst)[: count - none]
            lesson = seen[digits]
            if none:
                lesson += falses[writer][rng.permutation(len(falses[writer].labels))[:none]]
            change = method(lesson)
            after, mine = _is_right(whole, change), names == writer
            # What was taught itself counts as read as before.
            after[np.flatnonzero(mine)[digits]] = before[np.flatnonzero(mine)[digits]]
            classes.append(100 * np.bincount(whole.labels, after.astype(float) - before, minlength=10) / totals)
            marks.append(100 * (1 - _right(of_marks, change) - false_before))
            own.append([(~before[mine]).sum(), (~after[mine]).sum()])
    return FewResult(np.array(classes), np.array(marks), np.array(own))


def _few_table(results: dict[tuple[int, int], FewResult]) -> Table:
    title = "Few corrections: points by which classes rise, and the false digits among marks"
    table = Table(title=title, title_justify="left")
    for heading in ("corrections", "'not a digit'", "lessons", "worst class", "worst class of a lesson", "lessons with a class "
                    "0.2 down", "marks mean", "worst", "own errors before", "after"):  # fmt: skip
        table.add_column(heading, justify="right")
    for (count, none), result in results.items():
        mean, lowest = result.classes.mean(axis=0), result.classes.min(axis=1)
        table.add_row(
            str(count),
            str(none),
            str(len(lowest)),
            f"{mean.min():+.3f} ({mean.argmin()})",
            f"{lowest.min():+.2f}",
            f"{100 * (lowest < -0.2).mean():.0f}%",
            f"{result.marks.mean():+.3f}",
            f"{result.marks.max():+.2f}",
            *map(str, result.own.sum(axis=0)),
        )
    return table


def _is_right(seen: Outputs, change: Change | None = None) -> npt.NDArray[np.bool_]:
    probabilities = seen.probabilities[:, 0] if change is None else change(seen.probabilities[:, 0], seen.features[:, 0])
    return np.asarray(probabilities.argmax(axis=1) == seen.labels)


def _right(seen: Outputs, change: Change | None = None) -> float:
    return float(_is_right(seen, change).mean())


def on_pages(
    network: FileClassifier, writers: dict[str, Outputs], of_marks: dict[str, Outputs], folder: Path
) -> Iterator[tuple[str, Report]]:
    """How pages are read before teaching, and after each writer's digits were taught, without and with marks as 'none'."""
    reference = reference_glyphs(network)
    yield "nothing", ablations.measure(Pipeline(network, context=network.context), folder)
    for writer, seen in writers.items():
        learnt, _ = next(_splits(writer, len(seen.labels), 1))
        lessons = {f"writer {writer}": seen[learnt]}
        if writer in of_marks:
            lessons[f"writer {writer} and ten marks"] = seen[learnt] + of_marks[writer]
        for name, lesson in lessons.items():
            learnt_of = taught.fit(lesson.features, lesson.probabilities, lesson.labels.tolist(), reference=reference)
            yield name, ablations.measure(Pipeline(AdaptedClassifier(network, learnt_of), context=network.context), folder)


def _table(title: str, results: dict[str, Result]) -> Table:
    table = Table(title=title, title_justify="left")
    headings = ("method", "wrong before", "after", "cut % (95%)", "digit alone, cut %", "MNIST mean", "worst", "marks mean",
                "worst", "s")  # fmt: skip
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "method" else "right")
    for name, result in results.items():
        cut, low, high = (100 * share for share in result.cut())
        table.add_row(
            name,
            str(result.errors("before")),
            str(result.errors("after")),
            f"{cut:.1f} ({low:.1f} to {high:.1f})",
            f"{100 * result.cut(as_digit=True)[0]:.1f}",
            f"{np.mean(result.mnist):+.3f}",
            f"{min(result.mnist):+.2f}",
            f"{np.mean(result.marks):+.2f}",
            f"{max(result.marks):+.2f}",
            f"{result.fit_s:.2f}",
        )
    return table


@click.command()
@click.option("--data", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True, metavar="DIR")
@click.option("--model", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=STRANGERS, metavar="FILE",
              help="A .tflite with its card; writers it was trained on are left out.")  # fmt: skip
@click.option("--writers", "group", type=click.Choice(get_args(Group)), default="prove", show_default=True)
@click.option("--methods", is_flag=True, help="Compare methods on the writers that choose.")
@click.option("--pages", "pages", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR",
              help="Read these pages too, taught by each of the first writers.")  # fmt: skip
@click.option("--page-writers", type=click.IntRange(1), default=3, show_default=True)
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True, help="Draws of 50 digits of each writer.")
def main(folder: Path, model: Path, group: Group, methods: bool, pages: Path | None, page_writers: int, repeats: int) -> None:
    """Print by how much teaching cuts the errors on writers whom the network does not know, and what it costs elsewhere."""
    card = ModelCard.read(model.with_suffix(".json"))
    network = load_classifier(str(model))
    prolific = prolific_writers(folder / "unipen_digits_strokes.npz", MIN_DIGITS)
    without_of = card.training.get("without_writers_of")
    unseen = prolific if without_of is not None and without_of <= MIN_DIGITS else frozenset(filter(is_held_out, prolific))
    chosen = frozenset(writer for writer in unseen if group_of(writer) == ("choose" if methods else group))
    if not chosen:
        raise click.ClickException(f"{model.name} has been trained on all writers of {MIN_DIGITS} digits or more")
    mnist = load_mnist(folder / "mnist.npz")
    test = run_network(network, as_batch(mnist.test_images)[..., 0], mnist.test_labels.astype(np.int64), varied=False)
    digits, of_marks = strangers(network, folder, chosen), marks(network, folder, chosen)
    shipped = kernel(TeachParams(), reference=reference_glyphs(network))
    rows = {name: (method, False) for name, method in METHODS.items()} if methods else {
        "digits taught": (shipped, False),
        "and ten marks as none": (shipped, True),
    }  # fmt: skip
    results = {
        name: measure(method, digits, test, of_marks, with_marks, repeats) for name, (method, with_marks) in rows.items()
    }
    first = next(iter(results.values()))
    title = (
        f"{model.name}: {len(chosen)} writers it does not know, {TAUGHT_DIGITS} digits of each taught, "
        f"{first.errors('digits')} others read in {repeats} draws; MNIST {100 * _right(test):.2f}% before, "
        f"{100 * (1 - _right(of_marks[''])):.2f}% of {len(of_marks[''].labels)} marks read as digits"
    )
    console = Console(width=160)
    console.print(_table(title, results))
    if not methods:
        others = strangers(network, folder, unseen - chosen)
        falses = false_digits(network, folder, unseen)
        console.print(
            _few_table({
                few: measure_few(shipped, digits | others, test, of_marks[""], falses, *few, repeats=repeats) for few in FEW
            })
        )  # fmt: skip
    if pages is not None:
        first_writers = dict(list(digits.items())[:page_writers])
        for taught_by, report in on_pages(network, first_writers, of_marks, pages):
            counts = report.positives
            figures = f"F1 {counts.f1:.4f}, numbers {counts.numbers_exact:.3f}"
            console.print(
                f"{pages.name}, taught {taught_by}: {figures}, {report.false_per_negative:.3f} false digits a page without"
            )


if __name__ == "__main__":
    main()
