"""The networks, as Keras models from Batch float32 (N, 28, 28, 1) to Odds float32 (N, C)."""

from __future__ import annotations

import keras
from keras import layers

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


def reader() -> keras.Model:
    """The network that also says 'not a digit', the eleventh class: 135,000 parameters, fewer multiplications than classic.

    Four convolutions, halved twice by stride, batch-normalized (Ioffe & Szegedy 2015) but for the first, whose map is too
    large to pay for it; the mean and the peak of the last map decide.
    """
    inputs = keras.Input((28, 28, 1), name="glyphs")
    x = layers.Conv2D(32, 5, strides=2, padding="same", activation="relu")(inputs)
    for filters, stride in ((48, 1), (80, 2), (112, 1)):
        x = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
    x = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)])
    x = layers.Dropout(0.25)(x)
    outputs = layers.Dense(len(DIGITS_OR_NONE), activation="softmax", name="odds")(x)
    return keras.Model(inputs, outputs, name="reader")
