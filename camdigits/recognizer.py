"""The Python interface: takes a picture or a source, gives Scenes."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Generator, Iterator
from dataclasses import replace
from numbers import Integral
from os import PathLike, fsdecode
from types import MappingProxyType
from typing import Any

import numpy as np

from camdigits.errors import SourceError, UsageError
from camdigits.learning.taught import Adaptation, AdaptedClassifier
from camdigits.learning.teacher import AdaptationFile
from camdigits.runtime.models import DEFAULT_MODEL, FileClassifier, load_classifier
from camdigits.runtime.threads import THREADS
from camdigits.scenes import Image, Origin, Scene
from camdigits.settings import Effort, Settings
from camdigits.sources.arrays import bgr_of
from camdigits.sources.kinds import file_behind, found, open_source
from camdigits.sources.network import public_name
from camdigits.sources.ports import FrameSource, UserInput
from camdigits.sources.stills import first_frame
from camdigits.tracking.executor import Executor, InlineExecutor, ReadingKind
from camdigits.tracking.live_reader import FrameReading, LiveParams, LiveReader
from camdigits.tracking.ports import Reader
from camdigits.vision import types as vision
from camdigits.vision.classification import Classifier
from camdigits.vision.context import Context
from camdigits.vision.orientation import RotatedReader, Rotation
from camdigits.vision.pipeline import Pipeline, PipelineParams, min_readable_px
from camdigits.vision.presets import CANVAS, LIVE, LIVE_PROPOSALS, ORIENTATION, PROPOSALS, STILL, Preset
from camdigits.vision.types import Batch, Frame, Probabilities

LIVE_DELAYS_S = MappingProxyType({ReadingKind.QUICK: 4 / 30, ReadingKind.THOROUGH: 8 / 30})
"""How long after its frame a reading arrives in the live window, by kind, seconds.

The median on two cores, at least four frames (`python -m benchmarks.frames`).
"""
HUGE = 8
"""A picture is huge if its longer side is more than this many times the side at which pictures are searched.

