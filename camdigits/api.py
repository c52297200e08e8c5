"""The Python interface: a picture or a source in, Scenes out."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Generator, Iterator
from dataclasses import replace
from numbers import Integral
from os import PathLike, fsdecode
from typing import Any

import numpy as np

from camdigits.devices.arrays import bgr_of
from camdigits.devices.models import DEFAULT_MODEL, FileClassifier, load_classifier
from camdigits.devices.sources import expand, file_behind, first_frame, open_source, public_name
from camdigits.devices.teacher import TaughtFile
from camdigits.devices.threads import THREADS
from camdigits.errors import SourceError, UsageError
from camdigits.ports import FrameSource, Reader, Turn
from camdigits.scenes import Image, Origin, Scene
from camdigits.settings import Effort, Settings
from camdigits.vision import scene as vision
from camdigits.vision.following import Following
from camdigits.vision.pipeline import Pipeline
from camdigits.vision.readings import Classifier
from camdigits.vision.rotation import Rotation, Turned
from camdigits.vision.scene import Batch, Frame, Odds
from camdigits.vision.taught import Taught, TaughtClassifier

OFFER_THRESHOLD = 0.15
"""What is this likely a digit on a frame is followed."""


class Adaptable:
    """Batch -> Odds of a network, by what was taught, if anything was; that may change from one call to the next."""

    def __init__(self, network: FileClassifier) -> None:
        self.network = network
        self._classify: Classifier = network

    def __call__(self, batch: Batch) -> Odds:
        return self._classify(batch)

    def use(self, taught: Taught | None) -> None:
        """Read by that from now on; None is the network as it ships."""
        self._classify = self.network if taught is None else TaughtClassifier(self.network, taught)


class Recognizer:
    """Reads the handwritten digits of pictures.

        scene = Recognizer().recognize("page.jpg")

    model: a network that ships (`camdigits`, the default, or `classic`) or a .tflite, .keras or .h5 file. threshold: digits of
    lower confidence, 0..1, are not reported. settings: all that can be set, also what no argument is for; the arguments win
    over it. rotate: `auto` (the default) finds out which way up a page lies; 0, 90, 180 or 270 turns every picture by so many
    degrees clockwise before it is read. Boxes are always in pixels of the picture as it came. effort: `thorough` (the default)
    reads a picture as well as can be; `live` so quickly that a camera can be followed, and what is followed thoroughly as soon
    as it stands still, over some frames. taught: whether what `camdigits teach` learnt of this user's corrections counts; by
    default networks read as they ship, everywhere the same. threads: how many the network may use, 1 at least.
    One recognizer can be used by several threads of yours, which then wait for one another at the network. It can be handed to
    other processes (pickled), each of which loads the network, and what was taught, anew.
    Raises ModelError for a model that cannot be used, UsageError for a threshold outside 0..1, other turns, efforts, threads.
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
    ) -> None:
        settings = settings.with_threshold(threshold).with_rotation(rotate).with_effort(effort)
        if not _is_whole(threads) or threads < 1:
            raise UsageError(f"the network uses a whole number of threads, 1 at least, not {threads}")
        self.model = fsdecode(model) or settings.model or DEFAULT_MODEL
        network = load_classifier(self.model, int(threads))
        self.adaptable = classifier = Adaptable(network)
        if taught:
            try:
                classifier.use(TaughtFile().load(network.sha256))
            except SourceError as error:
                warnings.warn(str(error), stacklevel=2)
        self.pipeline = Pipeline(classifier, settings.pipeline, network.context)
        self.settings = settings
        self._made_of = (self.model, None, settings, None, None, taught, threads)
        # Digits that are followed are decided by all their frames: those that one frame leaves in doubt are offered too.
        offered = replace(settings.pipeline, threshold=min(OFFER_THRESHOLD, settings.pipeline.threshold))
        self.patient = Pipeline(classifier, offered, network.context)
        glance = self.pipeline.at_a_glance()
        self.offering = Turned(self.patient, classifier, settings.rotation, glance)
        self.live = Turned(self.pipeline.in_motion(OFFER_THRESHOLD), classifier, settings.rotation)
        if settings.effort is Effort.LIVE:
            self.turned = Turned(self.pipeline.in_motion(settings.pipeline.threshold), classifier, settings.rotation)
        else:
            self.turned = Turned(self.pipeline, classifier, settings.rotation, glance)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._made_of

    def recognize(self, image: Image) -> Scene:
        """Read one picture: the path of a file, the bytes of one, a Pillow image, or an array.

        Arrays are (H, W) grey, (H, W, 3) BGR (as OpenCV has it, not RGB) or (H, W, 4) BGRA, of uint8, uint16, bool, or floats
        from 0 to 1; those of other libraries are taken too. Pillow images may be of any mode. They are turned upright like
        files, as their EXIF orientation says, and boxes are in pixels of the upright picture. Of a clip, folder or PDF the
        first picture is read, of a camera or URL one frame.
        Raises SourceError for a file that cannot be read, an array of another shape or dtype, and anything else.
        """
        if not isinstance(image, str | PathLike):
            return Scene.of(self.read_frame(Frame(bgr_of(image), 0, 0.0)), Origin(held=image))
        name = fsdecode(image)
        source = open_source(name)
        frame = first_frame(source)
        file = file_behind(name, source)
        origin = Origin(file=file, index=frame.index) if file else Origin(held=frame.image)
        return Scene.of(self.read_frame(frame, public_name(name)), origin)

    def read_frame(self, frame: Frame, source: str = "") -> vision.Scene:
        """Read one frame of a source of that name; the scene holds all that the network saw, but no picture to draw it on."""
        return self.turned(frame, source)


