"""The networks, as Keras models: two from Batch float32 (N, 28, 28, 1) to Probabilities float32 (N, C), and the finder."""

from __future__ import annotations

import keras
from keras import layers

from camdigits.vision.finder import CHANNELS

DIGITS = tuple("0123456789")
DIGITS_OR_NONE = (*DIGITS, "none")


def classic() -> keras.Model:
    """The network of Keras' first MNIST example (mnist_cnn.py, 2015): 1,199,882 parameters.

    Two 3x3 convolutions, one pooling, one hidden layer; the dropout rates (1/4, 1/2) are that example's.
    """
    return keras.Sequential(
        [
            keras.Input((28, 28, 1), name="glyphs"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(len(DIGITS), activation="softmax", name="odds"),
        ],
        name="classic",
    )


def camdigits() -> keras.Model:
    """The network that also says 'not a digit', the eleventh class: 212,000 parameters, 3.6 million multiplications a glyph.

    Five convolutions, the first of stride 2 so that no large map is paid for, batch-normalized (Ioffe & Szegedy 2015) but
    for that one; the place of what the last map sees still counts, as a 6 and a 9 differ by nothing else.
    """
    inputs = keras.Input((28, 28, 1), name="glyphs")
    x = layers.Conv2D(24, 5, strides=2, padding="same", activation="relu")(inputs)
    for filters, stride, padding in ((24, 1, "same"), (48, 2, "same"), (64, 1, "same"), (96, 2, "valid")):
        x = layers.Conv2D(filters, 3, strides=stride, padding=padding, use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
    x = layers.Dropout(0.3)(layers.Flatten()(x))
    x = layers.Dropout(0.3)(layers.Dense(128, activation="relu")(x))
    outputs = layers.Dense(len(DIGITS_OR_NONE), activation="softmax", name="odds")(x)
    return keras.Model(inputs, outputs, name="camdigits")


def finder() -> keras.Model:
    """Grey pictures float32 (N, H, W, 1), 0..1, to maps float32 (N, H / 4, W / 4, 13): where centres of digits are, which
    digits, how large (camdigits/vision/finder.py); 245,000 parameters, 2,700 multiplications a pixel.

    Down to cells of 16 pixels, so that it sees what stands around a digit, and back to cells of 4 by adding what was seen
    there (feature pyramids, Lin et al. 2017).
    """
    inputs = keras.Input((None, None, 1), name="picture")
    fine = _convolved(_convolved(_convolved(inputs, 12, 5, 2), 24, stride=2), 24)
    middle = _convolved(_convolved(fine, 48, stride=2), 48)
    coarse = _convolved(_convolved(_convolved(middle, 80, stride=2), 80), 80)
    middle = layers.Add()([middle, _enlarged(coarse, 48)])
    middle = _convolved(_convolved(middle, 48), 48)
    fine = _convolved(layers.Add()([fine, _enlarged(middle, 24)]), 32)
    # Few cells have a digit: the bias says so from the start (Lin et al. 2017b).
    centre = layers.Conv2D(1, 1, bias_initializer=keras.initializers.Constant(-4.0))(fine)
    outputs = layers.Concatenate(name="maps")([centre, layers.Conv2D(CHANNELS - 1, 1)(fine)])
    return keras.Model(inputs, outputs, name="finder")


def _convolved(x: keras.KerasTensor, filters: int, side: int = 3, stride: int = 1) -> keras.KerasTensor:
    x = layers.Conv2D(filters, side, strides=stride, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization()(x))


def _enlarged(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    """Maps of twice the height and width."""
    return layers.UpSampling2D(interpolation="nearest")(_convolved(x, filters, 1))