Reading reduces it that far, and may lose writing that is easy to read in a part of it.
"""
MAX_STEP_S = 0.8
"""Longest time between two frames of a clip that are followed, seconds. Frames further apart are read one by one."""


class Adaptable:
    """A network, Batch -> Probabilities, that applies what was taught. What is taught may change between two calls."""

    def __init__(self, network: FileClassifier) -> None:
        self.network = network
        self._classify: Classifier = network

    def __call__(self, batch: Batch) -> Probabilities:
        return self._classify(batch)

    def use(self, adaptation: Adaptation | None) -> None:
        """Apply this adaptation from now on; None stands for the network as it ships."""
        self._classify = self.network if adaptation is None else AdaptedClassifier(self.network, adaptation)


class Recognizer:
    """Reads the handwritten digits of pictures.

        scene = Recognizer().recognize("page.jpg")

    model: a network that ships (`camdigits`, the default, or `classic`) or a .tflite, .keras or .h5 file.
    threshold: the lowest confidence, 0..1, of a digit that is reported.
    settings: all settings, also those that have no argument here. The arguments win over it.
    rotate: `auto` (the default) finds out which way up a page lies. 0, 90, 180 or 270 turns every picture by so many degrees
        clockwise first. Boxes are always in pixels of the picture as it came.
    effort: `thorough` (the default) reads a picture as well as possible. `live` reads quickly enough to follow a camera,
        and reads what stands still thoroughly over some frames.
    taught: whether to apply what `camdigits teach` learnt of this user's corrections. By default networks read as they ship.
    threads: the number of threads that the network may use, at least 1.
    classifier: a callable of your own in place of `model`. It takes crops, float32 (N, 28, 28, 1), 0 ground to 1 ink, scaled
        and centred as in MNIST. It returns probabilities, float32 (N, C), whose rows sum to 1. C is 10 for the digits, or 11
        with 'not a digit' last. All crops of a reading come in one call. It has no context weights and cannot be taught.

    Several threads can share one recognizer. They wait for one another at the network, but all call your own classifier at
    once. A pickled recognizer loads the network, and what was taught, again in the other process. Your own classifier is
    pickled itself.

    Raises ModelError for a model that cannot be used. Raises UsageError for a threshold outside 0..1, for another rotation,
    effort or number of threads, and for a classifier beside a model or `taught`.
    """

    def __init__(
        self,
        model: str | PathLike[str] = "",
        threshold: float | None = None,
        settings: Settings = Settings(),
        rotate: str | int | None = None,
        effort: str | None = None,
        taught: bool = False,
        threads: int = THREADS,
        classifier: Classifier | None = None,
    ) -> None:
        settings = settings.with_threshold(threshold).with_rotation(rotate).with_effort(effort)
        if not _is_whole(threads) or threads < 1:
            raise UsageError(f"the network uses a whole number of threads, 1 at least, not {threads}")
        if classifier is not None and (model or taught):
            raise UsageError("a recognizer reads by a classifier of yours or by a model, which alone can be taught: give one")
        if classifier is not None and not callable(classifier):
            raise UsageError(f"a classifier is called with crops; a {type(classifier).__name__} cannot be, a file is a model")
        self.settings = settings
        self.classify: Classifier
        self.context: Context | None = None
        self._adaptable: Adaptable | None = None
        if classifier is not None:
            self.model, self.classify = "", classifier
        else:
            self.model = fsdecode(model) or settings.model or DEFAULT_MODEL
            network = load_classifier(self.model, int(threads))
            self.classify = self._adaptable = _adaptable(network, taught)
            self.context = network.context
        self._made_of = (self.model, None, settings, None, None, taught, threads, classifier)
        self._read = self.rotated()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._made_of

    @property
    def adaptable(self) -> Adaptable:
        """The network, which can be taught. Raises UsageError for a classifier of your own."""
        if self._adaptable is None:
            raise UsageError("a classifier of yours cannot be taught; give a model, as a name or a file")
        return self._adaptable

    def pipeline(self, preset: Preset = STILL) -> Pipeline:
        """Make a pipeline that reads frames as they lie, with a preset of `camdigits.vision.presets`."""
        return Pipeline(self.classify, preset.applied_to(self.settings.pipeline), self.context)

    def rotated(self, preset: Preset | None = None) -> RotatedReader:
        """Make a reader of frames that may lie any way up. By default its preset suits the effort of the settings."""
        if preset is None:
            preset = LIVE if self.settings.effort is Effort.LIVE else STILL
        # One mask of each polarity is quick enough to compare rotations. A preset with one mask alone needs no other reader.
        quick_read = self.pipeline(ORIENTATION) if preset.all_variants else None
        return RotatedReader(self.pipeline(preset), self.classify, self.settings.rotation, quick_read)

    def recognize(self, image: Image) -> Scene:
        """Read one picture: the path of a file, the bytes of one, a Pillow image, or an array.

        image: an array is (H, W) grey, (H, W, 3) BGR (as in OpenCV, not RGB) or (H, W, 4) BGRA, of uint8, uint16, bool, or
            floats from 0 to 1. Arrays of other libraries work too, and Pillow images of any mode.

        Files and Pillow images are turned upright by their EXIF orientation, and boxes are in pixels of the upright picture.
        A clip, folder or PDF gives its first picture, a camera or URL one frame.

        Warns of a file without a digit if its picture is so large that ordinary writing may be too small in it.
        Raises SourceError for a file that cannot be read, an array of another shape or dtype, and any other object.
        """
        if not isinstance(image, str | PathLike):
            return Scene.of(self.read_frame(Frame(bgr_of(image), 0, 0.0)), Origin(held=image))
        name = fsdecode(image)
        source = open_source(name)
        frame = first_frame(source)
        file = file_behind(name, source)
        origin = Origin(file=file, index=frame.index) if file else Origin(held=frame.image)
        scene = self.read_frame(frame, public_name(name))
        if notice := _too_small_to_read(scene, self.settings.pipeline):
            warnings.warn(f"{public_name(name)}: {notice}", stacklevel=2)
        return Scene.of(scene, origin)

    def read_frame(self, frame: Frame, source: str = "") -> vision.Scene:
        """Read one frame of the source of that name. The scene holds the network's evidence, but no picture to draw on."""
        return self._read(frame, source)


