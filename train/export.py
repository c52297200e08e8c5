"""Export a trained network to LiteRT, which the app runs without TensorFlow.

    python -m train.export [--model models/digit_classifier.h5]
    python -m train.export --model models/finder.keras --pages DIR

Uses Keras' own exporter, writes NAME.tflite beside the model and enters it on the model's card. Beside its probabilities the
file of a classifier gives the network's features, which teaching learns from (camdigits/learning/taught.py), where they are not
too many. The finder gets whole numbers of 8 bits for its weights and maps, whose ranges are measured on tiles of rendered pages
(Jacob et al. 2018): it then takes half the time.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from pathlib import Path

import click
import keras
import numpy as np

from camdigits.runtime.models import ModelCard, file_entry
from train.finder import as_pictures
from train.fit import MODELS_DIR, RECIPES
from train.tiles import draw_tiles, load_pages

MAX_FEATURES = 2048
"""With more of them, what is taught would soon be larger than the network."""

CALIBRATION_TILES = 200


def with_features(model: keras.Model) -> keras.Model:
    """The network with its last maps, flattened, as a second output, float32 (N, F); as it is without such, or with more than
    `MAX_FEATURES`. They tell shapes apart better than the hidden layer behind them (docs/notes/teaching.md)."""
    flattened = [layer.output for layer in model.layers if isinstance(layer, keras.layers.Flatten)]
    if not flattened or flattened[-1].shape[-1] > MAX_FEATURES:
        return model
    return keras.Model(model.inputs, {"odds": model.outputs[0], "features": flattened[-1]})


def export(model_path: Path) -> Path:
    """Write the LiteRT file of a Keras model file and note its SHA-256 on the card; the path of the new file."""
    model = with_features(keras.models.load_model(model_path, compile=False, safe_mode=True))
    path = model_path.with_suffix(".tflite")
    model.export(path, format="litert", verbose=False)
    _enter(path, model_path.with_suffix(".json"))
    return path


def export_finder(model_path: Path, pages: Sequence[Path]) -> Path:
    """The same of a finder, in whole numbers; its inputs and outputs stay float32."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    model = keras.models.load_model(model_path, compile=False, safe_mode=True)
    tiles, _ = draw_tiles(load_pages(pages), CALIBRATION_TILES, np.random.default_rng(0))
    signature = [tf.TensorSpec((1, None, None, 1), tf.float32)]
    function = tf.function(lambda picture: model(picture, training=False), input_signature=signature)
    # The converter runs the network to see what ranges its maps have, and cannot while its weights are variables.
    frozen = convert_variables_to_constants_v2(function.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([tile[None]] for tile in as_pictures(tiles))
    path = model_path.with_suffix(".tflite")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that inputs stay float32, as is meant
        path.write_bytes(converter.convert())
    _enter(path, model_path.with_suffix(".json"))
    return path


def _enter(path: Path, card_path: Path) -> None:
    card = ModelCard.read(card_path)
    dataclasses.replace(card, files={**card.files, path.name: file_entry(path)}).write(card_path)


@click.command()
@click.option(
    "--model",
    "model_path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=MODELS_DIR / RECIPES["classic"].file,
    metavar="FILE",
    help="The trained model; its card lies beside it.",
)
@click.option("--pages", type=click.Path(exists=True, file_okay=False, path_type=Path), multiple=True, metavar="DIR",
              help="Rendered pages, for a finder.")  # fmt: skip
def main(model_path: Path, pages: tuple[Path, ...]) -> None:
    """Write the LiteRT file that the app runs."""
    path = export_finder(model_path, pages) if pages else export(model_path)
    click.echo(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
