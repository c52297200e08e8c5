"""Training: where the networks in `models/` come from.

    python -m train.fit --recipe classic      trains, measures, writes models/ and the pictures of the run
    python -m train.export                    writes the LiteRT file that the app runs

Needs the extra `train` (TensorFlow, Keras, matplotlib). Nothing in `camdigits/` imports from here.
"""