def _adaptable(network: FileClassifier, taught: bool) -> Adaptable:
    """Wrap a network, with what was taught if `taught`. Warns of a file of adaptations that cannot be read."""
    adaptable = Adaptable(network)
    if taught:
        try:
            adaptable.use(AdaptationFile().load(network.sha256))
        except SourceError as error:
            warnings.warn(str(error), stacklevel=3)
    return adaptable


def _too_small_to_read(scene: vision.Scene, params: PipelineParams) -> str:
    """Return a message if nothing was read on a picture so large that writing on it may be too small; else ""."""
    width, height = scene.width, scene.height
    if scene.digits or max(width, height) <= HUGE * params.search_side_px:
        return ""
    min_px = min_readable_px(width, height, params)
    return (
        f"no digits found; in a picture of {width}x{height} pixels those less than {min_px} pixels high are too small to be "
        "seen: cut it into parts"
    )


def live_reader(
    recognizer: Recognizer, effort: Effort | None = None, executor: Executor[FrameReading] | None = None
) -> LiveReader:
    """Make a reader that follows the frames of a camera or a clip, so that labels hold still.

    recognizer: its network and settings.
    effort: `thorough` reads every frame and shows it at once; `live` reads as many as there is time for beside the frames. By
        default it is that of the recognizer's settings.
    executor: where a live reading runs. By default it runs at once and arrives `LIVE_DELAYS_S` later, as in the live window.
    """
    settings = recognizer.settings
    tracks = replace(settings.tracks, confirm_threshold=settings.pipeline.threshold)
    numbers, thorough = settings.pipeline.numbers, recognizer.rotated(PROPOSALS)
    if (effort or settings.effort) is Effort.THOROUGH:
        return LiveReader(
            thorough, InlineExecutor(), tracks, numbers, LiveParams(every_frame=True, min_interval_s=0.0, tilt_every=8)
        )
    quick = recognizer.rotated(LIVE_PROPOSALS)
    return LiveReader(quick, executor or InlineExecutor(LIVE_DELAYS_S), tracks, numbers, thorough=thorough)


