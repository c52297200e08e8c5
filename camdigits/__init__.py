"""camdigits reads handwritten digits: on pictures, clips, camera frames and a canvas.

    import camdigits

    scene = camdigits.Recognizer().recognize("page.jpg")
    print(scene)
    print([number.text for number in scene.numbers])

    for scene in camdigits.stream("clip.mp4"):
        print(scene.time_s, [digit.label for digit in scene.digits])

How a frame becomes numbers, function by function, in the order in which `camdigits.vision.pipeline` calls them:

    Frame -> binarize -> MaskVariant* -> find_candidates -> CandidateSet* -> propose (the finder) -> CandidateSet*
          -> make_glyph -> Glyph* -> stack_glyphs -> Batch -> classify_batch (the classifier) -> Probabilities
          -> to_readings -> Reading* -> context_features, finder_features, score_context -> Reading*
          -> select_digits, without_overlap, unused_ink -> Digit*, Box* -> group_numbers -> Number* -> Scene

Names in lower case are functions, the others are types, and * means several. Words in parentheses name the network that runs.

Importing this package loads no model runtime and no OpenCV; the first `Recognizer` does.
"""

from __future__ import annotations

import os as _os
from typing import TYPE_CHECKING

from camdigits import errors as errors

# Windows' Media Foundation looks for hardware transforms before it opens a camera. That takes ten seconds and more (OpenCV's
# issue 17687). OpenCV for Windows has its own C library, which copies the environment when OpenCV is loaded, so this is set
# first. A value that the user has set stays.
_os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")

__all__ = ["Box", "Digit", "Number", "Recognizer", "Scene", "stream"]

if TYPE_CHECKING:
    from camdigits.recognizer import Recognizer as Recognizer
    from camdigits.recognizer import stream as stream
    from camdigits.scenes import Scene as Scene
    from camdigits.vision.types import Box as Box
    from camdigits.vision.types import Digit as Digit
    from camdigits.vision.types import Number as Number

    __version__: str
else:  # a type checker that saw this would take every other name for Any

    def __getattr__(name):
        if name == "__version__":  # looked up on request: only pyproject.toml states it
            from importlib.metadata import version

            return version("camdigits")
        if name not in __all__:
            raise AttributeError(f"module 'camdigits' has no attribute {name!r}")
        from importlib import import_module

        try:
            return getattr(import_module(_HOMES.get(name, "camdigits.vision.types")), name)
        except ImportError as error:
            if message := errors.unloadable(error):
                raise message from error
            raise


_HOMES = {"Recognizer": "camdigits.recognizer", "Scene": "camdigits.scenes", "stream": "camdigits.recognizer"}
"""The modules of public names; all other names are in `camdigits.vision.types`."""


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "__version__"])