class LiveReader:
    """Reads frames of a camera or a clip one after another and remembers, so that labels hold still (ports.Reader).

    Digits are followed with the page, and shown when the evidence of their frames confirms them. thorough: whether each frame
    is read as a picture is; else what moves is read quickly, and a page that stands still thoroughly, over some frames.
    """

    busy = False
    notice = ""

    def __init__(self, recognizer: Recognizer, thorough: bool = False) -> None:
        settings = recognizer.settings
        tracks = replace(settings.tracks, show=settings.pipeline.threshold)
        numbers = settings.pipeline.numbers
        if thorough:
            self._following = Following(recognizer.offering, None, tracks, numbers)
        else:
            self._following = Following(recognizer.live, recognizer.patient, tracks, numbers)

    def recognize(self, frame: Frame, source: str = "") -> vision.Scene:
        return self._following.read(frame, source)

    def forget(self) -> None:
        self._following.forget()

    def rotate(self, rotation: Rotation) -> None:
        self._following.rotate(rotation)

    def close(self) -> None:
        """Nothing is held."""


class PictureReader:
    """Reads each frame by itself, as `Recognizer.recognize` does: pictures, and frames too far apart to follow anything."""

    busy = False
    notice = ""

    def __init__(self, recognizer: Recognizer) -> None:
        self._turned = recognizer.turned

    def recognize(self, frame: Frame, source: str = "") -> vision.Scene:
        return self._turned(frame, source)

    def forget(self) -> None:
        """Nothing is remembered."""

    def rotate(self, rotation: Rotation) -> None:
        self._turned = self._turned.with_rotation(rotation)

    def close(self) -> None:
        """Nothing is held."""


class CanvasReader:
    """Reads each frame by itself: the canvas, where nothing is blurred and every stroke is meant (ports.Reader).

    Frames that say which ink is on them are read by that, whatever the colours of paper and pen; others dark on light.
    """

    busy = False
    notice = ""

    def __init__(self, recognizer: Recognizer) -> None:
        self._pipeline = recognizer.pipeline.for_canvas()

    def recognize(self, frame: Frame, source: str = "") -> vision.Scene:
        if frame.ink is not None:
            frame = replace(frame, image=np.repeat(255 - frame.ink[..., None], 3, axis=2))
        return self._pipeline(frame, source)

    def forget(self) -> None:
        """Nothing is remembered."""

    def rotate(self, rotation: Rotation) -> None:
        """A canvas lies the right way up."""

    def close(self) -> None:
        """Nothing is held."""


def stream(
    source: str | int | PathLike[str], recognizer: Recognizer | None = None, every: int = 1
) -> Generator[Scene, None, None]:
    """Read a source frame by frame: what `camdigits read` takes, or a camera's index, which goes on until you stop.

    Frames of clips and cameras are followed: their digits are those that are confirmed, each with its `track`. `scene.draw()`
    works as long as the loop is at the scene; of a picture file also later.

    source: a picture, a clip, a folder or glob of pictures, the URL of a network camera, `demo`, or a camera's index.
    recognizer: what reads; by default `Recognizer()`. every: read only every Nth frame.

    Nothing is opened before the first scene is asked for, and the source is closed at its end, on `break`, on an exception, by
    `close()` and when the generator is dropped. What keeps the generator alive after an exception, as notebooks do, keeps the
    camera too: `with contextlib.closing(camdigits.stream(0)) as scenes:` lets go of it at once.
    Raises UsageError at once for `every` that is no whole number from 1 on and for what is no source, and in the loop
    SourceError for one that cannot be opened or is lost; warns of a clip that was cut off.
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
    for name in expand(spec):
        opened = open_source(name)
        try:
            reader = reader_of(opened, recognizer, every)
            file = file_behind(name, opened) if opened.pictures else ""
            for frame in frames(opened, every):
                origin = Origin(passing=weakref.ref(frame.image), file=file, index=frame.index)
                yield Scene.of(reader.recognize(frame, public_name(name)), origin)
            if opened.notice:
                warnings.warn(opened.notice, stacklevel=2)
        finally:
            opened.close()


def reader_of(source: FrameSource, recognizer: Recognizer, every: int = 1, effort: Effort | None = None) -> Reader:
    """What reads an open source: the frames of clips and cameras are followed through time, pictures are read one by one.

    effort: what frames that are followed may cost, where it is another than the recognizer's.
    """
    apart_s = every * source.frame_period_s
    if source.pictures or (not source.live and apart_s > recognizer.settings.tracks.cover_s):
        return PictureReader(recognizer)
    return LiveReader(recognizer, thorough=(effort or recognizer.settings.effort) is Effort.THOROUGH)


def frames(source: FrameSource, every: int = 1) -> Iterator[Frame]:
    """Every Nth frame of an open source until its end, of pictures all; one that a live source gives twice is passed over."""
    last = -1
    count = 0
    while (frame := source.read(Turn())) is not None:
        if frame.index == last:
            continue
        last = frame.index
        if count % every == 0 or source.pictures:
            yield frame
        count += 1
