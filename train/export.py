"""Export a trained network to LiteRT, which the app runs without TensorFlow.

    python -m train.export [--model models/digit_classifier.h5]

Uses Keras' own exporter, writes NAME.tflite beside the model and enters it on the model's card. Beside its odds the file gives
the network's features, which teaching learns from (camdigits/vision/taught.py), where they are not too many.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click
import keras

from camdigits.devices.models import ModelCard, file_entry
from train.fit import MODELS_DIR, RECIPES

MOST_FEATURES = 2048
"""With more of them, what is taught would soon be larger than the network."""


def with_features(model: keras.Model) -> keras.Model:
    """The network with its last maps, flattened, as a second output, float32 (N, F); as it is without such, or with more than
    `MOST_FEATURES`. They tell shapes apart better than the hidden layer behind them (docs/accuracy.md, "Taught")."""
    flattened = [layer.output for layer in model.layers if isinstance(layer, keras.layers.Flatten)]
    if not flattened or flattened[-1].shape[-1] > MOST_FEATURES:
        return model
    return keras.Model(model.inputs, {"odds": model.outputs[0], "features": flattened[-1]})


def export(model_path: Path) -> Path:
    """Write the LiteRT file of a Keras model file and note its SHA-256 on the card; the path of the new file."""
    model = with_features(keras.models.load_model(model_path, compile=False, safe_mode=True))
    path = model_path.with_suffix(".tflite")
    model.export(path, format="litert", verbose=False)
    card_path = model_path.with_suffix(".json")
    card = ModelCard.read(card_path)
    dataclasses.replace(card, files={**card.files, path.name: file_entry(path)}).write(card_path)
    return path


@click.command()
@click.option(
    "--model",
    "model_path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=MODELS_DIR / RECIPES["classic"].file,
    metavar="FILE",
    help="The trained model; its card lies beside it.",
)
def main(model_path: Path) -> None:
    """Write the LiteRT file that the app runs."""
    path = export(model_path)
    click.echo(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
