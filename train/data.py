"""Training data: loading and checking, nothing else."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

MNIST_LICENCE = "CC BY-SA 3.0"
HELD_OUT_ONE_IN = 5
Part = Literal["train", "context", "heldout"]

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.uint8]
Batch = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Mnist:
    """MNIST as LeCun, Cortes and Burges published it.

    train_images uint8 (60000, 28, 28), test_images uint8 (10000, 28, 28), light ink (255) on dark ground (0);
    labels uint8 (N,), 0..9.
    """

    train_images: Images
    train_labels: Labels
    test_images: Images
    test_labels: Labels

    def sha256(self) -> str:
        """Checksum of the pixels and labels themselves, so that it does not depend on how the file was packed."""
        digest = hashlib.sha256()
        for part in (self.train_images, self.train_labels, self.test_images, self.test_labels):
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()


def load_mnist(path: Path | None = None) -> Mnist:
    """Load MNIST from `path` (an `mnist.npz` in Keras' layout), or through Keras, which downloads it once.

    Raises ValueError when the arrays are not MNIST's shape, OSError when the file cannot be read.
    """
    if path is None:
        import keras

        (train_x, train_y), (test_x, test_y) = keras.datasets.mnist.load_data()
    else:
        with np.load(path, allow_pickle=False) as arrays:
            missing = {"x_train", "y_train", "x_test", "y_test"} - set(arrays.files)
            if missing:
                raise ValueError(f"{path}: not an mnist.npz in Keras' layout, it lacks {', '.join(sorted(missing))}")
            train_x, train_y = arrays["x_train"], arrays["y_train"]
            test_x, test_y = arrays["x_test"], arrays["y_test"]
    for images, labels in ((train_x, train_y), (test_x, test_y)):
        if images.ndim != 3 or images.shape[1:] != (28, 28) or images.dtype != np.uint8 or len(images) != len(labels):
            raise ValueError(f"{path or 'MNIST'}: expected uint8 images (N, 28, 28), found {images.dtype} {images.shape}")
    return Mnist(train_x, train_y.astype(np.uint8), test_x, test_y.astype(np.uint8))


def part_of(writer: object) -> Part:
    """What a writer is for, by a checksum of the name: the network is trained on four in five. What surrounds digits is
    learnt with half of the others, since the network is not as sure of their digits as of those it knows; the rest measure."""
    place = zlib.crc32(str(writer).encode()) % (2 * HELD_OUT_ONE_IN)
    return "heldout" if place == 0 else "context" if place == HELD_OUT_ONE_IN else "train"


def is_held_out(writer: object) -> bool:
    """Whether the network is never trained on a writer."""
    return part_of(writer) != "train"


def prolific_writers(path: Path, min_count: int) -> frozenset[str]:
    """Who wrote `min_count` digits or more of a file of UniPen's layout, bad cuts not counted."""
    with np.load(path, allow_pickle=False) as arrays:
        whole = arrays["keep"] & np.char.isdigit(arrays["y"].astype(str))
        names, counts = np.unique(arrays["writer"][whole], return_counts=True)
    return frozenset(str(name) for name in names[counts >= min_count])


def as_batch(images: Images) -> Batch:
    """uint8 (N, 28, 28), ink 255 -> the classifier's input: float32 (N, 28, 28, 1), ink 1."""
    return images.astype(np.float32)[..., np.newaxis] / np.float32(255)


def as_uint8(glyphs: npt.NDArray[np.float32]) -> Images:
    """Glyphs, float32 with ink 1, as they are kept: uint8 of the same shape, ink 255; what `as_batch` turns back."""
    return np.round(glyphs * 255).astype(np.uint8)
