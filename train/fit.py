"""Train a network by its recipe and write what came of it.

    python -m train.fit --recipe classic [--mnist mnist.npz] [--seed 0]
    python -m train.fit --recipe camdigits [--data FOLDER] [--seed 0] [--resume]
    python -m train.fit --recipe finder --pages FOLDER [--pages FOLDER ...] [--seed 0] [--resume]

Writes the model without optimizer state and its card to `models/`, and to `runs/<recipe>/` the learning curves and, of
networks that read MNIST, the confusion matrix and the worst mistakes as PNG. MNIST's test set is measured after every epoch
for the curve, and picks nothing: the network that is saved is the one after the last epoch.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import cv2
import keras
import numpy as np
from rich.console import Console
from rich.table import Table

from camdigits.runtime.models import INPUT_CONTRACT, ModelCard, file_entry
from train import networks, plots
from train.candidates import NOT_A_DIGIT
from train.data import MNIST_LICENCE, Images, Labels, Mnist, as_batch, load_mnist
from train.finder import ANNEALED_TO, FINDER_CONTRACT, MAX_GRADIENT, TILES_PER_EPOCH, as_pictures, finder_loss, tiles_ahead
from train.mixture import Mixture, load_mixture
from train.progress import History, Progress

ROOT = Path(__file__).resolve().parent.parent
MODELS_DIR = ROOT / "models"
RUNS_DIR = ROOT / "runs"
CHECKPOINT, PROGRESS = "checkpoint.keras", "progress.json"
"""What a run leaves after each epoch."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: everything but the data and the seed."""

    name: str
    build: Callable[[], keras.Model]
    file: str
    classes: tuple[str, ...]
    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.0
    further_epochs: int = 0
    """Epochs of every run after the first."""
    none_weight: float = 1.0
    """What a mark that is no digit weighs in the loss: on pages marks outnumber digits, but that and what stands around is
    weighed later (vision/context.py)."""
    none_prior: float = 1.0
    """How much rarer marks that are no digits are taken to be than where the network learnt, once it has learnt: the change of
    priors of Saerens, Latinne & Decaestecker (2002), added to the last bias. Weighing them less while it learns loses what
    tells them apart."""
    mixture: bool = False
    """Trained on many hands and on marks that are no digits (train/mixture.py), not on MNIST alone."""
    tiles: bool = False
    """Trained on tiles of rendered pages (train/tiles.py)."""
    without_writers_of: int | None = None
    """Of a mixture, those of so many digits or more are left out, so that what teaching brings can be measured on them."""

    def epochs_of(self, run: int) -> int:
        """Epochs of a run, the first being number 0."""
        return self.further_epochs if run else self.epochs


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("classic", networks.classic, "digit_classifier.h5", networks.DIGITS, 10, 128, 1e-3),
        Recipe(
            "camdigits",
            networks.camdigits,
            "camdigits.keras",
            networks.DIGITS_OR_NONE,
            18,
            256,
            2e-3,
            1e-3,
            further_epochs=12,
            none_weight=0.5,
            none_prior=0.2,
            mixture=True,
        ),
        Recipe(
            "strangers",
            networks.camdigits,
            "strangers.keras",
            networks.DIGITS_OR_NONE,
            5,
            256,
            2e-3,
            1e-3,
            none_weight=0.5,
            none_prior=0.2,
            mixture=True,
            without_writers_of=80,
        ),
        Recipe("finder", networks.finder, "finder.keras", networks.DIGITS, 45, 16, 1.5e-3, 1e-3, further_epochs=30, tiles=True),
    )
}


