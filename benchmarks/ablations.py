"""What each part brings: python -m benchmarks.ablations DIR [DIR ...].

Reads the pages of each folder (`python -m train.pages --out DIR`) with one part left out at a time, and prints a row for each.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from camdigits.evaluation.report import Report, evaluate
from camdigits.evaluation.truth import load_truth
from camdigits.runtime.models import load_classifier
from camdigits.vision.classification import Classifier
from camdigits.vision.pipeline import Pipeline, PipelineParams
from camdigits.vision.types import Batch, Frame, Probabilities

ALL = PipelineParams()
NO_JOINED = replace(ALL, candidates=replace(ALL.candidates, max_joined=0))
NO_LATTICE = replace(NO_JOINED, candidates=replace(NO_JOINED.candidates, max_chains=0))


def without_none(classify: Classifier) -> Classifier:
    """The same network without its 'not a digit': its probabilities shared out among the digits."""

    def digits_only(batch: Batch) -> Probabilities:
        probabilities = classify(batch)[:, :10]
        return np.asarray(probabilities / probabilities.sum(axis=1, keepdims=True), np.float32)

    return digits_only


def ablations() -> dict[str, Pipeline]:
    """A pipeline for each row of the table."""
    network, classic = load_classifier("camdigits"), load_classifier("classic")
    return {
        "everything": Pipeline(network, ALL, network.context),
        "one ink map for each polarity": Pipeline(network, replace(ALL, all_variants=False), network.context),
        "no joined strokes": Pipeline(network, NO_JOINED, network.context),
        "no joined strokes, no cut ones": Pipeline(network, NO_LATTICE, network.context),
        "no context": Pipeline(network, ALL),
        "no context, no 'not a digit'": Pipeline(without_none(network), ALL),
        "MNIST alone: the classic network, its own context": Pipeline(classic, ALL, classic.context),
        "the classic network, no context, one ink map": Pipeline(classic, replace(ALL, all_variants=False)),
    }


def measure(pipeline: Pipeline, folder: Path) -> Report:
    """Read the pages of `folder`. Raises SourceError for a folder without truth."""
    return evaluate(
        load_truth(folder), lambda picture: pipeline(Frame(np.asarray(cv2.imread(str(picture.path)), np.uint8), 0, 0.0))
    )


@click.command()
@click.argument("folders", type=click.Path(exists=True, file_okay=False, path_type=Path), nargs=-1, required=True)
def main(folders: tuple[Path, ...]) -> None:
    """Print a table for each folder of pages."""
    pipelines = ablations()
    for folder in folders:
        table = Table(title=str(folder), title_justify="left")
        for heading in ("left out", "precision", "recall", "F1", "labels", "numbers", "false digits"):
            table.add_column(heading, justify="left" if heading == "left out" else "right")
        for name, pipeline in pipelines.items():
            report = measure(pipeline, folder)
            counts = report.positives
            figures = (counts.precision, counts.recall, counts.f1, counts.label_accuracy, counts.numbers_exact)
            table.add_row(name, *(f"{figure:.3f}" for figure in figures), f"{report.false_per_negative:.2f}")
        Console().print(table)


if __name__ == "__main__":
    main()
