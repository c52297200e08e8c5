"""The pictures of a training run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot as plt


def learning_curves(history: Mapping[str, Sequence[float]], path: Path) -> None:
    """Loss and, where it was measured, accuracy per epoch, training and test, from a Keras history."""
    epochs = np.arange(1, len(history["loss"]) + 1)
    keys = [key for key in ("loss", "accuracy") if key in history]
    figure, grid = plt.subplots(1, len(keys), figsize=(5 * len(keys), 4), layout="constrained", squeeze=False)
    for axes, key in zip(grid[0], keys, strict=True):
        axes.plot(epochs, history[key], marker="o", label="training (with dropout)")
        axes.plot(epochs, history[f"val_{key}"], marker="s", label="test (measured, picks nothing)")
        axes.set(xlabel="epoch", ylabel=key)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def confusion(matrix: np.ndarray, classes: Sequence[str], path: Path) -> None:
    """Counts (C, C), rows true; the mistakes are coloured, the diagonal only counted."""
    mistakes = matrix - np.diag(np.diag(matrix))
    figure, axes = plt.subplots(figsize=(6.5, 6), layout="constrained")
    axes.imshow(mistakes, cmap="Oranges")
    for row, column in np.ndindex(*matrix.shape):
        if matrix[row, column]:
            axes.text(column, row, str(matrix[row, column]), ha="center", va="center", fontsize=8)
    axes.set(xlabel="read", ylabel="true", xticks=range(len(classes)), yticks=range(len(classes)))
    axes.set_xticklabels(classes)
    axes.set_yticklabels(classes)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def worst_mistakes(
    images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str], path: Path
) -> None:
    """The wrong readings of which the network was surest, at most 40, surest first."""
    read = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(read != labels)
    wrong = wrong[np.argsort(-probabilities[wrong, read[wrong]])][:40]
    figure, grid = plt.subplots(5, 8, figsize=(9, 6.5), layout="constrained")
    for axes in grid.flat:
        axes.axis("off")
    for axes, index in zip(grid.flat, wrong, strict=False):
        axes.imshow(255 - images[index], cmap="gray", vmin=0, vmax=255)
        axes.set_title(
            f"{classes[labels[index]]} read {classes[read[index]]} {100 * probabilities[index, read[index]]:.0f}%", fontsize=7
        )
    figure.savefig(path, dpi=120)
    plt.close(figure)