class PictureReader:
    """Reads each frame by itself, as `Recognizer.recognize` does: pictures, and frames too far apart to be followed."""

    busy = False
    notice = ""
    """A message about the last frame that was read, or ""."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._rotated = recognizer.rotated()
        self._params = recognizer.settings.pipeline

    def recognize(self, frame: Frame, source: str = "") -> vision.Scene:
        scene = self._rotated(frame, source)
        self.notice = _too_small_to_read(scene, self._params)
        return scene

    def forget(self) -> None:
        """Do nothing: this reader remembers nothing."""

    def rotate(self, rotation: Rotation) -> None:
        self._rotated = self._rotated.with_rotation(rotation)

    def close(self) -> None:
        """Do nothing: this reader holds nothing."""


class CanvasReader:
    """Reads each frame of the canvas by itself: nothing is blurred, and every stroke is meant (tracking.ports.Reader).

    A frame with an ink mask is read from that mask, whatever the colours of paper and pen. Any other is read as dark on light.
    """

    busy = False
    notice = ""

    def __init__(self, recognizer: Recognizer) -> None:
        self._pipeline = recognizer.pipeline(CANVAS)

    def recognize(self, frame: Frame, source: str = "") -> vision.Scene:
        if frame.ink is not None:
            frame = replace(frame, image=np.repeat(255 - frame.ink[..., None], 3, axis=2))
        return self._pipeline(frame, source)

    def forget(self) -> None:
        """Do nothing: this reader remembers nothing."""

    def rotate(self, rotation: Rotation) -> None:
        """Do nothing: a canvas always lies the right way up."""

    def close(self) -> None:
        """Do nothing: this reader holds nothing."""


def stream(
    source: str | int | PathLike[str], recognizer: Recognizer | None = None, every: int = 1
) -> Generator[Scene, None, None]:
    """Read a source frame by frame: what `camdigits read` takes, or a camera's index, which goes on until you stop.

    Clips and cameras are followed: their scenes have only confirmed digits, each with its `track`. `scene.draw()` works while
    the loop is at the scene; for a picture file also later.

    source: a picture, a clip, a folder or glob of pictures, the URL of a network camera, `demo`, or a camera's index.
    recognizer: the recognizer to read with; by default `Recognizer()`.
    every: read only every Nth frame, a whole number of at least 1.

    The source opens when you ask for the first scene. It closes at its end, on `break`, on an exception, by `close()` and
    when the generator is dropped. Notebooks keep the generator alive after an exception, and so the camera:
    `with contextlib.closing(camdigits.stream(0)) as scenes:` releases it at once.

    Warns of a clip that was cut off, and of files that are left out of a folder.
    Raises UsageError at once for another `every`, and for an object that is no source. Raises SourceError in the loop for a
    source that cannot be opened or is lost.
    """
    if not _is_whole(every) or every < 1:
        raise UsageError(f"every Nth frame can be read, N a whole number and at least 1, not {every}")
    if isinstance(source, bool) or not isinstance(source, str | Integral | PathLike):
        kind = type(source).__name__
        raise UsageError(
            f"a stream is of a path, a URL or a camera's index; a {kind} is read by Recognizer.recognize, if at all"
        )
    return _scenes(str(source) if isinstance(source, Integral) else fsdecode(source), recognizer, int(every))


def _is_whole(number: object) -> bool:
    return isinstance(number, Integral) and not isinstance(number, bool)


def _scenes(spec: str, recognizer: Recognizer | None, every: int) -> Generator[Scene, None, None]:
    recognizer = recognizer or Recognizer()
    files, notice = found(spec)
    if notice:
        warnings.warn(notice, stacklevel=2)
    for name in files:
        opened = open_source(name)
        try:
            reader = reader_of(opened, recognizer, every)
            file = file_behind(name, opened) if opened.pictures else ""
            for frame in frames(opened, every):
                origin = Origin(passing=weakref.ref(frame.image), file=file, index=frame.index)
                scene = reader.recognize(frame, public_name(name))
                if opened.pictures and reader.notice:
                    warnings.warn(f"{public_name(name)}: {reader.notice}", stacklevel=2)
                yield Scene.of(scene, origin)
            if opened.notice:
                warnings.warn(opened.notice, stacklevel=2)
        finally:
            opened.close()


def reader_of(
    source: FrameSource,
    recognizer: Recognizer,
    every: int = 1,
    effort: Effort | None = None,
    executor: Executor[FrameReading] | None = None,
) -> Reader:
    """Make a reader for an open source: it follows the frames of clips and cameras, and reads pictures one by one.

    source: the open source.
    recognizer: its network and settings.
    every: only every Nth frame is read.
    effort: how much a frame that is followed may cost; by default that of the recognizer's settings.
    executor: where a live reading runs, as in `live_reader`.
    """
    apart_s = every * source.frame_period_s
    if source.pictures or (not source.live and apart_s > MAX_STEP_S):
        return PictureReader(recognizer)
    return live_reader(recognizer, effort, executor)


def frames(source: FrameSource, every: int = 1) -> Iterator[Frame]:
    """Yield every Nth frame of an open source until its end, but all pictures. Skip a frame that a live source repeats."""
    last = -1
    count = 0
    while (frame := source.read(UserInput())) is not None:
        if frame.index == last:
            continue
        last = frame.index
        if count % every == 0 or source.pictures:
            yield frame
        count += 1