def compiled(recipe: Recipe, seed: int, steps: int, share: float = 1.0) -> keras.Model:
    """A fresh model of `recipe`: AdamW, its learning rate annealed to zero along half a cosine (Loshchilov & Hutter 2017),
    so that the last epoch is the settled one and there is nothing to pick. share: of the learning rate and of the dropout."""
    keras.utils.set_random_seed(seed)
    model = recipe.build()
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate *= share
    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate * share, steps)
    model.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def fit_mnist(recipe: Recipe, mnist: Mnist, seed: int) -> tuple[keras.Model, History]:
    """Train on MNIST's training images as they are."""
    images, labels = as_batch(mnist.train_images), mnist.train_labels.astype(np.int32)
    model = compiled(recipe, seed, recipe.epochs * -(-len(images) // recipe.batch_size))
    history = model.fit(images, labels, batch_size=recipe.batch_size, epochs=recipe.epochs, validation_data=_test_data(mnist))
    return model, history.history


def fit_mixture(
    recipe: Recipe, folder: Path | None, mnist: Mnist, seed: int, run_dir: Path, resume: bool
) -> tuple[keras.Model, Progress]:
    """Train on a mixture, half of it drawn anew for every epoch; the next half is drawn in a process beside the training.

    Model, optimizer and progress are kept in `run_dir` after every epoch. A training that was cut off goes on where it was;
    one that has ended gets another run with half the learning rate and half the dropout (warm restarts, Loshchilov & Hutter
    2017).
    """
    checkpoint = run_dir / CHECKPOINT
    progress = Progress.started(run_dir / PROGRESS, recipe.epochs_of, resume)
    epochs = recipe.epochs_of(progress.run)
    with ProcessPoolExecutor(
        1, initializer=_load_in_worker, initargs=(folder, mnist, seed, recipe.without_writers_of)
    ) as worker:

        def draw(epoch: int) -> Future[tuple[Images, Labels]]:
            return worker.submit(_draw_in_worker, (seed, progress.run, epoch))

        images, labels = draw(progress.epoch - 1).result()
        coming = draw(progress.epoch)
        if progress.epoch:
            model = keras.models.load_model(checkpoint)
        else:
            model = compiled(recipe, seed, 2 * epochs * len(images) // recipe.batch_size, 0.5 if progress.run else 1.0)
            if progress.run:
                model.set_weights(keras.models.load_model(checkpoint, compile=False).get_weights())

        def learnt_from(epoch: int) -> dict[str, Any]:
            nonlocal images, labels, coming
            before, labels_before = images, labels
            images, labels = coming.result()
            if epoch + 1 < epochs:
                coming = draw(epoch + 1)
            both = np.concatenate([labels_before, labels]).astype(np.int32)
            return {
                "x": as_batch(np.concatenate([before, images])),
                "y": both,
                "sample_weight": np.where(both == NOT_A_DIGIT, recipe.none_weight, 1.0).astype(np.float32),
                "batch_size": recipe.batch_size,
                "validation_data": _test_data(mnist),
            }

        _fit_epochs(model, learnt_from, epochs, progress, run_dir)
    return model, progress


def _fit_epochs(
    model: keras.Model, learnt_from: Callable[[int], dict[str, Any]], epochs: int, progress: Progress, run_dir: Path
) -> None:
    """Train to the end of a run, each epoch on what `learnt_from` gives for it; model, optimizer and progress are kept after
    each."""
    while progress.epoch < epochs:
        step = model.fit(**learnt_from(progress.epoch), initial_epoch=progress.epoch, epochs=progress.epoch + 1, verbose=2)
        progress.add(step.history)
        model.save(run_dir / CHECKPOINT)
        progress.write(run_dir / PROGRESS)


_mixture: Mixture | None = None


def _load_in_worker(folder: Path | None, mnist: Mnist, seed: int, without_writers_of: int | None) -> None:
    global _mixture
    cv2.setNumThreads(1)  # the pictures are tiny, and the other core trains
    _mixture = load_mixture(folder, mnist, np.random.default_rng(seed), without_writers_of)


def _draw_in_worker(seed: tuple[int, int, int]) -> tuple[Images, Labels]:
    assert _mixture is not None
    return _mixture.epoch(np.random.default_rng([number + 1 for number in seed]))


def fit_tiles(recipe: Recipe, folders: Sequence[Path], seed: int, run_dir: Path, resume: bool) -> tuple[keras.Model, Progress]:
    """Train the finder on tiles, drawn anew for every epoch in a process beside the training.

    Checkpoints and further runs are as those of `fit_mixture`. Every epoch is measured on the same tiles of pages that it never
    learns from.
    """
    checkpoint = run_dir / CHECKPOINT
    progress = Progress.started(run_dir / PROGRESS, recipe.epochs_of, resume)
    epochs = recipe.epochs_of(progress.run)
    with tiles_ahead(folders) as draw:
        measured = draw((seed,), False).result()
        coming = draw((seed, progress.run, progress.epoch), True)
        if progress.epoch:
            model = keras.models.load_model(checkpoint, custom_objects={"finder_loss": finder_loss})
        else:
            model = _compiled_finder(recipe, seed, epochs * TILES_PER_EPOCH // recipe.batch_size, progress.run)
            if progress.run:
                model.set_weights(keras.models.load_model(checkpoint, compile=False).get_weights())

        def learnt_from(epoch: int) -> dict[str, Any]:
            nonlocal coming
            tiles, answers = coming.result()
            coming = draw((seed, progress.run, epoch + 1), True)
            return {
                "x": as_pictures(tiles),
                "y": answers,
                "batch_size": recipe.batch_size,
                "validation_data": (as_pictures(measured[0]), measured[1]),
            }

        _fit_epochs(model, learnt_from, epochs, progress, run_dir)
    return model, progress


def _compiled_finder(recipe: Recipe, seed: int, steps: int, run: int) -> keras.Model:
    """A fresh finder; runs after the first learn at half the rate."""
    keras.utils.set_random_seed(seed + run)
    model = recipe.build()
    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate * (0.5 if run else 1.0), steps, alpha=ANNEALED_TO)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay, global_clipnorm=MAX_GRADIENT)
    model.compile(optimizer=optimizer, loss=finder_loss)
    return model


def _test_data(mnist: Mnist) -> tuple[np.ndarray, np.ndarray]:
    return as_batch(mnist.test_images), mnist.test_labels.astype(np.int32)


def _without_optimizer(recipe: Recipe, model: keras.Model) -> keras.Model:
    """The network alone, with its prior for 'not a digit': what the optimizer remembers is twice its size."""
    bare = recipe.build()
    weights = model.get_weights()
    weights[-1][NOT_A_DIGIT:] += np.log(recipe.none_prior)
    bare.set_weights(weights)
    return bare


def confusion_matrix(true: np.ndarray, read: np.ndarray, classes: int) -> np.ndarray:
    """Counts int64 (classes, classes): rows the true labels, columns the labels read."""
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (true, read), 1)
    return matrix


def results_table(recipe: Recipe, matrix: np.ndarray) -> Table:
    """How each class of MNIST's test images was read."""
    table = Table(title=f"{recipe.name}: MNIST's {matrix.sum():,} test images", title_justify="left")
    for heading in ("digit", "images", "right", "recall %", "precision %"):
        table.add_column(heading, justify="right")
    right = np.diag(matrix)
    for index, name in enumerate(recipe.classes):
        of_class, as_class = matrix[index].sum(), matrix[:, index].sum()
        recall, precision = 100 * right[index] / max(of_class, 1), 100 * right[index] / max(as_class, 1)
        table.add_row(name, str(of_class), str(right[index]), f"{recall:.2f}", f"{precision:.2f}")
    table.add_section()
    table.add_row("all", str(matrix.sum()), str(right.sum()), f"{100 * right.sum() / matrix.sum():.2f}", "")
    return table


def data_of(recipe: Recipe, folder: Path | None, mnist: Mnist) -> list[dict[str, Any]]:
    """What the card says of the training data."""
    entries: list[dict[str, Any]] = [
        {"name": "MNIST", "images": len(mnist.train_images), "licence": MNIST_LICENCE, "sha256": mnist.sha256()}
    ]
    if recipe.mixture:
        entries += [
            {"name": "printed characters of free fonts (train/printed.py)", "licence": "DejaVu, STIX, Computer Modern"},
            {"name": "drawn marks, fragments and touching pairs (train/augment.py)", "licence": "MIT"},
        ]
    if recipe.mixture and folder is not None:
        entries += [
            {"name": "EMNIST (NIST SD19), digits and letters, without what may be in MNIST's test", "licence": "public domain"},
            {"name": "BHMSDS, digits and marks; the digits of its main writer held out", "licence": "MIT"},
            {"name": "UniPen, digits, letters and symbols; one writer in five held out", "licence": "CC BY 4.0"},
            {"name": "UCI optdigits", "licence": "CC BY 4.0"},
            {"name": "HWD1000", "licence": "MIT"},
            {"name": "kaydee, printed digits", "licence": "MIT"},
            {"name": "Omniglot, 8 alphabets", "licence": "MIT"},
            {"name": "11 photographs without handwriting (COCO, scikit-image)", "licence": "CC BY, BSD, public domain"},
        ]
    return entries


@click.command()
@click.option("--recipe", "name", type=click.Choice(sorted(RECIPES)), default="classic", show_default=True)
@click.option(
    "--mnist",
    "mnist_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="An mnist.npz in Keras' layout; without it Keras downloads MNIST once.",
)
@click.option(
    "--data",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="The data sets of the mixture; without it camdigits learns from MNIST, printed and drawn marks alone.",
)
@click.option("--pages", "pages", type=click.Path(exists=True, file_okay=False, path_type=Path), multiple=True, metavar="DIR",
              help="Rendered pages, which the finder learns from.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on where a training was cut off, or run once more from where one ended.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--models", "models_dir", type=click.Path(file_okay=False, path_type=Path), default=MODELS_DIR, metavar="DIR")
@click.option("--runs", "runs_dir", type=click.Path(file_okay=False, path_type=Path), default=RUNS_DIR, metavar="DIR")
def main(
    name: str,
    mnist_file: Path | None,
    folder: Path | None,
    pages: tuple[Path, ...],
    seed: int,
    models_dir: Path,
    runs_dir: Path,
    resume: bool,
) -> None:
    """Train a network and write it with its model card and the pictures of the run."""
    recipe = RECIPES[name]
    run_dir = runs_dir / recipe.name
    run_dir.mkdir(parents=True, exist_ok=True)
    models_dir.mkdir(parents=True, exist_ok=True)
    if recipe.tiles:
        _fit_finder(recipe, pages, seed, models_dir, run_dir, resume)
        return
    if folder is not None and mnist_file is None:
        mnist_file = folder / "mnist.npz"
    mnist = load_mnist(mnist_file)
    runs = 1
    if recipe.mixture:
        model, progress = fit_mixture(recipe, folder, mnist, seed, run_dir, resume)
        history, runs = progress.history, progress.run + 1
    else:
        model, history = fit_mnist(recipe, mnist, seed)

    epochs = sum(recipe.epochs_of(run) for run in range(runs))
    model = _without_optimizer(recipe, model)
    probabilities = model.predict(as_batch(mnist.test_images), batch_size=512, verbose=0)
    read = probabilities.argmax(axis=1)
    accuracy = float((read == mnist.test_labels).mean())
    metrics = {"mnist_test_accuracy": round(accuracy, 4), "mnist_test_images": len(mnist.test_images)}
    if len(recipe.classes) > 10:
        metrics["mnist_test_refused"] = round(float((read == 10).mean()), 4)
    matrix = confusion_matrix(mnist.test_labels, read, len(recipe.classes))
    console = Console()
    console.print(results_table(recipe, matrix))

    path = models_dir / recipe.file
    model.save(path, **({"include_optimizer": False} if path.suffix == ".h5" else {}))
    card = ModelCard(
        name=recipe.name,
        input=INPUT_CONTRACT,
        classes=recipe.classes,
        parameters=int(model.count_params()),
        training={
            "command": f"python -m train.fit --recipe {recipe.name}{' --data DIR' if folder else ''} --seed {seed}",
            "runs": runs,
            **({} if recipe.without_writers_of is None else {"without_writers_of": recipe.without_writers_of}),
            "data": data_of(recipe, folder, mnist),
            "epochs": epochs,
            "batch_size": recipe.batch_size,
            "optimizer": f"AdamW, {recipe.learning_rate:g} annealed to 0 by half a cosine, decay {recipe.weight_decay:g}",
            "seed": seed,
            "keras": keras.__version__,
            "python": platform.python_version(),
        },
        metrics=metrics,
        files={path.name: file_entry(path)},
    )
    card.write(path.with_suffix(".json"))

    plots.learning_curves(history, run_dir / "learning_curves.png")
    plots.confusion(matrix, recipe.classes, run_dir / "confusion_matrix.png")
    plots.worst_mistakes(mnist.test_images, mnist.test_labels, probabilities, recipe.classes, run_dir / "worst_mistakes.png")
    console.print(
        f"MNIST test accuracy {100 * accuracy:.2f}% after epoch {epochs}; {path.name} in {models_dir}, pictures in {run_dir}"
    )


PAGES_MADE_OF: tuple[dict[str, Any], ...] = (
    {"name": "UniPen, digits, letters and symbols of four writers in five, where --strokes names them", "licence": "CC BY 4.0"},
    {"name": "Omniglot, 8 alphabets, where --scripts names them", "licence": "MIT"},
    {"name": "45 photographs without handwriting, every second one held out, where --before names them",
     "licence": "CC BY, BSD, public domain, Apache 2.0"},
)  # fmt: skip
"""What rendered pages can be made of besides the project's own hands."""


def _fit_finder(recipe: Recipe, pages: Sequence[Path], seed: int, models_dir: Path, run_dir: Path, resume: bool) -> None:
    """Train the finder and write it with its card and the curve of its loss."""
    if not pages:
        raise click.UsageError("the finder learns from rendered pages: name their folders with --pages")
    model, progress = fit_tiles(recipe, pages, seed, run_dir, resume)
    bare = recipe.build()
    bare.set_weights(model.get_weights())
    path = models_dir / recipe.file
    bare.save(path)
    epochs, loss = len(progress.history["loss"]), progress.history["val_loss"][-1]
    card = ModelCard(
        name=recipe.name,
        input=FINDER_CONTRACT,
        classes=recipe.classes,
        parameters=int(bare.count_params()),
        training={
            "command": f"python -m train.fit --recipe finder {'--pages DIR ' * len(pages)}--seed {seed}",
            "runs": progress.run + 1,
            "data": [
                {"name": f"tiles of rendered pages (train/pages.py), {TILES_PER_EPOCH} an epoch", "licence": "MIT"},
                *PAGES_MADE_OF,
            ],
            "epochs": epochs,
            "batch_size": recipe.batch_size,
            "optimizer": f"AdamW, {recipe.learning_rate:g} annealed by half a cosine, decay {recipe.weight_decay:g}",
            "seed": seed,
            "keras": keras.__version__,
            "python": platform.python_version(),
        },
        metrics={"loss_on_other_pages": round(float(loss), 4)},
        files={path.name: file_entry(path)},
    )
    card.write(path.with_suffix(".json"))
    plots.learning_curves(progress.history, run_dir / "learning_curves.png")
    click.echo(f"loss {loss:.3f} on pages left out after epoch {epochs}; {path.name} in {models_dir}")


if __name__ == "__main__":
    main()
